"""From native points to a draft: ids, texts, payloads and vectors, column by column."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from typing import Any

import numpy as np
from qdrant_client.http import models as rest
from qdrant_client.local.local_collection import to_jsonable_python

from vecguard import BadInput, BadVector, Undecided
from vecguard.errors import shielded
from vecguard.records import Draft
from vecguard_qdrant import _ids


def draft(points: Any, text_keys: Sequence[str]) -> Draft:
    """Make a draft of points. Each needs a vector of its own: Qdrant would erase the one that is there."""
    ids, vectors, payloads = _columns(points)
    if not ids:
        raise BadInput("Empty update request")
    fields = [_json(payload, at) for at, payload in enumerate(payloads)]
    found = [next((key for key in text_keys if isinstance(each.get(key), str)), "") for each in fields]
    return Draft(
        verb="upsert",
        ids=tuple(_ids.written(each, at) for at, each in enumerate(ids)),
        texts=tuple(each.pop(key) if key else None for each, key in zip(fields, found, strict=True)),
        fields=tuple(fields),
        vectors=_stacked([dense(vector, at) for at, vector in enumerate(vectors)]),
        text_fields=tuple(found),
    )


def dense(vector: Any, position: int) -> Any:
    """Return the one dense vector of a point; every other kind is refused."""
    match vector:
        case Mapping() if not vector:
            raise BadVector(f"point {position} has no vector: an upsert would erase the one that is there")
        case Mapping() if set(vector) == {""}:
            return dense(vector[""], position)
        case Mapping():
            raise Undecided("named vectors are not guarded")
        case np.ndarray() if vector.ndim == 1:
            return vector
        case list() | tuple() if not any(isinstance(each, list | tuple | np.ndarray) for each in vector):
            return vector
        case list() | tuple() | np.ndarray():
            raise Undecided("multivectors are not guarded")
    raise Undecided(f"no rule covers a vector given as {type(vector).__name__}: embed the text, and pass a list")


def _columns(points: Any) -> tuple[Sequence[Any], Sequence[Any], Sequence[Any]]:
    if type(points) is rest.Batch:
        vectors: Any = points.vectors
        if isinstance(vectors, Mapping):
            if set(vectors) != {""}:
                raise Undecided("named vectors are not guarded")
            vectors = vectors[""]
        payloads = [None] * len(points.ids) if points.payloads is None else points.payloads
        if not len(points.ids) == len(vectors) == len(payloads):
            raise BadInput("ids, vectors and payloads of a Batch differ in number")
        return points.ids, vectors, payloads
    if not isinstance(points, list | tuple):
        raise Undecided(f"points are a list of PointStruct or a Batch, not {type(points).__name__}")
    for point in points:
        if type(point) is not rest.PointStruct:
            raise Undecided(f"points are PointStructs of qdrant_client.models, not {type(point).__name__}")
    return [each.id for each in points], [each.vector for each in points], [each.payload for each in points]


def _json(payload: Any, position: int) -> dict[str, Any]:
    """Turn a payload into what Qdrant would store: dates and UUIDs become strings. It is a copy all through."""
    if payload is None:
        return {}
    made = shielded(
        lambda name: BadInput(f"the payload of point {position} is not JSON ({name})"),
        lambda: to_jsonable_python(payload),
    )
    if not isinstance(made, dict):
        raise BadInput(f"the payload of point {position} is not a dict")
    return made


def _stacked(vectors: list[Any]) -> Any:
    """Return vectors as rows; where they differ in length, they stay a list for admission to refuse."""
    return vectors if len({len(each) for each in vectors}) > 1 else np.asarray(vectors)
