"""Every way to read a text in which something could hide: the plain fold, and what decoding and joining reveal.

    text -> fold ─┬──────────────────────────────> view "folded": the whole text
                  ├─> join ──────────────────────> a view of what reads differently, and its surroundings
                  ├─> decode, twice ─> fold ─────> the same ──> join ──> the same
                  └─> unquote ─> decode ─> fold ─> the same ──> join ──> the same

Each stage starts with a probe that costs next to nothing on text that it has nothing to do with. Most texts have one
view. A text that reads differently in many places has longer views, up to four times its own length in all.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field

from vecguard.scrub.normalise import decode, digits, hidden, words
from vecguard.scrub.normalise.characters import folded
from vecguard.scrub.normalise.reading import Edit, Reading

_ROUNDS = 2  # decodings of one encoding within another
_BUDGET = 8  # times the length of the text, for all derived readings; there are seven, and most are shorter

_NUMERALS = "0123456789"
_GAP_IN_NUMBER = re.compile(
    r"\d[\W_]{0,6}[^\w\-. ()][\W_]{0,6}\d|\d(?:[- .]{2,6}|[^\S\n]*\n\s*)\d|\d_|\d-\s|\d\s-|\d\.\d{4}\.\d"
    r"|\d\)[-. ]?\(\d|\d-\d+ \d|\d \d+-\d"
)
_GLUED_WORDS = re.compile(
    r"[_=|\\+/:~](?<=[A-Za-z]{2}.)[A-Za-z]{2}|,(?<=[A-Za-z],)[A-Z]|[_=|\\+/:~.] ?[A-Z][a-z]{2,14}[A-Z][a-z]"
)
_WIDE_GAP = re.compile(r"\d[A-Za-z]?\s+[A-Z]|\t[A-Z]|[ \n][ \n][A-Z]|[ \n][ \n] ")


@dataclass(frozen=True, slots=True)
class _Stage:
    """A way to read, called `kind`. It is tried where a text has one of the characters and the pattern, if given."""

    kind: str
    read: Callable[[str], list[Edit]]
    characters: str = ""
    pattern: re.Pattern[str] | None = None

    def applies(self, text: str, characters: set[str]) -> bool:
        if self.characters and characters.isdisjoint(self.characters):
            return False
        return self.pattern is None or self.pattern.search(text) is not None


# The patterns begin with what is rare, a digit or a sign, because that is what makes them fast.
_DECODING = (
    _Stage("html", decode.html, "&<", re.compile(r"[&<][#/!A-Za-z]")),
    _Stage("percent", decode.percent, "%", re.compile(r"%[0-9A-Fa-fu]")),
    _Stage("escaped", decode.escapes, "\\"),
    _Stage("encoded", decode.blobs, "", re.compile(r"[A-Za-z0-9+/_-]{12}")),
    _Stage("encoded", decode.spaced_hex, _NUMERALS, re.compile(r"\d[ :,-][0-9A-Fa-f]{2}[ :,-][0-9A-Fa-f]{2}[ :,-]")),
)
_UNQUOTING = (_Stage("quoted", decode.quoted_printable, "="),)
_JOINING = (
    _Stage("spaced", words.spaced_out, "", re.compile(r"([^\w,;:/]|_)\S\1\S\1?(?![^\W_])")),
    _Stage("spelled", words.acronyms),
    _Stage("spelled", words.bracketed, "[({<", re.compile(r"[\[({<]\s?[.@:-]\s?[\])}>]")),
    _Stage("joined", words.mended_addresses, "@"),
    _Stage("unglued", words.ending_addresses, "@"),
    _Stage("spelled", words.spoken_addresses),
    _Stage("spelled", words.spoken_numbers),
    _Stage("joined", digits.marked_up, "*~`_", re.compile(r"[*~`_]{2}[\d.-]|`[\d.-]")),
    _Stage("joined", digits.respaced, _NUMERALS, _GAP_IN_NUMBER),
    _Stage("joined", digits.regrouped, _NUMERALS, _GAP_IN_NUMBER),
    _Stage("joined", digits.ibans, _NUMERALS),
    _Stage("misread", digits.misread, _NUMERALS, re.compile(r"\d(?:[OoIl|SBZ]|(?<=[OoIl|SBZ].))")),
    _Stage("joined", words.wrapped, "\n\t ", _WIDE_GAP),
    _Stage("unglued", digits.unglued, _NUMERALS),
    _Stage("unglued", words.unglued_names, "_=|\\+/:~,", _GLUED_WORDS),
)


@dataclass(frozen=True, slots=True)
class View:
    """One way to read a text. `text` is what detectors see; spans in it lead back through `original`.

    `kind` says how the reading came about ("folded", "percent+joined"). The first view of a text is `whole`; the
    others are excerpts that hold only what reads differently, with its surroundings.
    """

    text: str = field(repr=False)
    kind: str
    whole: bool
    _reading: Reading = field(repr=False)

    def original(self, start: int, end: int) -> tuple[int, int]:
        """Return the span of the original text that characters `start` to `end` of this view stand for.

        Raises ValueError for a span that is empty or not in the view.
        """
        return self._reading.original(start, end)


def views(text: str) -> list[View]:
    """Return the plain fold of the text, and then excerpts that decode or join what could hide something.

    Raises ValueError for a text whose readings together are many times longer than itself.
    """
    plain = folded(Reading(text))
    found = [View(plain.text, "folded", whole=True, _reading=plain)]
    seen = {plain.text}
    left = _BUDGET * len(text)
    for reading, since in _derived(text, plain):
        excerpt = reading.excerpt(since)
        if excerpt.text in seen:
            continue
        left -= len(excerpt.text)
        if left < 0:  # leaving a reading out would let through whatever it alone shows
            raise ValueError("the readings of a text are many times longer than the text")
        seen.add(excerpt.text)
        kind = "+".join(kind for kind in excerpt.kinds if kind != "folded")
        found.append(View(excerpt.text, kind, whole=False, _reading=excerpt))
    return found


def _derived(text: str, plain: Reading) -> Iterator[tuple[Reading, int]]:
    """Yield readings that differ from the plain one, each with the number of its first edit that is not the fold's."""
    folds = len(plain.touched)
    joined = _run(_JOINING, plain)
    if joined is not plain:
        yield joined, folds
    yield from _decoded(plain, folds, differs=False)
    unquoted = _run(_UNQUOTING, plain)
    if unquoted is not plain:
        yield from _decoded(folded(unquoted), folds, differs=True)
    if not text.isascii():
        written = Reading(text)
        revealed = written.rewritten("hidden", hidden.reveal(text))
        if revealed is not written:
            yield from _decoded(folded(revealed), 0, differs=True)


def _decoded(start: Reading, since: int, *, differs: bool) -> Iterator[tuple[Reading, int]]:
    reading = start
    for _ in range(_ROUNDS):
        before = reading
        reading = _run(_DECODING, reading)
        if reading is before:
            break
        reading = folded(reading)
    if reading is start and not differs:
        return
    yield reading, since
    joined = _run(_JOINING, reading)
    if joined is not reading:
        yield joined, since


def _run(stages: Sequence[_Stage], reading: Reading) -> Reading:
    characters = set(reading.text)
    for stage in stages:
        if stage.applies(reading.text, characters):
            read = reading.rewritten(stage.kind, stage.read(reading.text))
            if read is not reading:
                reading, characters = read, set(read.text)
    return reading
