"""Where a setting loses against another, in sentences: what a reader has to know before anything else."""

from __future__ import annotations

from collections.abc import Iterator, Sequence

from vecguard.evaluate import Interval
from vecguard.evaluate.report import percent
from vecguard.redteam import standing
from vecguard.redteam.findings import Findings, Measured, Setting
from vecguard.redteam.standing import Lead, Loss

_SAME = 0.02  # of leak, where no interval says more


def losses(findings: Findings, name: str = "balanced") -> tuple[str, ...]:
    """Return one sentence for each thing that a setting loses in: the margin, search quality, each attacker.

    It loses where the intervals do not overlap, and where there are none, against whom the leak is less by more than
    two per cent. Bare is no competitor.
    """
    if all(each.name != name for each in findings.settings):
        return ()
    own = findings.setting(name)
    found = ((loss, _leading(loss)) for loss in standing.losses(findings, own))
    return (*_margin(findings, own), *(_sentence(findings, own, *each) for each in found if each[1]))


def _leading(loss: Loss) -> Sequence[Lead]:
    """Return the settings that lead for certain, or by so much that it would be odd if they did not."""
    return [each for each in loss.leads if each.setting.name != "bare" and (each.told_apart or _far(loss, each))]


def _far(loss: Loss, lead: Lead) -> bool:
    if loss.attack is None or lead.told_apart is not None:
        return False
    least = min(loss.value.low, loss.value.estimate - _SAME)
    return max(lead.value.estimate, 0.0) < least  # below its floor nobody is any better


def _margin(findings: Findings, own: Setting) -> Iterator[str]:
    if own.within is False and own.change is not None:
        yield (
            f"{own.label} is beyond the margin of {100 * findings.margin:g} %: {findings.measure} "
            f"{percent(interval(own.change))} %."
        )


def _sentence(findings: Findings, own: Setting, loss: Loss, leads: Sequence[Lead]) -> str:
    mine = loss.value.estimate
    if loss.attack is None:
        others = ", ".join(f"{each.setting.label} ({100 * each.value.estimate:+.2f} %)" for each in leads)
        return f"{own.label} changes {findings.measure} by {100 * mine:+.2f} % and is beaten by {others}."
    others = ", ".join(f"{each.setting.label} ({each.value.estimate:.0%})" for each in leads)
    return f"{own.label} leaves {mine:.0%} to the attack {loss.attack!r}, more than {others}."


def interval(change: Measured) -> Interval:
    """Return a measured change as what reports write."""
    return Interval(change.estimate, change.low, change.high)
