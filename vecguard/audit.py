"""The audit chain: who did what, where and how often, never with what.

Each guard writes a chain of its own. A line holds keyed digests of the principal and the owner, and a MAC over itself
and the MAC of the line before; the last link is registered apart, so that edits, gaps, reordering and a cut-off end
show. Without the key nobody can tell whether a digest belongs to a name they guess.
"""

from __future__ import annotations

import hmac
import time
from collections.abc import Callable
from dataclasses import dataclass
from threading import Lock
from typing import TypeVar

from sqlalchemy import Connection, bindparam, delete, insert, select, update

from vecguard.errors import AuditFailed, StateError
from vecguard.keys import Secret
from vecguard.ports import Action
from vecguard.principal import Acting
from vecguard.state import tables
from vecguard.state.database import Database

T = TypeVar("T")
SETTLER = Acting.of("vecguard")
"""Who acts when a guard carries out what a crash left open."""
_START = b"\x00" * 32
_WRITERS = "writers"
_LOOKED: frozenset[Action] = frozenset({"read", "count"})
_APPEND = insert(tables.audit)
_MOVE = (
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


class AuditChain:
    """Appends to this guard's chain and verifies every chain in the state."""

    def __init__(self, database: Database, key: Secret, lookup: Secret, writer: str) -> None:
        self._database = database
        self._key = key
        self._lookup = lookup
        self._writer = writer
        self._lock = Lock()
        self._number = 0
        self._last = _START

    def append(self, acting: Acting, action: Action, uid: str, count: int, detail: str = "") -> None:
        """Write one line in a transaction of its own, or raise `AuditFailed`.

        A read waits until its line is written but not until the disk has it: a kill loses none, a power failure may
        lose the lines since the last change, and the chain then ends before them.
        """
        self.guarded(
            lambda connection: self.append_in(connection, acting, action, uid, count, detail),
            lasting=action not in _LOOKED,
        )

    def guarded(self, work: Callable[[Connection], T], *, lasting: bool = True) -> T:
        """Run a transaction that appends. If it fails, the chain stays where it was and the call is refused."""
        with self._lock:
            before = self._number, self._last
            try:
                return self._database.run(work, lasting=lasting)
            except StateError:
                self._number, self._last = before
            except BaseException:
                self._number, self._last = before
                raise
        raise AuditFailed("the audit line could not be written, so the call was refused")

    def append_in(
        self, connection: Connection, acting: Acting, action: Action, uid: str, count: int, detail: str = ""
    ) -> None:
        """Write one line inside a transaction run by `guarded`."""
        line = {
            "writer": self._writer,
            "number": self._number + 1,
            "at": time.time(),
            "action": action,
            "principal": self._lookup.mac("principal", acting.principal.id).hex(),
            "owner": self._lookup.mac("owner", acting.owner).hex(),
            "uid": uid,
            "count": count,
            "detail": detail,
        }
        mac = _mac(self._key, self._last, line)
        connection.execute(_APPEND, {**line, "mac": mac})
        number, link = self._number + 1, _head(self._key, self._writer, self._number + 1, mac)
        if self._number == 0:
            self._register(connection)
            connection.execute(insert(tables.heads).values(writer=self._writer, number=number, mac=link))
        else:
            connection.execute(_MOVE, {"whose": self._writer, "last": number, "link": link})
        self._number += 1
        self._last = mac

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


def _mac(key: Secret, last: bytes, line: dict[str, object]) -> bytes:
    return key.mac(last, *(f"{name}={line[name]!r}" for name in sorted(line)))
