"""From a corpus in BEIR layout to vectors and positions."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType

from vecguard.arrays import Floats
from vecguard.calibration.utility import Grades, Task
from vecguard.evaluate import Corpus, load
from vecguard.records import Metric

Embed = Callable[[Sequence[str]], Floats]


def splits(data: str | Path, names: Sequence[str]) -> Corpus:
    """Load a corpus with the judged queries of several splits. Raises `BadCorpus` as `vecguard.evaluate.load` does."""
    parts = [load(data, name) for name in names]
    texts = {id_: text for part in parts for id_, text in zip(part.query_ids, part.queries, strict=True)}
    qrels: dict[str, dict[str, int]] = {id_: {} for id_ in texts}
    for part in parts:
        for id_, judged in part.qrels.items():
            qrels[id_] |= judged
    return replace(
        parts[0],
        split="+".join(names),
        query_ids=tuple(texts),
        queries=tuple(texts.values()),
        qrels=MappingProxyType({id_: MappingProxyType(judged) for id_, judged in qrels.items()}),
    )


def grades_of(corpus: Corpus) -> Grades:
    """Return a corpus's judgements by position; judged documents that it lacks have positions below zero."""
    place = {doc_id: at for at, doc_id in enumerate(corpus.doc_ids)}
    judged = sorted({doc_id for each in corpus.qrels.values() for doc_id in each})
    place |= {doc_id: -1 - at for at, doc_id in enumerate(each for each in judged if each not in place)}
    return {
        row: {place[doc_id]: grade for doc_id, grade in corpus.qrels[query_id].items()}
        for row, query_id in enumerate(corpus.query_ids)
    }


def task_of(
    corpus: Corpus, embed: Embed, *, embedder: str = "", label_free: bool = False, metric: Metric = "cosine"
) -> Task:
    """Embed a corpus, texts first and queries second, and rank it exactly."""
    return Task.of(
        embed(corpus.texts),
        embed(corpus.queries),
        grades=None if label_free else grades_of(corpus),
        corpus=corpus.name,
        embedder=embedder,
        metric=metric,
    )
