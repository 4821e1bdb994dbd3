"""What answers give away: everything without blur, and with it no more than the whole blurred vector does."""

from __future__ import annotations

import hashlib
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vecguard import BadInput
from vecguard.arrays import Floats
from vecguard.keys import Secret
from vecguard.protect.blur import blurred
from vecguard.redteam import Hidden, Knowledge
from vecguard.redteam.scores import (
    AmongOwnRows,
    AmongTargets,
    Budget,
    Ladders,
    Limits,
    Prior,
    Probes,
    Reading,
    ScoreAttack,
    SharedRows,
    ShownScores,
    Thresholds,
    View,
    Visit,
    attempt,
    blurred_for_good,
    cosine,
    mean_cosine,
    most_from_view,
    strongest,
)
from vecguard.redteam.scores.shared import content_digests
from vecguard.watch.scores import ScorePolicy

D = 64
A_MONTH = Budget(accounts=10, days=30, queries=500)
TOLERANCE = 0.005

Cloud = Callable[..., Floats]


def key(number: int = 0) -> Secret:
    return Secret(hashlib.sha256(f"a test's key {number}".encode()).digest())


def shared(
    exact: Floats, policy: ScorePolicy, *, blur: float = 0.0, view: View | None = None, budget: Budget = A_MONTH
) -> SharedRows:
    seen = view or blurred_for_good(exact, noise=blur, key=key())
    return SharedRows(seen, noise=blur, policy=policy, key=key(), budget=budget)


def reached(exact: Floats, oracle: SharedRows, attack: ScoreAttack, corpus: Floats | None = None) -> float:
    known = Knowledge(corpus=corpus)
    return cosine(attempt(attack, known, oracle, np.arange(len(exact)), Hidden(exact))).value


# --------------------------------------------------------------------------------------------------- without a blur

UNBLURRED: list[tuple[ScorePolicy, Reading, int, float]] = [
    ("exact", ShownScores("exact"), D, 0.999),
    ("rounded", ShownScores("rounded"), 2 * D, 0.99),
    ("bucketed", ShownScores("bucketed"), 20 * D, 0.99),
    ("rank", AmongOwnRows(), 2 * D, 0.99),
    ("rank", Ladders(), D, 0.99),
    ("exact", Thresholds(), D, 0.99),
    ("rounded", Thresholds(), 2 * D, 0.99),
    ("hidden", Limits(), 2 * D, 0.99),
]


@pytest.mark.parametrize(("policy", "reading", "probes", "least"), UNBLURRED, ids=lambda each: str(each)[:30])
def test_answers_give_vectors_away_where_nothing_is_blurred(
    cloud: Cloud, policy: ScorePolicy, reading: Reading, probes: int, least: float
) -> None:
    """Whatever a policy shows, scores, order, or nothing but who is among the k best, is enough by itself."""
    exact = cloud(8, seed=3)
    assert reached(exact, shared(exact, policy), ScoreAttack(reading, Probes(probes))) >= least


@pytest.mark.parametrize(("policy", "reading", "probes", "least"), UNBLURRED, ids=lambda each: str(each)[:30])
def test_as_many_questions_about_blurred_rows_give_the_blurred_vector(
    cloud: Cloud, policy: ScorePolicy, reading: Reading, probes: int, least: float
) -> None:
    """The same attacks at b = 1 end at x', whose cosine to x is about .7, and not beyond."""
    exact = cloud(8, seed=3)
    found = reached(exact, shared(exact, policy, blur=1.0), ScoreAttack(reading, Probes(probes)))
    seen = mean_cosine(blurred_for_good(exact, noise=1.0, key=key())(Visit()), exact)
    assert 0.6 < seen < 0.8
    assert found == pytest.approx(seen, abs=0.02)


def test_the_order_of_many_targets_says_most_without_a_row_of_ones_own(cloud: Cloud) -> None:
    """Places among a hundred strangers and the quantiles of one's own texts."""
    exact, corpus = cloud(100, seed=3), cloud(800, seed=4)
    attack = ScoreAttack(AmongTargets(), Probes(4 * D))
    assert reached(exact, shared(exact, "rank"), attack, corpus) >= 0.97


