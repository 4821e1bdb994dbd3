"""What searching through a setting is worth: per query, averaged over throw-away keys."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field

import numpy as np

from vecguard.arrays import Doubles
from vecguard.calibration.simulate import Ranks
from vecguard.calibration.utility import Positions, overlap
from vecguard.evaluate import Corpus, score
from vecguard.frontier.subject import Subject, Vectors
from vecguard.frontier.way import Way


@dataclass(frozen=True, slots=True)
class Quality:
    """`values` (m,) of the run's measure, 0..1, query by query; `means` of every measure by name."""

    values: Doubles = field(repr=False)
    means: Mapping[str, float]


def values(subject: Subject, way: Way, vectors: Vectors, rows: Positions, keys: Sequence[int]) -> Doubles:
    """Return what the queries at these positions get, (m,): nDCG@10, or the share of the exact top ten."""
    return _mean(subject, _ranked(way, vectors, rows, keys), rows)


def quality(subject: Subject, way: Way, vectors: Vectors, rows: Positions, keys: Sequence[int]) -> Quality:
    """Return that and all other measures: nDCG, recall and MRR at 10 where there are judgements, overlap anyway."""
    found = _ranked(way, vectors, rows, keys)
    means = [_means(subject, each, rows) for each in found]
    return Quality(
        _mean(subject, found, rows), {name: float(np.mean([each[name] for each in means])) for name in means[0]}
    )


def _ranked(way: Way, vectors: Vectors, rows: Positions, keys: Sequence[int]) -> list[Ranks]:
    return [way.ranked(vectors.documents, vectors.queries[rows], key) for key in keys]


def _mean(subject: Subject, found: Sequence[Ranks], rows: Positions) -> Doubles:
    return np.asarray(np.mean([subject.task.values(each, rows) for each in found], axis=0), dtype=np.float64)


def _means(subject: Subject, ranked: Ranks, rows: Positions) -> dict[str, float]:
    means = {"overlap@10": float(overlap(ranked[:, :10], subject.task.exact[rows]).mean())}
    if not subject.corpus.qrels:
        return means
    judged = score(_run(subject.corpus, ranked, rows), _asked(subject.corpus, rows))
    shown = {"nDCG@10": judged.ndcg, "recall@10": judged.recall, "MRR@10": judged.mrr}
    return {**{name: float(each.mean()) for name, each in shown.items()}, **means}


def _run(corpus: Corpus, ranked: Ranks, rows: Positions) -> dict[str, list[str]]:
    return {
        corpus.query_ids[query]: [corpus.doc_ids[at] for at in best]
        for query, best in zip(rows.tolist(), ranked.tolist(), strict=True)
    }


def _asked(corpus: Corpus, rows: Positions) -> dict[str, Mapping[str, int]]:
    return {corpus.query_ids[query]: corpus.qrels[corpus.query_ids[query]] for query in rows.tolist()}
