"""Crashes and refusals: whatever happens in mid-call, nothing acknowledged is lost and nothing stays half-done."""

from __future__ import annotations

import contextlib
import itertools
from collections.abc import Callable
from typing import Any

import numpy as np
import pytest

from vecguard import Keyring, Pending, Policy, Scrub, StoreFailed, Vectors
from vecguard.entry import MARKER
from vecguard.errors import VecGuardError
from vecguard.flow import drive
from vecguard.ports import Drop, Fetch, Put
from vecguard.records import Ask, Sealed
from vecguard.testing import MemoryStore

BEFORE = {"keep": "kept as it was", "change": "first version", "gone": "to be deleted"}
AFTER = {**BEFORE, "change": "second version", "new": "written"}


class Pair:
    """A store and a state that outlive the guards that work on them."""

    def __init__(self, desk_of: Callable[..., Any], folder: Any) -> None:
        self.keys, self.store = Keyring.ephemeral(), MemoryStore()
        self._desk_of, self._url = desk_of, f"sqlite:///{folder}/state.db"

    def desk(self, **options: Any) -> Any:
        return self._desk_of(keys=self.keys, state=self._url, store=self.store, **options)


@pytest.fixture
def pair(desk_of: Callable[..., Any], tmp_path: Any) -> Pair:
    return Pair(desk_of, tmp_path)


_STEPS = 12  # requests, more than any call below makes


def _until(flow: Any, store: Any, steps: int, *, answered: bool) -> bool:
    """Run `steps` requests of a flow and kill it; `answered` carries the last of them out. True if it ended before."""
    answer = None
    try:
        for step in itertools.count():
            request = flow.send(answer)
            if step == steps:
                if answered:
                    request.on(store)
                flow.close()
                return False
            answer = request.on(store)
    except StopIteration:
        pass
    return True


@pytest.mark.parametrize("answered", [False, True], ids=["before", "after"])
@pytest.mark.parametrize("steps", range(_STEPS))
@pytest.mark.parametrize("what", ["first write", "write", "delete"])
def test_a_kill_at_any_point_leaves_one_of_two_worlds(what: str, steps: int, answered: bool, pair: Pair) -> None:
    """Killed before or after each request, a call has happened or not; the next guard settles it, and sees no other."""
    desk = pair.desk()
    before: dict[str, str] = {} if what == "first write" else BEFORE
    if before:
        desk.write(list(before), list(before.values()))
    if what == "delete":
        after = {name: text for name, text in BEFORE.items() if name != "gone"}
        flow = desk.forgetting(["gone"])
    else:
        after = {**before, "change": "second version", "new": "written"}
        flow = desk.writing(desk.draft(["change", "new"], ["second version", "written"]))
    finished = _until(flow, pair.store, steps, answered=answered)

    again = pair.desk()
    again.settle()
    found = again.texts()
    assert found in ([after] if finished else [before, after])
    assert set(pair.store.rows) - {MARKER} == set(_ids(again, found))
    if again.shelf.collection is not None:
        assert again.open_intents() == 0
    again.write(["later"], ["works on"])
    assert again.texts() == {**found, "later": "works on"}


def _ids(desk: Any, names: Any) -> list[str]:
    from vecguard.records import RecordId

    collection = desk.shelf.collection
    if collection is None:
        return []
    space = desk.guard.state.space(collection.uid, "alice", collection.keys)
    return [space.backend_id(RecordId.text(name)) for name in names]


def test_the_kill_test_reaches_the_end(pair: Pair) -> None:
    """So many requests are more than any of these calls makes: the kill test covers each of them."""
    assert _until(
        pair.desk().writing(pair.desk().draft(["a"], ["text"])),
        pair.store,
        _STEPS - 1,
        answered=True,
    )


def test_a_call_on_the_same_shelf_settles_what_was_killed(pair: Pair) -> None:
    """Not only a new guard: the next call of the same one settles as well."""
    desk = pair.desk()
    desk.write(list(BEFORE), list(BEFORE.values()))
    flow = desk.writing(desk.draft(["change", "new"], ["second version", "written"]))
    _until(flow, pair.store, 1, answered=False)
    assert desk.open_intents() == 1
    assert desk.texts() == AFTER
    assert desk.open_intents() == 0


