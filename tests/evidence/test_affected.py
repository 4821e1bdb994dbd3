"""Whose records did a principal see? The answer is checked against what was handed out, by the answers themselves."""

from __future__ import annotations

import random
from collections import Counter
from collections.abc import Callable
from typing import Any

import pytest

from vecguard import AuditLog, Policy, Principal, Scrub, hazmat
from vecguard.evidence.affected import Affected, affected
from vecguard.evidence.log import Wanted
from vecguard.principal import Acting
from vecguard.records import Ask, Query
from vecguard.system import HAZMAT, NOWHERE

OWNERS = ("alice", "bob", "carol", "dave")


def _affected(desk: Any, who: str, **when: float) -> dict[str, Affected]:
    state = desk.guard.state
    seen = affected(state, Wanted(principal=state.pseudonyms.principal(who), **when), OWNERS)
    return {each.name or each.owner: each for each in seen.owners}


@pytest.fixture
def ward(desk_of: Callable[..., Any]) -> Any:
    """Four owners with notes that say whose they are; three share theirs with readers, bob with nobody."""
    desk = desk_of()
    for owner in OWNERS:
        desk.write([f"{owner}{n}" for n in range(5)], [f"a note of {owner}, number {n}" for n in range(5)], who=owner)
    desk.guard.rules.grant("alice", readers=["everyone"])
    desk.guard.rules.grant("carol", readers=["mallory", "bob"], max_results=2)
    desk.guard.rules.grant("dave", readers=["group:staff"])
    return desk


def test_every_record_that_was_handed_out_is_accounted_for(ward: Any) -> None:
    """Sixty reads of all kinds by three readers: owners and numbers are those of the texts that they got."""
    dice = random.Random(0)
    staff = Principal("sam", groups=frozenset({"staff"}))
    truth: dict[str, Counter[str]] = {"mallory": Counter(), "bob": Counter(), "sam": Counter()}
    for number in range(60):
        who = (staff, "mallory", "bob")[number % 3]
        limit = dice.randint(1, 12)
        query = Query(texts=("a note", "number 3")[: dice.randint(1, 2)])
        answer = ward.read(dice.choice([Ask(limit=limit), Ask(query=query, limit=limit)]), who)
        texts = {hit.record.text for group in answer.groups for hit in group}
        name = who.id if isinstance(who, Principal) else who
        truth[name].update(text.split()[3].rstrip(",") for text in texts)
    for who, owners in truth.items():
        found = _affected(ward, who)
        assert {name: each.shared + each.own for name, each in found.items()} == dict(owners)
        assert all((each.own > 0) == (name == who) for name, each in found.items())
    assert set(truth["mallory"]) == {"alice", "carol"}
    assert set(truth["sam"]) == {"alice", "dave"}


def test_a_member_of_another_space_saw_its_owner(ward: Any) -> None:
    """Acting for an owner is not sharing, and is told apart."""
    ward.read(Ask(), "zoe", "bob")
    found = _affected(ward, "zoe")
    assert (found["bob"].own, found["bob"].shared) == (5, 0)
    assert (found["alice"].own, found["alice"].shared) == (0, 5)


def test_only_the_time_that_is_asked_for_counts(ward: Any) -> None:
    """From `since` on, before `until`."""
    ward.read(Ask(), "mallory")
    first = min(each.first for each in _affected(ward, "mallory").values())
    ward.read(Ask(), "mallory")
    both = _affected(ward, "mallory")["alice"]
    assert (both.shared, both.reads) == (10, 2)
    assert _affected(ward, "mallory", until=first) == {}
    later = _affected(ward, "mallory", since=both.last)
    assert later["alice"].reads == 1
    assert later["alice"].first == both.last


def test_who_saw_nothing_affected_nobody(ward: Any) -> None:
    """Reads that found nothing, and reads by others."""
    ward.read(Ask(where=_nothing()), "bob")
    ward.read(Ask(), "mallory")
    assert _affected(ward, "bob") == {}


def _nothing() -> Any:
    from vecguard.filters import Compare

    return Compare(("there is no such field",), "eq", 1)


def test_originals_are_counted_apart(desk_of: Callable[..., Any]) -> None:
    """A principal that may restore saw values behind tokens, and the log says how many."""
    desk = desk_of(Policy())
    desk.write(["a"], ["Call John Smith at 415-555-0133"], who="alice")
    desk.read(Ask(), Principal("doctor", permissions=frozenset({"pii:restore"})), "alice")
    (found,) = _affected(desk, "doctor").values()
    assert (found.name, found.own, found.originals) == ("alice", 1, 2)


def test_an_owner_that_nobody_names_is_a_pseudonym(ward: Any) -> None:
    """Names are kept nowhere but in rules: others are shown if they are given."""
    ward.read(Ask(), "zoe", "bob")
    state = ward.guard.state
    seen = affected(state, Wanted(principal=state.pseudonyms.principal("zoe")))
    assert {each.name for each in seen.owners} == {"alice", None}
    assert state.pseudonyms.living()[state.digest("bob")] in {each.owner for each in seen.owners if each.name is None}


def test_a_store_that_was_opened_is_told(ward: Any) -> None:
    """Whose records somebody saw there no log knows; that it was opened, it does."""
    state = ward.guard.state
    state.audit.append(_acting("mallory"), "unwrap", "", 1)
    hazmat.permit_exposed_store(ward.guard, reason="not an unwrap")
    state.audit.append(Acting(HAZMAT, NOWHERE), "unwrap", "", 1)
    state.audit.append(_acting("hazmat"), "unwrap", "", 1)  # a tenant who is called so is somebody
    seen = affected(state, Wanted(principal=state.pseudonyms.principal("mallory")))
    assert (seen.unwrapped, seen.unwrapped_by_nobody) == (1, 1)


def _acting(who: str) -> Any:
    return Acting.of(who)


def test_a_policy_without_lines_of_reads_has_none_of_shared_rows_either(desk_of: Callable[..., Any]) -> None:
    """`audit.reads` is one switch for both."""
    desk = desk_of(Policy(scrub=Scrub(enabled=False), audit=AuditLog(reads=False)))
    desk.write(["a"], ["text"], who="alice")
    desk.guard.rules.grant("alice", readers=["bob"])
    assert len(desk.read(Ask(), "bob").hits) == 1
    assert _affected(desk, "bob") == {}
