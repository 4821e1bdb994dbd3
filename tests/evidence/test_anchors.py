"""Anchors: kept when they are due, read back out of any text, and never at the price of a line."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest

from vecguard import AuditFailed, Keyring, PolicyError
from vecguard.evidence.anchors import Anchor, Anchoring, Due, read
from vecguard.principal import Acting
from vecguard.state import State, tables

ALICE = Acting.of("alice")


@pytest.fixture
def state(path: Any, keys: Keyring) -> State:
    return State(f"sqlite:///{path}", keys)


def _write(state: State, times: int = 1) -> None:
    for number in range(times):
        state.audit.append(ALICE, "read", "u", number)


def _count(state: State) -> int:
    return len(state.database.look(lambda connection: connection.execute(tables.audit.select()).all()))


def test_an_anchor_is_kept_after_so_many_lines(state: State, kept: list[Anchor]) -> None:
    """Every third line of nine, under the chain's own name, and each is one that the chain passes."""
    state.audit.keep_outside(kept.append, Due(lines=3, seconds=1e9))
    _write(state, 10)
    assert [(each.writer, each.number) for each in kept] == [(state.writer, number) for number in (3, 6, 9)]
    assert state.audit.verify(kept) == []


@pytest.mark.parametrize("reads", [True, False])
def test_lines_of_writes_are_anchored_as_those_of_reads_are(reads: bool, state: State, kept: list[Anchor]) -> None:
    """Both ways into the chain count."""
    state.audit.keep_outside(kept.append, Due(lines=2))
    for number in range(4):
        state.audit.append(ALICE, "read" if reads else "write", "u", number)
    assert [each.number for each in kept] == [2, 4]


def test_an_anchor_is_kept_when_its_first_line_is_old(kept: list[Anchor]) -> None:
    """By time, measured from the first line after the last anchor; while nothing is written none is due."""
    now = [0.0]
    anchoring = Anchoring(kept.append, Due(lines=100, seconds=60), clock=lambda: now[0])

    def written(number: int) -> None:
        anchoring.in_time(lambda: _anchor(number - 1), number - 1)
        anchoring.written(lambda: _anchor(number), number)

    written(1)
    now[0] = 59.0
    written(2)
    assert kept == []
    now[0] = 60.0
    written(3)
    assert [each.number for each in kept] == [2]
    now[0] = 500.0
    written(4)
    assert [each.number for each in kept] == [2, 3]


def _anchor(number: int) -> Anchor:
    return Anchor("0" * 32, number, "1" * 64)


def test_closing_keeps_what_has_no_anchor_yet(state: State, kept: list[Anchor]) -> None:
    """Once: a chain that has not grown since is not anchored again."""
    state.audit.keep_outside(kept.append, Due(lines=100, seconds=1e9))
    state.audit.anchor()
    _write(state, 7)
    state.audit.anchor()
    state.audit.anchor()
    assert [each.number for each in kept] == [7]


def test_an_anchor_that_cannot_be_kept_refuses_the_next_call_and_loses_no_line(
    desk_of: Callable[..., Any], kept: list[Anchor]
) -> None:
    """The line that made it due is written and its call answered; from then on nothing is, until it is kept."""
    desk = desk_of()
    away = [False]

    def keep(anchor: Anchor) -> None:
        if away[0]:
            raise OSError("the syslog of alice is full")
        kept.append(anchor)

    desk.write(["a"], ["text"])
    desk.guard.state.audit.keep_outside(keep, Due(lines=1))
    away[0] = True
    with pytest.raises(AuditFailed) as refused:
        desk.texts()
    assert "alice" not in str(refused.value)
    assert refused.value.__context__ is None
    before = dict(desk.store.rows)
    for call in (lambda: desk.write(["b"], ["more"]), desk.forget, desk.texts):
        with pytest.raises(AuditFailed):
            call()
    assert desk.store.rows == before
    away[0] = False
    assert desk.texts() == {"a": "text"}
    assert desk.guard.state.audit.verify(kept) == []
    assert [each.number for each in kept] == [1, 2]


def test_the_call_whose_line_is_written_is_answered(state: State) -> None:
    """Failing after the line was written takes nothing back: the deed may have begun. The call after it is refused."""

    def keep(_: Anchor) -> None:
        raise AuditFailed("no")

    state.audit.keep_outside(keep, Due(lines=2, seconds=1e9))
    _write(state, 2)
    assert _count(state) == 2
    with pytest.raises(AuditFailed):
        _write(state)
    assert _count(state) == 2
    with pytest.raises(AuditFailed):
        state.audit.anchor()


def test_a_child_process_has_anchors_of_its_own_chain(state: State, kept: list[Anchor]) -> None:
    """What a fork does to a chain, it does to what is counted towards its next anchor."""
    state.audit.keep_outside(kept.append, Due(lines=2, seconds=1e9))
    _write(state, 3)
    state.audit.after_fork()
    _write(state, 2)
    assert [each.number for each in kept] == [2, 2]
    assert len({each.writer for each in kept}) == 2
    assert state.audit.verify(kept) == []


def test_an_anchor_is_found_in_any_text() -> None:
    """Whatever a logger puts around it, as often as it stands there; what only looks like one is none."""
    one, two = _anchor(3), Anchor("a" * 32, 4711, "b" * 64)
    text = f"Nov 21 17:00:01 host app[7]: {one}\n<14>{two}{two}\nvecguard-audit-anchor {'0' * 32} 3 {'1' * 63}\n"
    assert read(text.splitlines()) == [one, two, two]


@pytest.mark.parametrize("wrong", [{"lines": 0}, {"seconds": 0.0}, {"seconds": float("nan")}])
def test_never_is_not_a_time_for_an_anchor(wrong: dict[str, Any]) -> None:
    """A setting under which none would ever be due is refused."""
    with pytest.raises(PolicyError):
        Due(**wrong)
