"""A record of another owner and a record of nobody are refused in the same time, with the same words.

    python benchmarks/indistinguishable.py [--stores memory,chroma,qdrant,faiss] [--pairs 2000] [--rows 200]
        [--ranking guard] [--json FILE]

Four principals ask for ids that carol has, and for ids that nobody has, one after the other in random order:

    stranger   by the ids that carol gave; there are no rules for it
    reader     by the ids that carol gave; alice shares her rows with it
    revoked    by names under which it knew carol's records until she took the grant back; alice still shares with it
    outsider   by such names too; nobody shares with it any more

Each verb that takes an id is asked with the owners' rows in memory (warm) and with an empty cache before every call
(cold). A line holds if the medians of wall time differ by less than 5 % and a two-sample Kolmogorov-Smirnov test has
p > .01; every answer or error is compared besides, type and text, with the id taken out. One line in a hundred fails
by chance, so a line that fails is measured a second time, and counts as failed if that fails too. Exit status 0: all
lines hold; 1: one does not.
"""

from __future__ import annotations

import gc
import json
import os
import random
import secrets
import shutil
import sys
import tempfile
import time
import warnings
from collections.abc import Callable, Sequence
from dataclasses import asdict, dataclass, field
from pathlib import Path
from typing import Annotated, Any
from uuid import UUID

os.environ.setdefault("OMP_NUM_THREADS", "1")  # threads on matrices this small only add noise

import chromadb
import faiss
import numpy as np
import typer
from qdrant_client import QdrantClient, models
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn
from rich.table import Table
from scipy.stats import ks_2samp

import vecguard_chroma
import vecguard_faiss
import vecguard_qdrant
from vecguard import Guard, Keyring, Policy, Scrub, Vectors
from vecguard.evaluate import versions
from vecguard.flow import drive
from vecguard.principal import Acting
from vecguard.records import Ask, Draft, Query, RecordId
from vecguard.testing import MemoryStore, word_hash

D = 64
OWN = 20  # rows of each of those who ask
EMBED = word_hash(D)
ASKING = ("stranger", "reader", "revoked", "outsider")
MEDIANS, P_VALUE = 0.05, 0.01

Call = Callable[[Any, Any], Any]


# ------------------------------------------------------------------------------------------------------------ stores


class Memory:
    """The paths of the guard over a store in memory, with no adapter around them."""

    def __init__(self, guard: Guard, folder: Path) -> None:  # noqa: ARG002 - every store takes a folder
        self.guard, self.store = guard, MemoryStore()
        self.shelf = guard.shelf(self.store.traits)
        self.verbs: dict[str, Call] = {
            "get": lambda who, id_: self._read(who, Ask(ids=(RecordId.text(id_),))),
            "query": lambda who, id_: self._read(who, Ask(query=Query(ids=(RecordId.text(id_),)), limit=3)),
            "delete": lambda who, id_: drive(
                guard.forget(Ask(ids=(RecordId.text(id_),), restore=False), self.shelf, who), self.store
            ),
        }

    def bound(self, who: str) -> Any:
        return Acting.of(who)

    def id(self, number: int) -> Any:
        return f"n{number:06}"

    def name(self) -> Any:
        return f"_vg_{secrets.token_hex(16)}"

    def write(self, who: Any, numbers: Sequence[int], texts: Sequence[str]) -> None:
        ids = tuple(RecordId.text(self.id(each)) for each in numbers)
        draft = Draft(verb="upsert", ids=ids, texts=tuple(texts), fields=(None,) * len(ids))
        drive(self.guard.write(draft, self.shelf, who, self.guard.embedding), self.store)

    def listed(self, who: Any) -> list[Any]:
        return [hit.record.id.given for hit in self._read(who, Ask()).hits]

    def search(self, who: Any) -> None:
        self._read(who, Ask(query=Query(texts=("a note",)), limit=3))

    def _read(self, who: Any, ask: Ask) -> Any:
        self.store.requests.clear()
        return drive(self.guard.read(ask, self.shelf, who, self.guard.embedding), self.store)


class Chroma(Memory):
    """A Chroma collection in a folder."""

    def __init__(self, guard: Guard, folder: Path) -> None:
        client = chromadb.PersistentClient(str(folder / "chroma"))
        settings: Any = {"embedding_function": None, "configuration": {"hnsw": {"space": "cosine"}}}
        self.shown: Any = vecguard_chroma.wrap(client.create_collection("notes", **settings), guard)
        self.verbs = {
            "get": lambda who, id_: who.get(ids=[id_]),
            "query": lambda who, id_: who.query(query_texts=["a note"], ids=[id_]),
            "delete": lambda who, id_: who.delete(ids=[id_]),
        }

    def bound(self, who: str) -> Any:
        return self.shown.acting_for(who)

    def write(self, who: Any, numbers: Sequence[int], texts: Sequence[str]) -> None:
        who.upsert(ids=[self.id(each) for each in numbers], documents=list(texts))

    def listed(self, who: Any) -> list[Any]:
        return list(who.get()["ids"])

    def search(self, who: Any) -> None:
        who.query(query_texts=["a note"], n_results=3)


