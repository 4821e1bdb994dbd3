"""`vecguard calibrate`: how much noise a corpus bears, measured, written down as a policy."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table

from vecguard.arrays import Floats
from vecguard.calibration import Calibration, Task, Trial, calibrate, splits, task_of
from vecguard.calibration.bought import Fact, closed_form
from vecguard.calibration.plot import plot
from vecguard.calibration.simulate import DEPTH
from vecguard.cli._attacked import Recognised, attacked, table
from vecguard.cli._demo_page import embedder_named
from vecguard.errors import BadInput
from vecguard.evaluate import Cached
from vecguard.evaluate.report import percent
from vecguard.protect.over_fetch import over_fetch
from vecguard.records import Metric
from vecguard.redteam.scene import FEWEST

_BUDGET, _BUDGET_OF_OVERLAP = 0.5, 2.0  # per cent


def run(
    console: Console,
    *,
    data: str,
    split: str,
    budget: float | None,
    max_over_fetch: int,
    label_free: bool,
    metric: str,
    embedder: str,
    seeds: int,
    seed: int,
    out: Path | None,
    json: Path | None,
    picture: Path | None,
    attack: bool,
) -> Calibration:
    """Calibrate, print, and write what was asked for; `attack` lets the red team at what was chosen."""
    corpus = splits(data, [each.strip() for each in split.split(",") if each.strip()])
    console.print(f"{escape(corpus.name)}: {len(corpus.doc_ids)} documents, {len(corpus.query_ids)} queries.")
    per_cent = budget if budget is not None else _BUDGET_OF_OVERLAP if label_free else _BUDGET
    with progress_on(console) as progress:
        embed = embedder_of(embedder, progress)
        task = task_of(corpus, embed, embedder=name_of(embedder), label_free=label_free, metric=metric_of(metric))
        bar = progress.add_task("calibrating", total=None)
        found = calibrate(
            task,
            budget=per_cent / 100,
            max_over_fetch=max_over_fetch,
            seeds=seeds,
            seed=seed,
            on_progress=lambda done, total: progress.update(bar, completed=done, total=total),
        )
        thieves = _attacked(found, task, progress) if attack else []
    _show(console, found, thieves)
    _write(console, found, out, json, picture)
    return found


def _attacked(found: Calibration, task: Task, progress: Progress) -> list[Recognised]:
    if found.chosen is None or len(task.documents) < FEWEST:
        return []
    bar = progress.add_task("attacking", total=None)

    def shown(done: int, total: int, name: str) -> None:
        progress.update(bar, completed=done, total=total, description=f"attacking: {name}" if name else "attacking")

    return attacked(task.documents, found.noise, shown)


_NAMES = {"minilm": "all-MiniLM-L6-v2"}


def name_of(embedder: str) -> str:
    """Return the name by which results know an embedder."""
    return _NAMES.get(embedder, embedder)


def metric_of(name: str) -> Metric:
    """Return a metric by its name, or raise `BadInput`."""
    match name:
        case "cosine" | "dot" | "l2":
            return name
    raise BadInput("--metric takes cosine, dot and l2")


def _show(console: Console, found: Calibration, thieves: Sequence[Recognised]) -> None:
    console.print(_tried(found))
    for note in found.notes:
        console.print(note, style="dim", highlight=False)
    if found.chosen is not None and found.reported is not None:
        console.print(_outcome(found, found.chosen))
        console.print(_facts(closed_form(found)))
        if thieves:
            console.print(table(thieves, found.noise))
    style = "bold green" if found.holds else "bold red"
    console.print(found.verdict, style=style, highlight=False, markup=False)


def _tried(found: Calibration) -> Table:
    """Per K, the largest r that passed, and the next one, which did not."""
    grid = Table(
        title=f"The largest r that loses at most {100 * found.budget:g} % of {found.measure}, by K",
        caption=f"mean of {len(found.seeds)} keys on {found.calibration_queries} queries; in brackets 90 % paired "
        "bootstrap, whose lower end is the one-sided 95 % bound",
        box=box.SIMPLE_HEAD,
        show_edge=False,
        padding=(0, 1, 0, 0),
    )
    for header in ("K", "r", "change, %", "r that failed", "change, %"):
        grid.add_column(header, justify="right", no_wrap=True)
    for k in sorted({trial.over_fetch for trial in found.trials}):
        trials = [trial for trial in found.trials if trial.over_fetch == k]
        if len(trials) > 2:
            passed = [trial for trial in trials if trial.change.low >= -found.budget]
            failed = [trial for trial in trials if trial.change.low < -found.budget]
            grid.add_row(str(k), *_point(passed[-1:]), *_point(failed[:1]))
    return grid


def _point(trials: Sequence[Trial]) -> tuple[str, str]:
    return (f"{trials[0].noise:g}", percent(trials[0].change)) if trials else ("–", "–")


def _outcome(found: Calibration, chosen: Trial) -> Table:
    ruled = over_fetch(found.rows, DEPTH, found.noise)
    grid = Table(title=f"Chosen: r={found.noise:g}, K={found.over_fetch}", box=box.SIMPLE_HEAD, title_style="bold")
    for header, justify in (("", "left"), (f"change of {found.measure}, %", "right"), ("queries", "right")):
        grid.add_column(header, justify=justify)  # type: ignore[arg-type]  # rich's Literal
    grid.add_row("chosen by", percent(chosen.change), str(found.calibration_queries))
    if found.reported is not None:
        grid.add_row("others, a fresh key", percent(found.reported), str(found.reported_queries))
    grid.add_row("", f"without measuring, the rule for K says {ruled}", "")
    return grid


def _facts(facts: Sequence[Fact]) -> Table:
    grid = Table(title="What it costs and buys", box=box.SIMPLE_HEAD)
    for header in ("who", "what", ""):
        grid.add_column(header)
    before = ""
    for fact in facts:
        grid.add_row("" if fact.who == before else fact.who, fact.what, fact.figure)
        before = fact.who
    return grid


def _write(console: Console, found: Calibration, out: Path | None, json: Path | None, picture: Path | None) -> None:
    written: list[Path] = []
    if json is not None:
        json.write_text(found.to_json(), encoding="utf-8")
        written.append(json)
    if picture is not None and found.trials:
        plot(picture, found)
        written.append(picture)
    if out is not None and found.holds:
        out.write_text(found.to_toml(), encoding="utf-8")
        written.append(out)
    if out is not None and not found.holds:
        console.print("No policy was written.", style="bold red")
    for path in written:
        console.print(f"Wrote {escape(str(path))}", highlight=False)


def embedder_of(name: str, progress: Progress) -> Callable[[Sequence[str]], Floats]:
    """Return an embedder by its name; what takes long is kept on disk and shown."""
    if name not in _NAMES:
        return embedder_named(name)
    task = progress.add_task("embedding (kept on disk)", total=None)

    def shown(done: int, total: int) -> None:
        progress.update(task, completed=done, total=total)

    return Cached(embedder_named(name), name=_NAMES[name], on_progress=shown)


def progress_on(console: Console) -> Progress:
    """Return the progress bars of a calibration."""
    columns = (TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    return Progress(*columns, console=console)
