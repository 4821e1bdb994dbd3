"""Open intents that may have a row in common with a new one: found by their rows, and decoded once."""

from __future__ import annotations

from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

import pytest

from vecguard import Keyring
from vecguard.records import Sealed, SealedRow
from vecguard.space import Space
from vecguard.state import State
from vecguard.state.intents import Intent, Intents, Outcome, Overtaken

UID = "c" * 32


@pytest.fixture
def states(tmp_path: Path) -> Iterator[tuple[State, State]]:
    """Two guards' states on one database."""
    keys = Keyring.ephemeral()
    both = State(f"sqlite:///{tmp_path}/state.db", keys), State(f"sqlite:///{tmp_path}/state.db", keys)
    yield both
    for each in both:
        each.close()


@pytest.fixture
def decoded(monkeypatch: pytest.MonkeyPatch) -> Counter[str]:
    """How often each intent was decoded."""
    counted: Counter[str] = Counter()
    read = Intents._read

    def counting(intents: Intents, row: Any, uid: str) -> Intent:
        counted[row.id] += 1
        return read(intents, row, uid)

    monkeypatch.setattr(Intents, "_read", counting)
    return counted


def begun(state: State, *rows: str) -> Intent | Overtaken:
    keys = state.collection_keys(UID)
    space: Space = state.space(UID, "alice", keys)
    return state.begin(Sealed(tuple(SealedRow(row, None, {}) for row in rows), ()), space, None)


def test_an_open_intent_of_another_guard_is_decoded_once(states: tuple[State, State], decoded: Counter[str]) -> None:
    """Each write would otherwise decode all that is open, and many at once take the square of their number."""
    mine, theirs = states
    open_ = [begun(theirs, f"their row {at}") for at in range(10)]
    kept = [begun(mine, f"my row {at}") for at in range(10)]
    assert not any(isinstance(each, Overtaken) for each in (*open_, *kept))
    assert decoded == {each.id: 1 for each in open_ if isinstance(each, Intent)}


def test_a_row_of_an_intent_that_was_met_before_is_still_taken(states: tuple[State, State]) -> None:
    """By another guard's, met or not, and by one's own; until it is settled, and no longer."""
    mine, theirs = states
    held = begun(theirs, "a", "b")
    assert isinstance(held, Intent)
    assert isinstance(kept := begun(mine, "c"), Intent)
    for row in ("a", "b", "c"):
        assert isinstance(begun(mine, row, "d"), Overtaken)
    theirs.confirm(held, UID)
    assert isinstance(begun(mine, "a"), Intent)
    assert kept.rows.ids == ("c",)


def test_rows_that_an_intent_has_no_more_are_free(states: tuple[State, State]) -> None:
    """What is left of one that the store refused in part is not what it was when it was met."""
    mine, theirs = states
    held = begun(theirs, "a", "b")
    assert isinstance(held, Intent)
    assert isinstance(begun(mine, "a"), Overtaken)
    theirs.confirm_settled([Outcome(held, frozenset("a"), frozenset("b"))], UID)
    del held  # nobody carries it out
    with theirs.intents.claimed(UID) as rest:
        assert [each.rows.ids for each in rest] == [("b",)]
        assert isinstance(begun(mine, "b"), Overtaken)
        assert isinstance(begun(mine, "a"), Intent)


def test_what_is_remembered_of_others_intents_does_not_grow(states: tuple[State, State]) -> None:
    mine, theirs = states
    last = begun(theirs, "held")
    for at in range(400):
        one = begun(theirs, f"row {at}")
        assert isinstance(one, Intent)
        assert isinstance(begun(mine, f"row {at}"), Overtaken)
        theirs.confirm(one, UID)
    assert len(mine.intents._met) < 300
    assert isinstance(begun(mine, "held"), Overtaken)
    assert isinstance(last, Intent)
