"""States in a SQLite file, in memory and on a real PostgreSQL server."""

from __future__ import annotations

from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vecguard.state.database import MEMORY, Database

from .postgres import Server, served


@pytest.fixture(scope="session")
def postgres() -> Iterator[Server]:
    yield from served()


@pytest.fixture(params=["file", "postgresql"])
def state_url(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """An empty place for a state that several processes can share."""
    if request.param == "file":
        return f"sqlite:///{tmp_path / 'state.db'}"
    server: Server = request.getfixturevalue("postgres")
    return server.new()


@pytest.fixture
def moved(postgres: Server, monkeypatch: pytest.MonkeyPatch) -> Iterator[dict[str, str]]:
    """Move every state that the test opens to PostgreSQL: a file to one database, each memory to one of its own.

    What other suites say of a state is then said of PostgreSQL, by the same tests.
    """
    places: dict[str, str] = {}
    opened: list[Database] = []
    init = Database.__init__

    def elsewhere(self: Database, url: str, **options: Any) -> None:
        if url == MEMORY:
            url = postgres.new()
        elif url.startswith("sqlite:"):
            url = places.get(url) or places.setdefault(url, postgres.new())
        init(self, url, **options)
        opened.append(self)

    monkeypatch.setattr(Database, "__init__", elsewhere)
    yield places
    for each in opened:
        each.close()
