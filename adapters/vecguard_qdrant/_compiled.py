"""The neutral filter language compiled into Qdrant's filters, for the store. Everything joins under `must`."""

from __future__ import annotations

from collections.abc import Iterable
from math import isinf
from typing import Any, assert_never
from uuid import UUID

from qdrant_client.http import models as rest

from vecguard import Undecided
from vecguard.filters import All, AnyOf, Compare, Ids, Not, Predicate


def point_id(backend_id: str) -> str:
    """Spell a backend id as Qdrant returns it."""
    return str(UUID(hex=backend_id))


def has_id(backend_ids: Iterable[str]) -> rest.HasIdCondition:
    """Return the condition that a point is one of these."""
    return rest.HasIdCondition(has_id=[point_id(each) for each in sorted(backend_ids)])


def compiled(predicate: Predicate) -> rest.Filter:
    """Compile into one filter."""
    parts = predicate.parts if isinstance(predicate, All) else (predicate,)
    return rest.Filter(must=[_condition(part) for part in parts])


def _condition(predicate: Predicate) -> Any:
    match predicate:
        case All():
            return compiled(predicate)
        case AnyOf(parts, least):  # never `should`: Qdrant takes an empty one for everything
            conditions = [_condition(part) for part in parts]
            return rest.Filter(min_should=rest.MinShould(conditions=conditions, min_count=least))
        case Not(part):
            return rest.Filter(must_not=[_condition(part)])
        case Ids(ids):
            return has_id(ids)
        case Compare():
            return rest.FieldCondition(key=".".join(predicate.path), **_comparison(predicate))
        case _:
            assert_never(predicate)


_BOUNDS = ("gt", "gte", "lt", "lte")


def _comparison(ask: Compare) -> dict[str, Any]:
    match ask.op, ask.value:
        case "eq", str() | int() as value:
            return {"match": rest.MatchValue(value=value)}
        case "eq", float(value):  # only whole numbers, strings and booleans are matched
            return {"range": rest.Range(gte=value, lte=value)}
        case "in", tuple(values):
            kinds: Any = list(values)  # all strings or all numbers, as they were parsed
            return {"match": rest.MatchAny(any=kinds)}
        case ("gt" | "gte" | "lt" | "lte") as op, int() | float() as value:
            return {"range": rest.Range(**{op: float(value)})}
        case "within", tuple(bounds):
            named = zip(_BOUNDS, map(float, bounds), strict=True)
            return {"range": rest.Range(**{op: value for op, value in named if not isinf(value)})}
    raise Undecided("this filter cannot be expressed in Qdrant")
