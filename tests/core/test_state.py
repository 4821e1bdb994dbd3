"""The state: opened with one key, tied to its collections, silent about what it holds, and safe to share."""

from __future__ import annotations

import base64
import os
import sqlite3
import stat
import threading
from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vecguard import (
    Guard,
    Keyring,
    Policy,
    StateError,
    StateMismatch,
    WrongKey,
)
from vecguard.entry import MARKER
from vecguard.principal import Principal
from vecguard.records import Row, Sealed
from vecguard.state import State, tables
from vecguard.state.database import Database
from vecguard.testing import MemoryStore

SECRETS = [
    "Eleanor Vance",
    "eleanor.vance@example.com",
    "415-555-0133",
    "note-77-eleanor",
    "owner-of-the-notes",
    "clinician-of-record",
    "The patient was seen in the north wing for a broken wrist",
]


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


def _bytes(folder: Path) -> bytes:
    return b"".join(path.read_bytes() for path in sorted(folder.rglob("*")) if path.is_file())


def forms(text: str) -> dict[str, bytes]:
    """A text in every spelling that a careless writer would leave behind."""
    raw = text.encode()
    found = {
        "plain": raw,
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
    }
    for shift in range(3):  # a base64 stream may start anywhere before the text: cut what its neighbours touch
        coded = base64.b64encode(b"\0" * shift + raw)
        found[f"base64+{shift}"] = coded[4 if shift else 0 : -4]
    return found


# --------------------------------------------------------------------------------------------------------- opening


def test_another_key_is_refused(url: str) -> None:
    """A state opens with the key it was made with, and with no other, however the other's root is called."""
    keys = Keyring.from_callable(lambda: {"r1": b"a" * 32})
    State(url, keys).close()
    for other in ({"r1": b"b" * 32}, {"r2": b"a" * 32}, {"r2": b"c" * 32}):
        with pytest.raises(WrongKey):
            State(url, Keyring.from_callable(lambda other=other: other))
    State(url, keys).close()


def test_a_newer_root_still_opens_it(url: str) -> None:
    """A keyring that holds the old root beside a new one opens the state; until a rotation keys stay under the old."""
    old = State(url, Keyring.from_callable(lambda: {"r1": b"a" * 32}))
    new = State(url, Keyring.from_callable(lambda: {"r1": b"a" * 32, "r2": b"b" * 32}))
    assert new.id == old.id
    assert new.keystore.get("state", new.id) == old.keystore.get("state", old.id)
    one = new.keystore.get("owner", "made by the newer")
    assert one == State(url, Keyring.from_callable(lambda: {"r1": b"a" * 32, "r2": b"b" * 32})).keystore.get(
        "owner", "made by the newer"
    )
    assert one == old.keystore.get("owner", "made by the newer")


@pytest.mark.parametrize(
    "bad",
    [
        "nonsense",
        "sqlite:////nowhere/at/all/state.db",
        "unknown+driver://host/name",
        "postgresql+nosuchdriver://user:hunter2@host/db",
    ],
)
def test_a_url_that_cannot_be_used_is_a_state_error(bad: str) -> None:
    """No database error of another library comes through, and no part of the URL is shown."""
    with pytest.raises(StateError) as caught:
        State(bad, Keyring.ephemeral())
    assert "hunter2" not in str(caught.value)
    assert "nowhere" not in str(caught.value)
    assert caught.value.__context__ is None


@pytest.mark.parametrize("content", [b"this is no database" * 100, b"SQLite format 3\0" + b"x" * 4096])
def test_a_file_that_is_no_database_is_a_state_error(content: bytes, tmp_path: Path) -> None:
    """A damaged or foreign file is refused and left as it was."""
    path = tmp_path / "state.db"
    path.write_bytes(content)
    with pytest.raises(StateError):
        State(f"sqlite:///{path}", Keyring.ephemeral())
    assert path.read_bytes() == content


