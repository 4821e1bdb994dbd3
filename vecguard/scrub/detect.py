"""Find personal data in texts, in bounded pieces and bounded time, offline; refuse whatever could not be finished.

    texts -> pieces -> readings (folded, decoded) -> model, in batches ─┐
                                                  -> patterns ──────────┴-> back to the text -> merge -> mentions

A piece has at most 4,000 characters and shares its last 256 with the next, so that what lies across a border is whole
in one of the two. The deadline is looked at after each piece: one piece may overrun it, and is refused then.
"""

from __future__ import annotations

import re
import time
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, field

from presidio_analyzer.pattern_recognizer import REGEX_TIMEOUT_SECONDS

from vecguard.errors import ScrubFailed, shielded
from vecguard.scrub.entities import DENIED, TOKEN_LIKE
from vecguard.scrub.findings import Finding, merged
from vecguard.scrub.names import listed_names, mentions
from vecguard.scrub.ner import SHIPPED, NamedEntities, NoModel, model_of
from vecguard.scrub.normalise import View, fold, views
from vecguard.scrub.patterns import Patterns
from vecguard.scrub.plausible import Doubts
from vecguard.scrub.recognisers import Recogniser
from vecguard.scrub.settings import ScrubSettings
from vecguard.scrub.tokens import TOKEN

MAX_PIECE = 4_000
MIN_PIECE = 1_000
OVERLAP = 256
_AT_ONCE = 100_000  # characters that the model is given at once; the deadline is looked at in between

# Ids are for machines and stay: scrubbing them would break every reference. 32 hex digits and more are digests.
_IDS = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32,128}\b"


_PATTERNS_ONLY = NoModel()


@dataclass(frozen=True, slots=True)
class _Piece:
    """A part of one text, and the ways to read it: the plain one first."""

    text: int  # which of the texts
    offset: int  # where in it
    size: int
    views: list[View] = field(repr=False)


class Detector:
    """Finds personal data; safe to share between threads and over a fork. The model loads with the first text."""

    def __init__(self, settings: ScrubSettings, extra: Sequence[Recogniser] = ()) -> None:
        self._patterns = Patterns.of(settings, extra)
        self._model = model_of(settings.model)
        self._doubting = (
            settings.model == SHIPPED
        )  # another model, like a recogniser of the user's, is taken at its word
        self._lists = settings.language == "en" and "PERSON" in settings.entities
        self._entities = frozenset(settings.entities)
        self._threshold = settings.threshold
        self._thresholds = dict(settings.thresholds)
        self._size = max(MIN_PIECE, min(MAX_PIECE, settings.max_chars))
        # Presidio skips a pattern that times out, and lets through what it would have found. A piece in which that
        # happened took at least the timeout, so this limit turns the skip into a refusal.
        self._limit = min(settings.deadline_s, REGEX_TIMEOUT_SECONDS)
        self._kept = re.compile("|".join([_IDS, *map(_phrase, settings.allow)]), re.IGNORECASE)

    def find(self, text: str) -> list[Finding]:
        """Return disjoint findings, in order."""
        return self.find_all([text])[0]

    def find_all(self, texts: Sequence[str], *, named: bool = True, what: str = "text") -> list[list[Finding]]:
        """Return disjoint findings for each text, in order. The model reads many texts at once for less.

        Without `named` the model is spared: what is no prose has patterns only. Raises `ScrubFailed` if anything
        raises, or if a text takes longer than its deadline; the error calls the text `what` and its number.
        """
        model = self._model if named else _PATTERNS_ONLY
        found = [_tokens(text) for text in texts]
        spent = [0.0] * len(texts)
        for batch in _batches(self._pieces(texts, what)):
            began = time.monotonic()
            read = _named_by(model, batch)
            pace = (time.monotonic() - began) / max(1, sum(piece.size for piece in batch))
            for piece, names in zip(batch, read, strict=True):
                began = time.monotonic()
                found[piece.text] += self._read(piece, names, f"{what} {piece.text}")
                spent[piece.text] += time.monotonic() - began + pace * piece.size
                if spent[piece.text] >= self._limit:
                    raise ScrubFailed(f"{what} {piece.text} took longer than scrub.deadline_s; nothing was written")
        return [self._whole(text, each) for text, each in zip(texts, found, strict=True)]

    def _pieces(self, texts: Sequence[str], what: str) -> Iterator[_Piece]:
        for number, text in enumerate(texts):
            if not text or text.isspace():
                continue
            for offset, piece in pieces(text, self._size):
                yield _Piece(number, offset, len(piece), _views(piece, f"{what} {number}"))

    def _read(self, piece: _Piece, names: list[Finding], what: str) -> list[Finding]:
        return shielded(
            lambda name: ScrubFailed(f"{what}: the detector raised {name}; nothing was written"),
            lambda: list(self._in(piece, names)),
        )

    def _in(self, piece: _Piece, names: Sequence[Finding]) -> Iterator[Finding]:
        """Yield what is believed of a piece, by its place in the text."""
        for view in piece.views:
            kept = [match.span() for match in self._kept.finditer(view.text)]
            for each in (*self._patterns.find(view.text), *self._names(view, names)):
                if self._believed(each) and not _within(each, kept):
                    start, end = view.original(each.start, each.end)
                    rule = each.rule if view.whole else f"{each.rule}, {view.kind}"
                    yield Finding(piece.offset + start, piece.offset + end, each.entity, each.score, rule)

    def _names(self, view: View, read: Sequence[Finding]) -> list[Finding]:
        """Return what the model read in the plain reading, and names by lists in any."""
        listed = list(listed_names(view.text)) if self._lists else []
        if not view.whole:  # an excerpt shows too little of a text to doubt a name by it
            return listed
        doubted, certain = ([*read, *listed], []) if self._doubting else (listed, read)
        return [*certain, *Doubts(view.text).without(doubted)]

    def _believed(self, found: Finding) -> bool:
        if found.entity == DENIED:
            return True
        threshold = self._thresholds.get(found.entity, self._threshold)
        return found.entity in self._entities and found.score >= threshold

    def _whole(self, text: str, found: list[Finding]) -> list[Finding]:
        """Return disjoint findings, with the other mentions of every person that the text names in full."""
        disjoint = merged(found)
        if "PERSON" not in self._entities or not any(each.entity == "PERSON" for each in disjoint):
            return disjoint
        kept = [match.span() for match in self._kept.finditer(text)]
        return merged([*disjoint, *(each for each in mentions(text, disjoint) if not _within(each, kept))])


