"""Looking for many byte strings at once in files of any size.

Every pattern is known by its eight-byte words at the eight places at which a word of the file may begin in it. So only
every eighth byte of a file is looked up, all of them at once, in a table of bits; what the table lets pass is looked up
exactly, and what that lets pass is compared byte by byte. A pattern of 15 bytes or more is found wherever it lies.

Run as a script it searches files for patterns that it reads from standard input, and prints what it found as lines of
JSON. That is how it is run: SQLite's locks belong to the process, and a process that opens and closes a database file
beside SQLite lets go of them (sqlite.org/howtocorrupt.html, section 2.2). It imports nothing but numpy.
"""

from __future__ import annotations

import json
import os
import struct
import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from dataclasses import dataclass, field
from pathlib import Path
from typing import BinaryIO

import numpy as np
from numpy.typing import NDArray

SHORTEST = 15
"""Bytes of the shortest pattern that is found wherever it lies."""
_WORD = 8
_CHUNK = 8 << 20
_MIX = np.uint64(0x9E3779B97F4A7C15)  # an odd constant that spreads words over the table (Fibonacci hashing)
_HEAD = struct.Struct("<QQ")


@dataclass(frozen=True, slots=True)
class Pattern:
    """What to look for, and the number of the needle that it is a spelling or a part of."""

    text: bytes = field(repr=False)
    needle: int


class Matcher:
    """Finds patterns in buffers. `found` says of each needle whether any of its patterns was met."""

    def __init__(self, patterns: Sequence[Pattern], needles: int) -> None:
        usable = [each for each in patterns if len(each.text) >= SHORTEST]
        self.found = np.zeros(needles, dtype=np.bool_)
        self.longest = max((len(each.text) for each in usable), default=0)
        self._texts = [each.text for each in usable]
        self._needle = np.array([each.needle for each in usable], dtype=np.int64)
        words = np.array([struct.unpack_from("<8Q", _spread(text)) for text in self._texts], dtype=np.uint64)
        flat = words.reshape(-1)
        order = np.argsort(flat, kind="stable")
        self._words, self._entry = flat[order], order  # entry // 8 is the pattern, entry % 8 where in it the word is
        bits = max(16, min(27, (64 * len(flat)).bit_length()))  # at most 2 % of other words pass
        self._shift = np.uint64(64 - bits)
        self._table = np.zeros(1 << bits, dtype=np.bool_)
        self._table[self._places(self._words)] = True

    def __repr__(self) -> str:
        return f"<Matcher of {len(self._texts)} pattern(s)>"

    def feed(self, buffer: bytes, start: int = 0, end: int | None = None) -> None:
        """Look at the words of a buffer from `start`, a multiple of eight, to `end`; patterns may reach beyond both."""
        stop = len(buffer) if end is None else end
        count = (stop - start) // _WORD
        if not self._texts or count <= 0:
            return
        words = np.frombuffer(buffer, dtype="<u8", count=count, offset=start)
        likely = np.flatnonzero(self._table[self._places(words)])
        if not likely.size:
            return
        chosen = words[likely]
        first = np.searchsorted(self._words, chosen, side="left")
        last = np.searchsorted(self._words, chosen, side="right")
        for at, low, high in zip(likely[first < last], first[first < last], last[first < last], strict=True):
            self._compare(buffer, start + int(at) * _WORD, self._entry[low:high])

    def look(self, text: bytes) -> None:
        """Look at all of a text, wherever its patterns lie."""
        self.feed(_padded(text))

    def _compare(self, buffer: bytes, place: int, entries: NDArray[np.int64]) -> None:
        sought = entries[~self.found[self._needle[entries // _WORD]]]
        for entry in sought.tolist():
            number, inside = divmod(entry, _WORD)
            text = self._texts[number]
            begin = place - inside
            if begin >= 0 and buffer.startswith(text, begin):
                self.found[self._needle[number]] = True

    def _places(self, words: NDArray[np.uint64]) -> NDArray[np.uint64]:
        with np.errstate(over="ignore"):
            mixed: NDArray[np.uint64] = (words * _MIX) >> self._shift
        return mixed


def _spread(text: bytes) -> bytes:
    """Return the words at the first eight places of a pattern, one after the other."""
    return b"".join(text[at : at + _WORD] for at in range(_WORD))


def search(matcher: Matcher, path: Path, moved: Callable[[int], object] | None = None) -> int:
    """Look at a file as it is now; return its bytes. `moved` is told how many more were looked at."""
    edge = -(-matcher.longest // _WORD) * _WORD
    done = 0
    with path.open("rb") as file:
        before = b""
        chunk = file.read(_CHUNK)
        while chunk:
            after = file.read(_CHUNK)
            # whole chunks keep words aligned to the file; the last words of one may begin a pattern of the next
            buffer = before + chunk + after[:edge]
            matcher.feed(_padded(buffer), len(before), len(before) + -(-len(chunk) // _WORD) * _WORD)
            done += len(chunk)
            if moved is not None:
                moved(len(chunk))
            before, chunk = chunk[-edge:] if edge else b"", after
    return done


def _padded(buffer: bytes) -> bytes:
    """Fill up the last word, so that a pattern which ends a file is found too."""
    return buffer + bytes(-len(buffer) % _WORD)


# ------------------------------------------------------------------------------------------- between the processes


def packed(paths: Sequence[Path], patterns: Sequence[Pattern], needles: int) -> bytes:
    """Encode a search for standard input."""
    head = json.dumps({"paths": [str(path) for path in paths], "needles": needles}).encode()
    lengths = np.array([len(each.text) for each in patterns], dtype="<u4").tobytes()
    numbers = np.array([each.needle for each in patterns], dtype="<u4").tobytes()
    return b"".join(
        (_HEAD.pack(len(head), len(patterns)), head, lengths, numbers, b"".join(each.text for each in patterns))
    )


def _unpacked(source: BinaryIO) -> tuple[list[Path], list[Pattern], int]:
    length, count = _HEAD.unpack(source.read(_HEAD.size))
    head = json.loads(source.read(length))
    lengths = np.frombuffer(source.read(4 * count), dtype="<u4").tolist()
    numbers = np.frombuffer(source.read(4 * count), dtype="<u4").tolist()
    patterns = [Pattern(source.read(size), number) for size, number in zip(lengths, numbers, strict=True)]
    return [Path(each) for each in head["paths"]], patterns, head["needles"]


def _main() -> Iterator[dict[str, object]]:
    paths, patterns, needles = _unpacked(sys.stdin.buffer)
    matcher = Matcher(patterns, needles)
    for path in paths:
        before = matcher.found.copy()
        try:
            size = search(matcher, path)
        except FileNotFoundError:  # the store took it away meanwhile: there is nothing in it
            continue
        except OSError as failure:
            yield {"failed": str(path), "why": type(failure).__name__}
            continue
        yield {"path": str(path), "bytes": size, "found": np.flatnonzero(matcher.found & ~before).tolist()}


if __name__ == "__main__":
    with suppress(BrokenPipeError):  # whoever asked is gone
        for told in _main():
            print(json.dumps(told), flush=True)  # noqa: T201 - this is its output
    os._exit(0)  # nothing that was read needs to be torn down
