"""What a setting buys against each attacker: every attack on one defence, beside the same attack on none.

Vectors are divided by a seed: some are stolen, the others are the attacker's own, to train on, to guess with, and to
know pairs of. No pair is of a stolen row. Each attack then runs twice with the same knowledge, on what the defence
makes of the stolen vectors and on the vectors as they are; the second gives the ceiling of the first.
"""

from __future__ import annotations

from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field, replace
from typing import Literal, TypeAlias, assert_never

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats
from vecguard.errors import BadInput
from vecguard.redteam.attack import Attack, Hidden, Knowledge, Pairs, Practice, Result, Stolen, trial
from vecguard.redteam.averaging import Averaging
from vecguard.redteam.bag_of_words import BagOfWords
from vecguard.redteam.defence import Bare, Defence, Key
from vecguard.redteam.dictionary import Dictionary
from vecguard.redteam.gram import Gram
from vecguard.redteam.known_pairs import COUNTS, KnownPairs
from vecguard.redteam.tenant import Tenant

AttackName: TypeAlias = Literal["dictionary", "words", "gram", "documents", "queries", "both", "averaging", "tenant"]
Progress: TypeAlias = Callable[[int, int, str], None]
Trial: TypeAlias = tuple[Attack, Knowledge, Stolen]

ATTACKS: tuple[AttackName, ...] = (
    "dictionary",
    "words",
    "gram",
    "documents",
    "queries",
    "both",
    "averaging",
    "tenant",
)
_DRAWS = (1, 4, 16)
FEWEST = 80  # of which a quarter is stolen
_PER_STOLEN = 4  # the corpus in which the stolen texts hide, in multiples of them


def survey(
    exact: Floats,
    defence: Defence,
    *,
    noise: float,
    texts: Sequence[str] = (),
    attacks: Sequence[AttackName] = ATTACKS,
    seeds: Sequence[int] = (0,),
    stolen: int = 500,
    counts: Sequence[int] = COUNTS,
    progress: Progress | None = None,
) -> tuple[Result, ...]:
    """Attack what `defence` makes of exact vectors (n, d), n >= 80, and return every figure with its measured ceiling.

    `noise` is r, which attackers know. `texts` are one per vector; without them "words" is left out, as "queries" and
    "both" are where the store is never asked. A quarter of the rows is stolen, at most `stolen`. `counts` are the
    numbers of pairs tried. Results come by seed and attack, each attack's metrics together.
    `progress(done, total, name)` is told before each attack and once at the end.

    Raises `BadInput` for fewer rows and for texts that are not one per vector.
    """
    if len(exact) < FEWEST or (texts and len(texts) != len(exact)):
        raise BadInput(f"a survey takes {FEWEST} vectors or more, and one text per vector or none")
    plan: list[tuple[int, AttackName]] = [
        (seed, name) for seed in seeds for name in attacks if texts or name != "words"
    ]
    results: list[Result] = []
    for done, (seed, name) in enumerate(plan):
        if progress is not None:
            progress(done, len(plan), name)
        scene = Scene.of(exact, texts, stolen, seed)
        results += _attacked(name, scene, defence, noise, counts)
    if progress is not None:
        progress(len(plan), len(plan), "")
    return tuple(results)


