"""The audit chain: every tamper shows, nothing is done that cannot be written down, and no content is in it."""

from __future__ import annotations

import re
import sqlite3
from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecguard import AuditFailed, AuditLog, Keyring, Policy, Scrub, hazmat
from vecguard.errors import VecGuardError
from vecguard.principal import Acting, Principal
from vecguard.records import Ask
from vecguard.state import State, tables

QUIET = Policy(scrub=Scrub(enabled=False), audit=AuditLog(reads=False, writes=False))


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def chains(path: Path) -> State:
    """A state with two chains of five lines."""
    keys = Keyring.ephemeral()
    for _ in range(2):
        state = State(f"sqlite:///{path}", keys)
        for number in range(5):
            state.audit.append(Acting.of(f"principal{number}", "owner"), "read", "u" * 32, number, "")
    assert state.audit.verify() == []
    return state


def _writers(path: Path) -> list[str]:
    with sqlite3.connect(path) as raw:
        return [row[0] for row in raw.execute("select writer from vg_audit_heads order by writer")]


EDITS = {
    "at": 1.5,
    "action": "'write'",
    "principal": f"'{'0' * 64}'",
    "owner": f"'{'0' * 64}'",
    "uid": "'v'",
    "count": 7,
    "detail": "'x'",
    "mac": "x'00'",
}


@pytest.mark.parametrize("number", [1, 3, 5])
@pytest.mark.parametrize("column", EDITS)
def test_an_edited_line_shows(column: str, number: int, chains: State, path: Path) -> None:
    """Each column of each line is covered, and the break is where the edit is."""
    writer = _writers(path)[0]
    with sqlite3.connect(path) as raw:
        raw.execute(f"update vg_audit set {column} = {EDITS[column]} where writer = ? and number = ?", (writer, number))
    (found,) = chains.audit.verify()
    assert (found.writer, found.number) == (writer, number)


THIRD = "select mac from vg_audit a where a.writer = :w and a.number = 3"
REST = "at, action, principal, owner, uid, count, detail, mac"
TAMPERS: dict[str, list[str]] = {
    "drop the first": ["delete from vg_audit where writer = :w and number = 1"],
    "drop one": ["delete from vg_audit where writer = :w and number = 3"],
    "drop one and close the gap": [
        "delete from vg_audit where writer = :w and number = 3",
        "update vg_audit set number = number - 1 where writer = :w and number > 3",
    ],
    "truncate": ["delete from vg_audit where writer = :w and number > 3"],
    "truncate and move the head": [
        "delete from vg_audit where writer = :w and number > 3",
        f"update vg_audit_heads set number = 3, mac = ({THIRD}) where writer = :w",
    ],
    "truncate all": ["delete from vg_audit where writer = :w"],
    "truncate all and reset the head": [
        "delete from vg_audit where writer = :w",
        "update vg_audit_heads set number = 0, mac = zeroblob(32) where writer = :w",
    ],
    "reorder": [
        "update vg_audit set number = 99 where writer = :w and number = 2",
        "update vg_audit set number = 2 where writer = :w and number = 4",
        "update vg_audit set number = 4 where writer = :w and number = 99",
    ],
    "duplicate the end": [
        f"insert into vg_audit select writer, 6, {REST} from vg_audit where writer = :w and number = 5",
    ],
    "head number": ["update vg_audit_heads set number = 4 where writer = :w"],
    "head mac": ["update vg_audit_heads set mac = zeroblob(32) where writer = :w"],
    "drop the head": ["delete from vg_audit_heads where writer = :w"],
    "another chain's line": [
        "delete from vg_audit where writer = :w and number = 5",
        f"insert into vg_audit select :w, 5, {REST} from vg_audit where writer = :o and number = 5",
    ],
    "swap the chains": [
        "update vg_audit set writer = 'tmp' where writer = :w",
        "update vg_audit set writer = :w where writer = :o",
        "update vg_audit set writer = :o where writer = 'tmp'",
    ],
}


@pytest.mark.parametrize("tamper", TAMPERS)
def test_a_tampered_chain_shows(tamper: str, chains: State, path: Path) -> None:
    """Dropping, truncating, reordering, copying and moving the end are all found, and blamed on the right chain."""
    writer, other = _writers(path)
    with sqlite3.connect(path) as raw:
        for statement in TAMPERS[tamper]:
            raw.execute(statement, {"w": writer, "o": other} if ":o" in statement else {"w": writer})
    found = chains.audit.verify()
    assert writer in {each.writer for each in found}
    if tamper != "swap the chains":
        assert {each.writer for each in found} == {writer}


def test_a_chain_cannot_be_made_again_without_the_key(chains: State, path: Path) -> None:
    """Another state's chain, whole and in order, does not pass for one of this state."""
    foreign = State(":memory:", Keyring.ephemeral())
    foreign.audit.append(Acting.of("x"), "read", "u", 1)
    with foreign.database.begin() as connection:
        line = dict(connection.execute(tables.audit.select()).mappings().one())
        head = dict(connection.execute(tables.heads.select()).mappings().one())
    with chains.database.begin() as connection:
        connection.execute(tables.audit.insert().values(**line))
        connection.execute(tables.heads.insert().values(**head))
    assert foreign.writer in {found.writer for found in chains.audit.verify()}


