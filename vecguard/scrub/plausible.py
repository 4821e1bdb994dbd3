"""Doubt what looks like a name and is none: an eponym, a species, an acronym, a word that the text also writes small.

A false name costs retrieval and protects nobody, and most of them give themselves away by their spelling or by what
stands beside them. This looks at persons only, and at all of a piece, because a word's other places in it say most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from vecguard.scrub.findings import Finding
from vecguard.scrub.lexicon import (
    AMBIGUOUS,
    EPONYMOUS,
    EPONYMS,
    NOT_A_SURNAME,
    PARTICLES,
    TECHNICAL,
    TITLE_BEFORE,
    key,
    lexicon,
)

_WORD = re.compile(r"[^\W\d_]+(?:['\u2019-][^\W\d_]+)*")
_SPECIES = re.compile(r"[A-Z]\. ?[a-z-]{3,}(?: [a-z-]{3,})*")  # E. coli
_INITIALS = re.compile(r"(?:[A-Z]\. ?)+|[A-Z]")
# What stands behind a name: at most three more capitalised words, and then the word that decides
_BEHIND = re.compile(r"(?:['\u2019]s?)?(?:[ -][A-Z][^\W\d_]*(?:['\u2019]s?)?){0,3}[ -](?P<thing>[^\W\d_]+)")


class Doubts:
    """What one text says about the words in it."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _small(self) -> frozenset[str]:
        """The words that the text writes in lower case somewhere."""
        return frozenset(word for word in _WORD.findall(self._text) if word.islower())

    @cached_property
    def _cased(self) -> bool:
        """Whether capitals mean anything here: a text in capitals, or that starts small, says nothing by them."""
        letters = [character for character in self._text if character.isalpha()]
        return bool(letters) and letters[0].isupper() and sum(map(str.isupper, letters)) < 0.5 * len(letters)

    def without(self, found: Iterable[Finding]) -> Iterator[Finding]:
        """Yield the findings that stand: all but persons as they are, persons without words that are no name's."""
        for each in found:
            if each.entity != "PERSON":
                yield each
            elif _SPECIES.fullmatch(self._text, each.start, each.end):
                continue
            elif (person := self._trimmed(each)) is not None and not self._no_name(person):
                yield person

    def _trimmed(self, each: Finding) -> Finding | None:
        """Take small words off the ends of a name: "aurora B", "Cyclin a Starts"."""
        words = list(_WORD.finditer(self._text, each.start, each.end))
        if not self._cased or not any(word.group()[0].isupper() for word in words):
            return each if words else None
        first, last = 0, len(words)
        while words[last - 1].group().islower():
            last -= 1
        while words[first].group().islower() and words[first].group() not in PARTICLES:
            first += 1
        start = words[first].start() if first else each.start
        end = words[last].start() if last < len(words) else each.end
        return replace(each, start=start, end=start + len(self._text[start:end].rstrip()))

    def _no_name(self, person: Finding) -> bool:
        name = self._text[person.start : person.end]
        words = _WORD.findall(name)
        if TITLE_BEFORE.search(self._text[max(0, person.start - 16) : person.start]):
            return False
        if _INITIALS.fullmatch(name) or any(map(str.isdigit, name)) or self._eponym(person, words):
            return True
        if not any(_listed(word) for word in words):
            if any(TECHNICAL.search(word) for word in words if len(word) > 5):
                return True
            if name.islower() and (self._cased or len(words) == 1):
                return True
            if self._cased and name.isupper() and len(words) == 1:
                return True
        return len(words) == 1 and self._cased and words[0].istitle() and words[0].lower() in self._small

    def _eponym(self, person: Finding, words: list[str]) -> bool:
        """Whether a thing is called by the name: Adams-Oliver syndrome, Reye's syndrome; but not Smith's disease."""
        spelled = [key(word) for word in words]
        if len(words) > 1 and spelled[0] in lexicon().first and spelled[-1] in lexicon().last:
            return False
        if spelled[-1] in EPONYMOUS or TECHNICAL.search(spelled[-1]):  # the thing was taken for a part of the name
            return True
        behind = _BEHIND.match(self._text, person.end, min(len(self._text), person.end + 64))
        if behind is None or not any(_condition(word) for word in _WORD.findall(behind.group())):
            return False
        return behind.group()[0] not in "'\u2019" or spelled[-1] in EPONYMS


def _condition(word: str) -> bool:
    return key(word) in EPONYMOUS or TECHNICAL.search(word) is not None


def _listed(word: str) -> bool:
    names, spelled = lexicon(), key(word)
    return (spelled in names.first or spelled in names.last) and spelled not in AMBIGUOUS | NOT_A_SURNAME
