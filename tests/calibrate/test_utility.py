"""Values of rankings agree with `ir_measures` and with the benchmark's own overlap."""

from __future__ import annotations

from collections.abc import Callable
from types import MappingProxyType

import numpy as np
import pytest

from vecguard import BadInput
from vecguard.calibration import Task, grades_of
from vecguard.calibration.utility import Judgements, guessed_cosine, overlap
from vecguard.evaluate import Corpus, overlap_at_k, score


def _corpus(seed: int, documents: int = 40, queries: int = 25) -> Corpus:
    """Grades from -1 to 3, on documents of which some are not in the corpus."""
    draw = np.random.default_rng(seed)
    names = [f"d{i}" for i in range(documents + 6)]
    qrels = {
        f"q{j}": MappingProxyType(
            {str(each): int(draw.integers(-1, 4)) for each in draw.choice(names, 12, replace=False)}
        )
        for j in range(queries)
    }
    kept = tuple(names[:documents])
    asked = tuple(qrels)
    return Corpus("c", "test", kept, kept, asked, asked, MappingProxyType(qrels))


@pytest.mark.parametrize("seed", range(5))
def test_ndcg_is_that_of_trec_eval(seed: int) -> None:
    """Graded, negative and missing judgements included, to the last digits."""
    corpus = _corpus(seed)
    draw = np.random.default_rng(100 + seed)
    ranked = np.stack([draw.permutation(len(corpus.doc_ids))[:10] for _ in corpus.query_ids])
    run = {id_: [corpus.doc_ids[at] for at in ranked[row]] for row, id_ in enumerate(corpus.query_ids)}
    judged = score(run, corpus.qrels)
    reference = dict(zip(judged.query_ids, judged.ndcg, strict=True))
    judgements = Judgements.of(grades_of(corpus), len(corpus.doc_ids), len(corpus.query_ids))
    found = judgements.ndcg(ranked, np.arange(len(corpus.query_ids)))
    assert found == pytest.approx([reference[id_] for id_ in corpus.query_ids], abs=1e-12)
    assert found.std() > 0.05


def test_overlap_is_that_of_the_benchmark() -> None:
    """Order within the ten does not count."""
    draw = np.random.default_rng(0)
    one, other = (np.stack([draw.permutation(30)[:10] for _ in range(50)]) for _ in range(2))
    runs = [{f"{row:02}": [str(at) for at in line] for row, line in enumerate(each)} for each in (one, other)]
    assert np.array_equal(overlap(one, other), overlap_at_k(*runs))
    assert np.array_equal(overlap(one, one[:, ::-1]), np.ones(50))


def test_without_judgements_exact_search_is_worth_one(task_of: Callable[..., Task]) -> None:
    """A task says what it measures."""
    free, judged = task_of(30, judged=False), task_of(30)
    assert (free.measure, judged.measure) == ("overlap@10", "nDCG@10")
    assert np.array_equal(free.unprotected(np.arange(30)), np.ones(30))
    assert 0.5 < judged.unprotected(np.arange(30)).mean() < 1


@pytest.mark.parametrize(
    ("documents", "queries", "grades"),
    [((20, 4), (3, 5), None), ((10, 4), (3, 4), None), ((20, 4), (3, 4), {3: {0: 1}})],
)
def test_what_does_not_fit_is_refused(documents: tuple[int, int], queries: tuple[int, int], grades: object) -> None:
    """Two dimensions, as many documents as results, and a judgement of a query that there is not."""
    with pytest.raises(BadInput):
        Task.of(np.ones(documents, np.float32), np.ones(queries, np.float32), grades=grades)  # type: ignore[arg-type]


def test_whoever_has_texts_of_the_kind_guesses_better_than_what_is_stored(task_of: Callable[..., Task]) -> None:
    """The best linear guess beats the stored row's cosine of 1 / sqrt(1 + r^2), and gets worse with noise."""
    documents = task_of(30).documents
    guesses = [guessed_cosine(documents, noise) for noise in (1.0, 2.0, 4.0)]
    assert guesses == sorted(guesses, reverse=True)
    assert all(guess > 1 / np.sqrt(1 + r * r) + 0.05 for guess, r in zip(guesses, (1, 2, 4), strict=True))
    assert guessed_cosine(documents, 0.0) == pytest.approx(1.0, abs=1e-4)
