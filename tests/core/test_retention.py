"""For how long records are kept: the shortest of what policy, operator and writer say, and nobody makes it longer."""

from __future__ import annotations

import math
from collections.abc import Callable
from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from vecguard import AccessDenied, BadInput, Keyring, Metadata, Policy, PolicyError, Retention, Scrub, retain_for
from vecguard.cleaning import FieldsAsTheyAre
from vecguard.expiry import DAY_S
from vecguard.filters import Compare
from vecguard.records import Ask
from vecguard.sealing import NEVER
from vecguard.state import tables

NOW = 1_900_000_000.0
TEN = Policy(scrub=Scrub(enabled=False), retention=Retention(days=10, field="until"))
FREE = Policy(scrub=Scrub(enabled=False), retention=Retention(field="until"))


@pytest.fixture
def at(desk_of: Callable[..., Any]) -> Callable[..., tuple[Any, list[float]]]:
    """A factory of desks whose time a test sets."""

    def make(policy: Policy = TEN, **options: Any) -> tuple[Any, list[float]]:
        desk, now = desk_of(policy, **options), [NOW]
        desk.guard.clock = desk.guard._retrieval._clock = desk.guard.owners._clock = lambda: now[0]
        return desk, now

    return make


def expiry(desk: Any, who: str = "alice") -> dict[str, float]:
    """When each record expires, in days from NOW, by what its row says under the owner's key."""
    collection = desk.shelf.collection
    space = desk.guard.state.space(collection.uid, who, collection.keys)
    opened = desk.shelf.sealer.open(list(desk.store.rows.values()), {space.owner_tag: space}, -math.inf)
    return {each.record.id.given: round((each.expires - NOW) / DAY_S, 6) for each in opened if each is not None}


# ------------------------------------------------------------------------------------------------- what counts


def test_the_shortest_of_all_that_applies_counts(at: Callable[..., Any]) -> None:
    """Each of the four in turn is the shortest: policy 10, owner 8, block 6, record 4."""
    desk, _ = at()
    four = NOW + 4 * DAY_S
    desk.write(["policy"], ["text"])
    desk.guard.retention.set("alice", days=8)
    desk.write(["owner"], ["text"])
    with retain_for(days=6):
        from vecguard.facade import Room, writing
        from vecguard.flow import drive
        from vecguard.principal import Acting

        room = Room(desk.guard, None, None, desk.shelf, desk.store, desk.guard.embedding)
        who = Acting.of("alice")
        drive(writing(room, desk.draft(["block"], ["text"]), who), desk.store)
        drive(writing(room, desk.draft(["record"], ["text"], [{"until": four}]), who), desk.store)
    assert expiry(desk) == {"policy": 10, "owner": 8, "block": 6, "record": 4}
    desk.write(["of bob"], ["text"], who="bob")
    assert expiry(desk, "bob") == {"of bob": 10}


def test_nobody_lengthens_what_the_policy_says(at: Callable[..., Any]) -> None:
    desk, now = at()
    desk.guard.retention.set("alice", days=1000)
    desk.write(["a"], ["text"], [{"until": NOW + 500 * DAY_S}])
    assert expiry(desk) == {"a": 10}
    now[0] += 10 * DAY_S
    assert desk.texts() == {}
    assert desk.count() == 0


def test_blocks_inside_each_other_take_the_shorter(at: Callable[..., Any]) -> None:
    from vecguard.expiry import ambient_days

    with retain_for(days=3):
        with retain_for(days=30):
            assert ambient_days() == 3
        with retain_for(days=0.5):
            assert ambient_days() == 0.5
        assert ambient_days() == 3
    assert ambient_days() is None


def test_a_change_holds_from_the_next_call_in_another_guard(
    at: Callable[..., Any], desk_of: Callable[..., Any], tmp_path: Any
) -> None:
    """What is there keeps its time; clearing brings the policy's back."""
    same = {"keys": Keyring.ephemeral(), "state": f"sqlite:///{tmp_path}/state.db"}
    desk, _ = at(**same)
    other, _ = at(**same, store=desk.store)
    desk.write(["a"], ["text"])
    other.guard.retention.set("alice", days=2)
    desk.write(["b"], ["text"])
    assert [(each.owner, each.days) for each in desk.guard.retention.all()] == [("alice", 2.0)]
    assert other.guard.retention.clear("alice")
    assert not other.guard.retention.clear("alice")
    desk.write(["c"], ["text"])
    assert expiry(desk) == {"a": 10, "b": 2, "c": 10}
    assert desk.guard.state.audit.verify() == []


# --------------------------------------------------------------------------------------- what a record says itself


