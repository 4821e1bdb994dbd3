"""Where a setting loses against another: what a reader has to know before anything else."""

from __future__ import annotations

from collections.abc import Iterator

from vecguard.evaluate import Interval
from vecguard.evaluate.report import percent
from vecguard.redteam.findings import Figure, Findings, Measured, Setting

_SAME = 0.02  # of leak, where no interval says more


def losses(findings: Findings, name: str = "balanced") -> tuple[str, ...]:
    """Return one sentence for each thing that a setting loses in: the margin, search quality, each attacker.

    In search quality it loses where the intervals do not overlap; against an attacker to a setting whose figure lies
    below the interval of its own, or where that has none, whose leak is less by more than two per cent. Bare is no
    competitor.
    """
    if all(each.name != name for each in findings.settings):
        return ()
    own = findings.setting(name)
    others = [each for each in findings.settings if each.name not in ("bare", name)]
    return (*_margin(findings, own), *_utility(findings, own, others), *_attackers(findings, own, others))


def _margin(findings: Findings, own: Setting) -> Iterator[str]:
    if own.within is False and own.change is not None:
        yield (
            f"{own.label} is beyond the margin of {100 * findings.margin:g} %: {findings.measure} "
            f"{percent(interval(own.change))} %."
        )


def _utility(findings: Findings, own: Setting, others: list[Setting]) -> Iterator[str]:
    better = [
        f"{each.label} ({100 * each.change.estimate:+.2f} %)"
        for each in others
        if each.change and own.change and each.change.low > own.change.high
    ]
    if better and own.change is not None:
        yield (
            f"{own.label} changes {findings.measure} by {100 * own.change.estimate:+.2f} % and is beaten by "
            f"{', '.join(better)}."
        )


def _attackers(findings: Findings, own: Setting, others: list[Setting]) -> Iterator[str]:
    for attack in dict.fromkeys(each.attack for each in findings.figures):
        mine = findings.worst(own.name, attack)
        if mine is None:
            continue
        theirs = [(each, findings.worst(each.name, attack)) for each in others]
        better = [
            f"{each.label} ({figure.leak:.0%})" for each, figure in theirs if figure is not None and _less(figure, mine)
        ]
        if better:
            yield f"{own.label} leaves {mine.leak:.0%} to the attack {attack!r}, more than {', '.join(better)}."


def _less(other: Figure, mine: Figure) -> bool:
    if mine.low is None:
        return max(other.leak, 0.0) < mine.leak - _SAME  # below its floor nobody is any better
    return other.value < mine.low and other.leak < mine.leak


def interval(change: Measured) -> Interval:
    """Return a measured change as what reports write."""
    return Interval(change.estimate, change.low, change.high)
