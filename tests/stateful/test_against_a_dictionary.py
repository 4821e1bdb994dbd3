"""Every store, shared and changed at random, holds and shows what a plain dictionary says.

Three owners and a reader write, delete, share and take back; time passes, rows expire, guards are restarted, caches
emptied, and two guards work on one store in turn. After every step everybody's listing, count and ranking are compared
with the dictionary: own rows with exact scores, recomputed from the embedder; rows of others as the rules then are.

CI runs 50 examples of 50 steps in memory, and fewer on the stores that take longer (`SHORT`). The long form, 500
examples of 100 steps on every store:

    VECGUARD_STATEFUL=500x100 pytest tests/stateful -k memory     (or chroma, qdrant, faiss; without -k all of them)
"""

from __future__ import annotations

import math
import os
from collections.abc import Callable, Mapping, Sequence
from dataclasses import replace
from itertools import pairwise
from typing import Any

import pytest
from hypothesis import HealthCheck, settings
from hypothesis import strategies as st
from hypothesis.stateful import (
    RuleBasedStateMachine,
    initialize,
    invariant,
    precondition,
    rule,
    run_state_machine_as_test,
)

from vecguard import AccessDenied, AuditLog, Budgets, Policy, Principal, Reads, Retention, Scrub, Vectors

from .model import DAY, OWNERS, SHOWS_LESS, Model, Shown, Terms, cosine, holds

SHORT = {"memory": (50, 50), "chroma": (6, 30), "qdrant": (6, 30), "faiss": (8, 40)}
ZOE = Principal("zoe", groups=frozenset({"ward"}))
READERS: tuple[Principal, ...] = (*map(Principal, OWNERS), ZOE)
GRANTEES = ("alice", "bob", "carol", "zoe", "group:ward", "everyone")
STEP = {"rounded": 0.01, "bucketed": 0.1}
LONG = "a name that is longer than what may stay in clear: " + 4 * "ward "
ALL = 100


# ----------------------------------------------------------------------------------------------------- what is drawn

IDS = [f"r{at}" for at in range(5)]
WORDS = ("red", "blue", "note", "ward", "lamp")
ids = st.lists(st.sampled_from(IDS), min_size=1, max_size=3, unique=True)
text = st.lists(st.sampled_from(WORDS), min_size=1, max_size=3).map(" ".join)
fields = st.fixed_dictionaries({}, optional={"ward": st.sampled_from(["B2", "C1", LONG]), "beds": st.integers(0, 3)})
where = st.one_of(
    st.none(),
    st.tuples(st.just("ward"), st.sampled_from(["eq", "ne"]), st.sampled_from(["B2", "C1", LONG])),
    st.tuples(st.just("beds"), st.sampled_from(["eq", "ne", "gt"]), st.integers(0, 2)),
)
FILTERS = (("ward", "ne", "B2"), ("beds", "ne", 1), ("ward", "eq", LONG), ("beds", "gt", 0), ("beds", "ne", 2))
text_filter = st.tuples(st.just(()), st.just("has"), st.sampled_from(WORDS))
person = st.sampled_from(READERS)
owner = st.sampled_from(OWNERS)
turn = st.integers(0, 1)
terms = st.builds(
    Terms,
    fields=st.sampled_from([None, frozenset(), frozenset({"ward"}), frozenset({"beds"})]),
    text=st.booleans(),
    scores=st.sampled_from(SHOWS_LESS),
    max_results=st.sampled_from([math.inf, math.inf, 0, 1, 3]),
    until=st.sampled_from([math.inf, math.inf, 0.3, 1.0]),  # days from now
)

GUARD, STORE = Vectors(ranking="guard"), Vectors(ranking="store")
PLAIN = Policy(
    scrub=Scrub(enabled=False), audit=AuditLog(reads=False, writes=False), budgets=Budgets(records_a_day=None)
)
policies = st.sampled_from(
    [
        PLAIN.replace(vectors=vectors, reads=Reads(shared=shared, blur=blur), retention=Retention(days=days))
        for vectors, shared, blur in [
            (GUARD, "exact", 0.0),
            (GUARD, "rounded", 0.0),
            (GUARD, "exact", 1.0),
            (STORE, "exact", None),
        ]
        for days in (None, 1.0)
    ]
)


# ------------------------------------------------------------------------------------------------------- the machine


