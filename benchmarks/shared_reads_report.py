"""Findings of `shared_reads.py`, as JSON and as a page."""

from __future__ import annotations

import json
from collections.abc import Sequence
from dataclasses import asdict, dataclass, field
from datetime import UTC, datetime
from typing import Any

from protect_report import Block

from vecguard.evaluate import versions

_READING = """\
Rows of other owners are scored and ordered from x' = |x| normalise(x / |x| + b z), the same for every reader on every
day. Changes are against the same search without blur; intervals are 95 % paired bootstrap over queries.

The attacker has the accounts and days named below, and rows of its own in the same collection. It knows b. Naive: least
squares from scores or order. Informed: it also owns all texts of the corpus that it does not attack, and takes the
posterior mean under a mixture of Gaussians fitted to them. "Whole x' known" is what it would have if it were handed x'
itself; "over the guess" is how much of the way from guessing to the exact vector that is.

The blur is about vectors. A reader to whom the text of a row shows can embed it, and then nothing is kept from it.

The blur bounds how near an attacker gets to a vector. It does not hide which of some known texts a row is (id@1), it
does not hide what is common to many rows, and it is no formal guarantee."""


@dataclass(slots=True)
class Findings:
    """Everything that a run has found so far. `beyond` says where an attacker got more than x' gives."""

    setting: str = ""
    blocks: list[Block] = field(default_factory=list)
    skipped: list[str] = field(default_factory=list)
    beyond: list[str] = field(default_factory=list)


def as_json(found: Findings, command: Sequence[str]) -> str:
    document: dict[str, Any] = {
        "format": "vecguard.shared_reads/1",
        "date": datetime.now(UTC).isoformat(timespec="seconds"),
        "versions": versions(),
        "command": list(command),
        "setting": found.setting,
        "skipped": found.skipped,
        "beyond": found.beyond,
        "tables": [asdict(block) for block in found.blocks],
    }
    return json.dumps(document, indent=2, allow_nan=False) + "\n"


def as_page(found: Findings, command: Sequence[str]) -> str:
    held = "; ".join(found.beyond) or "no attacker got more than the whole x' gives"
    lines = [
        "# What shared rows give away, and what keeping it costs",
        "",
        f"Written by `{' '.join(command)}` on {datetime.now(UTC):%Y-%m-%d}; not by hand.",
        _READING,
        "",
        f"The bound: {held}.",
        "",
        f"Setting: {found.setting}.",
        "",
        "Versions: " + ", ".join(f"{name} {version}" for name, version in versions().items()) + ".",
        "",
        *([f"Not measured: {', '.join(found.skipped)}.", ""] if found.skipped else []),
    ]
    for block in found.blocks:
        lines += block.markdown()
    return "\n".join(lines)
