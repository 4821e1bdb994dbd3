"""Anchors: where a chain ended at some time, told to somebody outside who keeps it.

A chain shows what was changed in it; that it was taken away whole, or swapped for what it was a week ago, only shows to
whoever has kept a later end. An anchor is that end: a writer, a number, and a MAC that only the key makes. It may lie
anywhere: syslog, an object store with a lock, a mail to the auditor.
"""

from __future__ import annotations

import re
import time
from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace
from typing import Self, TypeAlias

from vecguard.errors import AuditFailed, PolicyError, shielded

_WORD = "vecguard-audit-anchor"
_WRITTEN = re.compile(rf"{_WORD} ([0-9a-f]{{32}}) ([0-9]{{1,18}}) ([0-9a-f]{{64}})(?![0-9a-f])")


@dataclass(frozen=True, slots=True)
class Anchor:
    """The end of a chain: whose it is, how many lines it had, and the MAC of that in hexadecimal.

    As text it is one line, `vecguard-audit-anchor WRITER NUMBER MAC`, and shows nothing that is secret.
    """

    writer: str
    number: int
    mac: str

    def __str__(self) -> str:
        return f"{_WORD} {self.writer} {self.number} {self.mac}"

    @classmethod
    def among(cls, text: str) -> list[Self]:
        """Find every anchor in a text, whatever a logger has put around them."""
        return [cls(writer, int(number), mac) for writer, number, mac in _WRITTEN.findall(text)]


Keep: TypeAlias = Callable[[Anchor], object]
"""Keeps an anchor outside. It runs inside the call that wrote the line, so it should be quick; it must not use the
guard. What it returns is ignored; if it raises, the guard refuses calls that have to be audited until it succeeds."""


@dataclass(frozen=True, slots=True)
class Due:
    """When an anchor is due: after that many lines, or when the first line after the last anchor is that old."""

    lines: int = 1_000
    seconds: float = 60.0

    def __post_init__(self) -> None:
        if self.lines < 1 or not self.seconds > 0:
            raise PolicyError("an anchor is due after at least one line, and after more than no time")


@dataclass(frozen=True, slots=True)
class _Since:
    """What was written since the last anchor: up to which number there is one, and when the first line came after."""

    number: int = 0
    first_at: float | None = None


class Anchoring:
    """Tells `keep` where one chain ends, in time. Not safe to share between threads: its chain's lock guards it.

    An anchor that could not be kept stays due. Nothing is lost by that, for the lines are in the chain; but the next
    line is refused (`AuditFailed`), before anything is done that it would tell of.
    """

    def __init__(self, keep: Keep, due: Due, clock: Callable[[], float] = time.monotonic) -> None:
        self._keep = keep
        self._due = due
        self._clock = clock
        self._since = _Since()

    def afresh(self) -> None:
        """Begin again with another chain."""
        self._since = _Since()

    def in_time(self, anchor: Callable[[], Anchor], number: int) -> None:
        """Keep an anchor if one is due for a chain of `number` lines, or raise `AuditFailed`."""
        if self._is_due(number) and not self._kept(anchor()):
            raise AuditFailed("the audit chain could not be anchored outside, so the call was refused")

    def written(self, anchor: Callable[[], Anchor], number: int) -> None:
        """Take note of lines that were written, and keep an anchor if one is due; if that fails it stays due."""
        if number > self._since.number and self._since.first_at is None:
            self._since = replace(self._since, first_at=self._clock())
        if self._is_due(number):
            self._kept(anchor())

    def now(self, anchor: Anchor) -> None:
        """Keep an anchor for whatever has none yet, or raise `AuditFailed`."""
        if anchor.number > self._since.number and not self._kept(anchor):
            raise AuditFailed("the audit chain could not be anchored outside; its lines are written")

    def _is_due(self, number: int) -> bool:
        if number - self._since.number >= self._due.lines:
            return True
        first = self._since.first_at
        return first is not None and self._clock() - first >= self._due.seconds

    def _kept(self, anchor: Anchor) -> bool:
        try:
            shielded(AuditFailed, lambda: self._keep(anchor))
        except Exception:  # noqa: BLE001 - one of our own errors, from whatever the callable does, is a failure too
            return False
        self._since = _Since(anchor.number)
        return True


def read(lines: Iterable[str]) -> list[Anchor]:
    """Return every anchor in the lines of a file."""
    return [anchor for line in lines for anchor in Anchor.among(line)]