class Sharing(RuleBasedStateMachine):
    """The steps, and the comparison after each."""

    def __init__(self, store: str, stand_of: Callable[..., Any]) -> None:
        super().__init__()
        self.store, self.stand_of = store, stand_of
        self.stand: Any = None
        self.names: dict[tuple[str, str], Any] = {}  # of shared records: for good, whatever happens to the guards
        self.turn = 0

    @initialize(policy=policies, to=st.sampled_from(GRANTEES), on=terms, data=st.data())
    def begin(self, policy: Policy, to: str, on: Terms, data: Any) -> None:
        """Start where something is shared: random steps alone seldom write, grant and look in one example."""
        self.stand = self.stand_of(self.store, policy)
        self.model = Model(self.stand.merges, policy.retention.days)
        self.policy = policy
        for owner in OWNERS:
            rows = [data.draw(row) for row in (fields, fields)]
            self._put(0, Principal(owner), owner, "upsert", IDS[:2], [data.draw(text) for _ in rows], rows)
        self.grant(0, data.draw(st.sampled_from(OWNERS)), "read", to, on)

    def teardown(self) -> None:
        if self.stand is not None:
            self.stand.stop()
            self.stand.remove()

    @property
    def now(self) -> float:
        return float(self.stand.clock.now)

    # ------------------------------------------------------------------------------------------------------- writes

    @rule(turn=turn, owner=owner, verb=st.sampled_from(["insert", "upsert", "update"]), ids=ids, data=st.data())
    def write(self, turn: int, owner: str, verb: str, ids: list[str], data: Any) -> None:
        self._write(turn, Principal(owner), owner, verb, ids, data)

    @rule(turn=turn, who=person, owner=owner, ids=ids, data=st.data())
    def write_as_another(self, turn: int, who: Principal, owner: str, ids: list[str], data: Any) -> None:
        if self.model.member(who, owner, self.now):
            self._write(turn, who, owner, "upsert", ids, data)
        else:
            with pytest.raises(AccessDenied):
                self.stand.write(self.stand.at(turn, who, owner), "upsert", ids, ["red"] * len(ids), None)

    def _write(self, turn: int, who: Principal, owner: str, verb: str, ids: list[str], data: Any) -> None:
        if verb not in self.stand.verbs:
            verb = "upsert"
        changes = data.draw(st.sampled_from(["both", "texts", "fields"] if verb == "update" else ["both", "texts"]))
        texts = None if changes == "fields" else [data.draw(text) for _ in ids]
        given = None if changes == "texts" else [self._fields(data, verb) for _ in ids]
        self._put(turn, who, owner, verb, ids, texts, given)

    def _put(self, turn: int, who: Principal, owner: str, verb: str, ids: list[str], texts: Any, given: Any) -> None:
        given = None if given is None else [each or None for each in given]
        self.stand.write(self.stand.at(turn, who, owner), verb, ids, texts, given)
        self.model.write(owner, verb, ids, texts, given, self.now)

    def _fields(self, data: Any, verb: str) -> dict[str, Any]:
        drawn = dict(data.draw(fields))
        if verb != "insert" and self.stand.merges and data.draw(st.booleans()):
            drawn["beds"] = None  # takes the field away
        return drawn

    @rule(turn=turn, owner=owner, ids=ids, foreign=st.booleans())
    def erase_by_id(self, turn: int, owner: str, ids: list[str], foreign: bool) -> None:
        named = [name for (other, _), name in self.names.items() if other != owner] if foreign else []
        self.stand.erase(self.stand.at(turn, owner), [*ids, *named], None)
        self.model.erase(owner, ids, None, self.now)

    @rule(turn=turn, owner=owner, where=where.filter(bool))
    def erase_by_filter(self, turn: int, owner: str, where: Any) -> None:
        self.stand.erase(self.stand.at(turn, owner), None, where)
        self.model.erase(owner, None, where, self.now)

    # -------------------------------------------------------------------------------------------------------- rules

    @rule(
        turn=turn, owner=owner, right=st.sampled_from(["read", "read", "write"]), to=st.sampled_from(GRANTEES), on=terms
    )
    def grant(self, turn: int, owner: str, right: str, to: str, on: Terms) -> None:
        on = replace(on, until=self.now + on.until * DAY)
        whom = {"readers" if right == "read" else "writers": [to]}
        self.stand.guards[turn].rules.grant(
            owner,
            **whom,
            fields=on.fields,
            text=on.text,
            scores=on.scores,
            max_results=None if on.max_results == math.inf else int(on.max_results),
            until=None if on.until == math.inf else on.until,
        )
        self.model.ruled.add(owner)
        if (right, to) != ("write", owner):
            self.model.grants[owner, right, to] = on

    @rule(turn=turn, owner=owner, right=st.sampled_from(["read", "write"]), to=st.sampled_from(GRANTEES))
    def revoke(self, turn: int, owner: str, right: str, to: str) -> None:
        whom = {"readers" if right == "read" else "writers": [to]}
        gone = self.stand.guards[turn].rules.revoke(owner, **whom)
        assert gone == (self.model.grants.pop((owner, right, to), None) is not None)

    @rule(turn=turn, owner=owner, reopen=st.booleans())
    def revoke_all(self, turn: int, owner: str, reopen: bool) -> None:
        rules = self.stand.guards[turn].rules
        if reopen:
            rules.reopen(owner)
            self.model.ruled.discard(owner)
        else:
            rules.revoke(owner)
        self.model.grants = {key: on for key, on in self.model.grants.items() if key[0] != owner}

    # --------------------------------------------------------------------------------------------------- what passes

    @rule(days=st.sampled_from([0.2, 0.4, 0.7]))
    def time_passes(self, days: float) -> None:
        self.stand.clock.now += days * DAY

    @rule(turn=turn)
    def caches_are_emptied(self, turn: int) -> None:
        self.stand.guards[turn].owners.cache.clear()

    @rule()
    def restart(self) -> None:
        self.stand.stop()
        self.stand.start()

    # ------------------------------------------------------------------------------------------------------ the reads

    @rule(turn=turn, who=person, ids=ids, data=st.data())
    def read_by_id(self, turn: int, who: Principal, ids: list[str], data: Any) -> None:
        known = [key for key in self.names if key[0] != who.id]
        chosen = data.draw(st.lists(st.sampled_from(known), max_size=3, unique=True)) if known else []
        wanted = {(who.id, id_) for id_ in ids} | set(chosen)
        found = self.stand.listed(self.stand.at(turn, who), [*ids, *(self.names[key] for key in chosen)])
        self._compare(found, {key: row for key, row in self._shown(who).items() if key in wanted})

    @rule(turn=turn, who=person, owner=owner)
    def read_as_another(self, turn: int, who: Principal, owner: str) -> None:
        at = self.stand.at(turn, who, owner)
        if self.model.member(who, owner, self.now):
            self._compare(self.stand.listed(at), self._shown(who, owner))
        else:
            with pytest.raises(AccessDenied):
                self.stand.listed(at)

    @rule(turn=turn, who=person, where=where, ids=st.one_of(st.none(), ids))
    def read_by_filter(self, turn: int, who: Principal, where: Any, ids: list[str] | None) -> None:
        seen = self._matching(who, where)
        if ids is not None:
            seen = {key: row for key, row in seen.items() if key in {(who.id, id_) for id_ in ids}}
        self._compare(self.stand.listed(self.stand.at(turn, who), ids, where), seen)

    @rule(turn=turn, who=person, text=text, limit=st.integers(1, 8), where=where)
    def search(self, turn: int, who: Principal, text: str, limit: int, where: Any) -> None:
        found = self.stand.ranked(self.stand.at(turn, who), text, limit, where)
        self._compare_ranking(found, self._matching(who, where), text, limit)

    @precondition(lambda self: self.stand is not None and self.stand.text_filters)
    @rule(turn=turn, who=person, where=text_filter, by=text)
    def search_in_texts(self, turn: int, who: Principal, where: Any, by: str) -> None:
        seen = self._matching(who, where)
        self._compare(self.stand.listed(self.stand.at(turn, who), None, where), seen)
        self._compare_ranking(self.stand.ranked(self.stand.at(turn, who), by, 3, where), seen, by, 3)

    @invariant()
    def everybody_sees_what_the_dictionary_says(self) -> None:
        if self.stand is None:
            return
        self.turn += 1
        by = WORDS[self.turn % len(WORDS)]
        asked, where = READERS[self.turn % len(READERS)], FILTERS[self.turn % len(FILTERS)]
        self._compare(self.stand.listed(self.stand.at(self.turn, asked), None, where), self._matching(asked, where))
        for at, who in enumerate(READERS):
            mine = self.stand.at(self.turn + at, who)
            assert self.stand.count(mine) == len(self.model.alive(who.id, self.now))
            self._compare(self.stand.listed(mine), self._shown(who))
            self._compare_ranking(self.stand.ranked(mine, by, ALL), self._shown(who), by, ALL)

    # ------------------------------------------------------------------------------------------------- the comparison

    def _shown(self, who: Principal, owner: str | None = None) -> dict[tuple[str, str], Shown]:
        return self.model.shown(who, owner or who.id, self.now)

    def _matching(self, who: Principal, where: Any) -> dict[tuple[str, str], Shown]:
        return {key: row for key, row in self._shown(who).items() if holds(where, row.text, row.fields)}

    def _named(self, seen: Mapping[tuple[str, str], Shown]) -> dict[Any, Shown]:
        """Return rows by the names under which they are found: one's own by id, others' by the name that they keep."""
        for owner, id_ in (key for key, row in seen.items() if row.terms is not None and key not in self.names):
            self.names[owner, id_] = self.stand.name(owner, id_)
        return {key[1] if row.terms is None else self.names[key]: row for key, row in seen.items()}

    def _compare(self, found: Sequence[Any], seen: Mapping[tuple[str, str], Shown]) -> None:
        """Compare what was read with what may be seen: the same rows, but for those beyond an owner's `max_results`."""
        may = self._named(seen)
        names = [each[0] for each in found]
        assert len(set(names)) == len(names)
        assert {(name, row[0], tuple(sorted(row[1].items()))) for name, *row in (each[:3] for each in found)} <= {
            (name, row.text, tuple(sorted(row.fields.items()))) for name, row in may.items()
        }
        for other in {row.owner for row in may.values()}:
            most = next(row.terms.max_results if row.terms else math.inf for row in may.values() if row.owner == other)
            there = sum(row.owner == other for row in may.values())
            assert sum(may[name].owner == other for name in names) == min(there, most)

    def _compare_ranking(
        self, found: Sequence[Any], seen: Mapping[tuple[str, str], Shown], by: str, limit: int
    ) -> None:
        may = self._named(seen)
        rooms: dict[str, float] = {row.owner: row.terms.max_results if row.terms else math.inf for row in may.values()}
        total = sum(min(room, sum(row.owner == each for row in may.values())) for each, room in rooms.items())
        assert len(found) == min(limit, total)
        if len(found) == total:
            self._compare(found, seen)
        ranked = [(may[name], score) for name, _, _, score in found]
        for (row, score), (_, shown_text, shown_fields, _) in zip(ranked, found, strict=True):
            assert (row.text, dict(row.fields)) == (shown_text, shown_fields)
            self._compare_score(row, score, by)
        names = {each[0] for each in found}
        full = {each for each, room in rooms.items() if sum(row.owner == each for row, _ in ranked) == room}
        left = [row for name, row in may.items() if name not in names and row.owner not in full]
        self._compare_order([row for row, _ in ranked], left, by)

    def _compare_score(self, row: Shown, score: float | None, by: str) -> None:
        """Compare a score: one's own is exact; another's shows as far as the policy and the terms let it."""
        scores = self._scores(row)
        if scores in ("rank", "hidden"):
            assert score == (0.0 if self.store == "qdrant" else None)  # Qdrant's type wants a number
            return
        assert score is not None
        if scores in STEP:
            assert score == pytest.approx(round(score / STEP[scores]) * STEP[scores], abs=1e-6)
        if self._exact(row):
            assert abs(score - cosine(row.whole, by)) <= self._slack(row)

    def _compare_order(self, ranked: Sequence[Shown], left: Sequence[Shown], by: str) -> None:
        """Compare the order, as far as scores tell it, with exact ones: blurred rows may stand anywhere."""
        known = [row for row in ranked if self._exact(row)]
        ordered = [row for row in known if self._scores(row) != "hidden"]
        for earlier, later in pairwise(ordered):
            assert cosine(earlier.whole, by) >= cosine(later.whole, by) - self._slack(earlier) - self._slack(later)
        for out in (row for row in left if self._exact(row)):
            for each in known:
                assert cosine(each.whole, by) >= cosine(out.whole, by) - self._slack(each) - self._slack(out)

    def _scores(self, row: Shown) -> str:
        if row.terms is None:
            return "exact"
        return max(str(self.policy.reads.shared), row.terms.scores, key=SHOWS_LESS.index)

    def _exact(self, row: Shown) -> bool:
        """Whether a row is ranked by its exact vector: one's own is, and others' where the policy blurs nothing."""
        return row.terms is None or self.policy.blur == 0

    def _slack(self, row: Shown) -> float:
        """How far a score may be from the exact one: half a step where it is rounded, and what float32 keeps."""
        return STEP.get(self._scores(row), 0.0) / 2 + 1e-5


def _form(store: str) -> tuple[int, int]:
    """Return how many examples of how many steps to run."""
    asked = os.environ.get("VECGUARD_STATEFUL")
    if asked is None:
        return SHORT[store]
    examples, steps = asked.split("x")
    return int(examples), int(steps)


@pytest.mark.filterwarnings("ignore:Local mode is not recommended", "error::vecguard.SharedRowsWithheldWarning")
@pytest.mark.parametrize("store", SHORT)
def test_a_guarded_store_is_a_dictionary_with_rules(store: str, stand_of: Callable[..., Any]) -> None:
    """Whatever is written, shared, taken back, expired or restarted, everybody sees what the dictionary says."""
    examples, steps = _form(store)
    run_state_machine_as_test(
        lambda: Sharing(store, stand_of),
        settings=settings(
            max_examples=examples,
            stateful_step_count=steps,
            deadline=None,
            derandomize="VECGUARD_STATEFUL" not in os.environ,
            suppress_health_check=list(HealthCheck),
            print_blob=True,
        ),
    )
