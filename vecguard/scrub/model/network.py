"""The shipped network in numpy: what spaCy finds with the same weights, in half of its time.

    texts -> tokens -> hashed embeddings, mixed -> convolutions over neighbours -> actions -> spans

The tokeniser is the pipeline's; the layers are thinc's, one by one (`HashEmbed`, `Maxout`, `LayerNorm`, windows of
three words with what goes in added to what comes out). What differs is the amount of work: a word that occurs often is
embedded once, and a word's attributes that no table asks for are not computed. `actions.py` says how spans are made.
A test holds what is found against what spaCy finds.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from typing import Any, TypeAlias

import numpy as np
from numpy.typing import NDArray
from spacy.attrs import IDX, IS_SPACE, LENGTH, NORM, ORTH, PREFIX, SHAPE, SUFFIX

from vecguard.scrub.model.actions import Actions, Floats, Ints, largest

Ids: TypeAlias = NDArray[np.uint64]
Span: TypeAlias = tuple[int, int, str]
"""First character, the one after the last, and label."""

_FEATURES = (NORM, PREFIX, SUFFIX, SHAPE)
_AT_ONCE = 1_000  # tokens that go through the layers together: what they become still fits into a core's cache
_EPSILON = np.float32(1e-8)  # thinc's, added to the variance


@dataclass(frozen=True, slots=True)
class _Maxout:
    """An affine layer with several outputs per unit, of which the largest counts; then mean 0 and variance 1."""

    weights: Floats  # (inputs, pieces * width): the first piece of every unit, then the second ...
    bias: Floats  # (pieces * width,)
    gain: Floats  # (width,)
    shift: Floats  # (width,)

    @classmethod
    def of(cls, layer: Any) -> _Maxout:
        """Read a thinc layer that has one maxout and one normalisation in it."""
        parts = {node.name: node for node in layer.walk()}
        weights, bias = (parts["maxout"].get_param(name) for name in ("W", "b"))  # (width, pieces, inputs)
        by_piece = np.ascontiguousarray(weights.transpose(2, 1, 0)).reshape(weights.shape[2], -1)
        gain, shift = (parts["layernorm"].get_param(name) for name in ("G", "b"))
        return cls(by_piece, bias.T.ravel(), gain, shift)

    def __call__(self, inputs: Floats) -> Floats:
        """Map (rows, inputs) to (rows, width)."""
        pieces = inputs @ self.weights
        pieces += self.bias
        best = largest(pieces, len(self.gain))
        best -= best.mean(axis=1, keepdims=True)
        variance = np.einsum("ij,ij->i", best, best) / np.float32(len(self.gain))
        best *= (1 / np.sqrt(variance + _EPSILON))[:, None]
        best *= self.gain
        best += self.shift
        return best


@dataclass(frozen=True, slots=True)
class _Embedding:
    """Each feature of a word is four rows of its table, added up; a maxout layer makes one vector of all of them."""

    tables: tuple[Any, ...]  # thinc's: they know their columns, seeds and hash
    mixed: _Maxout

    def __call__(self, words: Ids) -> Floats:
        """Map (words, features) to (words, width)."""
        return self.mixed(np.hstack([table.predict(words) for table in self.tables]))


@dataclass(frozen=True, slots=True)
class Network:
    """Tokeniser, layers and labels of the shipped pipeline. What it reads stays in the vocabulary of the pipeline."""

    pipeline: Any
    labels: tuple[str, ...]
    embedding: _Embedding
    layers: tuple[_Maxout, ...]
    actions: Actions

    @classmethod
    def of(cls, pipeline: Any) -> Network:
        """Take over a pipeline of the shipped architecture; from now on its words have what is needed here only."""
        ner, vocabulary = pipeline.get_pipe("ner"), pipeline.vocab
        words = ner.model.get_ref("tok2vec").layers[0]
        embed, encode = words.get_ref("embed"), words.get_ref("encode")
        tables = tuple(node for node in embed.walk() if node.name == "ints-getitem>>hashembed")
        layers = tuple(map(_Maxout.of, encode.layers[0].layers))
        labels = tuple(sorted(ner.labels))
        asked = (*_FEATURES, IS_SPACE)
        vocabulary.lex_attr_getters = {each: vocabulary.lex_attr_getters[each] for each in asked}
        return cls(pipeline, labels, _Embedding(tables, _Maxout.of(embed)), layers, Actions.of(ner, labels))

    def read(self, texts: Sequence[str]) -> list[list[Span]]:
        """Return the entities of each text, in order. Takes about a kilobyte per token while it reads."""
        docs = [self.pipeline.tokenizer(text) for text in texts]
        found: list[list[Span]] = [[] for _ in docs]
        sizes = np.array([len(doc) for doc in docs], dtype=np.int64)
        if not sizes.any():
            return found
        tokens = np.concatenate([doc.to_array([ORTH, *_FEATURES, IS_SPACE, IDX, LENGTH]) for doc in docs if len(doc)])
        space, start, size = tokens[:, -3:].T.astype(np.int64)
        text = np.repeat(np.arange(len(docs)), sizes)
        for first, last, label in self.actions.entities(self._vectors(tokens, sizes), sizes, space == 1):
            found[text[first]].append((int(start[first]), int(start[last] + size[last]), self.labels[label]))
        return found

    def _vectors(self, tokens: Ids, sizes: Ints) -> Floats:
        """Return a vector per token. Between texts lie as many zeros as there are layers, so that none sees another."""
        _, seen, word = np.unique(tokens[:, 0], return_index=True, return_inverse=True)
        words = self.embedding(tokens[seen, 1 : 1 + len(_FEATURES)])
        width, gap = words.shape[1], len(self.layers)
        vectors = np.empty((len(tokens), width), dtype=np.float32)
        done = 0
        for group in _grouped(sizes):
            size = int(group.sum())
            places = np.arange(size) + gap * np.repeat(np.arange(1, len(group) + 1), group)
            rows = np.zeros((size + gap * (len(group) + 1), width), dtype=np.float32)
            rows[places] = words[word[done : done + size]]
            for layer in self.layers:
                rows += layer(_with_neighbours(rows))
            vectors[done : done + size] = rows[places]
            done += size
        return vectors


def _with_neighbours(rows: Floats) -> Floats:
    """Return the row before, the row and the row behind, side by side; beyond the ends are zeros."""
    width = rows.shape[1]
    windows = np.empty((len(rows), 3 * width), dtype=np.float32)
    windows[1:, :width], windows[0, :width] = rows[:-1], 0
    windows[:, width : 2 * width] = rows
    windows[:-1, 2 * width :], windows[-1, 2 * width :] = rows[1:], 0
    return windows


def _grouped(sizes: Ints) -> Iterator[Ints]:
    """Cut a list of sizes where their sum passes another thousand."""
    number = (np.cumsum(sizes) - sizes) // _AT_ONCE
    return iter(np.split(sizes, np.flatnonzero(np.diff(number)) + 1))
