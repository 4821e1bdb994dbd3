"""The preselection in float32 loses nothing: what comes out is what scoring every row in float64 gives."""

from __future__ import annotations

from typing import get_args

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from vecguard.arrays import norms
from vecguard.filters import EVERYTHING
from vecguard.keys import Secret
from vecguard.protect.blur import blurred, stretched
from vecguard.ranking.best import Best
from vecguard.ranking.exact import scores
from vecguard.ranking.rows import OwnerRows
from vecguard.records import Metric, Opened, Record, RecordId, Scoped, VectorSeal
from vecguard.rules import Sight, Terms
from vecguard.watch.scores import POLICIES, ScorePolicy, shaped

METRICS: tuple[Metric, ...] = get_args(Metric)


def rows_of(exact: np.ndarray, first: int = 0) -> OwnerRows:
    opened = [
        Opened(
            record=Record(RecordId.text(str(first + at)), None, "", {}),
            backend_id=str(first + at),
            owner_tag="tag",
            vector=VectorSeal(b"", 1.0, 1.0, "guard"),
            altered=False,
            version=1,
            clear=(),
            tag="",
        )
        for at in range(len(exact))
    ]
    return OwnerRows.of(opened, exact)


def scoped(limit: int | None) -> Scoped:
    return Scoped(EVERYTHING, EVERYTHING, True, limit, 0, None)


def ranked(
    queries: np.ndarray, parts: list[np.ndarray], metric: Metric, wanted: int | None, threshold: float | None
) -> list[list[tuple[str, float | None]]]:
    collected, first = Best(queries, metric, wanted, threshold), 0
    for part in parts:
        rows = rows_of(part, first)
        collected.add(rows, np.ones(len(rows), dtype=np.bool_))
        first += len(part)
    return [[(each.opened.backend_id, each.score) for each in line] for line in collected.ranked(scoped(wanted))]


def best(line: np.ndarray, metric: Metric, threshold: float | None) -> list[int]:
    """Return positions, best first, cut at the threshold; equal scores keep their order."""
    order = np.argsort(line if metric == "l2" else -line, kind="stable")
    passing = [True] * len(line) if threshold is None else line <= threshold if metric == "l2" else line >= threshold
    return [int(at) for at in order if passing[at]]


def brute_force(
    queries: np.ndarray, exact: np.ndarray, metric: Metric, wanted: int | None, threshold: float | None
) -> list[list[tuple[str, float | None]]]:
    table = scores(queries, exact, metric)
    return [[(str(at), float(line[at])) for at in best(line, metric, threshold)[:wanted]] for line in table]


