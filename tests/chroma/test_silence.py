"""Errors say what to do and nothing else: no text, id, value, owner or vector is in any part of any of them."""

from __future__ import annotations

import traceback
from collections.abc import Callable
from typing import Any

import pytest

import vecguard
import vecguard_chroma
from vecguard import Policy, Principal, VecGuardError

SECRETS = ["Zebulon", "zebulon@example.com", "415-555-0133", "id-of-zebulon", "owner-zeta", "planted-value", "0.7331"]
TEXT = "Zebulon Quillfeather, zebulon@example.com, 415-555-0133"
ID = "id-of-zebulon"
NAN = [float("nan"), 0.7331] + [0.0] * 14
WHERE = {"planted-value": {"$planted-value": TEXT}}


def _context(collection: Any) -> Any:
    with vecguard.acting_for("zebulon@example.com"):
        collection.add(ids=[ID], documents=[TEXT])


def _broken_store(collection: Any) -> Any:
    from vecguard.facade import room_of

    native = room_of(collection).native

    class Client:
        def __getattr__(self, name: str) -> Any:
            def fail(*args: Any, **options: Any) -> Any:
                raise RuntimeError(f"cannot store {args} {options} {TEXT}") from ValueError(TEXT)

            return fail

    kept = native._client
    native._client = Client()
    try:
        collection.add(ids=[ID], documents=[TEXT])
    finally:
        native._client = kept


def _broken_embedder(collection: Any) -> Any:
    from vecguard.facade import room_of

    embedding = room_of(collection).embedding

    def fail(texts: Any) -> Any:
        raise RuntimeError(f"cannot embed {texts} {TEXT}")

    kept = embedding._embedder
    embedding._embedder = fail
    try:
        collection.add(ids=[ID], documents=[TEXT])
    finally:
        embedding._embedder = kept


CALLS: dict[str, Callable[[Any], Any]] = {
    "nan": lambda c: c.add(ids=[ID], embeddings=[NAN], documents=[TEXT]),
    "wrong dimension": lambda c: c.add(ids=[ID], embeddings=[[0.7331]]),
    "ragged": lambda c: c.add(ids=[ID, "y"], embeddings=[[0.7331], [0.7331, 1]]),
    "string vector": lambda c: c.add(ids=[ID], embeddings=[["planted-value"] * 16]),
    "duplicate": lambda c: c.add(ids=[ID, ID], documents=[TEXT, TEXT]),
    "duplicate upsert": lambda c: c.upsert(ids=[ID, ID], documents=[TEXT, TEXT]),
    "bad id": lambda c: c.add(ids=[{"planted-value": ID}], documents=[TEXT]),
    "reserved": lambda c: c.add(ids=[ID], documents=[TEXT], metadatas=[{"_vg_planted-value": TEXT}]),
    "nested": lambda c: c.add(ids=[ID], documents=[TEXT], metadatas=[{"planted-value": {"a": TEXT}}]),
    "not json": lambda c: c.add(ids=[ID], documents=[TEXT], metadatas=[{"planted-value": {TEXT}}]),
    "unequal": lambda c: c.add(ids=[ID], documents=[TEXT, TEXT]),
    "empty metadata": lambda c: c.add(ids=[ID], documents=[TEXT], metadatas=[{}]),
    "document kind": lambda c: c.add(ids=[ID], documents=[{"planted-value": TEXT}]),
    "uris": lambda c: c.add(ids=[ID], uris=[TEXT]),
    "images": lambda c: c.add(ids=[ID], images=[TEXT]),
    "mismatch": lambda c: c.add(ids=[ID], documents=["plain words"], embeddings=[[0.7331] + [0.0] * 15]),
    "operator": lambda c: c.get(where=WHERE),
    "where kind": lambda c: c.get(where=TEXT),
    "where value": lambda c: c.get(where={"planted-value": [TEXT]}),
    "where order": lambda c: c.get(where={"planted-value": {"$gt": TEXT}}),
    "where list": lambda c: c.get(where={"planted-value": {"$in": TEXT}}),
    "where reserved": lambda c: c.get(where={"_vg_planted-value": TEXT}),
    "where two": lambda c: c.get(where={"planted-value": 1, "zebulon@example.com": 2}),
    "regex": lambda c: c.get(where_document={"$regex": TEXT}),
    "document operator": lambda c: c.get(where_document={"planted-value": TEXT}),
    "include": lambda c: c.get(include=["planted-value"]),
    "missing id": lambda c: c.query(query_texts=[TEXT], ids=[ID]),
    "query dimension": lambda c: c.query(query_embeddings=[[0.7331]]),
    "query nan": lambda c: c.query(query_embeddings=[NAN]),
    "query kind": lambda c: c.query(query_texts=[{"planted-value": TEXT}]),
    "query both": lambda c: c.query(query_texts=[TEXT], query_embeddings=[NAN]),
    "nobody": _context,
    "bad owner": lambda c: c.acting_for("owner-zeta Zebulon"),
    "bad group": lambda c: c.acting_for(Principal("a", groups=frozenset({"Zebulon Quillfeather"}))),
    "unknown name": lambda c: getattr(c, "Zebulon Quillfeather"),
    "private name": lambda c: getattr(c, "_planted-value"),
    "set": lambda c: setattr(c, "planted-value", TEXT),
    "store": _broken_store,
    "embedder": _broken_embedder,
}


