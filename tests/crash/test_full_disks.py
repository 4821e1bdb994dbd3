"""Full and broken disks: a typed error, nothing acknowledged is lost, and all goes on when there is room again."""

from __future__ import annotations

import random
from collections.abc import Callable, Iterator

import pytest

from .campaign import Campaign, nursery
from .disk import FAULTS, Disk, library

STATE, ROWS = "/state/", "/rows/"
CASES = [
    *(("chroma", fault, where) for fault in FAULTS for where in (STATE, ROWS)),
    *((site, fault, ROWS) for site in ("qdrant", "faiss") for fault in ("ENOSPC", "EIO")),
    ("faiss", "ENOSPC", STATE),  # which has what its file does not
]
TRIES = 4
_WRITES = 120  # about as many as a life of four calls makes
_OF_A_FILE = 20  # the same to a file that is written as a whole, and only when it is saved
_TYPED = {"StateError", "AuditFailed", "StoreFailed", "Pending"}

Enlisted = tuple[Disk, Callable[[str], Campaign]]


@pytest.fixture(scope="module")
def enlisted(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Enlisted]:
    """A disk, and campaigns of a nursery that lives on it."""
    folder = tmp_path_factory.mktemp("disk")
    disk = Disk(folder / "control", library(folder))
    with nursery(**disk.environment) as made:
        yield disk, lambda site: Campaign(made, site, tmp_path_factory.mktemp("full") / "campaign", "plain", 0)


@pytest.mark.parametrize(("site", "fault", "where"), CASES, ids=[" ".join(each) for each in CASES])
def test_a_disk_that_fails_loses_nothing_acknowledged(site: str, fault: str, where: str, enlisted: Enlisted) -> None:
    """It fails from some write on, for one life; the next finds every acknowledged call, and the last one or not."""
    disk, campaign_of = enlisted
    campaign = campaign_of(site)
    campaign.live(calls=3, first="write")
    draw, failed = random.Random(f"{site} {fault} {where}"), 0
    refused: list[str] = []
    writes = _OF_A_FILE if (site, where) == ("faiss", ROWS) else _WRITES
    for _ in range(TRIES):
        with disk.failing(fault, where, after=draw.randrange(writes)):
            refused += campaign.live(stops=True).refused
            failed += disk.failed
        campaign.live(calls=1)
    campaign.settled()
    assert failed
    assert refused
    assert set(refused) <= _TYPED


def test_a_state_without_room_refuses_reads_too(enlisted: Enlisted) -> None:
    """What cannot be logged is not read: the first call of a process on a full state is refused."""
    disk, campaign_of = enlisted
    campaign = campaign_of("chroma")
    campaign.live(calls=3, first="write")
    seen = set()
    for after in range(0, 24, 2):
        with disk.failing("ENOSPC", STATE, after=after):
            seen |= set(campaign.live(stops=True, calls=0, first="read").refused)
    campaign.settled()
    assert "AuditFailed" in seen
    assert seen <= {"AuditFailed", "StateError"}
