"""How a run of the red team looks in a terminal."""

from __future__ import annotations

from collections.abc import Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from vecguard.redteam.findings import Figure, Findings

_NOTHING = 0.05
"""A leak below this is called none: within what chance makes of some hundred rows."""


def table(found: Findings) -> Table:
    """Show what each attacker got: bare, guarded, by chance, and the leak."""
    guarded = found.settings[-1]
    grid = Table(
        title=f"What {found.corpus['stolen']} stolen rows give away",
        caption="leak: 0 % is what somebody gets who never sees a row, 100 % what the same attacker gets of bare rows",
        box=box.SIMPLE_HEAD,
        title_style="bold",
    )
    for header, justify in (("attacker", "left"), ("knows", "left"), ("reads", "left")):
        grid.add_column(header, justify=justify, overflow="fold")  # type: ignore[arg-type]  # rich's Literal
    for header in ("bare", escape(guarded.label), "chance", "leak"):
        grid.add_column(header, justify="right", no_wrap=True)
    before = ""
    for figure in _main(found, guarded.name):
        grid.add_row(
            "" if figure.label == before else escape(figure.label),
            escape(figure.knowledge),
            escape(figure.metric),
            f"{figure.ceiling:.1%}",
            f"{figure.value:.1%}",
            f"{figure.floor:.1%}",
            _leak(figure),
        )
        before = figure.label
    return grid


def verdict(found: Findings) -> str:
    """Say in a few lines what the figures mean, the worst first."""
    guarded = found.settings[-1]
    figures = sorted(_main(found, guarded.name), key=lambda each: -each.leak)
    leaking = [each for each in figures if each.leak >= _NOTHING]
    lines = [
        f"[bold]{escape(each.label)}[/] ({escape(each.knowledge)}) gets {each.leak:.0%} of what bare rows give away."
        for each in leaking[:3]
    ]
    if len(leaking) > len(lines):
        lines.append(f"{len(leaking) - len(lines)} more attackers get over {_NOTHING:.0%}.")
    if not leaking:
        lines.append(f"No attacker that was tried got over {_NOTHING:.0%} of what bare rows give away.")
    weak = [each for each in figures if each.ceiling - each.floor < 0.1]
    if weak:
        lines.append(f"{len(weak)} figures say little: the attacker gets next to nothing of bare rows either.")
    if guarded.change is not None:
        change = guarded.change
        lines.append(
            f"Search: {found.measure} with the bare store {guarded.quality[found.measure]:.1%} "
            f"(95 %: {1 + change.low:.1%} to {1 + change.high:.1%})."
        )
    lines += [f"Not run: {escape(each.what)} ({escape(each.why)})." for each in found.skipped]
    return "\n".join(lines)


def _main(found: Findings, setting: str) -> Sequence[Figure]:
    return [each for each in found.of(setting) if each.main]


def _leak(figure: Figure) -> str:
    if figure.ceiling <= figure.floor:
        return "-"
    tone = "green" if figure.leak < _NOTHING else "red" if figure.leak >= 0.5 else "yellow"
    return f"[{tone}]{max(0.0, figure.leak):.0%}[/]"
