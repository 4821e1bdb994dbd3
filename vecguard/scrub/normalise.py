"""Fold a text into the plain form that detectors understand, and lead their findings back to the original.

Zero-width characters, soft hyphens, full-width or foreign digits, typographic dashes and accents hide a number or a
name from a pattern but not from a reader. Detection works on the folded text; only positions come back.
"""

from __future__ import annotations

import unicodedata
from dataclasses import dataclass, field
from functools import lru_cache

from vecguard.scrub.findings import Finding

_DROPPED = frozenset({"Cf", "Mn", "Me"})  # invisible format characters, and marks that sit on a letter


@dataclass(frozen=True, slots=True)
class Folded:
    """`text` is what detectors see; its character i came from character `origin[i]` of the original."""

    text: str = field(repr=False)
    origin: tuple[int, ...] | None = field(repr=False)  # None: nothing moved

    def original(self, finding: Finding) -> Finding:
        """Return the finding with positions in the original text."""
        if self.origin is None:
            return finding
        start, last = self.origin[finding.start], self.origin[finding.end - 1]
        return Finding(start, last + 1, finding.entity, finding.score)


def fold(text: str) -> Folded:
    """Fold every character on its own, so that each folded character has exactly one origin."""
    if text.isascii():
        return Folded(text, None)
    pieces: list[str] = []
    origin: list[int] = []
    for index, character in enumerate(text):
        plain = character if character < "\x80" else _plain(character)
        pieces.append(plain)
        origin.extend([index] * len(plain))
    return Folded("".join(pieces), tuple(origin))


@lru_cache(maxsize=8192)
def _plain(character: str) -> str:
    return "".join(_folded(part) for part in unicodedata.normalize("NFKD", character))


def _folded(character: str) -> str:
    category = unicodedata.category(character)
    if category in _DROPPED:
        return ""
    if category == "Nd":
        return str(unicodedata.decimal(character))
    if category == "Pd" or character == "\u2212":
        return "-"
    if category == "Zs":
        return " "
    return "'" if character in "\u2018\u2019\u02bc" else character


def canonical(text: str) -> str:
    """Return the form in which two spellings of one value are the same value: NFKC, case-folded, spaces collapsed."""
    return " ".join(unicodedata.normalize("NFKC", text).casefold().split())
