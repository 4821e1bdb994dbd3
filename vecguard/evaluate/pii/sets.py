"""Read the sets in which somebody marked the personal data: presidio-research, TAB, ACI-Bench, JSONL, plain corpora."""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any, Literal, TypeAlias

from vecguard.evaluate.errors import BadCorpus
from vecguard.evaluate.pii.labelled import Labelled
from vecguard.evaluate.pii.types import PRESIDIO_RESEARCH
from vecguard.scrub import Finding
from vecguard.scrub.findings import merged

Identifier: TypeAlias = Literal["DIRECT", "QUASI"]
Row: TypeAlias = Mapping[str, Any]


def presidio_research(path: Path) -> list[Labelled]:
    """Read a data set of presidio-research's generator: a JSON array of texts, spans and template numbers.

    Types are Presidio's (`PRESIDIO_RESEARCH`); spans of other types are left out, as the project's notebooks do. The
    group is the template. Raises `BadCorpus` for a file of another form.
    """
    rows = _json(path)
    if not isinstance(rows, list):
        raise BadCorpus(f"{path.name} is not a JSON array")
    texts = []
    for number, row in enumerate(rows):
        with _Named(path, f"item {number}"):
            spans = [
                Finding(span["start_position"], span["end_position"], PRESIDIO_RESEARCH[span["entity_type"]], 1.0)
                for span in row["spans"]
                if span["entity_type"] in PRESIDIO_RESEARCH
            ]
            group = f"template {row.get('template_id', number)}"
            texts.append(_labelled(row["full_text"], spans, group))
    return texts


def tab(path: Path, identifier: Identifier) -> dict[str, list[Labelled]]:
    """Read the Text Anonymization Benchmark (Pilán et al. 2022), by split; the group is the document.

    Spans are the mentions that identify a person by themselves (`DIRECT`) or together (`QUASI`); types are the set's.
    Mentions that overlap become one. Raises `BadCorpus` for lines of another form.
    """
    splits: dict[str, list[Labelled]] = defaultdict(list)
    for number, row in _rows(path):
        with _Named(path, f"line {number}"):
            spans = [
                Finding(span["start_offset"], span["end_offset"], span["entity_type"], 1.0)
                for span in row["entities"]
                if span["identifier_type"] == identifier
            ]
            about = row["metadata"]["provenance"]
            splits[about["dataset_type"]].append(_labelled(row["text"], spans, f"document {about['doc_id']}"))
    return dict(splits)


def aci_bench(path: Path) -> dict[str, list[Labelled]]:
    """Read the notes of ACI-Bench (Yim et al. 2023), by split, with the patient's names wherever they stand in them.

    The metadata has first and family name; each is a PERSON wherever it is a whole word, in any case, and both are one
    where one follows the other. The group is the encounter. Raises `BadCorpus` for lines of another form.
    """
    splits: dict[str, list[Labelled]] = defaultdict(list)
    for number, row in _rows(path):
        with _Named(path, f"line {number}"):
            names = [
                name for key in ("patient_firstname", "patient_familyname") if (name := (row.get(key) or "").strip())
            ]
            spans = [Finding(*place, "PERSON", 1.0) for place in _places(row["note"], names)]
            splits[row["split"]].append(_labelled(row["note"], spans, f"encounter {row['_id']}"))
    return dict(splits)


def jsonl(path: Path) -> list[Labelled]:
    """Read one object per line: `text`, `spans` and, if texts belong together, `group`.

    A span has `start`, `end` (characters) and `entity`, or `label`. Raises `BadCorpus` for lines of another form.
    """
    texts = []
    for number, row in _rows(path):
        with _Named(path, f"line {number}"):
            spans = [
                Finding(span["start"], span["end"], str(span.get("entity") or span["label"]), 1.0)
                for span in row["spans"]
            ]
            texts.append(_labelled(row["text"], spans, str(row.get("group", number))))
    return texts


def plain(path: Path) -> list[Labelled]:
    """Read a BEIR `corpus.jsonl` in which nothing is personal; the group is the document."""
    texts = []
    for number, row in _rows(path):
        with _Named(path, f"line {number}"):
            texts.append(Labelled(f"{row.get('title') or ''} {row['text']}".strip(), (), str(row["_id"])))
    return texts


def _labelled(text: str, spans: list[Finding], group: str) -> Labelled:
    if any(not 0 <= span.start < span.end <= len(text) for span in spans):
        raise ValueError("a span outside its text")
    return Labelled(text, tuple(merged(spans)), group)


def _places(text: str, names: list[str]) -> Iterator[tuple[int, int]]:
    if names:
        one = "|".join(re.escape(name) for name in sorted(names, key=len, reverse=True))
        for match in re.finditer(rf"(?<!\w)(?:{one})(?: (?:{one}))*(?!\w)", text, re.IGNORECASE):
            yield match.span()


class _Named:
    """Turns whatever a malformed item raises into `BadCorpus`, which says where and not what."""

    def __init__(self, path: Path, where: str) -> None:
        self._said = f"{path.name} {where}: not in the set's layout"

    def __enter__(self) -> None: ...

    def __exit__(self, kind: type[BaseException] | None, *_: object) -> None:
        if kind is not None and issubclass(kind, (KeyError, TypeError, ValueError, AttributeError)):
            raise BadCorpus(self._said) from None


def _json(path: Path) -> Any:
    try:
        return json.loads(path.read_text(encoding="utf-8"))
    except (OSError, ValueError) as foreign:
        why = type(foreign).__name__
    raise BadCorpus(f"{path.name} cannot be read as JSON in UTF-8 ({why})")


def _rows(path: Path) -> Iterator[tuple[int, Row]]:
    try:
        lines = path.read_text(encoding="utf-8").split("\n")
    except (OSError, UnicodeDecodeError) as foreign:
        why = type(foreign).__name__
    else:
        for number, line in enumerate(lines, start=1):
            if line.strip():
                yield number, _object(path, number, line)
        return
    raise BadCorpus(f"{path.name} cannot be read as UTF-8 text ({why})")


def _object(path: Path, number: int, line: str) -> Row:
    try:
        row = json.loads(line)
    except ValueError:
        row = None
    if not isinstance(row, dict):
        raise BadCorpus(f"{path.name} line {number}: not a JSON object")
    return row
