"""The rows that are there are those that were acknowledged: a host that drops, turns back or brings back is met."""

from __future__ import annotations

import random
import warnings
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import replace
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import update

import vecguard_chroma
from vecguard import Guard, Keyring, Policy, Retention, RowsAmissWarning, Scrub, Tampered, Vectors, hazmat
from vecguard.entry import MARKER
from vecguard.examination import examining
from vecguard.flow import drive
from vecguard.keys import new_secret
from vecguard.ports import Find, Put
from vecguard.records import RecordId, Row
from vecguard.state import tables
from vecguard.state.digests import Digests, Tally
from vecguard.testing import MemoryStore, word_hash
from vecguard.watch.events import RowsAmiss

STRICT = Policy.strict().replace(scrub=Scrub(enabled=False))
LAX = STRICT.replace(tampered="drop")
TIMES = {"memory": 800, "chroma": 200}  # host actions
RECORDS = [f"n{at}" for at in range(12)]


def examine(desk: Any, owner: str = "alice") -> Any:
    return drive(examining(desk.guard, desk.shelf, owner), desk.store)


def backend_id(desk: Any, name: str) -> str:
    collection = desk.shelf.collection
    return str(desk.guard.state.space(collection.uid, "alice", collection.keys).backend_id(RecordId.text(name)))


@contextmanager
def quiet() -> Iterator[None]:
    """Nothing in this block warns of rows."""
    with warnings.catch_warnings():
        warnings.simplefilter("error", RowsAmissWarning)
        yield


# --------------------------------------------------------------------------------------------------------- tallies


def test_tallies_are_of_multisets_and_add_up() -> None:
    """Order does not matter, multiplicity does, and what is taken out was never in."""
    digests = Digests(new_secret())
    one, two, three = (digests.of([tag]) for tag in ("one", "two", "three"))
    assert digests.of(["two", "one"]) == one + two == digests.of(["one", "two"])
    assert digests.of(["one", "one"]) not in (one, one + two, digests.of([]))
    assert (one + two + three) - two == digests.of(["one", "three"])
    assert one + two - one - two == Tally() == digests.of([])


def test_another_key_makes_another_tally() -> None:
    """Whoever does not hold the key cannot compute one, nor compare two states."""
    tags = ["one", "two"]
    assert Digests(new_secret()).of(tags).total != Digests(new_secret()).of(tags).total


def test_a_sealed_tally_is_that_of_one_owner_and_one_number_of_rows() -> None:
    """What the state keeps cannot be moved to another owner or collection, and never looks the same twice."""
    from vecguard import WrongKey

    digests = Digests(new_secret())
    tally = digests.of(["one", "two"])
    sealed = digests.sealed(tally, "uid", "owner")
    assert digests.opened(sealed, "uid", "owner", 2) == tally
    assert digests.sealed(tally, "uid", "owner") != sealed
    assert tally.total.to_bytes(32, "big") not in sealed
    for place in (("uid", "another", 2), ("another", "owner", 2), ("uid", "owner", 3)):
        with pytest.raises(WrongKey):
            digests.opened(sealed, *place)


# ------------------------------------------------------------------------------------------------------ host actions


class MemoryHost:
    """A host that does to a MemoryStore what it likes."""

    def __init__(self, store: MemoryStore) -> None:
        self._rows = store.rows

    def copy(self) -> dict[str, Any]:
        return {name: row for name, row in self._rows.items() if name != MARKER}

    def back(self, copy: dict[str, Any]) -> None:
        marker = self._rows[MARKER]
        self._rows.clear()
        self._rows.update({MARKER: marker, **copy})

    def set(self, name: str, row: Any) -> None:
        self._rows[name] = replace(row, backend_id=name)

    def drop(self, name: str) -> None:
        del self._rows[name]


