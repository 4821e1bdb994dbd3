"""What the state's database costs: the same guard on each of several URLs, in turns, on a store in memory.

    python benchmarks/state.py sqlite:///bench.db postgresql+psycopg://user@/bench

Each database must be empty. Nothing is scrubbed and the store is a dictionary: what is left is the state's share and
the guard's own. Prints the median of each in milliseconds, and how many times the first URL's that is.
"""

from __future__ import annotations

import argparse
import statistics
import time
from collections.abc import Callable

from vecguard import Guard, Keyring, Policy, Scrub
from vecguard.embedding import Embedding
from vecguard.flow import drive
from vecguard.principal import Acting
from vecguard.records import Ask, Draft, Query, RecordId
from vecguard.shelf import Shelf
from vecguard.testing import MemoryStore, word_hash

ALICE = Acting.of("alice")
ROWS = 200


class Desk:
    """A guard on one state, and a store of its own."""

    def __init__(self, url: str) -> None:
        policy = Policy(scrub=Scrub(enabled=False)).replace(vectors={"ranking": "guard", "noise": 100.0})
        self.guard = Guard(policy, keys=Keyring.ephemeral(), state=url, embedder=word_hash(64))
        self.store = MemoryStore()
        self.shelf: Shelf = self.guard.shelf(self.store.traits)
        self.embedding: Embedding = self.guard.embedding
        self.written = 0
        self.write(ROWS)

    def write(self, count: int) -> None:
        ids = tuple(RecordId.text(f"{self.written + n}") for n in range(count))
        texts = tuple(f"note number {self.written + n} of the ward" for n in range(count))
        self.written += count
        draft = Draft(verb="upsert", ids=ids, texts=texts, fields=(None,) * count, vectors=None, merge=True)
        drive(self.guard.write(draft, self.shelf, ALICE, self.embedding), self.store)

    def search(self) -> None:
        ask = Ask(query=Query(texts=("a note of the ward",)), limit=5)
        drive(self.guard.read(ask, self.shelf, ALICE, self.embedding), self.store)

    def epochs(self) -> None:
        self.guard.state.epochs.seen("uid", ["alice"])

    def line(self) -> None:
        self.guard.state.audit.append(ALICE, "read", "", 1)


MEASURED: dict[str, Callable[[Desk], None]] = {
    "write of 1 row": lambda desk: desk.write(1),
    "write of 100 rows": lambda desk: desk.write(100),
    "warm search": Desk.search,
    "of it: look at epochs": Desk.epochs,
    "of it: audit line": Desk.line,
}


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("urls", nargs="+")
    parser.add_argument("--rounds", type=int, default=200)
    arguments = parser.parse_args()
    desks = [Desk(url) for url in arguments.urls]
    for name, call in MEASURED.items():
        rounds = max(10, arguments.rounds // 10) if "100" in name else arguments.rounds
        times: list[list[float]] = [[] for _ in desks]
        for number in range(rounds + 5):
            for desk, taken in zip(desks, times, strict=True):
                start = time.perf_counter()
                call(desk)
                if number >= 5:
                    taken.append(1_000 * (time.perf_counter() - start))
        medians = [statistics.median(taken) for taken in times]
        print(f"{name:24}", *(f"{each:8.3f} ms ({each / medians[0]:4.1f}x)" for each in medians))
    for desk in desks:
        desk.guard.close()


if __name__ == "__main__":
    main()
