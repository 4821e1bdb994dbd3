"""The audit chain: who did what, where and how often, never with what.

Each guard writes a chain of its own. A line holds pseudonyms of the principal and the owner, and a MAC over itself and
the MAC of the line before; the last link is registered apart, so that edits, gaps, reordering and a cut-off end show.
Without the key nobody can tell whether a pseudonym belongs to a name they guess, and after an erasure nobody can
(`vecguard.state.pseudonyms`). How a chain is checked is in `vecguard.evidence.chains`; what shows only to whoever kept
its end, in `vecguard.evidence.anchors`.
"""

from __future__ import annotations

import secrets
import time
from collections import deque
from collections.abc import Callable, Iterable, Mapping, Sequence
from dataclasses import dataclass
from threading import Lock
from types import MappingProxyType
from typing import Any, TypeVar

from sqlalchemy import Connection, bindparam, insert, select, update

from vecguard.errors import AuditFailed, StateError
from vecguard.evidence.anchors import Anchor, Anchoring, Due, Keep
from vecguard.evidence.chains import START, WRITERS, Break, Row, Verdict, check, count_of, counted, head_mac, line_mac
from vecguard.evidence.log import log_of
from vecguard.keys import Root, Secret, seal
from vecguard.ports import Action
from vecguard.principal import Acting
from vecguard.state import forks, tables
from vecguard.state.database import Database, Unsure
from vecguard.state.direct import Prepared, executed
from vecguard.state.epochs import Epochs
from vecguard.state.keystore import Keys, KeyStore, Within
from vecguard.state.pseudonyms import Pseudonyms
from vecguard.system import by_guard

T = TypeVar("T")
SETTLER = by_guard()
"""Who acts when a guard carries out what a crash left open."""
SHARED = "shared"
"""The detail of a line that tells of another owner's rows in an answer."""
ANCHORS = Due()
NONE_SHARED: Mapping[str, int] = MappingProxyType({})
_REFUSED = "the audit line could not be written, so the call was refused"
_LOOKED: frozenset[Action] = frozenset({"read", "count"})
_APPEND = Prepared.of(insert(tables.audit))
_MOVE = Prepared.of(
    update(tables.heads)
    .where(tables.heads.c.writer == bindparam("whose"))
    .values(number=bindparam("last"), mac=bindparam("link"))
)


@dataclass(frozen=True, slots=True)
class _End:
    """Where a chain ends: whose it is, how many lines it has, the MAC of the last one."""

    writer: str
    number: int = 0
    mac: bytes = START


@dataclass(slots=True)
class _Waiting:
    """The lines of a read: to be written by the first call that has the chain to itself, its own or another's."""

    lines: Sequence[Mapping[str, Any]]
    taken: bool = False
    written: bool = False


