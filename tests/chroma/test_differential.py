"""Under Policy.transparent() a guarded collection answers as a bare one does, but for the divergences named here.

Known divergences, each on purpose:
- `delete` counts the records that there were; Chroma counts the ids that it was given.
- duplicate ids in `get`, `delete` and `query` are taken once; Chroma raises and prints them.
- records with equal distances keep the order of insertion; Chroma leaves the order open.
- NaN, Inf and zero vectors are refused; Chroma takes zero vectors.
- vectors are withheld.
- operators that no rule covers are Undecided, which is no ValueError.
- a query among ids of which one is missing fails always; Chroma lets it pass where the collection is still empty or
  a filter leaves nothing.
- query_embeddings beside query_texts, and an update of nothing, are refused; Chroma ignores the texts, and the call.
"""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from vecguard import Policy, Undecided

IDS = [f"r{n}" for n in range(6)]
D = 3
IDENTIFIERS: Any = st.lists(st.sampled_from(IDS), min_size=1, max_size=4, unique=True)
NUMBERS: Any = st.sampled_from([0, 1, 2, -1, 0.5, 1.0, 2.5])
VALUES: Any = st.one_of(NUMBERS, st.sampled_from(["x", "y", "xy", ""]), st.booleans())
VECTOR: Any = st.lists(st.sampled_from([-2.0, -1.0, 0.25, 1.0, 3.0]), min_size=D, max_size=D)
METADATA: Any = st.one_of(st.none(), st.dictionaries(st.sampled_from(["a", "b", "c"]), VALUES, min_size=1, max_size=3))
TEXT: Any = st.one_of(st.none(), st.sampled_from(["the ward", "a garden", "ward and garden", "x"]))


def _clause() -> Any:
    name = st.sampled_from(["a", "b", "c", "nowhere"])
    one = st.one_of(
        st.builds(lambda n, v: {n: v}, name, VALUES),
        st.builds(lambda n, o, v: {n: {o: v}}, name, st.sampled_from(["$eq", "$ne"]), VALUES),
        st.builds(lambda n, o, v: {n: {o: v}}, name, st.sampled_from(["$gt", "$gte", "$lt", "$lte"]), NUMBERS),
        st.builds(
            lambda n, o, v: {n: {o: v}},
            name,
            st.sampled_from(["$in", "$nin"]),
            st.one_of(
                st.lists(st.sampled_from([0, 1, 2]), min_size=1), st.lists(st.sampled_from(["x", "y"]), min_size=1)
            ),
        ),
    )
    return st.recursive(
        one,
        lambda inner: st.builds(
            lambda o, parts: {o: parts}, st.sampled_from(["$and", "$or"]), st.lists(inner, min_size=2, max_size=3)
        ),
        max_leaves=4,
    )


WHERE: Any = st.one_of(st.none(), _clause())
DOCUMENT: Any = st.one_of(
    st.none(),
    st.builds(
        lambda o, v: {o: v}, st.sampled_from(["$contains", "$not_contains"]), st.sampled_from(["ward", "garden"])
    ),
)


@st.composite
def _writes(draw: Any) -> tuple[str, dict[str, Any]]:
    verb = draw(st.sampled_from(["add", "upsert", "update"]))
    ids = draw(IDENTIFIERS)
    call: dict[str, Any] = {"ids": ids, "embeddings": [draw(VECTOR) for _ in ids]}
    if draw(st.booleans()):
        call["documents"] = [draw(TEXT.filter(lambda t: t is not None)) for _ in ids]
    if draw(st.booleans()):
        call["metadatas"] = [draw(METADATA) for _ in ids]
    if verb == "update" and draw(st.booleans()):
        call["metadatas"] = [draw(METADATA.filter(bool)) for _ in ids]
        del call["embeddings"]
        call.pop("documents", None)
    return verb, call


DELETES: Any = st.tuples(
    st.just("delete"),
    st.one_of(st.fixed_dictionaries({"ids": IDENTIFIERS}), st.fixed_dictionaries({"where": _clause()})),
)
READS: Any = st.one_of(
    st.tuples(
        st.just("get"),
        st.fixed_dictionaries(
            {"where": WHERE, "where_document": DOCUMENT},
            optional={
                "ids": IDENTIFIERS,
                "limit": st.integers(0, 4),
                "offset": st.integers(0, 4),
                "include": st.sampled_from([[], ["documents"], ["metadatas"], ["uris"], ["documents", "metadatas"]]),
            },
        ),
    ),
    st.tuples(st.just("count"), st.just({})),
    st.tuples(
        st.just("query"),
        st.fixed_dictionaries(
            {"query_embeddings": st.lists(VECTOR, min_size=1, max_size=2), "where": WHERE, "where_document": DOCUMENT},
            optional={
                "n_results": st.integers(1, 8),
                "include": st.sampled_from([[], ["distances"], ["documents", "metadatas", "distances"]]),
            },
        ),
    ),
)