def _named_by(model: NamedEntities, batch: list[_Piece]) -> list[list[Finding]]:
    return shielded(
        lambda name: ScrubFailed(f"the model that reads names raised {name}; nothing was written"),
        lambda: model.read([piece.views[0].text for piece in batch]),
    )


def _views(piece: str, what: str) -> list[View]:
    return shielded(
        lambda name: ScrubFailed(f"{what} cannot be read in every way it could be meant ({name}); nothing was written"),
        lambda: views(piece),
    )


def _tokens(text: str) -> list[Finding]:
    return [Finding(*match.span(), TOKEN_LIKE, 1.0, "looks like a token") for match in TOKEN.finditer(text)]


def _within(found: Finding, kept: list[tuple[int, int]]) -> bool:
    return found.entity != DENIED and any(start <= found.start and found.end <= end for start, end in kept)


def _phrase(phrase: str) -> str:
    return rf"(?<!\w){re.escape(fold(phrase).text)}(?!\w)"


def _batches(parts: Iterator[_Piece]) -> Iterator[list[_Piece]]:
    batch: list[_Piece] = []
    size = 0
    for part in parts:
        batch.append(part)
        size += part.size
        if size >= _AT_ONCE:
            yield batch
            batch, size = [], 0
    if batch:
        yield batch


def pieces(text: str, size: int) -> Iterator[tuple[int, str]]:
    """Yield (offset, piece), each at most `size` long, cut at white space where there is some near the end."""
    start = 0
    while len(text) - start > size:
        end = _space_before(text, start + size)
        yield start, text[start:end]
        start = _space_before(text, end - OVERLAP)
    yield start, text[start:]


def _space_before(text: str, at: int) -> int:
    """Return the first position after the last white space in the 128 characters before `at`, or `at` itself."""
    for position in range(at, max(at - OVERLAP // 2, 1), -1):
        if text[position - 1].isspace():
            return position
    return at
