"""Run Presidio over a text in bounded pieces, offline, and refuse whatever it could not finish.

A piece has at most 4,000 characters and shares its last 256 with the next, so that what lies across a border is whole
in one of the two. The deadline is looked at after each piece: one piece may overrun it, and is refused then.
"""

from __future__ import annotations

import re
import threading
import time
from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from presidio_analyzer import AnalyzerEngine, PatternRecognizer, RecognizerRegistry
from presidio_analyzer.nlp_engine import NoOpNlpEngine
from presidio_analyzer.pattern_recognizer import REGEX_TIMEOUT_SECONDS

from vecguard.scrub.context import NearbyWords
from vecguard.scrub.entities import DENIED, TOKEN_LIKE
from vecguard.scrub.findings import Finding, merged
from vecguard.scrub.names import NameRecogniser
from vecguard.scrub.normalise import fold
from vecguard.scrub.recognisers import CATALOGUE, Recogniser
from vecguard.scrub.settings import ScrubSettings
from vecguard.scrub.tokens import TOKEN

MAX_PIECE = 4_000
MIN_PIECE = 1_000
OVERLAP = 256

# Ids are for machines and stay: scrubbing them would break every reference. 32 hex digits and more are digests.
_IDS = r"\b[0-9a-f]{8}(?:-[0-9a-f]{4}){3}-[0-9a-f]{12}\b|\b[0-9a-f]{32,128}\b"

_loading = threading.Lock()


class Expired(Exception):
    """A text took longer than its deadline, or so long that Presidio may have skipped a pattern."""


class Detector:
    """Finds personal data in one text at a time; safe to share between threads."""

    def __init__(self, settings: ScrubSettings, extra: Sequence[Recogniser] = ()) -> None:
        self._loaded: Any = None
        self._extra = tuple(extra)
        self._entities = settings.entities
        self._deny = settings.deny
        self._language = settings.language
        self._threshold = settings.threshold
        self._size = max(MIN_PIECE, min(MAX_PIECE, settings.max_chars))
        # Presidio skips a pattern that times out, and lets through what it would have found. A piece in which that
        # happened took at least the timeout, so this limit turns the skip into a refusal.
        self._limit = min(settings.deadline_s, REGEX_TIMEOUT_SECONDS)
        self._kept = re.compile("|".join([_IDS, *map(_phrase, settings.allow)]), re.IGNORECASE)

    def find(self, text: str) -> list[Finding]:
        """Return disjoint findings in order; raise whatever a recogniser raises, and `Expired`."""
        tokens = [Finding(*match.span(), TOKEN_LIKE, 1.0) for match in TOKEN.finditer(text)]
        folded = fold(text)
        return merged([*tokens, *map(folded.original, self._personal(folded.text))])

    def _personal(self, text: str) -> Iterator[Finding]:
        kept = [match.span() for match in self._kept.finditer(text)]
        for finding in self._all(text):
            if finding.entity == DENIED or not any(s <= finding.start and finding.end <= e for s, e in kept):
                yield finding

    def _all(self, text: str) -> Iterator[Finding]:
        engine, entities = self._engine()
        started = time.monotonic()
        for offset, piece in pieces(text, self._size):
            results = engine.analyze(piece, self._language, entities, score_threshold=self._threshold)
            if time.monotonic() - started >= self._limit:
                raise Expired
            for result in results:
                yield Finding(offset + result.start, offset + result.end, result.entity_type, float(result.score))

    def _engine(self) -> tuple[Any, list[str]]:
        if self._loaded is None:
            with _loading:  # two threads at once would each load the lists
                self._loaded = _engine(self._entities, self._deny, self._language, self._extra)
        return self._loaded, [*self._entities, *([DENIED] if self._deny else ())]


@lru_cache(maxsize=16)
def _engine(entities: tuple[str, ...], deny: tuple[str, ...], language: str, extra: tuple[Recogniser, ...]) -> Any:
    """Build an engine, one per process for equal arguments. No recogniser of ours needs a language model."""
    registry = RecognizerRegistry(recognizers=[*_recognisers(entities, deny), *extra], supported_languages=[language])
    nlp = NoOpNlpEngine(models=[{"lang_code": language, "model_name": "none"}])
    return AnalyzerEngine(
        registry=registry, nlp_engine=nlp, supported_languages=[language], context_aware_enhancer=NearbyWords()
    )


def _recognisers(entities: tuple[str, ...], deny: tuple[str, ...]) -> Iterator[Recogniser]:
    if "PERSON" in entities:
        yield NameRecogniser()
    for entity in entities:
        yield from CATALOGUE.get(entity, list)()
    if deny:
        yield PatternRecognizer(DENIED, name="VecGuard deny list", deny_list=[fold(phrase).text for phrase in deny])


def _phrase(phrase: str) -> str:
    return rf"(?<!\w){re.escape(fold(phrase).text)}(?!\w)"


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
