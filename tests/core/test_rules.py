"""Owner rules: what is granted is readable on its terms from the next call on, everywhere; nothing else is."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable
from datetime import UTC, datetime, timedelta
from pathlib import Path
from typing import Any

import numpy as np
import pytest

from vecguard import AccessDenied, Keyring, Policy, PolicyError, Principal, Reads, ReservedField, Scrub
from vecguard.filters import Compare, Not, holds
from vecguard.flow import drive
from vecguard.keys import Secret
from vecguard.principal import Acting
from vecguard.records import Ask, Diversity, Query, RecordId
from vecguard.rules import EVERYONE, OWNER_FIELD, Grant, Grantee, OwnerScope, Share, Terms
from vecguard.space import CollectionKeys, owner_tag

KEYS = CollectionKeys.of(Secret(b"k" * 32))
UNSCRUBBED = Policy(scrub=Scrub(enabled=False))
NURSE = Principal("nora", groups=frozenset({"ward-b"}))


def _texts(desk: Any, who: Principal | str, **ask: Any) -> list[str | None]:
    return sorted(str(hit.record.text) for hit in desk.read(Ask(**ask), who).hits)


@pytest.fixture
def desk(desk_of: Callable[..., Any]) -> Any:
    """A desk with one note each of four owners."""
    made = desk_of()
    for owner in ("alice", "bob", "carol", "dave"):
        made.write(["n"], [f"a note of {owner}"], [{"ward": owner[0], "beds": len(owner)}], who=owner)
    return made


# ------------------------------------------------------------------------------------------------------- the scope


@pytest.mark.parametrize("shared", [(), ("alice",), ("bob", "alice")])
@pytest.mark.parametrize("owner", ["alice", "bob", "carol", "Bob"])
def test_the_predicate_is_the_scope(shared: tuple[str, ...], owner: str) -> None:
    """A row passes if and only if its owner tag is that of an owner in scope."""
    scope = OwnerScope("bob", {each: Terms() for each in shared})
    row = {OWNER_FIELD: owner_tag(KEYS, owner)}
    passes = holds(scope.predicate(KEYS), "any", lambda path: row.get(path[0]))
    assert passes == (owner in scope.owners)
    assert not holds(scope.predicate(KEYS), "any", lambda path: None)


# ------------------------------------------------------------------------------------------------------ who may read


@pytest.mark.parametrize("query", [None, Query(texts=("a note",))])
@pytest.mark.parametrize("grantee", ["nora", "user:nora", "group:ward-b", "everyone", EVERYONE, NURSE])
def test_what_is_granted_is_read_and_nothing_else(desk: Any, query: Query | None, grantee: object) -> None:
    """Listing and ranking return one's own rows and those of the owner that shares; before and after, one's own."""
    assert _texts(desk, NURSE) == []
    desk.write(["n"], ["a note of nora"], who="nora")
    desk.guard.rules.grant("alice", readers=[grantee])
    assert _texts(desk, NURSE, query=query, limit=10) == ["a note of alice", "a note of nora"]
    assert desk.guard.rules.revoke("alice", readers=[grantee]) == 1
    assert _texts(desk, NURSE, query=query, limit=10) == ["a note of nora"]


@pytest.mark.parametrize("grantee", ["Nora", "user:ward-b", "group:nora", "group:ward-B", "user:everyone"])
def test_grantees_are_compared_whole_and_by_kind(desk: Any, grantee: str) -> None:
    """A principal is not a group of its name, nor somebody whose name is another in small letters."""
    desk.guard.rules.grant("alice", readers=[grantee])
    assert _texts(desk, NURSE) == []


def test_who_has_no_rows_of_their_own_reads_shared_ones_and_leaves_no_key(desk: Any) -> None:
    """A reader needs no space, and reading makes none."""
    desk.guard.rules.grant("alice", readers=["everyone"])
    assert _texts(desk, "zoe") == ["a note of alice"]
    assert desk.guard.state.keystore.find("owner", desk.guard.state.digest("zoe")) is None


def test_a_grant_ends_when_it_says(desk: Any) -> None:
    """`until` is a moment, however it is written; from then on nothing is shared."""
    later = datetime.now(UTC) + timedelta(seconds=0.6)
    desk.guard.rules.grant("alice", readers=["bob"], until=later)
    assert "a note of alice" in _texts(desk, "bob")
    time.sleep(0.7)
    assert _texts(desk, "bob") == ["a note of bob"]
    with pytest.raises(PolicyError):
        desk.guard.rules.grant("alice", readers=["bob"], until=datetime(2030, 1, 1))


def test_a_change_holds_from_the_next_call_in_every_process(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Two guards on one state, both warm: what one grants or revokes the other sees with its next call."""
    keys, state = Keyring.generate(tmp_path / "key"), f"sqlite:///{tmp_path}/state.db"
    here = desk_of(keys=keys, state=state)
    there = desk_of(keys=keys, state=state, store=here.store)
    for owner in ("alice", "bob"):
        here.write(["n"], [f"a note of {owner}"], who=owner)
    for _ in range(3):
        assert _texts(there, "bob") == ["a note of bob"]
        here.guard.rules.grant("alice", readers=["bob"])
        assert _texts(there, "bob") == ["a note of alice", "a note of bob"]
        assert there.guard.rules.revoke("alice") == 1
        assert _texts(here, "bob") == ["a note of bob"]


