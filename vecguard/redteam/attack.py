"""What an attack is: it fits on what an attacker may know, runs on what it stole, and is judged on what that hid.

    knowledge -> Attack.fit -> Attacker;    stolen, hidden -> Attacker.run -> scores;    trial() = both, as results

An attacker that reconstructs texts also says what it read off each row (`Telling`): evidence for a reader.

An `Attack` holds settings, an `Attacker` what was learnt; both are frozen. Everything is arrays: whatever a store, a
backup or a client gives up becomes `Stolen` first. `Hidden` is the judge's copy of the truth. An attacker must have
made up its mind before it looks at it, and uses it for nothing but scoring.
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Protocol, TypeAlias, runtime_checkable

from vecguard.arrays import Floats
from vecguard.errors import BadInput

Practice: TypeAlias = Callable[[Floats], Floats]
Encode: TypeAlias = Callable[[Sequence[str]], Floats]
"""An encoder: texts to exact vectors (n, d)."""
Labels: TypeAlias = Mapping[str, tuple[str, ...]]
"""Attributes of rows: the name of an attribute -> its value for each row; "" where that is not known."""
NO_LABELS: Labels = MappingProxyType({})


@dataclass(frozen=True, slots=True)
class Pairs:
    """Vectors that an attacker has seen twice: as they are, and as the store holds them or was asked for them.

    `exact` and `seen` are (p, d). `noise` is r of the seen ones: that of the mechanism for stored rows, 0 for queries,
    which a store that ranks gets rotated and otherwise as they are.
    """

    exact: Floats = field(repr=False)
    seen: Floats = field(repr=False)
    noise: float

    def __len__(self) -> int:
        return len(self.exact)

    def first(self, count: int) -> Pairs:
        """Return the first `count` pairs."""
        return Pairs(self.exact[:count], self.seen[:count], self.noise)


@dataclass(frozen=True, slots=True)
class Knowledge:
    """What an attacker may know. What is not named, it does not have; no attacker here has a key of its victim.

    `corpus` (m, d) are exact vectors of texts that it guesses or wrote, `texts` those texts if an attack needs words;
    `holding` says in words what they are. `practice` is the mechanism with every parameter under a key of the
    attacker's own, whose rotation it takes off again: (m, d) exact in, (m, d) noised out. Without it the attacker is
    naive: it believes that vectors are exact. `labels` are attributes of the texts of the corpus, and `encode` is the
    encoder that everybody can download.
    """

    corpus: Floats | None = field(default=None, repr=False)
    holding: str = "texts"
    texts: tuple[str, ...] = field(default=(), repr=False)
    practice: Practice | None = field(default=None, repr=False)
    pairs: tuple[Pairs, ...] = field(default=(), repr=False)
    labels: Labels = field(default_factory=lambda: NO_LABELS, repr=False)
    encode: Encode | None = field(default=None, repr=False)

    def described(self) -> str:
        """Say in words what is known, for a reader of results."""
        documents = sum(len(each) for each in self.pairs if each.noise > 0)
        queries = sum(len(each) for each in self.pairs if each.noise == 0)
        said = [
            f"{len(self.corpus):,} {self.holding}" if self.corpus is not None else "",
            "their attributes" if self.labels else "",
            "the encoder" if self.encode is not None else "",
            "the mechanism" if self.practice is not None else "",
            f"{documents:,} document pairs" if documents else "",
            f"{queries:,} noiseless pairs" if queries else "",
        ]
        return ", ".join(each for each in said if each) or "nothing"

    def needed_corpus(self) -> Floats:
        """Return the corpus, or raise `BadInput` where an attack cannot do without."""
        if self.corpus is None or not len(self.corpus):
            raise BadInput("this attack needs a corpus of exact vectors")
        return self.corpus

    def needed_texts(self) -> tuple[str, ...]:
        """Return the texts of the corpus, or raise `BadInput` where there is not one for each vector."""
        if len(self.texts) != len(self.needed_corpus()):
            raise BadInput("this attack needs the texts of its corpus, one per vector")
        return self.texts

    def needed_encoder(self) -> Encode:
        """Return the encoder, or raise `BadInput` where an attack cannot do without."""
        if self.encode is None:
            raise BadInput("this attack needs the encoder, a callable from texts to vectors")
        return self.encode


@dataclass(frozen=True, slots=True)
class Stolen:
    """Rows (n, d) as they lay in the store.

    `copies` are further rows (n, d) in the same order: re-writes from older backups, or the same texts under other ids.
    """

    rows: Floats = field(repr=False)
    copies: tuple[Floats, ...] = field(default=(), repr=False)


@dataclass(frozen=True, slots=True)
class Hidden:
    """What stolen rows hide: exact vectors (n, d), texts, attributes. For the judge.

    Re-identification is judged among the n exact vectors and `decoys` (m, d), plausible ones that were not stolen.
    """

    exact: Floats = field(repr=False)
    texts: tuple[str, ...] = field(default=(), repr=False)
    decoys: Floats | None = field(default=None, repr=False)
    labels: Labels = field(default_factory=lambda: NO_LABELS, repr=False)

    def needed_texts(self) -> tuple[str, ...]:
        """Return the texts behind the rows, or raise `BadInput` where there is not one for each."""
        if len(self.texts) != len(self.exact):
            raise BadInput("this attack is judged by the texts behind the stolen rows, one per row")
        return self.texts


@dataclass(frozen=True, slots=True)
class Score:
    """One figure. `floor` is what an attacker gets who never sees the stolen rows, `ceiling` the most that there is.

    `interval` are its 95 % bounds over what was judged, where they are known, and `judged` how much that was, if it
    is not simply every stolen row.
    """

    metric: str
    value: float
    floor: float
    ceiling: float = 1.0
    interval: tuple[float, float] | None = field(default=None, kw_only=True)
    judged: int | None = field(default=None, kw_only=True)


@dataclass(frozen=True, slots=True)
class Result:
    """One figure of one attack, with what it rests on.

    `n` stolen rows were judged, `pairs` known pairs used, `cpu_s` processor seconds spent on fitting and running.
    `interval` are the 95 % bounds of `value` over the rows judged, where they are known.
    `ceiling` is the value on undefended vectors where a survey has measured it, and otherwise the metric's own.
    """

    attack: str
    metric: str
    value: float
    floor: float
    ceiling: float
    knowledge: str
    n: int
    cpu_s: float
    pairs: int = 0
    adaptive: bool = False
    interval: tuple[float, float] | None = None

    @property
    def leak(self) -> float:
        """(value - floor) / (ceiling - floor): 0 for nothing, 1 for as much as from undefended vectors.

        0 where ceiling and floor are one, which is where the attack gets nothing from undefended vectors either.
        """
        span = self.ceiling - self.floor
        return (self.value - self.floor) / span if span > 0 else 0.0


class Attacker(Protocol):
    """An attack that has learnt what it can."""

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Attack the rows, then score what came of it. The first score is the one that summaries show."""
        ...


