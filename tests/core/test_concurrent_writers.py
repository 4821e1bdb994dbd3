"""Writers cannot undo each other: of changes to one record none is lost, whoever makes them and whenever they die."""

from __future__ import annotations

import asyncio
import base64
import itertools
import json
import os
import random
import secrets
import signal
import sqlite3
import subprocess
import sys
import time
from collections.abc import Callable, Iterator, Sequence
from contextlib import suppress
from pathlib import Path
from threading import Thread
from typing import Any

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from sqlalchemy import create_engine, text

import vecguard_chroma
from vecguard import Contended, Guard, Keyring, Pending, Policy, Scrub
from vecguard.contention import PATIENCE_S
from vecguard.examination import examining
from vecguard.flow import Wait, adrive, drive
from vecguard.ports import Put
from vecguard.sealing import tag_of
from vecguard.state.intents import NOBODY, REFUSED, Intents
from vecguard.state.writers import FileLocks
from vecguard.testing import MemoryStore

from ..conftest import EMBED, Desk

STRICT = Policy.strict().replace(scrub=Scrub(enabled=False))


class Turns:
    """Paths that go on one request at a time, in an order that somebody else decides.

    A path that waits is not asked again before another has gone on by a step: so there are finitely many orders.
    """

    def __init__(self, flows: Sequence[Any], store: Any, name: str = "") -> None:
        self.store, self.name = store, name
        self.flows = dict(enumerate(flows))
        self.answers: dict[int, Any] = {}
        self.results: dict[int, Any] = {}
        self.waiting: set[int] = set()

    def ready(self) -> list[int]:
        return [each for each in self.flows if each not in self.waiting] or list(self.flows)

    def step(self, which: int) -> None:
        try:
            request = self.flows[which].send(self.answers.get(which))
        except StopIteration as done:
            self.results[which] = done.value
            del self.flows[which]
            self.waiting.clear()
            return
        waits = isinstance(request, Wait)
        self.answers[which] = None if waits else request.on(self.store)
        self.waiting = {*self.waiting, which} if waits else set()

    def kill(self, which: int) -> None:
        self.flows.pop(which).close()
        self.waiting.clear()


def orders(begin: Callable[[], Turns]) -> Iterator[tuple[Turns, list[int]]]:
    """Yield the end of every order in which some paths can go on, with the order. Each is begun afresh."""
    waiting: list[list[int]] = [[]]
    while waiting:
        order = waiting.pop()
        turns = begin()
        for which in order:
            turns.step(which)
        while ready := turns.ready():
            waiting += [[*order, other] for other in ready[1:]]
            order = [*order, ready[0]]
            turns.step(ready[0])
        yield turns, order


def whole(desk: Any, owner: str = "alice") -> bool:
    return bool(drive(examining(desk.guard, desk.shelf, owner), desk.store).whole)


@pytest.fixture
def desk(desk_of: Callable[..., Any]) -> Any:
    """A desk whose clocks never run out: in these tests others decide who goes on."""
    made = desk_of(STRICT)
    made.guard.patience_s = 1e9
    made.write(["first"], ["first"])
    return made


# ------------------------------------------------------------------------------------------------------- every order


def _updates(desk: Any, name: str, count: int) -> list[Any]:
    """Write a record, and return paths that each merge a field of their own into it."""
    desk.write([name], ["text"], [{"at": 0}])
    drafts = [desk.draft([name], None, [{f"w{one}": one}], verb="update") for one in range(count)]
    return [desk.writing(each) for each in drafts]


def test_in_no_order_is_an_update_lost(desk: Any) -> None:
    """Two writers merge a field each into one record, step by step in every order: both are there at the end."""
    names = (f"n{at}" for at in itertools.count())
    seen = 0
    for turns, order in orders(lambda: Turns(_updates(desk, name := next(names), 2), desk.store, name)):
        assert desk.fields()[turns.name] == {"at": 0, "w0": 0, "w1": 1}, order
        assert desk.open_intents() == 0, order
        desk.forget([turns.name])
        seen += 1
    assert seen > 30
    assert whole(desk)


