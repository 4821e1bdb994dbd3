"""Between a call and the save: whoever opens the file has what was acknowledged, whatever became of who wrote it.

A guard that is opened here on the same state and file is another process to the first one: it has none of its memory.
"""

from __future__ import annotations

import random
import shutil
from collections.abc import Callable, Iterator
from pathlib import Path
from threading import Thread
from typing import Any

import faiss
import numpy as np
import pytest
from sqlalchemy import func, select

import vecguard_faiss
from vecguard import Policy, Principal, RowsAmissWarning, Scrub, StateError, StoreFailed
from vecguard.examination import examine
from vecguard.facade import room_of, shelf_of
from vecguard.principal import Acting
from vecguard.records import RecordId
from vecguard.state import State, tables
from vecguard.state.intents import UNSAVED, Outcome
from vecguard.state.status import status
from vecguard_faiss import GuardedFaissCollection

from .conftest import D, Site

SCRUBBED = Policy(scrub=Scrub(model="none"))  # mail addresses are found without a model
ALICE = Principal("alice", permissions=frozenset({"pii:restore"}))
ANN, BEN = "ann@example.com", "ben@example.com"


@pytest.fixture
def site(tmp_path: Path) -> Iterator[Site]:
    made = Site(tmp_path)
    yield made
    made.close()


@pytest.fixture
def opened(site: Site) -> Callable[..., Any]:
    """Opens the collection of this test as another process would; `at` says in which file."""

    def open_(at: str | None = "notes", policy: Policy = SCRUBBED, index: Any = None) -> Any:
        path = None if at is None else site.folder / at
        return GuardedFaissCollection(index or faiss.IndexFlatIP(D), site.guard(policy), path)

    return open_


def texts(notes: Any) -> dict[str, str]:
    found = notes.acting_for(ALICE).get()
    return dict(zip(found["ids"], found["documents"], strict=True))


def write(notes: Any, **records: str) -> None:
    notes.acting_for(ALICE).upsert(list(records), list(records.values()))


def drop(notes: Any, *ids: str) -> None:
    notes.acting_for(ALICE).delete(ids=list(ids))


def unsaved(notes: Any) -> int:
    """How many changes the state keeps for files, of all collections."""
    return held(notes, tables.intents, UNSAVED)


def held(notes: Any, table: Any, *where: Any) -> int:
    query = select(func.count()).select_from(table).where(*where)
    return int(room_of(notes).guard.state.database.look(lambda connection: connection.execute(query).scalar_one()))


def whole(notes: Any) -> bool:
    """Whether the owner's rows are those that the state knows of, and nothing is open."""
    state = room_of(notes).guard.state
    return examine(notes, "alice").whole and not state.intents.open(shelf_of(notes).collection.uid)


# ------------------------------------------------------------------------------------------------------- replaying


def test_what_was_never_saved_is_there_also_before_the_first_save(opened: Callable[..., Any]) -> None:
    """Two owners, and a file that `save` never wrote: it begins with the marker, and nobody's record is in it."""
    notes = opened()
    write(notes, a=f"to {ANN}", b="second")
    notes.acting_for("bob").upsert(["a"], ["of bob"])
    again = opened()
    assert texts(again) == {"a": f"to {ANN}", "b": "second"}
    assert again.acting_for("bob").get()["documents"] == ["of bob"]
    assert whole(again)


def test_of_many_changes_of_one_record_the_last_one_stands(opened: Callable[..., Any]) -> None:
    """Written over, deleted, written anew, and left deleted: in order, though each write anew begins at version 1."""
    notes = opened()
    write(notes, a="one", b="one", c="one", d="one")
    notes.save()
    write(notes, a="two", b="two", e="one")
    write(notes, a="three", b="three")
    drop(notes, "a", "c", "e")
    write(notes, a="anew")
    drop(notes, "b")
    write(notes, f="one")
    drop(notes, "f")
    write(notes, f="anew")
    for _ in range(2):  # who opens and does not save leaves it to the next one
        again = opened()
        assert texts(again) == texts(notes) == {"d": "one", "a": "anew", "f": "anew"}
        assert whole(again)
    again.save()
    assert unsaved(again) == 0
    assert texts(opened()) == texts(notes)


@pytest.mark.parametrize(
    "make", [lambda: faiss.IndexFlatL2(D), lambda: faiss.IndexHNSWFlat(D, 16)], ids=["flat", "hnsw"]
)
def test_positions_are_those_of_the_process_that_is_gone(site: Site, make: Callable[[], Any]) -> None:
    """Labels of an index are places: rows that were added, removed and added again, unsaved, are where they were."""
    rows = np.random.default_rng(7).standard_normal((30, D)).astype(np.float32)
    index = vecguard_faiss.wrap(make(), site.guard(), path=site.folder / "index").acting_for("alice")
    index.add(rows[:8])
    index.save()
    index.add(rows[8:20])
    index.remove_ids(np.array([0, 3, 11, 12]))
    index.add(rows[20:])
    again = vecguard_faiss.wrap(make(), site.guard(), path=site.folder / "index").acting_for("alice")
    for query in rows:
        np.testing.assert_array_equal(index.search(query[None], 5)[1], again.search(query[None], 5)[1])


