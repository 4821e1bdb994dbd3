"""The bag-of-words inverter: finds the words of a text in its vector.

A multi-label perceptron from vector to words (Song & Raghunathan 2020, "Information Leakage in Embedding Models", the
learned black-box attack), with what makes it strong in seconds: inputs at length sqrt(d), output bias at the log-odds
of each word, and one threshold each for content and function words, tuned on held-out texts of the attacker's own.

A naive attacker trains on exact vectors, an adaptive one on what the mechanism makes of them under its own key. Both
first undo the victim's rotation as well as they can: by pairs, by shape against the corpus, or not at all.
"""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import Any, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats
from vecguard.redteam.attack import Hidden, Knowledge, Score, Stolen
from vecguard.redteam.judging import unit
from vecguard.redteam.turning import Turn, Unturned, turned_back
from vecguard.redteam.words import Vocabulary, counted

_TOP = 10
_TUNING = 0.1  # of the corpus, held out to tune thresholds
_GRID = np.linspace(0.02, 0.8, 40)
Group: TypeAlias = Literal["content", "function"]


@dataclass(frozen=True, slots=True)
class BagOfWords:
    """One hidden layer of `hidden` units, trained for `epochs` by Adam. Knows a corpus with its texts.

    `rarest` is in how many texts a word must occur to be learnt. `undo` says how the victim's rotation is undone.
    """

    undo: Unturned = "as stolen"
    hidden: int = 512
    epochs: int = 10
    batch: int = 256
    rate: float = 3e-3
    dropout: float = 0.3
    rarest: int = 2
    seed: int = 0

    @property
    def name(self) -> str:
        """What tables call it."""
        return "bag of words" if self.undo == "as stolen" else f"bag of words, {self.undo}"

    def fit(self, known: Knowledge) -> Inverter:
        """Train. Raises `BadInput` without a corpus and its texts, `ImportError` without torch."""
        corpus, texts = known.needed_corpus(), known.needed_texts()
        rows = _inputs(known.practice(corpus) if known.practice is not None else corpus)
        vocabulary = Vocabulary.of(texts, least=self.rarest)
        wanted = vocabulary.marked(texts)
        order = np.random.default_rng(self.seed).permutation(len(rows))
        held = max(1, int(_TUNING * len(rows)))
        tuning, training = order[:held], order[held:]
        layers = self._trained(rows[training], wanted[training])
        chances = layers.chances(rows[tuning])
        thresholds: dict[Group, float] = {
            group: _tuned(chances, wanted[tuning], _columns(vocabulary, group)) for group in _GROUPS
        }
        prior = wanted.mean(axis=0)
        return Inverter(vocabulary, layers, thresholds, prior, turned_back(self.undo, known))

    def _trained(self, rows: Floats, wanted: Floats) -> Layers:
        torch = _torch()
        generator = torch.Generator().manual_seed(self.seed)
        inputs, labels = torch.from_numpy(rows), torch.from_numpy(wanted)
        share = np.clip(wanted.mean(axis=0), 1e-5, 1 - 1e-5)
        first = _linear(torch, rows.shape[1], self.hidden, generator)
        last = _linear(torch, self.hidden, wanted.shape[1], generator)
        with torch.no_grad():
            last[1].copy_(torch.from_numpy(np.log(share / (1 - share)).astype(np.float32)))
        parameters = [*first, *last]
        optimiser = torch.optim.Adam(parameters, lr=self.rate)
        steps = self.epochs * -(-len(rows) // self.batch)
        falling = torch.optim.lr_scheduler.CosineAnnealingLR(optimiser, steps)
        loss_of = torch.nn.functional.binary_cross_entropy_with_logits
        for _ in range(self.epochs):
            order = torch.randperm(len(rows), generator=generator)
            for part in order.split(self.batch):
                active = torch.relu(inputs[part] @ first[0] + first[1])
                kept = torch.rand(active.shape, generator=generator) >= self.dropout
                logits = (active * kept / (1 - self.dropout)) @ last[0] + last[1]
                loss = loss_of(logits, labels[part], reduction="sum") / len(part)
                optimiser.zero_grad()
                loss.backward()
                optimiser.step()
                falling.step()
        return Layers(*(each.detach().numpy() for each in parameters))


@dataclass(frozen=True, slots=True)
class Layers:
    """A trained network: weights (d, h), bias (h,), weights (h, v), bias (v,)."""

    first: Floats = field(repr=False)
    first_bias: Floats = field(repr=False)
    last: Floats = field(repr=False)
    last_bias: Floats = field(repr=False)

    def chances(self, rows: Floats) -> Floats:
        """Return the chance (n, v) that each text has each word."""
        active = np.maximum(rows @ self.first + self.first_bias, 0)
        logits = np.clip(active @ self.last + self.last_bias, -60, 60)
        return np.asarray(1 / (1 + np.exp(-logits)), dtype=np.float32)


@dataclass(frozen=True, slots=True)
class Inverter:
    """Recovers words from rows. `prior` (v,) is what it would say of any text without looking at a row."""

    vocabulary: Vocabulary
    layers: Layers
    thresholds: dict[Group, float]
    prior: Floats = field(repr=False)
    turn: Turn = field(repr=False)

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Return content-recall@10, and F1 of content, function and all words; floors are the prior's own scores."""
        texts = hidden.needed_texts()
        chances = self.layers.chances(_inputs(self.turn(stolen.rows)))
        prior = np.tile(self.prior, (len(chances), 1))
        present = self.vocabulary.marked(texts)
        content = _columns(self.vocabulary, "content")
        total = counted(texts, content_only=True)
        everything = counted(texts, content_only=False)
        recalls = [_recall(each[:, content], present[:, content], total) for each in (chances, prior)]
        scores = [Score("content-recall@10", *recalls)]
        said, guessed = self._said(chances), self._blind()
        of = {"content": content, "function": ~content, "word": np.ones_like(content)}
        totals = {"content": total, "function": everything - total, "word": everything}
        for group, columns in of.items():
            f1 = [
                _f1(each & columns, present.astype(np.bool_) & columns, totals[group])
                for each in (said, np.tile(guessed, (len(said), 1)))
            ]
            scores.append(Score(f"{group} F1", *f1))
        return tuple(scores)

    def told(self, stolen: Stolen, count: int) -> list[str]:
        """Return the likeliest content words of each of the first rows, likeliest first."""
        rows = self.turn(stolen.rows)[:count]
        chances = np.where(self.vocabulary.content, self.layers.chances(_inputs(rows)), -1.0)
        best = np.argsort(-chances, axis=1)[:, :_TOP]
        return [" ".join(self.vocabulary.words[column] for column in row) for row in best]

    def _said(self, chances: Floats) -> NDArray[np.bool_]:
        limits = np.where(self.vocabulary.content, self.thresholds["content"], self.thresholds["function"])
        said: NDArray[np.bool_] = chances >= limits
        return said

    def _blind(self) -> NDArray[np.bool_]:
        """Say which words to name of every text alike: in each group those whose number makes the best F1."""
        blind = np.zeros(len(self.prior), dtype=np.bool_)
        for group in _GROUPS:
            blind |= _columns(self.vocabulary, group) & (self.prior >= _commonest(self.prior, self.vocabulary, group))
        return blind


_GROUPS: tuple[Group, ...] = ("content", "function")


def _columns(vocabulary: Vocabulary, group: Group) -> NDArray[np.bool_]:
    return vocabulary.content if group == "content" else ~vocabulary.content


def _inputs(rows: Floats) -> Floats:
    """Scale rows to length sqrt(d), so that each coordinate is about 1: at length 1 the network learns little."""
    return unit(rows) * np.float32(np.sqrt(rows.shape[1]))


def _recall(chances: Floats, present: Floats, total: NDArray[np.int64]) -> float:
    """Return the mean share of a text's content words among the ten likeliest, over texts that have any."""
    best = np.argsort(-chances, axis=1, kind="stable")[:, :_TOP]
    found = np.take_along_axis(present, best, axis=1).sum(axis=1)
    some = total > 0
    return float(np.mean(found[some] / total[some])) if some.any() else 0.0


def _f1(said: NDArray[np.bool_], present: NDArray[np.bool_], total: NDArray[np.int64]) -> float:
    """Return the mean F1 of sets of words over texts that have any; words outside the vocabulary count as missed."""
    some = total > 0
    right = np.sum(said & present, axis=1)[some]
    named = np.sum(said, axis=1)[some]
    return float(np.mean(2 * right / (named + total[some]))) if some.any() else 0.0


def _tuned(chances: Floats, wanted: Floats, columns: NDArray[np.bool_]) -> float:
    present = (wanted > 0)[:, columns]
    total = present.sum(axis=1)
    return float(max(_GRID, key=lambda limit: _f1(chances[:, columns] >= limit, present, total)))


def _commonest(prior: Floats, vocabulary: Vocabulary, group: Group) -> float:
    """Return the share of texts above which naming a word blindly raises the expected F1 (micro-averaged)."""
    shares = np.sort(prior[_columns(vocabulary, group)])[::-1]
    if not len(shares):
        return np.inf
    f1 = 2 * np.cumsum(shares) / (np.arange(1, len(shares) + 1) + shares.sum())
    return float(shares[int(np.argmax(f1))])


def _linear(torch: Any, rows: int, columns: int, generator: Any) -> tuple[Any, Any]:
    """Draw a layer as torch does by default, from our own generator: uniform within 1/sqrt(rows)."""
    bound = 1 / np.sqrt(rows)
    weights = ((torch.rand(rows, columns, generator=generator) * 2 - 1) * bound).requires_grad_()
    bias = ((torch.rand(columns, generator=generator) * 2 - 1) * bound).requires_grad_()
    return weights, bias


def _torch() -> Any:
    try:
        import torch  # noqa: PLC0415 - an optional dependency that takes seconds to load
    except ImportError as missing:
        raise ImportError("the bag-of-words attack needs torch: `pip install 'vecguard[redteam]'`") from missing
    return torch
