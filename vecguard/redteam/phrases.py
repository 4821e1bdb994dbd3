"""Texts as sequences of tokens, for attackers that put words in order.

Lower case, apostrophes inside words, and every punctuation mark a token of its own: what an uncased encoder makes of a
text too, so that a text written from its tokens has the vector of the original.
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Final, TypeAlias

import numpy as np
from numpy.typing import NDArray

_TOKEN = re.compile(r"[^\W_]+(?:'[^\W_]+)*|[^\w\s]|_")
PAD: Final = 0  # also what a text begins with
END: Final = 1
RARE: Final = 2  # any token outside the lexicon; never written
Ids: TypeAlias = NDArray[np.int64]


def tokens(text: str) -> tuple[str, ...]:
    """Return the tokens of a text in their order."""
    return tuple(_TOKEN.findall(text.lower().replace("\u2019", "'")))


def written(parts: Sequence[str]) -> str:
    """Return tokens as a text, a space between any two."""
    return " ".join(parts)


@dataclass(frozen=True, slots=True)
class Lexicon:
    """The tokens that an attacker can write, by number. The first three stand for no token."""

    entries: tuple[str, ...] = field(repr=False)

    @classmethod
    def of(cls, texts: Sequence[str], *, least: int) -> Lexicon:
        """Take every token that occurs in at least `least` texts, commonest first."""
        counts = Counter(token for text in texts for token in set(tokens(text)))
        kept = sorted((token for token, count in counts.items() if count >= least), key=lambda one: (-counts[one], one))
        return cls(("", "", "", *kept))

    def __len__(self) -> int:
        return len(self.entries)

    def numbered(self, texts: Sequence[str]) -> Ids:
        """Return (n, longest + 1): each text's tokens, END, and PAD up to the longest."""
        number = {token: i for i, token in enumerate(self.entries) if i > RARE}
        return tabled([[number.get(token, RARE) for token in tokens(text)] for text in texts])

    def text(self, ids: Sequence[int]) -> str:
        """Return the text of numbers up to the first END; what stands for no token is left out."""
        kept: list[str] = []
        for each in ids:
            if each == END:
                break
            if each > RARE:
                kept.append(self.entries[each])
        return written(kept)


def tabled(rows: Sequence[Sequence[int]]) -> Ids:
    """Return texts given by the numbers of their tokens as (n, longest + 1), END and PAD behind each."""
    table = np.full((len(rows), max(map(len, rows), default=0) + 1), PAD, dtype=np.int64)
    for place, row in enumerate(rows):
        table[place, : len(row)] = row
        table[place, len(row)] = END
    return table
