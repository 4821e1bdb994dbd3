"""Every public name of `QdrantClient` and `AsyncQdrantClient`, decided. A test fails on a name that is missing here."""

from __future__ import annotations

from qdrant_client import AsyncQdrantClient, QdrantClient

from vecguard.surface import ALLOWED, GUARDED, Decision, Denied, Surface

_RAW = "use the native client for administration, outside the guard"
_UPSERT = "upsert the whole point"
_ONE_BY_ONE = "call the guarded verbs one by one"
_ALL_OWNERS = "it concerns the points of every owner"
_COPY = Denied("a snapshot is a copy of every owner's points, vectors included", _RAW)
_LIST_COPIES = Denied("it belongs to snapshots", _RAW)
_CLUSTER = Denied("it administers the cluster", _RAW)
_SHARDS = Denied("shard keys are often names of tenants, and shards hold points of several", _RAW)
_RAW_API = Denied("it is a raw API without a guard")
_MODELS = Denied("models of the client embed texts before anybody scrubbed them", "give the guard an embedder")
_INDEX = Denied("an index is one for all owners", "create it on the native client")
_VECTORS = Denied("named vectors are not guarded", _UPSERT)
_MATRIX = Denied("distances between points add up to their vectors", "use query_points")
_ALIASES = Denied("an alias can be moved to a collection that was not checked", "use names of collections")
_PAYLOAD = Denied("payloads are sealed with their point", _UPSERT)

_SHARED: dict[str, Decision] = {
    "collection_exists": GUARDED,
    "count": GUARDED,
    "create_collection": GUARDED,
    "delete": GUARDED,
    "delete_collection": GUARDED,
    "get_collection": GUARDED,
    "get_collections": GUARDED,
    "query_points": GUARDED,
    "retrieve": GUARDED,
    "scroll": GUARDED,
    "upsert": GUARDED,
    "DEFAULT_BATCH_SIZE": ALLOWED,
    "info": ALLOWED,
    "batch_update_points": Denied("its operations are guarded as verbs only", _ONE_BY_ONE),
    "clear_payload": _PAYLOAD,
    "close": Denied("it closes the client for every guarded object", "close the native client where it was opened"),
    "cluster_collection_update": _CLUSTER,
    "cluster_status": _CLUSTER,
    "cluster_telemetry": _CLUSTER,
    "collection_cluster_info": _CLUSTER,
    "create_full_snapshot": _COPY,
    "create_payload_index": _INDEX,
    "create_shard_key": _SHARDS,
    "create_shard_snapshot": _COPY,
    "create_snapshot": _COPY,
    "create_vector_name": _VECTORS,
    "delete_full_snapshot": _LIST_COPIES,
    "delete_payload": _PAYLOAD,
    "delete_payload_index": _INDEX,
    "delete_shard_key": _SHARDS,
    "delete_shard_snapshot": _LIST_COPIES,
    "delete_snapshot": _LIST_COPIES,
    "delete_vector_name": _VECTORS,
    "delete_vectors": Denied("a point without its vector cannot be found", "use delete"),
    "facet": Denied("it counts values in fields that are sealed, over every owner", "use scroll with a filter"),
    "get_aliases": _ALIASES,
    "get_collection_aliases": _ALIASES,
    "get_embedding_size": _MODELS,
    "get_optimizations": Denied(_ALL_OWNERS, _RAW),
    "grpc_collections": _RAW_API,
    "grpc_points": _RAW_API,
    "http": _RAW_API,
    "init_options": Denied("it holds the API key"),
    "list_full_snapshots": _LIST_COPIES,
    "list_image_models": _MODELS,
    "list_late_interaction_multimodal_models": _MODELS,
    "list_late_interaction_text_models": _MODELS,
    "list_shard_keys": _SHARDS,
    "list_shard_snapshots": _LIST_COPIES,
    "list_snapshots": _LIST_COPIES,
    "list_sparse_models": _MODELS,
    "list_text_models": _MODELS,
    "migrate": Denied("it copies every owner's points with their vectors", _RAW),
    "overwrite_payload": _PAYLOAD,
    "query_batch_points": Denied("requests of a batch are not confined one by one", "call query_points for each"),
    "query_points_groups": Denied("it joins points of other collections without a filter", "use query_points"),
    "recover_current_peer": _CLUSTER,
    "recover_shard_snapshot": _COPY,
    "recover_snapshot": _COPY,
    "recreate_collection": Denied("it deletes every owner's points", "use delete_collection and create_collection"),
    "remove_peer": _CLUSTER,
    "search_matrix_offsets": _MATRIX,
    "search_matrix_pairs": _MATRIX,
    "set_payload": _PAYLOAD,
    "update_collection": Denied(_ALL_OWNERS, _RAW),
    "update_collection_aliases": _ALIASES,
    "update_vectors": Denied("a vector is masked with its text", _UPSERT),
    "upload_collection": Denied("its columns are not guarded", "use upload_points or upsert"),
}

SYNC = Surface("QdrantClient", QdrantClient, {**_SHARED, "upload_points": GUARDED})

ASYNC = Surface(
    "AsyncQdrantClient",
    AsyncQdrantClient,
    {
        **_SHARED,
        "upload_points": Denied(
            "it is no coroutine, so it cannot wait for the store", "use `await client.upsert(...)`, batch by batch"
        ),
    },
)
