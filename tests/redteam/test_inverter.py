"""Inverters that were trained elsewhere: any callable, and the published one where its package is installed."""

from __future__ import annotations

import sys
from collections.abc import Sequence
from pathlib import Path

import numpy as np
import pytest

from vecguard import BadInput
from vecguard.arrays import Floats
from vecguard.redteam import Attack, Hidden, Knowledge, Pairs, Pretrained, Stolen, Telling, trial, vec2text

TEXTS = tuple(f"text number {i} of {word}" for i, word in enumerate(["red", "green", "blue", "grey", "pink"] * 8))
AXES = np.random.default_rng(0).standard_normal((40, 16)).astype(np.float32)


def _nearest(rows: Floats) -> list[str]:
    """An inverter that knows forty texts by heart."""
    return [TEXTS[each] for each in np.argmax(rows @ AXES.T / np.linalg.norm(AXES, axis=1), axis=1)]


def test_any_callable_is_an_attack() -> None:
    """It is judged as ours are, and says what it read."""
    attack: Attack = Pretrained(_nearest, "mine")
    hidden = Hidden(AXES, TEXTS)
    found = {each.metric: each for each in trial(attack, Knowledge(), Stolen(AXES), hidden)}
    assert found["exact"].value == 1
    assert found["exact"].floor == 0
    assert found["exact"].attack == "mine"
    attacker = attack.fit(Knowledge())
    assert isinstance(attacker, Telling)
    assert list(attacker.told(Stolen(AXES), 3)) == list(TEXTS[:3])


def test_a_rotation_stops_it_until_pairs_undo_it() -> None:
    """The turn is undone before the inverter reads."""
    turn = np.linalg.qr(np.random.default_rng(1).standard_normal((16, 16)))[0].astype(np.float32)
    stolen, hidden = Stolen(AXES @ turn), Hidden(AXES, TEXTS)
    pairs = Knowledge(pairs=(Pairs(AXES[:20], AXES[:20] @ turn, noise=0.0),))

    def exact(attack: Pretrained) -> float:
        return next(each.value for each in trial(attack, pairs, stolen, hidden) if each.metric == "exact")

    assert exact(Pretrained(_nearest)) < 0.2
    assert exact(Pretrained(_nearest, undo="turned by pairs")) == 1


@pytest.mark.parametrize("made", [["one text"], [1] * 40], ids=["too few", "no texts"])
def test_an_inverter_that_does_not_return_a_text_for_each_row_is_refused(made: Sequence[str]) -> None:
    """Scores of shifted rows would look like a defence."""
    with pytest.raises(BadInput):
        trial(Pretrained(lambda rows: made), Knowledge(), Stolen(AXES), Hidden(AXES, TEXTS))


def test_without_the_package_vec2text_says_what_to_install(monkeypatch: pytest.MonkeyPatch) -> None:
    """An import that fails names the package."""
    monkeypatch.setitem(sys.modules, "vec2text", None)
    with pytest.raises(ImportError, match="pip install vec2text"):
        vec2text("gtr-base")


def test_a_folder_without_a_model_is_refused_before_anything_is_loaded(tmp_path: Path) -> None:
    """Both folders are needed, and each must hold a model."""
    with pytest.raises(BadInput, match="hypothesizer"):
        vec2text(tmp_path)
    with pytest.raises(BadInput, match="hypothesizer has no config"):
        vec2text(tmp_path, tmp_path)
    whole = tmp_path / "whole"
    whole.mkdir()
    (whole / "config.json").write_text("{}")
    with pytest.raises(BadInput, match="corrector has no config"):
        vec2text(tmp_path, whole)
