"""Where settings stand, worked out from figures alone."""

from __future__ import annotations

from dataclasses import replace

import pytest

from vecguard.redteam.findings import Figure, Findings, Measured, Setting
from vecguard.redteam.standing import judged, leak, losses, standing

from .invented import invented


def _figure(setting: str, value: float, *, attack: str = "words", adaptive: bool = True, width: float = 0.01) -> Figure:
    return Figure(
        setting=setting,
        attack=attack,
        label=attack,
        knowledge="nothing",
        adaptive=adaptive,
        metric="id@1",
        main=True,
        value=value,
        floor=0.0,
        ceiling=0.5,
        low=value - width,
        high=value + width,
    )


def _setting(name: str, change: float | None) -> Setting:
    found = None if change is None else Measured(estimate=change, low=change - 0.001, high=change + 0.001)
    return Setting(name=name, label=name, words="", change=found, within=None if change is None else change > -0.01)


def _findings(*figures: Figure, balanced: float = -0.002, kind: str = "frontier") -> Findings:
    settings = (_setting("bare", None), _setting("balanced", balanced), _setting("strict", -0.004))
    return replace(invented(kind), settings=settings, figures=figures)


def _lost(findings: Findings) -> dict[str | None, list[tuple[str, bool | None]]]:
    ours = judged(findings)
    assert ours is not None
    found = losses(findings, ours)
    return {each.attack: [(lead.setting.name, lead.told_apart) for lead in each.leads] for each in found}


def test_the_strongest_attacker_has_the_largest_leak_naive_and_adaptive_apart() -> None:
    """Of two adaptive ones the stronger; the naive one beside it, also where it is the stronger."""
    found = _findings(
        _figure("balanced", 0.1), _figure("balanced", 0.2, attack="gram"), _figure("balanced", 0.3, adaptive=False)
    )
    stands = standing(found, found.setting("balanced"))
    assert stands.adaptive is not None
    assert stands.naive is not None
    assert (stands.adaptive.attack, stands.naive.value) == ("gram", 0.3)
    assert stands.strongest is stands.naive
    assert standing(found, found.setting("balanced"), "gram").naive is None
    assert standing(found, found.setting("strict")).strongest is None


def test_an_attacker_that_gets_nothing_from_bare_vectors_does_not_count() -> None:
    """Its leak of 900 % is noise; neither does a metric that is not the attack's main one."""
    weak = replace(_figure("balanced", 0.09), ceiling=0.01)
    aside = replace(_figure("balanced", 0.5), main=False)
    found = _findings(weak, aside, _figure("balanced", 0.1))
    worst = standing(found, found.setting("balanced")).strongest
    assert worst is not None
    assert worst.value == 0.1


def test_a_leak_has_the_interval_of_its_value() -> None:
    """Scaled as the leak is; without an interval it is a point."""
    around = leak(_figure("balanced", 0.1, width=0.02))
    assert (around.estimate, around.low, around.high) == pytest.approx((0.2, 0.16, 0.24))
    point = leak(replace(_figure("balanced", 0.1), low=None))
    assert point.low == point.high == point.estimate


def test_a_setting_loses_where_another_leaks_less_or_searches_better() -> None:
    """Told apart where intervals do not overlap, not where they do, unknown where one is missing."""
    found = _findings(
        _figure("balanced", 0.10, attack="clear"),
        _figure("strict", 0.05, attack="clear"),
        _figure("balanced", 0.10, attack="close"),
        _figure("strict", 0.09, attack="close"),
        _figure("balanced", 0.10, attack="unknown"),
        replace(_figure("strict", 0.05, attack="unknown"), high=None),
        _figure("balanced", 0.05, attack="won"),
        _figure("strict", 0.10, attack="won"),
    )
    assert _lost(found) == {
        None: [("bare", True)],
        "clear": [("strict", True)],
        "close": [("strict", False)],
        "unknown": [("strict", None)],
    }


def test_better_settings_come_best_first() -> None:
    """In utility the largest change, against an attack the smallest leak."""
    figures = [_figure(name, value) for name, value in (("balanced", 0.4), ("bare", 0.3), ("strict", 0.1))]
    assert _lost(_findings(*figures, balanced=-0.02)) == {
        None: [("bare", True), ("strict", True)],
        "words": [("strict", True), ("bare", True)],
    }


def test_what_is_the_same_on_paper_is_no_loss() -> None:
    """A ten-thousandth of a leak, a millionth of utility."""
    found = _findings(_figure("balanced", 0.10005), _figure("strict", 0.1), balanced=-1e-6)
    assert _lost(found) == {}


def test_a_run_is_about_the_policy_of_a_user_or_about_balanced() -> None:
    """In a run of one's own policy whatever stands beside bare; without balanced the last setting; bare is none."""
    found = _findings()
    settings = found.settings
    assert judged(found) == found.setting("balanced")
    assert judged(replace(found, kind="redteam", settings=(settings[0], settings[2]))) == found.setting("strict")
    assert judged(replace(found, settings=(settings[0], settings[2]))) == found.setting("strict")
    assert judged(replace(found, settings=settings[:1])) is None