def test_nothing_is_shared_under_a_policy_that_says_so(desk_of: Callable[..., Any]) -> None:
    """Rules do not get past `shared="nothing"`."""
    desk = desk_of(UNSCRUBBED.replace(reads=Reads(shared="nothing")))
    desk.write(["n"], ["a note of alice"], who="alice")
    desk.guard.rules.grant("alice", readers=["everyone"])
    assert _texts(desk, "bob") == []


# ------------------------------------------------------------------------------------------------------- on what terms


def test_only_visible_fields_show_and_filters_find_out_no_more(desk: Any) -> None:
    """A filter on a field that does not show answers as if no row had it, whatever its value, in either sense."""
    desk.guard.rules.grant("alice", readers=["zoe"], fields=["ward"], text=False)
    (hit,) = desk.read(Ask(), "zoe").hits
    assert (hit.record.text, dict(hit.record.fields)) == (None, {"ward": "a"})
    for value in (5, 6):
        asked = Compare(("beds",), "eq", value)
        assert desk.read(Ask(where=asked), "zoe").hits == ()
        assert len(desk.read(Ask(where=Not(asked)), "zoe").hits) == 1
        ranked = Ask(query=Query(texts=("a note",)), where=Not(asked), limit=3)
        assert len(desk.read(ranked, "zoe").hits) == 1
    assert len(desk.read(Ask(where=Compare(("ward",), "eq", "a")), "zoe").hits) == 1
    assert desk.read(Ask(where=Compare((), "text", "note")), "zoe").hits == ()


def test_terms_of_several_grants_are_joined(desk: Any) -> None:
    """Each grant stands by itself: somebody with two sees what either shows."""
    desk.guard.rules.grant("alice", readers=["nora"], fields=["ward"], text=False, max_results=0)
    desk.guard.rules.grant("alice", readers=["group:ward-b"], fields=["beds"], text=True, max_results=5)
    (hit,) = desk.read(Ask(), NURSE).hits
    assert (hit.record.text, dict(hit.record.fields)) == ("a note of alice", {"ward": "a", "beds": 5})
    assert desk.read(Ask(), "nora").hits == ()


