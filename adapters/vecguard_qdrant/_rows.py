"""The six verbs of the store port as steps of native calls: what both stores run, with the rows in both directions.

A row is a point whose payload holds its clear fields, ours, and its text where the policy leaves that clear. A put
replaces the whole payload, so nothing of an earlier version stays. Every write waits until the server applied it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from typing import Any, TypeVar
from uuid import UUID

import numpy as np
from qdrant_client.http import models as rest

from vecguard.ports import Drop, Fetch, Find, Found, Page, Pages, Put, Search
from vecguard.records import Row, SealedRow
from vecguard.sealing import SCHEME_FIELD
from vecguard.steps import Native, Steps
from vecguard_qdrant._compiled import compiled, point_id

T = TypeVar("T")

_POINTS_AT_ONCE = 256
_QUERIES_AT_ONCE = 16  # each brings back K points with their vectors

_TEXT_FIELD = "_vg_text"  # names the field that holds a clear text; the tag covers the text, so a lie here shows

_NOT_THERE_YET = rest.Filter(must=[rest.FieldCondition(key=SCHEME_FIELD, match=rest.MatchValue(value=-1))])
"""No point satisfies this. As an update filter it makes an upsert insert what is new and leave the rest, atomically."""


def put(name: str, request: Put) -> Steps[None]:
    """Upsert rows that bring a vector; overwrite the payload of those that keep theirs."""
    rows = request.rows.rows
    condition = {"update_filter": _NOT_THERE_YET} if request.if_absent else {}
    for batch in _batches([row for row in rows if row.vector is not None], _POINTS_AT_ONCE):
        points = [_point(row) for row in batch]
        yield Native("upsert", collection_name=name, points=points, wait=True, **condition)
    for batch in _batches([row for row in rows if row.vector is None], _POINTS_AT_ONCE):
        operations = [_overwrite(row) for row in batch]
        yield Native("batch_update_points", collection_name=name, update_operations=operations, wait=True)


def fetch(name: str, request: Fetch) -> Steps[Sequence[Row]]:
    """Retrieve points by id."""
    rows: list[Row] = []
    for batch in _batches(request.ids, _POINTS_AT_ONCE):
        ids = [point_id(each) for each in batch]
        shown = {"with_payload": False} if request.bare else _shown(request.vectors)
        found = yield Native("retrieve", collection_name=name, ids=ids, **shown)
        rows += [_row(each) for each in found]
    return rows


def find(name: str, request: Find) -> Steps[Found]:
    """Scroll through the points that a filter lets pass, or count them."""
    where = compiled(request.where)
    if request.counting:
        counted = yield Native("count", collection_name=name, count_filter=where, exact=True)
        return Found((), counted.count)
    rows: list[Row] = []
    cursor: Any = None
    skip = request.offset  # there is no offset in numbers: what is skipped is read and not kept
    while request.limit is None or len(rows) < request.limit:
        wanted = _POINTS_AT_ONCE if request.limit is None else skip + request.limit - len(rows)
        page, cursor = yield _scroll(name, where, min(_POINTS_AT_ONCE, wanted), cursor, vectors=request.vectors)
        rows += [_row(each) for each in page[skip:]]
        skip = max(0, skip - len(page))
        if cursor is None:
            break
    return Found(tuple(rows), len(rows))


def search(name: str, request: Search) -> Steps[Sequence[Sequence[Row]]]:
    """Query by vectors under the filter."""
    where = compiled(request.where)
    groups: list[Sequence[Row]] = []
    for batch in _batches(request.queries.values, _QUERIES_AT_ONCE):
        queries = [
            rest.QueryRequest(
                query=vector.tolist(), filter=where, limit=request.limit, with_payload=True, with_vector=True
            )
            for vector in batch
        ]
        answers = yield Native("query_batch_points", collection_name=name, requests=queries)
        groups += [[_row(each) for each in answer.points] for answer in answers]
    return groups


def drop(name: str, request: Drop) -> Steps[None]:
    """Delete points by id."""
    for batch in _batches(request.ids, _POINTS_AT_ONCE):
        ids = rest.PointIdsList(points=[point_id(each) for each in batch])
        yield Native("delete", collection_name=name, points_selector=ids, wait=True)


def pages(name: str, request: Pages) -> Steps[Page]:
    """Scroll through all points."""
    page, cursor = yield _scroll(name, None, request.size, request.after, vectors=request.vectors)
    return Page(tuple(_row(each) for each in page), cursor)


def _scroll(name: str, where: rest.Filter | None, size: int, cursor: Any, *, vectors: bool) -> Native:
    return Native("scroll", collection_name=name, scroll_filter=where, limit=size, offset=cursor, **_shown(vectors))


def _shown(vectors: bool) -> dict[str, bool]:
    return {"with_payload": True, "with_vectors": vectors}


def _batches(items: Sequence[T] | Any, size: int) -> Iterator[Any]:
    return (items[start : start + size] for start in range(0, len(items), size))


def _payload(row: SealedRow) -> dict[str, Any]:
    if row.text is None:
        return dict(row.fields)
    return {**row.fields, row.text_field: row.text, _TEXT_FIELD: row.text_field}


def _point(row: SealedRow) -> rest.PointStruct:
    assert row.vector is not None  # noqa: S101 - the caller looked
    return rest.PointStruct(id=point_id(row.backend_id), vector=row.vector.values.tolist(), payload=_payload(row))


def _overwrite(row: SealedRow) -> rest.OverwritePayloadOperation:
    return rest.OverwritePayloadOperation(
        overwrite_payload=rest.SetPayload(payload=_payload(row), points=[point_id(row.backend_id)])
    )


def _row(point: Any) -> Row:
    fields = dict(point.payload or {})
    text_field = fields.pop(_TEXT_FIELD, None)
    text = fields.pop(text_field, None) if isinstance(text_field, str) else None
    vector = point.vector.get("") if isinstance(point.vector, dict) else point.vector
    return Row(
        _backend_id(point.id),
        fields,
        text if isinstance(text, str) else None,
        None if vector is None else np.asarray(vector, dtype=np.float32),
    )


def _backend_id(native: Any) -> str:
    """Spell a native id as ours are; a number is the id of an unguarded point, and stays what no id of ours is."""
    return UUID(native).hex if isinstance(native, str) else str(native)
