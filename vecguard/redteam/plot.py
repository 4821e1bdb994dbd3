"""The findings as one still picture: what each setting costs in search, and what it leaves to each attack."""

from __future__ import annotations

from math import ceil
from pathlib import Path
from typing import TYPE_CHECKING, Final

import numpy as np

from vecguard.errors import BadInput
from vecguard.redteam.findings import Findings
from vecguard.redteam.page._frontier import bent, drawable
from vecguard.redteam.page._marks import Mark, Shape, marks
from vecguard.redteam.page._scale import spread
from vecguard.redteam.page._words import seen, short
from vecguard.redteam.standing import Standing, attacks, change, judged, leak, standing

if TYPE_CHECKING:
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

_MARKERS: Final[dict[Shape, str]] = {
    "circle": "o",
    "square": "s",
    "diamond": "D",
    "up": "^",
    "down": "v",
    "cross": "X",
    "left": "<",
    "plus": "P",
}
_GREY, _GRID, _TINT, _GREEN = "#5b6472", "#d9dee6", "#eaf3ee", "#0b6b3a"
_ACROSS = 3  # panels side by side
_GAP = 8.5  # between labels, in per cent of leak


def plot(path: str | Path, findings: Findings) -> None:
    """Write a picture as .svg or .png: one panel per attack that counts, one mark per setting, 95 % intervals.

    With utility measured a panel is the frontier, change of utility against leak; without, leaks by setting. The same
    findings make the same bytes. Raises `BadInput` for another suffix and where no attacker counts, and `ImportError`
    without the extra `vecguard[bench]`.
    """
    form = Path(path).suffix.removeprefix(".").lower()
    if form not in ("svg", "png"):
        raise BadInput("a plot is written as .svg or .png")
    panels = [(attack, rows) for attack in attacks(findings) if (rows := _rows(findings, attack))]
    if not panels:
        raise BadInput("there is nothing to draw: no attacker counts")
    try:
        # The class and not pyplot: no window system, no global state, usable beside a caller's own figures
        from matplotlib import rc_context  # noqa: PLC0415
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as missing:
        raise ImportError("drawing needs `pip install 'vecguard[bench]'`") from missing
    across = min(_ACROSS, len(panels))
    down = ceil(len(panels) / across)
    height = 2.6 if drawable(findings) else 0.7 + 0.28 * len(findings.settings)
    with rc_context({"svg.hashsalt": "vecguard", "svg.fonttype": "none", "text.parse_math": False}):
        figure = Figure(figsize=(max(6.4, 3.7 * across), height * down + 1.1), dpi=160, layout="constrained")
        places = figure.subplots(down, across, squeeze=False).flat
        for axes, (attack, rows) in zip(places, panels, strict=False):
            (_frontier if drawable(findings) else _bars)(axes, findings, rows)
            axes.set_title(seen(attack), loc="left", fontsize=10, fontweight="bold")
            axes.spines[["top", "right"]].set_visible(False)
            axes.tick_params(color=_GREY, labelcolor=_GREY, labelsize=8)
        for axes in places[len(panels) :]:
            axes.set_axis_off()
        _frame(figure, findings)
        figure.savefig(path, format=form, facecolor="white", metadata={"Date": None} if form == "svg" else None)


def _rows(findings: Findings, attack: str) -> list[Standing]:
    """Return the settings that can be drawn for an attack."""
    found = [standing(findings, each, attack) for each in findings.settings]
    return [
        each
        for each in found
        if each.strongest is not None and (not drawable(findings) or change(each.setting) is not None)
    ]


def _frontier(axes: Axes, findings: Findings, rows: list[Standing]) -> None:
    looks = marks(findings.settings)
    axes.axvspan(-100 * findings.margin, 1000, color=_TINT, linewidth=0, zorder=0)
    axes.axvline(-100 * findings.margin, color=_GREEN, linewidth=1, linestyle="--", zorder=1)
    axes.axvline(0, color=_GREY, linewidth=0.8, zorder=1)
    ours = judged(findings)
    for each in sorted(rows, key=lambda each: each.setting == ours):  # that one lies on top
        moving, worst, mark = change(each.setting), each.strongest, looks[each.setting.name]
        if moving is None or worst is None:
            continue
        x, around = 100 * moving.estimate, leak(worst)
        axes.plot([100 * moving.low, 100 * moving.high], [100 * worst.leak] * 2, color=mark.light, alpha=0.6)
        axes.plot([x, x], [100 * around.low, 100 * around.high], color=mark.light, alpha=0.6)
        if worst is each.adaptive and each.naive is not None:
            axes.plot([x, x], [100 * each.naive.leak, 100 * worst.leak], color=mark.light, linewidth=0.8, linestyle=":")
            _dot(axes, x, 100 * each.naive.leak, mark, hollow=True)
        _dot(axes, x, 100 * worst.leak, mark, hollow=worst is each.naive)
    if bent(findings):
        _bend(axes, 100 * findings.margin)
    ends = [100 * end for each in findings.settings if (moving := change(each)) for end in (moving.low, moving.high)]
    low, high = min(*ends, -140 * findings.margin), max(*ends, 40 * findings.margin)
    axes.set_xlim(low * 1.15, high * 1.15)
    axes.set_ylim(min(-6.0, axes.get_ylim()[0]), max(106.0, axes.get_ylim()[1]))
    axes.set_yticks([0, 25, 50, 75, 100])
    axes.grid(visible=True, axis="y", color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)
    _labels(axes, rows, "" if ours is None else ours.name)


