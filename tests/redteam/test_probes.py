"""Attributes, membership and slots: read well where nothing stops it, and not at all at r = 100."""

from __future__ import annotations

from collections.abc import Callable
from functools import cache
from typing import Any

import numpy as np
import pytest

from vecguard import BadInput
from vecguard.arrays import Floats
from vecguard.protect.mask import Mask
from vecguard.redteam import (
    PLANS,
    Attributes,
    Bare,
    Hidden,
    Key,
    Keyed,
    Knowledge,
    Material,
    Membership,
    Result,
    Scene,
    Slots,
    Stolen,
    Thief,
    attacked,
    trial,
)
from vecguard.redteam.facts import GUESSED, PHRASED, guesses, people, stated
from vecguard.redteam.proportions import clopper_pearson, wilson
from vecguard.redteam.words import is_content, words

Cloud = Callable[..., Floats]
STRICT = Keyed(Mask(noise=100.0, turned=False), asks=False)
MASKED = Keyed(Mask(noise=2.0, turned=False), asks=False)


def labelled(exact: Floats) -> tuple[str, ...]:
    """A value that depends on the vector alone, and on no single coordinate: which of four quarters it points to."""
    axes = np.random.default_rng(11).standard_normal((exact.shape[1], 4))
    return tuple("abcd"[i] for i in (exact @ axes).argmax(axis=1))


def practice(defence: Any) -> Callable[[Floats], Floats]:
    return lambda exact: defence.stored(exact, Key(2))


def by_metric(results: tuple[Result, ...]) -> dict[str, Result]:
    return {each.metric: each for each in results}


# ------------------------------------------------------------------------------------------------------- attributes


def _profiled(cloud: Cloud, defence: Any, probe: Any) -> Result:
    corpus, exact = cloud(1500, seed=5), cloud(400)
    known = Knowledge(corpus, practice=practice(defence), labels={"quarter": labelled(corpus)})
    stolen = Stolen(defence.stored(exact, Key(1)))
    (found,) = trial(Attributes(probe), known, stolen, Hidden(exact, labels={"quarter": labelled(exact)}))
    return found


@pytest.mark.parametrize("probe", ["linear", "MLP"])
def test_a_probe_reads_an_attribute_of_undefended_vectors(cloud: Cloud, probe: Any) -> None:
    """Nine in ten of four values that the vectors decide, far above naming the commonest."""
    found = _profiled(cloud, Bare(), probe)
    assert found.value > 0.9 > found.floor + 0.2
    assert found.interval is not None
    assert found.interval[0] < found.value < found.interval[1]


@pytest.mark.parametrize("probe", ["linear", "MLP"])
def test_a_probe_is_at_its_floor_under_strict_masks(cloud: Cloud, probe: Any) -> None:
    """r = 100: six sigma above the commonest value is more than it gets."""
    found = _profiled(cloud, STRICT, probe)
    assert found.value < found.floor + 6 * np.sqrt(0.25 / found.n)


def test_an_attacker_that_practises_reads_more(cloud: Cloud) -> None:
    """At r = 2, probes trained on noisy vectors beat those trained on exact ones."""
    corpus, exact = cloud(1500, seed=5), cloud(2000)
    labels = {"quarter": labelled(corpus)}
    stolen, hidden = Stolen(MASKED.stored(exact, Key(1))), Hidden(exact, labels={"quarter": labelled(exact)})
    (naive,) = trial(Attributes(), Knowledge(corpus, labels=labels), stolen, hidden)
    (adaptive,) = trial(Attributes(), Knowledge(corpus, labels=labels, practice=practice(MASKED)), stolen, hidden)
    assert adaptive.adaptive
    assert adaptive.value > naive.value + 0.02


def test_what_nobody_knows_is_neither_trained_on_nor_judged(cloud: Cloud) -> None:
    """Half of the values missing on both sides: the rest is judged, and a probe never answers "unknown"."""
    corpus, exact = cloud(1500, seed=5), cloud(400)
    known = tuple(value if i % 2 else "" for i, value in enumerate(labelled(corpus)))
    truth = tuple(value if i % 2 else "" for i, value in enumerate(labelled(exact)))
    (found,) = trial(
        Attributes(),
        Knowledge(corpus, labels={"quarter": known}),
        Stolen(exact),
        Hidden(exact, labels={"quarter": truth}),
    )
    assert found.n == 200
    assert found.value > 0.85


