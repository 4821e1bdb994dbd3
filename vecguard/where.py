"""A small filter language of dictionaries, parsed into the neutral one. It is Chroma's; FAISS has none of its own.

{"ward": "B2"}   {"age": {"$gte": 65}}   {"$and": [{"ward": {"$in": ["B2", "C1"]}}, {"open": True}]}
"""

from __future__ import annotations

from collections.abc import Mapping
from typing import Any

from vecguard.errors import BadInput, Undecided
from vecguard.filters import TEXT, All, AnyOf, Compare, Not, Predicate, Scalar

_ORDER = {"$gt": "gt", "$gte": "gte", "$lt": "lt", "$lte": "lte"}
_SHAPE = "where is a dict with one field or one operator, such as {'ward': 'B2'} or {'$and': [...]}"


def parse(where: Any, where_document: Any) -> Predicate:
    """Parse both filters of a call; what has no meaning here is refused, as Chroma refuses what it does not know."""
    parts = [_where(where)] if where is not None else []
    if where_document is not None:
        parts.append(_document(where_document))
    return All(tuple(parts))


def _single(clause: Any) -> tuple[str, Any]:
    if not isinstance(clause, Mapping) or len(clause) != 1:
        raise BadInput(f"Expected {_SHAPE}")
    ((name, value),) = clause.items()
    if not isinstance(name, str):
        raise BadInput(f"Expected {_SHAPE}")
    return name, value


def _several(clauses: Any) -> list[Any]:
    if not isinstance(clauses, list) or len(clauses) < 2:
        raise BadInput("Expected $and and $or to hold a list of two filters or more")
    return clauses


def _where(clause: Any) -> Predicate:
    name, value = _single(clause)
    match name:
        case "$and":
            return All(tuple(_where(each) for each in _several(value)))
        case "$or":
            return AnyOf(tuple(_where(each) for each in _several(value)))
    if name.startswith(("$", "#")):
        raise Undecided("no rule covers this operator of where")
    if not isinstance(value, Mapping):
        return Compare((name,), "eq", _scalar(value))
    operator, operand = _single(value)
    return _comparison((name,), operator, operand)


_NEGATIONS = {"$ne": "$eq", "$nin": "$in", "$not_contains": "$contains"}


def _comparison(path: tuple[str, ...], operator: str, operand: Any) -> Predicate:
    if operator in _NEGATIONS:
        return Not(_comparison(path, _NEGATIONS[operator], operand))
    match operator:
        case "$eq":
            return Compare(path, "eq", _scalar(operand))
        case "$in":
            return Compare(path, "in", _scalars(operand))
        case "$contains":
            return Compare(path, "contains", _scalar(operand))
        case "$gt" | "$gte" | "$lt" | "$lte":
            bound = _scalar(operand)
            if isinstance(bound, str | bool):
                raise BadInput("Expected operand value to be an int or a float for $gt, $gte, $lt and $lte")
            return Compare(path, _ORDER[operator], bound)  # type: ignore[arg-type]  # the four names are ops
    raise Undecided("no rule covers this operator of where")


def _document(clause: Any) -> Predicate:
    operator, operand = _single(clause)
    match operator:
        case "$and":
            return All(tuple(_document(each) for each in _several(operand)))
        case "$or":
            return AnyOf(tuple(_document(each) for each in _several(operand)))
        case "$contains" if isinstance(operand, str) and operand:
            return Compare(TEXT, "text", operand)
        case "$not_contains" if isinstance(operand, str) and operand:
            return Not(Compare(TEXT, "text", operand))
        case "$regex" | "$not_regex":
            raise Undecided("regular expressions over texts are denied; use $contains")
    raise BadInput("Expected where_document to be {'$contains': text}, {'$not_contains': text}, $and or $or of these")


def _scalar(value: Any) -> Scalar:
    if not isinstance(value, str | int | float):
        raise BadInput("Expected a filter value to be a str, int, float or bool")
    return value


def _scalars(values: Any) -> tuple[Scalar, ...]:
    if not isinstance(values, list) or not values:
        raise BadInput("Expected $in and $nin to hold a list of values")
    return tuple(_scalar(each) for each in values)