def test_thresholds_say_nothing_where_no_score_shows(cloud: Cloud) -> None:
    """By rank, bisection learns nothing: the naive attacker has nothing and the informed one its first guess."""
    exact, corpus = cloud(8, seed=3), cloud(400, seed=4)
    naive = attempt(
        ScoreAttack(Thresholds(), Probes(D)), Knowledge(), shared(exact, "rank"), np.arange(8), Hidden(exact)
    )
    informed = ScoreAttack(Thresholds(), Probes(D), informed=True)
    guessed = attempt(informed, Knowledge(corpus=corpus), shared(exact, "rank"), np.arange(8), Hidden(exact))
    assert cosine(naive).value == 0.0
    assert cosine(guessed).value == pytest.approx(cosine(guessed).floor, abs=1e-6)


@pytest.mark.parametrize("policy", ["exact", "bucketed"])
def test_a_prior_makes_much_of_few_questions(cloud: Cloud, policy: ScorePolicy) -> None:
    """A quarter of d on-manifold questions, the same for both: the attacker that owns texts gets much more of them."""
    exact, corpus = cloud(50, seed=3), cloud(800, seed=4)
    probes = Probes(D // 4, "texts")
    naive, informed = (
        reached(exact, shared(exact, policy), ScoreAttack(ShownScores(policy), probes, informed), corpus)
        for informed in (False, True)
    )
    floor = mean_cosine(np.tile(Prior.of(corpus).guess, (50, 1)), exact)
    assert informed > naive + 0.03
    assert informed > floor + 0.3


def test_axes_of_ones_own_texts_say_more_than_directions_by_chance(cloud: Cloud) -> None:
    """d / 8 questions each, of a cloud with few directions that matter."""
    exact, corpus = cloud(50, seed=3), cloud(800, seed=4)
    by_kind = {
        kind: reached(exact, shared(exact, "exact"), ScoreAttack(ShownScores(), Probes(D // 8, kind), True), corpus)
        for kind in ("random", "axes")
    }
    assert by_kind["axes"] > by_kind["random"] + 0.03


# ------------------------------------------------------------------------------------------------------- with a blur


@pytest.mark.parametrize("policy", ["exact", "rounded", "bucketed", "rank", "hidden"])
def test_the_strongest_attacker_gets_what_the_whole_blurred_vector_gives_and_no_more(
    cloud: Cloud, policy: ScorePolicy
) -> None:
    """A month with ten accounts, own rows, and texts of the domain: as good as being handed x', never better."""
    exact, known = cloud(12, seed=3), Knowledge(corpus=cloud(800, seed=4))
    found = strongest(
        policy,
        known,
        lambda: shared(exact, policy, blur=1.0, budget=Budget(10, 30)),
        np.arange(12),
        Hidden(exact),
        noise=1.0,
    )
    seen = blurred_for_good(exact, noise=1.0, key=key())(Visit())
    most = most_from_view(Prior.of(known.needed_corpus()), seen, exact, noise=1.0)
    assert mean_cosine(seen, exact) + 0.1 < most < 0.95
    assert most - 0.02 <= cosine(found.best).value <= most + TOLERANCE


def test_more_questions_from_more_accounts_add_nothing(cloud: Cloud) -> None:
    """Two hundred times the questions, ten accounts, thirty days: the estimate is the same."""
    exact, corpus = cloud(30, seed=3), cloud(800, seed=4)
    few, many = (
        reached(exact, shared(exact, "exact", blur=1.0), ScoreAttack(ShownScores(), Probes(count), True, 1.0), corpus)
        for count in (D, 200 * D)
    )
    assert many == pytest.approx(few, abs=1e-3)


def drawn_per_account(exact: Floats) -> View:
    return lambda visit: blurred(exact, content_digests(exact), key(visit.account), noise=1.0)


def drawn_per_day(exact: Floats) -> View:
    return lambda visit: blurred(exact, content_digests(exact), key(visit.day), noise=1.0)


@pytest.mark.parametrize("weaker", [drawn_per_account, drawn_per_day])
def test_a_blur_drawn_per_reader_or_per_day_is_averaged_away(cloud: Cloud, weaker: Callable[[Floats], View]) -> None:
    """The same attacker, questions and bound as for the blur that stays: this one is broken by ten accounts."""
    exact, corpus = cloud(30, seed=3), cloud(800, seed=4)
    days = Budget(accounts=10, days=10, queries=D)
    probes = Probes(100 * D)
    most = most_from_view(Prior.of(corpus), drawn_per_account(exact)(Visit()), exact, noise=1.0)
    adaptive = ScoreAttack(ShownScores(), probes, True, 1.0 / np.sqrt(10))
    broken = reached(exact, shared(exact, "exact", blur=1.0, view=weaker(exact), budget=days), adaptive, corpus)
    held = reached(exact, shared(exact, "exact", blur=1.0, budget=days), adaptive, corpus)
    assert broken > most + 0.05
    assert held <= most + TOLERANCE


def test_a_blur_drawn_per_read_is_averaged_away_by_one_account(cloud: Cloud) -> None:
    """Asking the same thing thirty times, least squares alone comes near the exact vector."""
    exact, draws = cloud(30, seed=3), iter(range(10**6))

    def anew(_: Visit) -> Floats:
        return blurred(exact, content_digests(exact), key(next(draws)), noise=1.0)

    oracle = shared(exact, "exact", blur=1.0, view=anew, budget=Budget(days=30, queries=D))
    assert reached(exact, oracle, ScoreAttack(ShownScores(), Probes(30 * D))) > 0.95


def test_copies_of_a_row_leave_nothing_to_average_and_variants_do(cloud: Cloud) -> None:
    """Sixteen copies of one content are one draw; sixteen that differ a little leave b / 4 of what they share."""
    row = cloud(1, seed=3)
    copies = np.tile(row, (16, 1))
    variants = copies + np.random.default_rng(5).standard_normal(copies.shape).astype(np.float32) * 1e-3
    together = [
        mean_cosine(blurred_for_good(rows, noise=1.0, key=key())(Visit()).mean(axis=0, keepdims=True), row)
        for rows in (copies, variants.astype(np.float32))
    ]
    assert together[0] < 0.85
    assert together[1] > 0.93


# ----------------------------------------------------------------------------------------- what a guard would answer


def test_own_rows_are_exact_and_come_first_among_equals() -> None:
    """Shared scores are rounded before they are ordered; own ones are not, and win ties."""
    query = np.zeros((1, D), dtype=np.float32)
    query[0, :4] = 0.48, 0.52, 0.5, np.sqrt(1 - 0.48**2 - 0.52**2 - 0.5**2)
    oracle = shared(np.eye(2, D, dtype=np.float32), "bucketed")  # .48 and .52, both in the bucket of .5
    own = oracle.write(np.eye(3, D, dtype=np.float32)[1:])  # .52 once more, and .5
    answers = oracle.ask(query)
    assert answers.ids[0, :2].tolist() == own.tolist()
    assert answers.scores[0] == pytest.approx([0.52, 0.5, 0.5, 0.5], abs=1e-7)
    oracle.erase(own)
    assert sorted(oracle.ask(query).ids[0].tolist()) == [0, 1]


def test_order_says_nothing_where_rows_are_hidden(cloud: Cloud) -> None:
    """Any question gets all rows in one order; with a limit, its best ones in that order."""
    exact = cloud(40, seed=3)
    oracle = shared(exact, "hidden")
    whole = oracle.ask(cloud(20, seed=5)).ids
    assert (whole == whole[0]).all()
    best, ranked = oracle.ask(cloud(20, seed=5), limit=7).ids, shared(exact, "rank").ask(cloud(20, seed=5), limit=7).ids
    places = np.argsort(whole[0])
    assert (np.diff(places[best], axis=1) > 0).all()
    assert (np.sort(best, axis=1) == np.sort(ranked, axis=1)).all()


def test_ties_follow_no_order_that_an_owner_chose(cloud: Cloud) -> None:
    """All in one bucket: neither the order of writing nor its reverse."""
    rows = np.zeros((30, D), dtype=np.float32)
    rows[:, 0] = 1.0
    order = shared(rows, "bucketed").ask(rows[:1]).ids[0]
    assert sorted(order.tolist()) == list(range(30))
    assert abs(np.corrcoef(order, np.arange(30))[0, 1]) < 0.6


def test_a_budget_ends_after_its_accounts_and_days(cloud: Cloud) -> None:
    """Three accounts, two days, five queries each, and no more."""
    exact = cloud(6, seed=3)
    oracle = shared(exact, "exact", budget=Budget(accounts=3, days=2, queries=5))
    assert len(oracle.ask(cloud(20, seed=5))) == 20
    assert len(oracle.ask(cloud(20, seed=5))) == 10
    assert len(oracle.ask(cloud(20, seed=5))) == 0


def test_a_budget_counts_distinct_shared_rows_and_not_own_ones(cloud: Cloud) -> None:
    """The eleventh distinct row of an account's day is the next account's first."""
    exact, queries = cloud(40, seed=3), cloud(200, seed=5)
    oracle = shared(exact, "rank", budget=Budget(accounts=1, days=1, records=10))
    oracle.write(cloud(5, seed=6))
    ids = oracle.ask(queries, limit=3).ids
    unlimited = shared(exact, "rank", budget=Budget(records=None))
    unlimited.write(cloud(5, seed=6))
    wanted = unlimited.ask(queries, limit=3).ids
    assert (ids == wanted[: len(ids)]).all()
    assert len(set(ids[ids < 40].tolist())) <= 10
    assert len(set(wanted[: len(ids) + 1].ravel().tolist()) - set(range(40, 45))) > 10


def test_an_answer_beyond_a_whole_days_budget_is_refused(cloud: Cloud) -> None:
    """No account could ever pay for it."""
    with pytest.raises(BadInput):
        shared(cloud(40, seed=3), "rank", budget=Budget(records=10)).ask(cloud(1, seed=5))


def test_an_informed_attack_needs_texts(cloud: Cloud) -> None:
    """A prior of nothing is refused rather than scored as a defence that holds."""
    exact = cloud(4, seed=3)
    with pytest.raises(BadInput):
        reached(exact, shared(exact, "exact"), ScoreAttack(ShownScores(), Probes(D), informed=True))


# ------------------------------------------------------------------------------------------------------ real vectors


@pytest.mark.minilm
@pytest.mark.parametrize("policy", ["rounded", "rank"])
def test_of_real_sentences_too_no_answer_gives_more_than_the_blurred_vector(persona: Any, policy: ScorePolicy) -> None:
    """MiniLM at d = 384: everything without blur, and at b = 1 what x' gives an attacker with thousands of texts."""
    vectors = np.asarray(persona.vectors)
    known, exact = Knowledge(corpus=vectors[:1500]), vectors[9000:9006]
    targets, month = np.arange(len(exact)), Budget(accounts=10, days=30)
    bare, blurry = (
        strongest(
            policy,
            known,
            lambda: shared(exact, policy, blur=noise, budget=month),  # noqa: B023 - used at once
            targets,
            Hidden(exact),
            noise=noise,
        )
        for noise in (0.0, 1.0)
    )
    seen = blurred_for_good(exact, noise=1.0, key=key())(Visit())
    most = most_from_view(Prior.of(known.needed_corpus()), seen, exact, noise=1.0)
    assert cosine(bare.best).value > 0.999
    assert mean_cosine(seen, exact) + 0.1 < most < 0.95
    assert most - 0.02 <= cosine(blurry.best).value <= most + TOLERANCE
