"""The audit chain: who did what, where and how often, never with what.

Each guard writes a chain of its own. A line holds keyed digests of the principal and the owner, and a MAC over itself
and the MAC of the line before; the last link is registered apart, so that edits, gaps, reordering and a cut-off end
show. Without the key nobody can tell whether a digest belongs to a name they guess.
"""

from __future__ import annotations

import hmac
import secrets
import time
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from vecguard.errors import AuditFailed, StateError
from vecguard.keys import Secret
from vecguard.ports import Action
from vecguard.principal import Acting
from vecguard.state import forks, tables
from vecguard.state.database import Database
from vecguard.state.direct import Prepared

T = TypeVar("T")
SETTLER = Acting.of("vecguard")
"""Who acts when a guard carries out what a crash left open."""
_START = b"\x00" * 32
_WRITERS = "writers"
_REFUSED = "the audit line could not be written, so the call was refused"
_LOOKED: frozenset[Action] = frozenset({"read", "count"})
_APPEND = Prepared.of(insert(tables.audit))
_MOVE = Prepared.of(
    update(tables.heads)
    .where(tables.heads.c.writer == bindparam("whose"))
    .values(number=bindparam("last"), mac=bindparam("link"))
)


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold: the writer ("" for all of them), the line's number, and what is wrong."""

    writer: str
    number: int
    reason: str


@dataclass(frozen=True, slots=True)
class _End:
    """Where a chain ends: whose it is, how many lines it has, the MAC of the last one."""

    writer: str
    number: int = 0
    mac: bytes = _START


@dataclass(slots=True)
class _Waiting:
    """A line of a read: to be written by the first call that has the chain to itself, its own or another's."""

    line: Mapping[str, Any]
    taken: bool = False
    written: bool = False


