"""An attacker of one's own is a file with an `attack`; it is tried as the package's own are."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path

import pytest

from vecguard import BadInput
from vecguard.arrays import Floats
from vecguard.protect.mask import Mask
from vecguard.redteam import Bare, Keyed, Material, Scene, Thief, tried
from vecguard.redteam.mine import load, plan_of

NEAREST = """
from dataclasses import dataclass
from vecguard.redteam import Dictionary

@dataclass(frozen=True)
class Nearest:
    pairs: int = 32
    name: str = "nearest"

    def fit(self, known):
        return Dictionary("turned by pairs").fit(known)

attack = Nearest()
"""


def test_an_attack_of_ones_own_is_tried_naive_and_adaptive(cloud: Callable[..., Floats], tmp_path: Path) -> None:
    """With the pairs that it asks for: strong on bare rows, and at chance on masked ones."""
    (tmp_path / "mine.py").write_text(NEAREST)
    (attack,) = load(tmp_path / "mine.py")
    scene = Scene.of(Material(exact=cloud(400)), 100, seed=0)
    found = {}
    for name, defence, noise in (
        ("bare", Bare(), 0.0),
        ("masked", Keyed(Mask(noise=100.0, turned=False), asks=False), 100.0),
    ):
        planned = list(plan_of(attack)(Thief.of(scene, defence, noise), ()))
        assert [each.known.practice is None for each in planned] == [True, False]
        assert all(len(each.known.pairs[0]) == 32 for each in planned)
        found[name] = tried(planned[0].attack, planned[0].known, planned[0].stolen, scene.hidden).results[0].value
    assert found["bare"] > 0.9
    assert found["masked"] < 0.1


@pytest.mark.parametrize(
    "source",
    ["", "attack = 1", "attacks = []", "attack = object()", "raise ValueError('a secret of mine')", "def broken(:"],
)
def test_a_file_without_an_attack_is_refused_without_what_it_says(source: str, tmp_path: Path) -> None:
    """Also one that cannot be run: the kind of error and the line, and no text."""
    (tmp_path / "mine.py").write_text(source)
    with pytest.raises(BadInput) as refused:
        load(tmp_path / "mine.py")
    assert "secret" not in str(refused.value)
    if "raise" in source:
        assert "ValueError, line 1" in str(refused.value)


def test_a_file_that_is_not_there_is_refused(tmp_path: Path) -> None:
    """And so is a folder."""
    for path in (tmp_path / "none.py", tmp_path):
        with pytest.raises(BadInput):
            load(path)