def test_an_owner_limits_how_many_rows_are_in_one_answer(desk: Any) -> None:
    """The limit is per owner and per query, and leaves one's own rows alone."""
    desk.write([f"m{i}" for i in range(5)], [f"a note number {i}" for i in range(5)], who="alice")
    desk.write([f"b{i}" for i in range(3)], [f"a bob note {i}" for i in range(3)], who="bob")
    desk.guard.rules.grant("alice", readers=["bob"], max_results=2)
    for ask in (Ask(), Ask(query=Query(texts=("a note",)), limit=10)):
        hits = desk.read(ask, "bob").hits
        assert sum(str(hit.record.id.given).startswith("_vg_") for hit in hits) == 2
        assert len(hits) == 6
    assert len(desk.read(Ask(limit=3), "bob").hits) == 3


def test_granting_again_replaces_the_terms(desk: Any) -> None:
    """The last word counts."""
    desk.guard.rules.grant("alice", readers=["bob"])
    desk.guard.rules.grant("alice", readers=["bob"], text=False)
    assert [hit.record.text for hit in desk.read(Ask(), "bob").hits if hit.record.text is None] == [None]
    assert [str(each.grantee) for each in desk.guard.rules.grants("alice")] == ["user:bob", "user:alice"]


@pytest.mark.parametrize(
    "terms",
    [
        {"fields": "ward"},
        {"fields": [1]},
        {"text": "yes"},
        {"scores": "precise"},
        {"max_results": -1},
        {"max_results": True},
        {"until": "tomorrow"},
        {"colour": "red"},
    ],
)
def test_terms_that_mean_nothing_are_refused(terms: dict[str, Any]) -> None:
    """A rule that is misspelt grants nothing."""
    with pytest.raises(PolicyError):
        Terms.of(terms)


# ------------------------------------------------------------------------------------------------------------ scores


def _shared_scores(desk: Any, scores: Any, **ask: Any) -> list[tuple[float | None, bool]]:
    desk.guard.rules.grant("alice", readers=["bob"], scores=scores)
    hits = desk.read(Ask(query=Query(texts=("the red note",)), limit=60, **ask), "bob").hits
    return [(hit.score, str(hit.record.id.given).startswith("_vg_")) for hit in hits]


@pytest.fixture
def shelves(desk_of: Callable[..., Any]) -> Any:
    """A desk where bob has two notes and alice forty."""
    made = desk_of(UNSCRUBBED.replace(reads=Reads(shared="exact")))
    words = ["red", "blue", "green", "note", "page", "leaf", "ward", "bed", "lamp", "door", "wall", "roof"]
    notes = [f"the {one} {other} note" for one in words for other in words if one < other][:40]
    made.write([f"a{i}" for i in range(40)], notes, who="alice")
    made.write(["b0", "b1"], ["the red note of bob", "a page"], who="bob")
    return made


@pytest.mark.parametrize(("policy", "digits"), [("rounded", 2), ("bucketed", 1)])
def test_shared_scores_are_rounded_before_rows_are_ordered(shelves: Any, policy: str, digits: int) -> None:
    """Others' scores are hundredths or tenths, own ones are not, and the order is that of what is shown."""
    scored = _shared_scores(shelves, policy)
    assert all(score == pytest.approx(round(score, digits), abs=1e-9) for score, shared in scored if shared)
    assert any(score != pytest.approx(round(score, digits), abs=1e-6) for score, shared in scored if not shared)
    assert [score for score, _ in scored] == sorted((score for score, _ in scored), reverse=True)


def test_rows_whose_rounded_scores_are_one_come_in_no_order_of_theirs(shelves: Any) -> None:
    """Within one score the order is that of names drawn by chance: it is not that of the scores behind it."""
    shelves.guard.rules.grant("alice", readers=["bob"], scores="exact")
    query = Ask(query=Query(texts=("the red note",)), limit=60)
    exact = {hit.record.id.given: hit.score for hit in shelves.read(query, "bob").hits}
    shelves.guard.rules.grant("alice", readers=["bob"], scores="bucketed")
    told = [(hit.score, exact[hit.record.id.given]) for hit in shelves.read(query, "bob").hits]
    groups: dict[Any, list[Any]] = {}
    for shown, behind in told:
        groups.setdefault(shown, []).append(behind)
    assert any(values != sorted(values, reverse=True) for values in groups.values() if len(values) > 2)