def test_in_no_order_does_an_update_bring_back_what_is_deleted(desk: Any) -> None:
    """Two writers update a record and a third deletes it, in orders drawn at random: it is gone, and deleted once."""
    draw = random.Random(6)
    for at in range(150):
        name, order = f"n{at}", list[int]()
        flows = [*_updates(desk, name, 2), desk.forgetting([name])]
        turns = Turns(flows, desk.store, name)
        while ready := turns.ready():
            order.append(draw.choice(ready))
            turns.step(order[-1])
        assert turns.results[2] == 1, order
        assert name not in desk.texts(), order
        assert desk.open_intents() == 0, order
    assert whole(desk)


def test_in_no_order_do_two_inserts_both_win(desk: Any) -> None:
    """Of two inserts of one id one writes, and the other one leaves the record alone."""
    names = itertools.count()

    def begin() -> Turns:
        name = f"n{next(names)}"
        drafts = [desk.draft([name], [f"from {one}"], verb="insert") for one in range(2)]
        return Turns([desk.writing(each) for each in drafts], desk.store, name)

    seen = 0
    for turns, order in orders(begin):
        (winner,) = [one for one in range(2) if turns.results[one].written]
        assert desk.texts()[turns.name] == f"from {winner}", order
        seen += 1
    assert seen > 30
    assert whole(desk)


def test_writers_of_other_records_do_not_wait_for_each_other(desk: Any) -> None:
    """In whatever order, changes that have no record in common need no more requests than a look at what they found."""
    names = itertools.count()
    waits: list[Any] = []

    class Watched(Turns):
        def step(self, which: int) -> None:
            super().step(which)
            waits.extend(self.waiting)

    def begin() -> Turns:
        at = next(names)
        drafts = [desk.draft([f"n{at}.{one}"], ["text"]) for one in range(2)]
        return Watched([desk.writing(each) for each in drafts], desk.store)

    seen = sum(1 for _ in orders(begin))
    assert seen >= 70
    assert waits == []
    assert len(desk.texts()) == 2 * next(names) + 1
    assert whole(desk)


@pytest.mark.parametrize("killed_at", range(8))
def test_in_no_order_does_a_killed_writer_take_a_change_back(killed_at: int, desk: Any) -> None:
    """One of two writers is killed at this step, in every order: the other's change stands, the dead one's is whole."""
    names = (f"n{at}" for at in itertools.count())
    for turns, order in orders(lambda: Killing(_updates(desk, name := next(names), 2), desk.store, name, killed_at)):
        desk.settle()
        found = desk.fields()[turns.name]
        assert found.pop("w1") == 1, order
        assert found in ({"at": 0}, {"at": 0, "w0": 0}), order
        assert desk.open_intents() == 0, order
        desk.forget([turns.name])
    assert whole(desk)


class Killing(Turns):
    """Turns of which the first path dies before its nth step."""

    def __init__(self, flows: Sequence[Any], store: Any, name: str, at: int) -> None:
        super().__init__(flows, store, name)
        self._left = at

    def step(self, which: int) -> None:
        if which == 0:
            if self._left == 0:
                self.kill(0)
                return
            self._left -= 1
        super().step(which)


@settings(max_examples=60)
@given(st.data())
def test_random_orders_of_many_kinds_of_change_lose_nothing(data: st.DataObject) -> None:
    """Four paths over three records, in orders that are drawn, some killed: what was acknowledged last is there."""
    guard = Guard(STRICT, keys=_KEYS, state=":memory:", embedder=EMBED)
    desk = Desk(guard)
    guard.patience_s = 1e9
    try:
        desk.write(["a", "b", "c"], ["text"] * 3, [{"at": 0}] * 3)
        flows: list[Any] = []
        fields: list[list[str]] = []
        for one in range(4):
            ids = data.draw(st.lists(st.sampled_from("abc"), min_size=1, max_size=3, unique=True))
            drafted = desk.draft(ids, None, [{f"w{one}": one}] * len(ids), verb="update")
            flows.append(desk.writing(drafted))
            fields.append(ids)
        turns = Turns(flows, desk.store)
        killed: set[int] = set()
        while ready := turns.ready():
            which = data.draw(st.sampled_from(ready))
            if data.draw(st.integers(0, 24)) == 0:
                turns.kill(which)
                killed.add(which)
            else:
                turns.step(which)
        desk.settle()
        found = desk.fields()
        for one, ids in enumerate(fields):
            has = {f"w{one}" in found[each] for each in ids}
            assert has == {True} if one not in killed else len(has) == 1
        assert desk.open_intents() == 0
        assert whole(desk)
        assert len(desk.nearest("text", limit=9)) == 3
    finally:
        guard.close()