def test_a_killed_delete_leaves_another_version_alone(pair: Pair) -> None:
    """What a delete was about is told by its tag: the version that is there when it is settled was not meant."""
    desk = pair.desk()
    desk.write(["a"], ["first version"])
    first = dict(pair.store.rows)
    desk.write(["a"], ["second version"])
    second = dict(pair.store.rows)
    pair.store.rows.update(first)
    flow, answer = desk.forgetting(["a"]), None
    while not isinstance(request := flow.send(answer), Drop):
        answer = request.on(pair.store)
    flow.close()
    assert desk.open_intents() == 1
    pair.store.rows.update(second)
    again = pair.desk()
    again.settle()
    assert again.open_intents() == 0
    assert again.texts() == {"a": "second version"}


class Failing(MemoryStore):
    """Raises in the nth call of a verb, having done what `keeps` says: nothing, a part, or all."""

    def __init__(self, verb: type, keeps: str, times: int = 1) -> None:
        super().__init__()
        self.armed, self._verb, self._keeps, self._times = False, verb, keeps, times

    def _fail(self, request: Any, do: Callable[[Any], Any]) -> Any:
        if not self.armed or type(request) is not self._verb or self._times == 0:
            return do(request)
        self._times -= 1
        if self._keeps == "all":
            do(request)
        elif self._keeps == "part":
            do(Put(Sealed(request.rows.rows[:1], ())) if isinstance(request, Put) else Drop(request.ids[:1]))
        raise ConnectionError("planted: the server said no")

    def put(self, request: Put) -> None:
        self._fail(request, super().put)

    def drop(self, request: Drop) -> None:
        self._fail(request, super().drop)

    def fetch(self, request: Fetch) -> Any:
        return self._fail(request, super().fetch)


def _armed(desk_of: Callable[..., Any], verb: type, keeps: str, times: int = 1) -> Any:
    store = Failing(verb, keeps, times)
    desk = desk_of(store=store)
    desk.write(["a", "b"], ["one", "two"])
    store.armed = True
    return desk


def test_a_store_that_refuses_a_write_leaves_no_intent(desk_of: Callable[..., Any]) -> None:
    """It raised and kept nothing: StoreFailed with its exception's name, not Pending, and the world as before."""
    desk = _armed(desk_of, Put, "nothing")
    before = dict(desk.store.rows)
    with pytest.raises(StoreFailed, match="ConnectionError") as caught:
        desk.write(["a", "c"], ["changed", "three"])
    assert type(caught.value) is StoreFailed
    assert caught.value.native == "ConnectionError"
    assert "planted" not in str(caught.value)
    assert desk.open_intents() == 0
    assert desk.store.rows == before
    assert desk.texts() == {"a": "one", "b": "two"}


def test_a_store_that_refuses_a_delete_leaves_no_intent(desk_of: Callable[..., Any]) -> None:
    """The same for a delete: nothing is gone and nothing is going to be."""
    desk = _armed(desk_of, Drop, "nothing")
    with pytest.raises(StoreFailed) as caught:
        desk.forget()
    assert type(caught.value) is StoreFailed
    assert desk.open_intents() == 0
    assert desk.texts() == {"a": "one", "b": "two"}


@pytest.mark.parametrize("verb", [Put, Drop])
def test_a_store_that_fails_after_doing_it_has_done_it(verb: type, desk_of: Callable[..., Any]) -> None:
    """A lost answer is no failure: reading back shows that it happened, and the call succeeds."""
    desk = _armed(desk_of, verb, "all")
    if verb is Put:
        desk.write(["a", "c"], ["changed", "three"])
        assert desk.texts() == {"a": "changed", "b": "two", "c": "three"}
    else:
        assert desk.forget(["a"]) == 1
        assert desk.texts() == {"b": "two"}
    assert desk.open_intents() == 0


@pytest.mark.parametrize("verb", [Put, Drop])
@pytest.mark.parametrize("how", ["reconcile", "next call", "new guard"])
def test_a_partial_write_is_pending_and_then_completed(verb: type, how: str, desk_of: Callable[..., Any]) -> None:
    """Half of it is there: Pending; whoever touches the collection next completes it."""
    desk = _armed(desk_of, verb, "part")
    with pytest.raises(Pending) as caught:
        _ = desk.write(["a", "c"], ["changed", "three"]) if verb is Put else desk.forget()
    assert caught.value.native == "ConnectionError"
    assert desk.open_intents() == 1
    if how == "reconcile":
        assert desk.settle() == 1
    elif how == "new guard":
        desk = desk_of(guard=desk.guard, store=desk.store)
    assert desk.texts() == ({"a": "changed", "b": "two", "c": "three"} if verb is Put else {})
    assert desk.open_intents() == 0


