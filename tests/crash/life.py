"""A process that lives until it is killed: it opens what the last one left, looks at it, and works on.

    python -m tests.crash.life

stays warm, and forks a child for each request that it reads (a line of JSON, see `Request`): loading clients takes
seconds, and a fork milliseconds. It answers with the child's pid, and with its status once it ended. What a child does
it writes to its journal first; a kill loses nothing that was written.
"""

from __future__ import annotations

import json
import os
import random
import signal
import sys
import time
import traceback
import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path
from typing import Any, Literal, TypeAlias

import vecguard.entry
from vecguard import Budgets, Guard, Keyring, Policy, Scrub
from vecguard.cleaning import scrubber_for
from vecguard.errors import StoreFailed, VecGuardError
from vecguard.flow import Flow
from vecguard.ports import Put, Scrubber
from vecguard.principal import Acting
from vecguard.records import Draft
from vecguard.state.rotation import rotate

from .examine import broken
from .points import Points
from .sites import EMBED, SITES, ChromaSite, named
from .world import OWNERS, Call, World, drawn

_FREE = Budgets(records_a_day=None)
POLICIES: Mapping[str, Policy] = {
    "plain": Policy(scrub=Scrub(enabled=False), budgets=_FREE),
    "scrubbed": Policy(budgets=_FREE),
}


_SAVED = 0.4  # of the calls are followed by a save, where the store has one
_OWNERS = 100  # whose writes are opened
First: TypeAlias = Literal["reconcile", "read", "write", "none"]


@dataclass(frozen=True, slots=True)
class Life:
    """What a child is to do: in which folder, what may be there, how it begins, how many calls, and where it dies.

    Without `worlds` it does not look at what is there. `opens`: it begins so many writes, as far as the put, and dies.
    `first` settles by reconcile, by a read or by the next write. `point`: it kills itself at the point after so many,
    -1 for never; where it is `late`, so many after it has settled and looked. `rotates`: it rotates its keys before it
    makes calls. `stops`: it ends at the first error of
    ours, or of a store's client that cannot be opened.
    """

    site: str
    folder: str
    journal: str
    policy: str
    worlds: tuple[Mapping[str, Any], ...]
    seed: int
    first: First = "reconcile"
    calls: int = 4
    point: int = -1
    late: bool = False
    rotates: bool = False
    opens: int = 0
    stops: bool = False


class Journal:
    """Lines of JSON, each written at once."""

    def __init__(self, path: str) -> None:
        self._file = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_APPEND, 0o600)

    def tell(self, what: str, **details: Any) -> None:
        os.write(self._file, (json.dumps({"what": what, **details}) + "\n").encode())


def live(life: Life, scrubber: Scrubber | None) -> None:
    """Open, settle, examine, work."""
    journal = Journal(life.journal)
    points = Points(lambda label: journal.tell("killed", label=label))
    points.installed()
    folder, draw = Path(life.folder), random.Random(life.seed)
    worlds = [World.read(each) for each in life.worlds]
    points.arm(life.point if life.point >= 0 and not life.late else None)
    journal.tell("started")
    policy = POLICIES[life.policy]
    keys, state = Keyring.from_file(folder / "keys" / "key"), f"sqlite:///{folder}/state/state.db"
    guard = Guard(policy, keys=keys, state=state, embedder=EMBED, scrubber=scrubber)
    started = time.perf_counter()  # some stores settle when they are opened
    site = _opened(life, guard)
    left = life.calls
    if life.opens:
        opened(site, life.opens)
    if life.first == "reconcile":
        site.reconcile()
        journal.tell("settled", seconds=time.perf_counter() - started, rows=len(site.raw()))
    elif life.first == "write":
        worlds = worked(site, worlds, draw, journal, life)
        left -= 1
    elif life.first == "read":
        site.listed(named(OWNERS[0]))
    points.armed = False
    worlds = examined(site, worlds, journal) if worlds else []
    points.arm(life.point if life.point >= 0 and life.late else None)
    if life.rotates:
        rotate([guard.state.database], keys)
        journal.tell("rotated")
    for _ in range(left if worlds else 0):
        worlds = worked(site, worlds, draw, journal, life)
        if draw.random() < _SAVED:
            site.saved()
    points.armed = False
    journal.tell("done", points=points.passed)
    guard.close()


