"""The still picture: it is one, says what was measured, and is the same for the same findings."""

from __future__ import annotations

import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from pathlib import Path

import pytest

from vecguard import BadInput
from vecguard.redteam.findings import Findings, Measured, Setting
from vecguard.redteam.plot import plot
from vecguard.redteam.standing import standing

from .invented import hostile, invented, stripped

pytest.importorskip("matplotlib", reason="the extra vecguard[bench] is not installed")


def _texts(path: Path) -> list[str]:
    return ["".join(each.itertext()) for each in ET.parse(path).iter("{http://www.w3.org/2000/svg}text")]


def test_a_frontier_names_every_attack_and_every_setting_with_its_leak(tmp_path: Path) -> None:
    """Six settings in each of five panels, beside the corpus and the measure."""
    found = invented()
    plot(tmp_path / "frontier.svg", found)
    texts = _texts(tmp_path / "frontier.svg")
    assert {"dictionary", "words", "gram", "documents", "attributes"} <= set(texts)
    assert "Leak by attack: invented notes, 4,000 rows" in texts
    assert any("change of nDCG@10" in each for each in texts)
    for attack in ("dictionary", "gram"):
        worst = standing(found, found.setting("noise"), attack).strongest
        assert worst is not None
        assert f"noise only  {100 * worst.leak:.1f}" in texts
    assert sum(bool(re.fullmatch(r"balanced  -?[\d.]+", each)) for each in texts) == 5


def test_without_utility_leaks_are_drawn_by_setting(tmp_path: Path) -> None:
    """And nothing is said of a change that nobody measured."""
    plot(tmp_path / "leaks.svg", stripped(invented("redteam")))
    texts = _texts(tmp_path / "leaks.svg")
    assert texts.count("your policy") == 5
    assert not any("nDCG" in each for each in texts)


def _with_far(found: Findings) -> Findings:
    far = Setting(
        name="far", label="far", words="", change=Measured(estimate=-0.8, low=-0.82, high=-0.78), within=False
    )
    more = tuple(replace(each, setting="far") for each in found.of("bare"))
    return replace(found, settings=(*found.settings, far), figures=(*found.figures, *more))


def test_the_same_findings_give_the_same_bytes(tmp_path: Path) -> None:
    """No date, no random names: a picture in a repository changes when figures do."""
    for name in ("one.svg", "two.svg"):
        plot(tmp_path / name, invented(attacks=2))
    assert (tmp_path / "one.svg").read_bytes() == (tmp_path / "two.svg").read_bytes()


@pytest.mark.parametrize(
    "found",
    [invented(attacks=1), invented(attacks=7), invented(intervals=False), hostile(invented()), _with_far(invented())],
    ids=["one attack", "seven", "no intervals", "hostile", "far out"],
)
def test_any_findings_can_be_drawn(tmp_path: Path, found: Findings) -> None:
    """With one panel or many, whatever is missing, and whatever names say."""
    plot(tmp_path / "one.png", found)
    assert (tmp_path / "one.png").read_bytes().startswith(b"\x89PNG")


def test_what_cannot_be_drawn_is_refused(tmp_path: Path) -> None:
    """No attacker that counts, and a form that is none."""
    with pytest.raises(BadInput, match="nothing to draw"):
        plot(tmp_path / "none.svg", replace(invented(), figures=()))
    with pytest.raises(BadInput, match=r"\.svg or \.png"):
        plot(tmp_path / "frontier.pdf", invented())
    assert list(tmp_path.iterdir()) == []
