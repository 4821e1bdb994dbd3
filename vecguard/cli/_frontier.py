"""`vecguard bench frontier`: reads corpora, runs the benchmark on each with a progress bar, writes what was found."""

from __future__ import annotations

import importlib
import importlib.util
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from pathlib import Path
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

from rich.console import Console
from rich.markup import escape
from rich.progress import Progress

from vecguard.cli._calibrate import embedder_of, name_of, progress_on
from vecguard.cli._demo_page import embedder_named
from vecguard.evaluate import default_folder
from vecguard.frontier import FULL, QUICK, SETTINGS, USUAL, Cells, Effort, Frontier, Subject, attackers, cut, read
from vecguard.frontier.settings import USUAL as USUAL_SETTINGS
from vecguard.frontier.table import shown
from vecguard.redteam import PLANS
from vecguard.redteam.findings import Findings

Preset: TypeAlias = Literal["quick", "usual", "full"]
_PRESETS: Final[Mapping[Preset, Effort]] = MappingProxyType({"quick": QUICK, "usual": USUAL, "full": FULL})
_FOLDER = "frontier"  # in the folder of kept embeddings, which are as sensitive


def run(
    console: Console,
    *,
    data: Sequence[str],
    preset: Preset,
    settings: Sequence[str],
    attacks: Sequence[str],
    margin: float,
    seeds: int | None,
    split: str,
    labels: Sequence[str],
    asked_by: str,
    embedder: str,
    out: Path,
    fresh: bool,
    show: bool,
) -> list[Findings]:
    """Measure each corpus, print its table, write its document and, where they can be made, its page and its plot.

    No settings or attacks are those of the preset.
    """
    effort = _PRESETS[preset] if seeds is None else replace(_PRESETS[preset], seeds=seeds)
    folder = default_folder() / _FOLDER
    found: list[Findings] = []
    for each in data:
        given = cut(read(each, split=split, labels=labels, asked_by=asked_by), effort)
        with progress_on(console) as progress:
            embed = embedder_of(embedder, progress)
            subject = Subject.of(given, embed, embedder=name_of(embedder), encode=embedder_named(embedder))
            frontier = Frontier(
                subject=subject,
                effort=effort,
                margin=margin,
                cells=Cells(folder, fresh=fresh),
                folder=None if fresh else folder,
                show=show,
                progress=_told(progress),
            )
            found.append(
                frontier.measured(
                    settings or (tuple(SETTINGS) if preset == "full" else USUAL_SETTINGS),
                    attacks or (tuple(PLANS) if preset == "full" else attackers.USUAL),
                    command=_command(
                        data=Path(each).name,
                        quick=preset == "quick",
                        full=preset == "full",
                        settings=settings,
                        attacks=attacks,
                        margin=margin,
                        seeds=seeds,
                        split=split,
                        label=labels,
                        asked_by=asked_by,
                        embedder=embedder,
                        show=show,
                    ),
                )
            )
        for part in shown(found[-1]):
            console.print(part)
        for path in _written(found[-1], out):
            console.print(f"Wrote {escape(str(path))}", highlight=False)
    return found


_DEFAULTS: Final[Mapping[str, object]] = {"margin": 0.01, "embedder": "minilm"}


def _command(**options: object) -> str:
    """Return the command line that finds the same again; where a corpus lies on this machine is left out."""
    words = ["vecguard bench frontier"]
    for name, value in options.items():
        if value and value != _DEFAULTS.get(name):
            said = "" if value is True else f" {','.join(value) if isinstance(value, list) else value}"
            words.append(f"--{name.replace('_', '-')}{said}")
    return " ".join(words)


def _told(progress: Progress) -> Callable[[int, int, str], None]:
    bar = progress.add_task("measuring", total=None)

    def told(done: int, total: int, name: str) -> None:
        progress.update(bar, completed=done, total=total or None, description=name or "measured")

    return told


def _written(findings: Findings, out: Path) -> list[Path]:
    out.mkdir(parents=True, exist_ok=True)
    document = out / f"frontier-{findings.corpus['name']}.json"
    document.write_text(findings.to_json(), encoding="utf-8")
    return [document, *(path for path in (_page(findings, document), _plot(findings, document)) if path is not None)]


def _page(findings: Findings, beside: Path) -> Path | None:
    if importlib.util.find_spec("vecguard.redteam.page") is None:
        return None
    path = beside.with_suffix(".html")
    path.write_text(importlib.import_module("vecguard.redteam.page").page(findings), encoding="utf-8")
    return path


def _plot(findings: Findings, beside: Path) -> Path | None:
    if importlib.util.find_spec("vecguard.redteam.plot") is None:
        return None
    path = beside.with_suffix(".svg")
    importlib.import_module("vecguard.redteam.plot").plot(path, findings)
    return path