@pytest.mark.parametrize(
    "said",
    [
        NOW + 4 * DAY_S,
        int(NOW + 4 * DAY_S),
        datetime.fromtimestamp(NOW + 4 * DAY_S, UTC).isoformat(),
        datetime.fromtimestamp(NOW + 4 * DAY_S, UTC).replace(tzinfo=None).isoformat(),
        datetime.fromtimestamp(NOW + 4 * DAY_S, UTC).isoformat().replace("+00:00", "Z"),
        (datetime.fromtimestamp(NOW + 4 * DAY_S, UTC) + timedelta(hours=2)).isoformat().replace("+00:00", "+02:00"),
    ],
)
def test_a_record_says_when_it_expires_in_seconds_or_as_a_date(said: Any, at: Callable[..., Any]) -> None:
    desk, now = at(FREE)
    desk.write(["a", "b"], ["text", "text"], [{"until": said}, {"other": 1}])
    assert expiry(desk)["a"] == 4
    assert expiry(desk)["b"] == round((NEVER - NOW) / DAY_S, 6)
    assert desk.fields()["a"] == {"until": said}
    now[0] += 4 * DAY_S
    assert list(desk.texts()) == ["b"]
    assert desk.nearest("text") == ["b"]
    assert desk.count() == 1


def test_a_date_without_a_time_is_its_beginning_in_utc(at: Callable[..., Any]) -> None:
    desk, _ = at(FREE)
    desk.write(["a"], ["text"], [{"until": "2030-03-20"}])
    assert expiry(desk)["a"] == round((datetime(2030, 3, 20, tzinfo=UTC).timestamp() - NOW) / DAY_S, 6)


@pytest.mark.parametrize(
    "said",
    [
        NOW,
        NOW - 1,
        0,
        -1,
        -5.5,
        30,  # days, by mistake
        (NOW + DAY_S) * 1000,  # milliseconds, by mistake
        1e300,
        True,
        False,
        "",
        "soon",
        "2020-01-01",
        "20300320T",
        "99999-01-01",
        "1900000000",
        [NOW + DAY_S],
        {"at": NOW + DAY_S},
        math.nan,
        math.inf,
        -math.inf,
    ],
)
@pytest.mark.parametrize("verb", ["insert", "upsert", "update"])
def test_what_is_no_moment_or_is_over_refuses_the_call(said: Any, verb: str, at: Callable[..., Any]) -> None:
    """Nothing of it is written, the sound record beside it neither; and the message says which, and not what."""
    desk, _ = at()
    desk.write(["old"], ["text"], [{"n": 1}])
    before = dict(desk.store.rows)
    ids = ["old", "old2"] if verb == "update" else ["new", "new2"]
    with pytest.raises(BadInput) as caught:
        desk.write(ids, ["t", "t"], [{"until": NOW + DAY_S}, {"until": said}], verb=verb)
    assert desk.store.rows == before
    assert desk.open_intents() == 0
    assert str(caught.value).startswith("record 1 ")
    assert str(said)[:6] not in str(caught.value)[9:] or str(said) in ("", "0", "inf")


@pytest.mark.parametrize("days", [0, -1, math.nan, math.inf, -math.inf, True, "3", None, [3]])
def test_days_that_are_no_time_are_refused(days: Any, at: Callable[..., Any]) -> None:
    desk, _ = at()
    with pytest.raises(BadInput):
        desk.guard.retention.set("alice", days=days)
    with pytest.raises(BadInput), retain_for(days=days):
        pass
    assert desk.guard.retention.all() == []


@pytest.mark.parametrize("field", ["", "_vg_expires", 5, "x" * 300])
def test_a_field_of_ours_or_none_at_all_is_a_policy_error(field: Any) -> None:
    with pytest.raises(PolicyError):
        Retention(field=field)


@pytest.mark.parametrize("owner", ["", "a b", None])
def test_a_retention_is_an_owner_s(owner: Any, at: Callable[..., Any]) -> None:
    desk, _ = at()
    with pytest.raises(AccessDenied):
        desk.guard.retention.set(owner, days=3)
    assert desk.guard.retention.all() == []


# ------------------------------------------------------------------------------------- what becomes of it by changes


def test_a_change_of_fields_does_not_keep_a_record_for_longer(at: Callable[..., Any]) -> None:
    """Neither by the passing of time, nor by a later moment in its own field, nor by taking the field out."""
    desk, now = at()
    desk.write(["a", "b"], ["text", "text"], [{"until": NOW + 4 * DAY_S}, {}])
    now[0] += 3 * DAY_S
    desk.write(["a", "b"], fields=[{"until": NOW + 9 * DAY_S}, {"n": 2}], verb="update")
    assert expiry(desk) == {"a": 4, "b": 10}
    desk.write(["a"], fields=[{"until": None}], verb="update")
    assert expiry(desk) == {"a": 4, "b": 10}
    desk.write(["a"], fields=[{"until": NOW + 3.5 * DAY_S}], verb="update")
    assert expiry(desk)["a"] == 3.5


def test_content_that_is_written_anew_begins_a_new_time(at: Callable[..., Any]) -> None:
    """And what the record said of itself still holds where fields are merged and it is not said again."""
    desk, now = at()
    desk.write(["a", "b"], ["text", "text"], [{"until": NOW + 9 * DAY_S}, {}])
    now[0] += 3 * DAY_S
    desk.write(["a", "b"], ["new", "new"], [{"n": 1}, {"n": 1}])
    assert expiry(desk) == {"a": 9, "b": 13}
    desk.write(["a"], ["new"], [{"until": None}])
    assert expiry(desk)["a"] == 13
    desk.write(["a"], ["new"], [{"until": NOW + 5 * DAY_S}], merge=False)
    desk.write(["a"], ["new"], [{"n": 1}], merge=False)
    assert expiry(desk)["a"] == 13


