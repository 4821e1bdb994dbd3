"""Words of a text, split into those that carry its content and those that hold a sentence together.

Inverters are good at "i" and "the" whatever the vector says, so recovery is counted apart for the two groups
(Song & Raghunathan 2020 count all words together).
"""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

import numpy as np
from numpy.typing import NDArray

from vecguard.arrays import Floats

_WORD = re.compile(r"[a-z]+(?:'[a-z]+)?|\d+")

FUNCTION_WORDS = frozenset(
    """
    i you he she it we they me him her us them my your his its our their mine yours hers ours theirs myself yourself
    himself herself itself ourselves themselves this that these those who whom whose which what where when why how
    a an the some any no every each either neither all both few many much more most other another such
    and or but nor so yet if because as than though although while until unless whether since
    of in on at by for with about against between into through during before after above below to from up down out off
    over under again then once here there now just too very also only even still ever never not
    am is are was were be been being have has had having do does did doing done will would shall should can could may
    might must ought let get got
    i'm you're he's she's it's we're they're i've you've we've they've i'd you'd he'd she'd we'd they'd i'll you'll
    he'll she'll it'll we'll they'll isn't aren't wasn't weren't haven't hasn't hadn't don't doesn't didn't won't
    wouldn't shouldn't can't cannot couldn't mustn't let's that's who's what's where's there's here's how's
    yes oh well hi hello ok okay
    """.split()  # noqa: SIM905 - so many words read better as lines
)


def words(text: str) -> frozenset[str]:
    """Return the distinct words of a text in lower case, apostrophes kept inside ("don't"), numbers as they are."""
    return frozenset(_WORD.findall(text.lower().replace("\u2019", "'")))


def is_content(word: str) -> bool:
    """Say whether a word carries content: anything that is not on the closed list of English function words."""
    return word not in FUNCTION_WORDS


@dataclass(frozen=True, slots=True)
class Vocabulary:
    """The words that an attacker can recover, commonest first, and which of them carry content (v,)."""

    words: tuple[str, ...] = field(repr=False)
    content: NDArray[np.bool_] = field(repr=False)

    @classmethod
    def of(cls, texts: Sequence[str], *, least: int) -> Vocabulary:
        """Take every word that occurs in at least `least` texts."""
        counts = Counter(word for text in texts for word in words(text))
        kept = tuple(
            word for word, count in sorted(counts.items(), key=lambda item: (-item[1], item[0])) if count >= least
        )
        return cls(kept, np.array([is_content(word) for word in kept], dtype=np.bool_))

    def marked(self, texts: Sequence[str]) -> Floats:
        """Return (n, v) with 1 where a text has a word. Words outside the vocabulary have no column."""
        column = {word: i for i, word in enumerate(self.words)}
        present = np.zeros((len(texts), len(self.words)), dtype=np.float32)
        for row, text in enumerate(texts):
            present[row, [column[word] for word in words(text) if word in column]] = 1
        return present


def counted(texts: Iterable[str], *, content_only: bool) -> NDArray[np.int64]:
    """Return how many distinct words (or content words) each text has, in or out of any vocabulary: (n,)."""
    return np.array(
        [sum(is_content(each) or not content_only for each in words(text)) for text in texts], dtype=np.int64
    )
