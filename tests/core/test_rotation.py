"""Rotating roots: every data key moves, none is lost wherever it is stopped, and guards go on meanwhile."""

from __future__ import annotations

import contextlib
import itertools
import json
import os
import random
import shutil
import signal
import sqlite3
import stat
import time
from collections.abc import Callable, Iterator
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import event

from vecguard import Keyring, KeyringError, StateError, WrongKey
from vecguard.keys import Secret
from vecguard.state import State
from vecguard.state.inventory import inventory
from vecguard.state.rotation import Rotated, rotate, rotating

OWNERS = 7
BATCH = 2
STEPS = ["renewed", *["rewrapped"] * 5, "moved", "retired"]  # of 7 owners, a collection and the state itself


class Place:
    """A key file, a state, and what its data keys were when it was made."""

    def __init__(self, folder: Path, owners: int = OWNERS) -> None:
        self.folder = folder
        self.file = folder / "keys" / "key"
        self.file.parent.mkdir()
        (folder / "state").mkdir()
        self.url = f"sqlite:///{folder}/state/state.db"
        Keyring.generate(self.file)
        with self.opened() as state:
            self.keys = {("state", state.id): state.keystore.get("state", state.id)}
            for n in range(owners):
                self.make(state, "owner", f"owner {n}")
            self.make(state, "collection", "c")

    def make(self, state: State, kind: str, subject: str) -> None:
        self.keys[kind, subject] = state.keystore.get(kind, subject)

    def ring(self) -> Keyring:
        return Keyring.from_file(self.file)

    @contextlib.contextmanager
    def opened(self, keyring: Keyring | None = None) -> Iterator[State]:
        state = State(self.url, keyring or self.ring())
        try:
            yield state
        finally:
            state.close()

    def rotated(self, **options: Any) -> Rotated:
        with self.opened() as state:
            return rotate([state.database], self.ring(), **options)

    def roots(self) -> list[str]:
        return [each["id"] for each in json.loads(self.file.read_text())["roots"]]

    def found(self, keyring: Keyring | None = None) -> dict[tuple[str, str], Secret | None]:
        """Every data key, as a guard that has just started finds it."""
        with self.opened(keyring) as state:
            return {place: state.keystore.find(*place) for place in self.keys}

    def used(self) -> set[str]:
        """The roots that any data key is under."""
        with contextlib.closing(sqlite3.connect(self.folder / "state" / "state.db")) as raw:
            return {root for (root,) in raw.execute("select distinct root from vg_keys")}


@pytest.fixture
def place(tmp_path: Path) -> Place:
    return Place(tmp_path)


def _rotated_whole(place: Place, before: list[str]) -> None:
    """Nothing lost, nothing under an old root, one new root in the file, and its mode as it was."""
    assert place.found() == place.keys
    assert place.used() == set(place.roots())
    assert len(place.roots()) == 1
    assert not set(place.roots()) & set(before)
    assert stat.S_IMODE(place.file.stat().st_mode) == 0o600
    assert [each.name for each in place.file.parent.iterdir()] == ["key"]
    with place.opened() as state:
        assert inventory(state.database, place.ring()).sound


# ------------------------------------------------------------------------------------------------------ what it does


def test_every_key_moves_to_a_new_root_and_stays_what_it_is(place: Place) -> None:
    """Twice: data keys are the same, all of them under the new root, and the old root is nowhere."""
    for _ in range(2):
        before = place.roots()
        done = place.rotated()
        assert done == Rotated(place.roots()[0], len(place.keys), resumed=False)
        _rotated_whole(place, before)


def test_the_old_root_opens_nothing_any_more(place: Place, tmp_path: Path) -> None:
    """Whoever stole the key file before the rotation cannot open the state after it."""
    shutil.copy(place.file, tmp_path / "stolen")
    place.rotated()
    with pytest.raises(WrongKey):
        place.found(Keyring.from_file(tmp_path / "stolen"))


