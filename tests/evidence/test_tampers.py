"""A thousand ways to change a log, by a seeded loop on a real file: each one is found, and at its place."""

from __future__ import annotations

import random
import sqlite3
from collections import Counter
from pathlib import Path
from typing import Any

import pytest

from vecguard import Keyring
from vecguard.errors import StateError
from vecguard.evidence.anchors import Anchor, Due
from vecguard.evidence.chains import Break, check
from vecguard.evidence.log import log_of
from vecguard.principal import Acting
from vecguard.state import State

TAMPERS = 1_000
COLUMNS = ("at", "action", "principal", "owner", "uid", "count", "detail", "mac")
REST = "at, action, principal, owner, uid, count, detail, mac"


class Forger:
    """Changes a log at random, as somebody can who has the file and not the key."""

    def __init__(self, raw: Any, dice: random.Random) -> None:
        self.raw = raw
        self.dice = dice
        self.writers = [row[0] for row in raw.execute("select writer from vg_audit_heads order by writer")]
        self.writer, self.other = dice.sample(self.writers, 2)
        self.length = self._length(self.writer)
        self.number = dice.randint(1, self.length)

    def _length(self, writer: str) -> int:
        return int(self.raw.execute("select count(*) from vg_audit where writer = ?", (writer,)).fetchone()[0])

    def _run(self, statement: str, **values: Any) -> None:
        self.raw.execute(statement, {"w": self.writer, "o": self.other, "n": self.number, "l": self.length} | values)

    def edit(self) -> None:
        """One value of one line: another of its kind, or of a kind that was never meant to be there."""
        column = self.dice.choice(COLUMNS)
        kinds: dict[str, list[Any]] = {
            "at": [self.dice.random() * 2e9, 0.0, "noon"],
            "count": [self.dice.randint(1_000, 9_999), -1, 1.5],
            "mac": [self.dice.randbytes(32), b"", "text", 7],
        }
        text = [self.dice.randbytes(32).hex(), "", "read ", "delete", 4.5, b"\xff"]
        wanted = f"select {column} from vg_audit where writer = ? and number = ?"
        (now,) = self.raw.execute(wanted, (self.writer, self.number)).fetchone()
        value = self.dice.choice([each for each in kinds.get(column, text) if each != now])
        self._run(f"update vg_audit set {column} = :v where writer = :w and number = :n", v=value)

    def move_a_line(self) -> None:
        """Another number for a line: past the end, before the first, or not a number at all."""
        number = self.dice.choice([self.length + self.dice.randint(1, 9), 0, -self.dice.randint(1, 9), "x", 1.5])
        self._run("update vg_audit set number = :v where writer = :w and number = :n", v=number)

    def drop(self) -> None:
        """Lines from the middle or an end, with or without closing the gap."""
        many = self.dice.randint(1, 3)
        self._run("delete from vg_audit where writer = :w and number >= :n and number < :n + :m", m=many)
        if self.dice.random() < 0.5:
            self._run("update vg_audit set number = -(number - :m) where writer = :w and number > :n", m=many)
            self._run("update vg_audit set number = -number where writer = :w and number < 0")

    def truncate(self) -> None:
        """Cut the end off; leave the head, give it the number of an earlier line, or its MAC as well."""
        keep = self.number - 1
        self._run("delete from vg_audit where writer = :w and number > :k", k=keep)
        how = self.dice.randrange(3)
        if how:
            self._run("update vg_audit_heads set number = :k where writer = :w", k=keep)
        if how == 2:
            found = self.raw.execute("select mac from vg_audit where writer=? and number=?", (self.writer, keep))
            mac = (found.fetchone() or (bytes(32),))[0]
            self._run("update vg_audit_heads set mac = :m where writer = :w", m=mac)

    def reorder(self) -> None:
        """Swap two lines of a chain."""
        one, two = self.dice.sample(range(1, self.length + 1), 2)
        for before, after in ((one, -1), (two, one), (-1, two)):
            self._run("update vg_audit set number = :a where writer = :w and number = :b", a=after, b=before)

    def splice(self) -> None:
        """A line of another chain in the place of one, or after the end, with its head moved or not."""
        place = self.dice.choice([self.number, self.length + 1])
        self._run("delete from vg_audit where writer = :w and number = :p", p=place)
        line = self.dice.randint(1, self._length(self.other))
        self._run(
            f"insert into vg_audit (writer, number, {REST}) select :w, :p, {REST} from vg_audit"
            " where writer = :o and number = :q",
            p=place,
            q=line,
        )
        if self.dice.random() < 0.5:
            self._run("update vg_audit_heads set number = :v where writer = :w", v=max(place, self.length))

    def repeat(self) -> None:
        """A line once more at the end."""
        self._run(
            f"insert into vg_audit (writer, number, {REST}) select :w, :l + 1, {REST} from vg_audit"
            " where writer = :w and number = :n"
        )

    def swap(self) -> None:
        """Two whole chains, their heads, or both."""
        tables = self.dice.choice([["vg_audit"], ["vg_audit_heads"]])
        for table in tables:
            for before, after in (("w", "x"), ("o", "w"), ("x", "o")):
                self._run(f"update {table} set writer = :{after} where writer = :{before}", x="tmp")

    def rename(self) -> None:
        """A chain and its head under another writer's name."""
        for table in ("vg_audit", "vg_audit_heads"):
            self._run(f"update {table} set writer = :v where writer = :w", v=self.dice.randbytes(16).hex())

    def head(self) -> None:
        """A head of another number or MAC, or none."""
        column, value = self.dice.choice(
            [
                ("number", self.number - 1),
                ("number", self.length + 1),
                ("number", "x"),
                ("mac", self.dice.randbytes(32)),
            ]
        )
        if self.dice.random() < 0.2:
            self._run("delete from vg_audit_heads where writer = :w")
        else:
            self._run(f"update vg_audit_heads set {column} = :v where writer = :w", v=value)

    def take_away(self) -> None:
        """A whole chain and its head, or every chain; the count left, forged, or taken too."""
        everything = self.dice.random() < 0.2
        for table in ("vg_audit", "vg_audit_heads"):
            self.raw.execute(f"delete from {table} where ? or writer = ?", (everything, self.writer))
        count = len(self.writers) - 1
        values = [None, "", f"{count}:", f"{count}:{'0' * 64}", "x"]
        if not everything:
            self._run("update vg_facts set value = :v where name = 'writers'", v=self.dice.choice(values[1:]))

    def count(self) -> None:
        """The number of chains, by itself."""
        value = self.dice.choice(["3:", "5:" + "0" * 64, "", "four"])
        self._run("update vg_facts set value = :v where name = 'writers'", v=value)