class ChromaHost:
    """The same for a Chroma collection, by its native client."""

    def __init__(self, native: Any) -> None:
        self._native = native

    def copy(self) -> dict[str, Any]:
        rows = self._native.get(include=["embeddings", "metadatas", "documents"])
        columns = zip(rows["ids"], rows["embeddings"], rows["metadatas"], rows["documents"], strict=True)
        return {name: each for name, *each in columns if name != MARKER}

    def back(self, copy: dict[str, Any]) -> None:
        now = self.copy()
        for name in now.keys() - copy.keys():
            self.drop(name)
        for name, row in copy.items():
            if name not in now or now[name][1] != row[1] or list(now[name][0]) != list(row[0]):
                self.set(name, row)

    def set(self, name: str, row: Any) -> None:
        vector, fields, text = row
        self._native.delete(ids=[name])
        self._native.add(ids=[name], embeddings=[vector], metadatas=[fields], documents=[text])

    def drop(self, name: str) -> None:
        self._native.delete(ids=[name])


def omits(host: Any, now: dict[str, Any], before: dict[str, Any], draw: random.Random) -> None:
    """Drop one to three rows."""
    for name in draw.sample(sorted(now), draw.randint(1, 3)):
        host.drop(name)


def replays(host: Any, now: dict[str, Any], before: dict[str, Any], draw: random.Random) -> None:
    """Put an older version of a record in its place: of one, or of all that were changed."""
    older = sorted(now.keys() & before.keys())
    for name in older if draw.random() < 0.2 else draw.sample(older, 1):
        host.set(name, before[name])


def resurrects(host: Any, now: dict[str, Any], before: dict[str, Any], draw: random.Random) -> None:
    """Bring back records that were deleted."""
    gone = sorted(before.keys() - now.keys())
    for name in draw.sample(gone, draw.randint(1, len(gone))):
        host.set(name, before[name])


def swaps(host: Any, now: dict[str, Any], before: dict[str, Any], draw: random.Random) -> None:
    """Put two rows in each other's place."""
    one, two = draw.sample(sorted(now), 2)
    host.set(one, now[two])
    host.set(two, now[one])


def trades(host: Any, now: dict[str, Any], before: dict[str, Any], draw: random.Random) -> None:
    """Drop as many rows as are brought back, so that their number stays."""
    gone = sorted(before.keys() - now.keys())
    count = draw.randint(1, len(gone))
    for name in draw.sample(sorted(now), count):
        host.drop(name)
    for name in draw.sample(gone, count):
        host.set(name, before[name])


ACTIONS = (omits, replays, resurrects, swaps, trades)


class Reader:
    """An owner's records, changed once: some have an older version, and some were deleted."""

    def __init__(self, guard: Guard, write: Any, forget: Any, search: Any, host: Any) -> None:
        self.guard, self.search, self.host = guard, search, host
        write(RECORDS, [f"heart {name}" for name in RECORDS])
        self.before = host.copy()
        write(RECORDS[:6], [f"lung {name}" for name in RECORDS[:6]])
        forget(RECORDS[9:])
        self.now = host.copy()
        changed = {name: row for name, row in self.before.items() if not _same(row, self.now.get(name))}
        assert len(changed) == 9
        self.before = changed

    def found_out(self) -> bool:
        self.guard.owners.cache.clear()
        try:
            self.search()
        except Tampered:
            return True
        return False


def _same(one: Any, other: Any) -> bool:
    return other is not None and (one.fields == other.fields if isinstance(one, Row) else one[1] == other[1])


@pytest.fixture
def memory(desk_of: Callable[..., Any]) -> Reader:
    desk = desk_of(STRICT)
    return Reader(desk.guard, desk.write, desk.forget, lambda: desk.nearest("heart", limit=3), MemoryHost(desk.store))


@pytest.fixture
def chroma(guard_of: Callable[..., Guard], tmp_path: Path) -> Reader:
    import chromadb

    client = chromadb.EphemeralClient()
    native = client.create_collection(f"notes-{tmp_path.name}")
    guard = guard_of(STRICT)
    notes = vecguard_chroma.wrap(native, guard).acting_for("alice")

    def write(ids: list[str], texts: list[str]) -> None:
        notes.upsert(ids=ids, documents=texts)

    def search() -> None:
        notes.query(query_texts=["heart"], n_results=3)

    return Reader(guard, write, lambda ids: notes.delete(ids=ids), search, ChromaHost(native))


