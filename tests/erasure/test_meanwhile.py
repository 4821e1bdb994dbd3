"""Writes of an owner while it is erased: each is erased with the rest or belongs to a new life, and none is half."""

from __future__ import annotations

from collections.abc import Callable
from contextlib import suppress
from pathlib import Path
from typing import Any

import pytest

from vecguard import Keyring
from vecguard.entry import MARKER
from vecguard.erasure import OfOwner, erase, owners
from vecguard.errors import VecGuardError
from vecguard.facade import Guarded, Room
from vecguard.ports import Put
from vecguard.surface import Surface


class Handle(Guarded):
    """A guarded object with no verbs of its own: an erasure is given one."""

    __slots__ = ()


Handle.surface = Surface("Handle", Handle, {})


class Two:
    """Two guards on one state and one store: one erases alice, the other writes for her."""

    def __init__(self, desk_of: Callable[..., Any], folder: Path) -> None:
        options = {"keys": Keyring.ephemeral(), "state": f"sqlite:///{folder}/state.db"}
        self.eraser = desk_of(**options)
        self.store = self.eraser.store
        self.writer, self.reader = (desk_of(store=self.store, **options) for _ in range(2))
        self.eraser.write(["c"], ["three"])

    def erased(self) -> Any:
        desk = self.eraser
        handle = Handle(Room(desk.guard, None, None, desk.shelf, self.store, desk.guard.embedding))
        return erase(desk.guard, [handle], OfOwner("alice"))

    @property
    def rows(self) -> int:
        return len(set(self.store.rows) - {MARKER})


@pytest.fixture
def two(desk_of: Callable[..., Any], tmp_path: Path) -> Two:
    return Two(desk_of, tmp_path)


def test_a_writer_with_an_old_key_in_memory_begins_a_new_life(two: Two) -> None:
    """The other guard's next write is sealed under a new key: whoever opens the store later can read it."""
    two.writer.write(["a", "b"], ["one", "two"])
    assert two.erased().rows == 3
    assert two.writer.texts() == {}
    two.writer.write(["a"], ["a new life"])
    for desk in (two.writer, two.reader, two.eraser):
        assert desk.texts() == {"a": "a new life"}


def test_a_new_life_that_began_elsewhere_is_gone_on_with(two: Two) -> None:
    """Erased and written to by one guard: the other, which has the old key in memory, finds the new one and uses it."""
    two.writer.write(["a", "b"], ["one", "two"])
    assert two.erased().rows == 3
    two.eraser.write(["x"], ["written by the eraser"])
    two.writer.write(["a"], ["written by the other"])
    for desk in (two.writer, two.reader, two.eraser):
        assert desk.texts() == {"a": "written by the other", "x": "written by the eraser"}


@pytest.mark.parametrize("steps", range(9))
def test_a_write_that_was_under_way_leaves_nothing_half(steps: int, two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """Stopped after any of its requests, the owner erased, and gone on with: all read its rows, or there are none."""
    monkeypatch.setattr(owners, "_PATIENCE_S", 0.3)
    two.writer.texts()
    flow, answer = two.writer.writing(two.writer.draft(["a", "b"], ["one", "two"])), None
    with suppress(StopIteration):
        for _ in range(steps):
            answer = flow.send(answer).on(two.store)
    two.erased()
    with suppress(StopIteration, VecGuardError):
        while True:
            answer = flow.send(answer).on(two.store)
    found = two.reader.texts()
    assert found in ({}, {"a": "one", "b": "two"})
    assert two.rows == len(found)


def test_a_write_that_hangs_is_said(two: Two, monkeypatch: pytest.MonkeyPatch) -> None:
    """Begun before the erasure and sent after it gave up waiting: the row opens for nobody, and the receipt says so."""
    monkeypatch.setattr(owners, "_PATIENCE_S", 0.3)
    flow, answer = two.writer.writing(two.writer.draft(["a"], ["one"])), None
    while not isinstance(request := flow.send(answer), Put):
        answer = request.on(two.store)
    receipt = two.erased()
    assert any("has not ended" in each for each in receipt.unverified)
    request.on(two.store)
    flow.close()
    assert two.rows == 1
    assert two.reader.texts() == {}
    assert two.erased().rows == 1
    assert two.rows == 0
