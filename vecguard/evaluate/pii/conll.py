"""Read token-per-line annotation: a token, blanks or a tab, its tag; a blank line ends a sentence.

The form of CoNLL 2003 (Tjong Kim Sang & De Meulder). Tags are IO, IOB, IOB2 or BIOES. Tokens are joined as people
write them: no blank before a full stop or "'s", none behind a bracket or "#". A scrubber reads texts, not tokens.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping
from itertools import groupby
from pathlib import Path

from vecguard.evaluate.errors import BadCorpus
from vecguard.evaluate.pii.labelled import Labelled
from vecguard.scrub import Finding

_CLITICS = frozenset("s t m re ve ll d".split())  # noqa: SIM905 - read as running text
_CONTRACTED = frozenset("'s n't 'm 're 've 'll 'd \u2019s n\u2019t \u2019m \u2019re \u2019ve \u2019ll".split())  # noqa: SIM905
_CLOSING = frozenset([*".,;:?!)]}%", "..."])
_OPENING = frozenset("([{$#@")

HANDLE = "HANDLE"  # a user's name after "@": some sets call it a person, which no scrubber of prose is asked to


def read(path: Path, types: Mapping[str, str], *, handles: bool = False) -> list[Labelled]:
    """Return the sentences of a file; a span has the type that `types` gives its tag, and is left out without one.

    With `handles`, a token that starts with "@" or follows one is a `HANDLE`, whatever its tag. Each sentence is a
    group of its own. Raises `BadCorpus` for a file that is not UTF-8 text and a line without a tag.
    """
    sentences = []
    for number, rows in enumerate(_sentences(path)):
        tokens, tags = [token for token, _ in rows], [tag for _, tag in rows]
        if handles:
            tags = _with_handles(tokens, tags)
        text, starts = _written(tokens)
        spans = tuple(_spans(tokens, starts, tags, {**types, HANDLE: HANDLE}))
        sentences.append(Labelled(text, spans, f"{path.stem}:{number}"))
    return sentences


def _sentences(path: Path) -> Iterator[list[tuple[str, str]]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")  # a token may be another line separator of Unicode
    except (OSError, UnicodeDecodeError) as foreign:
        why = type(foreign).__name__
    else:
        rows = (_row(path, number, line) for number, line in enumerate(lines, start=1))
        for _, sentence in groupby(rows, key=bool):
            if kept := [row for row in sentence if row and row[0]]:
                yield kept
        return
    raise BadCorpus(f"{path.name} cannot be read as UTF-8 text ({why})")


def _row(path: Path, number: int, line: str) -> tuple[str, str] | None:
    """Return token and tag, or None for a line that parts sentences; a token may have been lost, and is then empty."""
    parts = re.split("[ \t]+", line.rstrip(" \t\r"))  # another kind of white space may be a token of its own
    if parts == [""] or parts[0] == "-DOCSTART-":
        return None
    if len(parts) < 2:
        raise BadCorpus(f"{path.name} line {number}: a token without a tag")
    return parts[0], parts[-1]


def _with_handles(tokens: list[str], tags: list[str]) -> list[str]:
    after = ["", *tokens[:-1]]
    return [
        HANDLE if before == "@" or (token[0] == "@" and len(token) > 1) else tag
        for before, token, tag in zip(after, tokens, tags, strict=True)
    ]


def _written(tokens: list[str]) -> tuple[str, list[int]]:
    """Return the tokens as one text, and where each of them starts in it."""
    text, starts = "", []
    for at, token in enumerate(tokens):
        text += "" if at == 0 or _tight(tokens, at) else " "
        starts.append(len(text))
        text += token
    return text, starts


def _tight(tokens: list[str], at: int) -> bool:
    """Whether no blank stands before a token; some sets part "don't" into "don", "'" and "t"."""
    before, here, behind = tokens[at - 1], tokens[at], tokens[at + 1] if at + 1 < len(tokens) else ""
    if here in {"'", "\u2019"}:
        return behind.lower() in _CLITICS
    if before in {"'", "\u2019"}:
        return here.lower() in _CLITICS
    return here in _CLOSING or before in _OPENING or here.lower() in _CONTRACTED


def _spans(tokens: list[str], starts: list[int], tags: list[str], types: Mapping[str, str]) -> Iterator[Finding]:
    entity, start, end = "", 0, 0
    for token, at, tag in zip(tokens, starts, tags, strict=True):
        here = types.get(_entity(tag).upper(), "")
        if entity and (here != entity or tag[:2] in {"B-", "S-", "U-"}):
            yield Finding(start, end, entity, 1.0)
            entity = ""
        if here:
            start = start if entity else at
            entity, end = here, at + len(token)
    if entity:
        yield Finding(start, end, entity, 1.0)


def _entity(tag: str) -> str:
    """Return the type of a tag: "B-person" is "person", "O" is none."""
    prefix, dash, entity = tag.partition("-")
    return entity if dash and len(prefix) == 1 else ("" if tag == "O" else tag)
