"""What a guarded write costs, as ratios against the bare Chroma in the same run.

    python benchmarks/writes.py [--rows 1 10 100 1000] [--dimension 384] [--characters 500] [--rounds 40] [--json FILE]

New records (a vector, a text, two fields) are added to Chroma collections in folders of their own, a batch to each side
in turn, round by round:

    bare        the native collection
    twice       bare, in two calls: the least that any writer costs who looks whether the store has what it was given
    guarded     the default policy: written down, masked and sealed, put, read back, confirmed, audited
    no wait     the same, with a state that does not wait for the disk (`synchronous=NORMAL`)
    in memory   the same, with a state in memory
    unaudited   as guarded, without lines of writes in the audit log

Scrubbing is off and vectors are given: neither the detector nor an embedder is measured, which in use take most of the
time. Times are medians over rounds. `FILE` gets every figure.
"""

from __future__ import annotations

import argparse
import json
import statistics
import tempfile
import time
import warnings
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any

import chromadb
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table
from sqlalchemy import event

import vecguard_chroma
from vecguard import AuditLog, Guard, Keyring, Policy, Scrub
from vecguard.arrays import Floats
from vecguard.evaluate import versions

POLICY = Policy(scrub=Scrub(enabled=False))
WORDS = ("the", "ward", "opens", "at", "six", "and", "swelling", "over", "left", "wrist", "had", "gone", "down")
SIDES = ("bare", "twice", "guarded", "no wait", "in memory", "unaudited")


@dataclass(frozen=True, slots=True)
class Batch:
    """Records as every side gets them."""

    ids: list[str]
    vectors: Floats
    texts: list[str]
    fields: list[dict[str, Any]]


@dataclass(frozen=True, slots=True)
class Timing:
    """One side's write of so many rows: the median, and what it is of the bare store's."""

    rows: int
    side: str
    ms: float
    ratio: float


def batches(dimension: int, characters: int) -> Callable[[int], Batch]:
    """Return a maker of batches of new records."""
    rng, made = np.random.default_rng(0), 0

    def batch(rows: int) -> Batch:
        nonlocal made
        ids = [f"record-{made + at}" for at in range(rows)]
        made += rows
        texts = [" ".join(rng.choice(WORDS, characters // 5))[:characters] for _ in ids]
        fields: list[dict[str, Any]] = [{"ward": f"B{at % 7}", "n": at} for at in range(rows)]
        return Batch(ids, rng.standard_normal((rows, dimension)).astype(np.float32), texts, fields)

    return batch


def natively(collection: Any, parts: int) -> Callable[[Batch], None]:
    def write(batch: Batch) -> None:
        size = -(-len(batch.ids) // parts)
        for at in range(0, len(batch.ids), size):
            part = slice(at, at + size)
            vectors: Any = batch.vectors[part]
            collection.add(batch.ids[part], vectors, batch.fields[part], batch.texts[part])
        if parts > 1 and len(batch.ids) == 1:
            collection.get(batch.ids)

    return write


def guarded(folder: Path, name: str) -> Callable[[Batch], None]:
    policy = POLICY.replace(audit=AuditLog(writes=False)) if name == "unaudited" else POLICY
    url = ":memory:" if name == "in memory" else f"sqlite:///{folder}/{name}.db"
    guard = Guard(policy, keys=Keyring.ephemeral(), state=url, embedder=None)
    if name == "no wait":
        event.listen(guard.state.database._engine, "begin", _without_waiting)  # noqa: SLF001 - to measure
    native = chromadb.PersistentClient(str(folder / name)).create_collection("notes", embedding_function=None)
    notes = vecguard_chroma.wrap(native, guard).acting_for("alice")
    return lambda batch: notes.add(batch.ids, batch.vectors, batch.fields, batch.texts)


def _without_waiting(connection: Any) -> None:
    connection.exec_driver_sql("ROLLBACK")
    connection.exec_driver_sql("PRAGMA synchronous=NORMAL")
    connection.exec_driver_sql("BEGIN IMMEDIATE")


def measured(folder: Path, sizes: list[int], rounds: int, batch: Callable[[int], Batch]) -> list[Timing]:
    """Write batches of each size to every side in turn."""
    sides: dict[str, Callable[[Batch], None]] = {}
    for name in SIDES:
        if name in ("bare", "twice"):
            client = chromadb.PersistentClient(str(folder / name))
            sides[name] = natively(client.create_collection("notes", embedding_function=None), 1 + (name == "twice"))
        else:
            sides[name] = guarded(folder, name)
    for write in sides.values():  # whatever is loaded with the first record
        write(batch(3))
    timings: list[Timing] = []
    for rows in sizes:
        spent: dict[str, list[float]] = {name: [] for name in SIDES}
        for turn in track(range(rounds), f"{rows} row(s)", console=Console(stderr=True), transient=True):
            for name in SIDES[turn % len(SIDES) :] + SIDES[: turn % len(SIDES)]:
                given = batch(rows)
                started = time.perf_counter()
                sides[name](given)
                spent[name].append(time.perf_counter() - started)
        medians = {name: 1e3 * statistics.median(each) for name, each in spent.items()}
        timings += [Timing(rows, name, medians[name], medians[name] / medians["bare"]) for name in SIDES]
    return timings


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, nargs="+", default=[1, 10, 100, 1000])
    parser.add_argument("--dimension", type=int, default=384)
    parser.add_argument("--characters", type=int, default=500)
    parser.add_argument("--rounds", type=int, default=40)
    parser.add_argument("--json", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    with tempfile.TemporaryDirectory() as folder:
        made = batches(given.dimension, given.characters)
        timings = measured(Path(folder), given.rows, given.rounds, made)
    table = Table("rows", *SIDES, title="milliseconds a write, and of the bare store's")
    for rows in given.rows:
        cells = [f"{each.ms:.1f} ({each.ratio:.2f})" for each in timings if each.rows == rows]
        table.add_row(f"{rows:,}", *cells)
    Console().print(table)
    if given.json:
        figures = {"settings": {**vars(given), "json": str(given.json)}, "versions": versions()}
        given.json.write_text(json.dumps(figures | {"timings": [asdict(each) for each in timings]}, indent=1))


if __name__ == "__main__":
    main()
