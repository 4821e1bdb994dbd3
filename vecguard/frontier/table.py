"""Findings in a terminal: settings x attackers, what each costs, and first of all where `balanced` loses."""

from __future__ import annotations

from collections.abc import Iterator

from rich import box
from rich.console import RenderableType
from rich.markup import escape
from rich.table import Table
from rich.text import Text

from vecguard.evaluate.report import percent
from vecguard.frontier.losses import interval, losses
from vecguard.redteam.findings import Findings, Setting

_NONE = "–"
_WITHIN = {None: " ", True: " ", False: "!"}
_SIDE_BY_SIDE = 6  # attacks in one table: more do not fit a terminal


def shown(findings: Findings) -> Iterator[RenderableType]:
    """Yield what is printed of a run, in this order."""
    yield Text("\n".join(losses(findings)) or "balanced loses against none of the others here.", style="bold")
    yield _costs(findings)
    attacks = list(dict.fromkeys(each.attack for each in findings.figures))
    for start in range(0, len(attacks), _SIDE_BY_SIDE):
        yield _leaks(findings, attacks[start : start + _SIDE_BY_SIDE])
    if findings.skipped:
        yield Text("Not run: " + "; ".join(f"{each.what} ({each.why})" for each in findings.skipped) + ".", style="dim")


def _costs(findings: Findings) -> Table:
    corpus, margin = findings.corpus, 100 * findings.margin
    grid = _grid(
        f"{corpus['name']}: {corpus['rows']:,} rows, d={corpus['d']}, {corpus['embedder']}",
        f"at depth 10, over {corpus['queries reported']} queries; change of {findings.measure} against bare search, "
        f"95 % paired bootstrap; !: beyond the margin of {margin:g} %, which was fixed before the run",
    )
    measures = list(findings.settings[0].quality)
    for header in ("r", "K", *(name.removesuffix("@10") for name in measures), "change, %"):
        grid.add_column(escape(header), justify="right", no_wrap=True)
    for setting in findings.settings:
        grid.add_row(*_cost(setting, measures))
    return grid


def _cost(setting: Setting, measures: list[str]) -> Iterator[str]:
    yield escape(setting.label)
    yield _NONE if setting.noise is None else f"{setting.noise:.3g}"
    yield _NONE if setting.over_fetch is None else str(setting.over_fetch)
    yield from (f"{setting.quality[name]:.3f}" for name in measures)
    yield _NONE if setting.change is None else f"{percent(interval(setting.change))} {_WITHIN[setting.within]}"


def _leaks(findings: Findings, attacks: list[str]) -> Table:
    grid = _grid(
        "What is left to a thief, naive / adaptive, in %",
        "0: what somebody gets who never sees a stolen row; 100: what the same attacker gets of bare vectors",
    )
    for attack in attacks:
        grid.add_column(escape(attack), justify="right", no_wrap=True)
    for setting in findings.settings:
        grid.add_row(escape(setting.label), *(_both(findings, setting, each) for each in attacks))
    return grid


def _both(findings: Findings, setting: Setting, attack: str) -> str:
    naive, adaptive = (_leak(findings, setting, attack, adaptive=each) for each in (False, True))
    return adaptive if naive == _NONE else f"{naive} / {adaptive}"


def _leak(findings: Findings, setting: Setting, attack: str, *, adaptive: bool) -> str:
    found = [
        each.leak
        for each in findings.of(setting.name)
        if each.attack == attack and each.main and each.adaptive == adaptive
    ]
    return f"{100 * max(found):.0f}" if found else _NONE


def _grid(title: str, caption: str) -> Table:
    grid = Table(
        title=escape(title), caption=escape(caption), box=box.SIMPLE_HEAD, show_edge=False, padding=(0, 1, 0, 0)
    )
    grid.add_column("", no_wrap=True)
    return grid