@dataclass(frozen=True, slots=True)
class Scene:
    """One division of the data: vectors (n, d) that are stolen, (m, d) that the attacker has, and their texts."""

    taken: Floats = field(repr=False)
    taken_texts: tuple[str, ...] = field(repr=False)
    own: Floats = field(repr=False)
    own_texts: tuple[str, ...] = field(repr=False)
    seed: int

    @classmethod
    def of(cls, exact: Floats, texts: Sequence[str], most: int, seed: int) -> Scene:
        """Divide rows (n, d): a quarter, at most `most`, is stolen."""
        order = np.random.default_rng(seed).permutation(len(exact))
        taken, own = np.split(order, [min(most, len(order) // 4)])
        return cls(exact[taken], _picked(texts, taken), exact[own], _picked(texts, own), seed)

    @property
    def hidden(self) -> Hidden:
        """What the judge knows."""
        return Hidden(self.taken, self.taken_texts)


def _picked(texts: Sequence[str], rows: NDArray[np.intp]) -> tuple[str, ...]:
    return tuple(texts[int(row)] for row in rows) if texts else ()


def _attacked(
    name: AttackName, scene: Scene, defence: Defence, noise: float, counts: Sequence[int]
) -> Iterator[Result]:
    asked = defence.asked(scene.taken[:1], Key(0)) is not None
    trials = (_trials(name, _Thief(scene, each, r, asked), counts) for each, r in ((defence, noise), (Bare(), 0.0)))
    for (attack, known, stolen), (same, told, bare) in zip(*trials, strict=True):
        ceilings = trial(same, told, bare, scene.hidden)
        for result, ceiling in zip(trial(attack, known, stolen, scene.hidden), ceilings, strict=True):
            yield replace(result, ceiling=ceiling.value)


def _trials(name: AttackName, thief: _Thief, counts: Sequence[int]) -> Iterator[Trial]:
    """Yield who attacks under a name, knowing what: the same list for every defence."""
    stolen = Stolen(thief.rows())
    match name:
        case "dictionary":
            yield Dictionary(), thief.knows(), stolen
        case "words":
            inverter, domain = BagOfWords(seed=thief.scene.seed), thief.domain()
            yield inverter, replace(domain, practice=None), stolen
            yield inverter, domain, stolen
            yield replace(inverter, undo="turned by shape"), domain, stolen
        case "gram":
            for known in (thief.very_texts(), thief.texts_among_others(), thief.domain()):
                yield Gram(), known, stolen
        case "documents" | "queries" | "both":
            kinds = {"documents": [thief.documents], "queries": [thief.queries]}.get(
                name, [thief.documents, thief.queries]
            )
            for count in thief.affordable(counts, kinds):
                known = thief.knows(*(kind(count) for kind in kinds))
                yield KnownPairs("procrustes"), known, stolen
                yield KnownPairs("ridge"), known, stolen
        case "averaging":
            then, known = thief.dictionary()
            for draws in _DRAWS:
                yield Averaging(draws, then), known, Stolen(thief.rows("0/"), thief.copies(draws - 1))
        case "tenant":
            yield Tenant(), thief.knows(thief.tenancy()), stolen
        case _:
            assert_never(name)


@dataclass(frozen=True, slots=True)
class _Thief:
    """What can be had of a defence. Owner 0 of the victim's collection is robbed; owner 1 may be the thief."""

    scene: Scene
    defence: Defence
    noise: float
    asked: bool  # whether the store that is surveyed sees queries

    @property
    def _victim(self) -> Key:
        return Key(2 * self.scene.seed)

    def rows(self, prefix: str = "") -> Floats:
        """Return stolen rows (n, d), the ids beginning with `prefix`."""
        ids = [f"{prefix}{i}" for i in range(len(self.scene.taken))]
        return self.defence.stored(self.scene.taken, self._victim, ids)

    def copies(self, count: int) -> tuple[Floats, ...]:
        """Return the same contents stored under other ids."""
        return tuple(self.rows(f"{copy}/") for copy in range(1, count + 1))

    def knows(self, *pairs: Pairs) -> Knowledge:
        """Know the mechanism, and pairs."""
        return Knowledge(practice=self._practice(), pairs=pairs)

    def domain(self) -> Knowledge:
        """Know other texts of the same domain, and the mechanism."""
        own = self.scene
        return Knowledge(own.own, "other texts of the domain", own.own_texts, self._practice())

    def very_texts(self) -> Knowledge:
        """Know the stolen texts, but not which row is which."""
        return Knowledge(self.scene.taken, "texts, the stolen ones", practice=self._practice())

    def texts_among_others(self) -> Knowledge:
        """Know some hundred texts among which the stolen ones are."""
        corpus = np.vstack([self.scene.taken, self.scene.own])[: _PER_STOLEN * len(self.scene.taken)]
        return Knowledge(corpus, "texts, the stolen ones among them", practice=self._practice())

    def documents(self, count: int) -> Pairs:
        """Know `count` stored rows of the victim's other documents."""
        exact = self.scene.own[:count]
        return Pairs(exact, self.defence.stored(exact, self._victim, [f"known {i}" for i in range(count)]), self.noise)

    def queries(self, count: int) -> Pairs:
        """Know `count` queries of the victim, drawn from the other end so that none is a document that is known too."""
        exact = self.scene.own[::-1][:count] if self.asked else self.scene.own[:0]
        seen = self.defence.asked(exact, self._victim)
        return Pairs(exact, exact if seen is None else seen, noise=0.0)

    def tenancy(self) -> Pairs:
        """Know every row of another owner of the collection, the thief itself, under the ids that the victim uses."""
        exact = self.scene.own
        return Pairs(exact, self.defence.stored(exact, replace(self._victim, owner=1)), self.noise)

    def dictionary(self) -> tuple[Dictionary, Knowledge]:
        """Give the rotation away where there is one: what is left is the noise."""
        if not self.asked:
            return Dictionary(), self.knows()
        axes = np.eye(self.scene.own.shape[1], dtype=np.float32)
        seen = self.defence.asked(axes, self._victim)
        return Dictionary("turned by pairs"), self.knows(Pairs(axes, axes if seen is None else seen, noise=0.0))

    def affordable(self, counts: Sequence[int], kinds: Sequence[Callable[[int], Pairs]]) -> Iterator[int]:
        """Yield the counts for which every kind has so many pairs without sharing a vector."""
        if all(len(kind(1)) for kind in kinds):
            yield from (each for each in counts if each * len(kinds) <= len(self.scene.own))

    def _practice(self) -> Practice:
        key = Key(2 * self.scene.seed + 1)

        def practice(exact: Floats) -> Floats:
            rows = self.defence.stored(exact, key)
            axes = self.defence.asked(np.eye(exact.shape[1], dtype=np.float32), key)
            return rows if axes is None else rows @ axes.T

        return practice
