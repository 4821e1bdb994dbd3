"""Where a setting loses is said in words, and nothing else is."""

from __future__ import annotations

from vecguard.frontier import losses
from vecguard.redteam.findings import Figure, Findings, Measured, Setting


def setting(name: str, change: float, *, within: bool = True) -> Setting:
    measured = Measured(estimate=change, low=change - 0.001, high=change + 0.001)
    return Setting(name=name, label=name, words="", change=measured, within=within)


def figure(name: str, value: float, *, low: float | None = None, main: bool = True) -> Figure:
    return Figure(
        setting=name,
        attack="words",
        label="bag of words",
        knowledge="",
        adaptive=True,
        metric="content-recall@10",
        main=main,
        value=value,
        floor=0.0,
        ceiling=1.0,
        low=low,
        high=None if low is None else 2 * value - low,
    )


def findings(settings: tuple[Setting, ...], figures: tuple[Figure, ...]) -> Findings:
    return Findings(
        kind="frontier",
        made="",
        command="",
        versions={},
        corpus={"name": "invented"},
        seeds=(0,),
        measure="nDCG@10",
        margin=0.01,
        settings=settings,
        figures=figures,
    )


def test_a_setting_that_loses_says_where() -> None:
    """Beyond the margin, beaten in search quality, and beaten against an attack: a sentence each."""
    said = losses(
        findings(
            (setting("balanced", -0.02, within=False), setting("rotation", 0.0)),
            (figure("balanced", 0.3), figure("rotation", 0.1)),
        )
    )
    assert len(said) == 3
    assert "beyond the margin of 1 %" in said[0]
    assert "rotation (+0.00 %)" in said[1]
    assert "leaves 30% to the attack 'words', more than rotation (10%)" in said[2]


def test_a_setting_that_does_not_lose_says_nothing() -> None:
    """Nor does bare count, nor what lies within the interval, nor a metric that summaries do not show."""
    said = losses(
        findings(
            (setting("bare", 0.0), setting("balanced", 0.0), setting("noise", -0.005), setting("rotation", 0.0005)),
            (
                figure("bare", 0.0),
                figure("balanced", 0.1, low=0.05),
                figure("noise", 0.9),
                figure("rotation", 0.06),
                figure("rotation", 0.01, main=False),
            ),
        )
    )
    assert said == ()


def test_figures_below_the_floor_are_no_better_than_the_floor() -> None:
    """One per cent against minus four is chance on both sides."""
    both = (setting("balanced", 0.0), setting("rotation", 0.0))
    assert losses(findings(both, (figure("balanced", 0.01), figure("rotation", -0.04)))) == ()


def test_a_setting_that_was_not_measured_loses_nothing() -> None:
    assert losses(findings((setting("noise", 0.0),), ())) == ()
