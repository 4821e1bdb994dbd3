"""Values that somebody has disguised are found all the same, and the list that says so is what it claims to be."""

from __future__ import annotations

from collections import Counter

import pytest

from vecguard.evaluate.pii.evasions import KNOWN_MISSES, cases
from vecguard.scrub import Finding
from vecguard.scrub.detect import OVERLAP, Detector, pieces

CASES = cases()


@pytest.fixture(scope="module")
def detector(settings):
    return Detector(settings())


def test_the_list_is_long_varied_and_stable():
    """At least 240 cases of at least 20 kinds on at least 10 entity types, with unique names, the same each time."""
    assert len(CASES) >= 240
    assert len({case.kind for case in CASES}) >= 20
    assert len({case.entity for case in CASES}) >= 10
    assert max(Counter(case.name for case in CASES).values()) == 1
    assert cases() == CASES


def test_every_known_miss_is_a_case():
    """A name in the list of known misses that no case has would excuse nothing."""
    assert {case.name for case in CASES if case.known_miss} == KNOWN_MISSES


def test_a_case_marks_its_value_and_is_hidden_by_what_covers_it():
    """Only findings that cover every letter and digit of the value hide it; signs may stay."""
    case = next(case for case in CASES if case.name == "slashes/US_SSN")
    start, end = case.value_start, case.value_end
    assert case.text[start:end] == "219/09/8642"
    assert case.is_hidden_by([Finding(start, start + 3, "A", 1.0), Finding(start + 4, end, "B", 1.0)])
    assert not case.is_hidden_by([Finding(start, end - 1, "A", 1.0)])
    assert not case.is_hidden_by([])


@pytest.mark.parametrize("case", [pytest.param(case, id=case.name) for case in CASES if not case.known_miss])
def test_an_evasion_is_found(detector, case):
    """What is found covers the whole value, whatever it was made to look like."""
    assert case.is_hidden_by(detector.find(case.text))


@pytest.mark.parametrize(
    "name",
    [
        "line end at a separator/US_SSN",
        "HTML decimal/EMAIL_ADDRESS",
        "letter by letter/CREDIT_CARD",
        "base64 of a sentence/PHONE_NUMBER",
    ],
)
def test_an_evasion_across_a_border_between_pieces_is_found(settings, name):
    """The overlap is longer than an evaded value, so one of the two pieces has all of it."""
    case = next(case for case in CASES if case.name == name)
    detector = Detector(settings(max_chars=1_000))
    assert len(case.text) < OVERLAP
    crossed = 0
    for before in range(860, 1_000, 20):
        text = ("so " * 400)[:before] + " " + case.text + " and so on" * 100
        borders = [offset + len(piece) for offset, piece in pieces(text, 1_000)]
        crossed += any(before < border < before + len(case.text) for border in borders)
        found = [Finding(f.start - before - 1, f.end - before - 1, f.entity, f.score) for f in detector.find(text)]
        assert case.is_hidden_by(found), before
    assert crossed
