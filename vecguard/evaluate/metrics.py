"""Retrieval quality per query: nDCG@10, recall@10, MRR@10, and agreement of two runs without any judgement.

The definitions are trec_eval's, through `ir_measures` (MacAvaney et al. 2022). Values stay per query, because a
difference between two systems on the same queries is a paired one (`intervals.py`).
"""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray

Run = Mapping[str, Sequence[str]]
"""What a system answered: query id -> document ids, best first. Scores are left out on purpose: stores disagree on
their sign, and a protected store may not give any; what a reader sees is the order."""

Qrels = Mapping[str, Mapping[str, int]]
DEPTH = 10


@dataclass(frozen=True, slots=True)
class Scores:
    """One run, judged: arrays of shape (n_queries,), each value in 0..1, in the order of `query_ids` (sorted)."""

    query_ids: tuple[str, ...]
    ndcg: NDArray[np.float64]
    recall: NDArray[np.float64]
    mrr: NDArray[np.float64]


def score(run: Run, qrels: Qrels) -> Scores:
    """nDCG@10, recall@10 and MRR@10 of `run` for every query in `qrels`.

    A judged query that the run does not answer scores 0: leaving it out would reward a system for failing.

    Raises `ValueError` for a query without judgement and for a document named twice, `ImportError` without the extra
    `vecguard[bench]`.
    """
    _check(run, qrels)
    measures = _ir_measures()
    wanted = {"ndcg": measures.nDCG @ DEPTH, "recall": measures.R @ DEPTH, "mrr": measures.RR @ DEPTH}
    query_ids = tuple(sorted(qrels))
    place = {query_id: i for i, query_id in enumerate(query_ids)}
    values = {measure: np.zeros(len(query_ids)) for measure in wanted.values()}
    judged = {query_id: dict(grades) for query_id, grades in qrels.items()}
    for one in measures.iter_calc(list(wanted.values()), judged, _descending(run)):
        values[one.measure][place[one.query_id]] = one.value
    return Scores(query_ids, **{name: values[measure] for name, measure in wanted.items()})


def overlap_at_k(run_a: Run, run_b: Run, k: int = DEPTH) -> NDArray[np.float64]:
    """Share of the top `k` that both runs have, order ignored: shape (n_queries,), 0..1, queries sorted by id.

    Needs no judgement, so it works on anyone's own data. A query with fewer than `k` answers is divided by the longer
    of its two lists; two empty answers agree. Raises `ValueError` when the runs answer different queries.
    """
    if run_a.keys() != run_b.keys():
        raise ValueError("the two runs answer different queries")
    return np.array([_shared(set(run_a[key][:k]), set(run_b[key][:k])) for key in sorted(run_a)], dtype=np.float64)


def _shared(a: set[str], b: set[str]) -> float:
    return len(a & b) / max(len(a), len(b)) if a or b else 1.0


def _check(run: Run, qrels: Qrels) -> None:
    unjudged = len(run.keys() - qrels.keys())
    if unjudged:
        raise ValueError(f"{unjudged} query(ies) of the run have no judgement")
    if any(len(set(ranked)) != len(ranked) for ranked in run.values()):
        raise ValueError("a run names a document twice for one query")


def _descending(run: Run) -> dict[str, dict[str, float]]:
    """Ranks as falling scores: trec_eval sorts by score and breaks ties by id, which would undo the order seen."""
    return {
        query_id: {doc_id: float(-rank) for rank, doc_id in enumerate(ranked[:DEPTH])}
        for query_id, ranked in run.items()
        if ranked
    }


def _ir_measures() -> Any:
    try:
        import ir_measures  # noqa: PLC0415 - an extra
    except ImportError as missing:
        raise ImportError("judging a run needs `pip install 'vecguard[bench]'`") from missing
    return ir_measures
