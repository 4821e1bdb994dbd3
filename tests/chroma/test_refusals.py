"""Refused calls: the typed error, and not a byte of difference in the store."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

import vecguard
from vecguard import (
    AccessDenied,
    BadId,
    BadInput,
    BadVector,
    EmbedderFailed,
    EmbedderMismatch,
    EmbedderNeeded,
    Keyring,
    Policy,
    ReservedField,
    Retention,
    Scrub,
    ScrubFailed,
    Undecided,
    UnprotectedRows,
    UnscrubbedVector,
    VectorsWithheld,
)

D = 16
UNIT = [1.0] + [0.0] * (D - 1)
PLAIN = Policy(scrub=Scrub(enabled=False))

REFUSED: dict[str, tuple[type[Exception], dict[str, Any]]] = {
    "nan": (BadVector, {"ids": ["x"], "embeddings": [[float("nan")] * D]}),
    "one nan": (BadVector, {"ids": ["x", "y"], "embeddings": [UNIT, [*UNIT[:-1], float("nan")]]}),
    "inf": (BadVector, {"ids": ["x"], "embeddings": [[float("inf")] * D]}),
    "minus inf": (BadVector, {"ids": ["x"], "embeddings": [[*UNIT[:-1], float("-inf")]]}),
    "zero": (BadVector, {"ids": ["x"], "embeddings": [[0.0] * D]}),
    "as good as zero": (BadVector, {"ids": ["x"], "embeddings": [[1e-60] * D]}),
    "huge": (BadVector, {"ids": ["x"], "embeddings": [[1e30] * D]}),
    "short": (BadVector, {"ids": ["x"], "embeddings": [[1.0] * (D - 1)]}),
    "long": (BadVector, {"ids": ["x"], "embeddings": [[1.0] * (D + 1)]}),
    "ragged": (BadVector, {"ids": ["x", "y"], "embeddings": [UNIT, [1.0]]}),
    "empty vector": (BadVector, {"ids": ["x"], "embeddings": [[]]}),
    "no vectors": (BadVector, {"ids": ["x"], "embeddings": []}),
    "strings": (BadVector, {"ids": ["x"], "embeddings": [["1"] * D]}),
    "complex": (BadVector, {"ids": ["x"], "embeddings": np.ones((1, D), dtype=complex)}),
    "three axes": (BadVector, {"ids": ["x"], "embeddings": np.ones((1, 1, D))}),
    "a number": (BadVector, {"ids": ["x"], "embeddings": 5}),
    "a dict": (BadVector, {"ids": ["x"], "embeddings": {"x": UNIT}}),
    "too few vectors": (BadVector, {"ids": ["x", "y"], "embeddings": [UNIT]}),
    "too few texts": (BadInput, {"ids": ["x", "y"], "documents": ["one"]}),
    "too few metadatas": (BadInput, {"ids": ["x", "y"], "documents": ["one", "two"], "metadatas": [{"n": 1}]}),
    "duplicate ids": (BadId, {"ids": ["x", "x"], "documents": ["one", "two"]}),
    "number ids": (BadId, {"ids": [1], "documents": ["one"]}),
    "none id": (BadId, {"ids": [None], "documents": ["one"]}),
    "ids of another kind": (BadId, {"ids": 5, "documents": ["one"]}),
    "empty batch": (BadInput, {"ids": [], "documents": []}),
    "no content": (ValueError, {"ids": ["x"]}),
    "reserved field": (ReservedField, {"ids": ["x"], "documents": ["t"], "metadatas": [{"_vg_owner": "bob"}]}),
    "reserved, none": (ReservedField, {"ids": ["x"], "documents": ["t"], "metadatas": [{"_vg_tag": None}]}),
    "reserved, in second": (
        ReservedField,
        {"ids": ["x", "y"], "documents": ["t", "u"], "metadatas": [{"n": 1}, {"_vg_x": 1}]},
    ),
    "nested": (BadInput, {"ids": ["x"], "documents": ["t"], "metadatas": [{"a": {"_vg_owner": 1}}]}),
    "nan field": (BadInput, {"ids": ["x"], "documents": ["t"], "metadatas": [{"a": float("nan")}]}),
    "object field": (BadInput, {"ids": ["x"], "documents": ["t"], "metadatas": [{"a": object()}]}),
    "empty metadata": (BadInput, {"ids": ["x"], "documents": ["t"], "metadatas": [{}]}),
    "metadata of another kind": (BadInput, {"ids": ["x"], "documents": ["t"], "metadatas": ["n"]}),
    "document of another kind": (BadInput, {"ids": ["x"], "documents": [5]}),
    "images": (Undecided, {"ids": ["x"], "images": [np.zeros((2, 2))]}),
    "uris": (Undecided, {"ids": ["x"], "uris": ["file:///x"]}),
    "wrong model": (EmbedderMismatch, {"ids": ["x"], "documents": ["a text"], "embeddings": [UNIT]}),
}


@pytest.fixture
def filled(notes: Any) -> Any:
    notes.add(ids=["a", "b"], documents=["first text", "second text"], metadatas=[{"n": 1}, {"n": 2}])
    return notes


@pytest.mark.parametrize("verb", ["add", "upsert"])
@pytest.mark.parametrize("what", REFUSED)
def test_a_refused_write_changes_nothing(what: str, verb: str, filled: Any, bare: Any, dump: Any) -> None:
    """Each bad call is its typed error, names no content, and leaves the native rows byte for byte."""
    error, call = REFUSED[what]
    before = dump(bare)
    with pytest.raises(error):
        getattr(filled, verb)(**call)
    assert dump(bare) == before
    assert filled.count() == 2


@pytest.mark.parametrize("what", [w for w, (_, c) in REFUSED.items() if w not in ("no content", "wrong model")])
def test_a_refused_update_changes_nothing(what: str, filled: Any, bare: Any, dump: Any) -> None:
    """The same for updates of records that exist."""
    error, call = REFUSED[what]
    ids = call["ids"]
    if isinstance(ids, list) and ids and isinstance(ids[0], str):
        call = {**call, "ids": ["a" if each == "x" else "b" for each in ids]}
    before = dump(bare)
    with pytest.raises(error):
        filled.update(**call)
    assert dump(bare) == before


@pytest.mark.parametrize("what", [w for w in REFUSED if w not in ("short", "long")])
def test_a_refused_first_write_leaves_nothing(what: str, notes: Any, bare: Any) -> None:
    """In an empty collection not even a marker is left behind."""
    error, call = REFUSED[what]
    with pytest.raises(error):
        notes.add(**call)
    assert bare.count() == 0


@pytest.mark.parametrize("verb", ["add", "upsert", "update"])
def test_a_failing_detector_refuses_the_write(
    verb: str, guarded_of: Callable[..., Any], bare: Any, dump: Any, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A scrubber that raises, or answers for too few texts, lets nothing through and shows nothing."""
    from vecguard.facade import room_of

    notes = guarded_of(native=bare).acting_for("alice")
    notes.add(ids=["a"], documents=["text"])
    before = dump(bare)
    cleaning = room_of(notes).guard._cleaning

    class Raising:
        def scrub(self, texts: Any, mint: Any) -> Any:
            raise RuntimeError(f"cannot parse {texts}")

        def scrub_fields(self, fields: Any, mint: Any) -> Any:
            raise RuntimeError(f"cannot parse {fields}")

    class Forgetful(Raising):
        def scrub(self, texts: Any, mint: Any) -> Any:
            return []

    for inner in (Raising(), Forgetful()):
        monkeypatch.setattr(cleaning, "_inner", inner)
        with pytest.raises(ScrubFailed) as caught:
            getattr(notes, verb)(ids=["a" if verb == "update" else "new"], documents=["planted words"])
        assert "planted" not in repr(caught.value)
        assert caught.value.__context__ is None
        with pytest.raises(ScrubFailed):
            notes.query(query_texts=["planted words"])
    with pytest.raises(ScrubFailed):
        notes.update(ids=["a"], metadatas=[{"n": 1}])
    with pytest.raises(ScrubFailed):
        notes.get(where={"n": "planted"})
    assert dump(bare) == before


