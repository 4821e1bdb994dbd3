"""`vecguard calibrate --blur`: how much noise readers of shared rows bear, measured, written down as a policy."""

from __future__ import annotations

from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vecguard.calibration import BlurCalibration, calibrate_blur, splits, task_of
from vecguard.cli._calibrate import embedder_of, metric_of, name_of, progress_on
from vecguard.evaluate.report import percent

_BUDGET = 5.0  # per cent


def run(
    console: Console,
    *,
    data: str,
    split: str,
    budget: float | None,
    label_free: bool,
    metric: str,
    embedder: str,
    seeds: int,
    seed: int,
    out: Path | None,
) -> BlurCalibration:
    """Calibrate, print, and write the policy if it holds."""
    corpus = splits(data, [each.strip() for each in split.split(",") if each.strip()])
    console.print(f"{escape(corpus.name)}: {len(corpus.doc_ids)} documents, {len(corpus.query_ids)} queries.")
    with progress_on(console) as progress:
        embed = embedder_of(embedder, progress)
        task = task_of(corpus, embed, embedder=name_of(embedder), label_free=label_free, metric=metric_of(metric))
        bar = progress.add_task("calibrating", total=None)
        found = calibrate_blur(
            task,
            budget=(_BUDGET if budget is None else budget) / 100,
            seeds=seeds,
            seed=seed,
            on_progress=lambda done, total: progress.update(bar, completed=done, total=total),
        )
    _show(console, found)
    if out is not None and found.chosen is not None and found.holds:
        out.write_text(_toml(found), encoding="utf-8")
        console.print(f"Wrote {escape(str(out))}", highlight=False)
    return found


def _show(console: Console, found: BlurCalibration) -> None:
    grid = Table(
        title=f"What readers lose of {found.measure} where all rows are shared",
        caption="in brackets 90 % paired bootstrap, whose lower end is the one-sided 95 % bound",
        box=box.SIMPLE_HEAD,
    )
    for header in ("b", "change, %"):
        grid.add_column(header, justify="right", no_wrap=True)
    for each in found.trials:
        grid.add_row(f"{each.blur:g}", percent(each.change))
    console.print(grid)
    if found.chosen is None or found.reported is None:
        console.print(f"No blur was chosen: {found.refusal}.", style="bold red", highlight=False)
        return
    console.print(
        f"Chosen: b={found.chosen.blur:g}. On the other queries, under a fresh key: {percent(found.reported)} %. It "
        f"leaves a prober who never stops a cosine of {found.kept:.2f}, and {found.guessed:.2f} if it has texts of the "
        "kind to filter by.",
        style="bold green" if found.holds else "bold red",
        highlight=False,
    )


def _toml(found: BlurCalibration) -> str:
    assert found.chosen is not None  # noqa: S101 - the caller looked
    return (
        f"# Calibrated on {found.corpus}: {found.rows} rows, {found.queries} queries, budget "
        f"{100 * found.budget:g} % of {found.measure}.\n[policy.reads]\nblur = {found.chosen.blur}\n"
    )