@pytest.mark.parametrize("policy", ["rank", "hidden"])
def test_scores_that_do_not_show_pass_no_threshold(shelves: Any, policy: str) -> None:
    """A threshold would tell them by bisection."""
    scored = _shared_scores(shelves, policy)
    assert {score for score, shared in scored if shared} == {None}
    assert sum(shared for _, shared in scored) == 40
    assert all(not shared for _, shared in _shared_scores(shelves, policy, threshold=-1.0))


def test_a_hidden_order_is_not_that_of_the_scores(shelves: Any) -> None:
    """Under "hidden" shared rows stand behind one's own, in an order that does not change with the query."""
    shelves.guard.rules.grant("alice", readers=["bob"], scores="hidden")

    def order(text: str) -> list[Any]:
        hits = shelves.read(Ask(query=Query(texts=(text,)), limit=60), "bob").hits
        return [hit.record.id.given for hit in hits]

    one, other = order("the red note"), order("a lamp by the door")
    assert one[2:] == other[2:]
    assert sorted(one[:2]) == sorted(other[:2]) == ["b0", "b1"]


def test_the_policy_is_the_most_that_terms_can_show(desk_of: Callable[..., Any]) -> None:
    """An owner may show less than the policy does, not more."""
    desk = desk_of(UNSCRUBBED.replace(reads=Reads(shared="rank")))
    desk.write(["n"], ["a note of alice"], who="alice")
    desk.guard.rules.grant("alice", readers=["bob"], scores="exact")
    (hit,) = desk.read(Ask(query=Query(texts=("a note",)), limit=1), "bob").hits
    assert hit.score is None


# -------------------------------------------------------------------------------------------------------------- blur


def _scores(desk: Any, queries: np.ndarray[Any, Any], who: str) -> np.ndarray[Any, Any]:
    answer = desk.read(Ask(query=Query(vectors=queries), limit=1), who)
    return np.array([group[0].score for group in answer.groups])


def _solved(desk: Any, who: str) -> np.ndarray[Any, Any]:
    """Solve for the one vector that `who` is shown, from exact scores."""
    found = _scores(desk, np.eye(16, dtype=np.float32), who)
    return found / np.linalg.norm(found)


@pytest.mark.parametrize("ranking", ["guard", "store"])
def test_others_see_one_blurred_vector_and_its_owner_the_exact_one(desk_of: Callable[..., Any], ranking: str) -> None:
    """All that exact scores give away of a shared row is the same noisy vector, to every reader, before and after."""
    policy = UNSCRUBBED.replace(reads=Reads(shared="exact"), vectors=Policy().vectors.replace(ranking=ranking))
    desk = desk_of(policy)
    desk.write(["n"], ["a note of alice"], who="alice")
    desk.guard.rules.grant("alice", readers=["bob", "carol"])
    own, bob, carol = (_solved(desk, who) for who in ("alice", "bob", "carol"))
    assert abs(own @ bob) < 0.95
    assert bob @ carol > 1 - 1e-5
    desk.write(["n"], ["a note of alice"], who="alice")
    desk.write(["copy"], ["a note of alice"], who="alice")
    if ranking == "guard":  # every copy of a content is seen as one vector
        assert bob @ _solved(desk, "bob") > 1 - 1e-5
    assert own @ _solved(desk, "alice") > 1 - 1e-5