class Faiss(Chroma):
    """A FAISS collection. It has no query by id."""

    def __init__(self, guard: Guard, folder: Path) -> None:  # noqa: ARG002 - as above
        self.shown = vecguard_faiss.GuardedFaissCollection(faiss.IndexFlatIP(D), guard)
        self.verbs = {
            "get": lambda who, id_: who.get(ids=[id_]),
            "delete": lambda who, id_: who.delete(ids=[id_]),
        }


class Qdrant(Memory):
    """A Qdrant collection of the local client."""

    def __init__(self, guard: Guard, folder: Path) -> None:  # noqa: ARG002 - as above
        self.shown: Any = vecguard_qdrant.wrap(QdrantClient(":memory:"), guard)
        self.shown.create_collection("notes", models.VectorParams(size=D, distance=models.Distance.COSINE))
        self.verbs = {
            "get": lambda who, id_: who.retrieve("notes", [id_]),
            "query": lambda who, id_: who.query_points("notes", query=id_, limit=3),
            "delete": lambda who, id_: who.delete("notes", [id_]),
        }

    def bound(self, who: str) -> Any:
        return self.shown.acting_for(who)

    def id(self, number: int) -> Any:
        return number

    def name(self) -> Any:
        return str(UUID(bytes=secrets.token_bytes(16)))

    def write(self, who: Any, numbers: Sequence[int], texts: Sequence[str]) -> None:
        rows = zip(numbers, texts, EMBED(texts), strict=True)
        points = [models.PointStruct(id=n, vector=v.tolist(), payload={"document": text}) for n, text, v in rows]
        who.upsert("notes", points)

    def listed(self, who: Any) -> list[Any]:
        return [each.id for each in who.scroll("notes", limit=10_000)[0]]

    def search(self, who: Any) -> None:
        who.query_points("notes", query=EMBED(["a note"])[0].tolist(), limit=3)


STORES: dict[str, type[Memory]] = {"memory": Memory, "chroma": Chroma, "qdrant": Qdrant, "faiss": Faiss}


# ------------------------------------------------------------------------------------------------------- the scene


@dataclass
class Scene:
    """A guarded store with rows and rules, and for each who asks the ids that carol has and those that nobody has."""

    guard: Guard
    store: Memory
    foreign: dict[str, list[Any]] = field(default_factory=dict)
    missing: dict[str, list[Any]] = field(default_factory=dict)
    bound: dict[str, Any] = field(default_factory=dict)


def scene(store: str, folder: Path, rows: int, *, ranking: Any = "guard") -> Scene:
    """Fill a store: alice and carol with `rows` records each, OWN for each who asks; share, and take back."""
    policy = Policy(scrub=Scrub(enabled=False), vectors=Vectors(ranking=ranking))
    keys = Keyring.generate(folder / "key")
    guard = Guard(policy, keys=keys, state=f"sqlite:///{folder}/state.db", embedder=EMBED)
    made = Scene(guard, STORES[store](guard, folder))
    site = made.store
    for at, owner in enumerate(("alice", "carol", *ASKING)):
        count = rows if at < 2 else OWN
        numbers = range(100_000 * (at + 1), 100_000 * (at + 1) + count)
        site.write(site.bound(owner), numbers, [f"a note of {owner} about case {each}" for each in numbers])
    guard.rules.grant("alice", readers=["reader", "revoked"])
    guard.rules.grant("carol", readers=["revoked", "outsider"])
    shared = {who: set(site.listed(site.bound(who))) for who in ("revoked", "outsider", "reader")}
    guard.rules.revoke("carol")
    given = [site.id(each) for each in range(200_000, 200_000 + rows)]
    names = sorted(shared["outsider"] - set(site.listed(site.bound("outsider"))))
    assert len(names) == rows
    assert set(names) <= shared["revoked"]
    for who in ASKING:
        made.bound[who] = site.bound(who)
        named = who in ("revoked", "outsider")
        made.foreign[who] = names if named else given
        made.missing[who] = [site.name() if named else site.id(each) for each in range(900_000, 900_000 + rows)]
        site.search(made.bound[who])
    return made


def outcome(call: Call, who: Any, id_: Any) -> tuple[str, str]:
    """Return what a call answers or raises: its type, and its text with the id taken out."""
    try:
        answer = call(who, id_)
    except Exception as raised:  # noqa: BLE001 - whatever is raised is the outcome
        answer = raised
    return type(answer).__qualname__, repr(answer).replace(str(id_), "ID")


# -------------------------------------------------------------------------------------------------------- measuring


@dataclass(frozen=True, slots=True)
class Line:
    """One verb, one who asks, cache warm or cold: medians in microseconds, and what tells the two apart."""

    store: str
    verb: str
    who: str
    cache: str
    foreign_us: float
    missing_us: float
    p: float
    same_words: bool
    attempt: int = 1

    @property
    def difference(self) -> float:
        return self.foreign_us / self.missing_us - 1

    @property
    def holds(self) -> bool:
        return abs(self.difference) < MEDIANS and self.p > P_VALUE and self.same_words


