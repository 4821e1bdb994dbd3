"""Probes: which queries an attacker asks."""

from __future__ import annotations

from dataclasses import dataclass
from typing import Literal, TypeAlias

import numpy as np

from vecguard.arrays import Floats
from vecguard.redteam.attack import Knowledge
from vecguard.redteam.judging import unit

Kind: TypeAlias = Literal["random", "texts", "axes"]


@dataclass(frozen=True, slots=True)
class Probes:
    """`count` queries of a kind.

    random      directions without a preference, d at a time at right angles to each other: nothing has to be known,
                and a monitor sees that nobody means them
    texts       vectors of texts that the attacker owns (with repetition beyond their number): they look like anybody's
    axes        the directions along which such texts differ most, the mean first: they say most per query
    """

    count: int
    kind: Kind = "random"
    seed: int = 0

    def drawn(self, known: Knowledge, dimension: int) -> Floats:
        """Return queries (count, d) at length 1. Raises `BadInput` for texts or axes without a corpus."""
        draw = np.random.default_rng(self.seed)
        if self.kind == "random":
            return _turned(draw, self.count, dimension)
        corpus = unit(known.needed_corpus())
        if self.kind == "texts":
            return corpus[np.resize(draw.permutation(len(corpus)), self.count)]
        _, axes = np.linalg.eigh(corpus.T.astype(np.float64) @ corpus)
        return unit(axes.T[::-1][np.arange(self.count) % dimension])


def _turned(draw: np.random.Generator, count: int, dimension: int) -> Floats:
    """Return `count` directions (count, d): orthonormal bases one after the other, the last one cut."""
    bases = [np.linalg.qr(draw.standard_normal((dimension, dimension)))[0] for _ in range(-(-count // dimension))]
    return np.vstack(bases)[:count].astype(np.float32)
