"""Texts of one's own: a folder of JSON lines, as an export has them, with what is known of each text beside it.

The first .jsonl file of the folder is read. A line is an object; its text is its first field of `TEXTS` that has one
(a list of texts is as many records). Other fields with few values are attributes: what somebody might want to read off
a vector (a section, a diagnosis, an author's sex). Fields of nested objects are named with dots. A folder in BEIR
layout is read the same way, and conversations by their sentences.
"""

from __future__ import annotations

import json
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecguard.evaluate import conversations
from vecguard.evaluate.errors import BadCorpus

TEXTS = ("note", "text", "content", "comment", "comments", "document", "sentence", "body", "message")
_MOST_VALUES = 40  # distinct ones of a field that is taken for an attribute
_FEWEST_EACH = 10  # records per value, on average
_SHORTEST = 12  # characters of a text that is worth attacking


@dataclass(frozen=True, slots=True)
class Notes:
    """Distinct texts in their order, and attributes: name -> a value for each text, "" where it has none."""

    name: str
    texts: tuple[str, ...] = field(repr=False)
    labels: Mapping[str, tuple[str, ...]] = field(repr=False)


def read(folder: str | Path, *, attributes: Sequence[str] = ()) -> Notes:
    """Read a folder. `attributes` names the fields to take; by default those with few values.

    Raises `BadCorpus` if there is no such folder, file or field, and for a line that is not a JSON object.
    """
    place = Path(folder)
    found = dict(records(place))
    if not found:
        raise BadCorpus(f"the folder has no .jsonl file with texts (objects with {', '.join(TEXTS[:4])} ...)")
    names = tuple(attributes) or _attributes(tuple(found.values()))
    if missing := [name for name in names if not any(each.get(name) for each in found.values())]:
        raise BadCorpus(f"{len(missing)} of the attributes that were named is in no record")
    labels = {name: tuple(each.get(name, "") for each in found.values()) for name in names}
    return Notes(place.resolve().name, tuple(found), labels)


def records(folder: Path) -> Iterator[tuple[str, Mapping[str, str]]]:
    """Yield each text with the fields beside it, those of nested objects named with dots, in the file's order.

    Raises `BadCorpus` for a file that cannot be read and for a line that is not a JSON object.
    """
    if (folder / conversations.FILE).is_file():
        yield from ((sentence, {}) for sentence in conversations.sentences(folder))
        return
    for path in sorted(folder.glob("*.jsonl"), key=lambda each: (each.name != "corpus.jsonl", each.name))[:1]:
        for number, line in enumerate(_lines(path), start=1):
            record = _parsed(line)
            if record is None:
                raise BadCorpus(f"{path.name} line {number}: not a JSON object")
            found = next((record[name] for name in TEXTS if record.get(name)), "")
            fields = dict(_flat({name: each for name, each in record.items() if name not in TEXTS}))
            for text in found if isinstance(found, list) else [found]:
                if isinstance(text, str) and len(text) >= _SHORTEST:
                    yield " ".join(text.split()), fields


def _lines(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text("utf-8").split("\n") if line.strip()]
    except (OSError, UnicodeDecodeError) as foreign:
        why = type(foreign).__name__
    raise BadCorpus(f"{path.name} cannot be read as UTF-8 text ({why})")


def _parsed(line: str) -> dict[str, Any] | None:
    """Parse one line; None instead of an exception, which would carry the line along."""
    try:
        record = json.loads(line)
    except ValueError:
        return None
    return record if isinstance(record, dict) else None


def _flat(record: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    for name, value in record.items():
        match value:
            case bool() | int() | str():
                yield above + name, str(value)
            case dict():
                yield from _flat(value, f"{above}{name}.")


def _attributes(records: Sequence[Mapping[str, str]]) -> tuple[str, ...]:
    """Return the fields that have at least two values and few enough to be learnt."""
    names = dict.fromkeys(name for record in records for name in record)
    values = {name: [record[name] for record in records if record.get(name)] for name in names}
    return tuple(
        name
        for name, found in values.items()
        if name != "split"
        and name.count(".") < 2
        and 2 <= len(set(found)) <= min(_MOST_VALUES, len(found) // _FEWEST_EACH)
    )