def test_text_without_an_embedder_is_refused(guarded_of: Callable[..., Any], bare: Any) -> None:
    """No embedder anywhere and text to embed: EmbedderNeeded, in writes and in queries."""
    notes = guarded_of(native=bare, embedder=None).acting_for("alice")
    with pytest.raises(EmbedderNeeded):
        notes.add(ids=["a"], documents=["text"])
    assert bare.count() == 0
    notes.add(ids=["a"], documents=["text"], embeddings=[UNIT])
    with pytest.raises(EmbedderNeeded):
        notes.query(query_texts=["text"])
    with pytest.raises(EmbedderNeeded):
        notes.update(ids=["a"], documents=["other"])
    assert notes.get()["documents"] == ["text"]


@pytest.mark.parametrize("answer", ["raises", "nan", "too few", "wrong dimension", "text", "zero"])
def test_a_failing_embedder_refuses_the_write(answer: str, guarded_of: Callable[..., Any], bare: Any) -> None:
    """Whatever an embedder does wrong, nothing is written."""
    from vecguard.embedding import PROBE

    def embed(texts: Any) -> Any:
        if list(texts) == [PROBE]:
            return np.ones((1, D), dtype=np.float32)
        match answer:
            case "raises":
                raise RuntimeError(f"cannot embed {texts}")
            case "nan":
                return np.full((len(texts), D), np.nan)
            case "too few":
                return np.ones((len(texts) - 1, D))
            case "text":
                return "vector"
            case "zero":
                return np.zeros((len(texts), D))
        return np.ones((len(texts), D + 1))

    notes = guarded_of(native=bare, embedder=embed).acting_for("alice")
    if answer == "wrong dimension":
        notes.add(ids=["v"], embeddings=[UNIT])
    before = bare.count()
    with pytest.raises(EmbedderFailed) as caught:
        notes.add(ids=["a", "b"], documents=["planted text", "more"])
    assert "planted" not in repr(caught.value)
    assert bare.count() == before


