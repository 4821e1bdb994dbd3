"""Choices that depend on an owner's key and on what they are made for, and on nothing else.

No random number generator is involved, neither the process's nor a seeded one: equal input gives equal output in every
thread, process and version of Python. The key is a token that the owner's key mints for a constant, 100 bits of it.
"""

from __future__ import annotations

import hashlib
from bisect import bisect_right
from collections.abc import Iterable
from dataclasses import dataclass, field

from vecguard.scrub.tokens import Mint, digits_of

_PLACES = 4  # of one word on a ring

_WHAT_FOR = ("SURROGATE_KEY", "surrogate key")  # not what a detector finds, so no stored token shows these digits


@dataclass(frozen=True, slots=True)
class Draws:
    """An endless row of numbers, by position."""

    seed: bytes = field(repr=False)

    def below(self, limit: int, position: int = 0) -> int:
        """Return the number at a position, in 0..limit-1; 128 bits keep the bias of the remainder out of sight."""
        digest = hashlib.blake2b(position.to_bytes(8, "big"), key=self.seed, digest_size=16).digest()
        return int.from_bytes(digest, "big") % limit


@dataclass(frozen=True, slots=True)
class Keyed:
    """An owner's choices."""

    key: bytes = field(repr=False)

    def draws(self, purpose: str, value: str, attempt: int = 0) -> Draws:
        """Return the numbers for a value under a purpose; another attempt gives others."""
        parts = [part.encode("utf-8", "surrogatepass") for part in (purpose, value)]
        framed = b"".join(len(part).to_bytes(8, "big") + part for part in parts) + attempt.to_bytes(8, "big")
        return Draws(hashlib.blake2b(framed, key=self.key, digest_size=32).digest())


def keyed_by(mint: Mint) -> Keyed | None:
    """Return the choices of whoever's key mints; None where nobody's does, as for a text without an owner."""
    digits = digits_of(mint(*_WHAT_FOR))
    return None if digits is None else Keyed(digits.encode("ascii"))


class Ring:
    """Words at fixed places of a circle, chosen by where a number falls (consistent hashing, Karger et al. 1997).

    A word that a new release of a name list adds or drops changes the choice for its neighbours only; with an index
    into a list it would change nearly every choice ever made. Each word has several places, which evens out how often
    words are chosen.
    """

    def __init__(self, words: Iterable[str]) -> None:
        self._members = frozenset(words)
        placed = sorted((_place(word, turn), word) for word in self._members for turn in range(_PLACES))
        self._places = [place for place, _ in placed]
        self._words = [word for _, word in placed]

    def __len__(self) -> int:
        """Return how many words there are."""
        return len(self._members)

    def __contains__(self, word: str) -> bool:
        """Whether a word is on the ring, as it is written there."""
        return word in self._members

    def choose(self, draws: Draws) -> str:
        """Return the word at or after a drawn place."""
        return self._words[bisect_right(self._places, draws.below(2**64)) % len(self._words)]


def _place(word: str, turn: int) -> int:
    return int.from_bytes(hashlib.sha256(f"{turn} {word}".encode()).digest()[:8], "big")
