"""Sentences that state one fact about one person: what a slot attack reads, and what it guesses with.

Names are Faker's, conditions a table of ours. A victim and an attacker never use the same phrasing: who knows a text
to the letter needs no attack.
"""

from __future__ import annotations

from collections.abc import Sequence
from dataclasses import dataclass, field
from itertools import product

import numpy as np

from vecguard.redteam.attack import Labels

PHRASED = (
    "{person} was diagnosed with {condition}.",
    "Patient {person} is being treated for {condition}.",
    "{condition} was confirmed in {person} at the last visit.",
)
"""How a victim writes."""
GUESSED = (
    "{person} suffers from {condition}.",
    "The patient's name is {person} and the diagnosis is {condition}.",
)
"""How an attacker guesses."""
CONDITIONS = (
    "type 2 diabetes", "asthma", "breast cancer", "epilepsy", "depression", "schizophrenia", "HIV infection",
    "hepatitis C", "Parkinson's disease", "multiple sclerosis", "rheumatoid arthritis", "chronic kidney disease",
    "heart failure", "tuberculosis", "alcohol dependence", "bipolar disorder", "migraine", "glaucoma", "psoriasis",
    "Crohn's disease",
)  # fmt: skip


@dataclass(frozen=True, slots=True)
class Facts:
    """Sentences with what fills their slots: the value of each kind for each sentence."""

    texts: tuple[str, ...] = field(repr=False)
    labels: Labels = field(repr=False)


def people(count: int, *, seed: int) -> tuple[str, ...]:
    """Return distinct full names."""
    from faker import Faker  # noqa: PLC0415 - half a second that most attacks do not need

    fake = Faker("en_US")
    fake.seed_instance(seed)
    found: dict[str, None] = {}
    while len(found) < count:
        found[f"{fake.first_name()} {fake.last_name()}"] = None
    return tuple(found)


def stated(persons: Sequence[str], count: int, *, seed: int) -> Facts:
    """Return `count` sentences as a victim has them: person, condition and phrasing drawn at random, no fact twice."""
    every = list(product(persons, CONDITIONS))
    draw = np.random.default_rng(seed)
    chosen = [every[int(i)] for i in draw.permutation(len(every))[:count]]
    return _filled([(str(draw.choice(PHRASED)), *each) for each in chosen])


def guesses(persons: Sequence[str]) -> Facts:
    """Return every fact in every phrasing of the attacker's."""
    return _filled(list(product(GUESSED, persons, CONDITIONS)))


def _filled(slots: Sequence[tuple[str, str, str]]) -> Facts:
    texts = tuple(phrase.format(person=person, condition=condition) for phrase, person, condition in slots)
    return Facts(
        texts,
        {"person": tuple(each[1] for each in slots), "condition": tuple(each[2] for each in slots)},
    )
