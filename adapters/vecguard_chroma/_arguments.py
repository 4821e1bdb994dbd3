"""Chroma's arguments, read as Chroma reads them: a single value is a list of one, an empty list is an error."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any, NoReturn

import numpy as np

from vecguard import BadId, BadInput, BadVector, Undecided
from vecguard.records import Draft, Query, RecordId, Verb

LISTED = ("metadatas", "documents")
RANKED = ("metadatas", "documents", "distances")


def drafted(verb: Verb, ids: Any, embeddings: Any, metadatas: Any, documents: Any, images: Any, uris: Any) -> Draft:
    """Return what a write brings."""
    if images is not None or uris is not None:
        raise Undecided("images and uris are not guarded; pass documents or embeddings")
    given = listed_ids(ids) or ()
    if embeddings is None and documents is None and (verb != "update" or metadatas is None):
        raise ValueError("You must provide either embeddings, documents, images, or uris.")
    listed = _column(metadatas, len(given), Mapping, "metadatas")
    return Draft(
        verb=verb,
        ids=given,
        texts=_column(documents, len(given), str, "documents"),
        fields=tuple(_fields(each, i) for i, each in enumerate(listed)),
        vectors=_matrix(embeddings),
        merge=verb != "insert",
    )


def queried(query_embeddings: Any, query_texts: Any, query_images: Any, query_uris: Any) -> Query:
    """Return what to search for."""
    if query_images is not None or query_uris is not None:
        raise Undecided("images and uris are not guarded; use query_texts or query_embeddings")
    if (query_embeddings is None) == (query_texts is None):
        raise ValueError("You must provide one of query_embeddings and query_texts.")
    texts = None if query_texts is None else _column(query_texts, None, str, "query_texts")
    return Query(texts=texts, vectors=_matrix(query_embeddings))


def included(include: Any, offered: tuple[str, ...]) -> list[str]:
    """Check what is to be included. Chroma wants a list; its own default is a tuple here."""
    if include is offered:
        return list(offered)
    if not isinstance(include, list):
        raise BadInput("Expected include to be a list")
    if "data" in include:
        raise Undecided("data loaders are not guarded")
    known = (*offered, "embeddings", "uris")
    if unknown := [each for each in include if each not in known]:
        raise BadInput(f"Expected include items to be among {', '.join(known)}; got {len(unknown)} other(s)")
    return include


def listed_ids(ids: Any) -> tuple[RecordId, ...] | None:
    """Return the ids of a call, None where it names none."""
    if ids is None:
        return None
    listed = [ids] if isinstance(ids, str) else list(ids) if isinstance(ids, Sequence) else _bad_ids()
    if not listed:
        raise BadInput("Expected IDs to be a non-empty list, got 0 IDs")
    if not all(isinstance(each, str) for each in listed):
        raise BadId("Expected each ID to be a str")
    return tuple(RecordId.text(each) for each in listed)


def _bad_ids() -> NoReturn:
    raise BadId("Expected IDs to be a list of str")


def _column(values: Any, count: int | None, kind: type, name: str) -> tuple[Any, ...]:
    """Return one value per record."""
    if values is None:
        return (None,) * (count or 0)
    listed = [values] if isinstance(values, kind) else values
    if not isinstance(listed, list | tuple) or not all(each is None or isinstance(each, kind) for each in listed):
        raise BadInput(f"Expected {name} to be a list of {kind.__name__}")
    if not listed:
        raise BadInput(f"Expected {name} to be a non-empty list")
    if count is not None and len(listed) != count:
        raise BadInput(f"Unequal lengths for fields: ids: {count}, {name}: {len(listed)}")
    return tuple(listed)


def _fields(metadata: Mapping[str, Any] | None, position: int) -> Mapping[str, Any] | None:
    if metadata is None:
        return None
    if not metadata:
        raise BadInput(f"Expected metadata to be a non-empty dict, got 0 metadata attributes in record {position}")
    if any(isinstance(value, Mapping) for value in metadata.values()):
        raise BadInput(f"Expected metadata values of record {position} to be str, int, float, bool, list or None")
    return metadata


def _matrix(embeddings: Any) -> Any:
    """Return embeddings as rows; one bare vector becomes one row."""
    if embeddings is None or (isinstance(embeddings, np.ndarray) and embeddings.ndim != 1):
        return embeddings
    if not isinstance(embeddings, Sequence | np.ndarray):
        raise BadVector("Expected embeddings to be a list of lists of numbers or an array of shape (n, d)")
    if len(embeddings) and isinstance(embeddings[0], int | float | np.number):
        return [embeddings]
    return embeddings
