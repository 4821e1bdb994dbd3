"""`vecguard canary`: sees that the alarm rings, and how soon."""

from __future__ import annotations

import secrets
import time
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.table import Table

from vecguard import config
from vecguard.cli._running import run_or_say
from vecguard.errors import VecGuardError
from vecguard.facade import Guarded, Room
from vecguard.flow import drive
from vecguard.guard import Guard
from vecguard.keys import Keyring
from vecguard.policy import Policy, Scrub
from vecguard.principal import Acting
from vecguard.records import Ask, Draft, Query, RecordId
from vecguard.surface import Surface
from vecguard.testing import MemoryStore, word_hash
from vecguard.watch.events import CanaryHit, Event

canary = typer.Typer(help="Records that nobody has a reason to read.", no_args_is_help=True)
console = Console()

_SOON = 1.0  # seconds within which an alarm has to be told
_NOTES = ("minutes of the meeting", "a list of addresses", "the lunch menu", "a draft that nobody should read")


@canary.command()
def drill(
    configuration: Annotated[
        Path | None, typer.Option("--config", help="A guard's TOML file. Default: a guard of the moment, in memory.")
    ] = None,
) -> None:
    """Mark a canary, read it as somebody else, and see that the alarm is told, and how soon.

    With --config this goes through your own state, keys and policy: it shares four invented notes of an owner of the
    moment with a reader of the moment, in a collection in memory, and takes back what it granted. The line that your
    logging shows for it is the one that a real hit would leave (logger vecguard.watch).
    """
    run_or_say(lambda: _drill(configuration))


@dataclass(frozen=True, slots=True)
class _Times:
    """Seconds: a read with a canary in its answer, and until the alarm was told since that read began."""

    read: float
    alarm: float


class _Handle(Guarded):
    """A guarded object with no verbs of its own: marking needs one."""

    __slots__ = ()


_Handle.surface = Surface("Handle", _Handle, {})


def _drill(configuration: Path | None) -> None:
    with _opened(configuration) as guard:
        times = _alarmed(guard)
    table = Table("what", "milliseconds")
    table.add_row("a read that returns a canary", f"{1000 * times.read:.1f}")
    table.add_row("until the alarm was told", f"{1000 * times.alarm:.1f}")
    console.print(table)
    if times.alarm > _SOON:
        raise VecGuardError(f"the alarm took longer than {_SOON:g} s")
    console.print("The alarm rang before the answer was handed over.")


@contextmanager
def _opened(configuration: Path | None) -> Iterator[Guard]:
    embedder = word_hash(64)
    if configuration is None:
        policy = Policy(scrub=Scrub(enabled=False))
        guard = Guard(policy, keys=Keyring.ephemeral(), state=":memory:", embedder=embedder)
    else:
        guard = Guard(**{**config.without_embedder(configuration), "embedder": embedder})
    try:
        yield guard
    finally:
        guard.close()


def _alarmed(guard: Guard) -> _Times:
    """Have a canary read by somebody with whom it is shared; return how long that and the alarm took."""
    owner, reader = (f"drill-{each}-{secrets.token_hex(4)}" for each in ("owner", "reader"))
    store = MemoryStore()
    room = Room(guard, None, None, guard.shelf(store.traits), store, guard.embedding)
    assert room.shelf is not None  # noqa: S101 - made above
    ids = tuple(RecordId.text(str(at)) for at in range(len(_NOTES)))
    draft = Draft("insert", ids, _NOTES, ({},) * len(_NOTES))
    drive(guard.write(draft, room.shelf, Acting.of(owner), guard.embedding), store)
    guard.canaries.mark(_Handle(room).acting_for(owner), [str(len(_NOTES) - 1)])
    guard.rules.grant(owner, readers=[reader])
    rung: list[float] = []

    def listener(event: Event) -> None:
        if isinstance(event, CanaryHit):
            rung.append(time.perf_counter())

    guard.watch.events.on(listener)
    try:
        started = time.perf_counter()
        ask = Ask(query=Query(texts=(_NOTES[-1],)), limit=len(_NOTES))
        drive(guard.read(ask, room.shelf, Acting.of(reader), guard.embedding), store)
        ended = time.perf_counter()
    finally:
        guard.watch.events.off(listener)
        guard.rules.reopen(owner)
        guard.canaries.unmark(_Handle(room).acting_for(owner), [str(len(_NOTES) - 1)])
    if not rung:
        raise VecGuardError("no alarm: is reads.shared set to nothing, or are the budgets for shared rows 0?")
    return _Times(ended - started, rung[0] - started)
