"""Masking against its alternatives: the figures of ADR 13.

    python benchmarks/masking.py [--rows 2000] [--dimensions 384 1536] [--owners 200]

Three ways to keep an exact vector from a thief and have it back: masked in place; noise in place and an AEAD-sealed
copy of the exact vector in the payload; a native collection per owner (which keeps it from other tenants only, not
from a thief). Bytes are Chroma's tables and index on disk per row, without its write-ahead queue. Times are the median
of CPU milliseconds on one thread.
"""

from __future__ import annotations

import argparse
import base64
import os
import sqlite3
import tempfile
import time
from collections.abc import Callable
from pathlib import Path
from typing import Any

os.environ.setdefault("OMP_NUM_THREADS", "1")

import chromadb
import numpy as np
from chromadb.config import Settings
from rich.console import Console
from rich.table import Table

from vecguard.arrays import Floats
from vecguard.keys import new_secret, seal, unseal
from vecguard.protect.noise import standard_normals
from vecguard.protect.rotation import rotation

CANDIDATES = 200  # what a search unmasks
CLOUD = 4096  # bytes of one metadata value in Chroma Cloud


def unit(count: int, dimension: int) -> Floats:
    rows = np.random.default_rng(5).normal(size=(count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


def cpu(call: Callable[[], Any], times: int = 15) -> float:
    spent = []
    for _ in range(times):
        started = time.process_time()
        call()
        spent.append(time.process_time() - started)
    return float(np.median(spent)) * 1000


def coding(dimension: int) -> list[tuple[str, float, float, int]]:
    """Return (way, ms to protect 200 rows, ms to have them back, bytes of payload a row)."""
    exact, noise, seals = unit(CANDIDATES, dimension), new_secret(), new_secret()
    seeds = [bytes([at % 256, at // 256]).ljust(12, b".") for at in range(CANDIDATES)]
    turn = rotation(noise, dimension)

    def masked(scale: float, turned: bool) -> Any:
        rows = exact.astype(np.float64)
        rows = rows @ turn.T if turned else rows
        return (rows + scale / np.sqrt(dimension) * standard_normals(noise, seeds, dimension)).astype(np.float32)

    def unmasked(stored: Floats, scale: float, turned: bool) -> Any:
        rows = stored - scale / np.sqrt(dimension) * standard_normals(noise, seeds, dimension)
        return rows @ turn if turned else rows

    def sealed(kind: str) -> list[str]:
        return [base64.b64encode(seal(seals, row.astype(kind).tobytes(), at)).decode() for at, row in enumerate(exact)]

    def opened(kept: list[str], kind: str) -> Any:
        plain = [unseal(seals, base64.b64decode(each), at) for at, each in enumerate(kept)]
        return np.stack([np.frombuffer(each, dtype=kind) for each in plain]).astype(np.float32)

    ways = []
    for name, scale, turned in (("masked, r=1, Q of the collection", 1.0, True), ("masked, r=100, no Q", 100.0, False)):
        stored = masked(scale, turned)
        worst = float(np.abs(unmasked(stored, scale, turned) - exact).max())
        assert worst < 2e-5, worst
        made = cpu(lambda s=scale, t=turned: masked(s, t))
        ways.append((name, made, cpu(lambda v=stored, s=scale, t=turned: unmasked(v, s, t)), 34))
    for kind, label in (("<f4", "sealed copy, float32"), ("<f2", "sealed copy, float16")):
        kept = sealed(kind)
        made = cpu(lambda k=kind: sealed(k))
        ways.append((label, made, cpu(lambda v=kept, k=kind: opened(v, k)), len(kept[0])))
    return ways


def chroma(folder: Path) -> Any:
    return chromadb.PersistentClient(str(folder), Settings(anonymized_telemetry=False))


def collection(client: Any, name: str) -> Any:
    return client.create_collection(name, embedding_function=None, configuration={"hnsw": {"space": "cosine"}})


def bytes_of(folder: Path, count: int) -> float:
    database = sqlite3.connect(folder / "chroma.sqlite3")
    pages = dict(database.execute("select name, sum(pgsize) from dbstat group by name").fetchall())
    database.close()
    pages.pop("embeddings_queue", None)
    index = sum(path.stat().st_size for path in folder.rglob("*.*") if path.suffix != ".sqlite3" and path.is_file())
    return (sum(pages.values()) + index) / count


def stored(folder: Path, count: int, dimension: int, payload: int) -> tuple[float, float]:
    """Return (bytes a row, CPU milliseconds a row to write) with a payload of so many characters beside a vector."""
    rows = unit(count, dimension)
    text = "a note of some length about a visit " * 7
    held = collection(chroma(folder), "all")
    rng = np.random.default_rng(1)
    started = time.process_time()
    for start in range(0, count, 1000):
        part = rows[start : start + 1000]
        kept = [base64.b64encode(rng.bytes(payload))[:payload].decode() for _ in part] if payload else None
        held.add(
            ids=[str(start + at) for at in range(len(part))],
            embeddings=part,
            documents=[text[:250]] * len(part),
            metadatas=[{"owner": "alice", **({} if kept is None else {"seal": kept[at]})} for at in range(len(part))],
        )
    return bytes_of(folder, count), (time.process_time() - started) / count * 1000


def per_owner(folder: Path, owners: int, each: int, dimension: int) -> tuple[float, float, float]:
    """Return (bytes a row, ms to make a collection and fill it, ms to search one that was not opened yet)."""
    client, rows = chroma(folder), unit(each, dimension)
    made = time.perf_counter()
    for owner in range(owners):
        collection(client, f"owner-{owner}").add(ids=[str(at) for at in range(each)], embeddings=rows)
    made = (time.perf_counter() - made) / owners * 1000
    fresh = chroma(folder)
    first = []
    for owner in range(min(owners, 40)):
        started = time.perf_counter()
        fresh.get_collection(f"owner-{owner}", embedding_function=None).query(query_embeddings=rows[:1], n_results=5)
        first.append(time.perf_counter() - started)
    return bytes_of(folder, owners * each), made, float(np.median(first)) * 1000


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--rows", type=int, default=4000)
    parser.add_argument("--dimensions", type=int, nargs="+", default=[384, 1536])
    parser.add_argument("--owners", type=int, default=200)
    chosen, console = parser.parse_args(), Console(width=140)
    for dimension in chosen.dimensions:
        with tempfile.TemporaryDirectory() as root:
            bare, bare_ms = stored(Path(root) / "bare", chosen.rows, dimension, 0)
            table = Table(
                "way",
                "protect 200, ms",
                "have back 200, ms",
                "payload, characters",
                "bytes a row",
                "write, CPU ms a row",
                title=f"d={dimension}, {chosen.rows} rows; Chroma Cloud takes {CLOUD} bytes a value",
            )
            table.add_row("bare", "", "", "0", f"{bare:,.0f} (1.00)", f"{bare_ms:.2f} (1.00)")
            for at, (way, made, back, payload) in enumerate(coding(dimension)):
                size, write = stored(Path(root) / str(at), chosen.rows, dimension, payload)
                over = " over the limit" if payload > CLOUD else ""
                table.add_row(
                    way,
                    f"{made:.2f}",
                    f"{back:.2f}",
                    f"{payload}{over}",
                    f"{size:,.0f} ({size / bare:.2f})",
                    f"{write:.2f} ({write / bare_ms:.2f})",
                )
            console.print(table)
            size, made, first = per_owner(Path(root) / "owners", chosen.owners, 20, dimension)
            console.print(
                f"a collection per owner, {chosen.owners} owners of 20 rows: {size:,.0f} bytes a row, {made:.1f} ms to "
                f"make and fill one, {first:.1f} ms to search one for the first time"
            )
            key = new_secret()
            started = time.process_time()
            turn = rotation(key, dimension)
            spent = time.process_time() - started
            console.print(
                f"a rotation: {spent * 1000:.0f} ms to make, {turn.nbytes / 1e6:.1f} MB; one per owner of 100,000: "
                f"{spent * 1e5 / 3600:.1f} hours and {turn.nbytes * 1e5 / 1e9:,.0f} GB if all were kept\n"
            )


if __name__ == "__main__":
    main()
