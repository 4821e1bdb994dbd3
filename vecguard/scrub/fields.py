"""Walk the nested fields of a record and scrub every string in them: values, keys and JSON inside strings.

Frameworks put whole documents into fields (LlamaIndex's `_node_content` is JSON in a string), so a string that holds
a JSON object or array is opened, scrubbed leaf by leaf and closed again. Numbers, booleans, dates and None stay.
"""

from __future__ import annotations

import datetime
import json
import numbers
import re
import uuid
from collections.abc import Callable, Mapping
from dataclasses import dataclass
from typing import Any, TypeAlias

from vecguard.errors import ScrubFailed

MAX_DEPTH = 32

Leaf: TypeAlias = Callable[[str, str], str]  # (label, text) -> scrubbed text

_KEPT = (type(None), bool, numbers.Number, datetime.date, datetime.time, datetime.timedelta, uuid.UUID)
_HUMP = re.compile(r"(?<=[a-z])(?=[A-Z])|[_.\-]+")


@dataclass(frozen=True, slots=True)
class FieldWalker:
    """Rebuilds fields with every string passed through `leaf`."""

    leaf: Leaf

    def mapping(self, fields: Mapping[Any, object], depth: int = 1) -> dict[Any, object]:
        """Return the scrubbed mapping; two keys that scrub to one would lose a value, so they are refused."""
        _check(depth)
        scrubbed = {self._key(key): self._value(value, key, depth) for key, value in fields.items()}
        if len(scrubbed) != len(fields):
            raise ScrubFailed("two field names became one when they were scrubbed")
        return scrubbed

    def _key(self, key: object) -> object:
        return self.leaf("", key) if isinstance(key, str) else key

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
            return value
        raise ScrubFailed(f"a field holds a {type(value).__name__}, which nothing here can look into")

    def _string(self, text: str, key: object, depth: int) -> str:
        opened = _opened(text)
        if opened is None:
            return self.leaf(_label(key), text)
        scrubbed = self._value(opened, key, depth)
        return text if scrubbed == opened else json.dumps(scrubbed, ensure_ascii=False)


def _check(depth: int) -> None:
    if depth > MAX_DEPTH:
        raise ScrubFailed(f"fields are nested deeper than {MAX_DEPTH} levels")


def _label(key: object) -> str:
    """Return a key as words ("patientName" -> "patient name"): what a value stands under says what it is."""
    return _HUMP.sub(" ", key).casefold().strip() if isinstance(key, str) else ""


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