WAYS: tuple[str, ...] = (
    *("edit", "edit", "edit", "move_a_line", "drop", "truncate", "reorder", "splice", "repeat"),
    *("swap", "rename", "head", "take_away", "count"),
)


def _dump(raw: Any) -> list[Any]:
    queries = (
        "select * from vg_audit order by 1, 2",
        "select * from vg_audit_heads order by 1",
        "select * from vg_facts",
    )
    return [tuple(raw.execute(query).fetchall()) for query in queries]


def test_a_thousand_tampers_are_found_without_any_anchor(chains: State, path: Path) -> None:
    """Everything that changes a line, an order, an end or the number of chains shows; an untouched log never alarms."""
    raw = sqlite3.connect(path, isolation_level=None)
    raw.execute("PRAGMA synchronous=OFF")  # two commits for each tamper, and nothing of it is to last
    before = _dump(raw)
    found: Counter[str] = Counter()
    missed: list[str] = []
    for number in range(TAMPERS):
        dice = random.Random(number)
        way = WAYS[number % len(WAYS)]
        raw.execute("BEGIN IMMEDIATE")
        getattr(Forger(raw, dice), way)()
        assert _dump(raw) != before, f"{way} {number} changed nothing, so nothing can be found"
        raw.execute("COMMIT")
        (found.update([way]) if chains.audit.verify() else missed.append(f"{way} {number}"))
        _put_back(raw, before)
        if number % 50 == 0:
            assert chains.audit.verify() == []
    assert not missed
    assert sum(found.values()) == TAMPERS
    assert chains.audit.verify() == []


def _put_back(raw: Any, before: list[Any]) -> None:
    raw.execute("BEGIN IMMEDIATE")
    for table, rows in zip(("vg_audit", "vg_audit_heads", "vg_facts"), before, strict=True):
        raw.execute(f"delete from {table}")
        raw.executemany(f"insert into {table} values ({', '.join('?' * len(rows[0]))})", rows)
    raw.execute("COMMIT")


def _place(found: list[Break]) -> list[tuple[str, int, int]]:
    return [(each.writer, each.number, each.last) for each in found]


def test_every_place_is_named_and_no_other(chains: State, path: Path) -> None:
    """Edits here and there in two chains are as many breaks, and lines between them stay good."""
    with sqlite3.connect(path) as raw:
        one, two = Forger(raw, random.Random(0)).writers[:2]
        raw.execute("update vg_audit set count = 77 where writer = ? and number in (3, 9, 10)", (one,))
        raw.execute("update vg_audit set mac = zeroblob(32) where writer = ? and number = 5", (two,))
        raw.execute("delete from vg_audit where writer = ? and number in (12, 13)", (two,))
    assert _place(chains.audit.verify()) == [(one, 3, 3), (one, 9, 10), (two, 5, 5), (two, 12, 13)]


