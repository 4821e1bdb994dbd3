"""Made-up values and the sentences around them: check digits that others find right, and equal seeds, equal texts."""

from __future__ import annotations

import random
from collections import Counter

import pytest
from faker import Faker
from presidio_analyzer import predefined_recognizers as stock

from vecguard.evaluate.pii import memory, values
from vecguard.evaluate.pii.templates import SENTENCES, written
from vecguard.scrub import ENTITIES


@pytest.mark.parametrize(
    ("maker", "recogniser"),
    [
        (values.card, stock.CreditCardRecognizer),
        (values.npi, stock.UsNpiRecognizer),
        (values.nhs, stock.NhsRecognizer),
        (values.dea, stock.MedicalLicenseRecognizer),
        (values.bitcoin, stock.CryptoRecognizer),
    ],
)
def test_check_digits_are_right(maker: values.Make, recogniser: type) -> None:
    """Presidio's own check accepts two hundred of each."""
    rng, fake, check = random.Random(3), Faker(), recogniser()
    clean = [maker(rng, fake) for _ in range(200)]
    assert all(check.validate_result(value) for value in clean)
    assert len(set(clean)) > 190


@pytest.mark.parametrize(
    ("maker", "recogniser"),
    [
        (values.mbi, stock.UsMbiRecognizer),
        (values.nino, stock.UkNinoRecognizer),
        (values.itin, stock.UsItinRecognizer),
    ],
)
def test_forms_are_right(maker: values.Make, recogniser: type) -> None:
    """A pattern of Presidio's matches each value as a whole."""
    rng, fake, check = random.Random(3), Faker(), recogniser()
    for _ in range(200):
        value = maker(rng, fake)
        found = check.analyze(f"number {value} here", check.supported_entities)
        assert any((each.start, each.end) == (7, 7 + len(value)) for each in found)


def test_vin_has_its_check_digit() -> None:
    """The known example 1M8GDM9AXKP042788 has X in its ninth place, and so does our sum over it."""
    known = "1M8GDM9AXKP042788"
    total = sum(
        (int(mark) if mark.isdigit() else values._VIN_WORTH[mark]) * weight
        for mark, weight in zip(known, values._VIN_WEIGHTS, strict=True)
    )
    assert "0123456789X"[total % 11] == "X"
    assert all(len(values.vin(random.Random(n), None)) == 17 for n in range(20))


def test_every_type_has_sentences_and_a_maker() -> None:
    """At least three sentences each, one place for the value in each, and a type that something here looks for."""
    assert set(SENTENCES) <= set(values.MAKERS)
    for entity, sentences in SENTENCES.items():
        assert len(set(sentences)) >= 3, entity
        assert all(sentence.count("{}") == 1 for sentence in sentences)
    assert set(SENTENCES) <= ENTITIES


def test_equal_seeds_give_equal_texts() -> None:
    first, again, other = written(4, 1), written(4, 1), written(4, 2)
    assert first == again
    assert [text.text for text in first] != [text.text for text in other]
    assert set(Counter(text.spans[0].entity for text in first).values()) == {4}


def test_spans_are_where_the_values_are() -> None:
    """Around the span stands the sentence, untouched."""
    for text in written(5, 9):
        (span,) = text.spans
        sentence = text.group.partition(": ")[2]
        assert text.text[: span.start] + "{}" + text.text[span.end :] == sentence


def test_no_two_texts_of_the_memory_test_share_a_name_or_a_number() -> None:
    """Every name and every e-mail address is new, so that no cache and no vocabulary can hold still by luck."""
    texts = memory.texts(0, 20_000)
    names = [name for text in texts for name in text.split(" called")[0].split(" ")]
    assert len(set(names)) == len(names) == 40_000
    assert len({text.split("write to ")[1] for text in texts}) == 20_000


def test_growth_is_the_largest_after_the_warm_up() -> None:
    growth = memory.Growth(memory.Step(0, 100.0), memory.Step(20, 104.0), memory.Step(10, 110.0))
    assert growth.share == pytest.approx(0.1)
    assert memory.grown(growth, 5).gates[0].holds is False
