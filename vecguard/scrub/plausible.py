"""Doubt what looks like a name and is none: an eponym, a species, an acronym, a word that the text also writes small.

A false name costs retrieval and protects nobody, but a true one that is doubted away is a leak. So what has a listed
name in it, stands behind a title or has several words is doubted on strong grounds only: an illness behind it, or at
its end. This looks at persons only, and at all of a piece, because a word's other places in it say most.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import replace
from functools import cached_property

from vecguard.scrub.findings import Finding
from vecguard.scrub.lexicon import (
    AMBIGUOUS,
    EPONYMS,
    ILLNESSES,
    NOT_A_SURNAME,
    PARTICLES,
    TECHNICAL,
    TITLE_BEFORE,
    WORD,
    key,
    lexicon,
)

_SPECIES = re.compile(r"[A-Z]\. ?[a-z-]{3,}(?: [a-z-]{3,})*")  # E. coli
_INITIALS = re.compile(r"(?:[A-Z]\. ?)+|[A-Z]")
_SENTENCE_BEFORE = re.compile(r"(?:^|[.!?:\n])[\s\"'\u201c(]*$")  # at the end
# What stands behind a name: at most three more capitalised words, and then the word that decides
_BEHIND = re.compile(r"(?:['\u2019]s?)?(?:[ -][A-Z][^\W\d_]*(?:['\u2019]s?)?){0,3}[ -][^\W\d_]+")


class Doubts:
    """What one text says about the words in it."""

    def __init__(self, text: str) -> None:
        self._text = text

    @cached_property
    def _small(self) -> frozenset[str]:
        """The words that the text writes in lower case somewhere."""
        return frozenset(word for word in WORD.findall(self._text) if word.islower())

    @cached_property
    def _cased(self) -> bool:
        """Whether capitals mean anything here: a text in capitals, or that starts small, says nothing by them."""
        letters = [character for character in self._text if character.isalpha()]
        return bool(letters) and letters[0].isupper() and sum(map(str.isupper, letters)) < 0.5 * len(letters)

    def without(self, found: Iterable[Finding]) -> Iterator[Finding]:
        """Yield what stands: all but persons as it is, persons without words at their ends that are no name's."""
        for each in found:
            if each.entity != "PERSON":
                yield each
            elif (person := self._trimmed(each)) is not None and not self._no_name(person):
                yield person

    def _trimmed(self, each: Finding) -> Finding | None:
        """Take small words off the ends of a name: "aurora B", "Cyclin a Starts"."""
        words = list(WORD.finditer(self._text, each.start, each.end))
        stands = [not word.group().islower() or _listed(word.group()) for word in words]
        if not self._cased or not any(stands):
            return each if words else None
        first, last = stands.index(True), len(words) - stands[::-1].index(True)
        while first and words[first - 1].group() in PARTICLES:
            first -= 1
        start = words[first].start() if first else each.start
        end = words[last].start() if last < len(words) else each.end
        return replace(each, start=start, end=start + len(self._text[start:end].rstrip()))

    def _no_name(self, person: Finding) -> bool:
        name, words = self._text[person.start : person.end], WORD.findall(self._text, person.start, person.end)
        if TITLE_BEFORE.search(self._text[max(0, person.start - 16) : person.start]):
            return False
        if _INITIALS.fullmatch(name):
            return True
        listed = any(map(_listed, words))
        if len(words) > 1:
            rather = _illness(words[-1]) or _SPECIES.fullmatch(name) or (self._cased and name.islower())
            return not listed and bool(rather)
        return self._eponym(person, words[0], listed=listed) or (not listed and self._common(person, name))

    def _eponym(self, person: Finding, word: str, *, listed: bool) -> bool:
        """Whether an illness is called by the name: Adams-Oliver syndrome, Reye's syndrome; but not Smith's disease."""
        known = not EPONYMS.isdisjoint(key(word).split("-"))
        behind = _BEHIND.match(self._text, person.end, min(len(self._text), person.end + 64))
        if behind is None or (listed and not known and "-" not in word):
            return False
        possessive = behind.group()[0] in "'\u2019"
        return (known or not possessive) and any(map(_illness, WORD.findall(behind.group())))

    def _common(self, person: Finding, name: str) -> bool:
        """Whether a word that no list has is rather technical, an acronym, or common and the first of its sentence."""
        if any(map(str.isdigit, name)) or name.islower() or (len(name) > 5 and TECHNICAL.search(name)):
            return True
        if not self._cased:
            return False
        begins = _SENTENCE_BEFORE.search(self._text[max(0, person.start - 8) : person.start])
        return name.isupper() or (begins is not None and name.lower() in self._small and not _may_be_one(name))


def _illness(word: str) -> bool:
    return key(word) in ILLNESSES or (len(word) > 5 and TECHNICAL.search(word) is not None)


def _listed(word: str) -> bool:
    return _may_be_one(word) and key(word) not in AMBIGUOUS and key(word) not in NOT_A_SURNAME


def _may_be_one(word: str) -> bool:
    """Whether a word is in a list of names, if it is another word too or not."""
    return key(word) in lexicon().first or key(word) in lexicon().last
