"""Readers of the open corpora: one label set, one reading of what a name is.

Everywhere: titles stay outside PERSON, @usernames are nobody, nationalities and religions are NRP wherever they stand
alone, products and works are nothing. Tokens are put together again as text would have them, so that training sees
the punctuation that use will see.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vecguard.scrub.model.train.marked import Marked, Span, joined
from vecguard.scrub.model.train.wordlists import words

Row = tuple[str, str]
_LABELS = {
    **dict.fromkeys(("PER", "person", "researcher", "scientist", "writer", "musicalartist", "politician"), "PERSON"),
    **dict.fromkeys(("LOC", "location", "country"), "LOCATION"),
    **dict.fromkeys(
        ("ORG", "organisation", "university", "band", "politicalparty", "corporation", "group"), "ORGANIZATION"
    ),
}
_TITLE = re.compile(
    r"(?:(?:Mrs|Mr|Ms|Miss|Mme|Dr|Drs|Prof|Professor|Doctor|Sir|Dame|Lord|Lady|Judge|Justice|Rev|Fr|Capt|Lt|Sgt|Col|Gen|"
    r"President|Senator|Mayor|Minister|King|Queen|Prince|Princess|Pope|Saint|Chancellor)\b\.?\s+)+",
    re.IGNORECASE,
)
_NATIONS = re.compile(
    r"\b(?:" + "|".join(sorted(map(re.escape, words("NATIONALITIES")), key=len, reverse=True)) + r")\b"
)
_TIGHT_BEFORE = frozenset(
    [".", ",", ";", ":", "?", "!", ")", "]", "}", "%", "'s", "n't", "'m", "'re", "'ve", "'ll", "'d", "’s", "..."]
)
_TIGHT_AFTER = frozenset(["(", "[", "{", "$", "£", "€", "#"])
_GENERIC = frozenset(
    [
        "court",
        "government",
        "municipality",
        "council",
        "commission",
        "ministry",
        "state",
        "office",
        "department",
        "prosecutor",
        "party",
        "police",
        "company",
        "bank",
        "board",
        "university",
        "agent",
        "section",
        "institute",
        "committee",
        "tribunal",
        "centre",
        "school",
        "hospital",
    ]
)


def bucket(text: str, of: int) -> int:
    """Return which of `of` equal parts `text` belongs to, by its digest: the same split on every machine."""
    return int.from_bytes(hashlib.sha256(text.encode()).digest()[:4], "big") % of


def with_nationalities(marked: Marked) -> Marked:
    """Return `marked` with NRP wherever a nationality or religion stands outside every span."""
    taken = [(start, end) for start, end, _ in marked.spans]
    found: list[Span] = [
        (*match.span(), "NRP")
        for match in _NATIONS.finditer(marked.text)
        if not any(start < match.end() and match.start() < end for start, end in taken)
        and marked.text[match.end() : match.end() + 6] not in {" Party", " Churc"}
    ]
    return Marked(marked.text, tuple(sorted((*marked.spans, *found))))


def untitled(text: str, span: Span) -> Span | None:
    """Return a PERSON span without its title, and without a possessive; None when nothing is left."""
    start, end, label = span
    if label != "PERSON":
        return span
    title = _TITLE.match(text, start, end)
    start = title.end() if title else start
    if text[end - 2 : end] in {"'s", "’s"}:
        end -= 2
    return (start, end, label) if start < end else None


def _cleaned(marked: Marked) -> Marked:
    kept = (untitled(marked.text, span) for span in marked.spans)
    return with_nationalities(Marked(marked.text, tuple(span for span in kept if span is not None)))


def conll(path: Path) -> Iterator[list[Row]]:
    """Yield the sentences of a CoNLL file as (token, tag) rows."""
    rows: list[Row] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        parts = line.rsplit(None, 1) if "\t" not in line else line.split("\t")[:2]
        if len(parts) == 2 and parts[0].strip() and "-DOCSTART-" not in parts[0]:
            rows.append((parts[0].strip(), parts[1].strip()))
        elif rows:
            yield rows
            rows = []
    if rows:
        yield rows


def marked_rows(rows: list[Row], *, spaced: bool = False) -> Marked:
    """Return a sentence as text; `spaced` puts a blank between all tokens instead of writing it as people would."""
    pieces: list[list[Any]] = []
    previous_tag = previous = ""
    for token, tag in rows:
        kind, _, name = tag.partition("-")
        label = _LABELS.get(name, "") if kind != "O" else ""
        if token.startswith("@") or previous == "@":
            label = ""
        inside = label and kind == "I" and previous_tag.partition("-")[2] == name and pieces and pieces[-1][1] == label
        tight = not spaced and (token in _TIGHT_BEFORE or previous in _TIGHT_AFTER or previous == "@")
        gap = "" if not pieces or tight else " "
        if inside:
            pieces[-1][0] += gap + token
        else:
            pieces += [[gap, ""], [token, label]]
        previous_tag, previous = tag, token
    return _cleaned(joined((piece, label) for piece, label in pieces))


def _file(path: Path, *, spaced_in: int = 3) -> Iterator[Marked]:
    for rows in conll(path):
        whole = " ".join(token for token, _ in rows)
        yield marked_rows(rows, spaced=bucket(whole, spaced_in) == 0)


def wnut17(data: Path, split: str) -> Iterator[Marked]:
    """WNUT17 emerging entities (CC BY 4.0)."""
    yield from _file(data / "wnut17" / f"{split}.conll")


def btc(data: Path, *, dev: bool) -> Iterator[Marked]:
    """Broad Twitter Corpus (CC BY 4.0); one tweet in ten is for development. @usernames lose their upstream tags."""
    for section in "abefgh":
        for rows in conll(data / "btc" / f"{section}.conll"):
            whole = " ".join(token for token, _ in rows)
            if (bucket(whole, 10) == 0) == dev:
                yield marked_rows(rows, spaced=bucket(whole, 3) == 0)


def wikigold(data: Path, *, held_out: bool) -> Iterator[Marked]:
    """WikiGold (CC BY 4.0); one sentence in five is held out."""
    for rows in conll(data / "wikigold" / "wikigold.conll"):
        whole = " ".join(token for token, _ in rows)
        if (bucket(whole, 5) == 0) == held_out:
            yield marked_rows(rows, spaced=bucket(whole, 3) == 1)


def crossner(data: Path, files: tuple[str, ...]) -> Iterator[Marked]:
    """CrossNER (MIT; text of Wikipedia), files by name such as `music_dev`."""
    for name in files:
        yield from _file(data / "crossner" / f"{name}.conll")


def tab_documents(data: Path, split: str) -> Iterator[dict[str, Any]]:
    """Yield the documents of one upstream split of the Text Anonymization Benchmark (MIT)."""
    with (data / "tab_echr" / "tab_144.jsonl").open(encoding="utf-8") as lines:
        for document in map(json.loads, lines):
            if document["metadata"]["provenance"]["dataset_type"] == split:
                yield document


def _tab_spans(document: dict[str, Any]) -> list[Span]:
    names = {"PERSON": "PERSON", "LOC": "LOCATION", "ORG": "ORGANIZATION"}
    spans: list[Span] = []
    for entity in sorted(document["entities"], key=lambda one: (one["start_offset"], -one["end_offset"])):
        start, end, label = entity["start_offset"], entity["end_offset"], names.get(entity["entity_type"], "")
        words = document["text"][start:end].lower().split()
        generic = label == "ORGANIZATION" and (all(word in _GENERIC or word == "the" for word in words) or words == [])
        role = label == "PERSON" and (end - start < 2 or document["text"][start:end].islower())
        if "Republic of" in document["text"][start:end]:
            label = "LOCATION"  # the set has states as parties to a case; elsewhere they are places
        if label and not generic and not role and (not spans or spans[-1][1] <= start):
            spans.append((start, end, label))
    return spans


def tab(data: Path, split: str) -> Iterator[Marked]:
    """Paragraphs of the judgments of one split."""
    for document in tab_documents(data, split):
        text, spans = document["text"], _tab_spans(document)
        for match in re.finditer(r"[^\n]+", text):
            inside = [
                (s - match.start(), e - match.start(), label)
                for s, e, label in spans
                if match.start() <= s and e <= match.end()
            ]
            yield _cleaned(Marked(match.group(), tuple(inside)))