@pytest.mark.parametrize("metric", METRICS)
@settings(max_examples=60, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 400),
    wanted=st.one_of(st.none(), st.integers(0, 30)),
    crowd=st.sampled_from([0.0, 1e-7, 1e-3, 1.0]),
    cuts=st.integers(1, 4),
)
def test_it_equals_scoring_everything(
    metric: Metric, seed: int, count: int, wanted: int | None, crowd: float, cuts: int
) -> None:
    """Also where rows differ by less than float32 can tell, where some are the same, and over several parts."""
    rng = np.random.default_rng(seed)
    middle = rng.normal(size=(1, 24))
    exact = (middle + crowd * rng.normal(size=(count, 24))).astype(np.float32)
    exact[rng.integers(0, count, size=count // 3)] = exact[0]
    queries = rng.normal(size=(3, 24)).astype(np.float32)
    expected = brute_force(queries, exact, metric, wanted, None)
    found = ranked(queries, np.array_split(exact, cuts), metric, wanted, None)
    assert [[name for name, _ in line] for line in found] == [[name for name, _ in line] for line in expected]
    for line, wish in zip(found, expected, strict=True):
        np.testing.assert_allclose([score for _, score in line], [score for _, score in wish], rtol=1e-9, atol=1e-9)


@pytest.mark.parametrize("metric", METRICS)
def test_a_threshold_cuts_in_the_metrics_own_sense(metric: Metric) -> None:
    """Similarity at least, distance at most; the limit counts what passes."""
    rng = np.random.default_rng(5)
    exact, queries = rng.normal(size=(300, 16)).astype(np.float32), rng.normal(size=(2, 16)).astype(np.float32)
    middle = float(np.median(scores(queries, exact, metric)))
    expected = brute_force(queries, exact, metric, 400, middle)
    assert ranked(queries, [exact], metric, 400, middle) == expected
    assert all(100 < len(line) < 200 for line in expected)


def test_rows_that_are_not_allowed_are_not_ranked() -> None:
    """The best of the others come in their place, however few those are."""
    rng = np.random.default_rng(6)
    exact, queries = rng.normal(size=(200, 16)).astype(np.float32), rng.normal(size=(1, 16)).astype(np.float32)
    allowed = rng.random(200) < 0.3
    collected = Best(queries, "cosine", 10, None)
    collected.add(rows_of(exact), allowed)
    found = [int(each.opened.backend_id) for each in collected.ranked(scoped(10))[0]]
    line = scores(queries, exact, "cosine")[0]
    assert found == [at for at in best(line, "cosine", None) if allowed[at]][:10]


def test_many_queries_are_ranked_as_one_by_one() -> None:
    """The products of many queries are taken in batches."""
    rng = np.random.default_rng(7)
    exact, queries = rng.normal(size=(150, 16)).astype(np.float32), rng.normal(size=(150, 16)).astype(np.float32)
    expected = brute_force(queries, exact, "dot", 5, None)
    assert [[name for name, _ in line] for line in ranked(queries, [exact], "dot", 5, None)] == [
        [name for name, _ in line] for line in expected
    ]


@pytest.mark.parametrize("metric", METRICS)
@pytest.mark.parametrize("policy", POLICIES)
@settings(max_examples=40, deadline=None)
@given(
    seed=st.integers(0, 2**32 - 1),
    count=st.integers(1, 300),
    wanted=st.one_of(st.none(), st.integers(0, 30)),
    crowd=st.sampled_from([1e-3, 0.1, 1.0]),
    stretch=st.sampled_from([1.0, 1.4142, 3.0]),
)
def test_rows_of_others_are_ranked_by_what_is_shown(
    metric: Metric, policy: ScorePolicy, seed: int, count: int, wanted: int | None, crowd: float, stretch: float
) -> None:
    """Stretched, shaped, ordered by that and then by name, and only then cut: as if every row had been scored."""
    rng = np.random.default_rng(seed)
    exact = (rng.normal(size=(1, 24)) + crowd * rng.normal(size=(count, 24))).astype(np.float32)
    query = rng.normal(size=(1, 24)).astype(np.float32)
    line = stretched(scores(query, exact, metric), metric, stretch, norms(query), norms(exact))
    shown = shaped(line, policy)[0]
    order = sorted(range(count), key=lambda at: (shown[at] if metric == "l2" else -shown[at], str(at)))[:wanted]
    collected = Best(query, metric, wanted, None)
    collected.add(rows_of(exact), np.ones(count, dtype=np.bool_), Sight(Terms(), policy, stretch))
    found = [int(each.opened.backend_id) for each in collected.ranked(scoped(wanted))[0]]
    assert found == order if policy != "hidden" else sorted(found) == sorted(order)


@pytest.mark.parametrize("metric", METRICS)
def test_scores_of_blurred_rows_are_those_of_the_exact_ones_on_average(metric: Metric) -> None:
    """Rows of others stand fairly among one's own; without the stretch they would all be behind."""
    rng = np.random.default_rng(9)
    exact = rng.normal(size=(4000, 64)).astype(np.float32) + 1.0
    query = exact[:1] + 0.5
    digests = [bytes([at % 256, at // 256]) for at in range(4000)]
    seen = blurred(exact, digests, Secret(b"b" * 32), noise=1.0)
    raw = scores(query, seen, metric)
    fair = stretched(raw, metric, 2**0.5, norms(query), norms(seen))[0].mean()
    true = scores(query, exact, metric)[0].mean()
    assert fair == pytest.approx(true, rel=0.02)
    assert raw[0].mean() != pytest.approx(true, rel=0.1)
