"""Walk the nested fields of a record and change every leaf in them: values, keys and JSON inside strings.

Frameworks put whole documents into fields (LlamaIndex's `_node_content` is JSON in a string), so a string that holds
a JSON object or array is opened, walked leaf by leaf and closed again. Numbers and dates are leaves too: a social
security number is often an int. Booleans, UUIDs and None stay.
"""

from __future__ import annotations

import datetime
import json
import numbers
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

from vecguard.errors import ScrubFailed

MAX_DEPTH = 32
MAX_LEAVES = 5_000  # of one record: no store takes that many fields, and a reader of them all is kept busy

Kind: TypeAlias = Literal["text", "name", "value"]


@dataclass(frozen=True, slots=True)
class Leaf:
    """One thing in a field that may be personal.

    A `name` is the field's own; a `value` is a number or a date in the digits that a text would show, and is personal
    as a whole or not at all. `label` is the name that it stands under, as words: it says what the leaf is.
    """

    kind: Kind
    label: str
    text: str = field(repr=False)


Change: TypeAlias = Callable[[Leaf], str]

_KEPT = (type(None), bool, numbers.Number, datetime.date, datetime.time, datetime.timedelta, uuid.UUID)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|[_.\-]+")


@dataclass(frozen=True, slots=True)
class FieldWalker:
    """Rebuilds fields with every leaf passed through `change`; what comes back unchanged keeps its type."""

    change: Change

    def mapping(self, fields: Mapping[Any, object], depth: int = 1) -> dict[Any, object]:
        """Return the changed mapping; two keys that change into one would lose a value, so they are refused."""
        _check(depth)
        changed = {self._key(key): self._value(value, key, depth) for key, value in fields.items()}
        if len(changed) != len(fields):
            raise ScrubFailed("two field names became one when they were scrubbed")
        return changed

    def _key(self, key: object) -> object:
        return self.change(Leaf("name", "", key)) if isinstance(key, str) else key

    def _value(self, value: object, key: object, depth: int) -> object:
        if isinstance(value, str):
            return self._string(value, key, depth)
        if isinstance(value, Mapping):
            return self.mapping(value, depth + 1)
        if isinstance(value, (list, tuple)):
            _check(depth + 1)
            items = [self._value(item, key, depth + 1) for item in value]
            return items if isinstance(value, list) else tuple(items)
        if isinstance(value, _KEPT):
            return self._scalar(value, key)
        raise ScrubFailed(f"a field holds a {type(value).__name__}, which nothing here can look into")

    def _string(self, text: str, key: object, depth: int) -> str:
        opened = _opened(text)
        if opened is None:
            return self.change(Leaf("text", label(key), text))
        changed = self._value(opened, key, depth)
        return text if changed == opened else json.dumps(changed, ensure_ascii=False)

    def _scalar(self, value: object, key: object) -> object:
        text = shown(value)
        if text is None:
            return value
        changed = self.change(Leaf("value", label(key), text))
        return value if changed == text else changed


def leaves_of(fields: Mapping[Any, object]) -> list[Leaf]:
    """Return every leaf of a record's fields, in order. Raises `ScrubFailed` for what nothing can look into."""
    leaves: list[Leaf] = []

    def seen(leaf: Leaf) -> str:
        if len(leaves) == MAX_LEAVES:
            raise ScrubFailed(f"a record has more than {MAX_LEAVES:,} names and values in its fields")
        leaves.append(leaf)
        return leaf.text

    FieldWalker(seen).mapping(fields)
    return leaves


def shown(value: object) -> str | None:
    """Return a number or a date as the text that would show it, or None for what cannot be personal.

    A whole float is a number whose column had a gap: 123456789.0. Other floats are measurements.
    """
    if isinstance(value, bool):
        return None
    if isinstance(value, float):
        return str(int(value)) if value.is_integer() and abs(value) < 1e15 else None
    if isinstance(value, (int, datetime.date)):
        return str(value)
    return None


def label(key: object) -> str:
    """Return a key as words ("patientName" -> "patient name"): what a value stands under says what it is."""
    return _HUMP.sub(" ", key).casefold().strip() if isinstance(key, str) else ""


def _check(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ScrubFailed(f"fields are nested deeper than {MAX_DEPTH} levels")


def _opened(text: str) -> dict[str, object] | list[object] | None:
    """Return the object or array that a string is the JSON of, or None."""
    if text.lstrip()[:1] not in {"{", "["}:
        return None
    try:
        opened = json.loads(text, object_pairs_hook=_pairs)
    except ValueError:
        return None
    except RecursionError:
        opened = None
    if opened is None:
        raise ScrubFailed(f"fields are nested deeper than {MAX_DEPTH} levels")
    return opened if isinstance(opened, (dict, list)) else None


def _pairs(pairs: list[tuple[str, object]]) -> dict[str, object]:
    """Build an object. A repeated key would hide its first value from us but not from the store: then it is text."""
    built = dict(pairs)
    if len(built) != len(pairs):
        raise ValueError("repeated key")
    return built
