"""What only PostgreSQL does: transactions side by side, a server that goes away, and connections that grow old."""

from __future__ import annotations

import multiprocessing
import os
import signal
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from functools import partial
from typing import Any

import psycopg
import pytest
from sqlalchemy import event, func, insert, select, text

from vecguard import AuditFailed, Guard, Keyring, Policy, Principal, Scrub, StateError
from vecguard.evidence.anchors import Anchor
from vecguard.keys import Secret
from vecguard.principal import Acting
from vecguard.state import State, tables
from vecguard.state.counters import Ceiling, Counters
from vecguard.state.database import Database, Unsure
from vecguard.state.epochs import Epochs
from vecguard.state.inventory import inventory
from vecguard.state.rotation import rotate, rotating
from vecguard.testing import MemoryStore

from ..conftest import EMBED
from .postgres import Server, plain, served

KEY = Secret(b"k" * 32)
SCRUBBED = Policy(scrub=Scrub(model="none", entities=("EMAIL_ADDRESS",)))
ANN = "ann@example.com"
WORKERS, CALLS = 8, 40


@pytest.fixture
def url(postgres: Server) -> str:
    return postgres.new()


@pytest.fixture
def ring(tmp_path: Any) -> Keyring:
    return Keyring.generate(tmp_path / "key")


def raw(url: str) -> psycopg.Connection[Any]:
    return psycopg.connect(plain(url), autocommit=True)


# ----------------------------------------------------------------------------------------------------- what is said


@pytest.mark.parametrize("name", ["postgresql", "postgresql+psycopg"])
def test_both_spellings_of_the_url_lead_there(name: str, url: str) -> None:
    Database(url.replace("postgresql+psycopg", name, 1)).close()


@pytest.mark.parametrize(
    "bad",
    [
        "postgresql+psycopg://someone:hunter2@127.0.0.1:1/state",
        "postgresql+psycopg://someone:hunter2@/state?host=/nowhere",
        "postgresql+asyncpg://someone:hunter2@host/state",
        "mysql://someone:hunter2@host/state",
    ],
)
def test_no_error_shows_the_password(bad: str) -> None:
    with pytest.raises(StateError) as caught:
        Database(bad)
    said = f"{caught.value!r} {caught.value.__context__!r} {caught.value.__cause__!r}"
    assert "hunter2" not in said
    assert "someone" not in said


def test_a_session_waits_for_the_disk_and_not_for_ever(url: str) -> None:
    """Even where the server's default is not to wait, and for log lines too: a guard outlives its server."""
    with raw(url) as connection:
        connection.execute("ALTER ROLE vecguard SET synchronous_commit TO off")
    try:
        database = Database(url)
        show = partial(_setting, "synchronous_commit")
        assert database.run(show) == "on"
        assert database.run(show, lasting=False) == "on"
        assert database.run(partial(_setting, "lock_timeout")) == "30s"
        assert database.run(partial(_setting, "transaction_isolation")) == "read committed"
        assert database.look(partial(_setting, "transaction_isolation")) == "repeatable read"
        assert database.look(partial(_setting, "transaction_read_only")) == "on"
        database.close()
    finally:
        with raw(url) as connection:
            connection.execute("ALTER ROLE vecguard RESET synchronous_commit")


def _setting(name: str, connection: Any) -> Any:
    return connection.exec_driver_sql(f"SHOW {name}").scalar()


def test_a_look_is_of_one_moment(url: str) -> None:
    database, other = Database(url), Database(url)
    other.run(lambda connection: Epochs.raised(connection, "c", "a"))

    def twice(connection: Any) -> list[Any]:
        wanted = select(tables.epochs.c.epoch)
        first = connection.execute(wanted).scalar()
        other.run(lambda connection: Epochs.raised(connection, "c", "a"))
        return [first, connection.execute(wanted).scalar()]

    assert database.look(twice) == [1, 1]
    assert database.look(lambda connection: connection.scalar(select(tables.epochs.c.epoch))) == 2
    with pytest.raises(StateError):
        database.look(lambda connection: Epochs.raised(connection, "c", "a"))
    for each in (database, other):
        each.close()