def test_attributes_that_are_not_there_are_refused(cloud: Cloud) -> None:
    """No attribute, one value only, or none of the stolen rows: refused rather than scored."""
    rows = cloud(100)
    two = {"x": ("a", "b") * 50}
    for known, hidden in (
        (Knowledge(rows), Hidden(rows, labels=two)),
        (Knowledge(rows, labels={"x": ("a",) * 100}), Hidden(rows, labels=two)),
        (Knowledge(rows, labels={"x": ("a",) * 9}), Hidden(rows, labels=two)),
        (Knowledge(rows, labels=two), Hidden(rows)),
    ):
        with pytest.raises(BadInput):
            trial(Attributes(), known, Stolen(rows), hidden)


# ------------------------------------------------------------------------------------------------------- membership


def _asked(cloud: Cloud, defence: Any, way: Any, *, dimension: int = 64) -> dict[str, Result]:
    exact, others, corpus = (cloud(count, seed, dimension) for count, seed in ((400, 0), (1000, 8), (2000, 5)))
    known = Knowledge(corpus, practice=practice(defence))
    stolen = Stolen(defence.stored(exact, Key(1)))
    return by_metric(trial(Membership(way), known, stolen, Hidden(exact, decoys=others)))


@pytest.mark.parametrize("way", ["nearest", "likelihood ratio"])
def test_whoever_can_embed_a_text_knows_whether_it_is_in_a_bare_store(cloud: Cloud, way: Any) -> None:
    """Undefended every member is told from every other text."""
    found = _asked(cloud, Bare(), way)
    assert found["AUC"].value > 0.9999
    assert found["TPR at 1 % FPR"].value == 1.0


@pytest.mark.parametrize("way", ["nearest", "likelihood ratio"])
def test_nobody_is_found_at_a_hundredfold_noise(cloud: Cloud, way: Any) -> None:
    """r = 100: the area is a half and the alarms are false, within six sigma."""
    found = _asked(cloud, STRICT, way)
    spread = np.sqrt((400 + 1000 + 1) / (12 * 400 * 1000))
    assert abs(found["AUC"].value - 0.5) < 6 * spread
    assert found["TPR at 1 % FPR"].value < 0.01 + 6 * np.sqrt(0.01 * (1 / 400 + 1 / 1000))


def test_a_likelihood_ratio_finds_more_than_the_nearest_row(cloud: Cloud) -> None:
    """At r = 2 in 64 dimensions, calibrated scores tell members apart that the largest cosine does not."""
    near, ratio = (_asked(cloud, MASKED, way) for way in ("nearest", "likelihood ratio"))
    assert ratio["AUC"].value > near["AUC"].value + 0.03
    assert ratio["TPR at 1 % FPR"].value > near["TPR at 1 % FPR"].value


def test_membership_without_others_is_refused(cloud: Cloud) -> None:
    """Without texts that are not in the store there is nothing to tell members from."""
    rows = cloud(50)
    with pytest.raises(BadInput):
        trial(Membership(), Knowledge(rows), Stolen(rows), Hidden(rows))
    with pytest.raises(BadInput):
        trial(Membership("likelihood ratio"), Knowledge(), Stolen(rows), Hidden(rows, decoys=rows))


def test_a_text_that_was_stolen_is_no_stranger(cloud: Cloud) -> None:
    """A corpus that has every text twice: the copy that the thief owns is not counted as a text that is not there."""
    exact = np.vstack([cloud(200), cloud(200)])
    thief = Thief.of(Scene.of(Material(exact=exact), 100, 0), Bare(), 0.0)
    for scrubbed in (False, True):
        hidden = thief.candidates(scrubbed=scrubbed)[1]
        assert hidden.decoys is not None
        assert len(hidden.decoys) < 150
        assert np.max(hidden.decoys @ hidden.exact.T) < 0.9999


# ------------------------------------------------------------------------------------------------------------ slots


@cache
def _drawn(word: str) -> Any:
    return np.random.default_rng(list(word.encode())).standard_normal(128) * (1.0 if is_content(word) else 0.2)


def bag(texts: Any) -> Floats:
    """A small encoder of its own: the sum of a random vector for each word, short ones for words like "the"."""
    rows = np.array([np.sum([_drawn(word) for word in sorted(words(text))], axis=0) for text in texts])
    return np.asarray(rows / np.linalg.norm(rows, axis=1, keepdims=True), dtype=np.float32)


def test_phrasings_differ_and_facts_are_distinct() -> None:
    """No template is both the victim's and the attacker's, and no fact is stated twice."""
    assert not set(PHRASED) & set(GUESSED)
    persons = people(10, seed=0)
    facts = stated(persons, 100, seed=1)
    assert len(set(zip(*facts.labels.values(), strict=True))) == len(set(facts.texts)) == 100
    assert facts == stated(persons, 100, seed=1) != stated(persons, 100, seed=2)
    assert len(guesses(persons).texts) == len(GUESSED) * 10 * 20


