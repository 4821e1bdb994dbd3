"""The simulation ranks as the product does, whatever the metric, K and the size of its chunks."""

from __future__ import annotations

from collections.abc import Callable
from itertools import pairwise
from typing import get_args

import numpy as np
import pytest

from vecguard.calibration import Task, simulate
from vecguard.calibration.simulate import embedded, exact_ranks, masked, ranks, stored_of, throw_away_space
from vecguard.filters import EVERYTHING
from vecguard.ports import Search
from vecguard.protect.mask import Mask
from vecguard.ranking.exact import best, scores
from vecguard.records import Metric, Row
from vecguard.testing import MemoryStore

METRICS: tuple[Metric, ...] = get_args(Metric)


@pytest.mark.parametrize("metric", METRICS)
def test_it_returns_what_a_store_and_the_guards_exact_ranking_return(
    task_of: Callable[..., Task], metric: Metric
) -> None:
    """Rows masked by the product lie in a store; what it preselects is ranked by the product: the same ten."""
    task, seed, k = task_of(40), 3, 60
    mask, space = Mask(noise=1.0, turned=True), throw_away_space(seed)
    store = MemoryStore(metric)
    for at, vector in enumerate(stored_of(mask.protect(embedded(task.documents), space))):
        store.rows[str(at)] = Row(str(at), {}, None, vector)
    groups = store.search(Search(mask.query(task.queries, space), EVERYTHING, k))
    view = masked(task.documents, task.queries, noise=1.0, seed=seed)
    found = ranks(task.documents, task.queries, view, over_fetch=(0, k), metric=metric)
    for query, group in enumerate(groups):
        seen = [int(row.backend_id) for row in group]
        line = scores(task.queries[query : query + 1], task.documents[seen], metric)[0]
        assert [seen[at] for at in best(line, metric)[:10]] == found[k][query].tolist()
        assert seen[:10] == found[0][query].tolist()


def test_fetching_every_row_is_exact_search(task_of: Callable[..., Task]) -> None:
    """K = N makes noise of any length invisible; a small K does not."""
    task = task_of(50)
    view = masked(task.documents, task.queries, noise=4.0, seed=1)
    found = ranks(task.documents, task.queries, view, over_fetch=(10, 10**6))
    assert np.array_equal(found[10**6], task.exact)
    assert not np.array_equal(found[10], task.exact)


def test_one_pass_serves_every_over_fetch(task_of: Callable[..., Task]) -> None:
    """Several K at once give what each gives alone, and K decides."""
    task, several = task_of(60), (10, 11, 25, 100)
    view = masked(task.documents, task.queries, noise=2.0, seed=1)
    together = ranks(task.documents, task.queries, view, over_fetch=(0, *several))
    alone = {k: ranks(task.documents, task.queries, view, over_fetch=(k,))[k] for k in several}
    assert all(np.array_equal(together[k], alone[k]) for k in several)
    assert not any(np.array_equal(alone[k], alone[other]) for k, other in pairwise(several))


def test_the_size_of_chunks_changes_nothing(task_of: Callable[..., Task], monkeypatch: pytest.MonkeyPatch) -> None:
    """Rows masked seven at a time and queries ranked one at a time give what one pass gives."""
    task = task_of(20)

    def found() -> dict[int, np.ndarray]:
        view = masked(task.documents, task.queries, noise=1.5, seed=2)
        return ranks(task.documents, task.queries, view, over_fetch=(0, 20, 100))

    whole = found()
    monkeypatch.setattr(simulate, "_ROWS", 7)
    monkeypatch.setattr(simulate, "_CELLS", len(task.documents))
    parts = found()
    assert all(np.array_equal(whole[k], parts[k]) for k in whole)


def test_another_seed_is_another_key(task_of: Callable[..., Task]) -> None:
    """Keys of two seeds share neither noise nor rotation; one seed gives the same bits again."""
    task = task_of(5)
    one, again, other = (masked(task.documents, task.queries, noise=1.0, seed=seed) for seed in (1, 1, 2))
    assert np.array_equal(one.stored, again.stored)
    assert abs(np.mean(np.sum(one.stored * other.stored, axis=1))) < 0.05
    assert not np.allclose(one.asked, other.asked)


def test_equal_scores_keep_the_documents_order() -> None:
    """Twins are ranked by position, with and without masking, so that ties count as no change."""
    rows = np.repeat(np.eye(8, dtype=np.float32), 5, axis=0)
    query = np.eye(8, dtype=np.float32)[:1]
    assert exact_ranks(rows, query, depth=5)[0].tolist() == [0, 1, 2, 3, 4]
    found = ranks(rows, query, masked(rows, query, noise=0.5, seed=1), over_fetch=(40,), depth=5)
    assert found[40][0].tolist() == [0, 1, 2, 3, 4]
