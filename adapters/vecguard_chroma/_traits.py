"""What the guard must know of a collection before it writes to it."""

from __future__ import annotations

from typing import Any

from vecguard import Undecided
from vecguard.ports import Traits
from vecguard.records import Metric

_METRICS: dict[str, Metric] = {"cosine": "cosine", "l2": "l2", "ip": "dot"}


def traits_of(collection: Any) -> Traits:
    """Say what kind of collection this is. All of it is in the native object: nothing is asked of a server."""
    client: Any = collection._client  # noqa: SLF001 - Chroma offers no public way from a collection to its settings
    in_process = type(client).__name__ in ("RustBindingsAPI", "SegmentAPI")
    folder = client.get_settings().persist_directory if in_process and client.get_settings().is_persistent else None
    # rows outlive this process in all but an in-process client without a folder
    return Traits("chroma", _metric(collection), None, persistent=not in_process or folder is not None, folder=folder)


def _metric(collection: Any) -> Metric:
    configuration: Any = collection.configuration
    space = next((index["space"] for name in ("hnsw", "spann") if (index := configuration.get(name))), "l2")
    if space not in _METRICS:
        raise Undecided(f"collections with the space {space} are not guarded")
    return _METRICS[space]