@pytest.mark.parametrize("store", ["memory", "chroma"])
def test_a_host_that_replays_swaps_drops_or_brings_back_rows_is_found_out_every_time(
    store: str, request: pytest.FixtureRequest
) -> None:
    """Each of 1,000 random actions, in two stores, makes the next load raise; undone, the load after it does not.

    So 1,000 of 1,000 are found out, and none of 1,000 untouched loads raises.
    """
    reader: Reader = request.getfixturevalue(store)
    draw = random.Random(6)
    found, alarms, done = 0, 0, dict.fromkeys(ACTIONS, 0)
    for _ in range(TIMES[store]):
        action = draw.choice(ACTIONS)
        action(reader.host, reader.now, reader.before, draw)
        found += reader.found_out()
        reader.host.back(reader.now)
        alarms += reader.found_out()
        done[action] += 1
    assert (found, alarms) == (TIMES[store], 0)
    assert min(done.values()) > TIMES[store] // 10


# ------------------------------------------------------------------------------------------------ what happens then


def test_a_lax_policy_serves_what_authenticates_warns_and_tells_once(desk_of: Callable[..., Any]) -> None:
    """One warning and one event for a state of the rows, however many searches meet it; nothing is kept meanwhile."""
    desk = desk_of(LAX)
    desk.write(["a", "b", "c"], ["heart", "heart lung", "heart liver"])
    events: list[Any] = []
    desk.guard.watch.events.on(events.append)
    row = desk.store.rows.pop(backend_id(desk, "b"))
    with pytest.warns(RowsAmissWarning, match="missing") as caught:
        answers = [desk.nearest("heart", limit=9) for _ in range(3)]
    assert answers == [["a", "c"]] * 3
    assert len(caught) == 1
    (event,) = events
    assert isinstance(event, RowsAmiss)
    assert (event.acknowledged, event.found) == (3, 2)
    assert event.owner == desk.guard.state.digest("alice")
    assert "alice" not in repr(event)
    assert desk.guard.owners.cache.nbytes == 0
    desk.store.rows[row.backend_id] = row
    with quiet():
        assert len(desk.nearest("heart", limit=9)) == 3
    assert desk.guard.owners.cache.nbytes > 0


def test_rows_that_came_back_are_told_by_what_they_are_not_by_how_many(desk_of: Callable[..., Any]) -> None:
    """The number of rows may be right and the rows wrong."""
    desk = desk_of(STRICT)
    desk.write(["a", "b"], ["heart", "lung"])
    gone = desk.store.rows[backend_id(desk, "a")]
    desk.forget(["a"])
    desk.store.rows.pop(backend_id(desk, "b"))
    desk.store.rows[gone.backend_id] = gone
    with pytest.raises(Tampered):
        desk.nearest("heart")
    assert (examine(desk).rows, examine(desk).acknowledged, examine(desk).whole) == (1, 1, False)


def test_a_row_that_was_hidden_while_its_record_was_written_anew_cannot_be_shown_beside_it(
    desk_of: Callable[..., Any],
) -> None:
    """Both were acknowledged, and both add up: but a record is there once."""
    desk = desk_of(STRICT)
    desk.write(["a"], ["heart"])
    hidden = desk.store.rows.pop(backend_id(desk, "a"))
    desk.write(["a"], ["lung"])
    find = desk.store.find

    def both(request: Find) -> Any:
        found = find(request)
        return replace(found, rows=(*found.rows, hidden), count=found.count + 1) if request.vectors else found

    desk.store.find = both
    with pytest.raises(Tampered):
        desk.nearest("heart")


def test_a_vector_that_was_put_in_anothers_place_is_a_row_that_is_missing(desk_of: Callable[..., Any]) -> None:
    """The tag does not cover the vector; a row whose vector does not unmask does not count."""
    desk = desk_of(STRICT)
    desk.write(["a", "b"], ["heart", "lung"])
    rows, (a, b) = desk.store.rows, (backend_id(desk, "a"), backend_id(desk, "b"))
    rows[a], rows[b] = replace(rows[a], vector=rows[b].vector), replace(rows[b], vector=rows[a].vector)
    with pytest.raises(Tampered):
        desk.nearest("heart")


