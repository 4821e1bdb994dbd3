"""The host that writes: puts rows back that are not what was stored, and hopes that nobody notices.

Each way of tampering is tried on every row at once; the score is the share that passes for genuine. Floor and ceiling
are 0 and 1: a store that checks nothing lets everything pass.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats
from vecguard.redteam.attack import Hidden, Knowledge, Score, Stolen

Check: TypeAlias = Callable[[Floats], NDArray[np.bool_]]
Tamper: TypeAlias = Callable[[Stolen], Floats]


def swapped(stolen: Stolen) -> Floats:
    """Put each row in the place of the next."""
    return np.roll(stolen.rows, 1, axis=0)


def replay(stolen: Stolen) -> Floats:
    """Put back what an older backup has in this place: the first of the copies, which hide another content here."""
    return stolen.copies[0]


def flipped(stolen: Stolen) -> Floats:
    """Flip one bit of each row: the highest of the exponent of its smallest coordinate, which makes that one vast."""
    return _with_flipped(stolen.rows, np.argmin(np.abs(stolen.rows), axis=1), 1 << 30)


def dented(stolen: Stolen) -> Floats:
    """Flip one bit of each row: the lowest of the exponent of its largest coordinate, which doubles or halves it.

    At r = 1 a mask lets most of these pass: they move a vector by up to .3 of its length, to a cosine of .96.
    """
    return _with_flipped(stolen.rows, np.argmax(np.abs(stolen.rows), axis=1), 1 << 23)


def nudged(stolen: Stolen) -> Floats:
    """Flip one bit of each row: the lowest of the fraction. May pass: it changes a number by a ten-millionth."""
    return _with_flipped(stolen.rows, np.argmax(np.abs(stolen.rows), axis=1), 1)


def negated(stolen: Stolen) -> Floats:
    """Turn each row around, which turns every ranking around."""
    return -stolen.rows


def zeroed(stolen: Stolen) -> Floats:
    """Put zeros in place of each row."""
    return np.zeros_like(stolen.rows)


def made_up(stolen: Stolen) -> Floats:
    """Put random directions of the right lengths in place of the rows."""
    drawn = np.random.default_rng(0).standard_normal(stolen.rows.shape)
    scale = np.linalg.norm(stolen.rows, axis=1) / np.linalg.norm(drawn, axis=1)
    rows: Floats = (drawn * scale[:, None]).astype(np.float32)
    return rows


def half_swapped(stolen: Stolen) -> Floats:
    """Take the second half of each row's coordinates from the next row."""
    mixed = stolen.rows.copy()
    half = mixed.shape[1] // 2
    mixed[:, half:] = np.roll(stolen.rows, 1, axis=0)[:, half:]
    return mixed


def _with_flipped(rows: Floats, columns: NDArray[np.intp], bit: int) -> Floats:
    bits = np.ascontiguousarray(rows, dtype="<f4").copy().view("<u4")
    bits[np.arange(len(rows)), columns] ^= np.uint32(bit)
    tampered: Floats = np.asarray(bits.view("<f4"), dtype=np.float32)
    return tampered


def scaled(stolen: Stolen) -> Floats:
    """Make each row three times as long. Stores that normalise do as much, so this one may pass: it changes nothing."""
    return stolen.rows * np.float32(3)


TAMPERS: Mapping[str, Tamper] = MappingProxyType(
    {each.__name__: each for each in (swapped, replay, flipped, negated, zeroed, made_up, half_swapped)}
)


@dataclass(frozen=True, slots=True)
class Tampering:
    """Tampers with every row and asks `check`, which says of rows (n, d) in the places of the stolen ones which pass.

    `check` is what stands between a store and a caller; its keys stay on its side. Knows nothing.
    """

    check: Check = field(repr=False)

    @property
    def name(self) -> str:
        """What tables call it."""
        return "tampering"

    def fit(self, known: Knowledge) -> Tampering:  # noqa: ARG002 - the protocol's signature
        """Learn nothing: there is nothing to learn."""
        return self

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:  # noqa: ARG002 - the protocol's signature
        """Return the share of rows that passes, per way of tampering. Replay needs copies and is left out without."""
        return tuple(
            Score(f"{name} passes", float(np.mean(self.check(tamper(stolen)))), 0.0)
            for name, tamper in TAMPERS.items()
            if tamper is not replay or stolen.copies
        )
