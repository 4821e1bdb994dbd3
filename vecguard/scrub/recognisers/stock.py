"""Presidio's own pattern recognisers for types that we have no rules for: ES_NIF, IN_AADHAAR, AU_TFN and their like."""

from __future__ import annotations

import inspect
from collections.abc import Iterable, Iterator, Mapping
from functools import cache
from typing import Any

from presidio_analyzer import PatternRecognizer
from presidio_analyzer import predefined_recognizers as stock

# The two that would open a socket, or lie in the way of ids: their types have rules of ours, or none at all.
_LEFT_OUT = frozenset({"EmailRecognizer", "UrlRecognizer", "UuidRecognizer"})


def presidio(entities: Iterable[str], language: str) -> Iterator[Any]:
    """Yield a recogniser for each of these types that Presidio has one for, reading texts in this language."""
    for entity in entities:
        if (recogniser := offered().get(entity)) is not None:
            yield recogniser(supported_language=language)


@cache
def offered() -> Mapping[str, type[Any]]:
    """Return the types that Presidio finds by patterns, offline, with the class that finds each."""
    found: dict[str, type[Any]] = {}
    for name, kind in inspect.getmembers(stock, _finds_by_patterns):
        if name not in _LEFT_OUT:
            found.update(dict.fromkeys(kind().supported_entities, kind))
    return found


def _finds_by_patterns(kind: object) -> bool:
    return inspect.isclass(kind) and issubclass(kind, PatternRecognizer)