def test_a_blurred_row_from_the_owners_own_cache_is_the_one_from_the_store(desk_of: Callable[..., Any]) -> None:
    """What is kept of the owner's rows for itself serves readers too, and shows them the same."""
    desk = desk_of(UNSCRUBBED.replace(reads=Reads(shared="exact")))
    desk.write(["n"], ["a note of alice"], who="alice")
    desk.guard.rules.grant("alice", readers=["bob"])
    from_store = _solved(desk, "bob")
    desk.guard.owners.cache.clear()
    _solved(desk, "alice")
    desk.store.requests.clear()
    assert from_store @ _solved(desk, "bob") > 1 - 1e-6
    assert not any(type(each).__name__ == "Find" for each in desk.store.requests)


def test_like_this_record_starts_from_the_blurred_vector_of_a_shared_one(desk_of: Callable[..., Any]) -> None:
    """Else the scores of one's own rows would give the exact one away."""
    desk = desk_of(UNSCRUBBED.replace(reads=Reads(shared="exact")))
    desk.write(["n"], ["a note of alice"], who="alice")
    desk.write([f"e{i}" for i in range(16)], vectors=np.eye(16, dtype=np.float32), who="bob")
    desk.guard.rules.grant("alice", readers=["bob"])
    seen, own = _solved_among(desk, "bob"), _solved(desk, "alice")
    hits = desk.read(Ask(query=Query(ids=(seen[1],)), limit=17), "bob").hits
    found = np.zeros(16)
    for hit in hits:
        if str(hit.record.id.given).startswith("e"):
            found[int(str(hit.record.id.given)[1:])] = hit.score
    found /= np.linalg.norm(found)
    assert found @ seen[0] > 1 - 1e-4
    assert abs(found @ own) < 0.95


def _solved_among(desk: Any, who: str) -> tuple[np.ndarray[Any, Any], RecordId]:
    answer = desk.read(Ask(query=Query(vectors=np.eye(16, dtype=np.float32)), limit=17), who)
    shared = [next(hit for hit in group if str(hit.record.id.given).startswith("_vg_")) for group in answer.groups]
    found = np.array([hit.score for hit in shared])
    return found / np.linalg.norm(found), shared[0].record.id


def test_hits_that_differ_are_chosen_by_what_is_shown(shelves: Any) -> None:
    """MMR over shared rows works, on blurred vectors."""
    shelves.guard.rules.grant("alice", readers=["bob"])
    ask = Ask(query=Query(texts=("the red note",)), limit=4, diversity=Diversity(0.5, 10))
    assert len(shelves.read(ask, "bob").hits) == 4


def test_a_store_that_ranks_takes_no_second_blur() -> None:
    """Candidates are chosen by one noise; scores by another would be a second look at the same row."""
    vectors = Policy().vectors.replace(ranking="store", noise=1.5)
    assert Policy(vectors=vectors).blur == 1.5
    with pytest.raises(PolicyError):
        Policy(vectors=vectors, reads=Reads(blur=0.5))
    assert Policy(reads=Reads(blur=0.5)).blur == 0.5


# --------------------------------------------------------------------------------------------------------------- ids


def test_a_shared_record_has_a_name_of_its_own(desk: Any) -> None:
    """It finds the record for whoever may read it, is missing for everybody else, and one's own id stays one's own."""
    desk.guard.rules.grant("alice", readers=["bob"])
    shared = next(hit.record for hit in desk.read(Ask(), "bob").hits if hit.record.text == "a note of alice")
    assert [hit.record.text for hit in desk.read(Ask(ids=(shared.id,)), "bob").hits] == ["a note of alice"]
    assert [hit.record.text for hit in desk.read(Ask(ids=(RecordId.text("n"),)), "bob").hits] == ["a note of bob"]
    for stranger in ("carol", "alice"):
        assert desk.read(Ask(ids=(shared.id,)), stranger).hits == ()
    desk.guard.rules.revoke("alice")
    assert desk.read(Ask(ids=(shared.id,)), "bob").hits == ()