class AuditChain:
    """Appends to this guard's chain and verifies every chain in the state. Safe to share between threads.

    A process that forks goes on with its chain, and its child begins one of its own.
    """

    def __init__(
        self, database: Database, key: Secret, keystore: KeyStore, pseudonyms: Pseudonyms, writer: str
    ) -> None:
        self._database = database
        self._key = key
        self._keystore = keystore
        self._pseudonyms = pseudonyms
        self._within: Within | None = None
        self._lock = Lock()
        self._queue: deque[_Waiting] = deque()
        self._end = _End(writer)
        self._anchoring: Anchoring | None = None
        forks.follow(self)

    def append(
        self,
        acting: Acting,
        action: Action,
        uid: str,
        count: int,
        detail: str = "",
        *,
        shared: Mapping[str, int] = NONE_SHARED,
        buried: str = "",
    ) -> None:
        """Write one line in a transaction of its own, or raise `AuditFailed`.

        `shared` counts the rows of other owners that a read hands out besides, by the owners' digests: each owner gets
        a line of its own, right after the first and in the same transaction, whose detail is "shared". `buried` is the
        digest of an owner that was erased: the line tells of that, and shows the digest as the owner's tombstone does.

        A read waits until its line is written but not until the disk has it: a kill loses none, a power failure may
        lose the lines since the last change, and the chain then ends before them. Lines of reads that come at once
        share a transaction, and are written or refused together.
        """
        if action in _LOOKED:
            line = self._line(self._keystore, acting, action, uid, count, detail)
            owners = ((self._pseudonyms.of_owner(each, self._keystore), rows) for each, rows in shared.items())
            rest = ({**line, "owner": owner, "count": rows, "detail": SHARED} for owner, rows in owners)
            self._append_with_others(_Waiting([line, *rest]))
        else:
            self.guarded(
                lambda connection: self.append_in(connection, acting, action, uid, count, detail, buried=buried)
            )

    def guarded(self, work: Callable[[Connection], T]) -> T:
        """Run a transaction that appends. If it fails, the chain stays where it was and the call is refused."""
        with self._lock:
            return self._moved(lambda: self._run(work))

    def append_in(
        self,
        connection: Connection,
        acting: Acting,
        action: Action,
        uid: str,
        count: int,
        detail: str = "",
        *,
        buried: str = "",
    ) -> None:
        """Write one line inside a transaction run by `guarded`, as `append` does."""
        line = self._line(self._within or self._keystore, acting, action, uid, count, detail)
        self._write(connection, [{**line, "owner": buried} if buried else line])

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
        self._moved(lambda: self._write_lines([line for each in batch for line in each.lines]))
        for each in batch:
            each.written = True

    def _write_lines(self, lines: Sequence[Mapping[str, Any]]) -> None:
        if self._end.number == 0:
            self._run(lambda connection: self._write(connection, lines), lasting=False)
            return
        rows, end = self._chained(lines)
        self._database.write([(_APPEND, rows), (_MOVE, [self._head(end)])])
        self._end = end

    def _write(self, connection: Connection, lines: Sequence[Mapping[str, Any]]) -> None:
        """Write lines as part of a transaction; the first of a chain register it."""
        first = self._end.number == 0
        rows, end = self._chained(lines)
        for row in rows:
            executed(connection, _APPEND, row)
        if first:
            self._register(connection)
            connection.execute(insert(tables.heads).values(writer=end.writer, number=0, mac=START))
        executed(connection, _MOVE, self._head(end))
        self._end = end

    def _run(self, work: Callable[[Connection], T], *, lasting: bool = True) -> T:
        """Run a transaction that appends where the chain ends now, however often the database has it run again."""
        before = self._end

        def afresh(connection: Connection) -> T:
            self._end = before
            self._within = self._keystore.within(connection, Epochs.erasures(connection))
            return work(connection)

        try:
            done = self._database.run(afresh, lasting=lasting)
            if self._within is not None:
                self._within.committed()
        finally:
            self._within = None
        return done

    def _moved(self, move: Callable[[], T]) -> T:
        """Run what moves the chain's end, or leave the end where it was. Anchors are kept before and after, if due."""
        self._in_time()
        before = self._end
        try:
            moved = move()
        except Unsure:
            self._begin_another()
        except StateError:
            self._end = before
        except Exception:
            self._end = before
            raise
        except BaseException:  # interrupted: nobody knows whether it was committed
            self._begin_another()
            raise
        else:
            self._written()
            return moved
        raise AuditFailed(_REFUSED)

    def _line(self, keys: Keys, acting: Acting, action: Action, uid: str, count: int, detail: str) -> Mapping[str, Any]:
        principal, owner = self._pseudonyms.of(acting, keys)
        return {
            "action": action,
            "principal": principal,
            "owner": owner,
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
            end = _End(end.writer, end.number + 1, line_mac(self._key, end.mac, row))
            rows.append({**row, "mac": end.mac})
        return rows, end

    def _head(self, end: _End) -> dict[str, Any]:
        return {"whose": end.writer, "last": end.number, "link": head_mac(self._key, end.writer, end.number, end.mac)}

    # --------------------------------------------------------------------------------------------- kept outside

    def keep_outside(self, keep: Keep, due: Due = ANCHORS) -> None:
        """Hand anchors of this chain to `keep` from now on: whenever one is due, and when the chain is closed.

        An anchor that could not be kept refuses the calls after it, until it is kept (`vecguard.evidence.anchors`).
        """
        with self._lock:
            self._anchoring = Anchoring(keep, due)

    def anchor(self) -> None:
        """Keep an anchor now, if there are lines after the last one; raise `AuditFailed` if that fails."""
        with self._lock:
            if self._anchoring is not None:
                self._anchoring.now(self._anchor())

    def _in_time(self) -> None:
        if self._anchoring is not None:
            self._anchoring.in_time(self._anchor, self._end.number)

    def _written(self) -> None:
        if self._anchoring is not None:
            self._anchoring.written(self._anchor, self._end.number)

    def _anchor(self) -> Anchor:
        end = self._end
        return Anchor(end.writer, end.number, head_mac(self._key, end.writer, end.number, end.mac).hex())

    def sealed_key(self, root: Root, state: str) -> bytes:
        """Return the key that checks chains, sealed under a root: an export carries it, and names stay digests."""
        return seal(root.secret.derive("audit export"), self._key.reveal(), state, root.id)

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
        if self._anchoring is not None:
            self._anchoring.afresh()

    def _register(self, connection: Connection) -> None:
        """Count one more writer: a chain that is taken away with its head is missed by number."""
        table = tables.facts
        known = connection.execute(select(table.c.value).where(table.c.name == WRITERS).with_for_update()).scalar()
        value = counted(self._key, (count_of(self._key, known) or 0) + 1)
        change = insert(table).values(name=WRITERS) if known is None else update(table).where(table.c.name == WRITERS)
        connection.execute(change.values(value=value))

    def verify(self, anchors: Iterable[Anchor] = ()) -> list[Break]:
        """Check every chain of this state from its first line to its registered head; an empty list is good."""
        return list(self.examined(anchors).breaks)

    def examined(self, anchors: Iterable[Anchor] = (), *, beside: Callable[[Row], object] | None = None) -> Verdict:
        """Do the same, and say what was looked at; `beside` sees each line as it goes past. No writer waits for it."""
        return self._database.look(lambda connection: check(self._key, log_of(connection, beside), anchors))
