"""From records to Qdrant's result types. Payloads look as they were written; there is no vector to put anywhere."""

from __future__ import annotations

from collections.abc import Sequence
from typing import Any

import numpy as np
from qdrant_client.http import models as rest
from qdrant_client.local.local_collection import LocalCollection

from vecguard import Undecided
from vecguard.fields import RESERVED
from vecguard.records import Hit, Metric, Record

_SELECTORS = (bool, list, tuple, rest.PayloadSelectorInclude, rest.PayloadSelectorExclude)

HIDDEN_SCORE = 0.0
"""Stands where the policy hides scores: the native type wants a number."""


def checked_selector(with_payload: Any) -> Any:
    """Return a payload selector of a kind that is known and well-formed, or refuse it before anything is read."""
    if with_payload is not None and type(with_payload) not in _SELECTORS:
        raise Undecided(f"no rule covers with_payload given as {type(with_payload).__name__}")
    _select({}, with_payload)
    return with_payload


def native_record(record: Record, with_payload: Any) -> rest.Record:
    """Return a record as `scroll` and `retrieve` have it."""
    return rest.Record(id=record.id.given, payload=_select(_payload(record), with_payload))


def scored(hit: Hit, with_payload: Any, metric: Metric) -> rest.ScoredPoint:
    """Return a hit as `query_points` has it."""
    return _scored_point(hit.record, _native_score(hit.score, metric), with_payload)


def unscored(record: Record, with_payload: Any) -> rest.ScoredPoint:
    """Return a record as `query_points` lists it without a query: everything scores 1."""
    return _scored_point(record, 1.0, with_payload)


def completed() -> rest.UpdateResult:
    """Return the outcome of every write: it is answered once it was read back."""
    return rest.UpdateResult(operation_id=0, status=rest.UpdateStatus.COMPLETED)


def own_info(info: rest.CollectionInfo, count: int) -> rest.CollectionInfo:
    """Return a collection's info with every count that speaks of points being that of one owner, or gone."""
    indexes = {
        name: index.model_copy(update={"points": min(index.points, count)})
        for name, index in info.payload_schema.items()
        if not name.startswith(RESERVED)
    }
    changes: dict[str, Any] = {
        "points_count": count,
        "indexed_vectors_count": count if info.indexed_vectors_count else 0,
        "payload_schema": indexes,
        "update_queue": None,
        "warnings": None,
    }
    return info.model_copy(update={name: each for name, each in changes.items() if name in type(info).model_fields})


def threshold(given: float | None, metric: Metric) -> float | None:
    """Return the core's inclusive bound on scores for Qdrant's exclusive one on cosine, product or distance."""
    if given is None:
        return None
    if metric == "l2":
        return float(np.nextafter(given * given, -np.inf)) if given > 0 else -1.0
    return float(np.nextafter(given, np.inf))


def _native_score(score: float | None, metric: Metric) -> float:
    if score is None:
        return HIDDEN_SCORE
    return float(np.float32(np.sqrt(score) if metric == "l2" else score))


def _scored_point(record: Record, score: float, with_payload: Any) -> rest.ScoredPoint:
    return rest.ScoredPoint(id=record.id.given, version=0, score=score, payload=_select(_payload(record), with_payload))


def _payload(record: Record) -> dict[str, Any]:
    if record.text is None:
        return dict(record.fields)
    return {record.text_field: record.text, **record.fields}


def _select(payload: dict[str, Any], with_payload: Any) -> dict[str, Any] | None:
    """Apply a selector with Qdrant's own rules; they are kept in its local mode, and a test holds us to them."""
    native = LocalCollection._process_payload  # noqa: SLF001 - the client offers its selector rules nowhere else
    return native(payload, list(with_payload) if isinstance(with_payload, Sequence) else with_payload)
