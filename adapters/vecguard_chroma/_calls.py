"""The guarded verbs of a collection: native signatures and result types, as steps that serve both collections.

Arguments are read before anything else, and who acts is settled before the first step.
"""

from __future__ import annotations

from typing import Any

from chromadb.api.types import GetResult, QueryResult
from chromadb.errors import InternalError

from vecguard.facade import Room, counting, forgetting, reading, verifying, writing
from vecguard.principal import Acting, resolve
from vecguard.records import Ask, Draft, RecordId
from vecguard.steps import Path, Steps, Withhold
from vecguard.where import parse
from vecguard_chroma._arguments import LISTED, RANKED, drafted, included, listed_ids, queried
from vecguard_chroma._results import get_result, query_result


def add(
    room: Room,
    /,
    ids: Any,
    embeddings: Any = None,
    metadatas: Any = None,
    documents: Any = None,
    images: Any = None,
    uris: Any = None,
) -> Steps[None]:
    """Add records. Ids that exist are left as they are, as Chroma leaves them."""
    yield _writing(room, drafted("insert", ids, embeddings, metadatas, documents, images, uris))


def upsert(
    room: Room,
    /,
    ids: Any,
    embeddings: Any = None,
    metadatas: Any = None,
    documents: Any = None,
    images: Any = None,
    uris: Any = None,
) -> Steps[None]:
    """Add records or change them; metadata is merged, as Chroma merges it."""
    yield _writing(room, drafted("upsert", ids, embeddings, metadatas, documents, images, uris))


def update(
    room: Room,
    /,
    ids: Any,
    embeddings: Any = None,
    metadatas: Any = None,
    documents: Any = None,
    images: Any = None,
    uris: Any = None,
) -> Steps[None]:
    """Change records that exist; other ids are skipped, as Chroma skips them."""
    yield _writing(room, drafted("update", ids, embeddings, metadatas, documents, images, uris))


def delete(
    room: Room, /, ids: Any = None, where: Any = None, where_document: Any = None, limit: int | None = None
) -> Steps[Any]:
    """Delete one's own records by ids, filter or both; returns how many there were."""
    if ids is None and where is None and where_document is None:
        raise ValueError("At least one of ids, where, or where_document must be provided in delete.")
    ask = Ask(ids=listed_ids(ids), where=parse(where, where_document), limit=limit, restore=False)
    return {"deleted": (yield Path(room, forgetting(room, ask, resolve(room.bound))))}


def get(
    room: Room,
    /,
    ids: Any = None,
    where: Any = None,
    limit: int | None = None,
    offset: int | None = None,
    where_document: Any = None,
    include: Any = LISTED,
) -> Steps[GetResult]:
    """List one's own records."""
    wanted = included(include, LISTED)
    ask = Ask(ids=listed_ids(ids), where=parse(where, where_document), limit=limit, offset=offset or 0)
    return (yield from _listed(room, ask, wanted))


def peek(room: Room, /, limit: int = 10) -> Steps[GetResult]:
    """List the first records. Chroma adds their vectors here without being asked; they are withheld."""
    return (yield from _listed(room, Ask(limit=limit), [*LISTED, "embeddings"]))


def verify(room: Room, /, ids: Any, documents: Any) -> Steps[list[bool]]:
    """Say of each record whether this is exactly the document that was written, before it was scrubbed."""
    texts = [documents] if isinstance(documents, str) else list(documents)
    answer: list[bool] = yield Path(room, verifying(room, listed_ids(ids) or (), texts, resolve(room.bound)))
    return answer


def count(room: Room, /, read_level: Any = None) -> Steps[int]:  # noqa: ARG001 - every read is of the newest rows
    """Count one's own records."""
    number: int = yield _counting(room, Ask(restore=False), resolve(room.bound))
    return number


def query(
    room: Room,
    /,
    query_embeddings: Any = None,
    query_texts: Any = None,
    query_images: Any = None,
    query_uris: Any = None,
    ids: Any = None,
    n_results: int = 10,
    where: Any = None,
    where_document: Any = None,
    include: Any = RANKED,
) -> Steps[QueryResult]:
    """Find one's own records nearest to the queries."""
    target = queried(query_embeddings, query_texts, query_images, query_uris)
    if n_results < 1:
        raise TypeError("Number of requested results cannot be negative, or zero. in query.")
    wanted, among = included(include, RANKED), listed_ids(ids)
    ask = Ask(query=target, ids=among, where=parse(where, where_document), limit=n_results)
    who = resolve(room.bound)
    shown = yield from _shown(room, wanted)
    if among is not None:
        yield from _all_present(room, among, who)
    answer = yield Path(room, reading(room, ask, who))
    return query_result(answer, shown, room.store.traits.metric)


def _writing(room: Room, draft: Draft) -> Path:
    return Path(room, writing(room, draft, resolve(room.bound)))


def _counting(room: Room, ask: Ask, who: Acting) -> Path:
    return Path(room, counting(room, ask, who))


def _listed(room: Room, ask: Ask, wanted: list[str]) -> Steps[GetResult]:
    who = resolve(room.bound)
    shown = yield from _shown(room, wanted)
    return get_result((yield Path(room, reading(room, ask, who))), shown)


def _all_present(room: Room, wanted: tuple[RecordId, ...], who: Acting) -> Steps[None]:
    """Chroma fails a query among ids of which one is missing; a foreign id is a missing one."""
    there = yield _counting(room, Ask(ids=wanted, restore=False), who)
    if there < len(set(wanted)):
        raise InternalError("Error executing plan: Internal error: Error finding id")


def _shown(room: Room, wanted: list[str]) -> Steps[list[str]]:
    """Return what an answer shows of what was asked for: all but the vectors."""
    if "embeddings" in wanted:
        yield Withhold(room)
    return [each for each in wanted if each != "embeddings"]