def _filled(defence: Any, encode: Any, *, adaptive: bool = True, persons: int = 20) -> dict[str, Result]:
    names = people(persons, seed=0)
    facts, tried = stated(names, 150, seed=1), guesses(names)
    exact = encode(facts.texts)
    known = Knowledge(encode(tried.texts), labels=tried.labels, practice=practice(defence) if adaptive else None)
    stolen = Stolen(defence.stored(exact, Key(1)))
    return by_metric(trial(Slots(), known, stolen, Hidden(exact, facts.texts, labels=facts.labels)))


@pytest.mark.parametrize("adaptive", [False, True])
def test_slots_are_read_from_undefended_vectors(adaptive: bool) -> None:
    """Who has what, of 400 possible facts in other words than the victim's."""
    found = _filled(Bare(), bag, adaptive=adaptive)
    assert found["whole facts"].value > 0.9
    assert found["whole facts"].floor == pytest.approx(1 / 400)
    assert found["condition read"].floor == pytest.approx(1 / 20)


@pytest.mark.parametrize("adaptive", [False, True])
def test_slots_are_guesses_at_a_hundredfold_noise(adaptive: bool) -> None:
    """r = 100: each slot within six sigma of chance."""
    found = _filled(STRICT, bag, adaptive=adaptive)
    for metric, chance in (("whole facts", 1 / 400), ("person read", 1 / 20), ("condition read", 1 / 20)):
        assert found[metric].value < chance + 6 * np.sqrt(chance / 150)


def test_scrubbed_victims_keep_their_condition_and_lose_their_name(cloud: Cloud) -> None:
    """A plan scrubs what its victims write; what is left in the text is still read, which noise alone does not stop."""
    names = people(60, seed=0)

    def scrub(texts: Any) -> list[str]:
        told = dict.fromkeys(names, "somebody")
        return [next((t.replace(n, w) for n, w in told.items() if n in t), t) for t in texts]

    rows = cloud(100)
    thief = Thief.of(Scene.of(Material(exact=rows, embedded=rows, encode=bag, scrub=scrub), 25, 0), Bare(), 0.0)
    assert thief.scene.writable
    planned = [next(each for each in PLANS["slots"](of, ()) if each.known.practice) for of in (thief, thief.undefended)]
    guarded, bare = (
        by_metric(trial(each.attack, each.known, each.stolen, each.hidden or thief.scene.hidden)) for each in planned
    )
    assert bare["whole facts"].value > 0.9
    assert guarded["person read"].value < 0.1
    assert guarded["condition read"].value > 0.9


def test_slots_are_left_out_where_a_victim_cannot_write(cloud: Cloud) -> None:
    """Without an encoder, or where the guard scrubs and nobody says how, nothing is planned, on either side."""
    rows = cloud(100)
    for material in (Material(exact=rows), Material(exact=rows, embedded=rows, encode=bag)):
        thief = Thief.of(Scene.of(material, 25, 0), Bare(), 0.0)
        assert attacked("slots", thief) == attacked("slots", thief.undefended) == []


# ------------------------------------------------------------------------------------------------------------ plans


def test_plans_try_the_naive_attacker_before_the_adaptive_one(cloud: Cloud) -> None:
    """The same trials on a defence and on none, naive ones first."""
    exact = cloud(400)
    material = Material(exact=exact, labels={"quarter": labelled(exact)})
    thief = Thief.of(Scene.of(material, 100, 0), Keyed(Mask(noise=1.0, turned=True), asks=True), 1.0)
    for name in ("attributes", "membership"):
        guarded, bare = attacked(name, thief), attacked(name, thief.undefended)
        kinds = [each.results[0].adaptive for each in guarded]
        assert kinds == sorted(kinds)
        assert [each.results[0].attack for each in guarded] == [each.results[0].attack for each in bare]
    unlabelled = Thief.of(Scene.of(Material(exact=exact), 100, 0), Bare(), 0.0)
    assert attacked("attributes", unlabelled) == []


def test_intervals_cover_what_they_should() -> None:
    """Known values of both intervals, and their ends."""
    assert wilson(15, 20) == pytest.approx((0.5313, 0.8881), abs=1e-4)
    assert wilson(0, 0) == (0.0, 1.0)
    assert clopper_pearson(15, 20, level=0.95) == pytest.approx((0.5090, 0.9134), abs=1e-4)
    assert clopper_pearson(0, 20, level=0.95) == pytest.approx((0.0, 0.1684), abs=1e-4)
    assert clopper_pearson(20, 20, level=0.95) == pytest.approx((0.8316, 1.0), abs=1e-4)
