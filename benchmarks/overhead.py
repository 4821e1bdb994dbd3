"""What a guard costs in time and bytes, as ratios against the bare store in the same run.

    python benchmarks/overhead.py [--stores chroma qdrant faiss] [--rows 20000] [--dimension 384]
        [--owners 20 200 2000 10000] [--rounds 20] [--out FILE.json] [--page FILE.md]

One collection of ROWS rows has one owner of each size among many small ones. The same search, of the owner's ten best
with their texts, is asked of each side in turn, round by round, so that whatever else the machine does falls on all:

    filter       the bare store, one collection, a filter on the owner: what most applications do
    collection   the bare store, a collection per owner
    cache        what an application could do by itself: the owner's exact vectors in memory, winners got by id
    guard cold   ranking="guard", nothing in memory
    guard warm   ranking="guard", the owner's rows in memory
    store K=100  ranking="store", 100 candidates re-ranked in the guard

Scrubbing is off and vectors are given, so neither the detector nor an embedder is measured. Owner rules, tags, seals
and the audit chain are on, with the state in a file. Times are medians over rounds; CPU is of the whole process.
"""

from __future__ import annotations

import argparse
import gc
import json
import os
import shutil
import sqlite3
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from contextlib import closing
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads on matrices this small burn CPU for nothing

import numpy as np
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from sides import BARE, Bare, BareChroma, Guarded, OwnCache, Rows, rows

from vecguard import Metadata, Policy, Scrub, Vectors, flow
from vecguard.arrays import Floats
from vecguard.evaluate import versions

COLD_ROUNDS = 3
PLAIN = Scrub(enabled=False)
STRICT = Policy.strict().replace(scrub=PLAIN)
STORE = Policy(scrub=PLAIN, vectors=Vectors(over_fetch=100))
CLEAR = Policy(scrub=PLAIN, texts="clear", metadata=Metadata(clear="short"))
SIDES = ("filter", "collection", "cache", "guard cold", "guard warm", "store K=100")


@dataclass(frozen=True, slots=True)
class Timing:
    """One side's search for one owner: medians in milliseconds, and what they are of the bare filter's."""

    store: str
    owner_rows: int
    side: str
    wall_ms: float
    cpu_ms: float
    ratio: float  # of wall time, to "filter"


# ---------------------------------------------------------------------------------------------------------- running


def measured(
    store: str, data: Rows, sizes: Sequence[int], rounds: int, folder: Path, progress: Progress
) -> tuple[list[Timing], dict[str, Any]]:
    """Fill every side of one store, then ask all of them the same, in turn."""
    task = progress.add_task(f"{store}: writing", total=2 * len(data.owners))
    started = time.perf_counter()
    bare: Bare = BARE[store](folder / "bare")
    bare.write("all", data, range(len(data.owners)))
    written = {"bare": time.perf_counter() - started}
    for size in sizes:
        bare.write(f"own{size}", data, data.of(f"o{size}"))
    sides: dict[str, Guarded] = {}
    for name, policy in (("guard", STRICT), ("store", STORE)):
        started = time.perf_counter()
        sides[name] = Guarded(store, folder / name, policy, data.vectors.shape[1])
        sides[name].write(data, lambda count: progress.advance(task, count))
        written[name] = time.perf_counter() - started
    kept = OwnCache(bare, data)
    timings: list[Timing] = []
    task = progress.add_task(f"{store}: searching", total=len(sizes) * (rounds + 1))
    for size in sizes:
        timings += _asked(store, size, data, bare, kept, sides, rounds, lambda: progress.advance(task))
    return timings, {"write_seconds": written, "breakdown": _breakdown(sides["guard"], data, sizes)}


