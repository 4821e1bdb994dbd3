"""The guarded verbs: native signatures and result types, as steps that serve both clients.

Options that steer the native client (`ordering`, `consistency`, `shard_key_selector`, `timeout`) have no meaning for a
path of several native calls and are refused; `wait` and `exact` may say anything, since every write is waited for and
read back, and every count is exact. Who acts is settled before the first step.
"""

from __future__ import annotations

from collections.abc import Iterable
from itertools import islice
from typing import Any
from uuid import UUID

import numpy as np
from qdrant_client.http import models as rest

from vecguard import BadInput, Missing, Undecided
from vecguard.facade import Room, counting, forgetting, reading, refuse_unknown, verifying, writing
from vecguard.flow import Flow
from vecguard.principal import Acting, resolve
from vecguard.records import Answer, Ask, Diversity, Query, Record, RecordId
from vecguard.steps import Path, Steps, Withhold
from vecguard_qdrant import _ids
from vecguard_qdrant._collections import opened, shelves
from vecguard_qdrant._filters import Parsed, parse
from vecguard_qdrant._ids import all_looked_up
from vecguard_qdrant._points import dense, draft
from vecguard_qdrant._results import checked_selector, completed, native_record, scored, threshold, unscored
from vecguard_qdrant._surface import SYNC

_POINTS_AT_ONCE = 256


def upsert(
    room: Room,
    /,
    collection_name: str,
    points: Any,
    wait: bool = True,  # noqa: ARG001 - every write is waited for
    ordering: Any = None,
    shard_key_selector: Any = None,
    update_filter: Any = None,
    update_mode: Any = None,
    timeout: int | None = None,
    **kwargs: Any,
) -> Steps[rest.UpdateResult]:
    """Write points of one's own, replacing those with the same ids."""
    refuse_unknown(SYNC, kwargs)
    _plain(ordering=ordering, shard_key_selector=shard_key_selector, timeout=timeout)
    _unconditional(update_filter, update_mode)
    who = resolve(room.bound)
    written = draft(points, shelves(room).text_keys)
    at = yield from opened(room, collection_name)
    yield Path(at, writing(at, written, who))
    return completed()


def upload_points(
    room: Room,
    /,
    collection_name: str,
    points: Iterable[rest.PointStruct],
    batch_size: int = 64,
    parallel: int = 1,  # noqa: ARG001 - batches are written one after the other
    method: str | None = None,  # noqa: ARG001 - as above: there are no processes to start
    max_retries: int = 3,  # noqa: ARG001 - a write that fails is settled by the next call
    wait: bool = False,  # noqa: ARG001 - every write is waited for
    shard_key_selector: Any = None,
    update_filter: Any = None,
    update_mode: Any = None,
    **kwargs: Any,
) -> Steps[None]:
    """Write points batch by batch, drawing no more than one batch from the iterable at a time."""
    refuse_unknown(SYNC, kwargs)
    _plain(shard_key_selector=shard_key_selector)
    _unconditional(update_filter, update_mode)
    who = resolve(room.bound)  # the iterable runs later, perhaps where somebody else acts
    if batch_size < 1:
        raise BadInput("batch_size is at least 1")
    at = yield from opened(room, collection_name)
    source = iter(points)
    while batch := list(islice(source, min(batch_size, _POINTS_AT_ONCE))):
        yield Path(at, writing(at, draft(batch, shelves(room).text_keys), who))


def delete(
    room: Room,
    /,
    collection_name: str,
    points_selector: Any,
    wait: bool = True,  # noqa: ARG001 - every write is waited for
    ordering: Any = None,
    shard_key_selector: Any = None,
    timeout: int | None = None,
    **kwargs: Any,
) -> Steps[rest.UpdateResult]:
    """Delete points of one's own by ids or by filter. Those of others are not there to be deleted."""
    refuse_unknown(SYNC, kwargs)
    _plain(ordering=ordering, shard_key_selector=shard_key_selector, timeout=timeout)
    who = resolve(room.bound)
    chosen = _selected(points_selector, room)
    at = yield from opened(room, collection_name)
    yield Path(at, forgetting(at, Ask(ids=chosen.ids, where=chosen.where, restore=False), who))
    return completed()


def count(
    room: Room,
    /,
    collection_name: str,
    count_filter: Any = None,
    exact: bool = True,  # noqa: ARG001 - every count is exact
    shard_key_selector: Any = None,
    timeout: int | None = None,
    **kwargs: Any,
) -> Steps[rest.CountResult]:
    """Count one's own points."""
    refuse_unknown(SYNC, kwargs)
    _plain(shard_key_selector=shard_key_selector, timeout=timeout)
    who = resolve(room.bound)
    chosen = parse(count_filter, shelves(room).text_keys)
    at = yield from opened(room, collection_name)
    number = yield Path(at, counting(at, Ask(ids=chosen.ids, where=chosen.where, restore=False), who))
    return rest.CountResult(count=number)


