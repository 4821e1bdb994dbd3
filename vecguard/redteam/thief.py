"""What somebody gets who steals a shelf: the rows, copies of them, pairs, and what they know beside."""

from __future__ import annotations

import hashlib
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, replace

import numpy as np

from vecguard.arrays import Floats
from vecguard.redteam.attack import Hidden, Knowledge, Pairs, Practice, Stolen
from vecguard.redteam.defence import Bare, Defence, Key
from vecguard.redteam.dictionary import Dictionary
from vecguard.redteam.facts import Facts
from vecguard.redteam.judging import unit
from vecguard.redteam.scene import Scene

_PER_STOLEN = (
    4  # the corpus in which the stolen texts hide, in multiples of them; and the candidates that are in no store
)
_SAME = 1 - 1e-5  # cosine from which two vectors are of one text


@dataclass(frozen=True, slots=True)
class Thief:
    """What can be had of a defence. Owner 0 of the victim's collection is robbed; owner 1 may be the thief.

    `noise` is r, which attackers know. `asked` says whether the store that is surveyed sees queries: it stays what it
    is where the same attacks are tried on no defence, so that both have the same knowledge. Everything that an
    attacker trains on went through scrubbing too, where the guard scrubs: it knows that, and its corpus is what is
    left of its own texts.
    """

    scene: Scene
    defence: Defence
    noise: float
    asked: bool

    @classmethod
    def of(cls, scene: Scene, defence: Defence, noise: float) -> Thief:
        """Steal from a defence."""
        return cls(scene, defence, noise, defence.asked(scene.taken.embedded[:1], Key(0)) is not None)

    @property
    def undefended(self) -> Thief:
        """The same thief where there is no defence: what it gets there is the most that it can get."""
        return Thief(self.scene.bare, Bare(), 0.0, self.asked)

    @property
    def _victim(self) -> Key:
        return Key(2 * self.scene.seed)

    def rows(self, prefix: str = "") -> Floats:
        """Return stolen rows (n, d), the ids beginning with `prefix`."""
        ids = [f"{prefix}{i}" for i in range(len(self.scene.taken))]
        return self.defence.stored(self.scene.taken.embedded, self._victim, ids)

    def copies(self, count: int) -> tuple[Floats, ...]:
        """Return the same contents stored under other ids."""
        return tuple(self.rows(f"{copy}/") for copy in range(1, count + 1))

    def knows(self, *pairs: Pairs) -> Knowledge:
        """Know the mechanism, and pairs."""
        return Knowledge(practice=self._practice(), pairs=pairs)

    def domain(self) -> Knowledge:
        """Know other texts of the same domain with their attributes, the encoder, and the mechanism."""
        own = self.scene.own
        return Knowledge(
            own.embedded,
            "other texts of the domain",
            own.texts,
            self._practice(),
            labels=own.labels,
            encode=self.scene.encode,
        )

    def naive(self) -> Knowledge:
        """Know the same but for the mechanism: vectors are taken for exact."""
        return replace(self.domain(), practice=None)

    def very_texts(self) -> Knowledge:
        """Know the stolen texts, but not which row is which."""
        return Knowledge(self.scene.taken.embedded, "texts, the stolen ones", practice=self._practice())

    def texts_among_others(self) -> Knowledge:
        """Know some hundred texts among which the stolen ones are."""
        taken = self.scene.taken.embedded
        corpus = np.vstack([taken, self.scene.own.embedded])[: _PER_STOLEN * len(taken)]
        return Knowledge(corpus, "texts, the stolen ones among them", practice=self._practice())

    def documents(self, count: int) -> Pairs:
        """Know `count` stored rows of the victim's other documents."""
        exact = self.scene.own.embedded[:count]
        return Pairs(exact, self.defence.stored(exact, self._victim, [f"known {i}" for i in range(count)]), self.noise)

    def queries(self, count: int) -> Pairs:
        """Know `count` queries of the victim, drawn from the other end so that none is a document that is known too."""
        own = self.scene.own.embedded
        exact = own[::-1][:count] if self.asked else own[:0]
        seen = self.defence.asked(exact, self._victim)
        return Pairs(exact, exact if seen is None else seen, noise=0.0)

    def tenancy(self) -> Pairs:
        """Know every row of another owner of the collection, the thief itself, under the ids that the victim uses."""
        exact = self.scene.own.embedded
        return Pairs(exact, self.defence.stored(exact, replace(self._victim, owner=1)), self.noise)

    def dictionary(self) -> tuple[Dictionary, Knowledge]:
        """Give the rotation away where there is one: what is left is the noise."""
        if not self.asked:
            return Dictionary(), self.knows()
        axes = np.eye(self.scene.own.exact.shape[1], dtype=np.float32)
        seen = self.defence.asked(axes, self._victim)
        return Dictionary("turned by pairs"), self.knows(Pairs(axes, axes if seen is None else seen, noise=0.0))

    def candidates(self, *, scrubbed: bool) -> tuple[Knowledge, Hidden]:
        """Know half of one's texts and ask for the other half, which are not in the store, and for those that are.

        `scrubbed` asks for what the guard makes of the candidates. A text of one's own that was stolen too is left out.
        """
        own, taken = self.scene.own, self.scene.taken
        half = len(own) - min(len(own) // 2, _PER_STOLEN * len(taken))
        new = (unit(own.exact[half:]) @ unit(taken.exact).T).max(axis=1) < _SAME
        known = replace(self.domain(), corpus=own.embedded[:half], texts=own.texts[:half], labels={}, encode=None)
        if scrubbed:
            return known, Hidden(taken.embedded, decoys=own.embedded[half:][new])
        return replace(known, practice=None), Hidden(taken.exact, decoys=own.exact[half:][new])

    def writes(self, facts: Facts) -> tuple[Stolen, Hidden]:
        """Let the victim store sentences, through its scrubbing if there is any, and steal those."""
        exact = self._encoded(facts.texts, scrubbed=False)
        embedded = exact if self.scene.scrub is None else self._encoded(facts.texts, scrubbed=True)
        ids = [f"fact {i}" for i in range(len(exact))]
        rows = self.defence.stored(embedded, self._victim, ids)
        return Stolen(rows), Hidden(exact, facts.texts, labels=facts.labels)

    def guesses(self, facts: Facts, *, naive: bool) -> Knowledge:
        """Know sentences and what fills them. Unless naive, know the mechanism, and what scrubbing makes of them."""
        corpus, labels = self._encoded(facts.texts, scrubbed=False), facts.labels
        if naive:
            return Knowledge(corpus, "guesses", labels=labels)
        if self.scene.scrub is not None:
            corpus = np.vstack([corpus, self._encoded(facts.texts, scrubbed=True)])
            labels = {kind: values * 2 for kind, values in labels.items()}
        return Knowledge(corpus, "guesses", practice=self._practice(), labels=labels)

    def affordable(self, counts: Sequence[int], kinds: Sequence[Callable[[int], Pairs]]) -> Iterator[int]:
        """Yield the counts for which every kind has so many pairs without sharing a vector."""
        if all(len(kind(1)) for kind in kinds):
            yield from (each for each in counts if each * len(kinds) <= len(self.scene.own))

    def _encoded(self, texts: Sequence[str], *, scrubbed: bool) -> Floats:
        encode = Knowledge(encode=self.scene.encode).needed_encoder()
        return encode(self.scene.scrub(texts) if scrubbed and self.scene.scrub is not None else texts)

    def _practice(self) -> Practice:
        key = Key(2 * self.scene.seed + 1)

        def practice(exact: Floats) -> Floats:
            made = hashlib.sha256(exact.tobytes()).hexdigest()[:16]  # a real store keeps what it has under an id
            rows = self.defence.stored(exact, key, [f"{made}/{i}" for i in range(len(exact))])
            axes = self.defence.asked(np.eye(exact.shape[1], dtype=np.float32), key)
            return rows if axes is None else rows @ axes.T

        return practice