_KEYS = Keyring.ephemeral()

# ------------------------------------------------------------------------------------------- waiting and giving up


def _held(desk: Any, name: str) -> Any:
    """Begin a change of a record and leave it in mid-air."""
    flow, answer = desk.writing(desk.draft([name], ["held"])), None
    while not isinstance(request := flow.send(answer), Put):
        answer = request.on(desk.store)
    return flow, request


def _finish(flow: Any, request: Any, store: Any) -> None:
    """Carry a path on from this request to its end."""
    with suppress(StopIteration):
        while True:
            request = flow.send(request.on(store))


@pytest.mark.parametrize("what", ["write", "delete"])
def test_whoever_waits_too_long_is_told_so_and_has_written_nothing(what: str, desk: Any) -> None:
    """While a writer is at work on a record, another one gives up after the time that it has: `Contended`."""
    desk.write(["a"], ["text"])
    before = dict(desk.store.rows)
    flow, request = _held(desk, "a")
    desk.guard.patience_s = 0.05
    began = time.monotonic()
    with pytest.raises(Contended, match="nothing was written"):
        _ = desk.write(["b", "a"], ["new", "text"]) if what == "write" else desk.forget()
    assert 0.02 < time.monotonic() - began < 5
    assert desk.store.rows == before
    assert desk.open_intents() == 1
    _finish(flow, request, desk.store)
    assert desk.texts()["a"] == "held"
    desk.write(["b", "a"], ["new", "text"])
    assert desk.texts() == {"first": "first", "b": "new", "a": "text"}
    assert whole(desk)


def test_a_call_that_gave_up_is_not_audited_as_a_write(desk: Any) -> None:
    """What was not begun has no line."""
    from sqlalchemy import func, select

    from vecguard.state import tables

    desk.write(["a"], ["text"])
    flow, _ = _held(desk, "a")
    counted = select(func.count()).select_from(tables.audit).where(tables.audit.c.action == "write")

    def lines() -> int:
        return int(desk.guard.state.database.look(lambda connection: connection.execute(counted).scalar_one()))

    before = lines()
    desk.guard.patience_s = 0.02
    with pytest.raises(Contended):
        desk.write(["a"], ["text"])
    assert lines() == before
    flow.close()
    assert desk.guard.state.audit.verify() == []


def test_the_time_that_a_call_has_is_documented(desk_of: Callable[..., Any]) -> None:
    assert desk_of().guard.patience_s == PATIENCE_S == 10.0


class Awaited:
    """A store for asynchronous paths over one in memory."""

    def __init__(self, store: MemoryStore) -> None:
        self.traits, self._store = store.traits, store

    def __getattr__(self, verb: str) -> Any:
        async def answer(request: Any) -> Any:
            await asyncio.sleep(0)
            return getattr(self._store, verb)(request)

        return answer


async def test_waiting_does_not_hold_up_an_event_loop(desk: Any) -> None:
    """While an asynchronous call waits for another writer, the loop turns; then the call succeeds."""
    desk.write(["a"], ["text"])
    flow, request = _held(desk, "a")
    writing = asyncio.create_task(adrive(desk.writing(desk.draft(["a"], ["after"])), Awaited(desk.store)))
    longest = 0.0
    end = time.monotonic() + 0.5
    while time.monotonic() < end:
        before = time.monotonic()
        await asyncio.sleep(0.001)
        longest = max(longest, time.monotonic() - before)
    assert not writing.done()
    assert longest < 0.2
    _finish(flow, request, desk.store)
    assert (await writing).written == (0,)
    assert desk.texts()["a"] == "after"


# ------------------------------------------------------------------------------------------------- who carries it out


