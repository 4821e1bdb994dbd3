"""Find names of people by name lists, titles and capitals, beside a trained model or in its place.

What it finds: a title and what follows it ("Dr. Kumar"), a listed first name with a surname ("Sarah Johnson", "JOHN
SMITH", "Maria de la Cruz"), "Smith, John", "J. Smith", a lone first name that is no other word, and later mentions of
a name that was found in full. What it misses: full names of which no part is in Faker's lists and that no title
introduces, most lower-case names, lone surnames, nicknames, names that are words ("Will", "Rose") on their own, and
every script but Latin. It knows nothing of grammar: "Jordan Peterson" and a street of that name are one to it.
"""

from __future__ import annotations

import re
from collections.abc import Iterable, Iterator
from dataclasses import dataclass

from vecguard.scrub.findings import Finding
from vecguard.scrub.lexicon import (
    AMBIGUOUS,
    KINSHIP,
    LABELS,
    NAME_PARTS,
    NOT_A_SURNAME,
    PARTICLES,
    PLACE_PREFIXES,
    THINGS,
    TITLE_BEFORE,
    TITLES,
    WORD,
    key,
    lexicon,
)

_INNER_CAPITAL = re.compile(r"(?:Mc|Mac|De|Di|Du|La|Le|Van|Fitz)[A-Z][^\W\d_A-Z]+")
_INTRODUCING = TITLES | LABELS | {"name"}
_TITLED, _LISTED, _HALF_LISTED, _ALONE, _UNCASED = 0.85, 0.85, 0.6, 0.55, 0.55


def listed_names(text: str) -> Iterator[Finding]:
    """Yield full names and lone ones, in order, their titles left outside: "Dr. Smith" and "Smith" get one token."""
    for name in _Reader(text, [_Word(match) for match in WORD.finditer(text)]).names():
        yield Finding(name.start, name.end, "PERSON", name.score, f"lists of names: {name.rule}")


@dataclass(frozen=True, slots=True)
class _Name:
    start: int
    end: int
    score: float
    rule: str


class _Word:
    """A word, what its spelling says, and whether it is a first name; the rest is looked up when somebody asks."""

    __slots__ = ("capital", "end", "first", "key", "start", "text")

    def __init__(self, match: re.Match[str]) -> None:
        self.text = match.group()
        self.start, self.end = match.span()
        if self.text[-2:] in {"'s", "\u2019s"}:  # "Smith's": the name ends before it
            self.text, self.end = self.text[:-2], self.end - 2
        self.capital = self.text[0].isupper()
        self.key = key(self.text)
        self.first = self.key in lexicon().first

    @property
    def last(self) -> bool:
        names = lexicon().last
        return self.key in names or ("-" in self.key and any(part in names for part in self.key.split("-")))

    @property
    def plain(self) -> bool:
        """Whether the word is a name and nothing else."""
        return self.key not in AMBIGUOUS and self.key not in NOT_A_SURNAME

    @property
    def initial(self) -> bool:
        return len(self.text) == 1 and self.capital

    @property
    def written(self) -> bool:
        """Whether it is written as names are: Smith, O'Neil, Smith-Jones, McDonald; neither mRNA nor MHC-restricted."""
        return bool(self.text.istitle() or _INNER_CAPITAL.fullmatch(self.text))

    @property
    def surname_like(self) -> bool:
        """Whether the word could be a surname that no list has."""
        return self.written and len(self.text) > 2 and self.key not in NOT_A_SURNAME