def test_a_shared_record_is_read_and_never_changed(desk: Any) -> None:
    """Deletes and updates by its name or by filter do not reach it, and no record can be written under such a name."""
    desk.guard.rules.grant("alice", readers=["bob"])
    name = next(str(hit.record.id.given) for hit in desk.read(Ask(), "bob").hits if hit.record.text != "a note of bob")
    assert desk.write([name], ["changed"], who="bob", verb="update").skipped == (0,)
    assert desk.forget([name], "bob") == 0
    with pytest.raises(ReservedField):
        desk.write([name], ["changed"], who="bob")
    assert desk.count("bob") == 1
    assert desk.forget(None, "bob") == 1
    assert _texts(desk, "bob") == ["a note of alice"]
    assert _texts(desk, "alice") == ["a note of alice"]


# ----------------------------------------------------------------------------------------------------------- members


def _acts(desk: Any, who: Principal | str, owner: str) -> bool:
    try:
        desk.read(Ask(), who, owner)
    except AccessDenied:
        return False
    return True


def test_an_application_vouches_until_there_are_rules(desk: Any) -> None:
    """From the first rule on, members are named, and stay so when the last rule is revoked, until it is reopened."""
    assert _acts(desk, "zoe", "alice")
    desk.guard.rules.grant("alice", readers=["zoe"])
    assert not _acts(desk, "zoe", "alice")
    assert _acts(desk, "alice", "alice")
    desk.guard.rules.grant("alice", writers=["group:ward-b"])
    assert _acts(desk, NURSE, "alice")
    assert not _acts(desk, Principal("nora"), "alice")
    desk.guard.rules.revoke("alice")
    assert not _acts(desk, "zoe", "alice")
    assert not _acts(desk, NURSE, "alice")
    desk.guard.rules.reopen("alice")
    assert _acts(desk, "zoe", "alice")


def test_nobody_is_vouched_for_where_members_are_named(desk_of: Callable[..., Any]) -> None:
    """`members="named"` denies by default."""
    desk = desk_of(UNSCRUBBED.replace(members="named"))
    desk.write(["n"], ["a note of alice"], who="alice")
    assert not _acts(desk, "zoe", "alice")
    desk.guard.rules.grant("alice", writers=["zoe"])
    assert _acts(desk, "zoe", "alice")


def test_every_verb_asks_for_membership(desk: Any) -> None:
    """Writing, deleting, counting and verifying in a space are for members."""
    desk.guard.rules.grant("alice", readers=["bob"])
    acting = Acting.of("bob", "alice")
    guard, shelf = desk.guard, desk.shelf
    for flow in (
        guard.write(desk.draft(["x"], ["y"]), shelf, acting, desk.embedding),
        guard.forget(Ask(restore=False), shelf, acting),
        guard.count(Ask(restore=False), shelf, acting),
        guard.verify([RecordId.text("n")], ["a note of alice"], shelf, acting),
        guard.read(Ask(query=Query(texts=("a note",)), limit=1), shelf, acting, desk.embedding),
        guard.read(Ask(own=True), shelf, acting, desk.embedding),
    ):
        with pytest.raises(AccessDenied):
            _driven(desk, flow)
    assert desk.count("alice") == 1


def _driven(desk: Any, flow: Any) -> Any:
    return drive(flow, desk.store)


# --------------------------------------------------------------------------------------------------- configuration


def test_rules_of_the_configuration_hold_beside_those_of_the_state(desk_of: Callable[..., Any]) -> None:
    """They need no state, and revoking does not reach them."""
    desk = desk_of(rules=[Grant("alice", Grantee.of("bob"), "read")])
    desk.write(["n"], ["a note of alice"], who="alice")
    assert _texts(desk, "bob") == ["a note of alice"]
    assert desk.guard.rules.revoke("alice") == 0
    assert _texts(desk, "bob") == ["a note of alice"]


class Directory:
    """An application's own access control: bob reads alice, zoe is a member of acme."""

    def readable(self, principal: Principal) -> Iterable[Share]:
        return [Share("alice", Terms(text=False)), Share("alice")] if principal.id == "bob" else []

    def member(self, principal: Principal, owner: str) -> bool:
        return (principal.id, owner) == ("zoe", "acme")