def test_what_was_lost_stays_missed_until_somebody_accepts_it(desk_of: Callable[..., Any]) -> None:
    """Writing a record anew over a row that does not authenticate repairs the record; the lost row is missed still."""
    desk = desk_of(LAX)
    desk.write(["a", "b"], ["heart", "lung"])
    key = backend_id(desk, "a")
    row = desk.store.rows[key]
    desk.store.rows[key] = replace(row, fields={**row.fields, "planted": 1})
    desk.write(["a"], ["heart again"])
    with pytest.warns(RowsAmissWarning):
        assert set(desk.nearest("heart", limit=9)) == {"a", "b"}
    assert (examine(desk).rows, examine(desk).acknowledged) == (2, 3)
    _accept(desk)
    with quiet():
        desk.nearest("heart", limit=9)
    assert examine(desk).whole


def _accept(desk: Any, owner: str = "alice") -> int:
    from vecguard.examination import accepting

    return int(drive(accepting(desk.guard, desk.shelf, owner), desk.store))


def test_a_reader_of_shared_rows_meets_the_same(desk_of: Callable[..., Any]) -> None:
    """The rows of an owner who shares them are checked for whoever reads them, and only by loading them."""
    desk = desk_of(STRICT)
    desk.write(["a", "b"], ["heart", "lung"])
    desk.write(["own"], ["heart"], who="bob")
    desk.guard.rules.grant("alice", readers=["bob"])
    with quiet():
        assert len(desk.nearest("heart", who="bob", limit=9)) == 3
    desk.store.rows.pop(backend_id(desk, "a"))
    desk.guard.owners.cache.clear()
    with pytest.raises(Tampered):
        desk.nearest("heart", who="bob", limit=9)
    with quiet():
        assert desk.texts("bob")["own"] == "heart"


# ---------------------------------------------------------------------------------------- every kind of change counts


def test_the_tally_follows_every_kind_of_change(desk_of: Callable[..., Any]) -> None:
    """Insert, upsert, update of a text and of fields, delete and an expired row: after each the rows are whole."""
    desk = desk_of(STRICT.replace(retention=Retention(days=1.0)))
    now = [1e9]
    desk.guard.clock = desk.guard._retrieval._clock = desk.guard.owners._clock = lambda: now[0]

    def whole(count: int) -> None:
        assert (examine(desk).rows, examine(desk).acknowledged, examine(desk).whole) == (count, count, True)

    desk.write(["a", "b", "c"], ["one", "two", "three"], verb="insert")
    whole(3)
    desk.write(["a", "d"], ["other", "four"], verb="insert")
    whole(4)
    desk.write(["a", "e"], ["other", "five"])
    whole(5)
    desk.write(["b", "none"], ["changed", "nothing"], verb="update")
    whole(5)
    desk.write(["c"], None, [{"n": 1}], verb="update")
    whole(5)
    assert desk.forget(["d", "none"]) == 1
    whole(4)
    now[0] += 2 * 86_400.0
    whole(4)  # expired rows are there until somebody takes them away
    desk.write(["a"], ["anew"])
    whole(4)
    assert desk.nearest("anew", limit=9) == ["a"]


def test_rows_too_many_to_keep_are_counted_page_by_page(
    desk_of: Callable[..., Any], monkeypatch: pytest.MonkeyPatch
) -> None:
    """An owner that does not fit the cache is read past it, and one row of many is missed all the same."""
    monkeypatch.setattr("vecguard.ranking.guard._PAGE", 50)
    desk = desk_of(STRICT.replace(vectors=Vectors(noise=100.0, ranking="guard", cache_mb=1)), embedder=word_hash(64))
    desk.guard.owners.cache.limit = 150_000
    desk.write([f"n{at}" for at in range(230)], [f"heart {at}" for at in range(230)])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        assert len(desk.nearest("heart", limit=3)) == len(desk.nearest("heart", limit=3)) == 3
    desk.store.rows.pop(backend_id(desk, "n200"))
    for _ in range(2):
        with pytest.raises(Tampered):
            desk.nearest("heart", limit=3)
    assert (examine(desk).rows, examine(desk).acknowledged) == (229, 230)