def test_a_pending_write_stays_pending_while_the_store_refuses(desk_of: Callable[..., Any]) -> None:
    """A store that answers reads but takes no writes does not make a promised write disappear."""
    desk = _armed(desk_of, Put, "part", times=2)
    with pytest.raises(Pending):
        desk.write(["a", "c", "d"], ["changed", "three", "four"])
    with contextlib.suppress(VecGuardError):
        desk.settle()  # the second failure
    desk.settle()
    assert desk.texts() == {"a": "changed", "b": "two", "c": "three", "d": "four"}


def test_a_store_that_cannot_be_asked_is_pending(desk_of: Callable[..., Any]) -> None:
    """The put was answered and the read-back was not: Pending, the intent stays, and the next call settles it."""
    desk = _armed(desk_of, Fetch, "nothing")
    desk.store.armed = False
    flow = desk.writing(desk.draft(["a"], ["changed"]))

    class Switch:
        traits = desk.store.traits

        def put(self, request: Put) -> None:
            desk.store.put(request)
            desk.store.armed = True

        def __getattr__(self, name: str) -> Any:
            return getattr(desk.store, name)

    with pytest.raises(Pending) as caught:
        drive(flow, Switch())
    assert caught.value.native == "ConnectionError"
    assert desk.open_intents() == 1
    assert desk.texts() == {"a": "changed", "b": "two"}
    assert desk.open_intents() == 0


def test_a_store_that_is_away_while_settling_keeps_the_intent(desk_of: Callable[..., Any]) -> None:
    """Reconciling against a store that does not answer is StoreFailed, and nothing is forgotten."""
    desk = _armed(desk_of, Put, "part")
    with pytest.raises(Pending):
        desk.write(["a", "c"], ["changed", "three"])
    desk.store._verb, desk.store._times = Fetch, 1
    with pytest.raises(StoreFailed):
        desk.settle()
    assert desk.open_intents() == 1
    assert desk.settle() == 1
    assert desk.texts() == {"a": "changed", "b": "two", "c": "three"}


@pytest.mark.parametrize("interrupt", [KeyboardInterrupt, SystemExit, MemoryError])
def test_an_interrupt_is_like_a_crash(interrupt: type[BaseException], pair: Pair) -> None:
    """A signal inside the store's own call leaves an intent, and the next call settles it."""
    desk = pair.desk()
    desk.write(["a"], ["one"])

    class Interrupted(MemoryStore):
        def put(self, request: Put) -> None:
            raise interrupt

    broken = Interrupted()
    broken.rows = pair.store.rows
    flow = desk.writing(desk.draft(["a"], ["changed"]))
    if interrupt is MemoryError:  # an Exception: the store refused
        with pytest.raises(StoreFailed):
            drive(flow, broken)
        assert desk.texts() == {"a": "one"}
        return
    with pytest.raises(interrupt):
        drive(flow, broken)
    assert desk.open_intents() == 1
    assert desk.texts() == {"a": "changed"}


# ------------------------------------------------------------------------------------- older intents, newer versions


def _crashed(pair: Pair, **columns: Any) -> None:
    """Begin a write in one guard and kill it before the store hears of it."""
    desk = pair.desk()
    desk.count()
    assert not _until(desk.writing(desk.draft(**columns)), pair.store, 1, answered=False)


def test_a_newer_version_is_not_overwritten_by_an_older_intent(pair: Pair) -> None:
    """A guard that was at work before the crash writes on; settling the crashed intent later changes nothing of it."""
    working = pair.desk()
    working.write(["a"], ["first"])
    _crashed(pair, ids=["a"], texts=["crashed"])
    working.write(["a"], ["second"])
    working.write(["a"], ["third"])
    last = pair.desk()
    last.settle()
    assert last.texts() == {"a": "third"}
    assert last.open_intents() == 0


def test_a_deleted_record_does_not_come_back(pair: Pair) -> None:
    """A record whose crashed write was never acknowledged, deleted since, stays deleted when the intent is settled."""
    working = pair.desk()
    working.write(["a", "b"], ["first", "other"])
    _crashed(pair, ids=["a"], texts=["crashed"])
    assert working.forget(["a"]) == 1
    last = pair.desk()
    last.settle()
    assert last.texts() == {"b": "other"}