def test_an_authorizer_decides_instead_of_the_rules(desk_of: Callable[..., Any]) -> None:
    """What it says is what holds, joined where it says it twice; rules in the state are not asked."""
    desk = desk_of(authorizer=Directory())
    for owner in ("alice", "carol"):
        desk.write(["n"], [f"a note of {owner}"], who=owner)
    desk.guard.rules.grant("carol", readers=["everyone"])
    assert _texts(desk, "bob") == ["a note of alice"]
    assert _acts(desk, "zoe", "acme")
    assert not _acts(desk, "zoe", "alice")


class Broken(Directory):
    """An authorizer that fails in one way or another."""

    def __init__(self, readable: Callable[[], Any], member: Callable[[], Any]) -> None:
        self._readable, self._member = readable, member

    def readable(self, principal: Principal) -> Any:
        return self._readable()

    def member(self, principal: Principal, owner: str) -> Any:
        return self._member()


def _raises() -> Any:
    raise RuntimeError("the secret is alice's")


@pytest.mark.parametrize(
    ("readable", "member"),
    [(_raises, bool), (lambda: ["alice"], bool), (lambda: None, bool), (list, _raises), (list, lambda: "yes")],
)
def test_an_authorizer_that_fails_denies(
    desk_of: Callable[..., Any], tmp_path: Path, readable: Callable[[], Any], member: Callable[[], Any]
) -> None:
    """An error or a wrong answer is a denial, with nothing of the error in it."""
    shared = {"keys": Keyring.generate(tmp_path / "key"), "state": f"sqlite:///{tmp_path}/state.db"}
    desk = desk_of(**shared)
    desk.write(["n"], ["a note of alice"], who="alice")
    broken = desk_of(store=desk.store, authorizer=Broken(readable, member), **shared)
    for owner in ("bob", "acme"):
        if owner == "acme" or readable is not list:
            with pytest.raises(AccessDenied) as denied:
                broken.read(Ask(), "bob", owner)
            assert "secret" not in str(denied.value)
            assert denied.value.__cause__ is None
            assert denied.value.__context__ is None


# ------------------------------------------------------------------------------------------------- what it is kept as


def test_the_state_holds_no_name_of_a_rule(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Owners, grantees and fields are digests and ciphertext in the database file, and in its log."""
    desk = desk_of(keys=Keyring.generate(tmp_path / "key"), state=f"sqlite:///{tmp_path}/state.db")
    desk.guard.rules.grant("owner-alicia", readers=["reader-robert", "group:gr-oncology"], fields=["field-hiv"])
    raw = b"".join(each.read_bytes() for each in tmp_path.iterdir() if each.name.startswith("state"))
    for name in (b"alicia", b"robert", b"oncology", b"field-hiv"):
        assert name not in raw
    assert len(desk.guard.rules.grants()) == 3


def test_granting_and_revoking_are_audited(desk: Any) -> None:
    """Who did it is in the chain, which still verifies."""
    desk.guard.rules.grant("alice", readers=["bob"], by="head-nurse")
    desk.guard.rules.revoke("alice", by="head-nurse")
    assert desk.guard.state.audit.verify() == []


@pytest.mark.parametrize("query", [None, Query(texts=("a note",))])
def test_the_most_rows_of_an_owner_are_not_got_around_by_asking_for_the_next_page(desk: Any, query: Any) -> None:
    """Pages of one search together show no more of them than one answer does."""
    desk.write([f"m{i}" for i in range(5)], [f"a note number {i}" for i in range(5)], who="alice")
    desk.guard.rules.grant("alice", readers=["zoe"], max_results=2)
    pages = [desk.read(Ask(query=query, limit=1, offset=at), "zoe").hits for at in range(6)]
    assert [len(hits) for hits in pages] == [1, 1, 0, 0, 0, 0]
