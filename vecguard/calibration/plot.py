"""A calibration as one picture: loss against noise for each K, the budget, and what was chosen."""

from __future__ import annotations

from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from vecguard.calibration.result import Calibration, Trial

# Okabe & Ito 2008: told apart with every common colour blindness. Shapes repeat what colours say.
_INK = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_MARKS = ("o", "s", "D", "^", "v", "P")
_GREY = "#6B6B6B"
_DEEPEST = 4.0  # budgets below the line that are shown; what loses more is beside the point


def plot(path: Path, found: Calibration) -> None:
    """Write a PNG. Raises `ValueError` when nothing was tried, `ImportError` without the extra `vecguard[bench]`."""
    if not found.trials:
        raise ValueError("nothing to draw: the calibration tried no setting")
    try:
        # The class and not pyplot: no window system, no global state, usable beside a caller's own figures.
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as missing:
        raise ImportError("drawing needs `pip install 'vecguard[bench]'`") from missing
    figure = Figure(figsize=(8.5, 5), dpi=160, layout="constrained")
    axes = figure.add_subplot()
    for kind, (over_fetch, trials) in enumerate(_curves(found.trials).items()):
        _curve(axes, over_fetch, trials, kind)
    _chosen(axes, found)
    _frame(axes, found)
    figure.legend(loc="outside lower center", ncols=6, fontsize=8.5, frameon=False)
    figure.savefig(path, format="png", facecolor="white")


def _curves(trials: Sequence[Trial]) -> dict[int, list[Trial]]:
    """Trials by K, those that were followed over r: a K with one or two points makes no curve."""
    by_k: dict[int, list[Trial]] = {}
    for trial in sorted(trials, key=lambda each: (each.over_fetch, each.noise)):
        by_k.setdefault(trial.over_fetch, []).append(trial)
    return {k: found for k, found in by_k.items() if len(found) > 2} or by_k


def _curve(axes: Axes, over_fetch: int, trials: Sequence[Trial], kind: int) -> None:
    noises = [trial.noise for trial in trials]
    ink = _INK[kind % len(_INK)]
    axes.fill_between(
        noises,
        [100 * trial.change.low for trial in trials],
        [100 * trial.change.high for trial in trials],
        color=ink,
        alpha=0.15,
        linewidth=0,
    )
    estimates = [100 * trial.change.estimate for trial in trials]
    axes.plot(noises, estimates, marker=_MARKS[kind % len(_MARKS)], color=ink, markersize=4.5, label=f"K={over_fetch}")


def _chosen(axes: Axes, found: Calibration) -> None:
    if found.chosen is None or found.reported is None:
        return
    reported = found.reported
    below, above = reported.estimate - reported.low, reported.high - reported.estimate
    axes.errorbar(
        [found.noise],
        [100 * reported.estimate],
        yerr=[[100 * below], [100 * above]],
        fmt="*",
        color="black",
        markersize=11,
        capsize=4,
        zorder=5,
        label=f"chosen, re-measured: r={found.noise:g}, K={found.over_fetch}",
    )


def _frame(axes: Axes, found: Calibration) -> None:
    budget = 100 * found.budget
    axes.axhline(0, color=_GREY, linewidth=1, zorder=1)
    axes.axhline(-budget, color=_GREY, linewidth=1, linestyle=":", zorder=1)
    axes.annotate(
        f"budget {budget:g} %",
        xy=(1, -budget),
        xycoords=("axes fraction", "data"),
        xytext=(-4, 3),
        textcoords="offset points",
        ha="right",
        fontsize=8.5,
        color=_GREY,
    )
    axes.set_xscale("log", base=2)
    near = [trial.noise for trial in found.trials if 100 * trial.change.estimate >= -_DEEPEST * budget]
    left, right = 0.93 * _nearest(found), 1.15 * max(near, default=1.0)
    axes.set_xlim(left, right)
    ticks = [tick for tick in (0.25, 0.35, 0.5, 0.7, 1, 1.4, 2, 2.8, 4, 5.6, 8, 16, 32) if left <= tick <= right]
    axes.set_xticks(ticks, [f"{tick:g}" for tick in ticks])
    axes.minorticks_off()
    axes.set_ylim(-_DEEPEST * budget, 0.6 * budget)
    axes.set_xlabel("r, noise relative to the vector (log scale)", fontsize=9)
    axes.set_ylabel(f"change of {found.measure} against exact search, %", fontsize=9)
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(visible=True, color="#E6E6E6", linewidth=0.7)
    axes.set_axisbelow(True)
    axes.set_title(
        f"{found.corpus}: {found.rows:,} rows, d={found.dimension}, {found.embedder}; {found.calibration_queries:,} "
        f"queries to calibrate,\n{found.reported_queries:,} others re-measured; bands: 90 % paired bootstrap, "
        f"{len(found.seeds)} keys",
        loc="left",
        fontsize=9.5,
        pad=10,
    )


def _nearest(found: Calibration) -> float:
    """Return the smallest noise worth showing: the second tried, since the first only says whether to go on."""
    noises = sorted({trial.noise for trial in found.trials})
    return noises[min(1, len(noises) - 1)]