def test_a_record_written_anew_is_not_overwritten(pair: Pair) -> None:
    """Deleted and written again, a record has a low version once more: an old intent of a higher one must not win."""
    working = pair.desk()
    for text in ("first", "second", "third"):
        working.write(["a"], [text])
    _crashed(pair, ids=["a"], texts=["crashed"])
    working.forget(["a"])
    working.write(["a"], ["anew"])
    last = pair.desk()
    last.settle()
    assert last.texts() == {"a": "anew"}


def test_an_old_delete_does_not_delete_what_was_written_since(pair: Pair) -> None:
    """A crashed delete names versions: what was written after it stays."""
    working = pair.desk()
    working.write(["a", "b"], ["first", "other"])
    desk = pair.desk()
    desk.count()
    _until(desk.forgetting(["a", "b"]), pair.store, 1, answered=False)
    working.write(["a"], ["second"])
    last = pair.desk()
    last.settle()
    found = last.texts()
    assert found.get("a") == "second"
    assert last.open_intents() == 0


def test_settling_twice_is_settling_once(pair: Pair) -> None:
    """Two guards that settle one intent leave one record, one intent less, and no error."""
    desk = pair.desk()
    desk.write(["a"], ["first"])
    _crashed(pair, ids=["a"], texts=["second"])
    one, two = pair.desk(), pair.desk()
    flows = [one.guard.settle(one.shelf), two.guard.settle(two.shelf)]
    answers: list[Any] = [None, None]
    live = [0, 1]
    while live:
        for each in list(live):
            try:
                answers[each] = flows[each].send(answers[each]).on(pair.store)
            except StopIteration:
                live.remove(each)
    assert pair.desk().texts() == {"a": "second"}
    assert one.open_intents() == 0


def test_a_write_in_flight_is_not_settled_by_its_own_process(pair: Pair) -> None:
    """Another call on the same shelf leaves an intent alone that is being carried out right now."""
    desk = pair.desk()
    desk.write(["a"], ["first"])
    flow = desk.writing(desk.draft(["a"], ["second"]))
    answer = None
    for _ in range(2):
        request = flow.send(answer)
        answer = request.on(pair.store) if isinstance(request, Fetch) else None
    assert desk.settle() == 0
    assert desk.texts() == {"a": "first"}
    assert desk.open_intents() == 1
    request.on(pair.store)
    answer = None
    try:
        while True:
            answer = flow.send(answer).on(pair.store)
    except StopIteration:
        pass
    assert desk.texts() == {"a": "second"}
    assert desk.open_intents() == 0


def test_a_metadata_only_intent_keeps_the_vector(pair: Pair) -> None:
    """A crashed update without a new vector, settled later, changes the fields and still unmasks."""
    desk = pair.desk()
    desk.write(["a", "b"], ["the ward", "a garden"], [{"n": 1}, {"n": 1}])
    _crashed(pair, ids=["a"], fields=[{"n": 2}], verb="update")
    last = pair.desk()
    last.settle()
    assert last.fields() == {"a": {"n": 2}, "b": {"n": 1}}
    assert last.nearest("the ward", limit=1) == ["a"]


# ------------------------------------------------------------------------------------------------ first writers


def test_a_refused_first_write_marks_nothing(desk_of: Callable[..., Any]) -> None:
    """A refused write leaves an empty collection empty, and does not decide its dimension."""
    desk = desk_of(embedder=None)
    refused = [
        {"ids": ["a", "a"], "vectors": np.ones((2, 5))},
        {"ids": ["a"], "vectors": np.ones((1, 5)), "fields": [{"_vg_owner": "x"}]},
        {"ids": ["a"], "texts": ["no embedder"]},
        {"ids": ["a"], "vectors": [[np.nan] * 5]},
        {"ids": ["a"]},
        {"ids": []},
    ]
    for columns in refused:
        with pytest.raises(VecGuardError):
            desk.write(**columns)
        assert desk.store.rows == {}
    desk.write(["a"], vectors=np.ones((1, 3)))
    assert desk.shelf.dimension == 3


def test_an_update_of_nothing_marks_nothing(desk: Any) -> None:
    """An update that touches no record puts nothing at all."""
    receipt = desk.write(["a"], ["text"], verb="update")
    assert receipt.written == ()
    assert receipt.skipped == (0,)
    assert desk.store.rows == {}