class AuditChain:
    """Appends to this guard's chain and verifies every chain in the state. Safe to share between threads.

    A process that forks goes on with its chain, and its child begins one of its own.
    """

    def __init__(self, database: Database, key: Secret, lookup: Secret, writer: str) -> None:
        self._database = database
        self._key = key
        self._lookup = lookup
        self._lock = Lock()
        self._queue: deque[_Waiting] = deque()
        self._end = _End(writer)
        forks.follow(self)

    def append(self, acting: Acting, action: Action, uid: str, count: int, detail: str = "") -> None:
        """Write one line in a transaction of its own, or raise `AuditFailed`.

        A read waits until its line is written but not until the disk has it: a kill loses none, a power failure may
        lose the lines since the last change, and the chain then ends before them. Lines of reads that come at once
        share a transaction, and are written or refused together.
        """
        line = self._line(acting, action, uid, count, detail)
        if action in _LOOKED:
            self._append_with_others(_Waiting(line))
        else:
            self.guarded(lambda connection: self._write(connection, [line]))

    def guarded(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction that appends. If it fails, the chain stays where it was and the call is refused."""
        with self._lock:
            return self._moved(lambda: self._database.run(work))

    def append_in(
        self, connection: Connection, acting: Acting, action: Action, uid: str, count: int, detail: str = ""
    ) -> None:
        """Write one line inside a transaction run by `guarded`."""
        self._write(connection, [self._line(acting, action, uid, count, detail)])

    # --------------------------------------------------------------------------------------------------- appending

    def _append_with_others(self, mine: _Waiting) -> None:
        self._queue.append(mine)
        with self._lock:  # while others were in, one of them may have written this line with its own
            if not mine.taken:
                self._write_queue()
        if not mine.written:
            raise AuditFailed(_REFUSED)

    def _write_queue(self) -> None:
        """Write every line that waits, in one transaction; its callers wait for this one's lock."""
        batch: list[_Waiting] = []
        while self._queue:
            batch.append(self._queue.popleft())
            batch[-1].taken = True
        self._moved(lambda: self._write_lines([each.line for each in batch]))
        for each in batch:
            each.written = True

    def _write_lines(self, lines: Sequence[Mapping[str, Any]]) -> None:
        if self._end.number == 0:
            self._database.run(lambda connection: self._write(connection, lines), lasting=False)
            return
        rows, end = self._chained(lines)
        self._database.write([(_APPEND, rows), (_MOVE, [self._head(end)])])
        self._end = end

    def _write(self, connection: Connection, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write lines as part of a transaction; the first of a chain register it."""
        first = self._end.number == 0
        rows, end = self._chained(lines)
        connection.execute(_APPEND.statement, rows)
        if first:
            self._register(connection)
            connection.execute(insert(tables.heads).values(writer=end.writer, number=0, mac=_START))
        connection.execute(_MOVE.statement, self._head(end))
        self._end = end

    def _moved(self, move: Callable[[], T]) -> T:
        """Run what moves the chain's end, or leave the end where it was."""
        before = self._end
        try:
            return move()
        except StateError:
            self._end = before
        except Exception:
            self._end = before
            raise
        except BaseException:  # interrupted: nobody knows whether it was committed
            self._begin_another()
            raise
        raise AuditFailed(_REFUSED)

    def _line(self, acting: Acting, action: Action, uid: str, count: int, detail: str) -> Mapping[str, Any]:
        return {
            "action": action,
            "principal": self._lookup.mac("principal", acting.principal.id).hex(),
            "owner": self._lookup.mac("owner", acting.owner).hex(),
            "uid": uid,
            "count": count,
            "detail": detail,
        }

    def _chained(self, lines: Sequence[Mapping[str, Any]]) -> tuple[list[dict[str, Any]], _End]:
        """Return the lines as rows that follow on the chain's end, and where it ends with them."""
        rows: list[dict[str, Any]] = []
        end = self._end
        for line in lines:
            row = {**line, "writer": end.writer, "number": end.number + 1, "at": time.time()}
            end = _End(end.writer, end.number + 1, _mac(self._key, end.mac, row))
            rows.append({**row, "mac": end.mac})
        return rows, end

    def _head(self, end: _End) -> dict[str, Any]:
        return {"whose": end.writer, "last": end.number, "link": _head(self._key, end.writer, end.number, end.mac)}

    # ------------------------------------------------------------------------------------------- chains and writers

    def before_fork(self) -> None:
        """Nothing: the parent's chain goes on."""

    def after_fork(self) -> None:
        """Begin a chain of its own in a child process: two cannot continue one. The parent writes what waits there."""
        self._lock = Lock()
        self._queue = deque()
        self._begin_another()

    def _begin_another(self) -> None:
        self._end = _End(secrets.token_hex(16))

    def _register(self, connection: Connection) -> None:
        """Count one more writer: a chain that is taken away with its head is missed by number."""
        count = (self._registered(connection) or 0) + 1
        connection.execute(delete(tables.facts).where(tables.facts.c.name == _WRITERS))
        value = f"{count}:{self._key.mac(_WRITERS, count).hex()}"
        connection.execute(insert(tables.facts).values(name=_WRITERS, value=value))

    def _registered(self, connection: Connection) -> int | None:
        """Return how many writers were counted, None if there is no count or it does not authenticate."""
        value = connection.execute(select(tables.facts.c.value).where(tables.facts.c.name == _WRITERS)).scalar()
        number, _, mac = str(value).partition(":")
        genuine = number.isdigit() and hmac.compare_digest(mac, self._key.mac(_WRITERS, int(number)).hex())
        return int(number) if genuine else None

    def verify(self) -> list[Break]:
        """Check every chain of this state from its first line to its registered head; an empty list is good."""
        return self._database.run(self._verify)

    def _verify(self, connection: Connection) -> list[Break]:
        heads = {row.writer: row for row in connection.execute(select(tables.heads))}
        lines: dict[str, list[dict[str, object]]] = {writer: [] for writer in heads}
        order = (tables.audit.c.writer, tables.audit.c.number)
        for row in connection.execute(select(tables.audit).order_by(*order)).mappings():
            lines.setdefault(str(row["writer"]), []).append(dict(row))
        breaks: list[Break] = []
        for writer, chain in lines.items():
            head = heads.get(writer)
            found = _first_break(self._key, writer, chain, None if head is None else (head.number, head.mac))
            breaks.extend([] if found is None else [found])
        if lines and self._registered(connection) != len(lines):
            breaks.append(Break("", 0, "a chain is missing, or the count of chains was changed"))
        return breaks


def _first_break(
    key: Secret, writer: str, chain: list[dict[str, object]], head: tuple[int, bytes] | None
) -> Break | None:
    last = _START
    for expected, line in enumerate(chain, start=1):
        mac = line.pop("mac")
        if line["number"] != expected:
            return Break(writer, expected, "a line is missing")
        last = _mac(key, last, line)
        if last != mac:
            return Break(writer, expected, "a line was changed")
    if head is None or head != (len(chain), _head(key, writer, len(chain), last)):
        return Break(writer, len(chain), "the end is not where the head says")
    return None


def _head(key: Secret, writer: str, number: int, last: bytes) -> bytes:
    """MAC of where a chain ends: without the key, an earlier line cannot be made its end."""
    return key.mac("head", writer, number, last)


def _mac(key: Secret, last: bytes, line: Mapping[str, object]) -> bytes:
    return key.mac(last, *(f"{name}={line[name]!r}" for name in sorted(line)))
