"""Other ways to write the same text: other names, other case, typing errors, words lost at either end."""

from __future__ import annotations

import random
import re
from collections.abc import Callable

from vecguard.scrub.model.train.marked import Marked, cut, joined
from vecguard.scrub.model.train.names import People
from vecguard.scrub.model.train.organisations import Organisations
from vecguard.scrub.model.train.places import Places

_SMALL = frozenset(
    [
        "a",
        "an",
        "and",
        "as",
        "at",
        "by",
        "for",
        "from",
        "in",
        "of",
        "on",
        "or",
        "the",
        "to",
        "with",
        "de",
        "von",
        "van",
        "der",
        "la",
        "is",
        "was",
    ]
)
_JUNK = (
    *("\n", "\t", "- ", "* ", "> ", "## ", "1. ", "(", '"', "... ", "  ", "["),
    *("Re: ", "Note: ", "FYI ", "ps ", "| ", "• ", "// ", "="),
)


def mapped(marked: Marked, change: Callable[[str, str], str]) -> Marked:
    """Return `marked` with `change(piece, label)` in place of every piece."""
    return joined((change(piece, label), label) for piece, label in cut(marked))


def upper(marked: Marked) -> Marked:
    """ALL CAPS."""
    return mapped(marked, lambda piece, _: piece.upper())


def lower(marked: Marked) -> Marked:
    """No capitals at all."""
    return mapped(marked, lambda piece, _: piece.lower())


def names_upper(marked: Marked) -> Marked:
    """Capitals for the marked spans alone, as in forms and court papers."""
    return mapped(marked, lambda piece, label: piece.upper() if label else piece)


def names_lower(marked: Marked) -> Marked:
    """No capitals for the marked spans alone, as by hasty writers."""
    return mapped(marked, lambda piece, label: piece.lower() if label else piece)


def title(marked: Marked) -> Marked:
    """Headline Case."""

    def change(piece: str, label: str) -> str:
        if label:
            return piece
        return re.sub(
            r"[^\W\d_]+", lambda word: word[0] if word[0] in _SMALL else word[0][:1].upper() + word[0][1:], piece
        )

    return mapped(marked, change)


def unpunctuated(marked: Marked) -> Marked:
    """Without commas and full stops outside the spans."""
    return mapped(marked, lambda piece, label: piece if label else re.sub(r"[.,;!?]+", "", piece))


class Variants:
    """Draws variants with the generator and the names that it was given."""

    def __init__(self, rng: random.Random, people: People, places: Places) -> None:
        self._rng = rng
        self._people = people
        self._places = places
        self._organisations = Organisations(rng, people, places)

    def typos(self, marked: Marked) -> Marked:
        """One or two letters swapped, lost or doubled."""
        rng = self._rng

        def change(piece: str, _: str) -> str:
            if len(piece) < 5 or rng.random() < 0.5:
                return piece
            at = rng.randrange(1, len(piece) - 2)
            if not piece[at : at + 2].isalpha():
                return piece
            return (
                piece[:at]
                + rng.choice((piece[at + 1] + piece[at], piece[at], piece[at + 1], piece[at] * 2 + piece[at + 1]))
                + piece[at + 2 :]
            )

        return mapped(marked, change)

    def junk(self, marked: Marked) -> Marked:
        """Something before or after the text."""
        before, after = (self._rng.choice((*_JUNK, "")) for _ in range(2))
        return joined([(before, ""), *cut(marked), (after, "")])

    def renamed(self, marked: Marked, share: float = 0.25) -> Marked:
        """Other people in the same sentence; places and organisations too, with probability `share` each."""
        return mapped(marked, lambda piece, label: self._other(piece, label, share))

    def _other(self, piece: str, label: str, share: float) -> str:
        if label == "PERSON":
            return self._cased_like(piece, self._person(piece))
        if self._rng.random() >= share:
            return piece
        if label == "LOCATION" and "," not in piece:
            return self._cased_like(piece, self._places.place())
        if label == "ORGANIZATION" and len(piece) > 5:
            return self._cased_like(piece, self._organisations.organisation())
        return piece

    def _person(self, old: str) -> str:
        words = old.split()
        if "," in old:
            return self._people.inverted()
        if len(words) == 1:
            return self._rng.choice((self._people.first, self._people.last))()
        if re.match(r"[A-Z]\.", old):
            return f"{self._people.initial()} {self._people.last()}"
        return self._people.full()

    def _cased_like(self, old: str, new: str) -> str:
        if len(old) > 3 and old.isupper():
            return new.upper()
        return new.lower() if old.islower() else new

    def varied(self, marked: Marked) -> Marked:
        """Return one variant, or the text as it is in two of three draws."""
        of_case = ((0.06, upper), (0.12, lower), (0.02, title), (0.02, names_upper), (0.04, names_lower))
        return self._drawn(marked, (*of_case, (0.035, self.typos), (0.04, self.junk), (0.03, unpunctuated)))

    def varied_prose(self, marked: Marked) -> Marked:
        """Return one variant of a text that names nobody; capitals must mean nothing in it."""
        return self._drawn(marked, ((0.06, upper), (0.14, lower), (0.08, title), (0.03, self.typos), (0.04, self.junk)))

    def _drawn(self, marked: Marked, changes: tuple[tuple[float, Callable[[Marked], Marked]], ...]) -> Marked:
        form = self._rng.random()
        for share, change in changes:
            form -= share
            if form < 0:
                return change(marked)
        return marked