# ------------------------------------------------------------------------------------------------------ side by side


def _spend(url: str, start: Any, granted: Any) -> None:
    counters = Counters(Database(url), KEY, daily=Ceiling(queries=100, records=150))
    start.wait()
    count = sum(counters.ask("who", 1).spent is None for _ in range(CALLS))
    records = sum(
        counters.deliver("who", [f"{os.getpid()} {call} {each}" for each in range(3)]).allowed.count(True)
        for call in range(CALLS)
    )
    granted.put((count, records))


def test_eight_processes_together_never_hand_out_more_than_the_budget(url: str) -> None:
    Database(url).close()
    context = multiprocessing.get_context("spawn")
    start, granted = context.Barrier(WORKERS), context.Queue()
    children = [context.Process(target=_spend, args=(url, start, granted)) for _ in range(WORKERS)]
    for each in children:
        each.start()
    found = [granted.get(timeout=120) for _ in children]
    for each in children:
        each.join()
    assert [sum(column) for column in zip(*found, strict=True)] == [100, 150]
    database = Database(url)
    usage = Counters(database, KEY, daily=Ceiling(queries=100, records=150)).usage("who").today
    assert (usage.queries, usage.records, usage.denials) == (100, 150, 8 * CALLS - 100 + _cut(found))
    database.close()


def _cut(found: list[tuple[int, int]]) -> int:
    """Deliveries of three that were cut: all of them but the fifty that the budget covers."""
    return sum(CALLS for _ in found) - 50


def test_guards_that_start_at_once_are_one(url: str, ring: Keyring) -> None:
    barrier = threading.Barrier(WORKERS)

    def start(_: int) -> tuple[str, bytes, str]:
        barrier.wait()
        state = State(url, ring)
        probe = EMBED(["a sentence"])[0]
        barrier.wait()
        found = state.id, state.keystore.get("owner", "alice").reveal(), state.embedder_id(probe)
        barrier.wait()
        state.audit.append(Acting.of("alice"), "read", "", 1)
        state.close()
        return found

    for _ in range(3):  # the first time nothing is there, afterwards there is something to count on from
        with ThreadPoolExecutor(WORKERS) as pool:
            assert len(set(pool.map(start, range(WORKERS)))) == 1
    state = State(url, ring)
    assert state.audit.verify() == []
    with raw(url) as connection:
        assert connection.execute("SELECT count(*) FROM vg_audit_heads").fetchone() == (3 * WORKERS,)
        assert connection.execute("SELECT count(*) FROM vg_embedders").fetchone() == (1,)
    state.close()


def test_an_original_that_is_written_again_while_its_last_record_goes_stays(url: str, ring: Keyring) -> None:
    """A write that refers to an original and a delete of the last record that did, at once: whoever is second knows."""
    state = State(url, ring)
    key, vault = state.keystore.get("vault", "o"), state.vault
    for number in range(60):
        token, old, new = f"<T{number}>", f"old{number}", f"new{number}"

        def put(connection: Any, intent: str, token: str = token) -> None:
            vault.keep(connection, "o", key, [(token, ANN)])
            vault.refer(connection, "o", key, intent, "c", {(intent, 1): {token}})

        def drop(connection: Any, old: str = old) -> None:
            vault.outdated(connection, "c", {old: 1}, dropped=True)

        state.database.run(partial(put, intent=old))
        with ThreadPoolExecutor(2) as pool:
            both = [pool.submit(state.database.run, partial(put, intent=new)), pool.submit(state.database.run, drop)]
            for each in both:
                each.result()
        assert vault.originals("o", key, [token]) == {token: ANN}
    state.close()


