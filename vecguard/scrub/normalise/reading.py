"""A text as somebody might read it, and the way back to the text as it was written.

A reading is made by edits: "these characters are read as those". Edits are applied in stages, each on the outcome of
the last, and the places of all stages are kept in terms of the original, so that a chain of decodings needs no chain
of look-ups.
"""

from __future__ import annotations

from bisect import bisect_left, bisect_right
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field
from typing import NamedTuple

MARGIN = 96  # characters kept on either side of what reads differently: enough for a context word and its sentence
_CUT = "\n\ufffc\n"  # between excerpts; no pattern crosses it


class Edit(NamedTuple):
    """Characters `start` to `end` of a reading are read as `text`; equal positions insert, an empty text drops."""

    start: int
    end: int
    text: str


@dataclass(frozen=True, slots=True)
class Reading:
    """`text`, whose character i stands for characters `starts[i]` to `ends[i]` of the original.

    Both sequences never decrease; None stands for 0, 1, 2 ... and 1, 2, 3 ...: nothing has moved. `touched` are the
    places in the original that some edit has changed, and `kinds` name the stages that changed anything.
    """

    text: str = field(repr=False)
    starts: Sequence[int] | None = field(default=None, repr=False)
    ends: Sequence[int] | None = field(default=None, repr=False)
    touched: tuple[tuple[int, int], ...] = field(default=(), repr=False)
    kinds: tuple[str, ...] = ()

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original that `start` to `end` stands for; raise ValueError for an empty one."""
        if not 0 <= start < end <= len(self.text):
            raise ValueError("a span of a reading has at least one character and ends within it")
        if self.starts is None or self.ends is None:
            return start, end
        return self.starts[start], self.ends[end - 1]

    def rewritten(self, kind: str, edits: Sequence[Edit]) -> Reading:
        """Apply disjoint edits given in order; every character of an edit stands for the whole of what it replaces."""
        if not edits:
            return self
        kinds = self.kinds if kind in self.kinds else (*self.kinds, kind)
        old_starts, old_ends = self._positions()
        limit = old_ends[-1] if self.text else 0
        places: list[tuple[int, int]] = []
        starts: list[int] = []
        ends: list[int] = []
        pieces: list[str] = []
        at = 0
        for begin, end, text in edits:
            if begin < end:
                first, last = old_starts[begin], old_ends[end - 1]
            else:
                first = last = old_starts[begin] if begin < len(self.text) else limit
            places.append((first, last))
            pieces += (self.text[at:begin], text)
            starts += old_starts[at:begin]
            ends += old_ends[at:begin]
            if len(text) == 1:
                starts.append(first)
                ends.append(last)
            else:
                starts += [first] * len(text)
                ends += [last] * len(text)
            at = end
        pieces.append(self.text[at:])
        starts += old_starts[at:]
        ends += old_ends[at:]
        return Reading("".join(pieces), starts, ends, (*self.touched, *places), kinds)

    def _positions(self) -> tuple[Sequence[int], Sequence[int]]:
        if self.starts is None or self.ends is None:
            return range(len(self.text)), range(1, len(self.text) + 1)
        return self.starts, self.ends

    def excerpt(self, since: int = 0) -> Reading:
        """Keep only what was touched (by edits from number `since` on) and its surroundings.

        A reading differs in few places, and the rest has been looked at in the plain text already.
        """
        starts, ends = self._positions()
        spots = sorted((bisect_right(ends, a), bisect_left(starts, b)) for a, b in set(self.touched[since:]))
        windows = _windows(self.text, spots)
        if windows == [(0, len(self.text))]:
            return self
        kept_starts: list[int] = []
        kept_ends: list[int] = []
        for begin, end in windows:
            if kept_ends:
                kept_starts += [kept_ends[-1]] * len(_CUT)
                kept_ends += [kept_ends[-1]] * len(_CUT)
            kept_starts += starts[begin:end]
            kept_ends += ends[begin:end]
        text = _CUT.join(self.text[begin:end] for begin, end in windows)
        return Reading(text, kept_starts, kept_ends, self.touched, self.kinds)


def disjoint(edits: Iterable[Edit]) -> list[Edit]:
    """Sort edits by place and drop those that overlap an earlier one."""
    kept: list[Edit] = []
    for edit in sorted(edits, key=lambda edit: (edit.start, -edit.end)):
        if not kept or edit.start >= kept[-1].end:
            kept.append(edit)
    return kept


def _windows(text: str, spots: Iterable[tuple[int, int]]) -> list[tuple[int, int]]:
    """Return disjoint windows around the spots, cut at white space so that no number is cut in two."""
    near = _merged(((begin, max(begin, end)) for begin, end in spots), 2 * MARGIN)
    return _merged(((_back_to_space(text, begin), _on_to_space(text, end)) for begin, end in near), len(_CUT))


def _merged(spans: Iterable[tuple[int, int]], distance: int) -> list[tuple[int, int]]:
    """Join spans, given by their starts in order, that are no further apart than `distance`."""
    merged: list[tuple[int, int]] = []
    for begin, end in spans:
        if merged and begin <= merged[-1][1] + distance:
            merged[-1] = (merged[-1][0], max(end, merged[-1][1]))
        else:
            merged.append((begin, end))
    return merged


def _back_to_space(text: str, at: int) -> int:
    low = max(0, at - MARGIN)
    if low == 0:
        return 0
    for position in range(low, max(0, low - MARGIN), -1):
        if text[position - 1].isspace():
            return position
    return low


def _on_to_space(text: str, at: int) -> int:
    high = min(len(text), at + MARGIN)
    for position in range(high, min(len(text), high + MARGIN)):
        if text[position].isspace():
            return position
    return min(len(text), high + MARGIN) if high < len(text) else high
