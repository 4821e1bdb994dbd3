"""The span protocol: pinned on small texts, each against presidio-evaluator 0.3.2 run on the same text by hand."""

from __future__ import annotations

import pytest

from vecguard.evaluate.pii.counts import Counts
from vecguard.evaluate.pii.spans import PII, SpanProtocol, stretches, tagged, tokenised
from vecguard.scrub import Finding


def marked(text: str, *values: tuple[str, str] | tuple[str, str, float]) -> list[Finding]:
    """Mark the first occurrence of each value with its type."""
    spans = []
    for value, entity, *score in values:
        start = text.index(value)
        spans.append(Finding(start, start + len(value), entity, score[0] if score else 1.0))
    return sorted(spans, key=lambda span: span.start)


TEXT = "Mrs. Ada Lovelace left 12 Elm Street to visit Paris."
STREET, CITY = ("12 Elm Street", "LOCATION"), ("Paris", "LOCATION")


@pytest.mark.parametrize(
    ("predicted", "person", "location", "pii"),
    [
        # Everything right; "Mrs." carries no identity, so a prediction with it is the same span.
        ([("Mrs. Ada Lovelace", "PERSON"), STREET, CITY], (1, 1, 1), (2, 2, 2), (3, 3, 3)),
        # Half a name is missed, and its prediction is wrong.
        ([("Ada", "PERSON"), STREET, CITY], (0, 1, 1), (2, 2, 2), (2, 3, 3)),
        # Neighbouring predictions of one type are one.
        ([("Ada", "PERSON"), ("Lovelace", "PERSON"), STREET], (1, 1, 1), (1, 1, 2), (2, 2, 3)),
        # The wrong type is wrong as a PERSON and right as PII.
        ([("Ada Lovelace", "ORGANIZATION")], (0, 0, 1), (0, 0, 2), (1, 1, 3)),
        # A prediction of stop words alone does not exist; another beside everything is wrong.
        ([("to", "PERSON"), ("left", "PERSON")], (0, 1, 1), (0, 0, 2), (0, 1, 3)),
        ([], (0, 0, 1), (0, 0, 2), (0, 0, 3)),
    ],
)
def test_counts_are_the_evaluators(
    predicted: list[tuple[str, str]],
    person: tuple[int, int, int],
    location: tuple[int, int, int],
    pii: tuple[int, int, int],
) -> None:
    """(right, predicted, annotated) by type and as PII are what presidio-evaluator 0.3.2 counts."""
    annotated = marked(TEXT, ("Ada Lovelace", "PERSON"), STREET, CITY)
    got = SpanProtocol().compare(TEXT, annotated, marked(TEXT, *predicted))
    assert (got["PERSON"], got["LOCATION"], got[PII]) == (Counts(*person), Counts(*location), Counts(*pii))


@pytest.mark.parametrize(
    ("joined", "all_found", "one_found"), [(False, (2, 2, 2), (1, 1, 2)), (True, (1, 1, 1), (0, 1, 1))]
)
def test_the_published_version_joins_what_lies_apart(
    joined: bool, all_found: tuple[int, int, int], one_found: tuple[int, int, int]
) -> None:
    """At 7622dec two places with a verb between them are one span, so that half of it found is nothing found."""
    text = "Rome called while Lisbon waited"
    annotated = marked(text, ("Rome", "LOCATION"), ("Lisbon", "LOCATION"))
    protocol = SpanProtocol(joined=joined)
    assert protocol.compare(text, annotated, annotated)[PII] == Counts(*all_found)
    assert protocol.compare(text, annotated, annotated[:1])[PII] == Counts(*one_found)


def test_a_prediction_over_two_annotations_counts_twice() -> None:
    """One prediction that overlaps two spans of another type is two wrong predictions, as the evaluator has it."""
    text = "Ada Lovelace, Paris"
    annotated = marked(text, ("Ada Lovelace", "PERSON"), ("Paris", "LOCATION"))
    got = SpanProtocol().compare(text, annotated, marked(text, ("Ada Lovelace, Paris", "ORGANIZATION")))
    assert got["ORGANIZATION"] == Counts(0, 2, 0)


def test_two_halves_of_different_types_are_weighed_apart() -> None:
    """Where predictions of two types share an annotation, each type is compared alone."""
    text = "Ada Lovelace spoke"
    annotated = marked(text, ("Ada Lovelace", "PERSON"))
    got = SpanProtocol().compare(text, annotated, marked(text, ("Ada", "ORGANIZATION"), ("Lovelace", "PERSON")))
    assert got["PERSON"] == Counts(0, 1, 1)
    assert got["ORGANIZATION"] == Counts(0, 1, 0)
    assert got[PII] == Counts(1, 1, 1)


def test_tokens_are_tagged_where_they_start_or_hold_the_span() -> None:
    """A span inside a token tags the token; a token that merely ends in a span is not tagged."""
    text = "id=12345 ok"
    tokens = tokenised(text)
    assert [word for word, _ in tokens] == ["id=12345", "ok"]
    assert tagged(tokens, marked(text, ("12345", "ID"))) == ["ID", ""]
    assert tagged(tokens, marked(text, ("5 ok", "ID"))) == ["", "ID"]


def test_touching_spans_lose_a_character_at_the_seam() -> None:
    """Of equals the first gives way, which costs it a last token of one character; a higher score keeps it."""
    tokens = [("call", 0), ("4", 4), ("Ada", 5)]
    person = Finding(5, 8, "PERSON", 0.5)
    assert tagged(tokens, [Finding(0, 5, "PHONE", 0.5), person]) == ["PHONE", "", "PERSON"]
    assert tagged(tokens, [Finding(0, 5, "PHONE", 0.6), person]) == ["PHONE", "PHONE", "PERSON"]


def test_stretches_skip_what_carries_no_identity() -> None:
    """A stretch reaches from its first to its last word of identity; one of commas alone is none."""
    tokens = [("The", 0), ("Rue", 4), ("Oberkampf", 8), (",", 17), ("Paris", 19)]
    spans = stretches(tokens, ["L", "L", "L", "", "L"])
    assert [(span.low, span.high) for span in spans] == [(8, 17), (19, 24)]
    assert stretches([(",", 0)], ["L"]) == []