def test_an_original_is_held_by_whoever_refers_to_it(url: str, ring: Keyring) -> None:
    """The same, in the order that loses it without a lock: the delete looks before the write has committed."""
    state = State(url, ring)
    key, vault = state.keystore.get("vault", "o"), state.vault

    def put(connection: Any, intent: str) -> None:
        vault.keep(connection, "o", key, [("<T>", ANN)])
        vault.refer(connection, "o", key, intent, "c", {(intent, 1): {"<T>"}})

    state.database.run(partial(put, intent="old"))
    with ThreadPoolExecutor(1) as pool:
        with state.database.begin() as connection:
            put(connection, "new")
            going = pool.submit(
                state.database.run, lambda connection: vault.outdated(connection, "c", {"old": 1}, dropped=True)
            )
            time.sleep(0.3)
            assert not going.done()
        going.result()
    assert vault.originals("o", key, ["<T>"]) == {"<T>": ANN}
    state.close()


def test_shredding_waits_for_a_write_that_keeps_originals_and_erases_those_too(url: str, ring: Keyring) -> None:
    state, other = State(url, ring), State(url, ring)
    digest = state.digest("alice")
    key = state.keystore.get("vault", digest)
    with ThreadPoolExecutor(1) as pool:
        with state.database.begin() as connection:
            assert state.keystore.still_there(connection, "vault", digest)
            state.vault.keep(connection, digest, key, [("<T>", ANN)])
            going = pool.submit(other.shred, "alice")
            time.sleep(0.3)
            assert not going.done()
        assert going.result() == 1
    with raw(url) as connection:
        assert connection.execute("SELECT count(*) FROM vg_vault").fetchone() == (0,)
    for each in (state, other):
        each.close()


def test_a_record_that_is_counted_anew_is_not_forgotten_by_whoever_tidies_up(url: str) -> None:
    """Tidying takes what is days old; what somebody is counting again at that moment it leaves, and does not wait."""
    database = Database(url)
    old_ids = [bytes([n]) * 16 for n in range(3)]
    database.run(lambda connection: connection.execute(insert(tables.returned), [{"id": n, "day": 1} for n in old_ids]))
    counters = Counters(database, KEY, daily=Ceiling(), clock=lambda: 10 * 86_400.0)
    database.run(
        lambda connection: connection.execute(text("INSERT INTO vg_counters VALUES ('a', 1" + ", 0" * 11 + ")"))
    )
    with ThreadPoolExecutor(1) as pool, database.begin() as connection:
        connection.execute(text("UPDATE vg_returned SET day = 10 WHERE id = :id"), {"id": old_ids[0]})
        pool.submit(counters.ask, "a", 1).result(timeout=10)
    with raw(url) as connection:
        assert connection.execute("SELECT array_agg(id) FROM vg_returned").fetchone() == ([old_ids[0]],)
    database.close()


def test_transactions_that_wait_for_each_other_both_come_through(url: str) -> None:
    """A deadlock: the server ends one, and it is run again."""
    database, meet = Database(url), threading.Barrier(2, timeout=30)
    database.run(lambda connection: [Epochs.raised(connection, "c", each) for each in "ab"])
    attempts: list[str] = []

    def both(first: str, second: str, connection: Any) -> None:
        Epochs.raised(connection, "c", first)
        attempts.append(first)
        if len(attempts) <= 2:
            meet.wait()
        Epochs.raised(connection, "c", second)

    with ThreadPoolExecutor(2) as pool:
        list(pool.map(lambda order: database.run(partial(both, *order)), ("ab", "ba")))
    assert len(attempts) == 3
    assert Epochs(database).seen("c", ["a", "b"]).items() >= {("a", 3), ("b", 3)}
    database.close()


def test_a_transaction_that_is_run_again_writes_its_audit_line_once(url: str, ring: Keyring) -> None:
    state = State(url, ring)
    state.audit.append(Acting.of("alice"), "write", "", 1)
    tries: list[int] = []

    def work(connection: Any) -> None:
        state.audit.append_in(connection, Acting.of("alice"), "write", "", 2)
        tries.append(1)
        if len(tries) == 1:
            connection.exec_driver_sql("DO $$ BEGIN RAISE EXCEPTION 'again' USING ERRCODE = '40001'; END $$")

    state.audit.guarded(work)
    state.audit.append(Acting.of("alice"), "write", "", 3)
    assert len(tries) == 2
    assert state.audit.verify() == []
    with raw(url) as connection:
        assert connection.execute("SELECT array_agg(count ORDER BY number) FROM vg_audit").fetchone() == ([1, 2, 3],)
    state.close()


