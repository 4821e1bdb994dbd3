"""What a power cut leaves of files: everything that was synced, and of the rest as much as chance will have it.

A log of every change (`shim.c`) is cut somewhere. Writes that no later sync of their file covers may be there or not,
each by itself and in part: blocks of 512 bytes reach a disk in any order. Names are as Linux keeps them: a new file is
there once it or its folder was synced, a rename or removal once the folder was, and each with all that came before it;
of the rest, what came before some point is there. (Pillai et al. 2014, "All file systems are not created equal",
section 2; SQLite's own crash tests do the same.)
"""

from __future__ import annotations

import random
import struct
from collections.abc import Iterable, Iterator, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Literal, TypeAlias

_HEAD = struct.Struct("=cIIq")
_BLOCK = 512
Chance: TypeAlias = random.Random | Literal["nothing"] | None
"""How much is kept of what was not synced: as much as is drawn, nothing, or all."""


@dataclass(frozen=True, slots=True)
class Change:
    """One change of a file. `data` is what was written, or the new name."""

    kind: str
    path: Path
    offset: int
    data: bytes = field(repr=False)


def changes(log: Path) -> list[Change]:
    """Read the log of a shim."""
    raw, at, found = log.read_bytes(), 0, []
    while at + _HEAD.size <= len(raw):
        kind, path, size, offset = _HEAD.unpack_from(raw, at)
        at += _HEAD.size
        name, data = raw[at : at + path], raw[at + path : at + path + size]
        found.append(Change(kind.decode(), Path(name.decode()), offset, data))
        at += path + size
    return found


@dataclass(slots=True, eq=False)
class _File:
    """A file: what the disk has for sure, and what may follow."""

    content: bytearray = field(default_factory=bytearray)
    waiting: list[Change] = field(default_factory=list)

    def synced(self) -> None:
        for each in self.waiting:
            _apply(self.content, each)
        self.waiting.clear()

    def after_cut(self, draw: Chance) -> bytes:
        """Return its content; `draw` None keeps everything, and "nothing" what was synced."""
        content = bytearray(self.content)
        if draw is None:
            parts: Iterable[Change] = self.waiting
        elif draw == "nothing":
            parts = ()
        else:
            kept = draw.choice((0.0, 0.5, 0.9))
            parts = (part for each in self.waiting for part in _torn(each) if draw.random() < kept)
        for part in parts:
            _apply(content, part)
        return bytes(content)


def _torn(change: Change) -> Iterator[Change]:
    if change.kind != "W":
        yield change
        return
    end = change.offset + len(change.data)
    start = change.offset
    while start < end:
        stop = min(end, (start // _BLOCK + 1) * _BLOCK)
        yield Change("W", change.path, start, change.data[start - change.offset : stop - change.offset])
        start = stop


def _apply(content: bytearray, change: Change) -> None:
    if change.kind == "T":
        del content[change.offset :]
        content.extend(bytes(change.offset - len(content)))
        return
    content.extend(bytes(max(0, change.offset - len(content))))
    content[change.offset : change.offset + len(change.data)] = change.data


@dataclass(slots=True)
class Tree:
    """Files by name, as the processes see them and as the disk has them."""

    seen: dict[Path, _File] = field(default_factory=dict)
    lasting: dict[Path, _File] = field(default_factory=dict)
    waiting: list[tuple[Change, _File]] = field(default_factory=list)

    def take(self, change: Change) -> None:
        """Let one more change happen."""
        match change.kind:
            case "W" | "T":
                self.seen.setdefault(change.path, _File()).waiting.append(change)
            case "S" if (file := self.seen.get(change.path)) is not None:
                file.synced()
                self._settle([each.kind == "C" and made is file for each, made in self.waiting])
            case "S":
                self._settle([change.path in _folders(each) for each, _ in self.waiting])
            case "C" | "R" | "U":
                file = self.seen.get(change.path) or _File()
                _rename(self.seen, change, file)
                self.waiting.append((change, file))

    def _settle(self, settled: Sequence[bool]) -> None:
        """Make names last, and with them all that changed before: a file system's journal is in order."""
        for _ in range(len(settled) - settled[::-1].index(True) if True in settled else 0):
            _rename(self.lasting, *self.waiting.pop(0))

    def cut(self, draw: Chance) -> dict[Path, bytes]:
        """Return what is there after the power comes back; without a draw, everything that was done."""
        if draw is None:
            return {path: file.after_cut(None) for path, file in self.seen.items()}
        left = dict(self.lasting)
        for each in self.waiting[: 0 if draw == "nothing" else draw.randrange(len(self.waiting) + 1)]:
            _rename(left, *each)
        return {path: file.after_cut(draw) for path, file in left.items()}


def _folders(change: Change) -> tuple[Path, ...]:
    return (change.path.parent, _target(change).parent)


def _target(change: Change) -> Path:
    return Path(change.data.decode()) if change.kind == "R" else change.path


def _rename(names: dict[Path, _File], change: Change, file: _File) -> None:
    match change.kind:
        case "C":
            names[change.path] = file
        case "R":
            names.pop(change.path, None)
            names[_target(change)] = file
        case "U":
            names.pop(change.path, None)