def test_a_kept_root_opens_backups_and_no_new_state(place: Place, tmp_path: Path) -> None:
    """With keep_old the file opens the state from before, and the next rotation is a new one and removes both."""
    shutil.copytree(tmp_path / "state", tmp_path / "backup")
    first = place.roots()
    place.rotated(keep_old=True)
    assert place.roots()[:1] == first
    assert len(place.roots()) == 2
    assert place.used() == set(place.roots()[1:])
    backup = State(f"sqlite:///{tmp_path}/backup/state.db", place.ring())
    assert all(backup.keystore.find(*each) == key for each, key in place.keys.items())
    backup.close()
    before = place.roots()
    assert not place.rotated().resumed
    _rotated_whole(place, before)


def test_states_that_share_a_file_move_together(tmp_path: Path) -> None:
    """All states that are named move before the old root goes; stopped between them, the next run moves the rest."""
    place = Place(tmp_path)
    other = State(f"sqlite:///{tmp_path}/other.db", place.ring())
    key, before = other.keystore.get("owner", "elsewhere"), place.roots()
    with place.opened() as state:
        steps = rotating([state.database, other.database], place.ring(), batch=BATCH)
        while next(steps) != "moved":
            pass
        steps.close()
        done = rotate([state.database, other.database], place.ring())
    assert done.resumed
    assert done.rewrapped == 2
    _rotated_whole(place, before)
    other.close()
    again = State(f"sqlite:///{tmp_path}/other.db", place.ring())
    assert again.keystore.find("owner", "elsewhere") == key
    again.close()


def test_a_linked_key_file_stays_a_link(place: Place, tmp_path: Path) -> None:
    """The file that a link leads to is replaced, and the link is left alone."""
    link = tmp_path / "link"
    link.symlink_to(place.file)
    with place.opened() as state:
        rotate([state.database], Keyring.from_file(link))
    assert link.is_symlink()
    assert place.found(Keyring.from_file(link)) == place.keys


# ------------------------------------------------------------------------------------------------ stopped at a point


def _steps(place: Place, count: int) -> list[str]:
    """Take so many steps of a rotation and stop it there."""
    with place.opened() as state:
        rotation = rotating([state.database], place.ring(), batch=BATCH)
        done = list(itertools.islice(rotation, count))
        rotation.close()
    return done


def test_the_stops_below_are_all_that_there_are(place: Place) -> None:
    """So many steps is what this rotation takes, so that the next test stops it at each of them."""
    assert _steps(place, len(STEPS) + 1) == STEPS


@pytest.mark.parametrize("stop", range(len(STEPS) + 1))
def test_stopped_after_any_step_nothing_is_lost_and_it_can_be_ended(stop: int, place: Place) -> None:
    """Whoever started before or after the stop reads and makes keys; the next run ends it, and makes no root."""
    before, old = place.roots(), place.ring()
    with place.opened(old) as running:
        assert _steps(place, stop) == STEPS[:stop]
        assert place.found() == place.keys
        for each, key in place.keys.items():
            running.keystore.forget(*each)
            assert running.keystore.find(*each) == key
        place.make(running, "owner", "made by a guard from before")
        with place.opened() as fresh:
            place.make(fresh, "owner", "made by a guard from between")
        roots = place.roots()
        done = place.rotated()
        assert done.resumed == (0 < stop < len(STEPS))
        assert not done.resumed or done.root == roots[-1]
        place.make(running, "owner", "made by a guard from before, afterwards")
    _rotated_whole(place, before)


@pytest.mark.parametrize("stop", [2, 6, 7])
def test_a_rotation_that_was_stopped_can_be_ended_with_the_old_root_kept(stop: int, place: Place) -> None:
    """What is kept is decided by the run that ends it."""
    before = place.roots()
    _steps(place, stop)
    assert place.rotated(keep_old=True).resumed
    assert place.roots()[:-1] == before
    assert not place.rotated().resumed
    _rotated_whole(place, [*before])


def _fails_at(count: int, call: Callable[..., Any]) -> Callable[..., Any]:
    """Return a call that raises what a full disk raises, the nth time."""
    left = itertools.count(count, -1)

    def failing(*arguments: Any, **options: Any) -> Any:
        if next(left) == 0:
            raise OSError(28, "No space left on device")
        return call(*arguments, **options)

    return failing


