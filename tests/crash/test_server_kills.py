"""The same with a real Chroma server: its client is killed, or the server is."""

from __future__ import annotations

import random
from collections.abc import Iterator
from pathlib import Path

import pytest

from .campaign import Campaign, Nursery, Tally, nursery
from .server import Server, serving

CLIENTS, SERVERS = 20, 8
Pair = tuple[Server, Nursery]


@pytest.fixture(scope="module")
def pair(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Pair]:
    with (
        serving(tmp_path_factory.mktemp("server")) as server,
        nursery(VECGUARD_CRASH_PORT=str(server.port)) as made,
    ):
        yield server, made


def test_a_client_of_a_server_that_is_killed_loses_nothing(pair: Pair, tmp_path: Path) -> None:
    """The server goes on, and may carry out what it was sent after its client died."""
    campaign, tally = Campaign(pair[1], "chroma server", tmp_path / "clients", "plain", 0), Tally()
    while tally.total < CLIENTS:
        tally.add(campaign.kill())
    campaign.settled()
    assert tally.calls > CLIENTS / 5


def test_a_server_that_is_killed_loses_nothing_acknowledged(pair: Pair, tmp_path: Path) -> None:
    """Its client gets a typed error, and after a new start finds every acknowledged call, and the last one or not."""
    server, made = pair
    campaign, draw = Campaign(made, "chroma server", tmp_path / "servers", "plain", 0), random.Random(0)
    refused: list[str] = []
    for _ in range(SERVERS):
        death = campaign.live(
            within=draw.random() * 0.2, late=True, kill=lambda _: server.kill(), stops=True, calls=1_000
        )
        refused += death.refused
        server.start()
    campaign.settled()
    assert len(refused) == SERVERS
    assert set(refused) <= {"StoreFailed", "Pending"}
