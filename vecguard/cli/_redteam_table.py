"""How a run of the red team looks in a terminal."""

from __future__ import annotations

import re
from collections.abc import Iterator, Sequence

from rich import box
from rich.markup import escape
from rich.table import Table

from vecguard.redteam.findings import Figure, Findings
from vecguard.redteam.standing import counts

_NOTHING = 0.1
"""A leak below this is called none where no interval says more: chance makes as much of some hundred rows."""
_ASIDE = re.compile(r"(^|, )(the mechanism|the encoder|their attributes)(?=,|$)")


def table(found: Findings) -> Table:
    """Show what each attacker got: bare, guarded, by chance, and the leak."""
    guarded = found.settings[-1]
    grid = Table(
        title=f"What {found.corpus['stolen']} stolen rows give away",
        caption="leak: 0 % is what somebody gets who never sees a row, 100 % what the same attacker gets of bare rows; "
        "adaptive attackers know the mechanism, and nobody has a key",
        box=box.SIMPLE_HEAD,
        title_style="bold",
    )
    grid.add_column("attacker", overflow="fold")
    grid.add_column("knows", overflow="fold", style="dim")
    grid.add_column("reads", overflow="fold")
    for header in ("bare", escape(guarded.label), "chance", "leak"):
        grid.add_column(header, justify="right", no_wrap=True)
    before = ""
    for figure in _shown(found, guarded.name):
        name = f"{figure.label}, {'adaptive' if figure.adaptive else 'naive'}"
        grid.add_row(
            "" if name == before else escape(name),
            escape(_knows(figure)),
            escape(figure.metric),
            *(f"{each:.1%}" for each in (figure.ceiling, figure.value, figure.floor)),
            _leak(figure),
        )
        before = name
    return grid


def verdict(found: Findings) -> str:
    """Say in a few lines what the figures mean, the worst first."""
    return "\n".join(_verdict(found))


def _verdict(found: Findings) -> Iterator[str]:
    guarded = found.settings[-1]
    figures = sorted(_shown(found, guarded.name), key=lambda each: -each.leak)
    leaking = [each for each in figures if _leaks(each)]
    for worst in leaking[:3]:
        who = f"[bold]{escape(worst.label)}[/] ({escape(_knows(worst))})"
        yield f"{who} gets {worst.leak:.0%} of what bare rows give away."
    if len(leaking) > 3:
        yield f"{len(leaking) - 3} more figures are above what chance makes."
    if not leaking:
        yield "No attacker that was tried got more of the guarded rows than chance makes of so few."
    if weak := sorted({each.label for each in found.of(guarded.name) if _is_weak(found, each)}):
        yield f"Too weak on bare rows to say anything, and not shown: {escape(', '.join(weak))}."
    if (change := guarded.change) is not None:
        yield (
            f"Search: {found.measure} with the bare store {guarded.quality[found.measure]:.1%} "
            f"(95 %: {1 + change.low:.1%} to {1 + change.high:.1%})."
        )
    for left_out in found.skipped:
        yield f"Not run: {escape(left_out.what)} ({escape(left_out.why)})."


def _shown(found: Findings, setting: str) -> Sequence[Figure]:
    return [each for each in found.of(setting) if counts(each)]


def _is_weak(found: Findings, figure: Figure) -> bool:
    """Say whether no figure of an attacker counts."""
    return not any(counts(each) for each in found.of(figure.setting) if each.label == figure.label)


def _leaks(figure: Figure) -> bool:
    """Say whether a figure is above what chance makes: by its interval, where it has one."""
    return figure.leak >= _NOTHING if figure.low is None else figure.low > figure.floor and figure.leak > 0.01


def _knows(figure: Figure) -> str:
    """Say what an attacker knows beside what all of its kind do."""
    return _ASIDE.sub("", figure.knowledge).strip(", ")


def _leak(figure: Figure) -> str:
    tone = "red" if figure.leak >= 0.5 else "yellow" if _leaks(figure) else "green"
    return f"[{tone}]{max(0.0, figure.leak):.0%}[/]"