def _asked(
    store: str,
    size: int,
    data: Rows,
    bare: Bare,
    kept: OwnCache,
    guarded: dict[str, Guarded],
    rounds: int,
    advance: Callable[[], None],
) -> list[Timing]:
    owner, rng = f"o{size}", np.random.default_rng(size)
    mine = data.of(owner)
    guard, store_ranked = guarded["guard"], guarded["store"]
    calls: dict[str, Callable[[Floats], list[str]]] = {
        "filter": lambda query: bare.search("all", owner, query),
        "collection": lambda query: bare.search(f"own{size}", None, query),
        "cache": lambda query: kept.search(owner, query),
        "guard warm": lambda query: guard.search(owner, query),
        "store K=100": lambda query: store_ranked.search(owner, query),
    }
    spent: dict[str, list[tuple[float, float]]] = {side: [] for side in SIDES}

    def asked(side: str, call: Callable[[Floats], list[str]], query: Floats, *, counts: bool) -> None:
        wall, cpu = time.perf_counter(), time.process_time()
        found = call(query)
        if counts:
            spent[side].append((time.perf_counter() - wall, time.process_time() - cpu))
        if side.startswith("guard") and found != kept.search(owner, query):
            raise SystemExit(f"{store}: the guard and exact search disagree for {owner}")

    def query() -> Floats:
        near = data.vectors[rng.choice(mine)] + 0.02 * rng.normal(size=data.vectors.shape[1])
        return near.astype(np.float32)

    for _ in range(COLD_ROUNDS):  # apart from the others: what they leave behind is collected in somebody's time
        guard.forget()
        asked("guard cold", calls["guard warm"], query(), counts=True)
    gc.collect()
    for turn in range(rounds + 1):
        sought = query()
        for side, call in calls.items():
            asked(side, call, sought, counts=turn > 0)  # the first round warms everything up
        advance()
    median = {side: np.median(np.array(each), axis=0) * 1000 for side, each in spent.items()}
    return [
        Timing(store, size, side, float(wall), float(cpu), float(wall / median["filter"][0]))
        for side, (wall, cpu) in median.items()
    ]


def _breakdown(guarded: Guarded, data: Rows, sizes: Sequence[int], times: int = 30) -> dict[str, dict[str, float]]:
    """Say where the time of a warm search goes, in milliseconds: store, state, and everything else."""
    database = guarded.guard.state.database
    result: dict[str, dict[str, float]] = {}
    for size in sizes:
        guarded.search(f"o{size}", data.vectors[0])
        spent = {"store": 0.0, "epoch": 0.0, "audit": 0.0}
        with (
            mock.patch.object(flow, "_outcome", _timed(flow._outcome, spent, "store")),  # noqa: SLF001
            mock.patch.object(database, "rows", _timed(database.rows, spent, "epoch")),
            mock.patch.object(database, "write", _timed(database.write, spent, "audit")),
        ):
            started = time.perf_counter()
            for at in range(times):
                guarded.search(f"o{size}", data.vectors[at])
            whole = (time.perf_counter() - started) / times * 1000
        parts = {label: seconds / times * 1000 for label, seconds in spent.items()}
        result[str(size)] = {**parts, "guard": whole - sum(parts.values()), "whole": whole}
    return result


def _timed(call: Callable[..., Any], spent: dict[str, float], label: str) -> Callable[..., Any]:
    def timed(*arguments: Any, **options: Any) -> Any:
        started = time.perf_counter()
        try:
            return call(*arguments, **options)
        finally:
            spent[label] += time.perf_counter() - started

    return timed


def bytes_per_row(data: Rows, folder: Path, count: int = 4000) -> dict[str, float]:
    """Return the bytes that a row takes in Chroma's tables and index, bare and under three policies."""
    count = min(count, len(data.owners))
    part = Rows(data.owners[:count], data.texts[:count], data.vectors[:count])
    bare = BareChroma(folder / "bytes-bare")
    bare.write("all", part, range(count))
    vector = 4 * part.vectors.shape[1]  # the index holds them once, whenever it was last flushed
    sizes = {"bare": vector + _disk(folder / "bytes-bare") / count}
    for name, policy in (("masked, texts clear", CLEAR), ("balanced", STORE), ("strict", STRICT)):
        guarded = Guarded("chroma", folder / f"bytes-{policy.fingerprint}", policy, part.vectors.shape[1])
        guarded.write(part, lambda _: None)
        sizes[name] = vector + _disk(guarded.folder) / count
    return sizes


def _disk(folder: Path) -> int:
    """Count what lasts: the write-ahead queue, which Chroma empties every thousand rows, is left out."""
    with closing(sqlite3.connect(folder / "chroma.sqlite3")) as database:
        pages = dict(database.execute("select name, sum(pgsize) from dbstat group by name").fetchall())
    pages.pop("embeddings_queue", None)
    index = [path for path in folder.rglob("*.bin") if path.name != "data_level0.bin"]
    return sum(pages.values()) + sum(path.stat().st_size for path in index)


# --------------------------------------------------------------------------------------------------------- printing