@pytest.mark.parametrize("value", ["0000", "0001", "9999", "", "one"])
def test_another_schema_is_refused(value: str, url: str, tmp_path: Path) -> None:
    """A state of another VecGuard is not opened by guessing."""
    keys = Keyring.ephemeral()
    State(url, keys).close()
    with sqlite3.connect(tmp_path / "state.db") as raw:
        raw.execute("update vg_schema set version_num = ?", (value,))
    with pytest.raises(StateError, match=r"schema|newer|older"):
        State(url, keys)


@pytest.mark.parametrize("name", ["id", "check", "root"])
def test_a_state_that_lost_a_fact_is_refused(name: str, url: str, tmp_path: Path) -> None:
    """Each of the facts that opening checks is missed when it is gone."""
    keys = Keyring.ephemeral()
    State(url, keys).close()
    with sqlite3.connect(tmp_path / "state.db") as raw:
        raw.execute("delete from vg_facts where name = ?", (name,))
    with pytest.raises((StateError, WrongKey)):
        State(url, keys)


def test_a_changed_id_or_check_is_refused(url: str, tmp_path: Path) -> None:
    """The check value belongs to this id and this root."""
    keys = Keyring.ephemeral()
    State(url, keys).close()
    with sqlite3.connect(tmp_path / "state.db") as raw:
        raw.execute("update vg_facts set value = ? where name = 'id'", ("f" * 32,))
    with pytest.raises(WrongKey):
        State(url, keys)


def test_wrapped_keys_do_not_move(url: str, tmp_path: Path) -> None:
    """A wrapped key copied to another owner's row does not unwrap."""
    keys = Keyring.ephemeral()
    state = State(url, keys)
    for subject in ("one", "two"):
        state.keystore.get("owner", subject)
    state.close()
    with sqlite3.connect(tmp_path / "state.db") as raw:
        (wrapped,) = raw.execute("select wrapped from vg_keys where subject = 'one'").fetchone()
        raw.execute("update vg_keys set wrapped = ? where subject = 'two'", (wrapped,))
    with pytest.raises(WrongKey):
        State(url, keys).keystore.get("owner", "two")


def test_sqlite_is_set_up_to_forget_and_to_survive(url: str) -> None:
    """Every connection has WAL, full synchronisation, secure deletion and a busy timeout."""
    state = State(url, Keyring.ephemeral())
    wanted = {"journal_mode": "wal", "synchronous": 2, "secure_delete": 1, "busy_timeout": 30000}
    for _ in range(3):
        with state.database.begin() as connection:
            found = {name: connection.exec_driver_sql(f"PRAGMA {name}").scalar() for name in wanted}
        assert found == wanted


# ----------------------------------------------------------------------------------------------------- the marker


def test_another_state_does_not_open_a_marked_collection(desk_of: Callable[..., Any]) -> None:
    """Reading, writing, counting and deleting under another state are StateMismatch, and nothing is written."""
    desk = desk_of()
    desk.write(["a"], ["text"])
    other = desk_of(store=desk.store)
    before = dict(desk.store.rows)
    for call in (other.texts, other.count, other.forget, lambda: other.write(["b"], ["more"]), other.settle):
        with pytest.raises(StateMismatch):
            call()
    assert desk.store.rows == before
    assert desk.texts() == {"a": "text"}


def test_the_same_keys_over_another_state_do_not_open_it(desk_of: Callable[..., Any]) -> None:
    """It is the state that a collection belongs to, not the root key."""
    keys = Keyring.ephemeral()
    desk = desk_of(keys=keys)
    desk.write(["a"], ["text"])
    with pytest.raises(StateMismatch):
        desk_of(keys=keys, store=desk.store).texts()


def test_a_marker_copied_from_another_collection_opens_nothing_of_it(desk_of: Callable[..., Any]) -> None:
    """Rows carried to another collection of the same guard do not exist there, marker or not."""
    desk = desk_of()
    desk.write(["a"], ["text"])
    twin = desk_of(guard=desk.guard, store=MemoryStore())
    twin.write(["b"], ["other"])
    for key, row in desk.store.rows.items():
        if key != MARKER:
            twin.store.rows[key] = row
    assert desk_of(guard=desk.guard, store=twin.store).texts() == {"b": "other"}