def timings(
    scene: Scene,
    verb: str,
    who: str,
    *,
    cold: bool,
    pairs: int,
    rng: random.Random,
    clock: Callable[[], int] = time.perf_counter_ns,
) -> tuple[Any, Any, bool]:
    """Return times in nanoseconds (pairs,) for foreign and for missing ids, and whether all outcomes were one."""
    call, bound = scene.store.verbs[verb], scene.bound[who]
    spent: tuple[list[int], list[int]] = ([], [])
    outcomes: set[tuple[str, str]] = set()
    for at in range(pairs):
        asked = [(0, scene.foreign[who][at % len(scene.foreign[who])])]
        asked.append((1, scene.missing[who][at % len(scene.missing[who])]))
        rng.shuffle(asked)
        for kind, id_ in asked:
            if cold:
                scene.guard.owners.cache.clear()
            started = clock()
            try:
                answer = call(bound, id_)
            except Exception as raised:  # noqa: BLE001 - whatever is raised is the answer
                answer = raised
            spent[kind].append(clock() - started)
            outcomes.add((type(answer).__qualname__, repr(answer).replace(str(id_), "ID")))
    return np.array(spent[0]), np.array(spent[1]), len(outcomes) == 1


def measured(scene: Scene, store: str, verb: str, who: str, *, cold: bool, pairs: int, rng: random.Random) -> Line:
    """Measure one line, and a second time if it does not hold."""
    for attempt in (1, 2):
        gc.collect()
        gc.disable()  # a collection falls on whoever comes next
        try:
            timings(scene, verb, who, cold=cold, pairs=20, rng=rng)  # the first calls warm up
            foreign, missing, same = timings(scene, verb, who, cold=cold, pairs=pairs, rng=rng)
        finally:
            gc.enable()
        line = Line(
            store,
            verb,
            who,
            "cold" if cold else "warm",
            float(np.median(foreign)) / 1000,
            float(np.median(missing)) / 1000,
            float(ks_2samp(foreign, missing).pvalue),
            same,
            attempt,
        )
        if line.holds:
            break
    return line


def table(lines: Sequence[Line]) -> Table:
    columns = ("store", "verb", "who asks", "cache", "foreign µs", "missing µs", "difference", "KS p", "same words", "")
    shown = Table(*columns, title="Foreign and missing: medians of wall time")
    for each in lines:
        verdict = "holds" if each.holds else "FAILS"
        shown.add_row(
            each.store,
            each.verb,
            each.who,
            each.cache,
            f"{each.foreign_us:.0f}",
            f"{each.missing_us:.0f}",
            f"{each.difference:+.1%}",
            f"{each.p:.3f}",
            "yes" if each.same_words else "NO",
            verdict if each.attempt == 1 else f"{verdict}, measured twice",
        )
    return shown


app = typer.Typer(add_completion=False, help=__doc__, rich_markup_mode=None)


@app.command()
def main(
    stores: Annotated[str, typer.Option(help="which, with commas between")] = ",".join(STORES),
    pairs: Annotated[int, typer.Option(min=10, help="pairs of calls a line")] = 2000,
    rows: Annotated[int, typer.Option(min=10, help="records of each owner that is asked about")] = 200,
    ranking: Annotated[str, typer.Option(help="guard or store")] = "guard",
    seed: int = 1,
    out: Annotated[Path | None, typer.Option("--json", help="also write the lines here")] = None,
) -> None:
    """Measure, print a table, and say by the exit status whether every line holds."""
    warnings.simplefilter("ignore")
    rng, console, lines = random.Random(seed), Console(), list[Line]()
    folder = Path(tempfile.mkdtemp(prefix="indistinguishable-"))
    bars = (TextColumn("{task.description:<12}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
    try:
        with Progress(*bars, console=console) as progress:
            for store in stores.split(","):
                (folder / store).mkdir()
                made = scene(store, folder / store, rows, ranking=ranking)
                todo = [(v, who, cold) for v in made.store.verbs for who in ASKING for cold in (False, True)]
                for verb, who, cold in progress.track(todo, description=store):
                    lines.append(measured(made, store, verb, who, cold=cold, pairs=pairs, rng=rng))
                made.guard.close()
                progress.console.print(table([each for each in lines if each.store == store]))
    finally:
        shutil.rmtree(folder, ignore_errors=True)
    held = sum(each.holds for each in lines)
    console.print(f"{held} of {len(lines)} lines hold; {pairs:,} pairs each; {versions()}")
    if out is not None:
        out.write_text(json.dumps([asdict(each) | {"holds": each.holds} for each in lines], indent=2) + "\n", "utf-8")
    sys.exit(0 if held == len(lines) else 1)


if __name__ == "__main__":
    app()
