"""Each attack is as strong as it should be where nothing stops it, and gets as little as promised elsewhere."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vecguard import BadInput
from vecguard.arrays import Floats
from vecguard.protect.mask import Mask
from vecguard.redteam import (
    Averaging,
    Bare,
    Dictionary,
    Gram,
    Hidden,
    Key,
    Keyed,
    Knowledge,
    KnownPairs,
    Pairs,
    Result,
    Stolen,
    Tenant,
    curve,
    trial,
)

VICTIM = Key(1)
Cloud = Callable[..., Floats]


def masked(noise: float) -> Keyed:
    """A mask with ranking in the store below r = 100, and in the guard there."""
    return Keyed(Mask(noise=noise, turned=noise < 100), asks=noise < 100)


def of(results: tuple[Result, ...], metric: str = "id@1") -> float:
    (found,) = [each.value for each in results if each.metric == metric]
    return found


def documents(defence: Any, exact: Floats, noise: float, key: Key = VICTIM) -> Pairs:
    return Pairs(exact, defence.stored(exact, key, [f"known {i}" for i in range(len(exact))]), noise)


# ------------------------------------------------------------------------------------------------------ dictionary


def test_a_dictionary_recognises_every_undefended_text(cloud: Cloud) -> None:
    """Undefended, each of 300 texts is the nearest guess to its own vector."""
    exact = cloud(300)
    assert of(trial(Dictionary(), Knowledge(), Stolen(exact), Hidden(exact))) == 1.0


@pytest.mark.parametrize("noise", [0.0, 1.0, 100.0])
def test_a_dictionary_without_pairs_is_at_chance(cloud: Cloud, noise: float) -> None:
    """Under a key, guesses do not meet stored rows: id@1 of 300 is at most 1 in 60, chance being 1 in 300."""
    exact = cloud(300)
    found = trial(Dictionary(), Knowledge(), Stolen(masked(noise).stored(exact, VICTIM)), Hidden(exact))
    assert of(found) <= 1 / 60


def test_a_dictionary_with_pairs_undoes_a_rotation(cloud: Cloud) -> None:
    """As many pairs as dimensions give the rotation away."""
    exact, defence = cloud(300), masked(0.0)
    known = Knowledge(pairs=(documents(defence, cloud(64, seed=5), 0.0),))
    found = trial(Dictionary("turned by pairs"), known, Stolen(defence.stored(exact, VICTIM)), Hidden(exact))
    assert of(found) == 1.0
    assert of(found, "cosine") > 0.999


# ------------------------------------------------------------------------------------------------------------ gram


def test_shape_alone_opens_a_rotation(cloud: Cloud) -> None:
    """With the very texts as corpus, no key and no pair, every rotated row is recognised."""
    exact = cloud(300)
    found = trial(Gram(), Knowledge(corpus=exact), Stolen(masked(0.0).stored(exact, VICTIM)), Hidden(exact))
    assert of(found) == 1.0


def test_shape_alone_opens_a_rotation_with_other_texts_of_the_domain(cloud: Cloud) -> None:
    """Not one stolen text in the corpus: the domain has the same shape, and that is enough."""
    exact = cloud(600)
    known = Knowledge(corpus=cloud(1200, seed=7))
    found = trial(Gram(), known, Stolen(masked(0.0).stored(exact, VICTIM)), Hidden(exact))
    assert of(found) > 0.9


def test_shape_says_nothing_of_another_domain(cloud: Cloud) -> None:
    """A corpus that has another shape opens nothing: the attack does not recognise what it cannot know."""
    exact = cloud(300)
    other = np.random.default_rng(3).standard_normal((600, 64)).astype(np.float32)
    found = trial(Gram(), Knowledge(corpus=other), Stolen(masked(0.0).stored(exact, VICTIM)), Hidden(exact))
    assert of(found) < 0.05


def test_shape_is_gone_at_a_hundredfold_noise(cloud: Cloud) -> None:
    """r = 100: whoever holds the very texts cannot tell which row is which."""
    exact = cloud(300)
    found = trial(Gram(), Knowledge(corpus=exact), Stolen(masked(100.0).stored(exact, VICTIM)), Hidden(exact))
    assert of(found) <= 0.02


def test_an_attack_without_what_it_needs_says_so(cloud: Cloud) -> None:
    """No corpus, no pairs, or a truth of other rows: refused, rather than scored as a defence that holds."""
    rows = cloud(20)
    for attack in (Gram(), KnownPairs(), Tenant()):
        with pytest.raises(BadInput):
            trial(attack, Knowledge(), Stolen(rows), Hidden(rows))
    with pytest.raises(BadInput):
        trial(Dictionary(), Knowledge(), Stolen(rows), Hidden(rows[:5]))


# ----------------------------------------------------------------------------------------------------- known pairs


@pytest.mark.parametrize("by", ["procrustes", "ridge"])
def test_pairs_open_a_rotation(cloud: Cloud, by: Any) -> None:
    """More pairs open more, and as many as there are dimensions open everything, in rows that are not among them."""
    exact, defence = cloud(300), masked(0.0)
    pairs = documents(defence, cloud(128, seed=5), 0.0)
    found = curve("document", [pairs], Stolen(defence.stored(exact, VICTIM)), Hidden(exact), counts=(8, 64, 500), by=by)
    (few, before), (many, after) = found.of("id@1")
    assert (few, many) == (8, 64)
    assert before < 0.9 < after
    assert found.needed() == 64
    assert found.needed(1.1) is None


def test_a_query_pair_is_worth_more_than_a_document_pair(cloud: Cloud) -> None:
    """Queries reach the host without noise: at r = 1 half a dimension of them open more than as many documents."""
    exact, defence, asked = cloud(300), masked(1.0), cloud(32, seed=6)
    stolen = Stolen(defence.stored(exact, VICTIM))
    seen = defence.asked(asked, VICTIM)
    assert seen is not None
    queries = trial(KnownPairs(), Knowledge(pairs=(Pairs(asked, seen, 0.0),)), stolen, Hidden(exact))
    known = Knowledge(pairs=(documents(defence, asked, 1.0),))
    assert of(queries) > of(trial(KnownPairs(), known, stolen, Hidden(exact))) + 0.1


@pytest.mark.parametrize(("noise", "gain"), [(1.0, 0.01), (4.0, -0.005)])
def test_both_kinds_of_pairs_together_are_no_worse_than_either(cloud: Cloud, noise: float, gain: float) -> None:
    """Weighted by their noise, document pairs help query pairs at r = 1, and do not drown them at r = 4."""
    exact, defence, asked = cloud(300), masked(noise), cloud(48, seed=6)
    stolen, seen = Stolen(defence.stored(exact, VICTIM)), defence.asked(asked, VICTIM)
    assert seen is not None
    queries, more = Pairs(asked, seen, 0.0), documents(defence, cloud(400, seed=5), noise)
    alone = [
        of(trial(KnownPairs(), Knowledge(pairs=(each,)), stolen, Hidden(exact)), "cosine") for each in (queries, more)
    ]
    both = of(trial(KnownPairs(), Knowledge(pairs=(queries, more)), stolen, Hidden(exact)), "cosine")
    assert both > max(alone) + gain


@pytest.mark.parametrize("by", ["procrustes", "ridge"])
def test_pairs_of_other_rows_open_nothing_where_the_guard_ranks(cloud: Cloud, by: Any) -> None:
    """r = 100, and a thief with a thousand rows that it knows word for word: the others stay closed."""
    exact, defence = cloud(300), masked(100.0)
    known = Knowledge(pairs=(documents(defence, cloud(1000, seed=5), 100.0),))
    found = trial(KnownPairs(by), known, Stolen(defence.stored(exact, VICTIM)), Hidden(exact))
    assert of(found) <= 0.02
    assert defence.asked(exact, VICTIM) is None


# ------------------------------------------------------------------------------------------------------- averaging


def copies(defence: Keyed, exact: Floats, count: int) -> list[Floats]:
    return [defence.stored(exact, VICTIM, [f"{copy}/{i}" for i in range(len(exact))]) for copy in range(count)]


def test_copies_under_other_ids_average_the_noise_away(cloud: Cloud) -> None:
    """m copies have cosine 1 / sqrt(1 + r^2 / m) at most: a little less, as near draws are redrawn."""
    exact, defence = cloud(200, dimension=384), Keyed(Mask(noise=4.0, turned=False), asks=False)
    first, *others = copies(defence, exact, 16)
    found = {
        m: trial(Averaging(m, Dictionary()), Knowledge(), Stolen(first, tuple(others)), Hidden(exact))
        for m in (1, 4, 16)
    }
    for m, results in found.items():
        promised = 1 / np.sqrt(1 + 16 / m)
        assert promised - 0.04 < of(results, "cosine") < promised + 0.005
    assert of(found[1]) < of(found[4]) < of(found[16])
    assert of(found[16]) > 0.99


def test_rewrites_of_unchanged_records_leave_nothing_to_average(cloud: Cloud) -> None:
    """Sixteen writes of the same records are one draw."""
    exact, defence = cloud(100), Keyed(Mask(noise=4.0, turned=False), asks=False)
    first, *others = [defence.stored(exact, VICTIM) for _ in range(16)]
    found = [
        trial(Averaging(m, Dictionary()), Knowledge(), Stolen(first, tuple(others)), Hidden(exact)) for m in (1, 16)
    ]
    assert of(found[0], "cosine") == pytest.approx(of(found[1], "cosine"), abs=1e-6)


def test_copies_open_nothing_at_a_hundredfold_noise(cloud: Cloud) -> None:
    """Sixteen copies at r = 100 are as good as one at r = 25."""
    exact = cloud(300)
    first, *others = copies(masked(100.0), exact, 16)
    found = trial(Averaging(16, Dictionary()), Knowledge(), Stolen(first, tuple(others)), Hidden(exact))
    assert of(found) <= 0.03


# ---------------------------------------------------------------------------------------------------------- tenant


@pytest.mark.parametrize(("noise", "least"), [(0.0, 1.0), (1.0, 0.4)])
def test_a_tenant_gets_the_shared_rotation_from_its_own_rows(cloud: Cloud, noise: float, least: float) -> None:
    """Where the store ranks, owners share the rotation, and r is all that stands between them."""
    exact, own, defence = cloud(300), cloud(500, seed=5), masked(noise)
    known = Knowledge(pairs=(Pairs(own, defence.stored(own, Key(1, owner=1)), noise),))
    assert of(trial(Tenant(), known, Stolen(defence.stored(exact, VICTIM)), Hidden(exact))) >= least


def test_a_tenant_gets_nothing_where_the_guard_ranks(cloud: Cloud) -> None:
    """r = 100 under keys per owner: its own rows, under the very ids of the victim's, open none of another's."""
    exact, own, defence = cloud(300), cloud(500, seed=5), masked(100.0)
    known = Knowledge(pairs=(Pairs(own, defence.stored(own, Key(1, owner=1)), 100.0),))
    found = trial(Tenant(), known, Stolen(defence.stored(exact, VICTIM)), Hidden(exact))
    assert of(found) <= 0.02
    assert of(found, "id@1, own noise off") <= 0.02


@pytest.mark.parametrize("normalised", [False, True])
def test_a_tenant_sees_through_noise_that_hangs_on_the_id_alone(cloud: Cloud, normalised: bool) -> None:
    """The attack is no formality: noise that two owners share comes off, whether or not the store normalises rows."""
    exact, own = cloud(300), cloud(300, seed=5)
    shared = np.random.default_rng(9).standard_normal(exact.shape).astype(np.float32) * 10 / 8
    mine, theirs = own + shared, exact + shared
    if normalised:
        mine, theirs = (rows / np.linalg.norm(rows, axis=1, keepdims=True) for rows in (mine, theirs))
    found = trial(Tenant(), Knowledge(pairs=(Pairs(own, mine, 10.0),)), Stolen(theirs), Hidden(exact))
    assert of(found, "id@1, own noise off") > of(found) + 0.2


def test_bare_is_what_it_says(cloud: Cloud) -> None:
    """The undefended side of every comparison stores what it is given."""
    rows = cloud(5)
    assert np.array_equal(Bare().stored(rows, VICTIM), rows)


def test_singular_values_come_of_matrices_that_divide_and_conquer_gives_up_on(monkeypatch: pytest.MonkeyPatch) -> None:
    """The slower algorithm takes over, and the product of the factors is the matrix."""
    from vecguard.redteam.factor import svd

    def gives_up(*_: object, **__: object) -> None:
        raise np.linalg.LinAlgError

    matrix = np.random.default_rng(1).normal(size=(30, 4)) @ np.random.default_rng(2).normal(size=(4, 20))
    fast = svd(matrix)
    monkeypatch.setattr(np.linalg, "svd", gives_up)
    slow = svd(matrix)
    for u, s, vt in (fast, slow):
        np.testing.assert_allclose(u * s @ vt, matrix, atol=1e-9)
