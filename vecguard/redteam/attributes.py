"""The profiler: reads what kind of text lies behind a vector, and of whom, without recovering a word of it.

A probe per attribute, from vectors to values, trained on labelled texts of the attacker's own (Song & Raghunathan 2020,
"Information Leakage in Embedding Models", section 5). Simplified: they infer authors from few labelled texts each; here
any attribute is one that somebody has labelled as many texts with as there are.

A naive attacker trains on exact vectors, an adaptive one on what the mechanism makes of them, several draws of each. A
text whose attribute nobody knows is neither trained on nor judged.

On the notes of MTS-Dialog (MiniLM; 976 labelled, 325 stolen, twenty sections, the commonest .28 of them): linear .72,
MLP .74 undefended; adaptive .68 and .69 at r = 1, .56 and .55 at r = 2 (each +- .05). Of single comments (SynthPAI) it
reads little: age in decades .45 (commonest .35), sex .60 (.52), other comments of the same authors being labelled.
"""

from __future__ import annotations

from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from types import MappingProxyType
from typing import Final, Literal, TypeAlias

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats
from vecguard.errors import BadInput
from vecguard.redteam.attack import Hidden, Knowledge, Score, Stolen
from vecguard.redteam.probes import Probe, logistic, perceptron
from vecguard.redteam.proportions import wilson
from vecguard.redteam.turning import Turn, Unturned, turned_back

Kind: TypeAlias = Literal["linear", "MLP"]
_MOST = 12_000  # rows that are practised on
_FIT: Final[Mapping[Kind, Callable[..., Probe]]] = MappingProxyType({"linear": logistic, "MLP": perceptron})


@dataclass(frozen=True, slots=True)
class Attributes:
    """Probes of one kind, one for each attribute. Knows a corpus and its attributes.

    An adaptive attacker trains on `draws` draws of the mechanism's noise on each text, fewer where that is more than
    12,000 rows. `undo` says how the victim's
    rotation is undone.
    """

    probe: Kind = "linear"
    undo: Unturned = "as stolen"
    draws: int = 4
    seed: int = 0

    @property
    def name(self) -> str:
        """What tables call it."""
        return ", ".join(["attributes", self.probe, *([self.undo] if self.undo != "as stolen" else [])])

    def fit(self, known: Knowledge) -> Profiler:
        """Train. Raises `BadInput` without a corpus, attributes of it, and two values of one of them."""
        corpus = known.needed_corpus()
        if any(len(values) != len(corpus) for values in known.labels.values()):
            raise BadInput("this attack needs attributes of its corpus, one value per vector")
        rows = corpus
        if known.practice is not None:
            rows = known.practice(np.tile(corpus, (min(self.draws, max(1, _MOST // len(corpus))), 1)))
        of = np.arange(len(rows)) % len(corpus)
        readers = {
            name: self._fitted(rows, np.array(values)[of], of)
            for name, values in known.labels.items()
            if len({*values} - {""}) > 1
        }
        if not readers:
            raise BadInput("this attack needs an attribute with two values or more")
        return Profiler(readers, turned_back(self.undo, known))

    def _fitted(self, rows: Floats, values: NDArray[np.str_], of: NDArray[np.intp]) -> Reader:
        told = values != ""
        names, classes = np.unique(values[told], return_inverse=True)
        probe = _FIT[self.probe](rows[told], classes, count=len(names), of=of[told], seed=self.seed)
        return Reader(tuple(str(each) for each in names), int(np.bincount(classes).argmax()), probe)


@dataclass(frozen=True, slots=True)
class Reader:
    """A probe for one attribute. `values[usual]` is the value that it would guess of any text without a look."""

    values: tuple[str, ...]
    usual: int
    probe: Probe

    def read(self, rows: Floats) -> list[str]:
        """Return the value that it sees in each row (n, d)."""
        return [self.values[each] for each in self.probe.classes(rows)]


@dataclass(frozen=True, slots=True)
class Profiler:
    """Reads attributes off rows."""

    readers: Mapping[str, Reader]
    turn: Turn = field(repr=False)

    def run(self, stolen: Stolen, hidden: Hidden) -> tuple[Score, ...]:
        """Return per attribute the accuracy over the rows whose value is known; the floor names the usual value of all.

        Raises `BadInput` where nothing is known of any stolen row.
        """
        rows = self.turn(stolen.rows)
        judged = [
            _accuracy(name, reader, reader.read(rows), hidden.labels[name])
            for name, reader in self.readers.items()
            if any(hidden.labels.get(name, ()))
        ]
        if not judged:
            raise BadInput("this attack is judged by attributes of the stolen rows")
        return tuple(judged)


def _accuracy(name: str, reader: Reader, read: Sequence[str], truth: Sequence[str]) -> Score:
    pairs = [(said, true) for said, true in zip(read, truth, strict=True) if true]
    hits = sum(said == true for said, true in pairs)
    blind = sum(true == reader.values[reader.usual] for _, true in pairs) / len(pairs)
    return Score(f"{name} accuracy", hits / len(pairs), blind, interval=wilson(hits, len(pairs)), judged=len(pairs))
