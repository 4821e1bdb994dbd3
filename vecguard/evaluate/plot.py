"""The retrieval benchmark as one picture: what each setting costs against the bare store, with its interval."""

from __future__ import annotations

from typing import TYPE_CHECKING

from vecguard.evaluate.report import percent

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from matplotlib.axes import Axes

    from vecguard.evaluate.intervals import Interval
    from vecguard.evaluate.report import Cell, Setup

# Okabe & Ito 2008: told apart with every common colour blindness. Shapes repeat what colours say.
_INK = ("#0072B2", "#D55E00", "#009E73", "#CC79A7", "#56B4E9", "#E69F00")
_MARKS = ("o", "s", "D", "^", "v", "P")
_GREY = "#6B6B6B"


def plot(path: Path, cells: Sequence[Cell], setup: Setup, *, allowed: float | None = -0.01) -> None:
    """Write a PNG: one dot and interval per cell that has a `change`, grouped by store, in the order given.

    `allowed` draws the loss that is promised not to be exceeded (-0.01 is 1 %); None draws none.

    Raises `ValueError` when no cell has a change, `ImportError` without the extra `vecguard[bench]`.
    """
    rows = [(cell, cell.change) for cell in cells if cell.change is not None]
    if not rows:
        raise ValueError("nothing to draw: no cell has a change against its bare store")
    try:
        # The class and not pyplot: no window system, no global state, usable beside a caller's own figures.
        from matplotlib.figure import Figure  # noqa: PLC0415
    except ImportError as missing:
        raise ImportError("drawing needs `pip install 'vecguard[bench]'`") from missing
    places = _places([cell.store for cell, _ in rows])
    figure = Figure(figsize=(8.5, 1.5 + 0.34 * (max(places) + 1)), dpi=160, layout="constrained")
    axes = figure.add_subplot()
    _draw(axes, rows, places)
    _frame(axes, rows, places, allowed)
    axes.set_title(_title(rows, setup), loc="left", fontsize=10, pad=12)
    figure.savefig(path, format="png", facecolor="white")


def _places(stores: Sequence[str]) -> list[float]:
    """Where each row stands, top down: one unit apart, a free line for the store's name before each group."""
    places, here = [], -1.0
    for i, store in enumerate(stores):
        here += 1.0 if i and stores[i - 1] == store else 2.0
        places.append(here)
    return places


def _draw(axes: Axes, rows: Sequence[tuple[Cell, Interval]], places: Sequence[float]) -> None:
    profiles = list(dict.fromkeys(cell.profile for cell, _ in rows))
    for (cell, change), y in zip(rows, places, strict=True):
        kind = profiles.index(cell.profile) % len(_INK)
        axes.plot([100 * change.low, 100 * change.high], [y, y], color=_INK[kind], linewidth=2, alpha=0.55)
        axes.plot([100 * change.estimate], [y], marker=_MARKS[kind], color=_INK[kind], markersize=7)
        axes.annotate(
            percent(change),
            xy=(1.02, y),
            xycoords=("axes fraction", "data"),
            va="center",
            fontsize=8.5,
            color="#333333",
        )


def _frame(axes: Axes, rows: Sequence[tuple[Cell, Interval]], places: Sequence[float], allowed: float | None) -> None:
    lines = {0.0: "-"} | ({} if allowed is None else {100 * allowed: ":"})
    for x, style in lines.items():
        axes.axvline(x, color=_GREY, linewidth=1, linestyle=style, zorder=1)
    ends = [100 * end for _, change in rows for end in (change.low, change.high)] + list(lines)
    span = max(max(ends) - min(ends), 0.5)
    axes.set_xlim(min(ends) - 0.06 * span, max(ends) + 0.06 * span)
    axes.set_ylim(places[-1] + 0.7, -0.3)
    axes.set_yticks(places, [_label(cell) for cell, _ in rows], fontsize=9)
    for i, ((cell, _), y) in enumerate(zip(rows, places, strict=True)):
        if i == 0 or rows[i - 1][0].store != cell.store:
            # Outside the axes, right-aligned with the tick labels: no dot can lie on it.
            axes.annotate(
                cell.store,
                xy=(0, y - 1),
                xycoords=("axes fraction", "data"),
                xytext=(-4, 0),
                textcoords="offset points",
                ha="right",
                va="center",
                fontsize=9.5,
                fontweight="bold",
            )
    axes.tick_params(axis="y", length=0)
    axes.spines[["top", "right", "left"]].set_visible(False)
    axes.grid(visible=True, axis="x", color="#E6E6E6", linewidth=0.7)
    axes.set_axisbelow(True)  # the grid under all data, also under the two reference lines
    meaning = "solid line: bare" if allowed is None else "solid line: bare; dotted: the loss allowed"
    axes.set_xlabel(f"change of nDCG@10 against the bare store, % ({meaning})", fontsize=8.5)


def _label(cell: Cell) -> str:
    parts = [f"r={cell.noise:g}"] if cell.noise is not None else []
    parts += [f"K={cell.over_fetch}"] if cell.over_fetch is not None else []
    return f"{cell.profile} ({', '.join(parts)})" if parts else cell.profile


def _title(rows: Sequence[tuple[Cell, Interval]], setup: Setup) -> str:
    first, change = rows[0]
    return (
        f"{setup.corpus}/{setup.split}: {first.n_docs:,} documents, {first.n_queries:,} queries, {setup.embedder}; "
        f"{100 * change.level:g} % intervals"
    )