# ---------------------------------------------------------------------------------------------------------- rotation


def test_roots_rotate_while_guards_make_keys_and_a_stopped_rotation_is_ended(url: str, ring: Keyring) -> None:
    state, stop = State(url, ring), threading.Event()
    for number in range(9):
        state.keystore.get("owner", f"before {number}")
    made: dict[str, Secret] = {}

    def make() -> None:
        other = State(url, Keyring.from_file(ring.path or ""))
        while not stop.is_set():
            name = f"during {len(made)}"
            made[name] = other.keystore.get("owner", name)
        other.close()

    thread = threading.Thread(target=make)
    thread.start()
    try:
        steps = rotating([state.database], ring, batch=2)
        for _ in range(4):
            next(steps)
        steps.close()
        again = Keyring.from_file(ring.path or "")
        assert rotate([state.database], again).resumed
        rotate([state.database], Keyring.from_file(ring.path or ""))
        while len(made) < 5 and thread.is_alive():
            time.sleep(0.01)
    finally:
        stop.set()
        thread.join()
    now = Keyring.from_file(ring.path or "")
    found = inventory(state.database, now)
    assert found.sound
    assert {each.root for each in found.held} == {now.current.id}
    last = State(url, now)
    assert len(made) >= 5
    assert all(last.keystore.find("owner", name) == key for name, key in made.items())
    for each in (state, last):
        each.close()


# ------------------------------------------------------------------------------------------------------------- audit


EDITS = {
    "at": "1.5",
    "action": "'write'",
    "principal": "'0'",
    "owner": "'0'",
    "uid": "'v'",
    "count": "7",
    "detail": "'x'",
    "mac": r"'\x00'",
}
TAMPERS = {
    **{f"edit {name}": f'UPDATE vg_audit SET "{name}" = {value} WHERE number = 3' for name, value in EDITS.items()},
    "drop one": "DELETE FROM vg_audit WHERE number = 3",
    "truncate": "DELETE FROM vg_audit WHERE number > 3",
    "reorder": "UPDATE vg_audit SET number = CASE number WHEN 3 THEN -4 ELSE -3 END WHERE number IN (3, 4); "
    "UPDATE vg_audit SET number = -number WHERE number < 0",
    "drop a head": "DELETE FROM vg_audit_heads WHERE writer = (SELECT min(writer) FROM vg_audit_heads)",
    "drop a chain": "DELETE FROM vg_audit WHERE writer = (SELECT min(writer) FROM vg_audit_heads); "
    "DELETE FROM vg_audit_heads WHERE writer = (SELECT min(writer) FROM vg_audit_heads)",
    "swap the chains": "UPDATE vg_audit SET writer = CASE writer WHEN (SELECT min(writer) FROM vg_audit_heads) "
    "THEN repeat('x', 32) ELSE (SELECT min(writer) FROM vg_audit_heads) END; "
    "UPDATE vg_audit SET writer = (SELECT max(writer) FROM vg_audit_heads) WHERE writer = repeat('x', 32)",
}


@pytest.mark.parametrize("name", TAMPERS)
def test_a_log_that_was_tampered_with_shows(name: str, url: str, ring: Keyring) -> None:
    states = [State(url, ring) for _ in range(2)]
    for state in states:
        for number in range(5):
            state.audit.append(Acting.of(f"p{number}", "o"), "read" if number % 2 else "delete", "u" * 32, number)
    assert states[0].audit.verify() == []
    with raw(url) as connection:
        for each in TAMPERS[name].split("; "):
            connection.execute(each)
    assert states[0].audit.verify() != []
    for state in states:
        state.close()


