"""A survey runs every attack on a defence and beside it on none."""

from __future__ import annotations

import subprocess
import sys
from collections.abc import Callable

import pytest

import vecguard.redteam
from vecguard import BadInput
from vecguard.arrays import Floats
from vecguard.protect.mask import Mask
from vecguard.redteam import Bare, Keyed, Result, survey

Cloud = Callable[..., Floats]


def _worst(results: tuple[Result, ...], metric: str = "id@1") -> float:
    return max(each.value for each in results if each.metric.split(",")[0] == metric)


def test_nothing_in_a_survey_gets_through_strict_masking(cloud: Cloud) -> None:
    """r = 100 ranked in the guard: every attack at its floor, whatever pairs of other rows the thief has."""
    found = survey(cloud(1200), Keyed(Mask(noise=100.0, turned=False), asks=False), noise=100.0, counts=(64, 256))
    assert {each.attack for each in found} >= {"dictionary", "gram", "procrustes", "ridge", "tenant"}
    assert _worst(found) <= 0.03
    assert all(each.ceiling > 0.9 for each in found if each.metric == "id@1" and each.pairs == 256)
    assert max(each.leak for each in found if each.metric == "id@1" and each.ceiling > 0.5) < 0.03


def test_a_survey_shows_what_a_rotation_alone_does_not_stop(cloud: Cloud) -> None:
    """Rotation stops the plain dictionary and neither shape, pairs nor a tenant."""
    found = survey(cloud(1200), Keyed(Mask(noise=0.0, turned=True), asks=True), noise=0.0, counts=(128,))
    first = {each.attack: each for each in found if each.metric == "id@1"}
    assert first["dictionary"].value <= 0.02
    for attack in ("gram", "procrustes", "ridge", "tenant"):
        assert first[attack].leak > 0.9, attack


def test_undefended_every_attack_reaches_its_ceiling(cloud: Cloud) -> None:
    """A survey of nothing finds a leak of 1 in everything that it scores."""
    found = survey(cloud(400), Bare(), noise=0.0, attacks=["dictionary", "gram", "tenant"])
    assert found
    assert all(each.leak == pytest.approx(1.0) for each in found if each.metric == "id@1")


def test_a_survey_repeats_itself_and_tells_how_far_it_is(cloud: Cloud) -> None:
    """The same seeds give the same figures, another seed others; progress ends at its total."""
    told: list[tuple[int, int]] = []
    rows, defence = cloud(200), Keyed(Mask(noise=1.0, turned=True), asks=True)

    def figures(seed: int) -> list[float]:
        return [
            each.value
            for each in survey(
                rows,
                defence,
                noise=1.0,
                attacks=["documents", "averaging"],
                seeds=(seed,),
                counts=(16,),
                progress=lambda done, total, name: told.append((done, total)),
            )
        ]

    once = figures(0)
    assert once == figures(0)
    assert once != figures(1)
    assert told[:3] == [(0, 2), (1, 2), (2, 2)]


def test_a_survey_of_too_little_is_refused(cloud: Cloud) -> None:
    """Ten rows have no statistics, and texts must be one per vector."""
    with pytest.raises(BadInput):
        survey(cloud(10), Bare(), noise=0.0)
    with pytest.raises(BadInput):
        survey(cloud(100), Bare(), noise=0.0, texts=["one"])


def test_public_names_exist_and_load_nothing_heavy() -> None:
    """Every public name is there, and importing the red team imports neither torch nor scipy."""
    names = vecguard.redteam.__all__
    assert all(hasattr(vecguard.redteam, name) for name in names)
    assert len(set(names)) == len(names)
    script = "import sys, vecguard.redteam; print(sorted({'torch', 'scipy', 'chromadb'} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == "[]"