@pytest.mark.parametrize("name", ["_vg_uid", "_vg_marker"])
@pytest.mark.parametrize("value", ["", "0" * 32, None, 7])
def test_a_forged_marker_is_refused(name: str, value: object, desk_of: Callable[..., Any]) -> None:
    """A marker that was edited belongs to no state."""
    desk = desk_of()
    desk.write(["a"], ["text"])
    row = desk.store.rows[MARKER]
    desk.store.rows[MARKER] = Row(MARKER, {**row.fields, name: value}, None, row.vector)
    with pytest.raises(StateMismatch):
        desk_of(guard=desk.guard, store=desk.store).texts()


def test_a_collection_whose_marker_was_taken_away_is_refused(desk_of: Callable[..., Any]) -> None:
    """Guarded rows without a marker are StateMismatch: marking afresh would lose them all in silence."""
    desk = desk_of()
    desk.write(["a"], ["text"])
    del desk.store.rows[MARKER]
    again = desk_of(guard=desk.guard, store=desk.store)
    with pytest.raises(StateMismatch):
        again.texts()
    with pytest.raises(StateMismatch):
        again.write(["b"], ["more"])
    assert len(desk.store.rows) == 1


# ------------------------------------------------------------------------------------------------ what the file says


def test_the_state_file_says_nothing(desk_of: Callable[..., Any], url: str, tmp_path: Path) -> None:
    """No name, id, owner, principal, text or original is in the database's files, open or closed, in any spelling."""
    name, mail, phone, id_, owner, principal, sentence = SECRETS
    desk = desk_of(Policy(), state=url)
    desk.write([id_], [f"{sentence}. {name}, {phone}, {mail}."], [{"patient": name, "mail": mail}], who=owner)
    flow = desk.writing(desk.draft(["note-77-eleanor-b"], [f"{sentence}: {name}"]), owner)
    flow.send(None)
    flow.send([])  # left open in mid-write: the intent holds the rows
    assert desk.open_intents() == 1
    desk.read(_everything(), Principal(principal, permissions=frozenset({"pii:restore"})), owner)
    for content in (_bytes(tmp_path), _closed(desk.guard, tmp_path)):
        assert content
        for text in SECRETS:
            for form, spelled in forms(text).items():
                assert spelled not in content, (text, form)
        tokens = [word for word in content.split(b"<") if word.startswith((b"PERSON_", b"EMAIL_ADDRESS_"))]
        assert not tokens


def _everything() -> Any:
    from vecguard.records import Ask

    return Ask()


def _closed(guard: Guard, folder: Path) -> bytes:
    guard.close()
    return _bytes(folder)


def test_the_scan_would_see_a_text(tmp_path: Path) -> None:
    """The spellings that the scan looks for are found where they are: the scan can fail."""
    for text in SECRETS:
        raw = text.encode()
        for lead in range(4):
            whole = base64.b64encode(b"x" * lead + raw + b"tail")
            assert any(spelled in whole for form, spelled in forms(text).items() if form.startswith("base64"))


_COUNTED = [f"{when}{what}" for when in ("", "all_") for what in ("queries", "vectors", "records", "denials")]


