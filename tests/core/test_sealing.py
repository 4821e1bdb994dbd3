"""Sealed rows: any change to what is stored makes a row invisible, or an error under a policy that says so."""

from __future__ import annotations

import base64
from collections.abc import Callable
from typing import Any

import pytest

from vecguard import Metadata, Policy, Retention, Scrub, Tampered, Vectors
from vecguard.entry import MARKER
from vecguard.records import Row
from vecguard.sealing import NEVER
from vecguard.testing import MemoryStore

OPEN = Policy(scrub=Scrub(enabled=False))
RAISING = OPEN.replace(tampered="raise")
CLEAR = OPEN.replace(texts="clear")


def _row(desk: Any, number: int = 0) -> Row:
    found = [row for key, row in desk.store.rows.items() if key != MARKER]
    return found[number]  # type: ignore[no-any-return]


def _set(desk: Any, row: Row, **fields: Any) -> None:
    kept = {name: value for name, value in {**row.fields, **fields}.items() if value is not _GONE}
    desk.store.rows[row.backend_id] = Row(row.backend_id, kept, row.text, row.vector)


_GONE = object()


def _flipped(text: str) -> str:
    raw = bytearray(base64.b64decode(text))
    raw[len(raw) // 2] ^= 1
    return base64.b64encode(bytes(raw)).decode()


CHANGES: dict[str, Callable[[Row], dict[str, Any]]] = {
    "clear value": lambda row: {"n": 2},
    "clear value's type": lambda row: {"n": True},
    "clear value gone": lambda row: {"n": _GONE},
    "field added": lambda row: {"added": 1},
    "field renamed": lambda row: {"n": _GONE, "m": 1},
    "scheme": lambda row: {"_vg_scheme": 2},
    "scheme gone": lambda row: {"_vg_scheme": _GONE},
    "stamp": lambda row: {"_vg_stamp": "1.00000000.99"},
    "stamp gone": lambda row: {"_vg_stamp": _GONE},
    "expiry later": lambda row: {"_vg_expires": NEVER + 1},
    "expiry gone": lambda row: {"_vg_expires": _GONE},
    "expiry text": lambda row: {"_vg_expires": "never"},
    "expiry none": lambda row: {"_vg_expires": None},
    "seal": lambda row: {"_vg_seal": _flipped(row.fields["_vg_seal"])},
    "seal cut": lambda row: {"_vg_seal": row.fields["_vg_seal"][:-4]},
    "seal no base64": lambda row: {"_vg_seal": "!!"},
    "seal number": lambda row: {"_vg_seal": 5},
    "seal gone": lambda row: {"_vg_seal": _GONE},
    "tag": lambda row: {"_vg_tag": "0" * 32},
    "tag cut": lambda row: {"_vg_tag": row.fields["_vg_tag"][:16]},
    "tag upper": lambda row: {"_vg_tag": row.fields["_vg_tag"].upper()},
    "tag unicode": lambda row: {"_vg_tag": "é" * 32},
    "tag number": lambda row: {"_vg_tag": 1},
    "tag gone": lambda row: {"_vg_tag": _GONE},
}


@pytest.mark.parametrize("change", CHANGES)
def test_a_changed_row_is_invisible_or_an_error(change: str, desk_of: Callable[..., Any]) -> None:
    """Whatever stored field is edited, added or removed, the row is dropped by default and raises under `raise`."""
    desk = desk_of(OPEN)
    desk.write(["a", "b"], ["text", "other"], [{"n": 1}, {"n": 1}])
    row = _row(desk)
    _set(desk, row, **CHANGES[change](row))
    assert desk.texts() == {"b": "other"}
    assert desk.nearest("text") == ["b"]
    strict = desk_of(RAISING)
    strict.write(["a", "b"], ["text", "other"], [{"n": 1}, {"n": 1}])
    row = _row(strict)
    _set(strict, row, **CHANGES[change](row))
    with pytest.raises(Tampered):
        strict.texts()
    with pytest.raises(Tampered):
        strict.nearest("text")


def test_a_changed_text_is_invisible(desk_of: Callable[..., Any]) -> None:
    """A text that is kept clear is authenticated; removing or adding one is a change too."""
    for text in ("text.", "", None):
        desk = desk_of(CLEAR)
        desk.write(["a"], ["text"])
        row = _row(desk)
        desk.store.rows[row.backend_id] = Row(row.backend_id, row.fields, text, row.vector)
        assert desk.texts() == {}
    sealed = desk_of(OPEN)
    sealed.write(["a"], ["text"])
    row = _row(sealed)
    sealed.store.rows[row.backend_id] = Row(row.backend_id, row.fields, "planted", row.vector)
    assert sealed.texts() == {}


@pytest.mark.parametrize("policy", [OPEN, CLEAR], ids=["sealed", "clear"])
@pytest.mark.parametrize("text", ["", " ", "x", None, "\x00", "\ud800"])
def test_every_text_comes_back(policy: Policy, text: str | None, desk_of: Callable[..., Any]) -> None:
    """Empty, blank, odd and missing texts authenticate and come back as they were."""
    desk = desk_of(policy, embedder=None)
    desk.write(["a"], [text], vectors=[[1.0] * 8])
    assert desk.texts() == {"a": text}


@pytest.mark.parametrize("where", ["id", "owner", "collection"])
def test_a_row_does_not_exist_in_another_place(where: str, desk_of: Callable[..., Any]) -> None:
    """Moved to another id, owner or collection, a row of ours is nobody's."""
    desk = desk_of(OPEN)
    desk.write(["a"], ["text"])
    desk.write(["b"], ["other"])
    desk.write(["c"], ["bob's"], who="bob")
    one, _, bobs = (_row(desk, n) for n in range(3))
    if where == "id":
        moved = Row("f" * 32, one.fields, one.text, one.vector)
        desk.store.rows["f" * 32] = moved
        del desk.store.rows[one.backend_id]
        assert desk.texts() == {"b": "other"}
    elif where == "owner":
        _set(desk, one, _vg_owner=bobs.fields["_vg_owner"])
        assert desk.texts() == {"b": "other"}
        assert desk.texts("bob") == {"c": "bob's"}
    else:
        twin = desk_of(guard=desk.guard, store=MemoryStore())
        twin.write(["z"], ["theirs"])
        tag = _row(twin).fields["_vg_owner"]
        twin.store.rows[one.backend_id] = Row(one.backend_id, {**one.fields, "_vg_owner": tag}, None, one.vector)
        assert twin.texts() == {"z": "theirs"}


def test_a_replayed_older_version_is_the_older_record(desk: Any) -> None:
    """Putting an old version of a row back is not noticed yet, but gives nothing except what its owner once wrote."""
    desk.write(["a"], ["first"])
    old = _row(desk)
    desk.write(["a"], ["second"])
    desk.store.rows[old.backend_id] = old
    assert desk.texts() == {"a": "first"}
    assert desk.texts("bob") == {}


@pytest.mark.parametrize("tag", ["", "0" * 32, None, 0, ["x"]])
def test_a_row_under_a_made_up_owner_tag_is_nobodys(tag: Any, desk: Any) -> None:
    """Forged owner tags lead nowhere."""
    desk.write(["a"], ["text"])
    _set(desk, _row(desk), _vg_owner=tag)
    assert desk.texts() == {}
    assert desk.texts("bob") == {}


def test_a_swapped_vector_is_not_ranked(desk_of: Callable[..., Any]) -> None:
    """Vectors exchanged between two rows take both out of the ranking; listing does not depend on vectors."""
    desk = desk_of(OPEN.replace(vectors=Vectors(noise=30.0)))
    desk.write(["a", "b", "c"], ["one text", "two words", "three lines"])
    one, two = _row(desk, 0), _row(desk, 1)
    for row, other in ((one, two), (two, one)):
        desk.store.rows[row.backend_id] = Row(row.backend_id, row.fields, row.text, other.vector)
    assert desk.nearest("one text") == ["c"]
    assert set(desk.texts()) == {"a", "b", "c"}


def test_expired_rows_are_gone_to_every_verb(desk_of: Callable[..., Any]) -> None:
    """Past its time a record is not listed, ranked, counted or deleted, and an update skips it; a new one lives."""
    desk = desk_of(OPEN.replace(retention=Retention(days=1.0)))
    now = [1e9]
    desk.guard._clock = desk.guard._retrieval._clock = desk.guard.owners._clock = lambda: now[0]
    desk.write(["a", "b"], ["text", "more"])
    now[0] += 86_399.0
    desk.write(["b"], ["kept alive"])
    assert desk.count() == 2
    now[0] += 1.0
    assert desk.texts() == {"b": "kept alive"}
    assert desk.nearest("text") == ["b"]
    assert desk.count() == 1
    assert desk.write(["a"], ["again"], verb="update").skipped == (0,)
    assert desk.forget(["a"]) == 0
    assert desk.write(["a"], ["anew"], verb="insert").written == (0,)
    assert desk.texts() == {"a": "anew", "b": "kept alive"}


def test_what_a_row_shows(desk_of: Callable[..., Any]) -> None:
    """Under `balanced` a row shows short fields and six of ours; under sealed metadata only ours."""
    desk = desk_of(OPEN)
    desk.write(["a"], ["text"], [{"n": 1, "long": "x" * 65}])
    ours = {"_vg_scheme", "_vg_owner", "_vg_stamp", "_vg_expires", "_vg_seal", "_vg_tag"}
    assert set(_row(desk).fields) == {"n"} | ours
    assert _row(desk).text is None
    assert all(isinstance(value, str | int | float) for value in _row(desk).fields.values())
    desk = desk_of(OPEN.replace(metadata=Metadata(clear="none")))
    desk.write(["a"], ["text"], [{"n": 1}])
    assert set(_row(desk).fields) == ours
    assert desk.fields() == {"a": {"n": 1}}


def test_a_copy_of_a_row_is_never_read_though_a_count_is_the_stores_word(desk: Any) -> None:
    """A row under a second id is not read; only a count, which the store makes itself, is one too high."""
    desk.write(["a"], ["text"])
    row = _row(desk)
    desk.store.rows["f" * 32] = Row("f" * 32, row.fields, row.text, row.vector)
    assert desk.texts() == {"a": "text"}
    assert desk.count() == 2