def _outcome(target: Any, verb: str, call: dict[str, Any]) -> Any:
    try:
        return getattr(target, verb)(**call)
    except Exception as raised:  # noqa: BLE001 - the class is what is compared
        return type(raised)


def _comparable(verb: str, answer: Any) -> Any:
    if not isinstance(answer, dict):
        return answer
    if verb == "get":
        return {name: value for name, value in answer.items() if name != "included"}, set(answer["included"])
    return sorted(answer["included"])


def _assert_same_ranking(bare: Any, ours: Any) -> None:
    """Same distances in order; among equal distances any order, and at the cut any of the equal ones."""
    for group, ids in enumerate(bare["ids"]):
        assert len(ids) == len(ours["ids"][group])
        if bare["distances"] is None:
            assert ours["distances"] is None
            continue
        assert np.allclose(bare["distances"][group], ours["distances"][group], atol=1e-5)
        last = max(bare["distances"][group], default=0.0)
        for at, (one, two) in enumerate(zip(ids, ours["ids"][group], strict=True)):
            near = bare["distances"][group][at]
            if abs(near - last) < 1e-5:
                continue
            equals = [i for i, d in zip(ids, bare["distances"][group], strict=True) if abs(d - near) < 1e-5]
            assert two in equals
            assert one in equals
        for name in ("documents", "metadatas"):
            if bare[name] is not None:
                rows = dict(zip(ids, bare[name][group], strict=True))
                for key, value in zip(ours["ids"][group], ours[name][group], strict=True):
                    assert key not in rows or rows[key] == value


@settings(
    max_examples=25, deadline=None, suppress_health_check=[HealthCheck.function_scoped_fixture, HealthCheck.too_slow]
)
@given(
    space=st.sampled_from(["l2", "cosine", "ip"]),
    calls=st.lists(st.one_of(_writes(), _writes(), DELETES), min_size=1, max_size=5),
    reads=st.lists(READS, min_size=1, max_size=6),
)
def test_a_guarded_collection_answers_as_a_bare_one(
    space: str, calls: Any, reads: Any, bare_of: Callable[..., Any], guarded_of: Callable[..., Any]
) -> None:
    """Whatever was written, every read has the same ids, documents, metadatas and distances, and the same failures."""
    bare = bare_of(space)
    ours = guarded_of(Policy.transparent(), native=bare_of(space), embedder=None).acting_for("alice")
    # another owner writes the same ids: nothing of it may show
    ours.acting_for("mallory").add(ids=IDS, embeddings=[[9.0, 9.0, 9.0]] * len(IDS), metadatas=[{"a": 1}] * len(IDS))
    for verb, call in [*calls, *reads]:
        expected, found = _outcome(bare, verb, call), _outcome(ours, verb, call)
        if isinstance(expected, type):
            assert isinstance(found, type), (verb, call)
        elif verb == "query":
            assert _comparable(verb, expected) == _comparable(verb, found), (verb, call)
            _assert_same_ranking(expected, found)
        elif verb != "delete":
            assert _comparable(verb, expected) == _comparable(verb, found), (verb, call)
        else:
            assert set(found) == {"deleted"}
    everything = _comparable("get", bare.get())
    assert everything == _comparable("get", ours.get())