def test_while_a_change_is_open_its_rows_are_looked_past_and_no_others(desk_of: Callable[..., Any]) -> None:
    """A host that keeps a write from ending does not keep the other rows from being counted."""
    desk = desk_of(STRICT)
    desk.write(["a", "b", "c"], ["heart", "lung", "liver"])
    flow, answer = desk.writing(desk.draft(["a", "new"], ["heart again", "new"])), None
    while not isinstance(request := flow.send(answer), Put):
        answer = request.on(desk.store)
    with quiet():
        assert len(desk.nearest("heart", limit=9)) == 3
    request.on(desk.store)
    with quiet():
        assert len(desk.nearest("heart", limit=9)) == 4
    row = desk.store.rows.pop(backend_id(desk, "c"))
    with pytest.raises(Tampered):
        desk.nearest("heart", limit=9)
    desk.store.rows[row.backend_id] = row
    flow.close()
    desk.settle()
    with quiet():
        assert len(desk.nearest("heart", limit=9)) == 4
    assert examine(desk).acknowledged == 4


def test_a_search_beside_a_writer_never_alarms(desk_of: Callable[..., Any]) -> None:
    """Threads search without a cache while others write and delete: no search takes a change for tampering."""
    from threading import Thread

    from vecguard.principal import Acting
    from vecguard.records import Ask, Query

    desk = desk_of(STRICT)
    desk.write([f"n{at}" for at in range(20)], [f"heart {at}" for at in range(20)])
    wrong: list[BaseException] = []

    def search() -> None:
        try:
            for _ in range(40):
                desk.guard.owners.cache.clear()
                ask = Ask(query=Query(texts=("heart",)), limit=50)
                drive(desk.guard.read(ask, desk.shelf, Acting.of("alice"), desk.embedding), desk.store)
        except BaseException as failure:  # noqa: BLE001 - it is what the test is about
            wrong.append(failure)

    threads = [Thread(target=search) for _ in range(4)]
    for each in threads:
        each.start()
    for turn in range(30):
        desk.write([f"w{turn}", "n3"], [f"lung {turn}", f"heart {turn}"])
        desk.forget([f"n{turn % 20}"])
    for each in threads:
        each.join()
    assert wrong == []
    assert examine(desk).whole


# --------------------------------------------------------------------------------------- where nothing counts by itself


def test_ranking_in_the_store_does_not_see_what_is_left_out_and_an_examination_does(
    desk_of: Callable[..., Any],
) -> None:
    """The store shows its best rows: one that it hides is one that is not among them."""
    desk = desk_of(LAX.replace(vectors=Vectors(noise=1.0, ranking="store"), tampered="raise"))
    desk.write(["a", "b", "c"], ["heart", "heart lung", "liver"])
    assert examine(desk).whole
    older = desk.store.rows[backend_id(desk, "b")]
    desk.write(["b"], ["liver scan"])
    desk.store.rows[older.backend_id] = older
    with quiet():
        assert desk.nearest("heart lung", limit=1) == ["b"]  # the older version, for all that this search can tell
    assert (examine(desk).rows, examine(desk).acknowledged, examine(desk).whole) == (3, 3, False)


def test_rows_from_before_are_not_counted_until_somebody_accepts_them(desk_of: Callable[..., Any]) -> None:
    """A state that knows no tally of an owner checks nothing, and changes do not make one up."""
    desk = desk_of(STRICT)
    desk.write(["a", "b"], ["heart", "lung"])
    forgetting = update(tables.epochs).values(digest=None, rows=0)
    desk.guard.state.database.run(lambda connection: connection.execute(forgetting))
    desk.write(["c"], ["liver"])
    desk.store.rows.pop(backend_id(desk, "b"))
    with quiet():
        assert set(desk.nearest("heart", limit=9)) == {"a", "c"}
    assert (examine(desk).rows, examine(desk).acknowledged, examine(desk).whole) == (2, None, False)
    assert _accept(desk) == 2
    desk.store.rows.pop(backend_id(desk, "a"))
    desk.guard.owners.cache.clear()
    with pytest.raises(Tampered):
        desk.nearest("heart", limit=9)


def test_a_new_owner_starts_with_nothing_and_whole(desk_of: Callable[..., Any]) -> None:
    desk = desk_of(STRICT)
    assert examine(desk, "carol").whole
    desk.write(["a"], ["heart"])
    assert (examine(desk, "carol").rows, examine(desk, "carol").acknowledged) == (0, 0)
    assert _accept(desk, "carol") == 0


