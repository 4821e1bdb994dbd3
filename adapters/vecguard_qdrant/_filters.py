"""Qdrant's filters parsed into the neutral language. What has no meaning there is refused, never passed on.

Filters come as REST models; a model or a field of one that is not known here raises `Undecided`, so that a newer client
cannot say anything that nobody looked at. The caller's own filter is only read.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from math import inf
from typing import Any

from pydantic import BaseModel
from qdrant_client.http import models as rest

from vecguard import Undecided
from vecguard.filters import EVERYTHING, TEXT, AnyOf, Compare, Not, Path, Predicate, all_of
from vecguard.records import RecordId
from vecguard_qdrant import _ids

_PATH = re.compile(r"[\w-]+(?:\.[\w-]+)*")

_NOTHING = Compare(TEXT, "in", ())
"""A predicate that no record satisfies and no store evaluates."""


@dataclass(frozen=True, slots=True)
class Parsed:
    """A filter, and the ids that it demands at its top, which only the guard can map to those of the store."""

    where: Predicate = EVERYTHING
    ids: tuple[RecordId, ...] | None = None


def parse(given: Any, text_keys: Sequence[str]) -> Parsed:
    """Parse a filter. `text_keys` are fields that hold a record's text, which the store does not have in clear."""
    return Parsed() if given is None else _Parser(frozenset(text_keys)).filter(given)


class _Parser:
    def __init__(self, text_keys: frozenset[str]) -> None:
        self._text_keys = text_keys

    def filter(self, given: Any) -> Parsed:
        """Parse a `Filter`: its four clauses hold together."""
        clauses = _said(given, rest.Filter, "must", "must_not", "should", "min_should")
        musts = [self._must(each) for each in _listed(clauses.get("must"))]
        parts = [each.where for each in musts]
        parts += [Not(self._condition(each)) for each in _listed(clauses.get("must_not"))]
        if should := _listed(clauses.get("should")):  # an empty one states no alternatives
            parts.append(AnyOf(tuple(self._condition(each) for each in should)))
        if "min_should" in clauses:
            parts.append(self._min_should(clauses["min_should"]))
        return Parsed(all_of(*parts), _intersection([each.ids for each in musts if each.ids is not None]))

    def _must(self, given: Any) -> Parsed:
        match given:
            case rest.Filter():
                return self.filter(given)
            case rest.HasIdCondition():
                return Parsed(ids=_ids.all_looked_up(_said(given, rest.HasIdCondition, "has_id")["has_id"]))
        return Parsed(self._condition(given))

    def _min_should(self, given: Any) -> Predicate:
        said = _said(given, rest.MinShould, "conditions", "min_count")
        if said["min_count"] < 1:
            raise ValueError(f"min_count value {said['min_count']} is invalid. Must be 1 or larger.")
        return AnyOf(tuple(self._condition(each) for each in said["conditions"]), said["min_count"])

    def _condition(self, given: Any) -> Predicate:
        match given:
            case rest.FieldCondition():
                return self._field(given)
            case rest.IsEmptyCondition():
                return self._empty(_said(given.is_empty, rest.PayloadField, "key")["key"])
            case rest.Filter():
                inner = self.filter(given)
                if inner.ids is not None:
                    raise _ids_too_deep()
                return inner.where
            case rest.HasIdCondition():
                raise _ids_too_deep()
            case rest.IsNullCondition():
                raise _no_nulls()
        raise Undecided(f"no rule covers {type(given).__name__} in a filter")

    def _field(self, given: rest.FieldCondition) -> Predicate:
        said = _said(given, rest.FieldCondition, "key", "match", "range", "is_empty", "is_null")
        key = said.pop("key")
        if len(said) != 1:
            raise Undecided("a FieldCondition says one thing: match, range or is_empty")
        match said:
            case {"match": wanted}:
                return self._compare(key, *_match(wanted))
            case {"range": wanted}:
                return self._compare(key, *_range(wanted))
            case {"is_empty": bool(wanted)}:
                return self._empty(key) if wanted else Not(self._empty(key))
        raise _no_nulls()

    def _empty(self, key: str) -> Predicate:
        return Not(Compare(_path(key), "exists"))

    def _compare(self, key: str, op: Any, value: Any) -> Predicate:
        comparison = Compare(_path(key), op, value, each=True)
        if key in self._text_keys:  # sealed, or under a field of its own: the guard alone can compare it
            return AnyOf((comparison, _NOTHING))
        return comparison


def _said(given: Any, model: type[BaseModel], *known: str) -> dict[str, Any]:
    """Return what a model says. A subclass, a dict, a gRPC message or a field that is not known is refused."""
    if type(given) is not model:
        raise Undecided(f"expected {model.__name__} of qdrant_client.models and got {type(given).__name__}")
    said = {name: value for name in model.model_fields if (value := getattr(given, name)) is not None}
    if unknown := sorted(name for name in said if name not in known):
        raise Undecided(f"no rule covers {', '.join(unknown)} of {model.__name__}")
    return said


def _listed(clause: Any) -> list[Any]:
    return [] if clause is None else clause if isinstance(clause, list) else [clause]


def _path(key: str) -> Path:
    if not _PATH.fullmatch(key):
        raise Undecided("filter keys are names joined by dots; brackets and quotes are not guarded")
    return tuple(key.split("."))


_MATCHES: dict[type[BaseModel], tuple[str, str, Callable[[Any], Any]]] = {
    rest.MatchValue: ("value", "eq", lambda value: value),
    rest.MatchAny: ("any", "in", tuple),
    rest.MatchExcept: ("except_", "except", tuple),
    rest.MatchText: ("text", "words", str),
}


def _match(given: Any) -> tuple[str, Any]:
    """Parse a match. `MatchText` compares words as Qdrant does on a field without a text index of its own."""
    if type(given) not in _MATCHES:
        raise Undecided(f"no rule covers {type(given).__name__} in a filter")
    name, op, made = _MATCHES[type(given)]
    return op, made(_said(given, type(given), name)[name])


def _range(given: Any) -> tuple[str, Any]:
    if type(given) is rest.DatetimeRange:
        raise Undecided("ranges of dates are not guarded: store a number, such as seconds since the epoch")
    said = _said(given, rest.Range, "gt", "gte", "lt", "lte")
    if len(said) == 1:
        return next(iter(said.items()))
    return "within", (said.get("gt", -inf), said.get("gte", -inf), said.get("lt", inf), said.get("lte", inf))


def _intersection(demands: list[tuple[RecordId, ...]]) -> tuple[RecordId, ...] | None:
    """Return the ids that every demand has, None if there is no demand."""
    if not demands:
        return None
    common = set.intersection(*({_ids.key(each) for each in demand} for demand in demands))
    return tuple(each for each in demands[0] if _ids.key(each) in common)


def _ids_too_deep() -> Undecided:
    return Undecided("HasIdCondition stands under must; anywhere else it is not guarded")


def _no_nulls() -> Undecided:
    return Undecided("the guard does not tell null from absent: use is_empty")