class _Reader:
    """Reads words from left to right; each rule says where a name that starts here would end."""

    def __init__(self, text: str, words: list[_Word]) -> None:
        self.text = text
        self.words = words

    def names(self) -> Iterator[_Name]:
        """Yield disjoint names; the first rule that applies wins."""
        at = 0
        while at < len(self.words):
            name = self._name(at)
            if name is None:
                at += 1
                continue
            yield name
            while at < len(self.words) and self.words[at].start < name.end:
                at += 1

    def _name(self, at: int) -> _Name | None:
        """Return the name that starts here. Nine words in ten are small, and few rules begin with one."""
        word = self.words[at]
        if word.capital:
            return self._titled(at) or self._full(at) or self._inverted(at) or self._initialled(at) or self._rest(at)
        return self._titled(at) if word.key in _INTRODUCING else self._uncased(at) if word.first else None

    def _gap(self, at: int) -> str:
        """Return the text between word `at` and the one before it; a gap without end where there is none."""
        if not 0 < at < len(self.words):
            return "\0"
        return self.text[self.words[at - 1].end : self.words[at].start]

    def _adjoins(self, at: int) -> bool:
        gap = self._gap(at)
        if gap in {"\n", "\r\n"}:
            return self.words[at].last  # a name may be wrapped; a heading on the next line is no part of it
        return gap in {" ", "  "} or (gap in {". ", "."} and self.words[at - 1].initial)

    def _named(self, first: int, last: int, score: float, rule: str) -> _Name:
        words = self.words[first : last + 1]
        return _Name(words[0].start, words[-1].end, score, rule)

    def _titled(self, at: int) -> _Name | None:
        """Dr. Kumar; Mrs O'Neil; Doctor Sarah Johnson; Patient: Xiu Zhang."""
        title = self._is_title(at)
        if not title and not self._is_label(at):
            return None
        end = at
        while end - at < 4 and (end == at or self._adjoins(end + 1)) and self._continues(end + 1):
            end += 1
        while end > at and not self.words[end].surname_like and not self.words[end].last:
            end -= 1  # a title's initials and particles need a surname behind them
        if end == at or not (title or end > at + 1 or self.words[end].first or self.words[end].last):
            return None  # "Patient: Stable" is no name
        return self._named(at + 1, end, _TITLED, "follows a title")

    def _is_title(self, at: int) -> bool:
        if self.words[at].key not in TITLES or self._gap(at + 1) not in {" ", ". ", "."}:
            return False
        return not self.words[at].text.isupper() or self.words[at + 1].text.isupper()  # "MR Imaging", "MS Excel"

    def _is_label(self, at: int) -> bool:
        if self._gap(at + 1) not in {": ", ":"}:
            return False
        word = self.words[at].key
        return word in LABELS or (word == "name" and at > 0 and self.words[at - 1].key in LABELS | NAME_PARTS)

    def _continues(self, at: int) -> bool:
        word = self.words[at]
        return (
            word.initial or word.key in PARTICLES or (word.capital and (word.last or word.first or word.surname_like))
        )

    def _surname(self, at: int) -> int | None:
        """Return the index of the surname's last word when a surname starts at `at`."""
        here = at
        while here - at < 3 and self._adjoins(here) and self.words[here].key in PARTICLES and self._adjoins(here + 1):
            here += 1
        here -= here > at and not self.words[here].capital  # "Mark Le was": nothing that the particle could belong to
        if not self._adjoins(here) or not self.words[here].capital or self.words[here].key in NOT_A_SURNAME:
            return None
        if not (self.words[here].last or self.words[here].surname_like):
            return None
        double = self._adjoins(here + 1) and self.words[here + 1].capital and self.words[here + 1].last
        return here + 1 if double and not self.words[here + 1].first and self.words[here + 1].plain else here

    def _full(self, at: int) -> _Name | None:
        """Sarah Johnson; John F. Kennedy; MARIA GARCIA; Mary Ann Smith."""
        given = self.words[at]
        if not (given.capital and given.first) or self._in_a_place(at):
            return None
        middle = at + 1
        while middle - at < 3 and self._adjoins(middle) and self._is_middle(middle):
            middle += 1
        end = self._surname(middle)
        if end is None or self._names_a_thing(end):
            return None
        family = self.words[end]
        if family.last and (given.plain or family.plain or given.key in lexicon().common):
            return self._named(at, end, _LISTED, "listed first name and surname")
        if given.plain and family.written:
            return self._named(at, end, _HALF_LISTED, "listed first name and a capitalised word")
        return None

    def _names_a_thing(self, at: int) -> bool:
        return self._adjoins(at + 1) and self.words[at + 1].key in THINGS

    def _in_a_place(self, at: int) -> bool:
        return self._gap(at) in {" ", ". "} and self.words[at - 1].key in PLACE_PREFIXES

    def _is_middle(self, at: int) -> bool:
        if self.words[at].initial:
            return True
        follows = self._adjoins(at + 1) and self.words[at + 1].capital and self.words[at + 1].last
        return self.words[at].capital and self.words[at].first and follows

    def _inverted(self, at: int) -> _Name | None:
        """Smith, John."""
        family, comma = self.words[at], self._gap(at + 1)
        if not (family.capital and family.last and comma == ", "):
            return None
        given = self.words[at + 1]
        if not (given.capital and given.first) or not (given.plain or (family.plain and given.key in lexicon().common)):
            return None
        end = at + 2 if self._adjoins(at + 2) and self.words[at + 2].initial else at + 1
        return self._named(at, end, _LISTED, "listed surname, comma, listed first name")

    def _initialled(self, at: int) -> _Name | None:
        """J. Smith; J.K. Rowling."""
        end = at
        while end - at < 3 and self.words[end].initial and self._gap(end + 1) in {". ", "."}:
            end += 1
        family = self.words[end] if end > at else None
        if family is None or not (family.capital and family.last and family.plain and len(family.text) > 2):
            return None
        return self._named(at, end, _HALF_LISTED, "initials and a listed surname")

    def _rest(self, at: int) -> _Name | None:
        """Return a lone first name, or a name after "my husband"."""
        word = self.words[at]
        alone = word.first and word.plain and word.written and word.key in lexicon().common and len(word.text) > 2
        alone = alone and not self._names_a_thing(at) and not self._in_a_place(at)
        related = at > 0 and self.words[at - 1].key in KINSHIP and (word.first or word.last)
        if alone or (related and word.plain):
            return self._named(at, at, _ALONE, "listed first name")
        return None

    def _uncased(self, at: int) -> _Name | None:
        if not self._adjoins(at + 1) or self.words[at + 1].capital:
            return None
        pair, common = (self.words[at], self.words[at + 1]), lexicon().common
        if pair[0].first and pair[1].last and all(word.plain and word.key in common for word in pair):
            return self._named(at, at + 1, _UNCASED, "full name in lower case")
        return None


def mentions(text: str, found: Iterable[Finding]) -> Iterator[Finding]:
    """Yield later and earlier mentions of a part of a name that was found with more than one word, or behind a title.

    A lone word that somebody took for a name is not spread over the text: if it is none, one false alarm is enough.
    """
    parts: set[str] = set()
    for each in found:
        if each.entity == "PERSON":
            words = [word for word in map(_Word, WORD.finditer(text[each.start : each.end])) if len(word.text) > 1]
            if len(words) > 1 or TITLE_BEFORE.search(text[max(0, each.start - 16) : each.start]):
                parts.update(word.key for word in words)
    parts -= AMBIGUOUS | NOT_A_SURNAME
    if not parts:
        return
    for word in map(_Word, WORD.finditer(text)):
        if word.capital and len(word.text) > 2 and word.key in parts and (word.written or not text.isupper()):
            yield Finding(word.start, word.end, "PERSON", _ALONE, "part of a name found elsewhere")
