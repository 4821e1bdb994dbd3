"""What is attacked: one division of a corpus into what is stolen and what the attacker has of its own."""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from typing import TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats
from vecguard.errors import BadInput
from vecguard.redteam.attack import NO_LABELS, Encode, Hidden, Labels

ScrubTexts: TypeAlias = Callable[[Sequence[str]], Sequence[str]]
FEWEST = 80  # of which a quarter is stolen


@dataclass(frozen=True, slots=True, kw_only=True)
class Material:
    """A corpus: exact vectors (n, d), n >= 80, and for each, where they are known, its text and attributes.

    `embedded` (n, d) are the vectors that a guard starts from, where it scrubs texts before it embeds them; by default
    the exact ones. `encode` is the encoder that made both, and `scrub` what the guard does to texts: attacks that bring
    victims of their own need the one, and the other too if there are embedded vectors. Raises `BadInput` for fewer
    rows, and for texts, attributes or vectors that are not one per row.
    """

    exact: Floats = field(repr=False)
    texts: tuple[str, ...] = field(default=(), repr=False)
    embedded: Floats | None = field(default=None, repr=False)
    labels: Labels = field(default_factory=lambda: NO_LABELS, repr=False)
    encode: Encode | None = field(default=None, repr=False)
    scrub: ScrubTexts | None = field(default=None, repr=False)

    def __post_init__(self) -> None:
        count = len(self.exact)
        if count < FEWEST or (self.texts and len(self.texts) != count):
            raise BadInput(f"a survey takes {FEWEST} vectors or more, and one text per vector or none")
        if self.embedded is not None and self.embedded.shape != self.exact.shape:
            raise BadInput("vectors of scrubbed texts must be one for each exact one, of the same dimension")
        if any(len(values) != count for values in self.labels.values()):
            raise BadInput("attributes must have one value for each vector")


@dataclass(frozen=True, slots=True)
class Part:
    """Some rows of a corpus: exact vectors and those that a guard starts from, (n, d) each, texts and attributes."""

    exact: Floats = field(repr=False)
    embedded: Floats = field(repr=False)
    texts: tuple[str, ...] = field(repr=False)
    labels: Labels = field(repr=False)

    def __len__(self) -> int:
        return len(self.exact)

    @property
    def bare(self) -> Part:
        """The same where nothing is scrubbed."""
        return Part(self.exact, self.exact, self.texts, self.labels)


@dataclass(frozen=True, slots=True)
class Scene:
    """One division of a corpus: what is stolen, and what the attacker has of its own. No row is in both.

    `writable` says whether a victim can store other texts too, for attacks that bring their own.
    """

    taken: Part
    own: Part
    seed: int
    encode: Encode | None = field(default=None, repr=False)
    scrub: ScrubTexts | None = field(default=None, repr=False)
    writable: bool = False

    @classmethod
    def of(cls, material: Material, most: int, seed: int) -> Scene:
        """Divide a corpus at random: a quarter of it, at most `most` rows, is stolen."""
        order = np.random.default_rng(seed).permutation(len(material.exact))
        taken, own = np.split(order, [min(most, len(order) // 4)])
        writable = material.encode is not None and (material.embedded is None or material.scrub is not None)
        parts = _part(material, taken), _part(material, own)
        return cls(*parts, seed, material.encode, material.scrub, writable)

    @property
    def bare(self) -> Scene:
        """The same where nothing is scrubbed."""
        return replace(self, taken=self.taken.bare, own=self.own.bare, scrub=None)

    @property
    def hidden(self) -> Hidden:
        """What the judge knows: the texts as they were written, whatever was scrubbed."""
        return Hidden(self.taken.exact, self.taken.texts, labels=self.taken.labels)


def _part(material: Material, rows: NDArray[np.intp]) -> Part:
    embedded = material.exact if material.embedded is None else material.embedded
    labels = {name: _picked(values, rows) for name, values in material.labels.items()}
    return Part(material.exact[rows], embedded[rows], _picked(material.texts, rows), labels)


def _picked(values: Sequence[str], rows: NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(values[int(row)] for row in rows) if values else ()