NATIVE_ERRORS: list[tuple[str, dict[str, Any]]] = [
    ("get", {"ids": []}),
    ("get", {"where": {}}),
    ("get", {"where": {"a": {"$in": []}}}),
    ("get", {"where": {"a": {"$nope": 1}}}),
    ("get", {"where": {"a": 1, "b": 2}}),
    ("get", {"where": {"$and": [{"a": 1}]}}),
    ("get", {"where": {"a": None}}),
    ("get", {"where": {"a": {"$gt": "x"}}}),
    ("get", {"where": "a"}),
    ("get", {"where_document": {}}),
    ("get", {"where_document": {"$contains": ""}}),
    ("get", {"where_document": {"$contains": 1}}),
    ("get", {"include": ["distances"]}),
    ("get", {"include": ["nothing"]}),
    ("get", {"include": "documents"}),
    ("get", {"limit": -1}),
    ("get", {"offset": -1}),
    ("query", {}),
    ("query", {"query_embeddings": [[1.0, 2.0]]}),
    ("query", {"query_embeddings": [[1.0] * D], "n_results": 0}),
    ("query", {"query_embeddings": [[1.0] * D], "n_results": -1}),
    ("query", {"query_embeddings": [[1.0] * D], "ids": ["nowhere"]}),
    ("query", {"query_embeddings": [[1.0] * D], "include": ["uris", "nothing"]}),
    ("query", {"query_embeddings": []}),
    ("delete", {}),
    ("delete", {"ids": []}),
    ("delete", {"where": {}}),
    ("add", {"ids": ["z"]}),
    ("add", {"ids": [], "embeddings": []}),
    ("add", {"ids": ["z"], "embeddings": [[1.0] * D], "metadatas": [{}]}),
    ("add", {"ids": ["z"], "embeddings": [[1.0] * D], "documents": ["a", "b"]}),
    ("add", {"ids": ["z", "z"], "embeddings": [[1.0] * D] * 2}),
    ("add", {"ids": ["z"], "embeddings": [[1.0, 2.0]]}),
]


@pytest.mark.parametrize(("verb", "call"), NATIVE_ERRORS, ids=[f"{v}-{c}" for v, c in NATIVE_ERRORS])
def test_what_chroma_refuses_is_refused(verb: str, call: Any, bare: Any, guarded_of: Any, bare_of: Any) -> None:
    """A call that fails on a bare collection fails on a guarded one, as a ValueError where Chroma's is one."""
    ours = guarded_of(Policy.transparent(), native=bare_of(), embedder=None).acting_for("alice")
    for each in (bare, ours):
        each.add(ids=["r0"], embeddings=[[1.0] * D], documents=["text"], metadatas=[{"a": 1}])
    expected, found = _outcome(bare, verb, call), _outcome(ours, verb, call)
    assert isinstance(expected, type)
    assert isinstance(found, type)
    if issubclass(expected, ValueError) and found is not Undecided:
        assert issubclass(found, ValueError)
    assert ours.get()["ids"] == ["r0"]


def test_a_batch_may_mix_records_with_and_without_text(guarded_of: Any, bare_of: Any) -> None:
    """Records without a document beside records with one authenticate, in every write, and keep what they have."""
    ours = guarded_of(Policy.transparent(), embedder=None).acting_for("alice")
    ours.add(ids=["a", "b"], embeddings=[[1.0] * D] * 2, documents=["text", None])
    ours.add(ids=["c"], embeddings=[[1.0] * D])
    ours.update(ids=["a", "b", "c"], metadatas=[{"n": 1}] * 3)
    assert ours.get()["documents"] == ["text", None, None]
    assert ours.count() == 3
    assert ours.get(where={"n": 1})["ids"] == ["a", "b", "c"]


def test_metadata_alone_never_makes_chroma_embed(guarded_of: Any, bare_of: Any) -> None:
    """Updating metadata of a record whose text is clear keeps its vector: Chroma's own model is never asked."""

    class Never:
        def __call__(self, input: Any) -> Any:  # noqa: A002 - the name that Chroma calls it by
            raise AssertionError("Chroma embedded by itself")

        def name(self) -> str:
            return "never"

        @staticmethod
        def build_from_config(config: Any) -> Any:
            return Never()

        def get_config(self) -> dict[str, Any]:
            return {}

        def default_space(self) -> str:
            return "l2"

        def supported_spaces(self) -> list[str]:
            return ["l2"]

        def is_legacy(self) -> bool:
            return False

    native = bare_of()
    ours = guarded_of(Policy.transparent(), native=native, embedder=None).acting_for("alice")
    native._embedding_function = Never()
    ours.add(ids=["a"], embeddings=[[1.0, 2.0, 3.0]], documents=["text"], metadatas=[{"n": 1}])
    ours.update(ids=["a"], metadatas=[{"n": 2}])
    answer = ours.query(query_embeddings=[[1.0, 2.0, 3.0]], n_results=1)
    assert answer["distances"][0][0] == pytest.approx(0.0, abs=1e-6)
    assert answer["metadatas"] == [[{"n": 2}]]
    assert answer["documents"] == [["text"]]
