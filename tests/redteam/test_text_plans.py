"""The plans of attacks that write texts, on a little language with an encoder that sees words and where they stand."""

from __future__ import annotations

from collections.abc import Sequence
from functools import cache
from itertools import product

import numpy as np
import pytest

from vecguard.arrays import Floats
from vecguard.protect.mask import Mask
from vecguard.redteam import (
    PLANS,
    BagOfWords,
    Bare,
    Keyed,
    Material,
    Scene,
    Search,
    Sentences,
    Stolen,
    Thief,
    Tried,
    attacked,
    trial,
)
from vecguard.redteam.phrases import tokens

pytest.importorskip("torch", reason="these attacks need torch")

NOUNS = "dog cat horse bird fish cow sheep goat".split()  # noqa: SIM905
VERBS = "sees likes chases hears feeds".split()  # noqa: SIM905
TEXTS = tuple(f"the {one} {verb} a {two}" for one, verb, two in product(NOUNS, VERBS, NOUNS) if one != two)
D = 48
SMALL = Sentences(hidden=48, epochs=4, batch=32)


def encode(texts: Sequence[str]) -> Floats:
    """The sum of a vector of each word, turned a little more at each place."""
    rows = np.stack([sum(np.roll(_word(each), place) for place, each in enumerate(tokens(text))) for text in texts])
    return (rows / np.linalg.norm(rows, axis=1, keepdims=True)).astype(np.float32)


@cache
def _word(token: str) -> Floats:
    draws = np.random.default_rng(int.from_bytes(token.encode(), "big"))
    return draws.standard_normal(D).astype(np.float32) + np.float32(0.1)


def _thief(defence: object, noise: float, *, texts: bool = True, encoder: bool = True) -> Thief:
    rows = encode(TEXTS)
    material = Material(exact=rows, texts=TEXTS if texts else (), encode=encode if encoder else None)
    return Thief.of(Scene.of(material, 60, 0), defence, noise)  # type: ignore[arg-type]


def _of(metric: str, found: Sequence[Tried]) -> list[float]:
    return [result.value for each in found for result in each.results if result.metric == metric]


def test_naive_attackers_come_first_and_then_those_that_know_the_mechanism() -> None:
    """By the names that tables show; evidence is what was read."""
    found = attacked("sentences", _thief(Bare(), 0.0), samples=2)
    assert [each.results[0].attack for each in found] == ["sentences", "sentences", "sentences, turned by shape"]
    assert [each.results[0].adaptive for each in found] == [False, True, True]
    assert all(len(each.told) == 2 for each in found)


def test_search_is_planned_like_that_and_judges_the_rows_that_it_searched_for() -> None:
    """Naive, adaptive, turned; each says how many encoder calls a row may take."""
    planned = list(PLANS["search"](_thief(Bare(), 0.0), ()))
    assert [each.attack.name for each in planned] == ["search", "search", "search, turned by shape"]
    assert [each.known.practice is not None for each in planned] == [False, True, True]
    assert Search(drafts=8, nearest=4, rounds=20, edits=24).calls == 493


def test_search_finds_most_texts_of_a_little_language() -> None:
    """Whatever the decoder learnt of 220 sentences in some seconds; nothing of r = 100."""
    search = Search(rounds=5, edits=12, first=20, decoder=SMALL, inverter=BagOfWords(hidden=64, epochs=3))
    strict = Keyed(Mask(noise=100.0, turned=False), asks=False)
    for thief, least, most in ((_thief(Bare(), 0.0), 0.8, 1.0), (_thief(strict, 100.0), 0.0, 0.1)):
        found = trial(search, thief.domain(), Stolen(thief.rows()), thief.scene.hidden)
        assert least <= next(each.value for each in found if each.metric == "exact") <= most
        assert {each.n for each in found} == {20}


def test_few_shot_tries_as_many_pairs_as_there_are() -> None:
    """1, 10 and 100 of 220, naive and adaptive; a hundred pairs open a rotation in 48 dimensions and one does not."""
    found = attacked("few-shot", _thief(Keyed(Mask(noise=0.0, turned=True), asks=True), 0.0))
    assert [each.results[0].pairs for each in found] == [1, 10, 100] * 2
    scores = _of("token F1", found)
    assert scores[2] > scores[0] + 0.1


@pytest.mark.parametrize("name", ["sentences", "search", "few-shot"])
def test_without_texts_there_is_nothing_to_plan(name: str) -> None:
    """And search needs the encoder."""
    assert not attacked(name, _thief(Bare(), 0.0, texts=False))
    assert name != "search" or not attacked(name, _thief(Bare(), 0.0, encoder=False))