def test_lines_that_come_at_once_are_one_chain(url: str, ring: Keyring) -> None:
    kept: list[Anchor] = []
    state = State(url, ring, kept.append)
    with ThreadPoolExecutor(16) as pool:
        list(pool.map(lambda n: state.audit.append(Acting.of("alice"), "read", "", n), range(200)))
    with raw(url) as connection:
        found = connection.execute("SELECT array_agg(number ORDER BY number), count(DISTINCT count) FROM vg_audit")
        assert found.fetchone() == (list(range(1, 201)), 200)
    state.close()
    again = State(url, ring)
    assert again.audit.verify(kept) == []
    assert kept[-1].number == 200
    again.close()


# ----------------------------------------------------------------------------------------------------- it goes away


@pytest.fixture
def frail() -> Iterator[Server]:
    """A server of the test's own, to be stopped as often as it likes."""
    yield from served()


def test_a_server_that_goes_away_refuses_and_is_used_again_when_it_is_back(
    frail: Server, desk_of: Callable[..., Any], ring: Keyring
) -> None:
    """Nothing half-written: not in the store, not in the state, not in the chain."""
    desk = desk_of(SCRUBBED, keys=ring, state=frail.new())
    desk.write(["a"], [f"write to {ANN}"])
    for _ in range(2):
        before = dict(desk.store.rows)
        frail.stop()
        for call in (
            lambda: desk.write(["b"], [f"and {ANN}"]),
            desk.texts,
            desk.forget,
            lambda: desk.guard.shred("alice"),
        ):
            with pytest.raises((StateError, AuditFailed)) as caught:
                call()
            assert caught.value.__context__ is None
        assert desk.store.rows == before
        frail.start()
        assert desk.texts() == desk.texts()
        assert len(desk.texts(Principal("alice", permissions=frozenset({"pii:restore"})))) == 1
    desk.write(["b"], [f"and {ANN}"])
    assert len(desk.texts()) == 2
    assert desk.open_intents() == 0
    assert desk.guard.state.audit.verify() == []


def test_connections_that_were_cut_meanwhile_are_replaced_without_a_word(url: str, ring: Keyring) -> None:
    """A restart between two calls, a firewall, an administrator: a call that has not begun yet is not refused."""
    state = State(url, ring)
    barrier = threading.Barrier(4)

    def hold(_: int) -> None:
        state.database.look(lambda connection: (connection.execute(text("select 1")), barrier.wait()))

    with ThreadPoolExecutor(4) as pool:
        list(pool.map(hold, range(4)))
    for call in (
        lambda: state.epochs.epoch("c", "a"),
        lambda: state.database.run(lambda connection: Epochs.raised(connection, "c", "a")),
        lambda: state.audit.append(Acting.of("alice"), "read", "", 1),
        lambda: state.audit.append(Acting.of("alice"), "write", "", 1),
        lambda: state.database.look(lambda connection: connection.execute(text("select 1")).scalar()),
    ):
        cut(url)
        call()
    assert state.audit.verify() == []
    assert state.epochs.epoch("c", "a") == 1
    state.close()


def cut(url: str) -> None:
    with raw(url) as connection:
        connection.execute(
            "SELECT pg_terminate_backend(pid) FROM pg_stat_activity "
            "WHERE application_name = 'vecguard' AND pid <> pg_backend_pid()"
        )


def test_a_connection_that_is_lost_in_mid_transaction_is_run_again_whole(url: str) -> None:
    database = Database(url)
    tries: list[int] = []

    def work(connection: Any) -> None:
        Epochs.raised(connection, "c", "a")
        tries.append(1)
        if len(tries) == 1:
            cut(url)
        Epochs.raised(connection, "c", "b")

    database.run(work)
    assert len(tries) == 2
    assert Epochs(database).seen("c", ["a", "b"]).items() >= {("a", 1), ("b", 1)}
    database.close()


