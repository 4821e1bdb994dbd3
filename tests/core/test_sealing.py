"""Sealed rows: any change to what is stored makes a row invisible, or an error under a policy that says so."""

from __future__ import annotations

import base64
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecguard import Keyring, Metadata, Policy, Retention, Scrub, Tampered, UnprotectedRows, Vectors
from vecguard.entry import MARKER
from vecguard.records import Body, Protected, RecordId, Row, VectorSeal
from vecguard.sealing import NEVER, SCHEME, tag_of, version_of
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


def _flipped(text: str, at: int) -> str:
    """Flip a bit of one byte of what a seal holds: scheme 0, fingerprint 1-4, version 5-10, tag 11-26, ciphertext."""
    head, sealed = bytearray(base64.b64decode(text[:36])), bytearray(base64.b64decode(text[36:]))
    part, place = (head, at) if at < len(head) else (sealed, at - len(head))
    part[place] ^= 1
    return base64.b64encode(bytes(head)).decode() + base64.b64encode(bytes(sealed)).decode()


def _respelled(text: str) -> str:
    """Spell the same bytes in another way: the last character of padded base64 has bits that say nothing."""
    letters = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789+/"
    stem = text.rstrip("=")
    assert stem != text
    other = stem[:-1] + letters[letters.index(stem[-1]) + 1] + text[len(stem) :]
    assert base64.b64decode(other[36:]) == base64.b64decode(text[36:])
    return other


