"""Fields of a record: which stay clear, one encoding for what is authenticated, and reading them by path."""

from __future__ import annotations

import json
import math
from collections.abc import Callable, Mapping
from typing import Any

from vecguard.errors import BadInput, ReservedField
from vecguard.filters import Compare, Path
from vecguard.policy import Metadata
from vecguard.ports import Traits
from vecguard.records import Fields, Record

RESERVED = "_vg_"
_DEEPEST = 32
_LARGEST_INT = 2**63 - 1
_CANONICAL = json.JSONEncoder(sort_keys=True, separators=(",", ":"))


def checked(fields: Fields, position: int) -> dict[str, Any]:
    """Return a copy that is JSON and has no reserved name, or raise naming the record's position in the call."""
    return {_name(name, position): _value(value, position, 1) for name, value in fields.items()}


def _name(name: object, position: int) -> str:
    if not isinstance(name, str):
        raise BadInput(f"record {position} has a field name that is not a string")
    if name.startswith(RESERVED):
        raise ReservedField(f"record {position} has a field name with the reserved prefix {RESERVED}")
    return name


def _value(value: Any, position: int, depth: int) -> Any:
    if depth > _DEEPEST:
        raise BadInput(f"record {position} has fields nested deeper than {_DEEPEST} levels")
    match value:
        case None | bool() | str():
            return value
        case int():
            if not -_LARGEST_INT <= value <= _LARGEST_INT:  # stores round or refuse them, and filters would miss them
                raise BadInput(f"record {position} has an integer beyond 64 bits; write it as a string")
            return value
        case float():
            if not math.isfinite(value):
                raise BadInput(f"record {position} has a field that is NaN or infinite")
            return value
        case Mapping():
            return {_name(name, position): _value(each, position, depth + 1) for name, each in value.items()}
        case list() | tuple():
            return [_value(each, position, depth + 1) for each in value]
    raise BadInput(f"record {position} has a field of a type that JSON cannot hold ({type(value).__name__})")


def is_clear(value: Any, settings: Metadata, traits: Traits) -> bool:
    """Whether a leaf may stay readable on the shelf."""
    match value:
        case bool():
            return settings.clear != "none"
        case float():
            return settings.clear != "none" and value == lasting(value)
        case int():
            return settings.clear != "none" and abs(value) <= _LARGEST_INT
        case str():
            short = settings.clear == "all" or (settings.clear == "short" and len(value) <= settings.clear_chars)
            return short and _storable(value)
        case list():
            return traits.lists and bool(value) and all(is_clear(each, settings, traits) for each in value)
    return False


def _storable(text: str) -> bool:
    """Whether every store keeps this string as it is: no NUL, and no half of a surrogate pair."""
    return "\x00" not in text and (text.isascii() or not any("\ud800" <= each <= "\udfff" for each in text))


def split(fields: Fields, settings: Metadata, traits: Traits) -> tuple[dict[str, Any], dict[str, Any]]:
    """Divide fields into what stays clear and what is sealed, keeping the nesting; `merged` joins them again."""
    clear: dict[str, Any] = {}
    hidden: dict[str, Any] = {}
    for name, value in fields.items():
        if isinstance(value, dict) and traits.nested and value and is_clear(name, settings, traits):
            inner_clear, inner_hidden = split(value, settings, traits)
            if inner_clear:
                clear[name] = inner_clear
            if inner_hidden:
                hidden[name] = inner_hidden
        elif is_clear(value, settings, traits) and is_clear(name, settings, traits):
            clear[name] = value
        else:
            hidden[name] = value
            if is_clear(name, settings, traits) and (seen := _seen_of(value, settings, traits)):
                clear[name] = seen
    return clear, hidden


def lasting(value: float) -> float:
    """Return a float that every store gives back as it is: with 15 significant digits.

    Chroma 1.5.9 changes the last bit of one in eight that have more; a row with such a one would not authenticate.
    """
    return float(f"{value:.15g}")


def _seen_of(value: Any, settings: Metadata, traits: Traits) -> Any:
    """Return what shows of a sealed value for native filters: the digits of a float that last, clear list elements."""
    if isinstance(value, float) and settings.clear != "none":
        return lasting(value)
    if not isinstance(value, list) or not traits.lists:
        return []
    return [each for each in value if not isinstance(each, list) and is_clear(each, settings, traits)]


def merged(clear: Fields, hidden: Fields) -> dict[str, Any]:
    """Join what `split` divided."""
    whole = dict(clear)
    for name, value in hidden.items():
        there = whole.get(name)
        whole[name] = merged(there, value) if isinstance(there, Mapping) and isinstance(value, Mapping) else value
    return whole


def copied(value: Any) -> Any:
    """Copy JSON values, so that whoever gets them cannot change what is kept."""
    match value:
        case dict():
            return {name: copied(each) for name, each in value.items()}
        case list():
            return [copied(each) for each in value]
    return value


def canonical(fields: Fields) -> bytes:
    """One encoding for equal fields: sorted names, and 1.0 as 1, since stores do not keep those apart."""
    return _CANONICAL.encode(_numbers(fields)).encode()


def _numbers(value: Any) -> Any:
    match value:
        case bool():
            return value
        case float():
            return int(value) if value.is_integer() and abs(value) < _LARGEST_INT else value
        case Mapping():
            return {name: _numbers(each) for name, each in value.items()}
        case list() | tuple():
            return [_numbers(each) for each in value]
    return value


def reader(record: Record) -> Callable[[Path], object]:
    """Return a function that reads this record by path; the empty path, and the text's own field, are the text."""
    text_path = tuple(record.text_field.split(".")) if record.text_field else ()

    def read(path: Path) -> object:
        if path in ((), text_path):
            return record.text
        value: object = record.fields
        for step in path:
            if not isinstance(value, Mapping) or step not in value:
                return None
            value = value[step]
        return value

    return read


def clear_test(settings: Metadata, traits: Traits) -> Callable[[Compare], bool]:
    """Return the test of whether a store holds in clear everything that a comparison could match.

    Equality with a short string can only match short strings, and those are clear; equality with a long one, a
    substring, or an element of a list that is sealed can not be seen by the store.
    """
    lists_seen = settings.clear != "none" and traits.lists

    def test(ask: Compare) -> bool:
        if not ask.path:  # the text: sealed, and where it is clear a substring search of ours is as good
            return False
        if ask.path[0].startswith(RESERVED):
            return True
        unseen = (ask.each and not lists_seen) or not all(is_clear(step, settings, traits) for step in ask.path)
        return not unseen and value_seen(ask)

    def value_seen(ask: Compare) -> bool:
        match ask.op, ask.value:
            case "eq", value:
                return is_clear(value, settings, traits)
            case "in", tuple(values):
                return all(is_clear(each, settings, traits) for each in values)
            case (("gt" | "gte" | "lt" | "lte" | "within"), _):
                return settings.clear != "none"
        return False

    return test