def test_accepting_is_hazmat_and_audited(guard_of: Callable[..., Guard], tmp_path: Path) -> None:
    """A reason is asked for, a line is written, and nothing is accepted without them."""
    import chromadb

    from vecguard import AccessDenied

    client = chromadb.EphemeralClient()
    native = client.get_or_create_collection(f"accepting-{tmp_path.name}")
    guard = guard_of(STRICT)
    notes = vecguard_chroma.wrap(native, guard).acting_for("alice")
    notes.add(ids=["a", "b"], documents=["heart", "lung"])
    native.delete(ids=[next(name for name in native.get()["ids"] if name != MARKER)])
    with pytest.raises(Tampered):
        notes.query(query_texts=["heart"])
    with pytest.raises(AccessDenied):
        hazmat.accept_rows(notes, "alice", reason=" ")
    with pytest.raises(Tampered):
        notes.query(query_texts=["heart"])
    assert hazmat.accept_rows(notes, "alice", reason="ticket 7: a row was deleted by hand") == 1
    assert len(notes.query(query_texts=["heart"])["ids"][0]) == 1
    counted = tables.audit.select().where(tables.audit.c.action == "accept")
    assert len(guard.state.database.look(lambda connection: connection.execute(counted).all())) == 1
    assert guard.state.audit.verify() == []


def test_accepting_while_a_change_is_open_decides_nothing_before_it_is_settled(desk_of: Callable[..., Any]) -> None:
    """Rows that are about to change are not counted as they are: whoever carries them out goes first."""
    desk = desk_of(STRICT)
    desk.write(["a"], ["heart"])
    collection = desk.shelf.collection
    acknowledged, owner = desk.guard.state.acknowledged, desk.guard.state.digest("alice")
    flow, answer = desk.writing(desk.draft(["b"], ["lung"])), None
    while not isinstance(request := flow.send(answer), Put):
        answer = request.on(desk.store)
    epoch = acknowledged.expected(collection.uid, owner).epoch
    assert not acknowledged.accept(collection.uid, owner, epoch, Tally())
    flow.close()
    desk.settle()
    assert examine(desk).whole
    assert not acknowledged.accept(collection.uid, owner, epoch, Tally())


def test_a_state_in_a_file_keeps_the_tally(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Another guard on the same state finds out what the store did in between."""
    keys, state, store = Keyring.ephemeral(), f"sqlite:///{tmp_path}/state.db", MemoryStore()
    desk = desk_of(STRICT, keys=keys, state=state, store=store)
    desk.write(["a", "b"], ["heart", "lung"])
    store.rows.pop(backend_id(desk, "a"))
    with pytest.raises(Tampered):
        desk_of(STRICT, keys=keys, state=state, store=store).nearest("heart")


def test_rows_that_change_whenever_they_are_read_are_served_unchecked_and_not_kept(desk_of: Callable[..., Any]) -> None:
    """What is read is newer than what was acknowledged before, each time: a writer's doing, and no alarm."""
    desk = desk_of(STRICT)
    desk.write(["a"], ["heart"])
    find, turns = desk.store.find, iter(range(100))

    def ahead(request: Find) -> Any:
        if request.vectors:
            desk.write([f"w{next(turns)}"], ["lung"])
        return find(request)

    desk.store.find = ahead
    with quiet():
        assert "a" in desk.nearest("heart", limit=99)
    assert next(turns) == 5
    assert desk.guard.owners.cache.nbytes == 0
    desk.store.find = find
    assert examine(desk).whole


def test_a_change_counts_once_however_often_it_is_confirmed(desk_of: Callable[..., Any]) -> None:
    """A writer that another one took for dead comes back: its change was settled, and is not settled again."""
    desk = desk_of(STRICT)
    desk.write(["a"], ["heart"])
    flow, answer = desk.writing(desk.draft(["a", "b"], ["heart again", "lung"])), None
    while not isinstance(request := flow.send(answer), Put):
        answer = request.on(desk.store)
    answer = request.on(desk.store)
    (intent,) = desk.guard.state.intents.open(desk.shelf.collection.uid)
    desk.guard.state.confirm(intent, desk.shelf.collection.uid)
    with pytest.raises(StopIteration):
        flow.send(flow.send(answer).on(desk.store))
    assert desk.texts() == {"a": "heart again", "b": "lung"}
    assert examine(desk).whole