def test_an_intent_of_a_writer_that_lives_is_nobody_elses(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Another guard on the same state neither settles what is being carried out, nor writes over it."""
    one, two = _pair(desk_of, tmp_path)
    one.write(["a"], ["text"])
    flow, request = _held(one, "a")
    assert two.settle() == 0
    two.guard.patience_s = 0.05
    with pytest.raises(Contended):
        two.write(["a"], ["from two"])
    assert two.write(["b"], ["another record"]).written == (0,)
    _finish(flow, request, one.store)
    assert two.write(["a"], ["from two"]).written == (0,)
    assert one.texts() == {"a": "from two", "b": "another record"}
    assert whole(one)
    assert whole(two)


def _pair(desk_of: Callable[..., Any], tmp_path: Path) -> tuple[Any, Any]:
    keys, state, store = Keyring.ephemeral(), f"sqlite:///{tmp_path}/state.db", MemoryStore()
    return tuple(desk_of(STRICT, keys=keys, state=state, store=store) for _ in range(2))  # type: ignore[return-value]


def test_an_intent_whose_path_ended_is_anybodys(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """The guard that began it lives, and the call is over: another guard carries it out."""
    one, two = _pair(desk_of, tmp_path)
    one.write(["a"], ["text"])
    two.count()
    flow, _ = _held(one, "a")
    flow.close()
    assert two.settle() == 1
    assert two.texts() == {"a": "held"}
    assert whole(one)


def test_a_release_that_could_not_be_written_is_made_good_by_the_same_guard(
    desk_of: Callable[..., Any], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """The state was away when a call ended: others see its writer alive, and that writer's next call settles it."""
    one, two = _pair(desk_of, tmp_path)
    one.write(["a"], ["text"])
    flow, _ = _held(one, "a")
    with monkeypatch.context() as away:
        away.setattr(Intents, "_release", lambda self, intents: None)
        flow.close()
    assert two.settle() == 0
    assert one.settle() == 1
    assert one.texts() == {"a": "held"}


def test_two_settlers_do_not_both_carry_out_one_intent(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Of two that settle step by step in every order, one puts; and a late one cannot turn a later version back."""
    one, two = _pair(desk_of, tmp_path)
    one.guard.patience_s = two.guard.patience_s = 1e9
    names = itertools.count()

    def begin() -> Turns:
        name = f"n{next(names)}"
        one.write([name], ["text"])
        two.count()
        _held(one, name)[0].close()
        one.store.requests.clear()
        return Turns([one.guard.settle(one.shelf), two.guard.settle(two.shelf)], one.store, name)

    for turns, order in orders(begin):
        puts = [each for each in one.store.requests if isinstance(each, Put)]
        assert len(puts) == 1, order
        assert sum(turns.results.values()) == 1, order
        assert one.texts()[turns.name] == "held", order
    assert whole(one)


def test_rows_that_the_store_refuses_for_good_can_be_written_over(desk_of: Callable[..., Any]) -> None:
    """Half a batch was taken and the rest is refused: it stays to be settled, and does not block its records."""
    desk = desk_of(STRICT)
    put, refused = desk.store.put, set[str]()

    def picky(request: Put) -> None:
        for row in request.rows.rows:
            if tag_of(row.fields) in refused:
                raise ConnectionError("planted: too large")
            put(Put(type(request.rows)((row,), ()), request.if_absent))
            refused.update(each.fields["_vg_seal"][:36] for each in request.rows.rows[1:])

    desk.write(["a", "b", "c"], ["one", "two", "three"])
    desk.store.put = picky
    with pytest.raises(Pending):
        desk.write(["a", "b", "c"], ["new one", "new two", "new three"])
    assert desk.settle() == 0
    (left,) = desk.guard.state.intents.open(desk.shelf.collection.uid)
    assert left.writer == REFUSED
    assert len(left.rows.rows) == 2
    assert desk.texts() == {"a": "new one", "b": "two", "c": "three"}
    assert desk.write(["b"], ["smaller"]).written == (0,)
    (left,) = desk.guard.state.intents.open(desk.shelf.collection.uid)
    assert len(left.rows.rows) == 1
    assert desk.forget(["c"]) == 1
    assert desk.open_intents() == 0
    assert desk.texts() == {"a": "new one", "b": "smaller"}
    assert whole(desk)


def test_a_claim_whose_rows_were_changed_meanwhile_is_struck_out(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """A change between reading and beginning: the call begins again, and the log says what became of its first line."""
    from vecguard.state import tables

    one, two = _pair(desk_of, tmp_path)
    one.write(["a"], ["text"], [{"n": 1}])
    flow = one.writing(one.draft(["a"], None, [{"m": 2}], verb="update"))
    request = flow.send(None)
    answer = request.on(one.store)
    two.write(["a"], None, [{"k": 3}], verb="update")
    waited = 0
    with suppress(StopIteration):
        while True:
            request = flow.send(answer)
            waited += isinstance(request, Wait)
            answer = request.on(one.store)
    assert waited == 1
    assert one.fields() == {"a": {"n": 1, "k": 3, "m": 2}}
    wanted = tables.audit.select().where(tables.audit.c.detail == "overtaken")
    assert len(one.guard.state.database.look(lambda connection: connection.execute(wanted).all())) == 1
    assert one.guard.state.audit.verify() == []
    assert whole(one)


# ------------------------------------------------------------------------------------------------------------- locks


def test_readers_leave_no_lock_and_writers_remove_theirs(guard_of: Callable[..., Guard], tmp_path: Path) -> None:
    guard = guard_of(STRICT, state=f"sqlite:///{tmp_path}/state.db")
    desk, folder = Desk(guard), tmp_path / "state.db.writers"
    desk.texts()
    assert not folder.exists()
    desk.write(["a"], ["text"])
    assert [each.name for each in folder.iterdir()] == [guard.state.presence.id]
    assert (folder / guard.state.presence.id).stat().st_mode & 0o077 == 0
    guard.close()
    assert list(folder.iterdir()) == []


def test_a_lock_is_held_for_as_long_as_its_writer_lives(tmp_path: Path) -> None:
    """Whoever tries it finds it taken, and once it is let go of, or the file is gone, its writer is gone."""
    one, two = FileLocks(tmp_path / "writers"), FileLocks(tmp_path / "writers")
    assert one.take("w1")
    assert one.take("w1")
    assert two.taken("w1")
    assert not two.taken("w2")
    one.leave()
    assert not two.taken("w1")
    assert one.take("w3")
    (tmp_path / "writers" / "w3").unlink()
    assert not one.take("w3")
    assert one.take("w4")
    assert two.taken("w4")


@pytest.mark.skipif(not Path("/proc/self/fd").exists(), reason="needs fork and /proc")
def test_a_child_does_not_keep_its_dead_parent_alive(tmp_path: Path) -> None:
    """A writer forks and is killed; its child lives on with none of its parent's locks, and is another writer."""
    script = f"""
import os, sys, time
from vecguard import Guard, Keyring, Policy, Scrub
from vecguard.testing import MemoryStore, word_hash
sys.path.insert(0, {str(Path(__file__).parents[2])!r})
guard = Guard({STRICT!r}, keys=Keyring.from_env("KEY"), state="sqlite:///{tmp_path}/state.db", embedder=word_hash(16))
before = guard.state.presence.present()
child = os.fork()
if child == 0:
    os.write(1, f"child {{guard.state.presence.id}}\\n".encode())
    time.sleep(60)
    os._exit(0)
os.write(1, f"parent {{before}} {{child}}\\n".encode())
time.sleep(60)
""".replace(repr(STRICT), "Policy.strict().replace(scrub=Scrub(enabled=False))")
    environment = {**os.environ, "KEY": base64.b64encode(b"k" * 32).decode()}
    process = subprocess.Popen([sys.executable, "-c", script], stdout=subprocess.PIPE, text=True, env=environment)
    assert process.stdout is not None
    lines = dict(line.split(maxsplit=1) for line in (process.stdout.readline(), process.stdout.readline()))
    parent, child = lines["parent"].split()
    locks = FileLocks(tmp_path / "state.db.writers")
    try:
        assert lines["child"].strip() != parent
        assert locks.taken(parent)
        process.kill()
        process.wait()
        assert not locks.taken(parent)
        assert not (tmp_path / "state.db.writers" / parent).exists()
    finally:
        os.kill(int(child), signal.SIGKILL)
        process.stdout.close()


# --------------------------------------------------------------------------------------------- threads and processes


def test_threads_that_update_one_record_lose_nothing(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Six threads of two guards, each merging fields of its own into one record: all that was acknowledged is there."""
    desks = _pair(desk_of, tmp_path)
    desks[0].write(["a"], ["text"], [{"at": 0}])
    done: list[str] = []
    failed: list[BaseException] = []

    def work(number: int) -> None:
        desk = desks[number % 2]
        try:
            for turn in range(6):
                field = f"w{number}x{turn}"
                desk.write(["a"], None, [{field: turn}], verb="update")
                done.append(field)
        except BaseException as failure:  # noqa: BLE001 - it is what the test is about
            failed.append(failure)

    threads = [Thread(target=work, args=(number,)) for number in range(6)]
    for each in threads:
        each.start()
    for each in threads:
        each.join()
    assert failed == []
    assert len(done) == 36
    assert desks[0].fields()["a"].keys() == {"at", *done}
    assert desks[0].open_intents() == 0
    assert whole(desks[0])


_WORKER = """
import json, os, sys
import chromadb, vecguard_chroma
import vecguard_chroma
from vecguard import Contended, Guard, Keyring, Pending, Policy, Scrub
from vecguard.testing import word_hash

port, state, number, turns = int(sys.argv[1]), sys.argv[2], int(sys.argv[3]), int(sys.argv[4])
policy = Policy.strict().replace(scrub=Scrub(enabled=False))
guard = Guard(policy, keys=Keyring.from_env("KEY"), state=state, embedder=word_hash(16))
client = chromadb.HttpClient("127.0.0.1", port, settings=chromadb.Settings(anonymized_telemetry=False))
notes = vecguard_chroma.wrap(client.get_collection(sys.argv[5]), guard).acting_for("alice")
print("ready", flush=True)
sys.stdin.readline()
for turn in range(turns):
    field = f"w{number}x{turn}"
    notes.update(ids=[f"n{turn % 2}"], metadatas=[{field: turn}])
    print(json.dumps([f"n{turn % 2}", field]), flush=True)
"""


class Processes:
    """Processes that update two records of a collection on a Chroma server, and what each says that it did."""

    def __init__(self, port: int, state: str) -> None:
        import chromadb

        self.key = base64.b64encode(secrets.token_bytes(32)).decode()
        self.state = state
        self.port, self.name = port, f"together-{secrets.token_hex(4)}"
        client = chromadb.HttpClient("127.0.0.1", port, settings=chromadb.Settings(anonymized_telemetry=False))
        self.native = client.create_collection(self.name)
        guard = Guard(
            STRICT, keys=Keyring.from_callable(lambda: base64.b64decode(self.key)), state=self.state, embedder=EMBED
        )
        self.notes = vecguard_chroma.wrap(self.native, guard).acting_for("alice")
        self.notes.add(ids=["n0", "n1"], documents=["zero", "one"], metadatas=[{"at": 0}, {"at": 1}])
        self.processes: list[Any] = []

    def start(self, number: int, turns: int) -> Any:
        command = [sys.executable, "-c", _WORKER, str(self.port), self.state, str(number), str(turns), self.name]
        environment = {**os.environ, "KEY": self.key}
        pipe = subprocess.PIPE
        process = subprocess.Popen(command, stdin=pipe, stdout=pipe, stderr=pipe, text=True, env=environment)
        assert process.stdout is not None
        assert process.stdout.readline() == "ready\n", process.communicate()[1]
        self.processes.append(process)
        return process

    def fields(self) -> dict[str, set[str]]:
        found = self.notes.get()
        return {name: set(fields) for name, fields in zip(found["ids"], found["metadatas"], strict=True)}

    def end(self) -> None:
        for each in self.processes:
            each.kill()
            each.communicate()


@pytest.fixture
def together(port: int, tmp_path: Path) -> Iterator[Processes]:
    made = Processes(port, f"sqlite:///{tmp_path}/state.db")
    yield made
    made.end()


def _said(text: str) -> list[tuple[str, str]]:
    return [tuple(json.loads(line)) for line in text.splitlines() if line.endswith("]")]  # type: ignore[misc]


def test_processes_that_update_the_same_records_lose_nothing(together: Processes) -> None:
    """Three processes on one Chroma server and one state: every field that one of them was told is written is there."""
    workers = [together.start(number, 12) for number in range(3)]
    for each in workers:
        each.stdin.write("go\n")
        each.stdin.flush()
    said = []
    for each in workers:
        out, err = each.communicate(timeout=120)
        assert each.returncode == 0, err
        said += _said(out)
    assert len(said) == 36
    found = together.fields()
    assert all(field in found[name] for name, field in said)
    together.notes.query(query_texts=["zero"], n_results=2)  # would raise if the rows did not add up


def test_processes_that_are_killed_lose_nothing_that_they_acknowledged(together: Processes) -> None:
    """Writers are killed at random while others go on: what was acknowledged is there, and the others are not stuck."""
    draw = random.Random(5)
    steady = together.start(0, 20)
    steady.stdin.write("go\n")
    steady.stdin.flush()
    said: list[tuple[str, str]] = []
    for number in range(1, 6):
        victim = together.start(number, 1_000)
        victim.stdin.write("go\n")
        victim.stdin.flush()
        time.sleep(draw.uniform(0.2, 0.8))
        victim.kill()
        said += _said(victim.communicate()[0])
    out, err = steady.communicate(timeout=120)
    assert steady.returncode == 0, err
    said += _said(out)
    together.notes.update(ids=["n0", "n1"], metadatas=[{"last": 1}, {"last": 1}])
    found = together.fields()
    missing = [(name, field) for name, field in said if field not in found[name]]
    assert missing == []
    assert len(said) > 20  # those of the steady one, and some of the victims
    together.notes.query(query_texts=["zero"], n_results=2)


def _in_transaction(state: str) -> bool:
    """Whether somebody was stopped in mid-transaction: SQLite then lets nobody else write, PostgreSQL not its rows."""
    if not state.startswith("sqlite:"):
        engine = create_engine(state)
        busy = "pid <> pg_backend_pid() AND datname = current_database() AND xact_start IS NOT NULL"
        with engine.connect() as asking:
            others = asking.execute(text(f"SELECT count(*) FROM pg_stat_activity WHERE {busy}")).scalar_one()
        engine.dispose()
        return bool(others)
    connection = sqlite3.connect(state.removeprefix("sqlite:///"), timeout=0.1, isolation_level=None)
    try:
        connection.execute("BEGIN IMMEDIATE")
        connection.execute("ROLLBACK")
    except sqlite3.OperationalError:
        return True
    finally:
        connection.close()
    return False


def test_a_process_that_is_stopped_is_not_dead(together: Processes) -> None:
    """SIGSTOP in mid-write: others are told that they have to wait, and nothing of either write is lost."""
    from vecguard.facade import room_of

    guard = room_of(together.notes).guard
    worker = together.start(0, 1_000)
    worker.stdin.write("go\n")
    worker.stdin.flush()
    try:
        for _ in range(200):
            time.sleep(0.05)
            worker.send_signal(signal.SIGSTOP)
            time.sleep(0.02)
            (uid,) = guard.state.uids("chroma")
            open_ = [each for each in guard.state.intents.open(uid) if each.writer != NOBODY]
            if open_ and not _in_transaction(together.state):
                break
            worker.send_signal(signal.SIGCONT)
        guard.patience_s = 0.3
        with pytest.raises(Contended):
            together.notes.update(ids=["n0", "n1"], metadatas=[{"mine": 1}, {"mine": 1}])
    finally:
        worker.send_signal(signal.SIGCONT)
    guard.patience_s = 10.0
    together.notes.update(ids=["n0", "n1"], metadatas=[{"mine": 1}, {"mine": 1}])
    time.sleep(0.3)
    worker.kill()
    said = _said(worker.communicate()[0])
    together.notes.update(ids=["n0", "n1"], metadatas=[{"last": 1}, {"last": 1}])
    found = together.fields()
    assert all(field in found[name] for name, field in said)
    assert all("mine" in each for each in found.values())


def test_many_intents_that_a_crash_left_are_settled_together(pair_of: Any) -> None:
    """Three hundred of them need a few requests of the store, not three hundred."""
    one, two = pair_of
    one.write(["first"], ["text"])
    flows = [_held(one, f"n{at}")[0] for at in range(300)]
    for each in flows:
        each.close()
    one.store.requests.clear()
    assert two.settle() == 300
    assert len(one.store.requests) < 10
    assert len(two.texts()) == 301
    assert whole(two)


@pytest.fixture
def pair_of(desk_of: Callable[..., Any], tmp_path: Path) -> Any:
    return _pair(desk_of, tmp_path)
