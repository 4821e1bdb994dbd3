"""A state with several chains in a file, and ways to change the file behind its back."""

from __future__ import annotations

from pathlib import Path

import pytest

from vecguard import Keyring
from vecguard.evidence.anchors import Anchor, Due
from vecguard.principal import Acting
from vecguard.state import State


@pytest.fixture
def keys() -> Keyring:
    return Keyring.ephemeral()


@pytest.fixture
def path(tmp_path: Path) -> Path:
    return tmp_path / "state.db"


@pytest.fixture
def kept() -> list[Anchor]:
    """What somebody outside has kept: every fifth line of each chain."""
    return []


@pytest.fixture
def chains(path: Path, keys: Keyring, kept: list[Anchor]) -> State:
    """The last of four writers; each wrote 25 lines about three owners, reads and writes, some with shared rows."""
    for writer in range(4):
        state = State(f"sqlite:///{path}", keys)
        state.audit.keep_outside(kept.append, Due(lines=5, seconds=1e9))
        shared = {state.digest("carol"): 2}
        for number in range(20):
            action, rest = ("read", shared) if number % 4 == writer else ("write", {})
            state.audit.append(Acting.of(f"p{number % 5}", f"o{number % 3}"), action, "u" * 32, number, shared=rest)
    return state
