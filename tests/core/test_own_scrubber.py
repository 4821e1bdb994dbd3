"""Recognisers and operators of a user's own, in a guard: what they find is hidden, what they make is stored."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

import pytest
from presidio_analyzer import Pattern, PatternRecognizer
from presidio_anonymizer.operators import Operator, OperatorType

from vecguard import Policy, PolicyError, Principal, Scrub, ScrubFailed
from vecguard.scrub.scrubber import PresidioScrubber
from vecguard.testing import word_hash

BADGE = PatternRecognizer("BADGE", name="badges", patterns=[Pattern("badge", r"B-\d{4}", 0.9)])
SETTINGS = Scrub(model="none", entities=("BADGE", "EMAIL_ADDRESS"), operators={"BADGE": "backwards"})
DOCTOR = Principal("alice", permissions=frozenset({"pii:restore"}))


class Backwards(Operator):
    def operate(self, text: str, params: Any = None) -> str:
        return text[::-1]

    def validate(self, params: Any = None) -> None:
        pass

    def operator_name(self) -> str:
        return "backwards"

    def operator_type(self) -> OperatorType:
        return OperatorType.Anonymize


class Failing(Backwards):
    def operate(self, text: str, params: Any = None) -> str:
        raise RuntimeError(text)


def test_own_recognisers_and_operators_work_in_a_guard(desk_of: Callable[..., Any]) -> None:
    """The badge is stored as the operator makes it and cannot be restored; the e-mail is a token and can."""
    scrubber = PresidioScrubber(SETTINGS, [BADGE], [Backwards])
    desk = desk_of(Policy(scrub=SETTINGS), scrubber=scrubber)
    desk.write(["a"], ["badge B-1234 of a@example.com"])
    assert desk.texts(DOCTOR) == {"a": "badge 4321-B of a@example.com"}
    assert "a@example.com" not in desk.texts()["a"]


def test_an_operator_that_fails_refuses_the_write(desk_of: Callable[..., Any]) -> None:
    """What an operator cannot process is not stored, and its error shows nothing of it."""
    desk = desk_of(Policy(scrub=SETTINGS), scrubber=PresidioScrubber(SETTINGS, [BADGE], [Failing]))
    with pytest.raises(ScrubFailed) as caught:
        desk.write(["a"], ["badge B-1234"])
    assert "1234" not in str(caught.value)
    assert not desk.store.rows


@pytest.mark.parametrize(
    "settings",
    [
        SETTINGS.replace(operators={"BADGE": "sideways"}),
        SETTINGS.replace(operators={"BAGDE": "token"}),
        SETTINGS.replace(thresholds={"BAGDE": 0.4}),
        SETTINGS.replace(entities=("BAGDE",)),
    ],
    ids=["operator", "entity of an operator", "entity of a threshold", "entity"],
)
def test_a_name_that_nobody_knows_is_refused(settings: Scrub) -> None:
    """A typo in an operator's or an entity's name does not pass as "nothing to do"."""
    with pytest.raises(PolicyError):
        PresidioScrubber(settings, [BADGE], [Backwards])


@pytest.mark.parametrize(
    ("embed", "seen"), [("kind", "<EMAIL_ADDRESS>"), ("token", "<EMAIL_ADDRESS_"), ("surrogate", "@")]
)
def test_what_the_embedder_sees_is_a_choice(desk_of: Callable[..., Any], embed: Any, seen: str) -> None:
    """Documents and queries are embedded in the form that the policy names, and never as written."""
    shown: list[str] = []

    def embedder(texts: Any) -> Any:
        shown.extend(texts)
        return word_hash(16)(texts)

    desk = desk_of(Policy(scrub=Scrub(model="none", embed=embed)), embedder=embedder)
    desk.write(["a", "b"], ["write to ann@example.com", "write to ben@example.com"])
    desk.nearest("who has ann@example.com?")
    texts = [text for text in shown if "write to" in text or "who has" in text]
    assert len(texts) == 3
    assert all(seen in text for text in texts)
    assert not any("ann@" in text or "ben@" in text for text in texts)
    assert (texts[0].split()[-1] == texts[1].split()[-1]) is (embed == "kind")
    assert texts[0].split()[-1] in texts[2]


def test_embeddings_of_a_framework_are_the_acting_owners(guard_of: Callable[..., Any]) -> None:
    """guard.embeddings sees surrogates of whoever acts, and kinds where nobody does; two owners differ."""
    import vecguard

    shown: list[str] = []

    def inner(texts: Any) -> Any:
        shown.extend(texts)
        return word_hash(16)(texts)

    guard = guard_of(Policy(scrub=Scrub(model="none")))
    guard.embeddings(inner).embed_query("ann@example.com")
    guard.embeddings(inner, "alice").embed_query("ann@example.com")
    with vecguard.acting_for("alice"):
        guard.embeddings(inner).embed_query("ann@example.com")
    with vecguard.acting_for("bob"):
        guard.embeddings(inner).embed_query("ann@example.com")
    nobody, bound, context, other = shown
    assert nobody == "<EMAIL_ADDRESS>"
    assert bound == context != other
    assert "ann@" not in bound + other
