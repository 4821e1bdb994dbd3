"""Canaries: records that nobody has a reason to read, so that whoever does is worth a look.

    hr = notes.acting_for("hr")
    hr.add(ids=["c1"], documents=["Settlement with the whistleblower, draft, do not circulate"])
    guard.canaries.mark(hr, ["c1"])

An owner writes them among its others by the usual verbs and marks them. To readers they look like any other record;
when one is handed to somebody with whom the owner shares its rows, `CanaryHit` is told before the answer is. The owner
and its members find them as they find everything, and alarm nobody.

Choose texts that no honest query comes near, and that somebody who trawls would open. Which rows are canaries is kept
in the state and in memory, not on the shelf.
"""

from __future__ import annotations

from collections.abc import Callable, Collection, Iterable
from threading import Lock
from typing import TYPE_CHECKING, Any
from uuid import UUID

from sqlalchemy import Connection, delete, insert, select

from vecguard import facade
from vecguard.errors import BadId, Missing
from vecguard.flow import Flow
from vecguard.frameless import frameless_class
from vecguard.ports import IdForm
from vecguard.principal import Acting
from vecguard.records import RecordId
from vecguard.shelf import Shelf, View
from vecguard.state import tables
from vecguard.state.epochs import RULES, RULES_KEY, Epochs

if TYPE_CHECKING:
    from vecguard.entry import Entry
    from vecguard.state import State

_TABLE = tables.canaries


@frameless_class
class Canaries:
    """Marks records as canaries, and knows them again among what is handed out."""

    def __init__(self, state: State, entry: Entry) -> None:
        self._state = state
        self._entry = entry
        self._known: dict[str, tuple[int, frozenset[str]]] = {}  # by collection: as of which epoch, and which rows
        self._lock = Lock()

    def __repr__(self) -> str:
        return "<Canaries>"

    def mark(self, guarded: Any, ids: Iterable[Any]) -> int:
        """Make canaries of records of whoever acts; return how many are new. Audited as "grant".

        `guarded` is a guarded collection that is bound, or used in a context. Raises `AccessDenied`, `BadId`.
        """
        return self._changed(guarded, ids, "grant", _put)

    def unmark(self, guarded: Any, ids: Iterable[Any]) -> int:
        """Make them records like any other; return how many were canaries."""
        return self._changed(guarded, ids, "revoke", _remove)

    def among(self, view: View, found: Collection[str]) -> int:
        """Return how many of these rows (backend ids) of a collection are canaries."""
        return len(self._of(view.uid, view.epochs[RULES_KEY]).intersection(found))

    def _of(self, uid: str, epoch: int) -> frozenset[str]:
        with self._lock:
            known = self._known.get(uid)
        if known is not None and known[0] == epoch:
            return known[1]
        wanted = select(_TABLE.c.row).where(_TABLE.c.uid == uid)
        rows = frozenset(self._state.database.look(lambda connection: connection.execute(wanted).scalars().all()))
        with self._lock:
            self._known[uid] = epoch, rows
        return rows

    def _changed(self, guarded: Any, ids: Iterable[Any], action: Any, change: _Change) -> int:
        acting, shelf = facade.acting(guarded), facade.shelf_of(guarded)
        view: View = facade.run(guarded, self._own(shelf, acting))
        records = [_record_id(each, shelf.traits.ids) for each in _listed(ids)]
        rows = [view.space.backend_id(each) for each in records]

        def work(connection: Connection) -> int:
            there = set(connection.execute(select(_TABLE.c.row).where(_TABLE.c.uid == view.uid)).scalars())
            count = change(connection, view.uid, rows, there)
            Epochs.raised(connection, *RULES)
            self._state.audit.append_in(connection, acting, action, view.uid, count, "canaries")
            return count

        return self._state.audit.guarded(work)

    def _own(self, shelf: Shelf, acting: Acting) -> Flow[View]:
        view = yield from self._entry.to_own(shelf, acting)
        if view is None:
            raise Missing("whoever acts has no records here to mark")
        return view


_Change = Callable[[Connection, str, "list[str]", "set[str]"], int]


def _put(connection: Connection, uid: str, rows: list[str], there: set[str]) -> int:
    fresh = [{"uid": uid, "row": each} for each in dict.fromkeys(rows) if each not in there]
    if fresh:
        connection.execute(insert(_TABLE), fresh)
    return len(fresh)


def _remove(connection: Connection, uid: str, rows: list[str], there: set[str]) -> int:
    gone = there.intersection(rows)
    if gone:
        connection.execute(delete(_TABLE).where(_TABLE.c.uid == uid, _TABLE.c.row.in_(gone)))
    return len(gone)


def _listed(ids: Iterable[Any]) -> list[Any]:
    if isinstance(ids, str):
        raise BadId("ids are a list")
    return list(ids)


def _record_id(given: Any, form: IdForm) -> RecordId:
    match given:
        case bool():
            raise BadId("an id is a string, a whole number or a UUID")
        case int():
            return RecordId.number(given)
        case UUID():
            return RecordId("uuid", str(given), given.hex)
        case str():
            return RecordId("uuid", given, UUID(given).hex) if form == "uuid" else RecordId.text(given)
    raise BadId("an id is a string, a whole number or a UUID")
