"""The baselines are what they are called, and fall to who knows the scheme."""

from __future__ import annotations

from collections.abc import Callable

import numpy as np
import pytest

from vecguard.arrays import Floats
from vecguard.redteam import Defence, Key, survey
from vecguard.redteam.baselines import (
    Binary,
    Constant,
    Erased,
    Int8,
    NoiseOnly,
    NominalLaplace,
    Permutation,
    Projection,
    Rotation,
    ScaleAndPerturb,
    Scaled,
)
from vecguard.redteam.peers import PEERS, Alloy, Hadamask, PrivRag, installed

Cloud = Callable[..., Floats]
SECRET: list[Defence] = [Permutation(), Rotation(), ScaleAndPerturb(0.8), ScaleAndPerturb(0.8, shuffled=True)]
PUBLIC: list[Defence] = [Binary(), Projection(48), Constant(0.2), Scaled()]
NOISY: list[Defence] = [NoiseOnly(0.5), NominalLaplace(10.0), *SECRET[2:]]


def found(rows: Floats, defence: Defence, *attacks: str) -> dict[str, float]:
    """The best id@1 of each attack."""
    results = survey(rows, defence, noise=0.1, attacks=attacks, counts=(128,), stolen=100)
    return {
        name: max(each.value for each in results if each.attack == name and each.metric == "id@1")
        for name in {each.attack for each in results}
    }


@pytest.mark.parametrize("defence", SECRET, ids=repr)
def test_a_secret_rotation_stops_guessing_and_neither_shape_nor_pairs(cloud: Cloud, defence: Defence) -> None:
    got = found(cloud(500), defence, "dictionary", "gram", "documents")
    assert got["dictionary"] < 0.1
    assert got["gram"] > 0.9
    assert got["procrustes"] > 0.9


@pytest.mark.parametrize("defence", PUBLIC, ids=repr)
def test_what_has_no_key_falls_to_guessing_or_to_shape(cloud: Cloud, defence: Defence) -> None:
    """A factor of -2.6 alone stops the guesser who does not divide by it, and nobody else."""
    got = found(cloud(500), defence, "dictionary", "gram")
    assert max(got.values()) > 0.85
    assert (got["dictionary"] > 0.85) is (defence != Scaled())


def test_int8_is_guessed_as_if_nothing_were_done(cloud: Cloud) -> None:
    rows = cloud(500)
    coded = Int8.fitted(rows)
    stored = coded.stored(rows, Key(0))
    assert np.all(np.abs(stored - rows) <= coded.step / 2 + 1e-6)
    assert max(len(np.unique(column)) for column in stored.T) <= 256
    assert found(rows, coded, "dictionary")["dictionary"] == 1.0


@pytest.mark.parametrize("defence", NOISY, ids=repr)
def test_noise_is_sticky_by_id_and_fresh_by_key(cloud: Cloud, defence: Defence) -> None:
    """The same id of the same owner keeps its noise, in a batch of any size; another id, owner or key draws afresh."""
    rows, ids = cloud(20), [f"r{at}" for at in range(20)]
    first = defence.stored(rows, Key(1), ids)
    assert np.array_equal(defence.stored(rows[5:8], Key(1), ids[5:8]), first[5:8])
    for other in (
        defence.stored(rows, Key(1), [f"s{at}" for at in range(20)]),
        defence.stored(rows, Key(1, owner=1), ids),
        defence.stored(rows, Key(2), ids),
    ):
        assert np.all(np.linalg.norm(other - first, axis=1) > 0.05)


def test_the_dials_say_how_long_the_noise_is(cloud: Cloud) -> None:
    """r of noise alone, beta / 4 of scale-and-perturb, and what the Laplace of articles really is."""
    rows, key = cloud(400), Key(3)
    noise = np.linalg.norm(NoiseOnly(0.5).stored(rows, key) - rows, axis=1)
    assert noise.mean() == pytest.approx(0.5, rel=0.03)
    turned = Rotation().stored(rows, key)
    moved = np.linalg.norm(ScaleAndPerturb(2.0).stored(rows, key) - turned, axis=1)
    assert moved.max() <= 0.5 + 1e-5
    assert moved.mean() == pytest.approx(0.5 * 64 / 65, rel=0.01)
    laplace = NominalLaplace(10.0)
    stored = laplace.stored(rows, key)
    assert np.allclose(np.linalg.norm(stored, axis=1), 1.0, atol=1e-5)
    expected = 1 / np.sqrt(1 + laplace.noise(64) ** 2)
    assert np.sum(stored * rows, axis=1).mean() == pytest.approx(expected, abs=0.05)


def test_an_erased_attribute_is_gone_for_centroids_and_nothing_else_is(cloud: Cloud) -> None:
    rows = cloud(500)
    values = ["low" if each < np.median(rows[:, 3]) else "high" for each in rows[:, 3]]
    erased = Erased.fitted("side", rows, values).stored(rows, Key(0))
    side = np.array(values) == "low"
    apart = [np.linalg.norm(each[side].mean(axis=0) - each[~side].mean(axis=0)) for each in (rows, erased)]
    assert apart[1] < 1e-4 < 0.1 < apart[0]
    assert found(rows, Erased.fitted("side", rows, values), "dictionary")["dictionary"] > 0.95


@pytest.mark.parametrize("name", PEERS)
def test_a_peer_is_measured_where_it_is_installed_and_named_where_it_is_not(cloud: Cloud, name: str) -> None:
    """With it, search works and guesses do not; without it, the error says what is missing."""
    defence = PEERS[name][1]()
    assert isinstance(defence, (Alloy, Hadamask, PrivRag))
    rows = cloud(200)
    if not installed(name):
        with pytest.raises(ImportError, match=PEERS[name][0]):
            defence.stored(rows, Key(0))
        return
    stored, asked = defence.stored(rows, Key(0)), defence.asked(rows[:20], Key(0))
    assert stored.shape == rows.shape
    assert np.mean(np.argmax(asked @ stored.T, axis=1) == np.arange(20)) > 0.8
    assert abs(np.mean(np.sum(stored * rows, axis=1))) < 0.3