@pytest.mark.parametrize("committed", [True, False])
def test_a_commit_that_nobody_answered_begins_another_chain(committed: bool, url: str, ring: Keyring) -> None:
    """The line may be there or not: the chain cannot be continued, and what follows must not collide with it."""
    state = State(url, ring)
    state.audit.append(Acting.of("alice"), "write", "", 1)

    losing = True

    def lose(connection: Any) -> None:
        nonlocal losing
        if not losing:
            return
        losing = False
        if committed:
            connection.connection.driver_connection.execute("COMMIT AND CHAIN")
        cut(url)

    event.listen(state.database._engine, "commit", lose)
    with pytest.raises(AuditFailed):
        state.audit.append(Acting.of("alice"), "write", "", 2)
    state.audit.append(Acting.of("alice"), "write", "", 3)
    state.audit.append(Acting.of("alice"), "read", "", 4)
    assert state.audit.verify() == []
    with raw(url) as connection:
        found = connection.execute("SELECT array_agg(count ORDER BY count), count(DISTINCT writer) FROM vg_audit")
        assert found.fetchone() == ([1, 2, 3, 4] if committed else [1, 3, 4], 2)
    losing = True
    with pytest.raises(Unsure):
        state.database.run(lambda connection: Epochs.raised(connection, "c", "a"))
    state.close()


class Dying(MemoryStore):
    """Kills its process when it is told to put something."""

    dies = False

    def put(self, request: Any) -> Any:
        if self.dies:
            os.kill(os.getpid(), signal.SIGKILL)
        return super().put(request)


def test_a_guard_that_is_killed_leaves_what_the_next_one_settles(
    url: str, ring: Keyring, desk_of: Callable[..., Any]
) -> None:
    """Killed between the intent and the store: the record is carried out by whoever comes next, and its originals."""
    store = Dying()
    desk_of(SCRUBBED, keys=ring, state=url, store=store).write(["a"], [f"write to {ANN}"])
    child = os.fork()
    if not child:
        store.dies = True
        desk_of(SCRUBBED, keys=ring, state=url, store=store).write(["b"], [f"and {ANN}"])
        os._exit(0)
    assert os.waitpid(child, 0)[1] == signal.SIGKILL
    again = desk_of(SCRUBBED, keys=ring, state=url, store=store)
    assert again.settle() == 1
    doctor = Principal("alice", permissions=frozenset({"pii:restore"}))
    assert again.texts(doctor) == {"a": f"write to {ANN}", "b": f"and {ANN}"}
    assert again.guard.state.audit.verify() == []


# --------------------------------------------------------------------------------------------------------- with a store


def test_a_guard_on_chroma_and_postgresql_does_what_guards_do(url: str, ring: Keyring, tmp_path: Any) -> None:
    """Write, search, share, restore, delete, in two guards at once."""
    chromadb = pytest.importorskip("chromadb")
    import vecguard_chroma

    client = chromadb.PersistentClient(str(tmp_path / "chroma"))
    guards = [Guard(SCRUBBED, keys=ring, state=url, embedder=EMBED) for _ in range(2)]
    one, two = (vecguard_chroma.wrap(client.get_or_create_collection("notes"), each) for each in guards)
    one.acting_for("alice").add(ids=["1", "2"], documents=[f"write to {ANN}", "a second note"])
    two.acting_for("bob").add(ids=["1"], documents=["a note of another owner"])
    guards[0].rules.grant("alice", readers=["bob"])
    assert two.acting_for("alice").get()["ids"] == ["1", "2"]
    assert len(two.acting_for("bob").query(query_texts=["note"], n_results=5)["ids"][0]) == 3
    assert one.acting_for("bob").count() == 1
    doctor = one.acting_for(Principal("alice", permissions=frozenset({"pii:restore"})))
    assert doctor.get(ids=["1"])["documents"] == [f"write to {ANN}"]
    two.acting_for("alice").delete(ids=["1"])
    assert one.acting_for("alice").get()["ids"] == ["2"]
    wanted = select(func.count()).select_from(tables.vault)
    assert guards[0].state.database.look(lambda connection: connection.scalar(wanted)) == 0
    assert guards[1].state.audit.verify() == []
    for each in guards:
        each.close()
