"""The white-box searcher: writes the text whose vector comes nearest to a stolen one, with the encoder's own gradients.

Song & Raghunathan 2020, "Information Leakage in Embedding Models", section 3.1 (white-box inversion), by the discrete
search of HotFlip (Ebrahimi et al. 2018; GCG, Zou et al. 2023): the gradient of the cosine with respect to each token's
embedding says which swaps might help, some of them are tried, the best is kept if it helps. Simplified: a text has a
fixed number of tokens, all of them whole words; no language model keeps it readable, so it is judged by its words.
It needs no corpus, no pair and no training, only processor time: about 4 seconds a row.

On ten persona sentences (MiniLM), 50 steps reach a cosine of .71, content recall .41 and word F1 .23; what is written
for one sentence scores .13, .02 and .01 on the others. 25 steps: .66, .29, .16.

Noise is not modelled: the nearest text to a noisy row is still the likeliest. A naive attacker and an adaptive one
differ in whether they first undo a rotation.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

import numpy as np

from vecguard.arrays import Doubles, Floats
from vecguard.errors import BadInput
from vecguard.redteam.attack import Encode, Hidden, Knowledge, Score, Stolen
from vecguard.redteam.judging import unit
from vecguard.redteam.turning import Turn, Unturned, turned_back
from vecguard.redteam.white_box import OpenEncoder, opened
from vecguard.redteam.words import is_content, words

_PER_PLACE = 24  # swaps that are considered in each place
_STRAYING = 0.7  # random part of the order in which they are tried, in standard deviations


@dataclass(frozen=True, slots=True)
class Gradient:
    """Search for texts of `length` tokens: `steps` times the best of `swaps` swaps.

    Only the first `targets` rows are read and judged. `undo` says how the victim's rotation is undone.
    """

    undo: Unturned = "as stolen"
    targets: int = 10
    length: int = 8
    swaps: int = 16
    steps: int = 50
    seed: int = 0

    @property
    def name(self) -> str:
        """What tables call it."""
        return "gradient" if self.undo == "as stolen" else f"gradient, {self.undo}"

    def fit(self, known: Knowledge) -> Searcher:
        """Open the encoder. Raises `BadInput` without one, or if it does not show its model."""
        encode = known.needed_encoder()
        inside = opened(encode)
        if inside is None:
            raise BadInput("this attack needs an encoder with its torch model as attribute `model`")
        return Searcher(self, encode, inside, turned_back(self.undo, known))


@dataclass(frozen=True, slots=True)
class Searcher:
    """Holds the encoder, from outside and from inside, and the way back."""

    settings: Gradient
    encode: Encode = field(repr=False)
    inside: OpenEncoder = field(repr=False)
    turn: Turn = field(repr=False)

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Return content recall, word F1, and the cosine of what was written to the exact vector.

        The floors are what the same texts score on rows that they were not written for.
        """
        read = self.told(stolen, self.settings.targets)
        count = len(read)
        truth = hidden.needed_texts()[:count]
        cosines = unit(self.encode(read)) @ unit(hidden.exact[:count]).T
        pairs = {
            "content recall": _by_pairs(_recall, read, truth),
            "word F1": _by_pairs(_f1, read, truth),
            "cosine reached": cosines.astype(np.float64),
        }
        return tuple(Score(metric, *_own_and_others(each), judged=count) for metric, each in pairs.items())

    def told(self, stolen: Stolen, count: int) -> list[str]:
        """Return what it writes for the first rows, as many as it is set to read at most."""
        some = self.turn(stolen.rows)[: min(count, self.settings.targets)]
        return self._written(unit(some)) if len(some) else []

    def _written(self, rows: Floats) -> list[str]:
        import torch  # noqa: PLC0415 - the encoder's model has loaded it

        generator = torch.Generator().manual_seed(self.settings.seed)
        wanted, table = torch.from_numpy(rows), self.inside.table
        barred = torch.ones(len(table), dtype=torch.bool)
        plain = torch.tensor(self.inside.plain())
        barred[plain] = False
        shape = (len(rows), self.settings.length)
        tokens = plain[torch.randint(len(plain), shape, generator=generator)]
        for _ in range(self.settings.steps):
            gain, reached = self._gains(torch, tokens, wanted, table)
            gain[:, :, barred] = -torch.inf
            tried = self._swapped(torch, tokens, gain, generator)
            with torch.no_grad():
                found = self._cosines(tried.flatten(0, 1), wanted.repeat_interleave(tried.shape[1], 0), table)
            best, at = found.view(tried.shape[:2]).max(dim=1)
            chosen = tried[torch.arange(len(tried)), at]
            tokens = torch.where((best > reached)[:, None], chosen, tokens)
        return [self.inside.text(each) for each in tokens]

    def _gains(self, torch: Any, tokens: Any, wanted: Any, table: Any) -> tuple[Any, Any]:
        """Return to first order what each token (v) in each place would add to the cosine (n, t, v), and the cosine."""
        embeddings = table[self.inside.framed(tokens)].clone().requires_grad_()
        reached = torch.sum(self.inside.vectors(embeddings) * wanted, dim=1)
        (gradient,) = torch.autograd.grad(reached.sum(), embeddings)
        slope = gradient[:, 1:-1]
        return slope @ table.T - torch.sum(slope * table[tokens], dim=2, keepdim=True), reached.detach()

    def _swapped(self, torch: Any, tokens: Any, gain: Any, generator: Any) -> Any:
        """Return the swaps to try, (n, swaps, t): the most promising ones, with some chance for others."""
        best = gain.topk(_PER_PLACE, dim=2)
        chance = -torch.log(-torch.log(torch.rand(best.values.shape, generator=generator).clamp(1e-9, 1 - 1e-7)))
        order = (best.values / best.values.std() + _STRAYING * chance).flatten(1).topk(self.settings.swaps, dim=1)
        place = order.indices // _PER_PLACE
        token = best.indices.flatten(1).gather(1, order.indices)
        tried = tokens[:, None].repeat(1, self.settings.swaps, 1)
        return tried.scatter(2, place[:, :, None], token[:, :, None])

    def _cosines(self, tokens: Any, wanted: Any, table: Any) -> Any:
        return (self.inside.vectors(table[self.inside.framed(tokens)]) * wanted).sum(dim=1)


def _by_pairs(measure: Any, read: Sequence[str], truth: Sequence[str]) -> Doubles:
    """Return a measure of every reading (n) against every text (n): (n, n), NaN for a text that has none."""
    return np.array([[measure(words(said), words(true)) for true in truth] for said in read], dtype=np.float64)


def _recall(said: frozenset[str], true: frozenset[str]) -> float:
    wanted = {word for word in true if is_content(word)}
    return len(said & wanted) / len(wanted) if wanted else np.nan


def _f1(said: frozenset[str], true: frozenset[str]) -> float:
    return 2 * len(said & true) / (len(said) + len(true)) if true else np.nan


def _own_and_others(measured: Doubles) -> tuple[float, float]:
    """Return the mean over readings with their own texts, and with those of others; 0 where there are no others."""
    others = measured[~np.eye(len(measured), dtype=np.bool_)]
    return float(np.nanmean(np.diagonal(measured))), float(np.nanmean(others)) if len(others) else 0.0
