"""A neutral filter language: what a caller may ask of fields, ids and text, whichever store is underneath.

An adapter's face parses the native filter into these values (what it cannot parse is refused), the guard evaluates
them on authenticated records (`holds`), and the adapter's store compiles them back into native filter objects. The
owner scope is one more predicate in the same language, so it cannot be composed in any other way than AND.

Not every predicate can be evaluated by a store that holds sealed fields: `pushable` says which can, and `relax` gives
the strongest weaker predicate that a store can evaluate. The guard always evaluates the whole.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias, assert_never

Scalar: TypeAlias = str | int | float | bool
Path: TypeAlias = tuple[str, ...]
Op: TypeAlias = Literal[
    "eq", "in", "except", "gt", "gte", "lt", "lte", "within", "contains", "text", "words", "exists", "null"
]

TEXT: Path = ()
"""The path of the record's own text."""


@dataclass(frozen=True, slots=True)
class Compare:
    """One field against one value.

    `each` makes a list field hold if any of its elements does (Qdrant's rule); without it a list never equals a
    scalar (Chroma's). `contains` asks for an element of a list, `text` for a substring, `words` for all words of the
    value, whole and in any case; `except` for a value that is none of these; `within` for a number inside four bounds
    (above, from, below, to; infinite where there is none), which one element of a list must satisfy together;
    `exists` and `null` ignore the value.
    """

    path: Path
    op: Op
    value: Scalar | tuple[Scalar, ...] = True
    each: bool = False


@dataclass(frozen=True, slots=True)
class All:
    """Every part holds; an empty conjunction holds."""

    parts: tuple[Predicate, ...]


@dataclass(frozen=True, slots=True)
class AnyOf:
    """At least `least` parts hold."""

    parts: tuple[Predicate, ...]
    least: int = 1


@dataclass(frozen=True, slots=True)
class Not:
    """The part does not hold. A missing field makes it hold, as it does in Chroma and Qdrant."""

    part: Predicate


@dataclass(frozen=True, slots=True)
class Ids:
    """The record's backend id is one of these."""

    ids: frozenset[str]


Predicate: TypeAlias = Compare | All | AnyOf | Not | Ids

EVERYTHING = All(())


def all_of(*parts: Predicate | None) -> Predicate:
    """Conjunction of the parts that are there, flattened one level so that native filters stay small."""
    flat: list[Predicate] = []
    for part in parts:
        if part is not None:
            flat.extend(part.parts if isinstance(part, All) else (part,))
    return flat[0] if len(flat) == 1 else All(tuple(flat))


def same(left: object, right: object) -> bool:
    """Equality that keeps booleans apart from numbers (Python has True == 1; no store has)."""
    return isinstance(left, bool) == isinstance(right, bool) and left == right


def holds(predicate: Predicate, backend_id: str, value_at: Callable[[Path], object]) -> bool:
    """Evaluate on one record, given its backend id and a reader of its fields (None where there is nothing)."""
    match predicate:
        case All(parts):
            return all(holds(part, backend_id, value_at) for part in parts)
        case AnyOf(parts, least):
            return sum(holds(part, backend_id, value_at) for part in parts) >= least
        case Not(part):
            return not holds(part, backend_id, value_at)
        case Ids(ids):
            return backend_id in ids
        case Compare():
            return _compare(predicate, value_at(predicate.path))
        case _:
            assert_never(predicate)


def _compare(ask: Compare, value: object) -> bool:
    if ask.op == "exists":
        return value is not None and value != []
    if ask.op == "null":
        return value is None
    if ask.op == "contains":
        return isinstance(value, list | tuple) and any(same(each, ask.value) for each in value)
    if ask.each and isinstance(value, list | tuple):
        return any(_scalar(ask, each) for each in value)
    return _scalar(ask, value)


_ORDER: Mapping[str, Callable[[float, float], bool]] = {
    "gt": lambda a, b: a > b,
    "gte": lambda a, b: a >= b,
    "lt": lambda a, b: a < b,
    "lte": lambda a, b: a <= b,
}

_BOUNDS: tuple[Op, ...] = ("gt", "gte", "lt", "lte")


def _scalar(ask: Compare, value: object) -> bool:  # noqa: PLR0911 - one return per operator
    match ask.op, ask.value:
        case "eq", wanted:
            return same(value, wanted)
        case "in", tuple(wanted):
            return any(same(value, each) for each in wanted)
        case "except", tuple(unwanted):
            return value is not None and not any(same(value, each) for each in unwanted)
        case "within", tuple(bounds):
            return all(_scalar(Compare(ask.path, op, at), value) for op, at in zip(_BOUNDS, bounds, strict=True))
        case "text", str(wanted):
            return isinstance(value, str) and wanted in value
        case "words", str(wanted):
            return isinstance(value, str) and bool(words := _words(wanted)) and words <= _words(value)
        case ("gt" | "gte" | "lt" | "lte") as op, int() | float() as bound:
            return isinstance(value, int | float) and not isinstance(value, bool) and _ORDER[op](value, bound)
    return False


def _words(text: str) -> set[str]:
    return {word.lower() for word in re.findall(r"[^\W_]+", text)}


def pushable(predicate: Predicate, clear: Callable[[Compare], bool]) -> bool:
    """Whether a store evaluates this exactly, where `clear` says if it holds all that a comparison can match."""
    match predicate:
        case All(parts) | AnyOf(parts, _):
            return all(pushable(part, clear) for part in parts)
        case Not(part):
            return pushable(part, clear)
        case Ids():
            return True
        case Compare():
            return clear(predicate)
        case _:
            assert_never(predicate)


def relax(predicate: Predicate, clear: Callable[[Compare], bool]) -> Predicate:
    """Return what a store can evaluate of this: never narrower than the whole, so that no row is lost."""
    match predicate:
        case All(parts):
            return all_of(*(relax(part, clear) for part in parts))
        case _:
            return predicate if pushable(predicate, clear) else EVERYTHING


def rewrite(predicate: Predicate, change: Callable[[Compare], Predicate]) -> Predicate:
    """Copy the predicate with every comparison passed through `change` (scrubbing of filter values)."""
    match predicate:
        case All(parts):
            return All(tuple(rewrite(part, change) for part in parts))
        case AnyOf(parts, least):
            return AnyOf(tuple(rewrite(part, change) for part in parts), least)
        case Not(part):
            return _negated(rewrite(part, change), part)
        case Ids():
            return predicate
        case Compare():
            return change(predicate)
        case _:
            assert_never(predicate)


def _negated(changed: Predicate, part: Predicate) -> Predicate:
    """Negate what became of a part. Stores negate comparisons and few of them more, so one that was parted stays so."""
    if isinstance(part, Compare) and isinstance(changed, AnyOf) and changed.least == 1:
        return All(tuple(Not(each) for each in changed.parts))
    return Not(changed)


def mentions(predicate: Predicate, prefix: str) -> bool:
    """Whether any comparison names a field with this prefix, at any level of its path."""
    match predicate:
        case All(parts) | AnyOf(parts, _):
            return any(mentions(part, prefix) for part in parts)
        case Not(part):
            return mentions(part, prefix)
        case Ids():
            return False
        case Compare(path=path):
            return any(step.startswith(prefix) for step in path)
        case _:
            assert_never(predicate)
