"""Rows on a shelf: found by what the store knows their owner by, overwritten, deleted, and looked for again.

Rows are overwritten before they are deleted, because what a store deletes it often only marks: an index keeps the
vector in its place. What they are overwritten with has a random vector, no field of the caller's, and the tag of no
owner but that of rows that are being erased: nobody sees it, and whoever runs an erasure next, after a crash, finds it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from contextlib import closing
from typing import Any, TypeVar

from vecguard.erasure.needles import Needles
from vecguard.errors import StoreFailed
from vecguard.filters import Compare
from vecguard.flow import Flow
from vecguard.ports import Drop, Fetch, Find, Found, Put
from vecguard.protect.masked import mint_marker
from vecguard.records import Row, Sealed, SealedRow
from vecguard.rules import OWNER_FIELD
from vecguard.sealing import EXPIRES_FIELD, SCHEME, SCHEME_FIELD, SEAL_FIELD, tag_of
from vecguard.shelf import Shelf
from vecguard.space import CollectionKeys

AT_ONCE = 500
"""Rows that are read or erased at once."""
_LONG_AGO = 0.0

T = TypeVar("T")


def erasing_tag(keys: CollectionKeys) -> str:
    """Return the tag of rows that are being erased. Two parts under the MAC: no owner's name gives the same."""
    return keys.owners.mac("rows that are", "being erased").hex()[:32]


def noted(tags: tuple[str, ...], needles: Needles) -> Flow[int]:
    """Take down what all rows with these owner tags are made of; return how many there are."""
    count = 0
    while True:
        page: Found = yield Find(_with(tags), limit=AT_ONCE, offset=count, vectors=True)
        for row in page.rows:
            needles.add_row(row)
        count += len(page.rows)
        if len(page.rows) < AT_ONCE:
            return count


def swept(tags: tuple[str, ...], shelf: Shelf, keys: CollectionKeys, needles: Needles) -> Flow[list[str]]:
    """Erase every row with these owner tags, those too that do not authenticate; return their backend ids."""
    gone: list[str] = []
    while True:
        page: Found = yield Find(_with(tags), limit=AT_ONCE, vectors=True)
        if not page.rows:
            return gone
        for row in page.rows:
            needles.add_row(row)
        yield from erased(page.rows, shelf, keys)
        gone += [row.backend_id for row in page.rows]


def erased(rows: Sequence[Row], shelf: Shelf, keys: CollectionKeys) -> Flow[None]:
    """Overwrite rows and delete them; raise `StoreFailed` if the store still has one afterwards."""
    ids = tuple(row.backend_id for row in rows)
    yield Put(Sealed(tuple(_overwriting(rows, shelf, keys)), ()))
    yield Drop(ids)
    if (yield Fetch(ids, bare=True)):
        raise StoreFailed("the store still has rows that it was told to delete")


def overwriting_first(flow: Flow[T], rows: Sequence[Row], shelf: Shelf, keys: CollectionKeys) -> Flow[T]:
    """Run a path that deletes some of these rows so that each is overwritten before it is deleted."""
    there = {row.backend_id: row for row in rows}
    answer: Any = None
    failure: StoreFailed | None = None
    with closing(flow):
        while True:
            try:
                request = flow.send(answer) if failure is None else flow.throw(failure)
            except StopIteration as done:
                found: T = done.value
                return found
            answer, failure = None, None
            try:
                if isinstance(request, Drop):
                    doomed = [there[each] for each in request.ids if each in there]
                    yield Put(Sealed(tuple(_overwriting(doomed, shelf, keys)), ()))
                answer = yield request
            except StoreFailed as failed:
                failure = StoreFailed(str(failed), failed.native)


def _overwriting(rows: Sequence[Row], shelf: Shelf, keys: CollectionKeys) -> Iterator[SealedRow]:
    for row in rows:
        # the tag stays, by which whoever settles an open change knows the version that was to be deleted
        tag = {SEAL_FIELD: tag_of(row.fields)} if SEAL_FIELD in row.fields else {}
        ours = {OWNER_FIELD: erasing_tag(keys), EXPIRES_FIELD: _LONG_AGO, SCHEME_FIELD: SCHEME, **tag}
        yield SealedRow(
            row.backend_id,
            mint_marker(shelf.dimension or (0 if row.vector is None else len(row.vector))),
            ours,
            text="" if row.text else None,
            gone=tuple(name for name in row.fields if name not in ours),
        )


def _with(tags: tuple[str, ...]) -> Compare:
    return Compare((OWNER_FIELD,), "in", tags)
