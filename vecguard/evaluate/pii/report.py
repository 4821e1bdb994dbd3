"""What the scrubbing benchmark says: tables, gates that hold or do not, and the same as JSON and as a page."""

from __future__ import annotations

import json
import math
import platform
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import TYPE_CHECKING, Any

from vecguard.evaluate.pii.counts import Estimate

if TYPE_CHECKING:
    from rich.table import Table

_FORMAT = "vecguard.scrub/1"
_PACKAGES = ("vecguard", "presidio-analyzer", "presidio-anonymizer", "spacy", "numpy", "faker", "phonenumbers")


@dataclass(frozen=True, slots=True)
class Gate:
    """A figure that something is promised about. An `aim` is hoped for: it is printed and decides nothing.

    `measured` is None where the set or the part that it needs is not there. `wanted` is a lower bound, or an upper one
    with `at_most`; `strict` means that reaching it is not enough.
    """

    name: str
    measured: float | None
    wanted: float
    at_most: bool = False
    strict: bool = False
    aim: bool = False

    @property
    def holds(self) -> bool | None:
        """True or False; None for what was not measured."""
        if self.measured is None or math.isnan(self.measured):
            return None
        ahead = self.wanted - self.measured if self.at_most else self.measured - self.wanted
        return ahead > 0 or (ahead == 0 and not self.strict)

    @property
    def verdict(self) -> str:
        """Say in a word or two whether it holds."""
        words = {True: "yes", False: "NO", None: "not measured"}[self.holds]
        return f"{words} (aim)" if self.aim else words

    @property
    def bound(self) -> str:
        """Say what is wanted: ">= 0.97"."""
        sign = ("<" if self.at_most else ">") + ("" if self.strict else "=")
        return f"{sign} {self.wanted:g}"


@dataclass(frozen=True, slots=True)
class Block:
    """One table under a title, with a sentence or two about how it came about."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[str, ...], ...]
    note: str = ""


@dataclass(slots=True)
class Part:
    """What one measurement adds to the report."""

    blocks: list[Block] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)


@dataclass(slots=True)
class Report:
    """Everything that a run has found so far. `command` is the command line that finds it again."""

    command: Sequence[str]
    seed: int
    setting: str
    blocks: list[Block] = field(default_factory=list)
    gates: list[Gate] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    figures: dict[str, Any] = field(default_factory=dict)  # for the JSON document

    @property
    def status(self) -> int:
        """Return the exit status: 0 if all measured gates hold, 1 if one does not, 2 if none was measured."""
        verdicts = [gate.holds for gate in self.gates if not gate.aim and gate.holds is not None]
        if not verdicts:
            return 2
        return 0 if all(verdicts) else 1

    def add(self, part: Part) -> None:
        """Take over what a measurement adds."""
        self.blocks += part.blocks
        self.gates += part.gates
        self.figures |= part.figures

    def gate_block(self) -> Block:
        """Return the gates as a table of what was measured, what is wanted and whether it holds."""
        rows = tuple((gate.name, figure(gate.measured), gate.bound, gate.verdict) for gate in self.gates)
        return Block("Gates", ("what", "measured", "wanted", "holds?"), rows)

    def document(self) -> dict[str, Any]:
        """Return the run as JSON-ready values: format, date (UTC, ISO 8601), versions, gates, tables, figures."""
        return {
            "format": _FORMAT,
            "date": datetime.now(UTC).isoformat(timespec="seconds"),
            "command": list(self.command),
            "seed": self.seed,
            "setting": self.setting,
            "versions": versions(),
            "gates": [{**asdict(gate), "holds": gate.holds} for gate in self.gates],
            "skipped": self.skipped,
            "figures": self.figures,
            "tables": [asdict(block) for block in self.blocks],
        }

    def json(self) -> str:
        """Return `document` as text; what is not a number is null."""
        return json.dumps(_finite(self.document()), indent=2, allow_nan=False) + "\n"

    def page(self) -> str:
        """Return the run as a Markdown page."""
        said = versions()
        origin = (
            f"Written by `{' '.join(self.command)}` on {datetime.now(UTC):%Y-%m-%d}, seed {self.seed}; not by hand. "
            "Intervals are 95 %, by bootstrap over templates or documents. `benchmarks/scrub.py` says what each "
            "command measures."
        )
        lines = [
            "# How well scrubbing works",
            "",
            origin,
            "",
            f"Setting: {self.setting}.",
            "",
            "Versions: " + ", ".join(f"{name} {version}" for name, version in said.items()) + ".",
            "",
        ]
        if self.skipped:
            lines += ["Not measured, because it was not there:", "", *(f"- {what}" for what in self.skipped), ""]
        for block in [self.gate_block(), *self.blocks]:
            lines += _markdown(block)
        return "\n".join(lines)


def rich_table(block: Block) -> Table:
    """Return a block as a table for the terminal."""
    from rich import box  # noqa: PLC0415 - the page and the JSON document do without
    from rich.markup import escape  # noqa: PLC0415
    from rich.table import Table  # noqa: PLC0415

    grid = Table(title=escape(block.title), caption=escape(block.note) or None, box=box.SIMPLE_HEAD, show_edge=False)
    for number, column in enumerate(block.columns):
        grid.add_column(escape(column), justify="left" if number == 0 else "right")
    for row in block.rows:
        grid.add_row(*map(escape, row))
    return grid


def figure(value: float | None) -> str:
    """Write a figure for people: three digits behind the point, "-" for none."""
    if value is None or math.isnan(value):
        return "-"
    return f"{value:.3f}" if abs(value) < 100 else f"{value:,.0f}"


def interval(estimate: Estimate) -> str:
    """Write a figure with its bounds: "0.731 [0.702, 0.758]"."""
    return f"{figure(estimate.value)} [{figure(estimate.low)}, {figure(estimate.high)}]"


def versions() -> dict[str, str]:
    """Return the versions of whatever can move a figure, and the processor's architecture."""
    from importlib.metadata import PackageNotFoundError, version  # noqa: PLC0415 - as above

    found = {"python": platform.python_version(), "machine": platform.machine()}
    for name in _PACKAGES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _markdown(block: Block) -> list[str]:
    lines = [f"## {block.title}", ""]
    if block.note:
        lines += [block.note, ""]
    lines.append("| " + " | ".join(map(_cell, block.columns)) + " |")
    lines.append("|---" + "|---:" * (len(block.columns) - 1) + "|")
    lines += ["| " + " | ".join(map(_cell, row)) + " |" for row in block.rows]
    return [*lines, ""]


def _cell(text: str) -> str:
    return text.replace("\\", "\\\\").replace("|", "\\|").replace("<", "&lt;").replace("\n", " ")


def _finite(value: Any) -> Any:
    if isinstance(value, float):
        return value if math.isfinite(value) else None
    if isinstance(value, dict):
        return {key: _finite(each) for key, each in value.items()}
    if isinstance(value, (list, tuple)):
        return [_finite(each) for each in value]
    return value