def test_a_vector_of_a_text_that_changes_is_refused(guarded_of: Callable[..., Any], bare: Any) -> None:
    """Without an embedder, a caller's vector beside personal data is UnscrubbedVector; with one it is replaced."""
    notes = guarded_of(Policy(), native=bare, embedder=None).acting_for("alice")
    with pytest.raises(UnscrubbedVector):
        notes.add(ids=["a"], documents=["Call John Smith at 415-555-0133"], embeddings=[UNIT])
    assert bare.count() == 0
    allowed = guarded_of(Policy(unscrubbed_vectors="allow"), embedder=None).acting_for("alice")
    allowed.add(ids=["a"], documents=["Call John Smith at 415-555-0133"], embeddings=[UNIT])
    assert allowed.count() == 1


def test_nobody_writes_and_nobody_reads(guarded_of: Callable[..., Any], bare: Any, dump: Any) -> None:
    """Every verb without a principal, or with two, is AccessDenied."""
    notes = guarded_of(native=bare)
    notes.acting_for("alice").add(ids=["a"], documents=["text"])
    before = dump(bare)
    calls: list[Callable[[Any], Any]] = [
        lambda c: c.add(ids=["b"], documents=["t"]),
        lambda c: c.upsert(ids=["a"], documents=["t"]),
        lambda c: c.update(ids=["a"], documents=["t"]),
        lambda c: c.delete(ids=["a"]),
        lambda c: c.get(),
        lambda c: c.query(query_texts=["t"]),
        lambda c: c.count(),
    ]
    for call in calls:
        with pytest.raises(AccessDenied):
            call(notes)
        with vecguard.acting_for("bob"), pytest.raises(AccessDenied):
            call(notes.acting_for("alice"))
    assert dump(bare) == before
    with vecguard.acting_for("alice"):
        assert notes.count() == 1


@pytest.mark.parametrize("legacy", ["refuse", "ignore"])
def test_unguarded_rows(legacy: str, guarded_of: Callable[..., Any], bare: Any) -> None:
    """A collection with rows of others is refused with their number, or leaves them alone and invisible."""
    bare.add(ids=["old1", "old2"], embeddings=[UNIT, UNIT], documents=["one", "two"], metadatas=[{"n": 1}, None])
    if legacy == "refuse":
        with pytest.raises(UnprotectedRows) as caught:
            guarded_of(native=bare)
        assert caught.value.count == 2
        return
    notes = guarded_of(native=bare, legacy="ignore").acting_for("alice")
    assert notes.count() == 0
    notes.add(ids=["a"], documents=["text"])
    assert notes.get()["ids"] == ["a"]
    assert notes.get(ids=["old1"])["ids"] == []
    assert notes.query(query_texts=["one"], n_results=5)["ids"] == [["a"]]
    assert notes.get(where={"n": {"$ne": 5}})["ids"] == ["a"]
    notes.delete(ids=["a", "old1"])
    assert sorted(bare.get(ids=["old1", "old2"])["ids"]) == ["old1", "old2"]


