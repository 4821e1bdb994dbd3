"""What an audit chain is, and whether it holds.

Each line has a MAC over itself and the MAC of the line before; the end of each chain is registered with a MAC of its
own, and so is the number of chains. Nothing here reads or writes: lines come in, in order, and a verdict goes out.
"""

from __future__ import annotations

import hmac
from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, replace
from itertools import groupby
from typing import TypeAlias

from vecguard.evidence.anchors import Anchor
from vecguard.keys import Secret

START = b"\x00" * 32
WRITERS = "writers"

Row: TypeAlias = Mapping[str, object]
"""A line as it was found: whoever changed it may have put anything into it."""


def line_mac(key: Secret, last: bytes, line: Row) -> bytes:
    """MAC of a line: everything in it but the MAC, and the MAC of the line before."""
    return key.mac(last, *(f"{name}={line[name]!r}" for name in sorted(line) if name != "mac"))


def head_mac(key: Secret, writer: str, number: int, last: bytes) -> bytes:
    """MAC of where a chain ends: without the key, an earlier line cannot be made its end."""
    return key.mac("head", writer, number, last)


def counted(key: Secret, writers: int) -> str:
    """Return the number of chains that there are, with its MAC."""
    return f"{writers}:{key.mac(WRITERS, writers).hex()}"


def count_of(key: Secret, value: object) -> int | None:
    """Read what `counted` made; None if that is not what this is."""
    number = str(value).partition(":")[0]
    genuine = number.isascii() and number.isdigit() and len(number) < 19
    return (
        int(number)
        if genuine and hmac.compare_digest(str(value).encode(), counted(key, int(number)).encode())
        else None
    )


@dataclass(frozen=True, slots=True)
class Head:
    """Where a chain ends, as the log has it."""

    number: object
    mac: object


@dataclass(frozen=True, slots=True)
class Log:
    """All lines, each writer's together and in order; the ends of all chains; how many there are, as `counted`."""

    lines: Iterable[Row]
    heads: Mapping[object, Head]
    writers: object


@dataclass(frozen=True, slots=True)
class Break:
    """Where a chain does not hold: the writer ("" for all of them), the lines' numbers, and what is wrong."""

    writer: str
    number: int
    reason: str
    last: int = 0

    @property
    def place(self) -> str:
        """Say which line or lines, in words."""
        return f"line {self.number}" if self.last <= self.number else f"lines {self.number} to {self.last}"


@dataclass(frozen=True, slots=True)
class Chain:
    """One writer's chain: how many lines it has, when the first and the last were written (None if that is no time)."""

    writer: str
    lines: int
    first: float | None
    last: float | None
    breaks: tuple[Break, ...]


@dataclass(frozen=True, slots=True)
class Verdict:
    """All chains of a log, oldest first, and what is wrong with them. No breaks: every line is as it was written."""

    chains: tuple[Chain, ...]
    breaks: tuple[Break, ...]

    @property
    def lines(self) -> int:
        """How many lines were looked at."""
        return sum(each.lines for each in self.chains)


def check(key: Secret, log: Log, anchors: Iterable[Anchor] = ()) -> Verdict:
    """Check every chain from its first line to its registered end, past every anchor that somebody has kept."""
    kept: defaultdict[object, list[Anchor]] = defaultdict(list)
    for anchor in anchors:
        kept[anchor.writer].append(anchor)
    chains: list[Chain] = []
    seen: dict[object, None] = {}
    for writer, lines in groupby(log.lines, key=lambda line: line["writer"]):
        chains.append(_followed(key, writer, lines, log.heads.get(writer), kept[writer]))
        seen[writer] = None
    for writer in log.heads.keys() - seen.keys():
        chains.append(_followed(key, writer, (), log.heads[writer], kept[writer]))
        seen[writer] = None
    breaks = [found for chain in chains for found in chain.breaks]
    breaks += [
        Break(each.writer, each.number, "the whole chain is gone, and an anchor says that it was here")
        for writer, those in kept.items()
        if writer not in seen
        for each in those[-1:]
    ]
    if count_of(key, log.writers) != len(seen) and not (log.writers is None and not seen):
        breaks.append(Break("", 0, "a chain is missing, or the count of chains was changed"))
    chains.sort(key=lambda chain: (chain.first is None, chain.first or 0.0, chain.writer))
    return Verdict(tuple(chains), tuple(breaks))


def _followed(key: Secret, writer: object, lines: Iterable[Row], head: Head | None, anchors: Sequence[Anchor]) -> Chain:
    walk = _Walk(key, str(writer), anchors)
    for line in lines:
        walk.step(line)
    walk.end(head)
    return Chain(walk.writer, walk.lines, walk.first, walk.last, tuple(walk.breaks))


class _Walk:
    """One chain, followed line by line. After a break it goes on, from whichever MAC the next line fits."""

    def __init__(self, key: Secret, writer: str, anchors: Sequence[Anchor]) -> None:
        self._key = key
        self._links: tuple[bytes, ...] = (START,)  # what the MAC of the last line may be; one, unless it was changed
        self._number = 0
        self._anchors: defaultdict[int, list[str]] = defaultdict(list)
        for anchor in anchors:
            self._anchors[anchor.number].append(anchor.mac)
        self.writer = writer
        self.lines = 0
        self.first: float | None = None
        self.last: float | None = None
        self.breaks: list[Break] = []

    def step(self, line: Row) -> None:
        """Check the next line."""
        number, mac = line["number"], line["mac"]
        if number == self._number + 1:
            self._number += 1
            self._link(line, mac)
        elif isinstance(number, int) and number > self._number:
            self._break(self._number + 1, "a line is missing", number - 1)
            self._number = number
            self._links = _bytes(mac)
        else:
            self._break(self._number + 1, "a line is out of its place")
        self._met()
        self._timed(line["at"])

    def end(self, head: Head | None) -> None:
        """Check where the chain ends."""
        if head is None:
            self._break(self._number, "the chain has no registered end")
        elif head.number != self._number or head.mac not in self._ends():
            self._break(self._number, "the end is not where it was registered")
        if self._anchors and (anchored := max(self._anchors)) > self._number:
            self._break(self._number + 1, "the chain was cut off or swapped back behind an anchor", anchored)

    def _link(self, line: Row, mac: object) -> None:
        made = [line_mac(self._key, link, line) for link in self._links]
        if mac in made:
            self._links = _bytes(mac)
            return
        self._break(self._number, "a line was changed")
        self._links = _bytes(mac, *made)[:4]  # the line was changed, or its MAC was: the next one tells

    def _met(self) -> None:
        """Compare the end as of now with those that were anchored here."""
        if any(each not in {end.hex() for end in self._ends()} for each in self._anchors.get(self._number, ())):
            self._break(self._number, "the chain is not the one that was anchored here")

    def _ends(self) -> list[bytes]:
        return [head_mac(self._key, self.writer, self._number, link) for link in self._links]

    def _timed(self, at: object) -> None:
        self.lines += 1
        if isinstance(at, float):
            self.first = at if self.first is None else self.first
            self.last = at

    def _break(self, number: int, reason: str, last: int = 0) -> None:
        """Note a break; one that goes on from line to line is one."""
        before = self.breaks[-1] if self.breaks else None
        if before is not None and before.reason == reason and max(before.last, before.number) == number - 1:
            self.breaks[-1] = replace(before, last=max(number, last))
        else:
            self.breaks.append(Break(self.writer, number, reason, max(number, last)))


def _bytes(*macs: object) -> tuple[bytes, ...]:
    return tuple(each for each in macs if isinstance(each, bytes))
