"""Read short sentences in the first person from conversations between two people who each have a persona.

Layout: `conversations.jsonl`, one object a line with `persona1` and `persona2`, lists of sentences, and `conversation`,
lines of "User 1: ..." (Jandaghi et al. 2023, "Faithful Persona-based Conversational Dataset Generation with Large
Language Models", after PersonaChat, Zhang et al. 2018). Attacks on embeddings are usually measured on such sentences:
short texts give most of themselves away.
"""

from __future__ import annotations

import json
import os
import re
from collections.abc import Iterator
from pathlib import Path

from vecguard.evaluate.errors import BadCorpus

FILE = "conversations.jsonl"
_END = re.compile(r"(?<=[.!?])\s+")


def sentences(folder: str | os.PathLike[str], *, shortest: int = 3, longest: int = 24) -> tuple[str, ...]:
    """Return every distinct sentence of `shortest` to `longest` words, in the order of its first occurrence.

    Raises `BadCorpus` when the file is missing, not UTF-8, or has a line of another form.
    """
    found = dict.fromkeys(sentence for line in _lines(Path(folder) / FILE) for sentence in _of(*line))
    return tuple(each for each in found if shortest <= len(each.split()) <= longest)


def _lines(path: Path) -> Iterator[tuple[int, str]]:
    try:
        lines, why = path.read_text("utf-8").splitlines(), ""
    except (OSError, UnicodeDecodeError) as foreign:
        lines, why = [], type(foreign).__name__
    if why:  # outside the handler: a UnicodeDecodeError carries the bytes of the file
        raise BadCorpus(f"{path.name} cannot be read as UTF-8 text ({why})")
    yield from enumerate(lines, start=1)


def _of(number: int, line: str) -> Iterator[str]:
    personas, conversation = _parsed(line)
    if personas is None or conversation is None:
        raise BadCorpus(f"{FILE} line {number}: not an object with `persona1`, `persona2` and `conversation`")
    yield from personas
    for turn in conversation.splitlines():
        yield from _END.split(turn.partition(": ")[2].strip())


def _parsed(line: str) -> tuple[list[str] | None, str | None]:
    """Parse one line; None instead of an exception, which would carry the line along."""
    try:
        row = json.loads(line)
        personas = [str(each) for name in ("persona1", "persona2") for each in row[name]]
        return personas, str(row["conversation"])
    except (ValueError, KeyError, TypeError):
        return None, None