def test_a_field_that_meant_something_else_before_is_no_obstacle(
    desk_of: Callable[..., Any], at: Callable[..., Any], tmp_path: Any
) -> None:
    """The policy names a field later: what it cannot read in a record that is there is no moment, and no error."""
    same = {"keys": Keyring.ephemeral(), "state": f"sqlite:///{tmp_path}/state.db"}
    first = desk_of(Policy(scrub=Scrub(enabled=False)), **same)
    first.write(["a"], ["text"], [{"until": "the end of the month"}])
    desk, _ = at(FREE, **same, store=first.store)
    desk.write(["a"], fields=[{"n": 1}], verb="update")
    assert desk.fields()["a"] == {"until": "the end of the month", "n": 1}


# --------------------------------------------------------------------------------------------------------- scrubbing


class Suspicious:
    """A scrubber that takes every value of every field for somebody's, and nothing in texts."""

    def scrub(self, texts: Any, mint: Any) -> Any:
        from vecguard.cleaning import AsIs

        return [AsIs(text) for text in texts]

    def scrub_fields(self, records: Any, mint: Any) -> list[FieldsAsTheyAre]:
        return [FieldsAsTheyAre(dict.fromkeys(each, "<GONE>")) for each in records]


@pytest.mark.parametrize("said", [NOW + 4 * DAY_S, "2035-01-01"])
def test_the_moment_is_never_scrubbed_and_can_be_filtered_by(said: Any, at: Callable[..., Any]) -> None:
    """A number of ten digits looks like a telephone's. Of the same name elsewhere everything is scrubbed as ever."""
    desk, _ = at(FREE.replace(metadata=Metadata(clear="short")), scrubber=Suspicious())
    desk.write(["a"], ["text"], [{"until": said, "inner": {"until": "x"}, "phone": 5}])
    assert desk.fields() == {"a": {"until": said, "inner": "<GONE>", "phone": "<GONE>"}}
    assert list(desk.texts(where=Compare(("until",), "eq", said))) == ["a"]
    asked = desk.guard._cleaning.where(Compare(("inner", "until"), "eq", said), _space(desk))
    assert asked == Compare(("inner", "until"), "eq", "<GONE>")


def _space(desk: Any) -> Any:
    collection = desk.shelf.collection
    return desk.guard.state.space(collection.uid, "alice", collection.keys)


# ----------------------------------------------------------------------------------------------- what stores are asked


def test_stores_are_asked_for_what_has_not_expired_once_anything_may(
    at: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """A page is full though an owner's expired rows come first; and a state without any spares the store the question.

    No policy says that rows expire: an owner's retention does.
    """
    desk, now = at(Policy(scrub=Scrub(enabled=False)))
    desk.write(["z"], ["text"], who="bob")
    assert "_vg_expires" not in str(_asked(desk, monkeypatch))
    desk.guard.retention.set("alice", days=1)
    desk.write(["a", "b"], ["text", "text"])
    desk.guard.retention.clear("alice")
    desk.write(["c", "d"], ["text", "text"])
    now[0] += 2 * DAY_S
    assert "_vg_expires" in str(_asked(desk, monkeypatch))
    assert [each.record.id.given for each in desk.read(Ask(limit=2)).hits] == ["c", "d"]


def _asked(desk: Any, monkeypatch: pytest.MonkeyPatch) -> list[Any]:
    asked: list[Any] = []
    find = desk.store.find
    with monkeypatch.context() as patched:
        patched.setattr(desk.store, "find", lambda request: (asked.append(request.where), find(request))[1])
        desk.read(Ask())
    return asked


def test_an_owner_s_retention_is_asked_of_the_state_once(
    at: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """And again after a change of any rule; a write takes no look more for it otherwise."""
    desk, _ = at()
    looks = []
    of = desk.guard.state.retentions.of
    monkeypatch.setattr(desk.guard.state.retentions, "of", lambda digest: (looks.append(digest), of(digest))[1])
    desk.write(["a"], ["text"])
    desk.write(["b"], ["text"])
    before = len(looks)
    desk.write(["c"], ["text"])
    assert len(looks) == before <= 2
    desk.guard.retention.set("bob", days=1)
    desk.write(["d"], ["text"])
    assert len(looks) == before + 1


def test_the_state_shows_no_name_of_an_owner_with_a_retention(at: Callable[..., Any]) -> None:
    from sqlalchemy import select

    desk, _ = at()
    desk.guard.retention.set("alice-liddell", days=3)
    (row,) = desk.guard.state.database.look(lambda connection: connection.execute(select(tables.retentions)).all())
    assert b"alice" not in row.sealed
    assert "alice" not in row.owner
