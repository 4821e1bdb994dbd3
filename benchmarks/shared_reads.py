"""What the blur of shared rows costs an honest reader, beside what it leaves to the strongest attacker on answers.

    python benchmarks/shared_reads.py --data ROOT [--quick] [--json FILE] [--page docs/shared-reads.md]

ROOT (or VECGUARD_DATA) holds corpora in BEIR layout. The reader searches a corpus that others share with it; changes
are of nDCG@10 against the same search without blur and shaping, per query, averaged over throw-away keys, with 95 %
paired bootstrap over queries. The attacker has ten accounts for thirty days, asks about some of the rows and owns all
others: texts of the same kind, which is the most that can be assumed. Embeddings (packaged MiniLM) are kept in
~/.cache/vecguard. Exit status 0: no attacker got more than the whole blurred vector gives; 1: one did; 2: no data.
"""

from __future__ import annotations

import hashlib
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import numpy as np
import typer
from protect_report import Block
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from shared_reads_report import Findings, as_json, as_page

from vecguard.arrays import Doubles, Floats
from vecguard.calibration import Task, splits, task_of
from vecguard.calibration.simulate import DEPTH, Ranks, best
from vecguard.evaluate import Cached, Interval, minilm, paired_bootstrap
from vecguard.evaluate.report import percent
from vecguard.keys import Secret
from vecguard.protect.blur import blurred, stretched
from vecguard.redteam import Hidden, Knowledge, Result
from vecguard.redteam.scores import (
    Budget,
    Prior,
    Probes,
    ScoreAttack,
    SharedRows,
    ShownScores,
    Visit,
    attempt,
    blurred_for_good,
    cosine,
    mean_cosine,
    most_from_view,
    strongest,
)
from vecguard.redteam.scores.readings import unit
from vecguard.redteam.scores.shared import content_digests
from vecguard.watch.scores import ScorePolicy, shaped, step

CORPORA = {"scifact": ("train", "test"), "medquad": ("test",), "chroma_chunking": ("test",)}
NOISES = (0.0, 0.5, 0.75, 1.0, 1.5, 2.0)
POLICIES: tuple[ScorePolicy, ...] = ("exact", "rounded", "bucketed", "rank")
SHAPES: tuple[ScorePolicy, ...] = ("exact", "rounded", "bucketed")  # by rank the order is that of exact scores
BUDGET = Budget(accounts=10, days=30, records=1_000)
COUNTS = (0, 35, 96, 384, 768)
TARGETS = 400
TOLERANCE = 0.005
RESAMPLES = 10_000
SEED = 2026
_CELLS = 4_000_000

app = typer.Typer(add_completion=False, help=__doc__, rich_markup_mode=None)


# ------------------------------------------------------------------------------------------------- an honest reader


def key_of(number: int) -> Secret:
    """Make a key of a number: for measurements, where it must be repeatable and protects nothing."""
    return Secret(hashlib.sha256(f"vecguard shared reads {number}".encode()).digest())