def test_the_state_has_no_column_for_a_name() -> None:
    """The tables are those that were reviewed: a new column is a decision."""
    columns = {f"{table.name}.{column.name}" for table in tables.metadata.sorted_tables for column in table.columns}
    assert columns == {
        *(f"vg_facts.{each}" for each in ("name", "value")),
        *(f"vg_keys.{each}" for each in ("kind", "subject", "root", "wrapped", "created")),
        *(f"vg_owners.{each}" for each in ("owner", "sealed")),
        *(f"vg_retentions.{each}" for each in ("owner", "sealed", "created")),
        *(f"vg_collections.{each}" for each in ("uid", "kind", "created")),
        *(f"vg_vault.{each}" for each in ("owner", "token", "check", "sealed")),
        *(f"vg_references.{each}" for each in ("owner", "token", "uid", "row", "intent", "version")),
        *(f"vg_intents.{each}" for each in ("id", "uid", "owner", "writer", "action", "rows", "created")),
        *(f"vg_epochs.{each}" for each in ("uid", "owner", "epoch", "rows", "digest")),
        *(f"vg_tombstones.{each}" for each in ("kind", "subject", "at")),
        *(f"vg_grants.{each}" for each in ("owner", "grantee", "right", "sealed", "created")),
        *(f"vg_canaries.{each}" for each in ("uid", "row")),
        *(f"vg_counters.{each}" for each in ("principal", "day", "days", "usual", "spread", *_COUNTED)),
        *(f"vg_returned.{each}" for each in ("id", "day")),
        *(f"vg_embedders.{each}" for each in ("id", "probe")),
        *(
            f"vg_audit.{each}"
            for each in ("writer", "number", "at", "action", "principal", "owner", "uid", "count", "detail", "mac")
        ),
        *(f"vg_audit_heads.{each}" for each in ("writer", "number", "mac")),
    }


# ----------------------------------------------------------------------------------------------------- sharing it


def test_two_guards_on_one_file_are_one(desk_of: Callable[..., Any], url: str) -> None:
    """What one guard writes the other reads and changes, owners' keys included, in both directions."""
    keys, store = Keyring.ephemeral(), MemoryStore()
    one, two = (desk_of(keys=keys, state=url, store=store) for _ in range(2))
    one.write(["a"], ["from one"])
    assert two.texts() == {"a": "from one"}
    two.write(["a", "b"], ["changed by two", "from two"])
    two.write(["a"], ["bob by two"], who="bob")
    assert one.texts() == {"a": "changed by two", "b": "from two"}
    assert one.texts("bob") == {"a": "bob by two"}
    assert one.forget(["b"]) == 1
    assert two.texts() == {"a": "changed by two"}


def test_guards_that_start_at_once_are_one(url: str) -> None:
    """Eight guards that open one new file at the same moment agree on its id and on an owner's key."""
    keys, barrier = Keyring.ephemeral(), threading.Barrier(8)

    def start(_: int) -> tuple[str, bytes]:
        barrier.wait()
        state = State(url, keys)
        found = state.id, state.keystore.get("owner", "alice").reveal()
        state.close()
        return found

    with ThreadPoolExecutor(8) as pool:
        assert len(set(pool.map(start, range(8)))) == 1


@pytest.mark.parametrize("where", ["memory", "file"])
def test_many_threads_write_through_one_guard(where: str, desk_of: Callable[..., Any], url: str) -> None:
    """Eight threads of eight owners lose nothing, and the audit chain holds."""
    desk = desk_of(state=":memory:" if where == "memory" else url)
    desk.write(["seed"], ["text"], who="seed")

    def write(number: int) -> None:
        for step in range(6):
            desk.write([f"{number}.{step}"], [f"text {step}"], who=f"owner{number}")
            desk.count(f"owner{number}")

    with ThreadPoolExecutor(8) as pool:
        list(pool.map(write, range(8)))
    for number in range(8):
        assert set(desk.texts(f"owner{number}")) == {f"{number}.{step}" for step in range(6)}
    assert desk.open_intents() == 0
    assert desk.guard.state.audit.verify() == []


def test_memory_is_one_database_for_all_threads() -> None:
    """What one thread remembers in ":memory:" every other thread finds."""
    state = State(":memory:", Keyring.ephemeral())
    found: list[bool] = []
    uid = "a" * 32
    state.remember(uid, "memory")
    thread = threading.Thread(target=lambda: found.append(state.knows(uid)))
    thread.start()
    thread.join()
    assert found == [True]


def test_two_states_in_memory_share_nothing() -> None:
    """Each ":memory:" is its own."""
    keys = Keyring.ephemeral()
    one, two = State(":memory:", keys), State(":memory:", keys)
    assert one.id != two.id
    one.remember("a" * 32, "memory")
    assert one.knows("a" * 32)
    assert not two.knows("a" * 32)


