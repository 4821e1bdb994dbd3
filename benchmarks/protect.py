"""What protecting vectors costs in search quality and time, beside what else is done to vectors.

    python benchmarks/protect.py --data ROOT [--quick] [--json FILE] [--page docs/protect-quality.md]

ROOT (or VECGUARD_DATA) holds corpora in BEIR layout. Everything is relative to exact search with the exact vectors, per
query, averaged over throw-away keys; intervals are 95 % paired bootstrap over queries. Embeddings (packaged MiniLM) are
kept in ~/.cache/vecguard. Exit status 0: every gate that was measured holds; 1: one does not; 2: no data.

IronCore's Alloy is measured where `import ironcore_alloy` works; it is AGPL and no dependency of this project.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Mapping, Sequence
from contextlib import contextmanager
from dataclasses import replace
from itertools import product
from pathlib import Path
from typing import Annotated, Any, TypeAlias

import baselines
import numpy as np
import protect_speed
import typer
from protect_report import Block, Gate, Report
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from vecguard.arrays import Doubles
from vecguard.calibration import Task, calibrate, splits, task_of
from vecguard.calibration.bought import remaining_cosine
from vecguard.calibration.simulate import Ranks, View, embedded, exact_ranks, masked, ranks, stored_of, throw_away_space
from vecguard.calibration.utility import guessed_cosine, overlap
from vecguard.evaluate import Cached, Corpus, Interval, minilm, paired_bootstrap
from vecguard.evaluate.report import percent
from vecguard.protect.mask import Mask
from vecguard.protect.over_fetch import SPREAD, over_fetch
from vecguard.records import Metric
from vecguard.redteam.peers import installed

CORPORA = {"scifact": ("train", "test"), "chroma_chunking": ("test",), "medquad": ("test",)}
NOISES, FIXED = (1.0, 1.5, 2.0), (100, 200, 400)
WANTED = 10
METRICS: tuple[Metric, ...] = ("cosine", "dot", "l2")
BUDGET = 0.005
ALLOY_FACTOR = 5**0.5  # the factor in Alloy's own tests; its documentation starts at sqrt(largest component)
RESAMPLES = 10_000
MOST_QUERIES = 1_200  # of a corpus, in the sections that search for a setting
SEED = 2026

Ways: TypeAlias = Mapping[str, Callable[[Task, int], View]]

app = typer.Typer(add_completion=False, help=__doc__, rich_markup_mode=None)


class Bench:
    """One run: its console, its report, how many keys it averages over."""

    def __init__(self, keys: int, *, quick: bool) -> None:
        self.console = Console(width=150)
        self.keys = range(SEED, SEED + keys)
        self.quick = quick
        self.report = Report(
            _command(), SEED, f"{keys} keys a figure, all-MiniLM-L6-v2 (d=384), cosine, exact search in the store"
        )

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Callable[[], None]]:
        columns = (TextColumn("{task.description:<32}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=self.console, transient=True, disable=not self.console.is_terminal) as bars:
            task = bars.add_task(title, total=total)
            yield lambda: bars.advance(task)

    def add(self, block: Block) -> None:
        self.console.print(block.table(), "")
        self.report.blocks.append(block)

    def change(self, task: Task, values: Doubles) -> Interval:
        everyone = np.arange(len(task.queries))
        return paired_bootstrap(task.unprotected(everyone), values, resamples=RESAMPLES, seed=SEED)

    def values(self, task: Task, way: Callable[[Task, int], View], over: Sequence[int]) -> dict[int, Doubles]:
        """Return, per K (0: not re-ranked), what each query is worth, averaged over keys."""
        everyone = np.arange(len(task.queries))
        sums = {k: np.zeros(len(everyone)) for k in over}
        for key in self.keys:
            view = way(task, key)
            found = (
                {0: exact_ranks(view.stored, view.asked, metric=task.metric)}
                if over == (0,)
                else ranks(task.documents, task.queries, view, over_fetch=over, metric=task.metric)
            )
            for k in over:
                sums[k] += task.values(found[k], everyone) / len(self.keys)
        return sums

    def kept(self, task: Task, noise: float, over_fetch: int, wanted: int) -> float:
        """Return the mean share of the exact best `wanted` that masking keeps among its own."""
        exact = exact_ranks(task.documents, task.queries, depth=wanted)
        shares: list[float] = []
        for key in self.keys:
            view = masked(task.documents, task.queries, noise=noise, seed=key)
            found = ranks(task.documents, task.queries, view, over_fetch=(over_fetch,), depth=wanted)
            shares.append(float(overlap(found[over_fetch], exact).mean()))
        return float(np.mean(shares))


def masking(noise: float) -> Callable[[Task, int], View]:
    return lambda task, key: masked(task.documents, task.queries, noise=noise, seed=key)


def ways() -> Ways:
    """Return everything that is not masking with re-ranking, by what is printed for it."""
    found: dict[str, Callable[[Task, int], View]] = {
        "unprotected": lambda t, _: baselines.unprotected(t.documents, t.queries),
        "rotation only": lambda t, key: baselines.rotation_only(t.documents, t.queries, seed=key),
        "permutation": lambda t, key: baselines.permutation(t.documents, t.queries, seed=key),
        "int8": lambda t, _: baselines.int8(t.documents, t.queries),
        "binary, documents": lambda t, _: baselines.binary(t.documents, t.queries),
        "projection to 128": lambda t, key: baselines.projection(t.documents, t.queries, dimensions=128, seed=key),
        "noise only, r=1": lambda t, key: baselines.noise_only(t.documents, t.queries, noise=1.0, seed=key),
        "SAP-I, beta=4 (r=1)": lambda t, key: baselines.sap(t.documents, t.queries, beta=4.0, seed=key),
        f"SAP, shuffled, beta={ALLOY_FACTOR:.3f} (Alloy's scheme)": lambda t, key: baselines.sap(
            t.documents, t.queries, beta=ALLOY_FACTOR, seed=key, shuffled=True
        ),
    }
    if installed("alloy"):
        found[f"ironcore-alloy itself, factor {ALLOY_FACTOR:.3f}"] = lambda t, key: baselines.alloy(
            t.documents, t.queries, approximation_factor=ALLOY_FACTOR, seed=key
        )
    return found


# ------------------------------------------------------------------------------------------------- what it costs


def utility(bench: Bench, tasks: Mapping[str, Task]) -> None:
    """One table per corpus: every way, then masking by r and K."""
    for name, task in tasks.items():
        rows: list[tuple[str, ...]] = []
        with bench.progress(name, len(ways()) + len(NOISES)) as advance:
            for label, way in ways().items():
                change = bench.change(task, bench.values(task, way, (0,))[0])
                rows.append((label, "-", "-", percent(change)))
                advance()
            for noise in NOISES:
                rows += _masked_rows(bench, name, task, noise)
                advance()
        rows.append(_guard_row(bench, name, task))
        bare = float(task.unprotected(np.arange(len(task.queries))).mean())
        title = f"{name}: N={len(task.documents):,}, {len(task.queries):,} queries, nDCG@10 unprotected {bare:.4f}"
        bench.add(Block(title, ("what the store ranks", "r", "K", "change of nDCG@10, %"), tuple(rows)))


def _masked_rows(bench: Bench, name: str, task: Task, noise: float) -> list[tuple[str, ...]]:
    ruled = over_fetch(len(task.documents), WANTED, noise)
    over = (0, *FIXED, ruled)
    values = bench.values(task, masking(noise), over)
    rows: list[tuple[str, ...]] = []
    for k in dict.fromkeys(over):
        change = bench.change(task, values[k])
        label = "masked, not re-ranked" if k == 0 else f"balanced{', K by the rule' if k == ruled else ''}"
        rows.append((label, f"{noise:g}", str(k) if k else "-", percent(change)))
        if k == ruled and noise in _GATES:
            bench.report.gates.append(Gate(f"{name}: r={noise:g}, K={k} by the rule", change, -_GATES[noise]))
    return rows


_GATES = {1.0: 0.0025, 1.5: 0.005}


def _guard_row(bench: Bench, name: str, task: Task) -> tuple[str, ...]:
    """Rank in the guard: r = 100, every row unmasked and ranked here."""
    back = unmasked_again(task, noise=100.0)
    found = exact_ranks(back, task.queries)
    change = bench.change(task, task.values(found, np.arange(len(task.queries))))
    equal = float(np.mean(_as_good(task, found)))
    bench.report.gates.append(Gate(f"{name}: share of lists ranked in the guard that equal brute force", equal, 1.0))
    return ("strict, ranked in the guard", "100", "-", percent(change))


def _as_good(task: Task, found: Ranks) -> Any:
    """Say of each list whether it is the exact one, up to rows whose exact scores differ by less than 1e-6 (twins)."""
    best, got = (np.einsum("md,mkd->mk", task.queries, task.documents[each]) for each in (task.exact, found))
    return np.all(np.abs(best - got) < 1e-6, axis=1)


def unmasked_again(task: Task, *, noise: float) -> Any:
    """Mask every document without rotation, as ranking in the guard does, and unmask what a float32 store keeps."""
    mask, space = Mask(noise=noise, turned=False), throw_away_space(SEED)
    done = mask.protect(embedded(task.documents), space)
    exact, genuine = mask.unmask(stored_of(done), done.seals, [body.backend_id for body in done.bodies], space)
    assert genuine.all()
    return exact


# ------------------------------------------------------------------------------------------------- equal utility


def equal_utility(bench: Bench, tasks: Mapping[str, Task]) -> None:
    """The strongest setting of each way that stays within the budget, by the same rule as `vecguard calibrate`."""
    rows: list[tuple[str, ...]] = []
    for name, task in tasks.items():
        with bench.progress(f"{name}, equal utility", len(_DIALS) + 1) as advance:
            for label, (dial, way) in _DIALS.items():
                rows.append((name, label, *_strongest(bench, task, dial, way)))
                advance()
            found = calibrate(task, budget=BUDGET, max_over_fetch=400, seeds=len(bench.keys), seed=SEED)
            advance()
        if found.chosen is None or found.reported is None:
            rows.append((name, "balanced, K <= 400", "-", "-", "-", found.refusal))
        else:
            setting = f"r={found.noise:g}, K={found.over_fetch}"
            change = f"{percent(found.chosen.change)}; others {percent(found.reported)}"
            rows.append((name, "balanced, K <= 400", setting, *_left(task, found.noise), change))
    note = (
        f"On at most {MOST_QUERIES:,} queries each: the strongest setting whose one-sided 95 % bound stays within "
        f"{100 * BUDGET:g} % (brackets: 90 %). Cosines "
        "to the exact vector once rotation, order or projection are known (noise alone has none to know): of what is "
        "stored, and of the best linear guess by somebody who has texts of this kind too."
    )
    columns = ("corpus", "way", "strongest setting", "cosine stored", "guessed", "change of nDCG@10, %")
    bench.add(Block("At equal utility", columns, tuple(rows), note))


def _strongest(
    bench: Bench, task: Task, dial: Sequence[float], way: Callable[[Task, float, int], View]
) -> tuple[str, str, str, str]:
    """Bisect a dial, weakest setting first."""
    passing, failing, best = -1, len(dial), Interval(0.0, 0.0, 0.0)
    while failing - passing > 1:
        middle = (passing + failing) // 2
        values = bench.values(task, lambda t, key: way(t, dial[middle], key), (0,))[0]  # noqa: B023 - used at once
        bare = task.unprotected(np.arange(len(task.queries)))
        change = paired_bootstrap(bare, values, resamples=4_000, seed=SEED, level=0.9)
        if change.low >= -BUDGET:
            passing, best = middle, change
        else:
            failing = middle
    if passing < 0:
        return f"none ({dial[0]:g} fails)", "-", "-", "-"
    left = _left(task, dial[passing]) if dial is _SCALE else ("-", "-")
    return f"{dial[passing]:g}", *left, percent(best)


def _left(task: Task, noise: float) -> tuple[str, str]:
    return f"{remaining_cosine(noise):.3f}", f"{guessed_cosine(task.documents, noise, seed=SEED):.3f}"


_SCALE = tuple(float(f"{0.02 * 2 ** (step / 8):.3g}") for step in range(57))  # .02 to 2.56
_DIALS: Mapping[str, tuple[Sequence[float], Callable[[Task, float, int], View]]] = {
    "noise only, r": (
        _SCALE,
        lambda t, dial, key: baselines.noise_only(t.documents, t.queries, noise=dial, seed=key),
    ),
    "SAP-I, r = beta / 4": (
        _SCALE,
        lambda t, dial, key: baselines.sap(t.documents, t.queries, beta=4 * dial, seed=key),
    ),
    "projection, dimensions": (
        tuple(range(1024, 31, -16)),
        lambda t, dial, key: baselines.projection(t.documents, t.queries, dimensions=int(dial), seed=key),
    ),
}


# ------------------------------------------------------------------------------------------------- the rule for K


def rule(bench: Bench, tasks: Mapping[str, Task]) -> None:
    """The rule against the overlap it is meant to keep, over N, k and r."""
    rows: list[tuple[str, ...]] = []
    noises = (0.5, 1.0, 1.5, 2.0, 3.0)
    sizes = _sizes(bench, tasks)
    with bench.progress("the rule for K", len(sizes) * len(noises)) as advance:
        for name, task in sizes:
            for noise in noises:
                k = over_fetch(len(task.documents), WANTED, noise)
                change = bench.change(task, bench.values(task, masking(noise), (k,))[k])
                kept = bench.kept(task, noise, k, WANTED)
                share = f"{k / len(task.documents):.1%}"
                rows.append((name, f"{len(task.documents):,}", f"{task.spread:.2f}", f"{noise:g}", str(k), share,
                             percent(change), f"{kept:.4f}"))  # fmt: skip
                advance()
    note = (
        f"k={WANTED}; the rule assumes a spread of {SPREAD:g} (ADR 12). Change of nDCG@10, or of the overlap with the "
        "exact top 10 where it says so; kept: that overlap."
    )
    columns = ("corpus", "N", "spread", "r", "K", "K / N", "change, %", "kept")
    bench.add(Block("K by the rule", columns, tuple(rows), note))


def other_lengths_and_metrics(bench: Bench, tasks: Mapping[str, Task]) -> None:
    """The rule for other k, and under the metrics of other stores."""
    rows: list[tuple[str, ...]] = []
    for name, task in tasks.items():
        for wanted in (1, 50):
            k = over_fetch(len(task.documents), wanted, 1.0)
            rows.append((name, "cosine", "1", str(wanted), str(k), "-", f"{bench.kept(task, 1.0, k, wanted):.4f}"))
        for metric, noise in product(METRICS, (1.0, 1.5)):
            k = over_fetch(len(task.documents), WANTED, noise)
            values = bench.values(replace(task, metric=metric), masking(noise), (0, k))
            without, change = (bench.change(task, values[each]) for each in (0, k))
            shown = f"{percent(change)} (not re-ranked {percent(without)})"
            rows.append((name, metric, f"{noise:g}", str(WANTED), str(k), shown, "-"))
            if metric != "cosine":
                gate = Gate(f"{name}: r={noise:g}, K={k} by the rule, metric {metric}", change, -_GATES[noise])
                bench.report.gates.append(gate)
    note = "Stores that compare by inner product or distance see the length of the noise too; Chroma's default is l2."
    columns = ("corpus", "metric", "r", "k", "K", "change of nDCG@10, %", "exact top k kept")
    bench.add(Block("K by the rule, other k and other metrics", columns, tuple(rows), note))


def _sizes(bench: Bench, tasks: Mapping[str, Task]) -> list[tuple[str, Task]]:
    """Each corpus whole, all of them as one collection, and thinned to 500 rows (then without judgements)."""
    found = list(tasks.items())
    if len(tasks) > 1 and not bench.quick:
        documents = np.concatenate([task.documents for task in tasks.values()])
        queries = np.concatenate([task.queries[::2] for task in tasks.values()])
        found.append(("all together, overlap", Task.of(documents, queries)))
    for name, task in tasks.items():
        thin = task.documents[np.random.default_rng(SEED).permutation(len(task.documents))[:500]]
        found.append((f"{name}, 500 rows, overlap", Task.of(thin, task.queries[:500])))
    return found


# ------------------------------------------------------------------------------------------------- the command


@app.command(help=__doc__)
def main(
    data: Annotated[Path | None, typer.Option(envvar="VECGUARD_DATA", help="Folder with the corpora.")] = None,
    corpora: Annotated[str, typer.Option(help="Which, by commas.")] = ",".join(CORPORA),
    quick: Annotated[bool, typer.Option("--quick", help="One corpus, two keys, short races.")] = False,
    json: Annotated[Path | None, typer.Option("--json", help="Write everything as JSON.")] = None,
    page: Annotated[Path | None, typer.Option(help="Write a Markdown page.")] = None,
) -> None:
    bench = Bench(2 if quick else 5, quick=quick)
    names = [each.strip() for each in corpora.split(",")][: 1 if quick else None]
    corpora_found = dict(_corpora(bench, data, names))
    if corpora_found:
        utility(bench, {name: _task(corpus) for name, corpus in corpora_found.items()})
        some = {name: _task(_thinned(corpus)) for name, corpus in corpora_found.items()}
        equal_utility(bench, some)
        rule(bench, some)
        other_lengths_and_metrics(bench, some)
    for block, gates in protect_speed.measured(bench.quick):
        bench.add(block)
        bench.report.gates += gates
    bench.console.print(bench.report.gate_block().table())
    for path, text in ((json, bench.report.json), (page, bench.report.page)):
        if path:
            path.write_text(text(), encoding="utf-8")
    raise typer.Exit(bench.report.status if corpora_found else 2)


def _corpora(bench: Bench, data: Path | None, names: Sequence[str]) -> Iterator[tuple[str, Corpus]]:
    for name in names:
        if data is None or not (data / name).is_dir():
            bench.console.print(f"SKIPPED: {name}: no such folder; --data or VECGUARD_DATA names the one above it")
            bench.report.skipped.append(name)
            continue
        yield name, splits(data / name, CORPORA.get(name, ("test",)))


def _task(corpus: Corpus) -> Task:
    return task_of(corpus, Cached(minilm()), embedder="all-MiniLM-L6-v2")


def _thinned(corpus: Corpus) -> Corpus:
    """Keep every n-th query, so that the long searches end; the documents stay."""
    step = -(-len(corpus.query_ids) // MOST_QUERIES)
    return replace(corpus, query_ids=corpus.query_ids[::step], queries=corpus.queries[::step])


def _command() -> list[str]:
    """Return the command line for a page that others read: where things lie on this machine is left out."""
    shown = ["FILE" if "/" in each else each for each in sys.argv[1:]]
    for option, place in (("--data", "ROOT"), ("--json", "FILE"), ("--page", "FILE")):
        if option in shown[:-1]:
            shown[shown.index(option) + 1] = place
    return ["python", "benchmarks/protect.py", *shown]


if __name__ == "__main__":
    app()
