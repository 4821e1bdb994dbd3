"""Samples of real texts are shown without a word that carries content, and still show what was recovered."""

from __future__ import annotations

import pytest
from hypothesis import given
from hypothesis import strategies as st

from vecguard.redteam.findings import Sample
from vecguard.redteam.masking import masked
from vecguard.redteam.words import is_content, words


def test_a_recovered_word_has_the_number_of_the_original_one() -> None:
    """Wherever it stands, in whatever case; what is not in the original is a dash."""
    sample = Sample(
        original="My daughter Hannah lives in Leeds; Hannah sings.",
        told={"bare": {"words": "leeds HANNAH dog in"}, "guarded": {"words": "dog"}},
    )
    found = masked(sample)
    assert found.original == "My [1] [2] [3] in [4]; [2] [5]."
    assert found.told == {"bare": {"words": "[4] [2] — in"}, "guarded": {"words": "—"}}


@given(st.text(max_size=80), st.text(max_size=40))
def test_no_word_that_carries_content_is_left(original: str, told: str) -> None:
    """Of any text."""
    found = masked(Sample(original=original, told={"bare": {"words": told}}))
    left = words(found.original) | words(found.told["bare"]["words"])
    assert not {each for each in left if is_content(each) and not each.isdecimal()}


@pytest.mark.parametrize("text", ["don\u2019t", "DON'T", "the"])
def test_words_that_hold_a_sentence_together_stay(text: str) -> None:
    """They say nothing of the text."""
    assert masked(Sample(original=text, told={})).original == text
