"""What a process told of its calls before it died, and what may therefore be there."""

from __future__ import annotations

import json
from collections.abc import Iterable, Iterator, Mapping
from dataclasses import dataclass, field
from typing import Any

from .sites import ChromaSite
from .world import Call, World


class Broken(AssertionError):
    """An invariant does not hold."""


@dataclass(frozen=True, slots=True)
class Death:
    """How a life ended: where it was killed ("" if it was not, "at random" by the clock), and what may be there now."""

    where: str
    worlds: tuple[World, ...]
    settling: bool = True
    calls: int = 0
    refused: tuple[str, ...] = ()


def told(journal: str) -> Iterator[Mapping[str, Any]]:
    """Read a journal; a line that is not whole was not told."""
    whole, _, _ = journal.rpartition("\n")
    return (json.loads(line) for line in whole.splitlines())


def death_of(lines: Iterable[Mapping[str, Any]], worlds: tuple[World, ...], site: type[ChromaSite]) -> Death:
    """Read a journal: what was acknowledged has happened, and the one call that was not has or has not."""
    reading = _Reading(worlds, site)
    for each in lines:
        reading.take(each)
    return Death(reading.where, reading.left(), reading.settling, reading.calls, tuple(reading.refused))


@dataclass(slots=True)
class _Reading:
    """As far as a journal was read: the worlds that may be there, and those after a call that was begun."""

    worlds: tuple[World, ...]
    site: type[ChromaSite]
    begun: tuple[World, ...] | None = None
    where: str = "at random"
    settling: bool = True
    calls: int = 0
    refused: list[str] = field(default_factory=list)

    def take(self, told: Mapping[str, Any]) -> None:
        match told["what"]:
            case "began":
                call = Call.read(told["call"])
                self.begun = tuple(world.after(call, merges=self.site.merges) for world in self.worlds)
            case "acknowledged":
                self.worlds, self.begun, self.calls = self.begun or self.worlds, None, self.calls + 1
            case "refused":
                self.worlds, self.begun = (*self.worlds, *(self.begun or ())), None
                self.refused.append(told["error"])
            case "examined" if told["broken"]:
                raise Broken(f"no world that may be is there: {told['broken']}")
            case "examined":
                self.settling, self.worlds = False, tuple(self.worlds[at] for at in told["alive"])
            case _:
                self._end(told)

    def _end(self, told: Mapping[str, Any]) -> None:
        match told["what"]:
            case "killed":
                self.where = told["label"]
            case "stopped":
                self.where = ""
                self.refused.append(told["error"])
            case "done":
                self.where = ""
            case "died":
                raise Broken(f"a life ended of itself: {told['trace']}")

    def left(self) -> tuple[World, ...]:
        """Return what may be there, each world once.

        A call may also be in the log and in nothing else, if the store refused it.
        """
        left = (*self.worlds, *(self.begun or ()))
        if self.begun is not None and self.refused:
            left += tuple(then.logged(now) for now, then in zip(self.worlds, self.begun, strict=True))
        return tuple(world for at, world in enumerate(left) if world not in left[:at])