def table(store: str, timings: Sequence[Timing]) -> Table:
    shown = Table("owner's rows", *SIDES, title=f"{store}: median wall ms (ratio to the bare filter)")
    for size in dict.fromkeys(each.owner_rows for each in timings):
        row = {each.side: each for each in timings if each.owner_rows == size}
        shown.add_row(f"{size:,}", *(f"{row[side].wall_ms:.2f} ({row[side].ratio:.2f})" for side in SIDES))
    return shown


def page(document: dict[str, Any], command: str) -> str:
    """Return the result as Markdown."""
    lines = ["# What a guard costs", "", f"Made by `{command}`.", ""]
    lines += [f"{document['rows']:,} rows of dimension {document['dimension']}; versions: {document['versions']}.", ""]
    for store in document["stores"]:
        timings = [each for each in document["timings"] if each["store"] == store]
        lines += [f"## {store}", "", "Median wall milliseconds of one search, and its ratio to the bare filter.", ""]
        lines += ["| owner's rows | " + " | ".join(SIDES) + " |", "|---" * (len(SIDES) + 1) + "|"]
        for size in dict.fromkeys(each["owner_rows"] for each in timings):
            row = {each["side"]: each for each in timings if each["owner_rows"] == size}
            cells = [f"{row[side]['wall_ms']:.2f} ({row[side]['ratio']:.2f})" for side in SIDES]
            lines.append(f"| {size:,} | " + " | ".join(cells) + " |")
        parts = document["details"][store]["breakdown"]
        lines += ["", "Where a warm search's milliseconds go:", "", "| owner's rows | store | epoch | audit | guard |"]
        lines.append("|---|---|---|---|---|")
        for size, each in parts.items():
            lines.append(
                f"| {int(size):,} | "
                + " | ".join(f"{each[k]:.2f}" for k in ("store", "epoch", "audit", "guard"))
                + " |"
            )
        lines.append("")
    if document["bytes_per_row"]:
        lines += ["## Bytes per row in Chroma", "", "| | bytes | of bare |", "|---|---|---|"]
        bare = document["bytes_per_row"]["bare"]
        lines += [f"| {name} | {size:,.0f} | {size / bare:.2f} |" for name, size in document["bytes_per_row"].items()]
    return "\n".join(lines) + "\n"


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--stores", nargs="+", default=list(BARE), choices=list(BARE))
    parser.add_argument("--rows", type=int, default=20_000)
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--owners", type=int, nargs="+", default=[20, 200, 2000, 10_000])
    parser.add_argument("--rounds", type=int, default=20)
    parser.add_argument("--out", type=Path)
    parser.add_argument("--page", type=Path)
    chosen = parser.parse_args()
    warnings.filterwarnings("ignore", message="Local mode is not recommended")
    console, data = Console(), rows(chosen.rows, chosen.dimension, chosen.owners)
    folder = Path(tempfile.mkdtemp(prefix="overhead-"))
    timings: list[Timing] = []
    details: dict[str, Any] = {}
    try:
        columns = (TextColumn("{task.description:<20}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        with Progress(*columns, console=console) as progress:
            for store in chosen.stores:
                (folder / store).mkdir()
                found, details[store] = measured(store, data, chosen.owners, chosen.rounds, folder / store, progress)
                timings += found
            sizes = bytes_per_row(data, folder) if "chroma" in chosen.stores else {}
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    for store in chosen.stores:
        console.print(table(store, [each for each in timings if each.store == store]))
        console.print(
            f"written in {details[store]['write_seconds']}; warm search by part: {details[store]['breakdown']}"
        )
    if sizes:
        console.print({name: f"{size:,.0f} ({size / sizes['bare']:.2f})" for name, size in sizes.items()})
    document = {
        "rows": len(data.owners),
        "dimension": chosen.dimension,
        "stores": chosen.stores,
        "timings": [asdict(each) for each in timings],
        "details": details,
        "bytes_per_row": sizes,
        "versions": ", ".join(f"{name} {version}" for name, version in versions().items()),
    }
    if chosen.out:
        chosen.out.write_text(json.dumps(document, indent=2) + "\n", "utf-8")
    if chosen.page:
        options = " ".join(
            f"--{name} {' '.join(map(str, value)) if isinstance(value, list) else value}"
            for name, value in (("stores", chosen.stores), ("rows", chosen.rows), ("rounds", chosen.rounds))
        )
        chosen.page.write_text(page(document, f"python benchmarks/overhead.py {options}"), "utf-8")


if __name__ == "__main__":
    main()
