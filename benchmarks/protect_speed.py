"""How fast vectors are masked and unmasked on one core, and what a row takes."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterator

import numpy as np
from protect_report import Block, Gate
from threadpoolctl import threadpool_limits

from vecguard.arrays import Floats
from vecguard.calibration.simulate import embedded, stored_of, throw_away_space
from vecguard.protect.mask import Mask
from vecguard.redteam import Key
from vecguard.redteam.peers import Alloy, installed

ROUNDS = 7
_ROWS = {384: 4_096, 1536: 1_024}
_GATE = 20_000.0


def measured(quick: bool) -> Iterator[tuple[Block, list[Gate]]]:
    """Race masking, and Alloy where it is installed; CPU time of this process, one BLAS thread, best of the rounds."""
    rows: list[tuple[str, ...]] = []
    gates: list[Gate] = []
    rounds = 3 if quick else ROUNDS
    with threadpool_limits(limits=1):
        for dimension, count in _ROWS.items():
            vectors = _vectors(count, dimension)
            other = _alloy(vectors[:1_000], rounds)
            for noise in (1.0, 100.0):
                put, back = _masking(vectors, noise, rounds)
                ratio = "-" if other is None else f"{put / other:.0f}x"
                rows.append((f"d={dimension}, r={noise:g}", f"{put:,.0f}", f"{back:,.0f}", f"{4 * dimension:,}", ratio))
                if dimension == 384:
                    gates.append(Gate(f"vectors masked per second and core, d=384, r={noise:g}", put, _GATE))
            if other is not None:
                rows.append((f"d={dimension}, ironcore-alloy", f"{other:,.0f}", "-", f"{4 * dimension:,}", "1x"))
    note = (
        f"CPU seconds, best of {rounds} rounds, batches of {', '.join(map(str, _ROWS.values()))}; rotation included, "
        "embedding, sealing and the store left out. A masked vector takes the bytes of the exact one; what unmasks it "
        "(digest, two lengths, a draw) lies in the row's seal."
    )
    columns = ("masking", "masked per s", "unmasked per s", "bytes of a vector", "against Alloy")
    yield Block("Throughput on one core", columns, tuple(rows), note), gates


def _masking(vectors: Floats, noise: float, rounds: int) -> tuple[float, float]:
    mask, space = Mask(noise=noise, turned=noise < 10), throw_away_space(1)
    given = embedded(vectors)
    done = mask.protect(given, space)  # and the rotation is made
    stored = stored_of(done)
    ids = [body.backend_id for body in done.bodies]
    put = _best(lambda: mask.protect(given, space), rounds)
    back = _best(lambda: mask.unmask(stored, done.seals, ids, space), rounds)
    return len(vectors) / put, len(vectors) / back


def _alloy(vectors: Floats, rounds: int) -> float | None:
    if not installed("alloy"):
        return None
    return len(vectors) / _best(lambda: Alloy().stored(vectors, Key(1)), min(rounds, 3))


def _best(call: Callable[[], object], rounds: int) -> float:
    times: list[float] = []
    for _ in range(rounds):
        started = time.process_time()
        call()
        times.append(time.process_time() - started)
    return min(times)


def _vectors(count: int, dimension: int) -> Floats:
    rows = np.random.default_rng(1).standard_normal((count, dimension))
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)
