"""The verbs about collections. Names, settings and metadata of collections are not secret; their points are."""

from __future__ import annotations

from typing import Any

from qdrant_client.http import models as rest

from vecguard import Undecided
from vecguard.facade import Room, counting, forgetting, refuse_unknown
from vecguard.principal import resolve
from vecguard.records import Ask
from vecguard.rules import OWNER_FIELD
from vecguard.steps import Native, Path, Steps
from vecguard_qdrant._collections import checked_vectors, is_local, opened, shelves
from vecguard_qdrant._results import own_info
from vecguard_qdrant._surface import SYNC


def create_collection(
    room: Room,
    /,
    collection_name: str,
    vectors_config: Any = None,
    sparse_vectors_config: Any = None,
    shard_number: int | None = None,
    sharding_method: Any = None,
    replication_factor: int | None = None,
    write_consistency_factor: int | None = None,
    on_disk_payload: bool | None = None,
    hnsw_config: Any = None,
    optimizers_config: Any = None,
    wal_config: Any = None,
    quantization_config: Any = None,
    timeout: int | None = None,
    strict_mode_config: Any = None,
    metadata: Any = None,
    payload: Any = None,
    id_tracker: Any = None,
    **kwargs: Any,
) -> Steps[bool]:
    """Create a collection of one unnamed dense vector, with an index that keeps each owner's points together."""
    refuse_unknown(SYNC, kwargs)
    checked_vectors(vectors_config, sparse_vectors_config)
    if sharding_method == rest.ShardingMethod.CUSTOM:
        raise Undecided("custom sharding is not guarded: shard keys are not taken on writes")
    settings = {
        "shard_number": shard_number,
        "sharding_method": sharding_method,
        "replication_factor": replication_factor,
        "write_consistency_factor": write_consistency_factor,
        "on_disk_payload": on_disk_payload,
        "hnsw_config": hnsw_config,
        "optimizers_config": optimizers_config,
        "wal_config": wal_config,
        "quantization_config": quantization_config,
        "timeout": timeout,
        "strict_mode_config": strict_mode_config,
        "metadata": metadata,
        "payload": payload,
        "id_tracker": id_tracker,
    }
    given = {name: value for name, value in settings.items() if value is not None}  # older clients know fewer names
    created: bool = yield Native(
        "create_collection", collection_name=collection_name, vectors_config=vectors_config, **given
    )
    shelves(room).drop(collection_name)
    if not is_local(room.native):  # which has no payload indexes
        index = rest.KeywordIndexParams(type=rest.KeywordIndexType.KEYWORD, is_tenant=True)
        yield Native(
            "create_payload_index",
            collection_name=collection_name,
            field_name=OWNER_FIELD,
            field_schema=index,
            wait=True,
        )
    return created


def collection_exists(room: Room, /, collection_name: str, **kwargs: Any) -> Steps[bool]:  # noqa: ARG001 - nobody's rows
    """Say whether a collection exists."""
    refuse_unknown(SYNC, kwargs)
    exists: bool = yield Native("collection_exists", collection_name=collection_name)
    return exists


def get_collections(room: Room, /, **kwargs: Any) -> Steps[rest.CollectionsResponse]:  # noqa: ARG001 - nobody's rows
    """List the names of all collections."""
    refuse_unknown(SYNC, kwargs)
    listed: rest.CollectionsResponse = yield Native("get_collections")
    return listed


def get_collection(room: Room, /, collection_name: str, **kwargs: Any) -> Steps[rest.CollectionInfo]:
    """Describe a collection. Its counts are those of one's own points."""
    refuse_unknown(SYNC, kwargs)
    who = resolve(room.bound)
    at = yield from opened(room, collection_name)
    number = yield Path(at, counting(at, Ask(restore=False), who))
    info = yield Native("get_collection", collection_name=collection_name)
    return own_info(info, number)


def delete_collection(room: Room, /, collection_name: str, timeout: int | None = None, **kwargs: Any) -> Steps[bool]:
    """Delete one's own points; the native collection goes when nobody else has any in it."""
    refuse_unknown(SYNC, kwargs)
    who = resolve(room.bound)
    if not (yield Native("collection_exists", collection_name=collection_name)):
        return False
    at = yield from opened(room, collection_name)
    assert at.shelf is not None  # noqa: S101 - an opened room has one
    yield Path(at, forgetting(at, Ask(restore=False), who))
    if (yield Path(at, at.guard.deserted(at.shelf))):
        shelves(room).drop(collection_name)
        given = {} if timeout is None else {"timeout": timeout}
        yield Native("delete_collection", collection_name=collection_name, **given)
    return True
