"""A state database in a file, a clock that tests move, and ways to ask for rows of others."""

from __future__ import annotations

from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pytest

from vecguard.keys import Secret
from vecguard.state.database import Database
from vecguard.watch.settings import Settings
from vecguard.watch.watch import Watch

KEY = Secret(b"k" * 32)
NOON = 20_000 * 86_400.0 + 43_200.0


@dataclass
class Clock:
    """Seconds since 1970, as the test says."""

    now: float = NOON

    def __call__(self) -> float:
        return self.now

    def days(self, count: float) -> None:
        self.now += count * 86_400


@pytest.fixture
def clock() -> Clock:
    return Clock()


@pytest.fixture
def url(tmp_path: Path) -> str:
    return f"sqlite:///{tmp_path / 'state.db'}"


@pytest.fixture
def database(url: str) -> Iterator[Database]:
    opened = Database(url)
    yield opened
    opened.close()


@pytest.fixture
def watching(database: Database, clock: Clock) -> Callable[..., Watch]:
    """Make a watch; `directory`, `thresholds` and `ticks` may be given, everything else is a setting."""

    def make(*, directory: Any = None, thresholds: Any = None, **settings: Any) -> Watch:
        return Watch(
            Settings(**settings), database, KEY, directory=directory, thresholds=thresholds, clock=clock, ticks=clock
        )

    return make
