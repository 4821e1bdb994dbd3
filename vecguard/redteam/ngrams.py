"""What is usual to say: a trigram model of the attacker's own texts, the prior of a search through sentences.

Interpolated absolute discounting (Ney, Essen & Kneser 1994): each order gives up a fixed part of each count to the
order below, the lowest to every token of the lexicon alike. Counts are sorted arrays of numbers, so that thousands of
sequences are scored at once.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Doubles
from vecguard.redteam.phrases import PAD, Ids

_DISCOUNT = 0.75


@dataclass(frozen=True, slots=True)
class Counts:
    """How often each n-gram occurs, and for each context how often it does and with how many different ends."""

    grams: Ids = field(repr=False)
    times: Ids = field(repr=False)
    contexts: Ids = field(repr=False)
    totals: Ids = field(repr=False)
    kinds: Ids = field(repr=False)

    @classmethod
    def of(cls, grams: Ids, size: int) -> Counts:
        """Count numbered n-grams (n,): a context times `size` plus the token that ends it."""
        distinct, times = np.unique(grams, return_counts=True)
        contexts, first, kinds = np.unique(distinct // size, return_index=True, return_counts=True)
        return cls(distinct, times, contexts, np.add.reduceat(times, first), kinds)

    def interpolated(self, grams: Ids, size: int, below: Doubles) -> Doubles:
        """Return the probability of n-grams (n,), given that of the order below (n,)."""
        times = _found(self.grams, self.times, grams)
        totals, kinds = (_found(self.contexts, each, grams // size) for each in (self.totals, self.kinds))
        own = np.maximum(times - _DISCOUNT, 0.0) + _DISCOUNT * kinds * below
        mixed: Doubles = np.where(totals > 0, own / np.maximum(totals, 1), below)
        return mixed


@dataclass(frozen=True, slots=True)
class Trigrams:
    """A model over `size` numbered tokens."""

    size: int
    orders: tuple[Counts, ...] = field(repr=False)

    @classmethod
    def of(cls, sequences: Ids, size: int) -> Trigrams:
        """Learn from texts (n, length), each with END and PAD behind it."""
        grams, written = _grams(sequences, size)
        return cls(size, tuple(Counts.of(each[written], size) for each in grams))

    def likely(self, sequences: Ids) -> Doubles:
        """Return the log probability (n,) of texts (n, length), each with END and PAD behind it."""
        grams, written = _grams(sequences, self.size)
        chance = np.full(int(written.sum()), 1 / self.size)
        for each, counts in zip(grams, self.orders, strict=True):
            chance = counts.interpolated(each[written], self.size, chance)
        logs = np.zeros(written.shape)
        logs[written] = np.log(chance)
        total: Doubles = logs.sum(axis=1)
        return total


def _grams(sequences: Ids, size: int) -> tuple[Sequence[Ids], NDArray[np.bool_]]:
    """Return the unigrams, bigrams and trigrams that end at each place (n, length), and which places are written."""
    before = np.pad(sequences, ((0, 0), (2, 0)), constant_values=PAD)
    first, second, third = before[:, :-2], before[:, 1:-1], before[:, 2:]
    pair = second * size + third
    return (third, pair, first * size**2 + pair), third != PAD


def _found(keys: Ids, values: Ids, wanted: Ids) -> Ids:
    """Return the value of each wanted key, 0 for those that there are not."""
    place = np.minimum(np.searchsorted(keys, wanted), len(keys) - 1)
    found: Ids = np.where(keys[place] == wanted, values[place], 0)
    return found