@pytest.mark.parametrize("shared", [True, False], ids=["one shelf", "two guards"])
def test_two_first_writers_agree_on_one_uid(shared: bool, pair: Pair) -> None:
    """Interleaved at every request, two first writers of a new collection both have their record in it."""
    for pause in range(8):
        pair.store.rows.clear()
        one = pair.desk()
        two = one if shared else pair.desk()
        first = one.writing(one.draft(["a"], ["from one"]))
        answer, ended = None, False
        for _ in range(pause):
            try:
                answer = first.send(answer).on(pair.store)
            except StopIteration:
                ended = True
                break
        two.write(["b"], ["from two"], who="bob")
        while not ended:
            try:
                answer = first.send(answer).on(pair.store)
            except StopIteration:
                ended = True
        assert pair.desk().texts() == {"a": "from one"}, pause
        assert pair.desk().texts("bob") == {"b": "from two"}, pause


# -------------------------------------------------------------------------------------------- merging stores and rows


def test_a_tampered_row_is_repaired_by_writing_it_again(desk: Any) -> None:
    """Writing over a row that no longer authenticates replaces all of it: a store that merges keeps nothing."""
    desk.write(["a"], ["text"], [{"n": 1}])
    put = desk.store.put
    _merge(desk.store)
    (key,) = [key for key in desk.store.rows if key != MARKER]
    row = desk.store.rows[key]
    desk.store.rows[key] = type(row)(key, {**row.fields, "planted": 1}, None, row.vector)
    assert desk.texts() == {}
    desk.write(["a"], ["text again"], [{"m": 2}])
    assert desk.fields() == {"a": {"m": 2}}
    desk.store.put = put


def _merge(store: Any) -> None:
    """Make a MemoryStore merge metadata and texts, as Chroma does: None deletes, absent stays."""
    from vecguard.records import Row

    def put(request: Put) -> None:
        for row in request.rows.rows:
            there = store.rows.get(row.backend_id)
            fields = dict(there.fields) if there is not None else {}
            fields.update(dict.fromkeys(row.gone))
            fields.update(row.fields)
            text = row.text if row.text is not None or there is None else there.text
            vector = row.vector.values if row.vector is not None else there.vector
            kept = {name: value for name, value in fields.items() if value is not None}
            store.rows[row.backend_id] = Row(row.backend_id, kept, text, vector)

    store.put = put


def test_an_expired_row_is_replaced_whole(desk_of: Callable[..., Any]) -> None:
    """Writing under the id of an expired record leaves nothing of it, in a store that merges too."""
    from vecguard import Retention

    desk = desk_of(Policy(scrub=Scrub(enabled=False), retention=Retention(days=1.0)))
    now = [1e9]
    desk.guard.clock = desk.guard._retrieval._clock = lambda: now[0]
    _merge(desk.store)
    desk.write(["a"], ["old"], [{"old": 1}])
    now[0] += 2 * 86_400.0
    assert desk.texts() == {}
    desk.write(["a"], ["new"], [{"new": 1}], verb="insert")
    assert desk.texts() == {"a": "new"}
    assert desk.fields() == {"a": {"new": 1}}


@pytest.mark.parametrize("first", ["clear", "sealed"])
def test_a_change_of_policy_carries_texts_over(first: str, desk_of: Callable[..., Any]) -> None:
    """Texts written clear are sealed by the next write under a sealing policy, and the other way round."""
    policies = {
        name: Policy(scrub=Scrub(enabled=False), texts=name, vectors=Vectors(noise=1.0)) for name in ("clear", "sealed")
    }
    second = "sealed" if first == "clear" else "clear"
    keys, store = Keyring.ephemeral(), MemoryStore()
    desk = desk_of(policies[first], keys=keys, store=store, embedder=None)
    _merge(store)
    desk.write(["a", "b"], ["the text", None], vectors=[[1.0] * 16, [2.0] * 16])
    guard = desk.guard
    from vecguard.guard import Retrieval, Sealer

    guard.policy = policies[second]
    guard._retrieval = Retrieval(
        policies[second],
        guard._cleaning,
        guard._protector,
        guard._unmasked,
        guard.owners,
        guard.retention.may_expire,
        guard.clock,
    )
    again = desk_of(guard=guard, store=store)
    assert isinstance(again.shelf.sealer, Sealer)
    assert again.texts() == {"a": "the text", "b": None}
    again.write(["a", "b"], fields=[{"n": 1}, {"n": 1}], verb="update")
    assert again.texts() == {"a": "the text", "b": None}
    texts = [row.text for key, row in store.rows.items() if key != MARKER]
    assert ("the text" in texts) == (second == "clear")
    assert again.read(Ask()).hits