# ------------------------------------------------------------------------------------------------------ fail closed


def _block(desk: Any, table: str = "vg_audit") -> None:
    with desk.guard.state.database.begin() as connection:
        connection.exec_driver_sql(
            f"create trigger full_{table} before insert on {table} begin select raise(abort, 'disk full'); end"
        )


def _unblock(desk: Any, table: str = "vg_audit") -> None:
    with desk.guard.state.database.begin() as connection:
        connection.exec_driver_sql(f"drop trigger full_{table}")


CALLS: dict[str, Callable[[Any], Any]] = {
    "insert": lambda desk: desk.write(["b"], ["more"], verb="insert"),
    "upsert": lambda desk: desk.write(["a"], ["changed"]),
    "update": lambda desk: desk.write(["a"], fields=[{"n": 2}], verb="update"),
    "delete": lambda desk: desk.forget(),
    "list": lambda desk: desk.texts(),
    "rank": lambda desk: desk.nearest("text"),
}


@pytest.mark.parametrize("call", CALLS)
def test_what_cannot_be_written_down_is_not_done(call: str, desk: Any) -> None:
    """With an audit table that takes no line, reads answer nothing, writes and deletes change nothing, ever."""
    desk.write(["a"], ["text"], [{"n": 1}])
    before = dict(desk.store.rows)
    _block(desk)
    with pytest.raises(AuditFailed):
        CALLS[call](desk)
    assert desk.store.rows == before
    _unblock(desk)
    assert desk.texts() == {"a": "text"}
    assert desk.store.rows == before
    assert desk.guard.state.audit.verify() == []


@pytest.mark.parametrize("table", ["vg_intents", "vg_vault", "vg_references", "vg_audit_heads"])
def test_a_state_that_takes_no_line_refuses_writes(table: str, desk_of: Callable[..., Any]) -> None:
    """Any table of the state that cannot be written refuses the write before the store hears of it."""
    desk = desk_of(Policy())
    if table != "vg_audit_heads":  # a head is inserted once, with a chain's first line
        desk.write(["a"], ["text"])
    before = dict(desk.store.rows)
    _block(desk, table)
    with pytest.raises(VecGuardError):
        desk.write(["b"], ["call John Smith at 415-555-0133"])
    assert {k: v for k, v in desk.store.rows.items() if "_vg_owner" in v.fields} == {
        k: v for k, v in before.items() if "_vg_owner" in v.fields
    }


def test_restoring_is_refused_when_it_cannot_be_written_down(desk_of: Callable[..., Any]) -> None:
    """Originals are audited even where reads are not; unwritable, none is returned."""
    desk = desk_of(Policy(audit=AuditLog(reads=False, writes=False)))
    desk.write(["a"], ["Call John Smith at 415-555-0133"])
    _block(desk)
    assert "Smith" not in str(desk.texts())
    doctor = Principal("doctor", permissions=frozenset({"pii:restore"}))
    with pytest.raises(AuditFailed):
        desk.read(Ask(), doctor, "alice")
    _unblock(desk)
    assert "John Smith" in str(desk.read(Ask(), doctor, "alice").hits[0].record.text)


def test_the_chain_holds_after_a_failure(desk: Any) -> None:
    """A line that failed leaves no gap: the next one follows the last that was written."""
    desk.write(["a"], ["text"])
    _block(desk)
    for _ in range(3):
        with pytest.raises(AuditFailed):
            desk.texts()
    _unblock(desk)
    desk.texts()
    assert desk.guard.state.audit.verify() == []


# ----------------------------------------------------------------------------------------------------- what is in it


def _lines(state: State) -> list[Any]:
    with state.database.begin() as connection:
        return connection.execute(tables.audit.select().order_by(tables.audit.c.number)).mappings().all()


def test_every_call_has_its_line(desk: Any) -> None:
    """Writes, reads, deletes and holes opened are written down in order, with how many records they touched."""
    desk.write(["a", "b"], ["text", "more"])
    desk.texts()
    desk.nearest("text", limit=1)
    desk.forget(["a"])
    hazmat.permit_exposed_store(desk.guard, reason="a test")
    found = [(line["action"], line["count"]) for line in _lines(desk.guard.state)]
    assert found == [("write", 2), ("read", 2), ("read", 1), ("delete", 1), ("expose", 1)]


def test_a_policy_may_leave_reads_and_writes_out(desk_of: Callable[..., Any]) -> None:
    """Both halves can be switched off, and then there is no line."""
    desk = desk_of(QUIET)
    desk.write(["a"], ["text"])
    desk.texts()
    desk.forget()
    assert _lines(desk.guard.state) == []


