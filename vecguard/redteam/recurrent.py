"""A recurrent network that writes a text token by token while it looks at one vector.

A gated recurrent unit (Cho et al. 2014) whose state starts from the vector, whose input at every step is the last token
plus a projection of the vector, and whose output has the vector's own vote for each token added to it. Token
embeddings serve as output weights too (Press & Wolf 2017). Trained by `decoder`; here it is plain arrays.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats
from vecguard.redteam.phrases import END, PAD, RARE, Ids

_LONGEST = 48  # tokens
_AT_ONCE = 128  # rows
_NEVER = np.float32(-1e9)
Real: TypeAlias = NDArray[np.floating[Any]]  # float32 throughout, which checkers of types lose in arithmetic


@dataclass(frozen=True, slots=True)
class Network:
    """Weights for vectors of dimension d, a state of h units, and v tokens.

    Each pair is a layer: `start` and `look` (d, h) make the first state and the input of every step from a vector,
    `wide` (d, h) and `vote` (h, v) its vote; `into` and `onto` (h, 3h) are the gates (reset, update, new) over input
    and state; `tokens` (v, h) are the embeddings.
    """

    tokens: Floats = field(repr=False)
    start: Floats = field(repr=False)
    start_bias: Floats = field(repr=False)
    look: Floats = field(repr=False)
    look_bias: Floats = field(repr=False)
    wide: Floats = field(repr=False)
    wide_bias: Floats = field(repr=False)
    vote: Floats = field(repr=False)
    vote_bias: Floats = field(repr=False)
    into: Floats = field(repr=False)
    into_bias: Floats = field(repr=False)
    onto: Floats = field(repr=False)
    onto_bias: Floats = field(repr=False)

    def write(self, rows: Floats, *, beam: int) -> tuple[Ids, Floats]:
        """Return the `beam` likeliest texts of each row (n, d), best first, and their log chance per token (n, beam).

        Texts are numbers (n, beam, longest), each with END behind it. A beam of 1 is greedy.
        """
        parts = [self._written(rows[i : i + _AT_ONCE], beam) for i in range(0, len(rows), _AT_ONCE)]
        if not parts:
            return np.zeros((0, beam, 1), dtype=np.int64), np.zeros((0, beam), dtype=np.float32)
        longest = max(texts.shape[2] for texts, _ in parts)
        padded = [
            np.pad(texts, ((0, 0), (0, 0), (0, longest - texts.shape[2])), constant_values=END) for texts, _ in parts
        ]
        return np.concatenate(padded), np.concatenate([chances for _, chances in parts])

    def _written(self, rows: Floats, beam: int) -> tuple[Ids, Floats]:
        count, size = len(rows), len(self.tokens)
        state = np.repeat(np.tanh(rows @ self.start + self.start_bias), beam, axis=0)
        seen = np.repeat(rows @ self.look + self.look_bias, beam, axis=0)
        vote = np.repeat(np.maximum(rows @ self.wide + self.wide_bias, 0) @ self.vote + self.vote_bias, beam, axis=0)
        vote[:, [PAD, RARE]] = _NEVER
        texts = np.zeros((count, beam, 0), dtype=np.int64)
        total = np.full((count, beam), _NEVER, dtype=np.float32)
        total[:, 0] = 0  # all beams begin alike: one of them counts
        last = np.full((count, beam), PAD, dtype=np.int64)
        for _ in range(_LONGEST):
            state = self._step(self.tokens[last.ravel()] + seen, state)
            chances = _log_chances(state @ self.tokens.T + vote).reshape(count, beam, size)
            chances[last == END] = _NEVER
            chances[last == END, END] = 0
            total, place = _best((total[:, :, None] + chances).reshape(count, -1), beam)
            parent, last = np.divmod(place, size)
            texts = np.concatenate([np.take_along_axis(texts, parent[:, :, None], axis=1), last[:, :, None]], axis=2)
            state = np.take_along_axis(state.reshape(count, beam, -1), parent[:, :, None], axis=1).reshape(
                count * beam, -1
            )
            if (last == END).all():
                break
        return _by_chance(texts, total)

    def _step(self, seen: Real, state: Real) -> Real:
        units = state.shape[1]
        given, kept = seen @ self.into + self.into_bias, state @ self.onto + self.onto_bias
        gates = _sigmoid(given[:, : 2 * units] + kept[:, : 2 * units])
        reset, update = gates[:, :units], gates[:, units:]
        fresh = np.tanh(given[:, 2 * units :] + reset * kept[:, 2 * units :])
        return (1 - update) * fresh + update * state


def _sigmoid(values: Real) -> Real:
    curved: Real = 0.5 * (1 + np.tanh(0.5 * values))
    return curved


def _log_chances(logits: Real) -> Real:
    logits -= logits.max(axis=1, keepdims=True)
    logits -= np.log(np.exp(logits).sum(axis=1, keepdims=True))
    return logits


def _best(scores: Real, count: int) -> tuple[Real, Ids]:
    """Return the `count` largest of each row and where they are, largest first."""
    place = np.argpartition(-scores, count - 1, axis=1)[:, :count]
    order = np.argsort(-np.take_along_axis(scores, place, axis=1), axis=1, kind="stable")
    place = np.take_along_axis(place, order, axis=1)
    return np.take_along_axis(scores, place, axis=1), place


def _by_chance(texts: Ids, total: Real) -> tuple[Ids, Floats]:
    """Order texts by log chance per token: by the sum alone the shortest wins."""
    per_token = (total / (np.sum(texts != END, axis=2) + 1)).astype(np.float32)
    order = np.argsort(-per_token, axis=1, kind="stable")
    return np.take_along_axis(texts, order[:, :, None], axis=1), np.take_along_axis(per_token, order, axis=1)