def verify(room: Room, /, collection_name: str, ids: Any, texts: Any) -> Steps[list[bool]]:
    """Say of each point whether this is exactly the text that was written, before it was scrubbed."""
    who = resolve(room.bound)
    at = yield from opened(room, collection_name)
    answer: list[bool] = yield Path(at, verifying(at, all_looked_up(ids), list(texts), who))
    return answer


def retrieve(
    room: Room,
    /,
    collection_name: str,
    ids: Any,
    with_payload: Any = True,
    with_vectors: Any = False,
    consistency: Any = None,
    shard_key_selector: Any = None,
    timeout: int | None = None,
    **kwargs: Any,
) -> Steps[list[rest.Record]]:
    """Return one's own points by id, in the order of the ids; those that do not exist for the caller are skipped."""
    refuse_unknown(SYNC, kwargs)
    _plain(consistency=consistency, shard_key_selector=shard_key_selector, timeout=timeout)
    who = resolve(room.bound)
    wanted, shown = _ids.all_looked_up(ids), checked_selector(with_payload)
    if with_vectors:
        yield Withhold(room)
    at = yield from opened(room, collection_name)
    answer: Answer = yield Path(at, reading(at, Ask(ids=wanted), who))
    found = {_ids.key(hit.record.id): hit.record for hit in answer.hits}
    records = [record for each in wanted if (record := found.get(_ids.key(each))) is not None]
    return [native_record(each, shown) for each in records]


def scroll(
    room: Room,
    /,
    collection_name: str,
    scroll_filter: Any = None,
    limit: int = 10,
    order_by: Any = None,
    offset: Any = None,
    with_payload: Any = True,
    with_vectors: Any = False,
    consistency: Any = None,
    shard_key_selector: Any = None,
    timeout: int | None = None,
    **kwargs: Any,
) -> Steps[tuple[list[rest.Record], int | str | None]]:
    """List one's own points in the order of their ids, from `offset` on; the second value is the next offset.

    The store knows other ids and another order, so each page reads all of the owner's points that the filter lets pass.
    """
    refuse_unknown(SYNC, kwargs)
    _plain(order_by=order_by, consistency=consistency, shard_key_selector=shard_key_selector, timeout=timeout)
    who = resolve(room.bound)
    _positive(limit)
    start = None if offset is None else _ids.place(_ids.looked_up(offset))
    shown = checked_selector(with_payload)
    if with_vectors:
        yield Withhold(room)
    listed = yield from _listed(room, collection_name, parse(scroll_filter, shelves(room).text_keys), who)
    page = [each for each in listed if start is None or _ids.place(each.id) >= start][: limit + 1]
    following = page[limit].id.given if len(page) > limit else None
    return [native_record(each, shown) for each in page[:limit]], following


def query_points(
    room: Room,
    /,
    collection_name: str,
    query: Any = None,
    using: str | None = None,
    prefetch: Any = None,
    query_filter: Any = None,
    search_params: Any = None,
    limit: int = 10,
    offset: int | None = None,
    with_payload: Any = True,
    with_vectors: Any = False,
    score_threshold: float | None = None,
    lookup_from: Any = None,
    consistency: Any = None,
    shard_key_selector: Any = None,
    timeout: int | None = None,
    **kwargs: Any,
) -> Steps[rest.QueryResponse]:
    """Find one's own points nearest to a vector, or to one of one's own points; without a query, list them by id.

    `search_params` is refused: the store only preselects, and the guard ranks exactly whatever it would say.
    """
    refuse_unknown(SYNC, kwargs)
    _plain(prefetch=prefetch or None, search_params=search_params, lookup_from=lookup_from, using=using or None)
    _plain(consistency=consistency, shard_key_selector=shard_key_selector, timeout=timeout)
    who = resolve(room.bound)
    _positive(limit)
    skipped = offset or 0
    if skipped < 0:
        raise ValueError(f"offset value {offset} is invalid. Must be 0 or larger.")
    if query is None and score_threshold is not None:
        raise ValueError("A query is needed to use the score_threshold.")
    target = None if query is None else _target(query)
    diversity = _diversity(query, limit)
    chosen, shown = parse(query_filter, shelves(room).text_keys), checked_selector(with_payload)
    if with_vectors:
        yield Withhold(room)
    if target is None:
        listed = yield from _listed(room, collection_name, chosen, who)
        return rest.QueryResponse(points=[unscored(each, shown) for each in listed[skipped : skipped + limit]])
    at = yield from opened(room, collection_name)
    metric = at.store.traits.metric
    itself = target.ids[0] if target.ids else None  # found too, and left out below, as Qdrant leaves it out
    ask = Ask(
        query=target,
        ids=chosen.ids,
        where=chosen.where,
        limit=skipped + limit + (itself is not None),
        threshold=threshold(score_threshold, metric),
        diversity=diversity,
    )
    answer = yield Path(at, _native_if_missing(reading(at, ask, who)))
    hits = [hit for hit in answer.hits if itself is None or _ids.key(hit.record.id) != _ids.key(itself)]
    return rest.QueryResponse(points=[scored(hit, shown, metric) for hit in hits[skipped : skipped + limit]])