def test_lines_hold_pseudonyms_and_no_content(desk_of: Callable[..., Any]) -> None:
    """Names appear as pseudonyms: the same name twice is one of them, and nothing that was planted is in a line."""
    desk = desk_of(Policy())
    desk.write(["id-4711"], ["Call John Smith at 415-555-0133"], [{"ward": "north"}], who="ward-owner")
    desk.texts("ward-owner")
    hazmat.permit_exposed_store(desk.guard, reason="ticket of John Smith")
    lines = _lines(desk.guard.state)
    for line in lines:
        assert re.fullmatch("[0-9a-f]{64}", line["principal"])
        assert re.fullmatch("[0-9a-f]{64}", line["owner"])
        assert re.fullmatch("[0-9a-f]{0,32}", line["detail"])
    assert [line["principal"] == line["owner"] for line in lines] == [False, False, True]  # nobody opened the hole
    shown = repr([dict(line) for line in lines])
    assert not [text for text in ("4711", "Smith", "0133", "north", "ward-owner", "ticket") if text in shown]
    assert lines[0]["owner"] == lines[1]["owner"]
    assert lines[0]["owner"] != lines[2]["owner"]


def test_a_digest_cannot_be_guessed_without_the_key() -> None:
    """Two states have two digests for one name."""
    one, two = (State(":memory:", Keyring.ephemeral()) for _ in range(2))
    for state in (one, two):
        state.audit.append(Acting.of("alice"), "read", "u", 1)
    assert _lines(one)[0]["principal"] != _lines(two)[0]["principal"]


def test_a_chain_that_was_taken_away_whole_shows(chains: State, path: Path) -> None:
    """All lines of a writer gone, and its head with them: the other chains know that there was one."""
    with sqlite3.connect(path) as raw:
        writer = _writers(path)[0]
        raw.execute("delete from vg_audit where writer = ?", (writer,))
        raw.execute("delete from vg_audit_heads where writer = ?", (writer,))
    assert chains.audit.verify() != []


def test_what_a_crash_left_and_another_call_settled_is_audited(desk_of: Callable[..., Any], path: Path) -> None:
    """A write that is carried out after a crash is on the shelf, so it is in the log."""
    desk = desk_of(state=f"sqlite:///{path}")
    desk.write(["a"], ["text"])
    flow = desk.writing(desk.draft(["a"], ["changed"]))
    flow.send(flow.send(None).on(desk.store))
    flow.close()
    lines = len(_lines(desk.guard.state))
    assert desk.settle() == 1
    assert len(_lines(desk.guard.state)) > lines


# ---------------------------------------------------------------------------------------------- rows of other owners


def test_a_read_of_shared_rows_names_each_owner_in_the_same_transaction(desk: Any) -> None:
    """One line for the reader's own rows and one for each owner whose rows went out, by the owner's pseudonym."""
    for owner in ("alice", "carol"):
        desk.write([f"{owner}{n}" for n in range(3)], [f"text {n}" for n in range(3)], who=owner)
        desk.guard.rules.grant(owner, readers=["bob"])
    desk.write(["b"], ["text"], who="bob")
    state = desk.guard.state
    before = len(_lines(state))
    with state.database.begin() as connection:
        connection.exec_driver_sql("create table moves (number integer)")
        connection.exec_driver_sql(
            "create trigger moved after update on vg_audit_heads begin insert into moves values (new.number); end"
        )
    assert len(desk.read(Ask(), "bob").hits) == 7
    lines, of = _lines(state)[before:], state.pseudonyms.living()
    assert [(line["owner"], line["count"], line["detail"]) for line in lines[:1]] == [(of[state.digest("bob")], 1, "")]
    assert {(line["owner"], line["count"], line["detail"]) for line in lines[1:]} == {
        (of[state.digest(owner)], 3, "shared") for owner in ("alice", "carol")
    }
    assert {(line["action"], line["principal"], line["uid"]) for line in lines} == {
        ("read", lines[0]["principal"], lines[0]["uid"])
    }
    with state.database.begin() as connection:
        assert connection.exec_driver_sql("select number from moves").scalars().all() == [before + 3]
    assert state.audit.verify() == []


def test_a_shared_row_whose_line_cannot_be_written_is_not_handed_out(desk: Any) -> None:
    """The first line alone would do for the reader's own rows; without the owner's, nothing is answered."""
    desk.write(["a"], ["text"], who="alice")
    desk.guard.rules.grant("alice", readers=["bob"])
    with desk.guard.state.database.begin() as connection:
        connection.exec_driver_sql(
            "create trigger shared before insert on vg_audit when new.detail = 'shared'"
            " begin select raise(abort, 'disk full'); end"
        )
    before = len(_lines(desk.guard.state))
    with pytest.raises(AuditFailed):
        desk.read(Ask(), "bob")
    assert len(_lines(desk.guard.state)) == before
    assert desk.guard.state.audit.verify() == []


def test_a_log_that_was_emptied_shows_by_its_count(chains: State, path: Path) -> None:
    """Every line and every head gone: the number of chains says that there were some."""
    with sqlite3.connect(path) as raw:
        raw.execute("delete from vg_audit")
        raw.execute("delete from vg_audit_heads")
    assert chains.audit.verify() != []
