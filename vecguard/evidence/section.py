"""One part of the evidence: figures, tables and words, where they come from, and what is not known."""

from __future__ import annotations

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from typing import Any, TypeAlias

Plain: TypeAlias = str | int | float | bool | None


@dataclass(frozen=True, slots=True)
class Table:
    """Rows under a title; `left_out` counts those that are not shown."""

    title: str
    columns: tuple[str, ...]
    rows: tuple[tuple[Plain, ...], ...]
    left_out: int = 0

    @classmethod
    def of(cls, title: str, columns: Sequence[str], rows: Sequence[Sequence[Plain]], *, most: int = 200) -> Table:
        """Show the first rows of many."""
        return cls(title, tuple(columns), tuple(tuple(row) for row in rows[:most]), max(0, len(rows) - most))

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        rows = [dict(zip(self.columns, row, strict=True)) for row in self.rows]
        return {"title": self.title, "rows": rows, "left_out": self.left_out}


@dataclass(frozen=True, slots=True)
class Section:
    """A part of the evidence. `source` says where its figures come from, `unknown` what somebody may miss in it."""

    name: str
    title: str
    source: str
    figures: Mapping[str, Plain] = field(default_factory=dict)
    words: tuple[str, ...] = ()
    tables: tuple[Table, ...] = ()
    unknown: tuple[str, ...] = ()

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        return {
            "title": self.title,
            "source": self.source,
            "figures": dict(self.figures),
            "words": list(self.words),
            "tables": [each.as_json() for each in self.tables],
            "not_known": list(self.unknown),
        }


@dataclass(frozen=True, slots=True)
class Evidence:
    """All of it, as it was at one moment (UTC)."""

    made: str
    sections: tuple[Section, ...]

    def section(self, name: str) -> Section:
        """Return one part by its name."""
        return next(each for each in self.sections if each.name == name)

    def as_json(self) -> dict[str, Any]:
        """Return plain data."""
        sections = {each.name: each.as_json() for each in self.sections}
        return {"format": "vecguard.evidence/1", "made": self.made, "sections": sections}


def moment(seconds: float | None) -> str | None:
    """Return a time as people read it, in UTC; None for none."""
    if seconds is None:
        return None
    try:
        return f"{datetime.fromtimestamp(seconds, UTC):%Y-%m-%d %H:%M:%SZ}"
    except (OverflowError, ValueError, OSError):
        return "no time"  # somebody changed the line


def day(seconds: float) -> str:
    """Return the UTC day of a time."""
    return (moment(seconds) or "").partition(" ")[0]