def test_an_older_copy_of_the_file_is_found_where_an_anchor_is_known(
    path: Path, tmp_path: Path, keys: Keyring, kept: list[Anchor], request: pytest.FixtureRequest
) -> None:
    """A hundred moments of a log: each copy from before the last anchor is told from the log of now, and only those."""
    copies = _history(path, tmp_path, keys, kept, request)
    verdicts = [bool(_verified(copy, keys, kept)) for copy, _ in copies]
    anchored = max(at for _, at in copies)
    assert verdicts == [at < anchored for _, at in copies]
    assert sum(verdicts) >= 90
    assert not any(_verified(copy, keys, ()) for copy, _ in copies[1:])  # each was whole in its time


def _history(
    path: Path, tmp_path: Path, keys: Keyring, kept: list[Anchor], request: pytest.FixtureRequest
) -> list[tuple[Path, int]]:
    """Copy the file after every line; return the copies, and how many anchors there were by then."""
    state = State(f"sqlite:///{path}", keys)
    request.addfinalizer(state.close)
    state.audit.keep_outside(kept.append, Due(lines=4, seconds=1e9))
    copies = []
    for number in range(101):
        state.audit.append(Acting.of("p"), "read", "u", number)
        copy = tmp_path / f"copy{number}.db"
        _copied(path, copy)
        copies.append((copy, len(kept)))
    return copies


def _copied(path: Path, copy: Path) -> None:
    with sqlite3.connect(path) as source, sqlite3.connect(copy) as target:
        source.backup(target)


def _verified(copy: Path, keys: Keyring, kept: Any) -> list[Break]:
    state = State(f"sqlite:///{copy}", keys)
    try:
        return state.audit.verify(kept)
    finally:
        state.close()


def test_an_old_end_that_was_genuine_shows_by_an_anchor_only(chains: State, path: Path, kept: list[Anchor]) -> None:
    """Whoever saw the log earlier has its ends of then: cut back to one, a chain holds, but not past its anchor."""
    old = {each: each.number for each in kept}
    with sqlite3.connect(path) as raw:
        anchor = kept[-3]
        raw.execute("delete from vg_audit where writer = ? and number > ?", (anchor.writer, anchor.number))
        head = (anchor.number, bytes.fromhex(anchor.mac), anchor.writer)
        raw.execute("update vg_audit_heads set number = ?, mac = ? where writer = ?", head)
    assert chains.audit.verify() == []
    (found,) = chains.audit.verify(kept)
    assert found.writer == anchor.writer
    assert (found.number, found.last) == (
        anchor.number + 1,
        max(old[each] for each in kept if each.writer == anchor.writer),
    )


def test_a_log_that_was_emptied_shows_by_an_anchor_only(chains: State, path: Path, kept: list[Anchor]) -> None:
    """All lines, ends and the count gone, it is a log in which nothing was ever written, but for the anchors."""
    with sqlite3.connect(path) as raw:
        raw.execute("delete from vg_audit")
        raw.execute("delete from vg_audit_heads")
        raw.commit()
        assert chains.audit.verify() != []
        raw.execute("delete from vg_facts where name = 'writers'")
        raw.commit()
    assert chains.audit.verify() == []
    assert {each.writer for each in chains.audit.verify(kept)} == {each.writer for each in kept}


def test_another_history_under_the_same_key_does_not_pass_an_anchor(
    path: Path, keys: Keyring, tmp_path: Path, kept: list[Anchor]
) -> None:
    """Two guards went on from one copy of the file: the line at the anchor's number is not what was anchored."""
    state = State(f"sqlite:///{path}", keys)
    state.audit.append(Acting.of("p"), "read", "u", 1)
    copy = tmp_path / "copy.db"
    _copied(path, copy)
    other = State(f"sqlite:///{copy}", keys)
    other.audit._end = state.audit._end
    state.audit.keep_outside(kept.append, Due(lines=1))
    state.audit.append(Acting.of("p"), "read", "u", 2)
    other.audit.append(Acting.of("p"), "read", "u", 3)
    assert state.audit.verify(kept) == []
    assert other.audit.verify() == []
    assert [each.number for each in other.audit.verify(kept)] == [2]


def test_what_cannot_be_read_is_no_good_log(chains: State, path: Path) -> None:
    """Bytes that are no text in a column of text: SQLite cannot hand them over, and verifying says so."""
    with sqlite3.connect(path) as raw:
        raw.execute("update vg_audit set detail = cast(x'ff' as text) where number = 3")
    with pytest.raises(StateError):
        chains.audit.verify()


def test_the_check_needs_the_key(chains: State) -> None:
    """Under another key nothing holds."""
    other = Keyring.ephemeral().current.secret
    verdict = chains.database.look(lambda connection: check(other, log_of(connection)))
    assert len({each.writer for each in verdict.breaks}) == 5  # four chains, and their number
