"""What is done with each word: begin an entity, go on in it, end it, make one of a single word, or pass on.

The actions and their order are those of spaCy's greedy recogniser (BILOU, as in Ratinov & Roth 2009). Outside of an
entity the best action depends on the word alone, so all words of all texts are decided at once. Inside of one it
depends on where the entity began: the few words that begin one are followed to its end, in all texts side by side.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray

Floats: TypeAlias = NDArray[np.float32]
Ints: TypeAlias = NDArray[np.int64]
Flags: TypeAlias = NDArray[np.bool_]
Entity: TypeAlias = tuple[int, int, int]
"""Number of the first token, of the last one, and of the label."""

_BEGIN, _IN, _LAST, _UNIT = range(4)
_NEVER = 2**62  # a place behind every token


@dataclass(frozen=True, slots=True)
class Actions:
    """Scores of Begin, In, Last and Unit of each label, in this order, and of Out.

    A score is the largest of a few sums over three words: this one, the first of the open entity and the one before
    this. Where no entity is open, constants stand for the last two.
    """

    labels: int
    weights: Floats  # (inputs, 3 * pieces * actions)
    inside: Floats  # (pieces * actions,): added to a sum of three
    outside: Floats  # (pieces * actions,): added to the part of the word alone

    @classmethod
    def of(cls, ner: Any, labels: Sequence[str]) -> Actions:
        """Read spaCy's recogniser. The affine layer below its scores has no bend behind it, and is merged with them."""
        names = [ner.moves.get_class_name(number) for number in range(ner.moves.n_moves)]
        order = [names.index(f"{kind}-{label}") for kind in "BILU" for label in labels] + [names.index("O")]
        scores, below = ner.model.get_ref("lower"), ner.model.get_ref("tok2vec").layers[-1]
        weights = scores.get_param("W")[:, order].swapaxes(1, 2)  # (words, pieces, actions, inputs)
        absent = scores.get_param("pad")[0][:, order].swapaxes(1, 2).reshape(3, -1)
        always = scores.get_param("b")[order].T.ravel()
        present = (weights @ below.get_param("b")).reshape(3, -1)
        merged = weights.reshape(-1, weights.shape[-1]) @ below.get_param("W")
        outside = always + present[0] + absent[1] + absent[2]
        return cls(len(labels), np.ascontiguousarray(merged.T), always + present.sum(axis=0), outside)

    def entities(self, vectors: Floats, sizes: Ints, space: Flags) -> list[Entity]:
        """Return the entities in all texts, in order.

        `vectors` (tokens, inputs) are those of texts of `sizes` tokens each, one behind the other; `space` says which
        tokens are white space.
        """
        starts, stops = np.cumsum(sizes) - sizes, np.cumsum(sizes)
        closing = np.zeros(len(vectors), dtype=np.bool_)  # the last tokens of their texts
        closing[stops[sizes > 0] - 1] = True
        this, opening, before = self._parts(vectors)
        kind, label = np.divmod(self._outside(this, space, closing), self.labels)
        begins = np.append(np.flatnonzero(kind == _BEGIN), _NEVER)
        inside, found = np.zeros(len(vectors), dtype=np.bool_), list[Entity]()
        # One row per text in which an entity is open: its first token, and where the text stops
        first, stop = begins[begins.searchsorted(starts)], stops
        first, stop = first[first < stop], stop[first < stop]
        at = first + 1  # the token to decide on; what begins is never the last of its text
        while len(at):
            inside[first] = inside[at] = True
            last = self._is_last(this[at] + opening[first] + before[at - 1], label[first]) | closing[at]
            found += zip(first[last].tolist(), at[last].tolist(), label[first[last]].tolist(), strict=True)
            first = np.where(last, begins[begins.searchsorted(at + 1)], first)
            at = np.where(last, first, at) + 1
            at, first, stop = at[first < stop], first[first < stop], stop[first < stop]
        alone = np.flatnonzero((kind == _UNIT) & ~inside).tolist()
        return sorted([*found, *zip(alone, alone, label[alone].tolist(), strict=True)])

    def _parts(self, vectors: Floats) -> tuple[Floats, Floats, Floats]:
        """Return what each word adds to the sums: as this word, as the first of the entity, as the one before."""
        this, first, before = np.split(vectors @ self.weights, 3, axis=1)
        return this, first, before

    def _outside(self, this: Floats, space: Flags, closing: Flags) -> Ints:
        """Return the best action per word where no entity is open."""
        scores = self._scores(this + self.outside)
        scores[:, _IN * self.labels : _UNIT * self.labels] = -np.inf  # nothing is open that could go on or end
        scores[closing, : _IN * self.labels] = -np.inf  # what begins needs another word
        scores[space, :-1] = -np.inf
        best: Ints = scores.argmax(axis=1)
        return best

    def _is_last(self, sums: Floats, label: Ints) -> Flags:
        """Say for each open entity, of the given labels, whether it ends here."""
        scores, each = self._scores(sums + self.inside), np.arange(len(label))
        last: Flags = scores[each, _LAST * self.labels + label] > scores[each, _IN * self.labels + label]
        return last

    def _scores(self, sums: Floats) -> Floats:
        return largest(sums, 4 * self.labels + 1)


def largest(pieces: Floats, width: int) -> Floats:
    """Return the largest of the pieces that lie side by side in each row, each `width` wide."""
    best = np.maximum(pieces[:, :width], pieces[:, width : 2 * width])
    for start in range(2 * width, pieces.shape[1], width):
        np.maximum(best, pieces[:, start : start + width], out=best)
    return best
