"""The guard's answers as Chroma's results: columns, of which those that were not asked for are None."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any, cast

import numpy as np
from chromadb.api.types import GetResult, QueryResult

from vecguard.records import Answer, Hit, Metric


def get_result(answer: Answer, shown: list[str]) -> GetResult:
    """Return the records of a listing."""
    hits = answer.hits
    result: dict[str, Any] = {
        "ids": [hit.record.id.given for hit in hits],
        "embeddings": None,
        "documents": _documents(hits) if "documents" in shown else None,
        "uris": [None for _ in hits] if "uris" in shown else None,
        "included": shown,
        "data": None,
        "metadatas": _metadatas(hits) if "metadatas" in shown else None,
    }
    return cast(GetResult, result)


def query_result(answer: Answer, shown: list[str], metric: Metric) -> QueryResult:
    """Return the records found, one group per query."""
    groups = answer.groups
    result: dict[str, Any] = {
        "ids": [[hit.record.id.given for hit in hits] for hits in groups],
        "embeddings": None,
        "documents": [_documents(hits) for hits in groups] if "documents" in shown else None,
        "uris": [[None for _ in hits] for hits in groups] if "uris" in shown else None,
        "included": shown,
        "data": None,
        "metadatas": [_metadatas(hits) for hits in groups] if "metadatas" in shown else None,
        "distances": [_distances(hits, metric) for hits in groups] if "distances" in shown else None,
    }
    return cast(QueryResult, result)


def _documents(hits: Sequence[Hit]) -> list[str | None]:
    return [hit.record.text for hit in hits]


def _metadatas(hits: Sequence[Hit]) -> list[Any]:
    return [dict(hit.record.fields) or None for hit in hits]


def _distances(hits: Sequence[Hit], metric: Metric) -> list[Any]:
    """Chroma's distances: 1 - cosine, 1 - inner product, or squared L2; computed natively in float32."""
    return [None if hit.score is None else float(np.float32(_distance(hit.score, metric))) for hit in hits]


def _distance(score: float, metric: Metric) -> float:
    return score if metric == "l2" else 1.0 - score