def test_reading_leaves_no_owner_behind(desk: Any) -> None:
    """Whoever only reads, counts or deletes gets no key: asking around leaves no trace and costs no row."""
    desk.write(["a"], ["text"])

    def keys() -> int:
        with desk.guard.state.database.begin() as connection:
            return len(connection.execute(tables.keys.select()).all())

    before = keys()
    desk.texts("bob")
    desk.nearest("text", "bob")
    desk.count("bob")
    desk.forget(who="bob")
    assert keys() == before


def test_a_failed_transaction_changes_nothing(url: str) -> None:
    """An exception in the middle of a transaction rolls all of it back."""
    state = State(url, Keyring.ephemeral())
    uid = "f" * 32

    def work(connection: Any) -> None:
        connection.execute(tables.collections.insert().values(uid=uid, kind="x", created=0.0))
        raise RuntimeError("power cut")

    with pytest.raises(RuntimeError):
        state.database.run(work)
    assert not state.knows(uid)


def test_a_database_error_shows_no_statement_and_no_value(url: str) -> None:
    """The typed error names the class of what happened and nothing else."""
    state = State(url, Keyring.ephemeral())
    row = {"uid": "planted-value", "kind": "x", "created": 0.0}

    def twice(connection: Any) -> None:
        connection.execute(tables.collections.insert().values(row))
        connection.execute(tables.collections.insert().values(row))

    with pytest.raises(StateError) as caught:
        state.database.run(twice)
    assert "planted-value" not in repr(caught.value)
    assert "INSERT" not in str(caught.value)
    assert caught.value.__context__ is None


def test_intents_come_back_as_they_were(desk: Any) -> None:
    """An intent read back from the state holds bit-identical vectors and the same fields."""
    desk.write(["a"], ["text"], [{"n": 1, "f": 0.1, "u": "é\u2028"}])
    state, collection = desk.guard.state, desk.shelf.collection
    (put,) = [each for each in desk.store.requests if type(each).__name__ == "Put" and not each.if_absent]
    space = state.space(collection.uid, "alice", collection.keys)
    state.begin(Sealed(put.rows.rows, ()), space, None)
    (intent,) = state.intents.open(collection.uid)
    for kept, given in zip(intent.rows.rows, put.rows.rows, strict=True):
        assert kept.backend_id == given.backend_id
        assert dict(kept.fields) == dict(given.fields)
        assert np.array_equal(kept.vector.values, given.vector.values)
        assert kept.vector.values.dtype == np.float32


def test_only_what_need_not_last_is_written_without_waiting_for_the_disk(tmp_path: Path) -> None:
    """What need not last waits for the operating system only; every transaction after it waits for the disk again."""
    database = Database(f"sqlite:///{tmp_path}/state.db")

    def level(connection: Any) -> int:
        return int(connection.exec_driver_sql("PRAGMA synchronous").scalar())

    full, normal = 2, 1
    assert [database.run(level, lasting=lasting) for lasting in (True, False, True)] == [full, normal, full]
    database.close()


@pytest.mark.skipif(os.name != "posix", reason="modes are POSIX's")
def test_the_files_of_a_new_state_are_their_owners_alone(tmp_path: Path) -> None:
    """Whatever the umask is; a file that is there keeps the mode that somebody gave it."""
    state = State(f"sqlite:///{tmp_path}/state.db", Keyring.ephemeral())
    modes = {each.name: stat.S_IMODE(each.stat().st_mode) for each in tmp_path.iterdir() if each.is_file()}
    state.close()
    assert modes == dict.fromkeys(("state.db", "state.db-wal", "state.db-shm"), 0o600)
    (tmp_path / "state.db").chmod(0o640)
    with pytest.raises(WrongKey):
        State(f"sqlite:///{tmp_path}/state.db", Keyring.ephemeral())
    assert stat.S_IMODE((tmp_path / "state.db").stat().st_mode) == 0o640