CHANGES: dict[str, Callable[[Row], dict[str, Any]]] = {
    "clear value": lambda row: {"n": 2},
    "clear value's type": lambda row: {"n": True},
    "clear value gone": lambda row: {"n": _GONE},
    "field added": lambda row: {"added": 1},
    "field renamed": lambda row: {"n": _GONE, "m": 1},
    "marked as one that expires": lambda row: {"_vg_scheme": SCHEME},
    "expiry later": lambda row: {"_vg_expires": NEVER + 1},
    "expiry gone": lambda row: {"_vg_expires": _GONE},
    "expiry text": lambda row: {"_vg_expires": "never"},
    "expiry none": lambda row: {"_vg_expires": None},
    "scheme": lambda row: {"_vg_seal": _flipped(row.fields["_vg_seal"], 0)},
    "policy": lambda row: {"_vg_seal": _flipped(row.fields["_vg_seal"], 4)},
    "version": lambda row: {"_vg_seal": _flipped(row.fields["_vg_seal"], 10)},
    "tag": lambda row: {"_vg_seal": _flipped(row.fields["_vg_seal"], 11)},
    "tag's end": lambda row: {"_vg_seal": _flipped(row.fields["_vg_seal"], 26)},
    "header": lambda row: {"_vg_seal": _flipped(row.fields["_vg_seal"], 27)},
    "nonce": lambda row: {"_vg_seal": _flipped(row.fields["_vg_seal"], 27 + 4)},
    "ciphertext": lambda row: {"_vg_seal": _flipped(row.fields["_vg_seal"], 27 + 16)},
    "stamp and tag alone": lambda row: {"_vg_seal": row.fields["_vg_seal"][:36]},
    "stamp and tag gone": lambda row: {"_vg_seal": row.fields["_vg_seal"][36:]},
    "half a tag": lambda row: {"_vg_seal": row.fields["_vg_seal"][:24] + row.fields["_vg_seal"][36:]},
    "seal cut": lambda row: {"_vg_seal": row.fields["_vg_seal"][:-4]},
    "seal longer": lambda row: {"_vg_seal": row.fields["_vg_seal"] + "AAAA"},
    "seal spelled anew": lambda row: {"_vg_seal": _respelled(row.fields["_vg_seal"])},
    "seal lower": lambda row: {"_vg_seal": row.fields["_vg_seal"].lower()},
    "seal unicode": lambda row: {"_vg_seal": "é" * 99},
    "seal list": lambda row: {"_vg_seal": [row.fields["_vg_seal"]]},
    "seal no base64": lambda row: {"_vg_seal": "!!"},
    "seal number": lambda row: {"_vg_seal": 5},
    "seal gone": lambda row: {"_vg_seal": _GONE},
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


EXPIRY_CHANGES: dict[str, Callable[[Row], dict[str, Any]]] = {
    "mark gone": lambda row: {"_vg_scheme": _GONE},
    "mark of another scheme": lambda row: {"_vg_scheme": SCHEME - 1},
    "mark a text": lambda row: {"_vg_scheme": str(SCHEME)},
    "expiry a day later": lambda row: {"_vg_expires": row.fields["_vg_expires"] + 86_400},
    "never": lambda row: {"_vg_expires": NEVER, "_vg_scheme": _GONE},
}


@pytest.mark.parametrize("change", EXPIRY_CHANGES)
def test_a_row_that_expires_cannot_be_changed_into_another(change: str, desk_of: Callable[..., Any]) -> None:
    """Neither when a row expires nor what marks it as one that does can be edited or taken away."""
    desk = desk_of(OPEN.replace(retention=Retention(days=1.0)))
    desk.write(["a", "b"], ["text", "other"])
    row = _row(desk)
    assert row.fields["_vg_scheme"] == SCHEME
    _set(desk, row, **EXPIRY_CHANGES[change](row))
    assert desk.texts() == {"b": "other"}


def test_every_row_of_ours_is_told_from_unguarded_ones(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Rows that expire, rows that never do and the marker are ours; whatever else lies there is counted."""
    site = {"keys": Keyring.ephemeral(), "state": f"sqlite:///{tmp_path}/state.db"}
    expiring = desk_of(OPEN.replace(retention=Retention(days=1.0)), **site)
    expiring.write(["a"], ["expires"])
    lasting = desk_of(OPEN, store=expiring.store, **site)
    lasting.write(["b"], ["stays"])
    assert desk_of(OPEN, store=expiring.store, **site).texts() == {"a": "expires", "b": "stays"}
    bare: list[dict[str, Any]] = [{}, {"n": 1}, {"_vg_expires": 1e9}, {"_vg_scheme": SCHEME - 1}, {"_vg_owner": "x"}]
    for at, fields in enumerate(bare):
        expiring.store.rows[f"bare{at}"] = Row(f"bare{at}", fields, "bare", _row(lasting).vector)
    with pytest.raises(UnprotectedRows) as caught:
        desk_of(OPEN, store=expiring.store, **site).texts()
    assert caught.value.count == len(bare)


def test_a_bare_row_with_our_marks_is_no_record(desk: Any) -> None:
    """Marks alone make nothing of a row: it does not count as unguarded, and no owner ever sees it."""
    desk.write(["a"], ["text"])
    row = _row(desk)
    for at, fields in enumerate(({"_vg_expires": NEVER}, {"_vg_expires": 2e9, "_vg_scheme": SCHEME})):
        planted = {**fields, "_vg_owner": row.fields["_vg_owner"]}
        desk.store.rows[f"{at:032x}"] = Row(f"{at:032x}", planted, "planted", row.vector)
    assert desk.texts() == {"a": "text"}
    assert desk.nearest("text") == ["a"]


@pytest.mark.parametrize("version", [1, 2**32 - 1, 2**32, 2**48 - 1])
def test_a_seal_says_its_version(version: int, desk: Any) -> None:
    """Versions are compared without opening a row, up to any that a row can reach, and are what opening it says."""
    desk.write(["a"], ["text"])
    collection = desk.shelf.collection
    space = desk.guard.state.space(collection.uid, "alice", collection.keys)
    body = Body(RecordId.text("a"), _row(desk).backend_id, "text", "", {}, altered=False, version=version)
    protected = Protected((body,), (None,), (VectorSeal(b"d" * 16, 1.0, 1.0, "guard"),), ())
    (sealed,) = desk.shelf.sealer.seal(protected, space, (), {body.backend_id: NEVER}).rows
    (opened,) = desk.shelf.sealer.open([Row(body.backend_id, sealed.fields)], {space.owner_tag: space}, 0.0)
    assert opened is not None
    assert version_of(sealed.fields) == opened.version == version
    assert tag_of(sealed.fields) == opened.tag


@pytest.mark.parametrize("seal", ["", "x", "A" * 35, "é" * 40, None, 5, ["A" * 40], "=" * 40])
def test_a_seal_that_is_none_has_no_version(seal: Any) -> None:
    """What a store makes up is older than everything."""
    assert version_of({"_vg_seal": seal}) == 0
    assert version_of({}) == 0


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
@pytest.mark.parametrize("text", ["", " ", "x", None, "\x00", "\ud800", "\ud83d\ude00", "Zürich 東京 😀"])
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
    desk.guard.clock = desk.guard._retrieval._clock = desk.guard.owners._clock = lambda: now[0]
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
    """Under `balanced` a row shows short fields and three of ours; under sealed metadata only ours."""
    desk = desk_of(OPEN)
    desk.write(["a"], ["text"], [{"n": 1, "long": "x" * 65}])
    ours = {"_vg_owner", "_vg_expires", "_vg_seal"}
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
