"""Point ids: whole numbers and UUIDs, in every spelling that Qdrant knows. They come back as they were given."""

from __future__ import annotations

import re
from collections.abc import Iterable
from typing import Any
from uuid import UUID

from vecguard import BadId, Undecided
from vecguard.records import RecordId

_HYPHENATED = r"[0-9a-fA-F]{8}(?:-[0-9a-fA-F]{4}){3}-[0-9a-fA-F]{12}"
_SPELLING = re.compile(rf"[0-9a-fA-F]{{32}}|{_HYPHENATED}|\{{{_HYPHENATED}\}}|urn:uuid:{_HYPHENATED}")


def looked_up(given: Any) -> RecordId:
    """Make an id to look something up by. A string that is no UUID names nothing, here as in Qdrant."""
    match given:
        case bool():
            raise BadId("a point id is a whole number or a UUID")
        case int():
            return RecordId.number(given)
        case UUID():
            return RecordId("uuid", str(given), given.hex)
        case str():
            return RecordId("uuid", given, UUID(given).hex) if _SPELLING.fullmatch(given) else RecordId.text(given)
    raise Undecided(f"point ids are whole numbers, UUIDs and their strings, not {type(given).__name__}")


def written(given: Any, position: int) -> RecordId:
    """Make the id of a point that is written."""
    made = looked_up(given)
    if made.kind == "str":
        raise BadId(f"the id of point {position} is not a valid UUID")
    return made


def all_looked_up(given: Any) -> tuple[RecordId, ...]:
    """Make ids of a list of them."""
    if isinstance(given, str) or not isinstance(given, Iterable):
        raise BadId("expected a list of point ids")
    return tuple(looked_up(each) for each in given)


def key(record: RecordId) -> tuple[str, str]:
    """Return what makes two ids one, whatever their spelling; an id that was read back has only its spelling."""
    return record.kind, looked_up(record.given).canonical


def place(record: RecordId) -> tuple[str, int]:
    """Return where an id stands in Qdrant's order: numbers first, then UUIDs by their canonical spelling."""
    match record.given:
        case int(number):
            return "", number
        case str(text):
            return (str(UUID(text)) if _SPELLING.fullmatch(text) else text), 0