def _everything(error: BaseException) -> str:
    """Text, repr, arguments, notes, attributes and frames' variables of an error and of all that it is chained to."""
    parts: list[str] = []
    waiting: list[BaseException | None] = [error]
    seen: set[int] = set()
    while waiting:
        each = waiting.pop()
        if each is None or id(each) in seen:
            continue
        seen.add(id(each))
        parts += [str(each), repr(each), repr(each.args), repr(vars(each)), repr(getattr(each, "__notes__", None))]
        parts.append(repr(getattr(each, "name", None) if isinstance(each, KeyError) else None))
        waiting += [each.__cause__, each.__context__]
        parts += [repr(frame.f_locals) for frame, _ in traceback.walk_tb(each.__traceback__)]
    parts += traceback.format_exception_only(error)
    return "\n".join(parts)


@pytest.fixture
def collection(guarded_of: Any) -> Any:
    notes = guarded_of(Policy()).acting_for("owner-zeta")
    notes.add(ids=["first"], documents=["the ward opens at six"])
    return notes


@pytest.mark.parametrize("call", CALLS)
def test_no_part_of_an_error_shows_what_was_given(call: str, collection: Any) -> None:
    """Message, repr, arguments, attributes, notes, causes and contexts hold nothing that was planted."""
    with pytest.raises(Exception) as caught:  # noqa: PT011 - any error of any kind is looked through
        CALLS[call](collection)
    shown = _everything(caught.value)
    assert not [secret for secret in SECRETS if secret in shown], shown
    if not isinstance(caught.value, ValueError | TypeError | AttributeError) and call != "missing id":
        assert isinstance(caught.value, VecGuardError)


def test_the_search_would_find_a_text() -> None:
    """Texts in a cause, a note, an argument and an attribute are all seen."""
    for secret in SECRETS:
        error = RuntimeError("plain")
        error.__cause__ = ValueError(secret)
        assert secret in _everything(error)
        error = RuntimeError("plain")
        error.add_note(secret)
        assert secret in _everything(error)
        error = RuntimeError("plain")
        error.extra = secret  # type: ignore[attr-defined]
        assert secret in _everything(error)


def test_nothing_that_is_printed_shows_content(collection: Any, guard_of: Any) -> None:
    """The repr of guards, guarded objects, states and policies is theirs and not the data's."""
    from vecguard.facade import room_of

    collection.add(ids=[ID], documents=[TEXT], metadatas=[{"name": "Zebulon Quillfeather"}])
    room = room_of(collection)
    things = [room, room.guard, room.guard.state, room.guard.state.keystore, room.shelf, room.store, room.embedding]
    shown = " ".join(map(repr, [*things, room.shelf and room.shelf.collection, room.guard.state.audit]))
    assert not [secret for secret in SECRETS if secret in shown and secret != "owner-zeta"]
    assert vecguard_chroma.GuardedCollection.__name__ in repr(collection)
