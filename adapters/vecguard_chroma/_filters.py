"""The neutral filter language compiled into Chroma's `where` and `ids`."""

from __future__ import annotations

from typing import Any

from vecguard import Undecided
from vecguard.filters import All, AnyOf, Compare, Ids, Not, Predicate, Scalar


def compiled(predicate: Predicate) -> tuple[dict[str, Any] | None, list[str] | None]:
    """Compile into Chroma's `where` and `ids`, which it joins by AND."""
    parts = predicate.parts if isinstance(predicate, All) else (predicate,)
    ids = [sorted(part.ids) for part in parts if isinstance(part, Ids)]
    rest = [_native(part) for part in parts if not isinstance(part, Ids)]
    if len(ids) > 1:
        raise Undecided("one set of ids per filter")
    where = None if not rest else rest[0] if len(rest) == 1 else {"$and": rest}
    return where, ids[0] if ids else None


_NATIVE = {"eq": "$eq", "in": "$in", "gt": "$gt", "gte": "$gte", "lt": "$lt", "lte": "$lte"}
_NEGATED = {"eq": "$ne", "in": "$nin"}


def _native(predicate: Predicate) -> dict[str, Any]:
    match predicate:
        case All(parts) if len(parts) > 1:
            return {"$and": [_native(part) for part in parts]}
        case AnyOf(parts, 1) if len(parts) > 1:
            return {"$or": [_native(part) for part in parts]}
        case All((part,)) | AnyOf((part,), 1):
            return _native(part)
        case Not(Compare((name,), op, value)) if op in _NEGATED:
            return {name: {_NEGATED[op]: _operand(value)}}
        case Compare((name,), op, value) if op in _NATIVE:
            return {name: {_NATIVE[op]: _operand(value)}}
    raise Undecided("this filter cannot be expressed in Chroma")


def _operand(value: Scalar | tuple[Scalar, ...]) -> Any:
    return list(value) if isinstance(value, tuple) else value