def _listed(room: Room, name: str, chosen: Parsed, who: Acting) -> Steps[list[Record]]:
    """Return all of one's own points that a filter lets pass, in Qdrant's order."""
    at = yield from opened(room, name)
    answer: Answer = yield Path(at, reading(at, Ask(ids=chosen.ids, where=chosen.where), who))
    return sorted((hit.record for hit in answer.hits), key=lambda each: _ids.place(each.id))


def _target(query: Any) -> Query:
    """Return what to search for. Ids are looked up among one's own points only."""
    match query:
        case rest.NearestQuery():
            if type(query) is not rest.NearestQuery:
                raise Undecided("no rule covers this kind of NearestQuery")
            return _target(query.nearest)
        case list() | tuple() | np.ndarray():
            return Query(vectors=np.asarray([dense(query, 0)]))
        case _ if type(query).__module__.startswith("qdrant_client."):
            raise Undecided(f"no rule covers {type(query).__name__}: query with a vector or one's own point id")
    return Query(ids=(_ids.looked_up(query),))


def _diversity(query: Any, limit: int) -> Diversity | None:
    """Return how much hits shall differ, with Qdrant's defaults; it is done on exact vectors, in the guard."""
    mmr = query.mmr if isinstance(query, rest.NearestQuery) else None
    if mmr is None:
        return None
    if isinstance(query.nearest, int | str | UUID):
        raise Undecided("mmr is guarded for query vectors, not for a point's own id")
    weight = 0.5 if mmr.diversity is None else mmr.diversity
    candidates = limit if mmr.candidates_limit is None else mmr.candidates_limit
    if not (0.0 <= weight <= 1.0 and 0 <= candidates <= _MOST_CANDIDATES):
        raise ValueError(f"mmr takes a diversity from 0 to 1 and a candidates_limit from 0 to {_MOST_CANDIDATES}")
    return Diversity(weight, candidates)


_MOST_CANDIDATES = 16_384  # Qdrant's own


def _native_if_missing(flow: Flow[Answer]) -> Flow[Answer]:
    """Fail as Qdrant does where a query starts from a point that does not exist for whoever acts, without its id."""
    try:
        return (yield from flow)
    except Missing:
        pass
    raise ValueError("Point is not found in the collection")


def _selected(selector: Any, room: Room) -> Parsed:
    match selector:
        case rest.PointIdsList():
            _plain(shard_key=selector.shard_key)
            return Parsed(ids=_some(_ids.all_looked_up(selector.points)))
        case list():
            return Parsed(ids=_some(_ids.all_looked_up(selector)))
        case rest.FilterSelector():
            _plain(shard_key=selector.shard_key)
            return parse(selector.filter, shelves(room).text_keys)
        case rest.Filter():
            return parse(selector, shelves(room).text_keys)
    raise Undecided(f"no rule covers a points selector given as {type(selector).__name__}")


def _some(ids: tuple[RecordId, ...]) -> tuple[RecordId, ...]:
    if not ids:
        raise ValueError("Empty update request")
    return ids


def _positive(limit: int) -> None:
    if limit < 1:
        raise ValueError(f"limit value {limit} is invalid. Must be 1 or larger.")


def _unconditional(update_filter: Any, update_mode: Any) -> None:
    _plain(update_filter=update_filter)
    if getattr(update_mode, "value", "upsert") != "upsert":
        raise Undecided("update_mode is not guarded: an upsert inserts and replaces")


def _plain(**options: Any) -> None:
    """Refuse options that are set. Their names are Qdrant's, so they may be said."""
    if given := [name for name, value in options.items() if value is not None]:
        raise Undecided(f"{', '.join(given)}: not guarded, leave it out")
