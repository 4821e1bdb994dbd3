"""The guarded verbs of a client, as steps that serve both clients: they end with the rooms of collections.

Names and settings of collections are not secret; their records are. Deleting a collection deletes one's own records.
"""

from __future__ import annotations

from typing import Any

from chromadb.api.types import DefaultEmbeddingFunction

from vecguard import Undecided
from vecguard.facade import Room, forgetting
from vecguard.principal import resolve
from vecguard.records import Ask
from vecguard.steps import Native, Path, Steps
from vecguard_chroma._rooms import entered, reached

_DEFAULT: Any = DefaultEmbeddingFunction()


def create_collection(
    room: Room,
    /,
    name: str,
    schema: Any = None,
    configuration: Any = None,
    metadata: Any = None,
    embedding_function: Any = _DEFAULT,
    data_loader: Any = None,
    get_or_create: bool = False,
) -> Steps[Room]:
    """Create a collection and guard it."""
    _plain(schema, data_loader)
    native = yield Native(
        "create_collection",
        name=name,
        configuration=configuration,
        metadata=metadata,
        embedding_function=embedding_function,
        get_or_create=get_or_create,
    )
    return (yield from entered(room, native))


def get_collection(
    room: Room, /, name: str, embedding_function: Any = _DEFAULT, data_loader: Any = None
) -> Steps[Room]:
    """Return a guarded collection."""
    _plain(None, data_loader)
    native = yield Native("get_collection", name=name, embedding_function=embedding_function)
    return (yield from entered(room, native))


def get_or_create_collection(
    room: Room,
    /,
    name: str,
    schema: Any = None,
    configuration: Any = None,
    metadata: Any = None,
    embedding_function: Any = _DEFAULT,
    data_loader: Any = None,
) -> Steps[Room]:
    """Return a guarded collection, creating it if it is not there."""
    _plain(schema, data_loader)
    native = yield Native(
        "get_or_create_collection",
        name=name,
        configuration=configuration,
        metadata=metadata,
        embedding_function=embedding_function,
    )
    return (yield from entered(room, native))


def list_collections(room: Room, /, limit: int | None = None, offset: int | None = None) -> Steps[list[Room]]:
    """List collections. Names are not secret; each is checked for unguarded rows when it is used."""
    listed = yield Native("list_collections", limit=limit, offset=offset)
    return [reached(room, each) for each in listed]


def delete_collection(room: Room, /, name: str) -> Steps[None]:
    """Delete one's own records; the native collection goes when nobody else has any in it."""
    who = resolve(room.bound)
    at = yield from entered(room, (yield Native("get_collection", name=name, embedding_function=None)))
    assert at.shelf is not None  # noqa: S101 - the room of a collection has one
    yield Path(at, forgetting(at, Ask(restore=False), who))
    if (yield Path(at, at.guard.deserted(at.shelf))):
        yield Native("delete_collection", name=name)


def _plain(schema: Any, data_loader: Any) -> None:
    if schema is not None:
        raise Undecided("schemas can embed texts inside Chroma, before they are scrubbed; use configuration=")
    if data_loader is not None:
        raise Undecided("data loaders are not guarded")
