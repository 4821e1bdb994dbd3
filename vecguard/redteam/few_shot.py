"""Few-shot alignment: some leaked pairs bring a victim's vectors into a space in which the attacker can read.

ALGEN (Chen, Xu & Bjerva 2025, "ALGEN: Few-shot Inversion Attacks on Textual Embeddings via Alignment and Generation"):
a reader is trained once in the attacker's own space, and a linear map from k pairs of a text and its stolen vector
turns whatever is stolen into that space. It takes any keyed linear transform for what it is, a change of basis.
Simplified: the attacker's own space is that of the encoder that everybody can download, and the reader is the bag of
words or the sentence decoder, not a fine-tuned T5. Strengthened: their normal equations have no penalty; ours have the
one that predicts each pair best from the others.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field, replace

from vecguard.arrays import Floats
from vecguard.redteam.alignment import ridge
from vecguard.redteam.attack import Attack, Attacker, Hidden, Knowledge, Score, Stolen, Telling

LEAKED = (1, 10, 100, 1000)
"""The numbers of pairs that the paper tries."""


@dataclass(frozen=True, slots=True)
class FewShot:
    """Ridge regression from stored to own vectors, handed on to an attack that reads. Knows pairs, and what that does.

    An adaptive reader has trained on the mechanism's noise, and a naive one on exact vectors.
    """

    then: Attack

    @property
    def name(self) -> str:
        """What tables call it."""
        return f"few-shot, {self.then.name}"

    def fit(self, known: Knowledge) -> FewShotAttacker:
        """Fit the map and the reader. Raises `BadInput` without a pair."""
        return FewShotAttacker(ridge(known.pairs), self.then.fit(replace(known, pairs=())))


@dataclass(frozen=True, slots=True)
class FewShotAttacker:
    """Holds the map (d, d) and the attacker that gets mapped rows."""

    matrix: Floats = field(repr=False)
    then: Attacker = field(repr=False)

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Return what the other attacker finds in mapped rows."""
        return self.then.run(Stolen(stolen.rows @ self.matrix), hidden)

    def told(self, stolen: Stolen, count: int) -> Sequence[str]:
        """Return what the other attacker reads off mapped rows, if it reads."""
        mapped = Stolen(stolen.rows @ self.matrix)
        return self.then.told(mapped, count) if isinstance(self.then, Telling) else ()


@dataclass(frozen=True, slots=True)
class Trained:
    """An attack whose attacker was fitted before: one reader for any number of pairs, as the paper has it.

    The processor seconds of its results are without that fitting.
    """

    name: str
    attacker: Attacker = field(repr=False)

    @classmethod
    def on(cls, attack: Attack, known: Knowledge) -> Trained:
        """Fit an attack once."""
        return cls(attack.name, attack.fit(known))

    def fit(self, known: Knowledge) -> Attacker:  # noqa: ARG002 - what is known now was known when it was fitted
        """Return the attacker."""
        return self.attacker
