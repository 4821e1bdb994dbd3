"""Every recogniser that reads one text at a time, Presidio's and ours, run one after the other.

Presidio's own engine compares every finding with every other one and every recogniser with every entity; its
recognisers are public and do not need it.
"""

from __future__ import annotations

from collections.abc import Iterator, Sequence
from functools import lru_cache
from typing import Any

from presidio_analyzer import PatternRecognizer
from presidio_analyzer.nlp_engine import NlpArtifacts, NoOpNlpEngine

from vecguard.scrub.context import raise_beside
from vecguard.scrub.entities import DENIED, ENTITIES
from vecguard.scrub.findings import Finding
from vecguard.scrub.ner import presidio_model
from vecguard.scrub.normalise import fold
from vecguard.scrub.recognisers import Recogniser, structured
from vecguard.scrub.recognisers.stock import presidio
from vecguard.scrub.settings import ScrubSettings


class Patterns:
    """The recognisers of one policy. They keep no state between texts, so threads may share them."""

    def __init__(self, recognisers: Sequence[Recogniser], entities: Sequence[str], language: str) -> None:
        self._recognisers = recognisers
        self._entities = list(entities)
        self._artifacts = _no_artifacts(language)  # what a recogniser gets that expects a language model's analysis

    @classmethod
    def of(cls, settings: ScrubSettings, extra: Sequence[Recogniser] = ()) -> Patterns:
        """Return the recognisers that a policy asks for, built once per process for equal settings."""
        return _built(settings.entities, settings.deny, settings.language, settings.model, tuple(extra))

    def find(self, text: str) -> list[Finding]:
        """Return what each recogniser finds, believed or not, in no order; raise whatever one raises."""
        return [finding for recogniser in self._recognisers for finding in self._by(recogniser, text)]

    def _by(self, recogniser: Recogniser, text: str) -> Iterator[Finding]:
        results = recogniser.analyze(text, self._entities, self._artifacts)
        if results and recogniser.context:
            raise_beside(recogniser.context, text, results)
        for result in results:
            yield Finding(result.start, result.end, result.entity_type, float(result.score), _rule(recogniser, result))


def _rule(recogniser: Recogniser, result: Any) -> str:
    """Say what found it. An explanation holds patterns and names of rules, never the text."""
    why = result.analysis_explanation
    detail = (why.pattern_name or why.textual_explanation) if why else None
    return f"{recogniser.name}: {detail}" if detail else str(recogniser.name)


@lru_cache(maxsize=16)
def _built(
    entities: tuple[str, ...], deny: tuple[str, ...], language: str, model: str, extra: tuple[Recogniser, ...]
) -> Patterns:
    wanted = set(entities)
    recognisers = [*_shipped(entities, language), *_denying(deny, language)]
    if (own := presidio_model(model)) is not None:
        recognisers.append(own)
    recognisers += [
        each for each in extra if each.supported_language == language and wanted & {*each.supported_entities}
    ]
    return Patterns(recognisers, [*entities, DENIED], language)


def _shipped(entities: tuple[str, ...], language: str) -> Iterator[Recogniser]:
    """Yield our rules, which are for English, and Presidio's recognisers for the types that we have no rules for."""
    ours = ENTITIES if language == "en" else frozenset()
    yield from structured(ours.intersection(entities))
    yield from presidio((entity for entity in entities if entity not in ours), language)


def _denying(deny: tuple[str, ...], language: str) -> Iterator[Recogniser]:
    if deny:
        phrases = [fold(phrase).text for phrase in deny]
        yield PatternRecognizer(DENIED, name="deny list", deny_list=phrases, supported_language=language)


def _no_artifacts(language: str) -> NlpArtifacts:
    engine = NoOpNlpEngine(models=[{"lang_code": language, "model_name": "none"}])
    engine.load()
    return engine.process_text("", language)
