"""Tables and gates of `protect.py`, for the terminal, as JSON and as a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from rich import box
from rich.markup import escape
from rich.table import Table

from vecguard.evaluate import Interval, versions
from vecguard.evaluate.report import percent


@dataclass(frozen=True, slots=True)
class Block:
    """One table under a title, with a sentence or two about how it came about."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""

    def table(self) -> Table:
        grid = Table(title=escape(self.title), caption=escape(self.note) or None, box=box.SIMPLE_HEAD, show_edge=False)
        for number, column in enumerate(self.columns):
            grid.add_column(escape(column), justify="left" if number == 0 else "right", overflow="fold")
        for row in self.rows:
            grid.add_row(*map(escape, row))
        return grid

    def markdown(self) -> list[str]:
        lines = [f"## {self.title}", "", *([self.note, ""] if self.note else [])]
        lines += [_line(self.columns), "|---" + "|---:" * (len(self.columns) - 1) + "|", *map(_line, self.rows), ""]
        return lines


@dataclass(frozen=True, slots=True)
class Gate:
    """A promise: the estimate is at least `least`. With an interval, that is shown and may reach beyond."""

    name: str
    measured: Interval | float
    least: float

    @property
    def estimate(self) -> float:
        return self.measured.estimate if isinstance(self.measured, Interval) else self.measured

    @property
    def holds(self) -> bool:
        return self.estimate >= self.least

    @property
    def row(self) -> tuple[str, ...]:
        verdict = "yes" if self.holds else "NO"
        if not isinstance(self.measured, Interval):
            return self.name, _figure(self.measured), f">= {_figure(self.least)}", verdict
        sure = self.measured.low >= self.least
        return (
            self.name,
            f"{percent(self.measured)} %",
            f">= {100 * self.least:g} %",
            verdict + ("" if sure or not self.holds else ", interval reaches beyond"),
        )


@dataclass(slots=True)
class Report:
    """Everything that a run has found so far. `command` is the command line that finds it again."""

    command: Sequence[str]
    seed: int
    setting: str
    blocks: list[Block] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)

    @property
    def status(self) -> int:
        return 0 if all(gate.holds for gate in self.gates) else 1

    def gate_block(self) -> Block:
        return Block("Gates", ("what", "measured", "wanted", "holds?"), tuple(gate.row for gate in self.gates))

    def json(self) -> str:
        document: dict[str, Any] = {
            "format": "vecguard.protect/1",
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "versions": versions(),
            "command": list(self.command),
            "seed": self.seed,
            "setting": self.setting,
            "skipped": self.skipped,
            "gates": [{**asdict(gate), "holds": gate.holds} for gate in self.gates],
            "tables": [asdict(block) for block in self.blocks],
        }
        return json.dumps(document, indent=2, allow_nan=False) + "\n"

    def page(self) -> str:
        reading = (
            "Changes are relative to exact search with the exact vectors; intervals are 95 % paired bootstrap over "
            "queries unless it says otherwise. r is the noise relative to the vector, K the rows that the store hands "
            "over, N the rows there are. A figure here says nothing about what an attacker gets."
        )
        lines = [
            "# What protecting vectors costs",
            "",
            f"Written by `{' '.join(self.command)}` on {datetime.now(UTC):%Y-%m-%d}, seed {self.seed}; not by hand.",
            reading,
            "",
            f"Setting: {self.setting}.",
            "",
            "Versions: " + ", ".join(f"{name} {version}" for name, version in versions().items()) + ".",
            "",
            *([f"Not measured: {', '.join(self.skipped)}.", ""] if self.skipped else []),
        ]
        for block in [self.gate_block(), *self.blocks]:
            lines += block.markdown()
        return "\n".join(lines)


def _figure(value: float) -> str:
    return f"{value:,.0f}" if abs(value) >= 100 else f"{value:.4f}"


def _line(cells: Sequence[str]) -> str:
    return "| " + " | ".join(cell.replace("|", "\\|") for cell in cells) + " |"
