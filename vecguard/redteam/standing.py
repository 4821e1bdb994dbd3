"""Where each setting stands: what its search is worth, what the strongest attacker gets, and where it loses to others.

Everything here is worked out from the figures of one run, so that a page, a plot and a table say the same.
"""

from __future__ import annotations

from collections.abc import Iterable
from dataclasses import dataclass
from itertools import chain

from vecguard.redteam.findings import Figure, Findings, Measured, Setting

TELLS = 0.1
"""What an attacker must get from undefended vectors above its floor before its leak says anything."""
ALIKE = 5e-4
"""Shares that differ by less than this (0.05 %) are the same on paper."""


@dataclass(frozen=True, slots=True, kw_only=True)
class Standing:
    """The strongest attackers of a setting: those that do not know the mechanism, and those that do."""

    setting: Setting
    naive: Figure | None
    adaptive: Figure | None

    @property
    def strongest(self) -> Figure | None:
        """The stronger of the two."""
        return strongest(each for each in (self.adaptive, self.naive) if each is not None)


@dataclass(frozen=True, slots=True, kw_only=True)
class Lead:
    """Another setting that does better. `told_apart`: the intervals do not overlap; None where one is missing."""

    setting: Setting
    value: Measured
    told_apart: bool | None


@dataclass(frozen=True, slots=True, kw_only=True)
class Loss:
    """Where a setting loses: in utility (`attack` is None) or against an attack, and to which others."""

    attack: str | None
    value: Measured
    leads: tuple[Lead, ...]


def attacks(findings: Findings) -> tuple[str, ...]:
    """Return the attacks that ran, in the order of their first figures."""
    return tuple(dict.fromkeys(each.attack for each in findings.figures))


def counts(figure: Figure) -> bool:
    """Say whether a figure is one that summaries show, of an attacker that is strong enough on undefended vectors."""
    return figure.main and figure.ceiling - figure.floor >= TELLS


def strongest(figures: Iterable[Figure]) -> Figure | None:
    """Return the figure with the largest leak among those that count, of equals the one most above its floor."""
    found = [each for each in figures if counts(each)]
    return max(found, key=lambda each: (each.leak, each.value - each.floor), default=None)


def standing(findings: Findings, setting: Setting, attack: str | None = None) -> Standing:
    """Return where a setting stands against one attack, by default against all of them."""
    found = [each for each in findings.of(setting.name) if attack in (None, each.attack)]
    return Standing(
        setting=setting,
        naive=strongest(each for each in found if not each.adaptive),
        adaptive=strongest(each for each in found if each.adaptive),
    )


def leak(figure: Figure) -> Measured:
    """Return the leak with the interval of its value, floor and ceiling taken as given; without one, as a point."""
    if figure.low is None or figure.high is None or figure.ceiling <= figure.floor:
        return Measured(estimate=figure.leak, low=figure.leak, high=figure.leak)
    low, high = ((each - figure.floor) / (figure.ceiling - figure.floor) for each in (figure.low, figure.high))
    return Measured(estimate=figure.leak, low=low, high=high)


def change(setting: Setting) -> Measured | None:
    """Return the change of the run's measure (a fraction): none for bare, None where it was not measured."""
    return setting.change or (Measured(estimate=0.0, low=0.0, high=0.0) if setting.name == "bare" else None)


def judged(findings: Findings) -> Setting | None:
    """Return the setting that a run is about: the user's policy, or balanced; without either, the last one."""
    guarded = [each for each in findings.settings if each.name != "bare"]
    if findings.kind == "redteam":
        return guarded[0] if guarded else None
    return next((each for each in guarded if each.name == "balanced"), guarded[-1] if guarded else None)


def losses(findings: Findings, setting: Setting) -> tuple[Loss, ...]:
    """Return where a setting loses to another one: in utility first, then by attack."""
    others = [each for each in findings.settings if each.name != setting.name]
    found = chain(
        [_in_utility(setting, others)], (_against(findings, each, setting, others) for each in attacks(findings))
    )
    return tuple(each for each in found if each is not None and each.leads)


def _in_utility(setting: Setting, others: Iterable[Setting]) -> Loss | None:
    ours = change(setting)
    if ours is None:
        return None
    theirs = [(each, found) for each in others if (found := change(each)) is not None]
    leads = [
        Lead(setting=each, value=value, told_apart=value.low > ours.high)
        for each, value in theirs
        if value.estimate - ours.estimate >= ALIKE / 10
    ]
    return Loss(attack=None, value=ours, leads=_best_first(leads, down=True))


def _against(findings: Findings, attack: str, setting: Setting, others: Iterable[Setting]) -> Loss | None:
    ours = standing(findings, setting, attack).strongest
    if ours is None:
        return None
    value = leak(ours)
    theirs = [(each, found) for each in others if (found := standing(findings, each, attack).strongest) is not None]
    leads = [
        Lead(setting=each, value=leak(found), told_apart=_apart(ours, found))
        for each, found in theirs
        if value.estimate - found.leak >= ALIKE
    ]
    return Loss(attack=attack, value=value, leads=_best_first(leads, down=False))


def _apart(ours: Figure, theirs: Figure) -> bool | None:
    if ours.low is None or theirs.high is None:
        return None
    return leak(theirs).high < leak(ours).low


def _best_first(leads: Iterable[Lead], *, down: bool) -> tuple[Lead, ...]:
    return tuple(sorted(leads, key=lambda each: each.value.estimate, reverse=down))
