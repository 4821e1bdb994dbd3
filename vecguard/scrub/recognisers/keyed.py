"""Values that are believed beside a word that says what they are: "MRN 00482913", "48-2913 is her policy number".

Three places count. Near: between the word and the value there are only punctuation and words like "is" or "number";
almost any value will do. Far: up to 64 characters of the same sentence, behind a phrase that can mean nothing else
("medical record number"); the value needs more digits. Behind: the value comes first ("00482913 (MRN)").
A gap that holds the word for another kind of number belongs to that one.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass, field
from functools import cached_property
from itertools import islice

from vecguard.scrub.recognisers.rules import Span, digit_count

NEAR, NEAR_WEAK, BEHIND, FAR = 0.85, 0.65, 0.65, 0.6
_REACH = 64  # characters between the word and a value that follows far behind it
_LONGEST = 48  # characters of a value
_TRIES = 6  # numbers behind a word that are looked at: years and doses may come first

# A digit somewhere, groups joined by one of - . / : or, between longer runs of digits, by a space.
ID = (
    r"(?<![^\W_])(?-i:(?!(?:NO|IS|ID|NR|NUM|WAS|OF|ON|AS|AT|TO|THE|FOR|AND|OR|REF|CODE|CARD|FILE|DOB|SSN|"
    r"MRN|NPI|DEA|VIN|FAX|TEL|ZIP|AGE|EIN|PIN|ACCT|CASE|BY|IN|DATE|YEAR|PAGE|PMID|PMC|ISBN|DOI|NCT) )"
    r"[A-Z]{1,4} (?=\d\d))?"
    r"(?=[a-z*.:/-]{0,12}\d)[a-z0-9*]{1,24}(?:[-./:][a-z0-9*]{1,24}){0,6}"
    r"(?:[ -]\d{3,12}(?![.,]?\d|[-/]?[a-z])){0,4}(?![^\W_])"
)
NUMBER = r"(?:numbers?|nums?|nos?|nrs?|nbr|ids?|identifiers?|identification|codes?|refs?|references?|#)"

_JOINT = r"[\s:#=.,;()\[\]{}<>\"'|*`_\\/-]"
_LINK = (
    r"is|was|are|were|be|of|no|nos|num|nums|number|numbers|nr|nbr|id|ids|identifier|code|ref|reference|the|a|an|as|to|"
    r"listed|recorded|registered|assigned|issued|given|reads|read|under|value|equals|on|file|record|with|for|his|her|"
    r"their|my|your|our|in|full|currently|now|also|being|has|been|set|shows|shown|printed|ending|ends|starting|at|via|"
    r"by|new|old|primary|following|please|use|quote|quoting|it|its|that|this|i|ll|s|located|which|you|we|"
    r"want|filled|should|"
    r"would|will|need|needed|quoted|entered|written|down|correct|wrote|states|says|belongs|he|she|they|have"
)
_GAP = re.compile(rf"{_JOINT}{{0,8}}(?:(?:{_LINK})\b{_JOINT}{{1,5}}){{0,6}}", re.IGNORECASE)
_GAP_BEFORE = re.compile(
    r"[\s,;:()\[\]\"'=-]{0,4}(?:(?:is|was|as|being|the|a|an|his|her|their|my|your|our|this|that|patient's|"
    r"patient|client's|customer's|valid|current|listed|given|for|under|by|shown|used|on|us|uk|new|old|main|primary|full|right|home)\b[\s(\"':]{1,3}){0,5}",
    re.IGNORECASE,
)
_SAID = re.compile(r"\b(?:is|was|as)\b|\(", re.IGNORECASE)
_SENTENCE_END = re.compile(r"[.!?][)\"']?\s+(?!(?:no|nos|num|number|id|nr)\b)[A-Z][a-z]|\n\s*\n|[!?]\s")
_AND = re.compile(r"\s{0,2}(?:,|;|&|/|\band\b|\bor\b|, and)\s{1,2}(?:no\.? )?", re.IGNORECASE)
# What has digits, may stand beside any word, and is no number of anybody.
_COMMON = re.compile(
    r"(?:1[5-9]|20)\d\d(?:s|[-/](?:19|20)?\d\d)?|(?:19|20)\d\d([-/.])\d{1,2}\1\d{1,2}|"
    r"(?:0?[1-9]|1[0-2])([-/.])(?:0?[1-9]|[12]\d|3[01])\2(?:\d{4}|\d\d)|(?:0?[1-9]|[12]\d|"
    r"3[01])([-/.])(?:0?[1-9]|1[0-2])\3(?:\d{4}|\d\d)|"
    r"\d{1,2}:\d{2}(?::\d{2})?|\d{1,3}\.\d{1,3}|"
    r"\d{4}-\d{2}-\d{2}t?\d{0,2}(?::\d\d){0,2}z?|(?:nct|isrctn|pmc|rs)\d{3,12}|(?:covid|sars|h|hb|b|t|il|cd|type|stage|v|q|p|fy)-?\d{1,3}|"
    r"\d{1,3}[ -]?(?:year|yr|month|week|day|hour|min|y/o|yo)[a-z/-]{0,8}|\d{1,3}(?:st|nd|rd|th|s|x|k|m|mg|"
    r"ml|kg|cm|mm|am|pm|h|hz|yo|min|gb|mb|d|y)",
    re.IGNORECASE,
)
_TWO_BY_TWO = re.compile(r"\d\d-\d\d-\d\d")  # a date or a sort code: the word beside it knows
_UNIT_BEHIND = re.compile(
    r"\s?(?:%|percent\b|(?:m|k|\u00b5|u)?[gl]\b|mm?ol|[cmk]m\b|years?\b|months?\b|weeks?\b|days?\b|hours?\b|minutes?\b|"
    r"dollars?\b|euros?\b|usd\b|eur\b|times\b|of the\b|,\d{3}\b|(?:consecutive |healthy |adult |new "
    r")?(?:patients|people|cases|"
    r"participants|individuals|subjects|children|adults|women|men|infants|births|samples|consecutive|reads|events)\b)",
    re.IGNORECASE,
)


@dataclass(frozen=True)
class Keyed:
    """Values of one type beside phrases that name it.

    Phrases are patterns in which a space also stands for "_", "-", "." or nothing ("accountNumber"), and `{n}` for
    "number", "no", "id" and their like.
    """

    entity: str
    name: str
    strong: tuple[str, ...] = ()  # can mean nothing else: the value may be far
    weak: tuple[str, ...] = ()  # mean many things: the value has to be near
    words: tuple[str, ...] = ()  # lower-case heads of these phrases: a text without any has no match
    value: str = field(default=ID, repr=False)
    near: int = 4  # digits that a value has at least
    far: int = 5
    check: Callable[[str], bool] | None = None  # a far value has to pass; near, the word is proof enough
    dated: bool = False  # the value is itself a date or another common number
    as_written: bool = False  # of the value: capitals carry its meaning
    bonus: float = 0.0  # added to the score, for the more precise of two types that share their word

    @property
    def digits(self) -> int:
        """A text with fewer digits than the shortest value has none."""
        return self.near

    @property
    def source(self) -> str:
        """The pattern of the value."""
        return self.value

    @cached_property
    def _cue(self) -> re.Pattern[str]:
        strong, weak = ("|".join(map(_phrase, phrases)) or r"(?!)" for phrases in (self.strong, self.weak))
        edge = r"(?:(?<![^\W_])|(?-i:(?<=[a-z])(?=[A-Z])))"  # also within "patientMRN"
        return re.compile(rf"{edge}(?:(?P<strong>(?:{strong})s?)|(?:{weak}))(?![^\W\d_])", re.IGNORECASE)

    @cached_property
    def _value(self) -> re.Pattern[str]:
        return re.compile(self.value, 0 if self.as_written else re.IGNORECASE)

    def spans(self, text: str) -> Iterator[Span]:
        """Yield the value beside each phrase; several if it is a list."""
        for cue in self._cue.finditer(text):
            after = list(self._after(text, cue))
            if after:
                yield from after
            else:
                yield from self._before(text, cue)

    def _after(self, text: str, cue: re.Match[str]) -> Iterator[Span]:
        strong = cue["strong"] is not None
        end = cue.end()
        for match in islice(self._value.finditer(text, end, end + _REACH + _LONGEST), _TRIES):
            gap = text[end : match.start()]
            near = _GAP.fullmatch(gap) is not None
            if not near and (not strong or len(gap) > _REACH or _SENTENCE_END.search(gap) or self._others(gap)):
                return
            if self._plausible(text, match, near=near):
                score = (FAR if not near else NEAR if strong else NEAR_WEAK) + self.bonus
                yield (*match.span(), score)
                yield from self._listed(text, match.end(), score)
                return

    def _listed(self, text: str, end: int, score: float) -> Iterator[Span]:
        """Yield what follows a value in an enumeration."""
        while (link := _AND.match(text, end)) and (match := self._value.match(text, link.end(), link.end() + _LONGEST)):
            if not self._plausible(text, match, near=False):
                return
            yield (*match.span(), score)
            end = match.end()

    def _before(self, text: str, cue: re.Match[str]) -> Iterator[Span]:
        last = None
        for match in self._value.finditer(text, max(0, cue.start() - _LONGEST - 24), cue.start()):
            last = match
        if last is None or not self._plausible(text, last, near=False):
            return
        gap = text[last.end() : cue.start()]
        said = cue["strong"] is not None or (digit_count(last.group()) > 5 and _SAID.search(gap) is not None)
        if said and _GAP_BEFORE.fullmatch(gap):
            yield (*last.span(), BEHIND + self.bonus)

    def _plausible(self, text: str, match: re.Match[str], *, near: bool) -> bool:
        value = match.group()
        if digit_count(value) < (self.near if near else self.far):
            return False
        if not near and self.check is not None and not self.check(value):
            return False
        if self.dated:
            return True
        money = text[max(0, match.start() - 2) : match.start()].rstrip()[-1:] in {"$", "\u00a3", "\u20ac"}
        common = _COMMON.fullmatch(value) and not (near and _TWO_BY_TWO.fullmatch(value))
        return not (money or common or _UNIT_BEHIND.match(text, match.end()))

    def _others(self, gap: str) -> bool:
        lower = gap.lower()
        return any(head in lower for head in _HEADS if head not in self.words)


_NAMERS = "account acct mrn passport ssn npi dea invoice policy claim phone fax vin imei plate iban licence license"
_HEADS = (*_NAMERS.split(), "social security", "medical record", "date of birth", "dob", "routing", "serial", "docket",
          "pmid", "pubmed", "pmc", "doi", "isbn", "issn", "arxiv", "genbank", "nct", "http")  # fmt: skip


def _phrase(phrase: str) -> str:
    return phrase.replace("{n}", NUMBER).replace(" ", r"[\s_.-]{0,3}")
