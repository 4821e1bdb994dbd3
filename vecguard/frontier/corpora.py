"""From a folder to what is measured: texts, queries, who answers whom, and attributes of the texts.

A folder is in BEIR layout, or has a .jsonl file of notes. Notes without judgements are searched by the first sentences
of some that are held out, and a ranking is then worth the share of the exact top ten that it keeps. Where a field of
the notes holds what somebody would ask to find them (`asked_by`), each note is the one right answer to its own.
"""

from __future__ import annotations

import re
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path
from types import MappingProxyType
from typing import Any

import numpy as np

from vecguard.calibration import splits
from vecguard.evaluate import BadCorpus, Corpus
from vecguard.evaluate.notes import records
from vecguard.frontier.effort import Effort
from vecguard.redteam.attack import NO_LABELS, Labels

_HELD_OUT, _MOST_HELD_OUT = 0.25, 400
_LONGEST_QUERY = 300  # characters
_SENTENCE = re.compile(r"(?<=[.!?])\s+")


@dataclass(frozen=True, slots=True)
class Labelled:
    """A corpus, and attributes of its documents."""

    corpus: Corpus
    labels: Labels = field(default_factory=lambda: NO_LABELS, repr=False)


def read(folder: str | Path, *, split: str = "", labels: Sequence[str] = (), asked_by: str = "") -> Labelled:
    """Read a folder, or a BEIR set by its name. `split` names the judgements, by commas (default: all that there are).

    `labels` are fields of notes that become attributes. Raises `BadCorpus` for what cannot be read.
    """
    place = Path(folder).expanduser()
    if place.is_dir() and not _in_beir_layout(place):
        return _notes(place, labels, asked_by)
    names = [each.strip() for each in split.split(",") if each.strip()] or _splits(place)
    return Labelled(splits(folder, names))


def cut(given: Labelled, effort: Effort) -> Labelled:
    """Keep every n-th query, what is judged for them, and other documents up to the number of rows; cut long texts."""
    corpus = given.corpus
    step = max(1, -(-len(corpus.queries) // effort.queries)) if effort.queries else 1
    asked = corpus.query_ids[::step]
    qrels = MappingProxyType({each: corpus.qrels[each] for each in asked if each in corpus.qrels})
    kept = _kept(corpus, qrels, effort.rows)
    return Labelled(
        replace(
            corpus,
            doc_ids=tuple(corpus.doc_ids[at] for at in kept),
            texts=tuple(_shortened(corpus.texts[at], effort.characters) for at in kept),
            query_ids=asked,
            queries=corpus.queries[::step],
            qrels=qrels,
        ),
        {name: tuple(values[at] for at in kept) for name, values in given.labels.items()},
    )


def _kept(corpus: Corpus, qrels: Mapping[str, Mapping[str, int]], rows: int | None) -> list[int]:
    if rows is None or rows >= len(corpus.doc_ids):
        return list(range(len(corpus.doc_ids)))
    judged = {document for of_query in qrels.values() for document in of_query}
    wanted = [at for at, each in enumerate(corpus.doc_ids) if each in judged]
    others = [at for at, each in enumerate(corpus.doc_ids) if each not in judged]
    return sorted([*wanted, *others[: max(0, rows - len(wanted))]])


def _shortened(text: str, characters: int | None) -> str:
    if characters is None or len(text) <= characters:
        return text
    return text[:characters].rpartition(" ")[0] or text[:characters]


def _in_beir_layout(folder: Path) -> bool:
    return any((folder / name).is_file() for name in ("corpus.jsonl", "corpus.jsonl.gz"))


def _splits(folder: Path) -> list[str]:
    return sorted({path.name.split(".")[0] for path in folder.glob("qrels/*.tsv*")}) or ["test"]


def _notes(folder: Path, labels: Sequence[str], asked_by: str) -> Labelled:
    rows = list({row["text"]: row for row in _rows(folder, labels, asked_by)}.values())
    if not rows:
        raise BadCorpus("the folder has neither a corpus in BEIR layout nor a .jsonl file of notes")
    if asked_by:
        return _of_pairs(folder, [row for row in rows if row["query"]], labels)
    held = np.random.default_rng(0).permutation(len(rows))[: min(_MOST_HELD_OUT, int(_HELD_OUT * len(rows)))]
    aside = {int(at) for at in held}
    queries = [_SENTENCE.split(rows[at]["text"])[0][:_LONGEST_QUERY] for at in sorted(aside)]
    return _labelled(folder, [row for at, row in enumerate(rows) if at not in aside], labels, queries, {})


def _of_pairs(folder: Path, rows: Sequence[dict[str, Any]], labels: Sequence[str]) -> Labelled:
    qrels = {f"q{at}": MappingProxyType({f"d{at}": 1}) for at in range(len(rows))}
    return _labelled(folder, rows, labels, [row["query"][:_LONGEST_QUERY] for row in rows], qrels)


def _labelled(
    folder: Path,
    rows: Sequence[dict[str, Any]],
    labels: Sequence[str],
    queries: Sequence[str],
    qrels: Mapping[str, Mapping[str, int]],
) -> Labelled:
    corpus = Corpus(
        name=folder.resolve().name,
        split="",
        doc_ids=tuple(f"d{at}" for at in range(len(rows))),
        texts=tuple(row["text"] for row in rows),
        query_ids=tuple(f"q{at}" for at in range(len(queries))),
        queries=tuple(queries),
        qrels=MappingProxyType(dict(qrels)),
    )
    return Labelled(corpus, {name: tuple(row["labels"][name] for row in rows) for name in labels})


def _rows(folder: Path, labels: Sequence[str], asked_by: str) -> Iterator[dict[str, Any]]:
    for text, fields in records(folder):
        asked = " ".join(fields.get(asked_by, "").split())
        yield {"text": text, "query": asked, "labels": {name: fields.get(name, "") for name in labels}}