@pytest.mark.parametrize("call", ["os.fsync", "os.open", "pathlib.Path.replace", "os.fchmod"])
def test_a_file_operation_that_fails_anywhere_loses_nothing(
    call: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Each call fails once: a typed error without a trace, all keys are there, and the next run ends it."""
    module, _, name = call.rpartition(".")
    owner = Path if module == "pathlib.Path" else os
    failed = 0
    for count in itertools.count():
        (tmp_path / str(count)).mkdir()
        place = Place(tmp_path / str(count), owners=1)
        before = place.roots()
        with place.opened() as state, monkeypatch.context() as patched:
            keyring = place.ring()
            patched.setattr(owner, name, _fails_at(count, getattr(owner, name)))
            try:
                rotate([state.database], keyring)
                break
            except KeyringError as error:
                failed += 1 if error.__context__ is None else -1000
        assert [each.name for each in place.file.parent.iterdir()] == ["key"]
        assert place.found() == place.keys
        place.rotated()
        _rotated_whole(place, before)
    assert failed >= 2


def test_a_statement_that_fails_anywhere_loses_nothing(tmp_path: Path) -> None:
    """Each statement to the database fails once: its transaction is undone, and the next run ends it."""
    failed = 0
    for count in itertools.count():
        (tmp_path / str(count)).mkdir()
        place = Place(tmp_path / str(count), owners=1)
        before = place.roots()
        with place.opened() as state:
            failing = _fails_at(count, lambda *_: None)
            event.listen(state.database._engine, "before_cursor_execute", failing)
            try:
                rotate([state.database], place.ring())
                break
            except StateError:
                failed += 1
        assert place.found() == place.keys
        place.rotated()
        _rotated_whole(place, before)
    assert failed >= 5


# ---------------------------------------------------------------------------------------------------------- killed


def _rotating_process(place: Place) -> int:
    """Start a process that rotates without end; return when it is about to begin."""
    ready, begun = os.pipe()
    child = os.fork()
    if child == 0:
        try:
            with place.opened() as state:
                os.write(begun, b".")
                while True:
                    for _ in rotating([state.database], place.ring(), batch=BATCH):
                        pass
        finally:
            os._exit(1)
    os.close(begun)
    assert os.read(ready, 1) == b"."
    os.close(ready)
    return child


KILLS = int(os.environ.get("VECGUARD_KILLS", "60"))


@pytest.mark.skipif(not hasattr(os, "fork"), reason="forks")
def test_killed_at_any_time_nothing_is_lost(place: Place) -> None:
    """SIGKILL at random points, dozens of times over: all keys are there, and under roots that the file holds.

    VECGUARD_KILLS says how often; 60 if it says nothing.
    """
    chance, seen = random.Random(6), set()
    for kill in range(KILLS):
        child = _rotating_process(place)
        time.sleep(0.08 * chance.random())
        os.kill(child, signal.SIGKILL)
        _, ended = os.waitpid(child, 0)
        assert os.WIFSIGNALED(ended)
        seen.add((len(place.roots()), len(place.used())))
        assert place.used() <= set(place.roots())
        with place.opened() as state:
            assert {each: state.keystore.find(*each) for each in place.keys} == place.keys
            if kill % 10 == 0:
                place.make(state, "owner", f"made after kill {kill}")
    assert seen == {(1, 1), (2, 1), (2, 2)}  # between rotations; before or after keys moved; while they did
    place.rotated()
    before = place.roots()
    place.rotated()
    _rotated_whole(place, before)


# --------------------------------------------------------------------------------------------- guards meanwhile


def test_a_key_that_is_made_while_a_rotation_ends_is_under_the_new_root(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A process looks which root is in force, the rotation ends, and only then the key is kept: not under the old."""
    before = place.roots()
    with place.opened() as state:
        run, meanwhile = state.database.run, iter([place.rotated])

        def late(*arguments: Any, **options: Any) -> Any:
            for rotation in meanwhile:
                rotation()
            return run(*arguments, **options)

        monkeypatch.setattr(state.database, "run", late)
        place.make(state, "owner", "late")
    _rotated_whole(place, before)


def test_a_key_that_moves_between_a_look_and_its_unwrapping_is_found(
    place: Place, monkeypatch: pytest.MonkeyPatch
) -> None:
    """A row read under the old root, and a keyring that another thread read again: the row is looked at once more."""
    keyring = place.ring()
    with place.opened(keyring) as state:
        look, meanwhile = state.database.look, iter([place.rotated])

        def early(*arguments: Any, **options: Any) -> Any:
            row = look(*arguments, **options)
            for rotation in meanwhile:
                rotation()
                keyring.read_again()
            return row

        monkeypatch.setattr(state.database, "look", early)
        assert state.keystore.find("owner", "owner 0") == place.keys["owner", "owner 0"]


def test_guards_make_keys_while_roots_rotate(place: Place) -> None:
    """Four guards make owners without a pause through ten rotations: every key that was handed out is there."""
    over = False

    def work(number: int) -> dict[tuple[str, str], Secret]:
        made = {}
        with place.opened() as state:
            for n in itertools.count():
                if over:
                    return made
                made["owner", f"{number}/{n}"] = state.keystore.get("owner", f"{number}/{n}")
        return made

    with ThreadPoolExecutor(4) as pool:
        working = [pool.submit(work, number) for number in range(4)]
        try:
            for _ in range(10):
                before = place.roots()
                place.rotated()
        finally:
            over = True
        for each in working:
            place.keys |= each.result()
    assert len(place.keys) > 40
    _rotated_whole(place, before)


def test_a_guard_goes_on_through_a_rotation(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """What was written before is read after, by the guard that wrote it, by a new one, and with new owners."""
    place = Place(tmp_path)
    old = desk_of(keys=place.ring(), state=place.url)
    old.write(["a"], ["written before"])
    place.rotated()
    old.write(["b"], ["written after"])
    old.write(["c"], ["written by a new owner"], who="bob")
    new = desk_of(keys=place.ring(), state=place.url, store=old.store)
    for desk in (old, new):
        assert desk.texts() == {"a": "written before", "b": "written after"}


# -------------------------------------------------------------------------------------------------- other sources


def _ring_of(*raw: bytes) -> dict[str, bytes]:
    return {f"r{n}": each for n, each in enumerate(raw)}


def test_a_callable_is_asked_again_for_a_root_that_it_did_not_return(tmp_path: Path) -> None:
    """A running guard hears of the new root from the key service, and asks no more often than it must."""
    url, answers, asked = f"sqlite:///{tmp_path}/state.db", [_ring_of(b"a" * 32)], 0

    def fetch() -> dict[str, bytes]:
        nonlocal asked
        asked += 1
        return answers[-1]

    running = State(url, Keyring.from_callable(fetch))
    key, calls = running.keystore.get("owner", "one"), asked
    running.keystore.forget("owner", "one")
    assert running.keystore.find("owner", "one") == key
    assert asked == calls == 1
    answers.append(_ring_of(b"a" * 32, b"b" * 32))
    other = State(url, Keyring.from_callable(fetch))
    done = rotate([other.database], Keyring.from_callable(fetch))
    assert (done.root, done.resumed) == ("r1", True)
    answers.append({"r1": b"b" * 32})
    calls = asked
    running.keystore.forget("owner", "one")
    assert running.keystore.find("owner", "one") == key
    assert running.keystore.get("owner", "two") == State(url, Keyring.from_callable(fetch)).keystore.get("owner", "two")
    assert asked == calls + 2  # the running guard once, the new one once


def test_a_process_with_an_old_variable_is_told_what_to_do(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """What a process got as its environment does not change: the error says to start it again."""
    url, place = f"sqlite:///{tmp_path}/state.db", tmp_path / "key"
    ring = Keyring.generate(place)
    monkeypatch.setenv("VG_KEY", place.read_text())
    running = State(url, Keyring.from_env("VG_KEY"))
    rotate([State(url, ring).database], ring)
    with pytest.raises(WrongKey, match="environment variable and start"):
        running.keystore.get("owner", "new")
    with pytest.raises(WrongKey, match="environment variable and start"):
        State(url, Keyring.from_env("VG_KEY"))


def test_a_newer_root_is_not_used_before_a_rotation(tmp_path: Path) -> None:
    """A new root can be given to one guard after the other: until a rotation all read what any of them makes."""
    url = f"sqlite:///{tmp_path}/state.db"
    old = State(url, Keyring.from_callable(lambda: _ring_of(b"a" * 32)))
    new = State(url, Keyring.from_callable(lambda: _ring_of(b"a" * 32, b"b" * 32)))
    assert old.keystore.get("owner", "one") == new.keystore.get("owner", "one")
    assert new.keystore.get("owner", "two") == old.keystore.get("owner", "two")


@pytest.mark.parametrize("source", ["environment", "callable", "memory"])
def test_a_keyring_that_cannot_be_written_must_hold_the_new_root(
    source: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Rotating with one root from anywhere but a file is refused, says what to do, and changes nothing."""
    monkeypatch.setenv("VG_KEY", Keyring.generate(tmp_path / "key") and (tmp_path / "key").read_text())
    ring = {
        "environment": lambda: Keyring.from_env("VG_KEY"),
        "callable": lambda: Keyring.from_callable(lambda: b"a" * 32),
        "memory": Keyring.ephemeral,
    }[source]()
    state = State(":memory:", ring)
    with pytest.raises(KeyringError, match={"environment": "variable", "callable": "service"}.get(source, "process")):
        rotate([state.database], ring)
    assert inventory(state.database, ring).sound
    assert [each.root for each in inventory(state.database, ring).held] == [ring.current.id]


# ------------------------------------------------------------------------------------------------ what stops it


def test_a_key_that_does_not_open_keeps_the_old_root(place: Place) -> None:
    """One damaged key stops the rotation before anything is destroyed, and the inventory counts it."""
    with contextlib.closing(sqlite3.connect(place.folder / "state" / "state.db")) as raw, raw:
        raw.execute("update vg_keys set wrapped = zeroblob(60) where subject = 'owner 3'")
    before = place.roots()
    for _ in range(2):
        with pytest.raises(WrongKey):
            place.rotated()
    assert place.roots()[:1] == before
    assert len(place.roots()) == 2
    del place.keys["owner", "owner 3"]
    assert place.found() == place.keys
    with place.opened() as state:
        counted = inventory(state.database, place.ring())
    assert sum(each.closed for each in counted.held) == 1
    assert not counted.sound


def test_only_one_process_rotates_at_a_time(place: Place) -> None:
    """Two at once would each write a root that the other does not know of: the second is refused, and works later."""
    with place.opened() as state:
        rotation = rotating([state.database], place.ring())
        next(rotation)
        with pytest.raises(KeyringError, match="another process"):
            place.rotated()
        rotation.close()
    assert place.rotated().resumed


def test_a_keyring_from_before_a_rotation_starts_from_what_the_file_says(place: Place) -> None:
    """A process that has the old root in memory rotates to a new one, and not back to a root that is gone."""
    stale = place.ring()
    place.rotated()
    before = place.roots()
    with place.opened() as state:
        assert not rotate([state.database], stale).resumed
    _rotated_whole(place, before)


def test_a_file_that_somebody_else_changes_meanwhile_keeps_its_roots(place: Place) -> None:
    """An editor takes no lock: if another root is current when old ones are to go, none goes."""
    with place.opened() as state:
        rotation = rotating([state.database], place.ring())
        while next(rotation) != "moved":
            pass
        body = json.loads(place.file.read_text())
        place.file.write_text(json.dumps(body | {"current": body["roots"][0]["id"]}))
        with pytest.raises(KeyringError, match="nothing was removed"):
            next(rotation)
    assert len(place.roots()) == 2
    assert place.found() == place.keys


def test_a_stray_file_of_a_killed_process_is_cleared_away(place: Place) -> None:
    """What lies half written beside the key file holds a root, and goes with the next rotation; nothing else does."""
    for name in (".key.0123456789abcdef.new", ".key.mine", "other"):
        (place.file.parent / name).write_text("x")
    place.rotated()
    assert {each.name for each in place.file.parent.iterdir()} == {"key", ".key.mine", "other"}


def test_the_inventory_tells_roots_that_are_missing(place: Place, tmp_path: Path) -> None:
    """With a keyring of another root nothing opens and the key check fails; nothing is changed by looking."""
    stranger = Keyring.generate(tmp_path / "stranger")
    with place.opened() as state:
        counted = inventory(state.database, stranger)
        assert inventory(state.database, place.ring()).sound
    assert not counted.checked
    assert sum(each.closed for each in counted.held) == sum(each.count for each in counted.held) == len(place.keys)
    assert {each.kind for each in counted.held} == {"owner", "collection", "state"}
