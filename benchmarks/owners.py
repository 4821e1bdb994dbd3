"""What rules, tags, watch and audit cost a warm read of one's own records, and whether the number of owners matters.

    python benchmarks/owners.py [--owners 100 1000 10000 100000] [--rows 200] [--rounds 400] [--json FILE]

One owner has ROWS rows, and as many others as said have one each, all in one guarded FAISS collection with the state in
a file; a hundredth of them share their rows with somebody. The same search, of the ten best with their texts, is asked
in turn with everything on and with everything off:

    on    owner rules asked, the rules' and the owner's epoch looked at in the state, the call written to the audit
          chain
    off   an authorizer that has nothing to look up, an epoch that stands still, no line written

Tags are compared when rows are read into memory, not with every search; the watch looks at reads of others' rows only.

Scrubbing is off and vectors are given. Times are medians, taken turn by turn.
"""

from __future__ import annotations

import argparse
import contextlib
import json
import os
import tempfile
import time
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import Any
from unittest import mock

os.environ.setdefault("OMP_NUM_THREADS", "1")

import faiss
import numpy as np
from rich.console import Console
from rich.progress import track
from rich.table import Table

import vecguard_faiss
from vecguard import Guard, Keyring, Policy, Principal, Scrub
from vecguard.access import Access
from vecguard.rules import Share

DIMENSION = 384
READER = "the-reader"


@dataclass(frozen=True, slots=True)
class Measured:
    """Medians of a warm read in microseconds, with so many owners."""

    owners: int
    on_us: float
    off_us: float

    @property
    def ratio(self) -> float:
        """On to off."""
        return self.on_us / self.off_us


class Everybody:
    """An authorizer that has nothing to look up."""

    def readable(self, principal: Principal) -> list[Share]:  # noqa: ARG002 - the protocol's signature
        """Share nothing."""
        return []

    def member(self, principal: Principal, owner: str) -> bool:  # noqa: ARG002 - as above
        """Let everybody act for everybody."""
        return True


@contextlib.contextmanager
def off(guard: Guard) -> Iterator[None]:
    """Leave out what a read of one's own rows does besides finding them."""
    digest = guard.state.digest(READER)
    still = {uid: dict(guard.state.epochs.seen(uid, [digest])) for uid in guard.state.uids("faiss")}

    def seen(uid: str, owners: Sequence[str]) -> Mapping[str, int]:  # noqa: ARG001 - as above
        return dict(still[uid])

    def nothing(*_: object, **__: object) -> None:  # a mock would take longer than the line that it stands for
        return None

    access: Access = guard.entry._access  # noqa: SLF001 - there is no public way to take rules away
    with (
        mock.patch.object(guard.state.epochs, "seen", seen),
        mock.patch.object(access, "_authorizer", Everybody()),
        mock.patch.object(guard.state.audit, "append", nothing),
    ):
        yield


def fill(guard: Guard, notes: Any, start: int, stop: int) -> None:
    """Give one row to each of these owners; every hundredth shares."""
    rng = np.random.default_rng(start)
    for at in track(range(start, stop), description=f"{stop:,} owners"):
        vector = rng.normal(size=(1, DIMENSION)).astype(np.float32)
        notes.acting_for(f"owner-{at}").add(ids=["n"], embeddings=vector, documents=[f"the note of owner {at}"])
        if at % 100 == 0:
            guard.rules.grant(f"owner-{at}", readers=[f"reader-{at}"])


def measure(guard: Guard, notes: Any, owners: int, rounds: int) -> Measured:
    """Search in turn with everything on and off."""
    queries = np.random.default_rng(owners).normal(size=(rounds, 1, DIMENSION)).astype(np.float32)
    spent: dict[bool, list[float]] = {True: [], False: []}
    for query in queries:
        for on in (True, False):
            with contextlib.nullcontext() if on else off(guard):
                started = time.perf_counter()
                found = notes.query(query_embeddings=query, n_results=10)
                spent[on].append(time.perf_counter() - started)
            if len(found["ids"][0]) != 10:
                raise SystemExit("a search found fewer than ten")
    return Measured(owners, *(float(np.median(spent[on][rounds // 10 :])) * 1e6 for on in (True, False)))


def main() -> None:
    """Fill, measure, print."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--owners", type=int, nargs="+", default=[100, 1_000, 10_000, 100_000])
    parser.add_argument("--rows", type=int, default=200)
    parser.add_argument("--rounds", type=int, default=400)
    parser.add_argument("--json", type=Path)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        keys = Keyring.generate(Path(folder) / "key")
        guard = Guard(Policy(scrub=Scrub(enabled=False)), keys=keys, state=f"sqlite:///{folder}/state.db")
        collection = vecguard_faiss.GuardedFaissCollection(faiss.IndexFlatIP(DIMENSION), guard)
        mine = collection.acting_for(READER)
        rng = np.random.default_rng(0)
        mine.add(
            ids=[str(at) for at in range(options.rows)],
            embeddings=rng.normal(size=(options.rows, DIMENSION)).astype(np.float32),
            documents=[f"note {at} of the reader's own, " * 8 for at in range(options.rows)],
        )
        measured: list[Measured] = []
        there = 0
        for count in sorted(options.owners):
            fill(guard, collection, there, count)
            there = count
            measured.append(measure(guard, mine, count, options.rounds))
        guard.close()
    shown = Table("owners", "on, us", "off, us", "on / off", "of the first")
    for each in measured:
        relative = each.ratio / measured[0].ratio
        shown.add_row(
            f"{each.owners:,}", f"{each.on_us:.0f}", f"{each.off_us:.0f}", f"{each.ratio:.2f}", f"{relative:.2f}"
        )
    Console().print(shown)
    if options.json is not None:
        options.json.write_text(json.dumps([asdict(each) | {"ratio": each.ratio} for each in measured], indent=2))


if __name__ == "__main__":
    main()
