"""Power cuts: what was acknowledged was synced, and whatever else is lost, nothing half-written shows."""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from functools import cache
from pathlib import Path
from typing import TypeAlias

import pytest

from .campaign import Campaign, Nursery, nursery
from .disk import Disk, library
from .journal import death_of, told
from .powercut import Chance, Change, Tree, changes
from .sites import SITES
from .world import World

CALLS, CUTS = 8, 12
SITES_CUT = ("chroma", "qdrant", "faiss")
Worked: TypeAlias = tuple[Path, list[Change]]
Traced: TypeAlias = Callable[[str], Worked]
_NEVER_SYNCED = ("meta.json", "meta.json.tmp")  # of the local Qdrant client: which collections there are


@pytest.fixture(scope="module")
def traced(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str], Worked]:
    """Let a process work on a store, once, and return where it worked and all that it did to files."""

    @cache
    def worked(site: str) -> Worked:
        folder = tmp_path_factory.mktemp(site)
        where = folder / "worked"
        disk = Disk(folder / "disk", library(folder), where)
        with nursery(**disk.environment) as watched:
            campaign = Campaign(watched, site, where, "plain", 0)
            assert campaign.live(calls=CALLS, first="write").calls == CALLS
        return where, [step for each in changes(disk.log) for step in _kept(each)]

    return worked


def _journals(where: Path) -> Path:
    return where / "journals"


def _kept(change: Change) -> Iterator[Change]:
    """Sync what a store's own client never does, and would lose with everything else in its folder."""
    yield change
    if change.path.name in _NEVER_SYNCED:
        yield Change("S", change.path, 0, b"")
        yield Change("S", change.path.parent, 0, b"")


def _cut(where: Path, done: list[Change], at: int, to: Path, draw: Chance) -> str:
    """Put into a folder what a cut after so many changes leaves; return the journal as it was read before the cut.

    What the log does not tell of is there as it was at the end: keys, and files that Chroma writes once.
    """
    tree = Tree()
    for each in done[:at]:
        tree.take(each)
    files = tree.cut(draw)
    traced = {each.path for each in done} | {Path(each.data.decode()) for each in done if each.kind == "R"}
    for path in where.rglob("*"):
        place = to / path.relative_to(where)
        if path.is_dir():
            place.mkdir(parents=True, exist_ok=True)
        elif path not in traced:
            place.parent.mkdir(parents=True, exist_ok=True)
            shutil.copy(path, place)
    for path, content in files.items():
        if not path.name.endswith("-shm") and path.parent != _journals(where):  # the first is memory
            place = to / path.relative_to(where)
            place.parent.mkdir(parents=True, exist_ok=True)
            place.write_bytes(content)
    (to / "journals").mkdir(exist_ok=True)
    journal = tree.seen.get(_journals(where) / "1")
    return "" if journal is None else journal.after_cut(None).decode()


@pytest.mark.parametrize("site", ["chroma", "qdrant", "faiss"])
def test_the_log_of_a_disk_tells_of_every_byte(site: str, traced: Traced, tmp_path: Path) -> None:
    """Played back whole, it gives the very files that are there: a cut leaves out nothing but what it means to."""
    where, done = traced(site)
    _cut(where, done, len(done), tmp_path / "again", None)
    kept = [path for path in where.rglob("*") if path.is_file() and path.parent.name != "journals"]
    assert any(each.kind == "S" for each in done)
    assert len(kept) >= 3
    for path in kept:
        assert (tmp_path / "again" / path.relative_to(where)).read_bytes() == path.read_bytes(), path.name


@pytest.mark.parametrize("site", SITES_CUT)
def test_what_was_acknowledged_survives_a_power_cut(site: str, warm: Nursery, traced: Traced, tmp_path: Path) -> None:
    """Cut right after each answer with nothing kept that was not synced, and anywhere with some of it, torn."""
    where, done = traced(site)
    draw, acknowledged = random.Random(site), 0
    answers = [
        at for at, each in enumerate(done, 1) if b'"acknowledged"' in each.data and each.path.parent == _journals(where)
    ]
    cuts: list[tuple[int, Chance]] = [(at, "nothing") for at in answers]
    cuts += [(draw.randrange(1, len(done)), draw) for _ in range(CUTS)]
    for number, (at, chance) in enumerate(cuts):
        folder = tmp_path / f"cut {number}"
        journal = _cut(where, done, at, folder, chance)
        death = death_of(told(journal), (World(),), SITES[site])
        acknowledged += death.calls
        after = Campaign(warm, site, folder, "plain", number)
        after.worlds = death.worlds
        after.live(calls=1, first="reconcile")
        after.settled()
    assert len(answers) == CALLS
    assert acknowledged > len(cuts)