def _labels(axes: Axes, rows: list[Standing], own: str) -> None:
    """Name every mark at the right of the panel, with its leak, so that no two names lie on one another."""
    found = [
        (100 * worst.leak, 100 * moving.estimate, each.setting)
        for each in rows
        if (worst := each.strongest) is not None and (moving := change(each.setting)) is not None
    ]
    found.sort(key=lambda each: (each[0], each[1]))
    (low, high), edge = axes.get_ylim(), axes.get_xlim()[1]
    places = spread([value for value, _, _ in found], _GAP, low, high)
    for (value, x, setting), y in zip(found, places, strict=True):
        axes.plot([x, edge], [value, y], color=_GREY, linewidth=0.5, alpha=0.6, zorder=1.5)
        axes.text(
            1.03,
            y,
            f"{seen(short(setting))}  {value:.1f}",
            transform=axes.get_yaxis_transform(),
            va="center",
            fontsize=8,
            fontweight="bold" if setting.name == own else "normal",
        )


def _bend(axes: Axes, margin: float) -> None:
    """Draw changes far beyond the margin (in per cent) nearer than they are, as the page does."""
    axes.set_xscale("function", functions=(lambda x: np.arcsinh(x / margin), lambda x: margin * np.sinh(x)))
    axes.set_xticks([-100, -10, -1, 0], ["−100", "−10", "−1", "0"])


def _bars(axes: Axes, findings: Findings, rows: list[Standing]) -> None:
    looks = marks(findings.settings)
    for place, each in enumerate(rows):
        worst, mark = each.strongest, looks[each.setting.name]
        if worst is None:
            continue
        around = leak(worst)
        axes.barh(place, 100 * worst.leak, height=0.5, color=mark.light, alpha=0.8)
        axes.plot([100 * around.low, 100 * around.high], [place, place], color=mark.light)
        if worst is each.adaptive and each.naive is not None:
            _dot(axes, 100 * each.naive.leak, place, mark, hollow=True)
        _dot(axes, 100 * worst.leak, place, mark, hollow=worst is each.naive)
    axes.set_yticks(range(len(rows)), [seen(short(each.setting, 24)) for each in rows])
    axes.set_ylim(len(rows) - 0.4, -0.6)
    axes.set_xlim(min(-4.0, axes.get_xlim()[0]), max(106.0, axes.get_xlim()[1]))
    axes.grid(visible=True, axis="x", color=_GRID, linewidth=0.7)
    axes.set_axisbelow(True)


def _dot(axes: Axes, x: float, y: float, mark: Mark, *, hollow: bool) -> None:
    axes.plot(
        [x],
        [y],
        marker=_MARKERS[mark.shape],
        markersize=6,
        color=mark.light,
        markerfacecolor="white" if hollow else mark.light,
        markeredgecolor=mark.light if hollow else "white",
        markeredgewidth=1.2 if hollow else 0.6,
        linestyle="none",
    )


def _frame(figure: Figure, findings: Findings) -> None:
    """Say what was measured above, and name the axes."""
    corpus = findings.corpus
    rows = corpus.get("rows")
    size = f", {rows:,} rows" if isinstance(rows, int) and not isinstance(rows, bool) else ""
    figure.suptitle(
        f"Leak by attack: {seen(str(corpus.get('name', 'findings')))}{size}", x=0.01, ha="left", fontsize=11
    )
    if not drawable(findings):
        figure.supxlabel("leak, % of what the same attacker gets from undefended vectors", fontsize=9)
        return
    figure.supylabel("leak, %", fontsize=9)
    figure.supxlabel(
        f"change of {seen(findings.measure)}, % (tinted: within the margin; solid: adaptive attacker, hollow: naive)",
        fontsize=9,
    )