def test_rows_that_expire_and_rows_that_never_do_are_no_unguarded_ones(
    guarded_of: Callable[..., Any], bare: Any, tmp_path: Any
) -> None:
    """Under a policy that retains and one that does not, whichever wrote last, Chroma counts bare rows alone."""
    site = {"native": bare, "keys": Keyring.ephemeral(), "state": f"sqlite:///{tmp_path}/state.db"}
    expiring = guarded_of(PLAIN.replace(retention=Retention(days=1.0)), **site).acting_for("alice")
    expiring.add(ids=["a", "b"], documents=["one", "two"])
    lasting = guarded_of(PLAIN, **site).acting_for("alice")
    lasting.add(ids=["c"], documents=["three"])
    lasting.update(ids=["a"], documents=["one"], metadatas=[{"n": 1}])  # written anew, so that its time begins anew
    expiring.update(ids=["c"], metadatas=[{"n": 2}])
    marked = bare.get(where={"_vg_scheme": {"$gt": 0}})["metadatas"]
    assert len([each for each in marked if "_vg_seal" in each]) == 2  # b and c; a has lost its mark
    assert sorted(guarded_of(PLAIN, **site).acting_for("alice").get()["ids"]) == ["a", "b", "c"]
    assert expiring.count() == lasting.count() == 3
    bare.add(
        ids=["x", "y", "z"],
        embeddings=[UNIT] * 3,
        documents=["one", "two", "three"],
        metadatas=[None, {"n": 1}, {"_vg_expires": 2e9, "_vg_scheme": 1}],
    )
    with pytest.raises(UnprotectedRows) as caught:
        guarded_of(PLAIN, **site)
    assert caught.value.count == 3


def test_rows_that_come_later_are_invisible(notes: Any, bare: Any) -> None:
    """What is written around the guard into a marked collection does not exist for it."""
    notes.add(ids=["a"], documents=["text"])
    bare.add(ids=["x"], embeddings=[UNIT], documents=["planted"], metadatas=[{"_vg_expires": 1e11, "_vg_owner": "x"}])
    owner = bare.get(where={"_vg_expires": 1e11})["metadatas"]
    tag = next(each["_vg_owner"] for each in owner if "_vg_seal" in each)
    bare.add(ids=["y"], embeddings=[UNIT], documents=["planted"], metadatas=[{"_vg_expires": 1e11, "_vg_owner": tag}])
    assert notes.get()["ids"] == ["a"]
    assert notes.query(query_embeddings=[UNIT], n_results=9)["ids"] == [["a"]]


def test_strict_refuses_vectors_and_forgeries(guarded_of: Callable[..., Any], bare: Any) -> None:
    """Under `strict`, asking for vectors is an error, everything is sealed, and a forged row raises."""
    notes = guarded_of(Policy.strict().replace(scrub=Scrub(enabled=False)), native=bare).acting_for("alice")
    notes.add(ids=["a", "b"], documents=["the ward opens", "a garden"], metadatas=[{"n": 1}, {"n": 2}])
    for call in (
        lambda: notes.get(include=["embeddings"]),
        lambda: notes.query(query_texts=["x"], include=["embeddings"]),
        notes.peek,
    ):
        with pytest.raises(VectorsWithheld):
            call()
    assert notes.get(where={"n": {"$gt": 1}})["ids"] == ["b"]
    assert notes.query(query_texts=["the ward opens"], n_results=1)["ids"] == [["a"]]
    assert notes.get(where_document={"$contains": "garden"})["ids"] == ["b"]
    row = bare.get(where={"_vg_seal": {"$ne": "x"}})
    at = next(i for i, each in enumerate(row["metadatas"]) if "_vg_seal" in each)
    assert {name for name in row["metadatas"][at] if not name.startswith("_vg_")} == set()
    bare.update(ids=[row["ids"][at]], metadatas=[{"planted": 1}])
    with pytest.raises(vecguard.Tampered):
        notes.get()