@runtime_checkable
class Telling(Protocol):
    """An attacker that reconstructs texts, or what it can of them."""

    def told(self, stolen: Stolen, count: int) -> Sequence[str]:
        """Return what it reads off the first `count` rows; the others may help to read them."""
        ...


class Attack(Protocol):
    """An attack and its settings. `name` is what tables call it; every random choice follows from a seed it holds."""

    @property
    def name(self) -> str:
        """What tables call it."""
        ...

    def fit(self, known: Knowledge) -> Attacker:
        """Learn from what is known. Raises `BadInput` where something is missing that the attack cannot do without."""
        ...


@dataclass(frozen=True, slots=True)
class Tried:
    """What came of one attack: its figures, and for the first rows what it read off them, if it reads texts."""

    results: tuple[Result, ...]
    told: tuple[str, ...] = field(default=(), repr=False)


def trial(attack: Attack, known: Knowledge, stolen: Stolen, hidden: Hidden) -> tuple[Result, ...]:
    """Fit, run and judge one attack. Raises `BadInput` where knowledge or the truth is missing."""
    return tried(attack, known, stolen, hidden).results


def tried(attack: Attack, known: Knowledge, stolen: Stolen, hidden: Hidden, *, samples: int = 0) -> Tried:
    """Do the same, and keep what the attacker read off the first `samples` rows, if it is one that reads texts."""
    if stolen.rows.shape != hidden.exact.shape:
        raise BadInput("stolen rows and what they hide have different shapes")
    started = time.process_time()
    attacker = attack.fit(known)
    scores = attacker.run(stolen, hidden)
    spent = time.process_time() - started
    results = tuple(
        Result(
            attack=attack.name,
            metric=score.metric,
            value=score.value,
            floor=score.floor,
            ceiling=score.ceiling,
            knowledge=known.described(),
            n=len(stolen.rows) if score.judged is None else score.judged,
            cpu_s=spent,
            pairs=sum(len(each) for each in known.pairs),
            adaptive=known.practice is not None,
            interval=score.interval,
        )
        for score in scores
    )
    told = attacker.told(stolen, samples) if samples and isinstance(attacker, Telling) else ()
    return Tried(results, tuple(told))
