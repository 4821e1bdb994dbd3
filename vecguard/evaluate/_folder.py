"""Read a folder in BEIR layout: `corpus.jsonl`, `queries.jsonl`, `qrels/<split>.tsv`, each plain or gzipped.

Layout: Thakur et al. 2021, "BEIR: A Heterogeneous Benchmark for Zero-shot Evaluation of Information Retrieval Models".
"""

from __future__ import annotations

import gzip
import json
import zlib
from typing import IO, TYPE_CHECKING, NamedTuple

from vecguard.evaluate.errors import BadCorpus

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

QRELS_COLUMNS = ("query-id", "corpus-id", "score")


class Judged(NamedTuple):
    """A corpus as its source delivers it, ids as keys, in the source's order and not yet cut to a split's queries."""

    docs: dict[str, str]
    queries: dict[str, str]
    qrels: dict[str, dict[str, int]]


def read(folder: Path, split: str) -> Judged:
    """Everything that `folder` holds for `split`.

    Raises `BadCorpus` for a missing or unreadable file, a line that is not JSON, a missing field or column, a
    repeated id and a score that is not a whole number.
    """
    return Judged(
        docs={key: titled(row.get("title"), row["text"]) for key, row in _rows(folder, "corpus.jsonl")},
        queries={key: row["text"] for key, row in _rows(folder, "queries.jsonl")},
        qrels=_qrels(folder, split),
    )


def titled(title: str | None, text: str) -> str:
    """BEIR's convention: title and text joined by one space, or the text alone."""
    return f"{title} {text}".strip() if title else text


def _rows(folder: Path, name: str) -> Iterator[tuple[str, dict[str, str]]]:
    """Each (id, row) of a JSONL file; fields other than `_id`, `title` and `text` are left out."""
    seen: set[str] = set()
    for number, line in _lines(folder, name):
        row = _parsed(line)
        if row is None:
            raise BadCorpus(f"{name} line {number}: not a JSON object with string fields `_id` and `text`")
        key = row["_id"]
        if key in seen:
            raise BadCorpus(f"{name} line {number}: its `_id` was already used by an earlier line")
        seen.add(key)
        yield key, row


def _parsed(line: str) -> dict[str, str] | None:
    """Parse one JSONL line; None instead of an exception, which would carry the line along."""
    try:
        row = json.loads(line)
    except ValueError:
        return None
    if not isinstance(row, dict):
        return None
    fields = {name: row[name] for name in ("_id", "title", "text") if isinstance(row.get(name), str)}
    return fields if {"_id", "text"} <= fields.keys() else None


def _qrels(folder: Path, split: str) -> dict[str, dict[str, int]]:
    name = f"qrels/{split}.tsv"
    lines = _lines(folder, name)
    _, header = next(lines, (0, ""))
    columns = header.split("\t")
    missing = [column for column in QRELS_COLUMNS if column not in columns]
    if missing:
        raise BadCorpus(f"{name} line 1: no column {', '.join(missing)} (its header is tab-separated names)")
    query, doc, score = (columns.index(column) for column in QRELS_COLUMNS)
    qrels: dict[str, dict[str, int]] = {}
    for number, line in lines:
        cells = line.split("\t")
        grade = _whole(cells[score]) if len(cells) == len(columns) else None
        if grade is None:
            raise BadCorpus(f"{name} line {number}: not {len(columns)} columns with a whole number as score")
        qrels.setdefault(cells[query], {})[cells[doc]] = grade
    return qrels


def _whole(cell: str) -> int | None:
    try:
        return int(cell)
    except ValueError:
        return None


def _lines(folder: Path, name: str) -> Iterator[tuple[int, str]]:
    """Numbered non-empty lines of `name` or `name.gz`."""
    try:
        with _opened(folder, name) as lines:
            for number, line in enumerate(lines, start=1):
                if line.strip():
                    yield number, line.rstrip("\r\n")
    except (OSError, EOFError, zlib.error, UnicodeDecodeError) as foreign:
        why = type(foreign).__name__
    else:
        return
    # Outside the handler: a UnicodeDecodeError carries the bytes of the file.
    raise BadCorpus(f"{name} cannot be read as UTF-8 text ({why})")


def _opened(folder: Path, name: str) -> IO[str]:
    plain, packed = folder / name, folder / f"{name}.gz"
    if plain.is_file():
        return plain.open(encoding="utf-8")
    if packed.is_file():
        return gzip.open(packed, "rt", encoding="utf-8")
    raise BadCorpus(f"{name} (or {name}.gz) is missing{_splits(folder) if name.startswith('qrels/') else ''}")


def _splits(folder: Path) -> str:
    """Which splits there are instead, for the message."""
    found: Mapping[str, None] = dict.fromkeys(path.name.split(".")[0] for path in sorted(folder.glob("qrels/*.tsv*")))
    return f"; splits found: {', '.join(found) or 'none'}"