def opened(site: ChromaSite, count: int) -> None:
    """Begin writes of a hundred owners as that many threads would, of one record each; die before the first put."""

    def unsettled(*_: Any) -> Flow[int]:
        yield from ()
        return 0

    setattr(vecguard.entry, "settle", unsettled)  # noqa: B010 - each would look at all that are open already
    site.make(Call("upsert", OWNERS[0], (0,), ("the first record",), ({"n": 0},)))
    guard, shelf, store = site.guard, site.shelf(), site.store()
    flows = []
    for number in range(1, count + 1):
        draft = Draft("upsert", (site.record(number),), (f"record {number}",), ({"n": number},), merge=True)
        flow = guard.write(draft, shelf, Acting.of(f"{OWNERS[0]}-{number % _OWNERS}"), guard.embedding)
        answer: Any = None
        while not isinstance(request := flow.send(answer), Put):
            answer = request.on(store)
        flows.append(flow)
    os.kill(os.getpid(), signal.SIGKILL)


def _opened(life: Life, guard: Guard) -> ChromaSite:
    """Open the store. Where the disk fails, its own client may raise anything."""
    try:
        return SITES[life.site](Path(life.folder) / "rows", guard)
    except VecGuardError:
        raise
    except BaseException:
        if not life.stops:
            raise
    raise StoreFailed("the store cannot be opened", "native")


def examined(site: ChromaSite, worlds: list[World], journal: Journal) -> list[World]:
    """Say which of the worlds that may be there is there, and go on in it."""
    found = [broken(site, world) for world in worlds]
    alive = [at for at, wrong in enumerate(found) if not wrong]
    journal.tell("examined", alive=alive, broken=[] if alive else found)
    return [worlds[at] for at in alive]


def worked(site: ChromaSite, worlds: list[World], draw: random.Random, journal: Journal, life: Life) -> list[World]:
    """Make a call, telling before and after; return what may be there now."""
    call = drawn(draw, worlds[0], site.verbs, scrubbed=life.policy == "scrubbed")
    after = [world.after(call, merges=site.merges) for world in worlds]
    journal.tell("began", call=call.listed())
    try:
        site.make(call)
    except VecGuardError as refused:
        if life.stops:
            raise
        journal.tell("refused", error=type(refused).__name__)
        return [*worlds, *after]
    journal.tell("acknowledged")
    return after


def serve() -> None:
    """Fork a child per line on the standard input."""
    scrubber = scrubber_for(POLICIES["scrubbed"])
    scrubber.scrub(["Eleanor Vance called 415-555-0133"], None)  # its models are loaded by its first text
    _say(ready=os.getpid())
    for line in sys.stdin:
        life = Life(**json.loads(line))
        child = os.fork()
        if child == 0:
            _child(life, scrubber if life.policy == "scrubbed" else None)
        _say(pid=child)
        _, status = os.waitpid(child, 0)
        _say(status=status)


def _say(**what: int) -> None:
    sys.stdout.write(json.dumps(what) + "\n")
    sys.stdout.flush()


def _child(life: Life, scrubber: Scrubber | None) -> None:
    warnings.simplefilter("ignore")
    code = 1
    try:
        live(life, scrubber)
        code = 0
    except VecGuardError as refused:
        if life.stops:
            Journal(life.journal).tell("stopped", error=type(refused).__name__)
            os._exit(0)
        Journal(life.journal).tell("died", trace=traceback.format_exc())
    except BaseException:  # noqa: BLE001 - whatever it is, the parent reads it
        Journal(life.journal).tell("died", trace=traceback.format_exc())
    finally:
        os._exit(code)


if __name__ == "__main__":
    serve()
