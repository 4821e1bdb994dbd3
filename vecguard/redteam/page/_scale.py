"""Where figures lie on a picture: scales, ticks, and labels that do not lie on one another."""

from __future__ import annotations

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import asinh, ceil, floor, log10

_APART = 22.0  # between ticks
_FAR = 8.0  # times the margin: beyond it a straight scale would press the settings that matter into one point


@dataclass(frozen=True, slots=True, kw_only=True)
class Changes:
    """The scale of changes (fractions) between `left` and `right`; bent beyond the margin where some are far out."""

    low: float
    high: float
    left: float
    right: float
    margin: float
    bent: bool

    @classmethod
    def of(cls, found: Iterable[float], margin: float, left: float, right: float) -> Changes:
        """Make room for all changes, for none and for the margin."""
        ends = [*found, 0.0, -1.4 * margin, 0.4 * margin]
        low, high = min(ends), max(ends)
        bent = margin > 0 and max(-low, high) > _FAR * margin
        return cls(low=low, high=high, left=left, right=right, margin=margin, bent=bent)

    def __call__(self, change: float) -> float:
        """Return the place of a change."""
        low, high = self._bend(self.low), self._bend(self.high)
        inset = 0.04 * (self.right - self.left)
        across = (self._bend(change) - low) / (high - low) if high > low else 0.5
        return self.left + inset + across * (self.right - self.left - 2 * inset)

    def ticks(self) -> list[float]:
        """Return some round changes, none too near another; 0 is always one of them."""
        wanted = self._far_ticks() if self.bent else self._round_ticks()
        kept: list[float] = []
        for each in sorted(wanted, key=abs):
            if self.low <= each <= self.high and all(abs(self(each) - self(other)) >= _APART for other in kept):
                kept.append(each)
        return sorted(kept)

    def _bend(self, change: float) -> float:
        return asinh(change / self.margin) if self.bent else change

    def _far_ticks(self) -> list[float]:
        sizes = [self.margin * 10.0**i for i in range(6)] + [1.0]
        return [0.0, *(sign * size for size in sizes if size <= 1.0 for sign in (-1.0, 1.0))]

    def _round_ticks(self) -> list[float]:
        step = _round((self.high - self.low) / 4)
        return [step * i for i in range(floor(self.low / step), ceil(self.high / step) + 1)]


def _round(step: float) -> float:
    """Return the next of 1, 2 and 5 times a power of ten."""
    if step <= 0:
        return 1.0
    power = 10.0 ** floor(log10(step))
    return next(size * power for size in (1, 2, 5, 10) if size * power >= step * (1 - 1e-9))


def spread(wanted: Sequence[float], gap: float, top: float, bottom: float) -> list[float]:
    """Return places near the wanted ones (ascending), `gap` or more apart, between top and bottom if there is room.

    Labels that would touch are moved as a block to the mean of what they want, as little as can be.
    """
    blocks: list[tuple[float, int]] = []  # the first place of a block, and how many are in it
    for each in wanted:
        start, size = each, 1
        while blocks and blocks[-1][0] + blocks[-1][1] * gap > start:
            before, many = blocks.pop()
            start = (before * many + (start - many * gap) * size) / (many + size)
            size += many
        blocks.append((start, size))
    places = [start + i * gap for start, size in blocks for i in range(size)]
    return _within(places, gap, top, bottom)


def _within(places: list[float], gap: float, top: float, bottom: float) -> list[float]:
    kept: list[float] = []
    for each in places:  # from the top down, then from the bottom up
        kept.append(max(each, kept[-1] + gap if kept else top))
    limit = bottom
    for i in range(len(kept) - 1, -1, -1):
        kept[i] = min(kept[i], limit)
        limit = kept[i] - gap
    return kept
