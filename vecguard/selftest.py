"""The self-test of a store: does it confine reads as it is asked to? It runs when a collection is first touched.

The guard looks again at every row that comes back, so a store that ignores filters gives nothing away through it. But
it would hand every owner's rows to every reader's guard, starve searches of their own rows, and count other owners'
records; and a store that does so is not what anybody believes they run.
"""

from __future__ import annotations

import secrets
from collections.abc import Sequence

from vecguard.errors import NotEnforced
from vecguard.filters import Compare, Not, Predicate, all_of
from vecguard.flow import Flow
from vecguard.ports import Find, Found, Search
from vecguard.protect.masked import probe
from vecguard.records import Row
from vecguard.rules import OWNER_FIELD


def enforced(marker: Row, its_field: str, *, ranked: bool) -> Flow[None]:
    """Ask for what only the marker has, and for what nobody has; raise `NotEnforced` if anything else comes back.

    `its_field` is a field whose value no row but the marker has. `ranked` says whether this store also ranks rows.
    """
    only = Compare((its_field,), "eq", str(marker.fields[its_field]))
    nobody = Compare((OWNER_FIELD,), "eq", secrets.token_hex(16))
    one: Found = yield Find(only, limit=2)
    if [row.backend_id for row in one.rows] != [marker.backend_id]:
        raise _not_enforced("a listing by a field that one row has")
    none: Found = yield Find(all_of(nobody, Not(only)), limit=1)
    several: Found = yield Find(nobody, counting=True)
    if none.rows or several.count:
        raise _not_enforced("a listing of the rows of nobody")
    if ranked and marker.vector is not None:
        yield from _ranked(all_of(nobody), marker.vector.shape[0])


def _ranked(nobody: Predicate, dimension: int) -> Flow[None]:
    groups: Sequence[Sequence[Row]] = yield Search(probe(dimension), nobody, 1)
    if any(groups):
        raise _not_enforced("a search among the rows of nobody")


def _not_enforced(what: str) -> NotEnforced:
    return NotEnforced(f"the store does not do what filters say: {what} brought others. It is not used")
