"""Every public name of chromadb's clients and collections, decided. A test fails on a name that is missing here."""

from __future__ import annotations

from chromadb.api.async_client import AsyncClient
from chromadb.api.client import Client
from chromadb.api.models.AsyncCollection import AsyncCollection
from chromadb.api.models.Collection import Collection

from vecguard.surface import ALLOWED, GUARDED, Decision, Denied, Surface

_RAW = "use the native client for administration, outside the guard"

_COLLECTION: dict[str, Decision] = {
    "add": GUARDED,
    "count": GUARDED,
    "delete": GUARDED,
    "get": GUARDED,
    "peek": GUARDED,
    "query": GUARDED,
    "update": GUARDED,
    "upsert": GUARDED,
    "configuration": ALLOWED,
    "configuration_json": ALLOWED,
    "database": ALLOWED,
    "id": ALLOWED,
    "metadata": ALLOWED,
    "name": ALLOWED,
    "schema": ALLOWED,
    "tenant": ALLOWED,
    "fork": Denied("it copies every owner's rows", "create a collection and write to it"),
    "fork_count": Denied("it belongs to fork"),
    "get_indexing_status": Denied("it counts the operations of every owner", "count() counts one's own rows"),
    "get_model": Denied("it leads to the native collection", "name, id, metadata and configuration are offered"),
    "modify": Denied("it renames or reconfigures the collection for every owner", _RAW),
    "search": Denied("its expressions cannot be confined where they can be tested", "use query() or get()"),
}

_CLIENT: dict[str, Decision] = {
    "create_collection": GUARDED,
    "delete_collection": GUARDED,
    "get_collection": GUARDED,
    "get_or_create_collection": GUARDED,
    "list_collections": GUARDED,
    "count_collections": ALLOWED,
    "database": ALLOWED,
    "get_max_batch_size": ALLOWED,
    "get_version": ALLOWED,
    "heartbeat": ALLOWED,
    "tenant": ALLOWED,
    "clear_system_cache": Denied("it drops systems that other clients share", _RAW),
    "from_system": Denied("it makes a native client"),
    "get_chroma_cloud_api_key_from_clients": Denied("it returns the API keys of all clients of the process"),
    "get_collection_by_id": Denied("collections are reached by name", "use get_collection(name)"),
    "get_settings": Denied("settings hold credentials"),
    "get_user_identity": Denied("it shows what the service account may reach"),
    "reset": Denied("it deletes every owner's rows", "use delete_collection(name), which deletes one's own"),
    "set_database": Denied("it switches to a database that was not checked", "wrap a client for that database"),
    "set_tenant": Denied("it switches to a tenant that was not checked", "wrap a client for that tenant"),
}

COLLECTION = Surface(
    "Collection",
    Collection,
    {
        **_COLLECTION,
        "attach_function": Denied("a server-side function reads every owner's rows"),
        "detach_function": Denied("it can delete an output collection of every owner", _RAW),
        "get_attached_function": Denied("it belongs to attach_function"),
    },
)

ASYNC_COLLECTION = Surface("AsyncCollection", AsyncCollection, _COLLECTION)

CLIENT = Surface(
    "Client",
    Client,
    {**_CLIENT, "close": Denied("it closes the client for every guarded object", _RAW)},
)

ASYNC_CLIENT = Surface(
    "AsyncClient",
    AsyncClient,
    {
        **_CLIENT,
        "create": Denied("it makes a native client"),
        "from_system_async": Denied("it makes a native client"),
    },
)