@dataclass(frozen=True, slots=True)
class Reader:
    """Who searches: all documents are others', or every second one (by chance) is its own and scored exactly.

    Shared scores are stretched by sqrt(1 + b^2), what the blur takes off them on average, unless `stretching` is off.
    """

    own_share: float = 0.0
    stretching: bool = True
    shapes: tuple[ScorePolicy, ...] = SHAPES

    def values(self, task: Task, noise: float, keys: Sequence[int]) -> dict[ScorePolicy, Doubles]:
        """Return what each query is worth under each policy, averaged over keys."""
        everyone, sums = np.arange(len(task.queries)), dict.fromkeys(self.shapes, np.zeros(len(task.queries)))
        for number in keys:
            for policy, ranked in self._ranked(task, noise, number).items():
                sums[policy] = sums[policy] + task.values(ranked, everyone) / len(keys)
        return sums

    def _ranked(self, task: Task, noise: float, number: int) -> dict[ScorePolicy, Ranks]:
        draw, rows = np.random.default_rng(number), unit(task.documents)
        own = draw.random(len(rows)) < self.own_share
        seen = unit(blurred(task.documents, content_digests(task.documents), key_of(number), noise=noise))
        stretch, one = np.sqrt(1 + noise**2) if self.stretching else 1.0, np.ones(1)
        order = np.concatenate([np.flatnonzero(own), draw.permutation(np.flatnonzero(~own))])  # own first, then neutral
        mine, others = rows[order[: own.sum()]], seen[order[own.sum() :]]
        parts: dict[ScorePolicy, list[Ranks]] = {policy: [] for policy in self.shapes}
        for asked in np.array_split(unit(task.queries), -(-len(task.queries) * len(rows) // _CELLS)):
            exact, blurry = asked @ mine.T, stretched(asked @ others.T, "cosine", stretch, one, one)
            for policy, found in parts.items():
                ties = step(policy) * 1e-3 * np.arange(len(order)) / len(order)  # go by column
                scores: Any = np.hstack([exact, shaped(blurry, policy)]) - ties  # float64, or ties would be lost
                found.append(best(scores, DEPTH))
        return {policy: order[np.vstack(found)] for policy, found in parts.items()}


# ------------------------------------------------------------------------------------------------- one run


@dataclass(slots=True)
class Bench:
    """One run: its console, its keys, its tables, and whether the bound held."""

    keys: Sequence[int]
    noises: Sequence[float]
    console: Console = field(default_factory=lambda: Console(width=170))
    findings: Findings = field(default_factory=Findings)

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Callable[[], None]]:
        columns = (TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as bars:
            task = bars.add_task(title, total=total)
            yield lambda: bars.advance(task)

    def add(self, block: Block) -> None:
        self.console.print(block.table(), "")
        self.findings.blocks.append(block)

    def changes(self, task: Task, reader: Reader, noise: float) -> dict[ScorePolicy, Interval]:
        bare = task.unprotected(np.arange(len(task.queries)))
        return {
            policy: paired_bootstrap(bare, values, resamples=RESAMPLES, seed=SEED)
            for policy, values in reader.values(task, noise, self.keys).items()
        }


@dataclass(frozen=True, slots=True)
class Victims:
    """Rows that are attacked, and what the attacker owns: all other rows of the corpus."""

    exact: Floats
    known: Knowledge
    prior: Prior

    @classmethod
    def of(cls, documents: Floats) -> Victims:
        order = np.random.default_rng(SEED).permutation(len(documents))
        count = min(TARGETS, len(documents) // 3)
        corpus = documents[order[count:]]
        return cls(documents[order[:count]], Knowledge(corpus=corpus, holding="texts of its own"), Prior.of(corpus))

    @property
    def hidden(self) -> Hidden:
        return Hidden(self.exact, decoys=self.known.corpus)

    @property
    def targets(self) -> Any:
        return np.arange(len(self.exact))

    def seen(self, noise: float) -> Floats:
        return blurred_for_good(self.exact, noise=noise, key=key_of(SEED))(Visit())

    def oracle(self, noise: float, policy: ScorePolicy) -> SharedRows:
        view = blurred_for_good(self.exact, noise=noise, key=key_of(SEED))
        return SharedRows(view, noise=noise, policy=policy, key=key_of(SEED), budget=BUDGET)


def costs_and_gains(bench: Bench, name: str, task: Task, victims: Victims) -> None:
    """The table that the blur is chosen from."""
    rows: list[tuple[str, ...]] = []
    with bench.progress(name, len(bench.noises)) as advance:
        for noise in bench.noises:
            changes = map(percent, bench.changes(task, Reader(), noise).values())
            rows.append((f"{noise:g}", *changes, *_gained(bench, name, victims, noise)))
            advance()
    bare = float(task.unprotected(np.arange(len(task.queries))).mean())
    floor = mean_cosine(np.tile(victims.prior.guess, (len(victims.exact), 1)), victims.exact)
    title = f"{name}: N={len(task.documents):,}, {len(task.queries):,} queries, nDCG@10 without blur {bare:.4f}"
    note = (
        f"Change of nDCG@10 in %, all rows shared; cosines to the exact vector, of {len(victims.exact)} rows. Whoever "
        f"asks nothing guesses the mean of its own texts and has {floor:.3f}. id@1: how often the strongest attacker's "
        f"estimate is nearest to the right one of all {len(task.documents):,} texts, if it can guess them all."
    )
    columns = ("b", "exact, rank", "rounded", "bucketed", "naive attacker", *(f"informed, {each}" for each in POLICIES),
               "whole x' known", "over the guess, %", "id@1")  # fmt: skip
    bench.add(Block(title, columns, tuple(rows), note))


def _gained(bench: Bench, name: str, victims: Victims, noise: float) -> tuple[str, ...]:
    found = {
        policy: strongest(
            policy,
            victims.known,
            lambda: victims.oracle(noise, policy),  # noqa: B023 - used at once
            victims.targets,
            victims.hidden,
            noise=noise,
        )
        for policy in POLICIES
    }
    most = most_from_view(victims.prior, victims.seen(noise), victims.exact, noise=noise)
    best_results = max((each.best for each in found.values()), key=lambda results: cosine(results).value)
    if (reached := cosine(best_results)).value > most + TOLERANCE:
        bench.findings.beyond.append(
            f"{name}, b={noise:g}: {reached.attack} has {reached.value:.4f}, and x' gives {most:.4f}"
        )
    naive = max(cosine(each.naive).value for each in found.values())
    floor = cosine(found["exact"].informed).floor
    return (
        f"{naive:.3f}",
        *(f"{cosine(each.informed).value:.3f}" for each in found.values()),
        f"{most:.3f}",
        f"{100 * (most - floor) / (1 - floor):.0f}",
        f"{_id(best_results):.3f}",
    )


def _id(results: Sequence[Result]) -> float:
    return next(each.value for each in results if each.metric == "id@1")


def by_probes(bench: Bench, name: str, victims: Victims) -> None:
    """How much falls to how few questions: what budgets alone can hold."""
    rows: list[tuple[str, ...]] = []
    for noise in (0.0, 1.0):
        for policy in ("exact", "rounded", "bucketed"):
            reached = [f"{_after(victims, noise, policy, count):.3f}" for count in COUNTS]
            rows.append((f"{policy}, b={noise:g}", *reached))
    note = (
        "Cosine of the informed attacker by the number of its queries: the better one of asking along the axes of its "
        "own texts and of asking these texts themselves."
    )
    bench.add(Block(f"{name}: few queries", ("scores", *map(str, COUNTS)), tuple(rows), note))


def _after(victims: Victims, noise: float, policy: ScorePolicy, count: int) -> float:
    if not count:
        return mean_cosine(np.tile(victims.prior.guess, (len(victims.exact), 1)), victims.exact)
    attacks = [ScoreAttack(ShownScores(policy), Probes(count, kind), True, noise) for kind in ("axes", "texts")]  # type: ignore[arg-type]
    found = [
        attempt(each, victims.known, victims.oracle(noise, policy), victims.targets, victims.hidden) for each in attacks
    ]
    return max(cosine(results).value for results in found)


def beside_own(bench: Bench, tasks: dict[str, Task]) -> None:
    """Answers in which half of the rows are the reader's own: blurred scores are lower than exact ones."""
    rows = [
        (name, f"{noise:g}", *(percent(bench.changes(task, reader, noise)["exact"]) for reader in _HALF))
        for name, task in tasks.items()
        for noise in bench.noises
        if noise
    ]
    note = (
        "Change of nDCG@10 in %, every second row the reader's own. The blur divides scores of shared rows by some "
        "sqrt(1 + b^2); if they were not stretched by that again, own rows would come first."
    )
    columns = ("corpus", "b", "as it is", "if scores were not stretched")
    bench.add(Block("Own rows beside shared ones", columns, tuple(rows), note))


_HALF = (
    Reader(own_share=0.5, shapes=("exact",)),
    Reader(own_share=0.5, shapes=("exact",), stretching=False),
)


@app.command(help=__doc__)
def main(
    data: Annotated[Path | None, typer.Option(envvar="VECGUARD_DATA", help="Folder with the corpora.")] = None,
    corpora: Annotated[str, typer.Option(help="Which, by commas.")] = ",".join(CORPORA),
    quick: Annotated[bool, typer.Option("--quick", help="One corpus, one key, two settings of b.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write everything as JSON.")] = None,
    page: Annotated[Path | None, typer.Option(help="Write a Markdown page.")] = None,
) -> None:
    bench = Bench(range(SEED, SEED + (1 if quick else 3)), (0.0, 1.0) if quick else NOISES)
    bench.findings.setting = _setting(len(bench.keys))
    tasks = dict(_tasks(bench, data, [each.strip() for each in corpora.split(",")][: 1 if quick else None]))
    for name, task in tasks.items():
        victims = Victims.of(task.documents)
        costs_and_gains(bench, name, task, victims)
        by_probes(bench, name, victims)
    if tasks:
        beside_own(bench, tasks)
    for line in bench.findings.beyond:
        bench.console.print(f"BEYOND THE BOUND: {line}", style="bold red")
    for path, text in ((json, as_json), (page, as_page)):
        if path:
            path.write_text(text(bench.findings, _command()), encoding="utf-8")
    raise typer.Exit((1 if bench.findings.beyond else 0) if tasks else 2)


def _setting(keys: int) -> str:
    return (
        f"{keys} keys a figure, all-MiniLM-L6-v2 (d=384), cosine; {BUDGET.accounts} accounts for {BUDGET.days} days, "
        f"{BUDGET.records:,} distinct rows a day each, as many queries as it takes; seed {SEED}"
    )


def _tasks(bench: Bench, data: Path | None, names: Sequence[str]) -> Iterator[tuple[str, Task]]:
    for name in names:
        if data is None or not (data / name).is_dir():
            bench.console.print(f"SKIPPED: {name}: no such folder; --data or VECGUARD_DATA names the one above it")
            bench.findings.skipped.append(name)
            continue
        corpus = splits(data / name, CORPORA.get(name, ("test",)))
        yield name, task_of(corpus, Cached(minilm()), embedder="all-MiniLM-L6-v2")


def _command() -> list[str]:
    """Return the command line for a page that others read: where things lie on this machine is left out."""
    shown = list(sys.argv[1:])
    for option, place in (("--data", "ROOT"), ("--json", "FILE"), ("--page", "docs/shared-reads.md")):
        if option in shown[:-1]:
            shown[shown.index(option) + 1] = place
    return ["python", "benchmarks/shared_reads.py", *shown]


if __name__ == "__main__":
    app()