def test_any_history_with_saves_at_any_time_comes_back(opened: Callable[..., Any]) -> None:
    """Three hundred changes of eight records, drawn; saved now and then; opened again and again, by whoever is next."""
    draw, notes, wanted = random.Random(5), opened(), dict[str, str]()
    for step in range(300):
        names = draw.sample("abcdefgh", draw.choice((1, 1, 2, 4)))
        if draw.random() < 0.35 and (there := [each for each in names if each in wanted]):
            drop(notes, *there)
            wanted = {name: text for name, text in wanted.items() if name not in there}
        else:
            write(notes, **{name: f"{name} {step}" for name in names})
            wanted |= {name: f"{name} {step}" for name in names}
        if draw.random() < 0.1:
            notes.save()
        if draw.random() < 0.1:
            notes = opened()
            assert texts(notes) == wanted
            assert whole(notes)


def test_killed_between_the_file_and_the_state_nothing_is_done_twice(
    opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """The file has all of it and the state does not know: what comes next changes nothing, and is struck out then."""
    notes = opened()
    write(notes, a="one", b="one")
    drop(notes, "a")
    write(notes, a="anew", c="one")
    drop(notes, "c")
    with monkeypatch.context() as patch:
        patch.setattr(room_of(notes).guard.state.unsaved, "saved", _away)
        with pytest.raises(StateError):
            notes.save()
    lines = held(notes, tables.audit, tables.audit.c.action == "reconcile")
    again = opened()
    assert texts(again) == {"b": "one", "a": "anew"} == texts(notes)
    assert whole(again)
    assert unsaved(again) == 4
    assert held(again, tables.audit, tables.audit.c.action == "reconcile") <= lines + 2  # c came and went
    again.save()
    assert unsaved(again) == 0


def _away(*_: Any) -> None:
    raise StateError("the state is away")


def test_what_is_done_again_is_audited_once_for_each_change(opened: Callable[..., Any]) -> None:
    """Who opens the file did it, and the log says so; after a save there is nothing to say."""
    notes = opened()
    write(notes, a="one", b="one")
    drop(notes, "b")
    again = opened()
    state = room_of(again).guard.state
    done = select(tables.audit.c.count, tables.audit.c.detail).where(tables.audit.c.action == "reconcile")
    assert state.database.look(lambda c: c.execute(done).tuples().all()) == [(2, "put"), (1, "drop")]
    again.save()
    opened()
    assert held(again, tables.audit, tables.audit.c.action == "reconcile") == 2
    assert not state.audit.examined().breaks


def test_what_cannot_be_audited_is_not_opened(opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    """A replay without its line would be an unwritten one: the collection does not open, and nothing is lost."""
    write(opened(), a="one")
    with monkeypatch.context() as patch:
        patch.setattr(State, "done_again", _away)
        with pytest.raises(StateError):
            opened()
    assert texts(opened()) == {"a": "one"}


def test_a_store_that_does_not_take_it_again_is_not_opened(
    opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """What was put again is read back."""
    write(opened(), a="one")
    monkeypatch.setattr(vecguard_faiss._store.FaissStore, "put", lambda *_: None)
    with pytest.raises(StoreFailed):
        opened()


def test_originals_stay_with_the_version_that_comes_back(opened: Callable[..., Any]) -> None:
    """The vault has what the last acknowledged versions need, and nothing of those before or of what was deleted."""
    notes = opened()
    write(notes, a=f"to {ANN}", b=f"to {BEN}")
    notes.save()
    write(notes, a=f"from {BEN}")
    drop(notes, "b")
    write(notes, c=f"to {ANN}")
    write(notes, c="to nobody")  # what it was written over is unsaved itself
    again = opened()
    assert texts(again) == {"a": f"from {BEN}", "c": "to nobody"}
    assert held(again, tables.vault) == held(again, tables.references) == 1


# ------------------------------------------------------------------------------------------------------- saving


def test_unsaved_changes_stand_in_nobodys_way(opened: Callable[..., Any]) -> None:
    """They own no rows: the same record is changed again at once, and nothing counts as open."""
    notes = opened()
    guard = room_of(notes).guard
    guard.patience_s = 0.0
    for number in range(5):
        write(notes, a=f"text {number}")
    assert unsaved(notes) == 5
    uid, owner = shelf_of(notes).collection.uid, guard.state.digest("alice")
    assert guard.state.intents.open(uid) == []
    assert not guard.state.epochs.moment(uid, owner).writing
    assert guard.reconcile(notes) == 0
    assert unsaved(notes) == 5


def test_a_save_strikes_out_what_it_wrote_and_nothing_else(opened: Callable[..., Any], monkeypatch: Any) -> None:
    """A change that comes while the file is written stays in the state, whether or not the file has it."""
    notes = opened()
    write(notes, a="one")
    real = vecguard_faiss._saving.write

    def meanwhile(*args: Any) -> str:
        write(notes, b="meanwhile")
        return real(*args)

    with monkeypatch.context() as patch:
        patch.setattr(vecguard_faiss._saving, "write", meanwhile)
        notes.save()
    assert unsaved(notes) == 1
    assert texts(opened()) == {"a": "one", "b": "meanwhile"}
    notes.save()
    assert unsaved(notes) == 0


def test_writers_beside_a_save_lose_nothing(opened: Callable[..., Any]) -> None:
    """Threads write while another saves over and over; whatever moment the process ends at, all of it is there."""
    notes = opened()

    def writing(name: str) -> None:
        for number in range(12):
            write(notes, **{f"{name}-{number % 5}": f"{name} {number}"})

    threads = [Thread(target=writing, args=(name,)) for name in "ab"]
    for each in threads:
        each.start()
    while any(each.is_alive() for each in threads):
        notes.save()
    again = opened()
    assert texts(again) == texts(notes)
    assert len(texts(again)) == 10
    assert whole(again)


def test_a_save_that_failed_strikes_out_nothing(opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch) -> None:
    notes = opened()
    write(notes, a="one")
    monkeypatch.setattr(vecguard_faiss._saving, "write", _full)
    with pytest.raises(StoreFailed):
        notes.save()
    assert unsaved(notes) == 1


def _full(*_: Any) -> None:
    raise StoreFailed("the disk is full")


def test_a_file_that_cannot_begin_refuses_the_first_write(
    opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """Without it nobody would find again what is not saved; when there is room, the next call goes on."""
    notes = opened()
    with monkeypatch.context() as patch:
        patch.setattr(vecguard_faiss._saving, "write", _full)
        with pytest.raises(StoreFailed):
            write(notes, a="one")
    assert unsaved(notes) == 0
    write(notes, a="two")
    assert texts(opened()) == {"a": "two"}


def test_of_two_who_begin_one_file_the_second_is_refused_at_its_first_write(opened: Callable[..., Any]) -> None:
    first, second = opened(), opened()
    write(first, a="one")
    with pytest.raises(StoreFailed):
        write(second, a="two")
    assert texts(opened()) == {"a": "one"}


def test_an_index_without_a_file_leaves_nothing_in_the_state(opened: Callable[..., Any], site: Site) -> None:
    """It is in memory for good. From its first save on it has a file, and is kept like any other."""
    notes = opened(None)
    write(notes, a="one")
    assert unsaved(notes) == 0
    with pytest.raises(StoreFailed):
        notes.save(site.folder / "no such folder" / "notes")
    write(notes, b="one")
    assert unsaved(notes) == 0
    notes.save(site.folder / "notes")
    write(notes, c="one")
    assert unsaved(notes) == 1
    assert texts(opened()) == {"a": "one", "b": "one", "c": "one"}
    notes.save()
    assert unsaved(notes) == 0


def test_a_save_to_another_path_is_a_copy_and_strikes_out_nothing(opened: Callable[..., Any], site: Site) -> None:
    """The file that is opened next time is the one that it was opened from."""
    notes = opened()
    write(notes, a="one")
    notes.save(site.folder / "copy")
    assert unsaved(notes) == 1
    assert texts(opened()) == texts(opened("copy")) == {"a": "one"}


# ------------------------------------------------------------------------------------------------------- others


def test_who_opens_the_file_beside_a_living_process_has_what_that_one_has_not_saved(opened: Callable[..., Any]) -> None:
    """The first that saves wins; the other is refused, and what it acknowledged is there at the next opening."""
    first = opened()
    write(first, a="one")
    second = opened()
    assert texts(second) == {"a": "one"}
    write(second, b="of the second")
    second.save()
    write(first, c="of the first")
    with pytest.raises(StoreFailed):
        first.save()
    third = opened()
    assert texts(third) == {"a": "one", "b": "of the second", "c": "of the first"}
    assert whole(third)


def test_an_older_generation_of_the_file_gets_what_is_not_saved_and_is_found_out(
    opened: Callable[..., Any], site: Site
) -> None:
    """What was struck out since is gone with the newer file, and the owner's digest says so."""
    notes = opened()
    write(notes, a="one", b="one")
    notes.save()
    shutil.copy(site.folder / "notes", site.folder / "older")
    write(notes, b="two")
    notes.save()
    write(notes, a="three", c="one")
    shutil.copy(site.folder / "older", site.folder / "notes")
    again = opened()
    assert texts(again) == {"a": "three", "b": "one", "c": "one"}
    assert not examine(again, "alice").whole
    with pytest.warns(RowsAmissWarning):
        again.acting_for(ALICE).query("one")


def test_a_removed_file_is_a_new_collection(opened: Callable[..., Any], site: Site) -> None:
    """What the state kept for the old one is not mixed into it."""
    notes = opened()
    write(notes, a="one")
    (site.folder / "notes").unlink()
    again = opened()
    write(again, b="one")
    assert texts(again) == texts(opened()) == {"b": "one"}


def test_the_state_counts_what_is_not_saved(opened: Callable[..., Any]) -> None:
    """Apart from what was begun and not confirmed."""
    notes = opened()
    write(notes, a="one")
    write(notes, a="two")
    found = status(room_of(notes).guard.state.database)
    assert len(found.unsaved) == 2
    assert found.begun == ()


def test_what_a_store_took_of_a_batch_is_kept_apart_from_the_rest(opened: Callable[..., Any]) -> None:
    """A part is confirmed and unsaved, and the rest stays open: neither hides the other."""
    notes = opened()
    write(notes, a="one")
    guard, collection = room_of(notes).guard, shelf_of(notes).collection
    state, space = guard.state, guard.state.space(collection.uid, "alice", collection.keys)
    (kept,) = state.unsaved.of(collection.uid)
    row = kept.rows.rows[0]
    twin = type(row)("b" * 32, row.vector, row.fields)
    begun = state.begin(type(kept.rows)((row, twin), ()), space, Acting.of("alice"))
    state.confirm_settled(
        [Outcome(begun, frozenset({row.backend_id}), frozenset({twin.backend_id}))], collection.uid, saved=False
    )
    (left,) = state.intents.open(collection.uid)
    assert left.rows.ids == (twin.backend_id,)
    assert [each.rows.ids for each in state.unsaved.of(collection.uid)] == [(row.backend_id,)] * 2


# ------------------------------------------------------------------------------------------------------- erasing


def test_an_erased_record_leaves_the_state_though_its_file_cannot_be_saved(opened: Callable[..., Any]) -> None:
    """Another process saved since: the file stays as it is, and still nothing in the state brings the record back."""
    notes = opened()
    write(notes, a="version one", b="one")
    notes.save()
    uid, keys = shelf_of(notes).collection.uid, shelf_of(notes).collection.keys
    write(notes, a="version two")
    write(notes, a="version three", b="two")
    other = opened()
    other.save()  # from here on `notes` cannot save
    write(notes, a="version four")
    room_of(notes).guard.erase(notes, owner="alice", ids=["a"])
    again = opened()
    assert texts(again) == {"b": "two"}
    assert whole(again)
    kept = room_of(again).guard.state.unsaved.of(shelf_of(again).collection.uid)
    erased = room_of(again).guard.state.space(uid, "alice", keys).backend_id(RecordId.text("a"))
    assert [each.action for each in kept if erased in each.rows.ids] == [
        "drop"
    ] * 2  # the tags of the version that the file has, and of the last


def test_an_erasure_saves_and_leaves_nothing_unsaved(opened: Callable[..., Any]) -> None:
    notes = opened()
    write(notes, a="one", b="one")
    write(notes, a="two")
    receipt = room_of(notes).guard.erase(notes, owner="alice", ids=["a"])
    assert unsaved(notes) == 0
    assert receipt.rows == 1
    assert texts(opened()) == {"b": "one"}


@pytest.mark.parametrize("saved_before", [False, True])
def test_an_owner_whose_erasure_was_killed_does_not_come_back(
    opened: Callable[..., Any], monkeypatch: pytest.MonkeyPatch, *, saved_before: bool
) -> None:
    """From the transaction that shreds its keys on there is nothing to be done again; and the same call ends it."""
    notes = opened()
    write(notes, a="one")
    if saved_before:
        notes.save()
    write(notes, a="two", b="one")
    notes.acting_for("bob").upsert(["a"], ["of bob"])
    guard = room_of(notes).guard
    with monkeypatch.context() as patch:
        patch.setattr("vecguard.erasure.owners.swept", _away)
        with pytest.raises(StateError):
            guard.erase(notes, owner="alice")
    again = opened()
    assert held(again, tables.intents, tables.intents.c.owner == guard.state.digest("alice")) == 0
    assert texts(again) == {}
    assert len(room_of(again).store._owner) == 2 + saved_before  # marker and bob's, and what was saved, unreadable
    room_of(again).guard.erase(again, owner="alice")
    assert len(room_of(again).store._owner) == 2
    assert again.acting_for("bob").get()["documents"] == ["of bob"]
