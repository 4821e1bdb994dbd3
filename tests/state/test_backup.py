"""Backups: whole, private, refused by guards, and restored without what was erased since."""

from __future__ import annotations

import base64
import sqlite3
import stat
import subprocess
import sys
import time
from collections.abc import Callable
from functools import partial
from pathlib import Path
from typing import Any

import pytest
from sqlalchemy import delete, insert, select

from vecguard import Guard, Keyring, Policy, Principal, Scrub, StateError, WrongKey
from vecguard.rules.grant import Grantee
from vecguard.state import State, schema, tables, tombstones
from vecguard.state.backup import backup
from vecguard.state.database import Database
from vecguard.state.restore import Identity, Restored, identity, restore
from vecguard.state.tombstones import Kind, Tombstone, Tombstones, row_subject

from .test_upgrade import ID, OWNER, old
from .test_upgrade import KEYS as OLD_KEYS

SCRUBBED = Policy(scrub=Scrub(model="none", entities=("EMAIL_ADDRESS",)))
ANN, BEN = "ann@example.com", "ben@example.com"
CHANGED = {"vg_epochs", "vg_facts", "vg_audit", "vg_audit_heads"}  # leapt, and one line more


@pytest.fixture
def keys() -> Keyring:
    return Keyring.ephemeral()


@pytest.fixture
def desk(desk_of: Callable[..., Any], keys: Keyring, state_url: str) -> Any:
    """Two owners with records, originals, and rows shared with each other."""
    made = desk_of(SCRUBBED, keys=keys, state=state_url)
    for owner in ("alice", "bob"):
        made.write([f"{owner} 1", f"{owner} 2"], [f"write to {ANN}", f"and to {BEN}"], who=owner)
    made.guard.rules.grant("alice", readers=["bob"])
    made.guard.rules.grant("bob", readers=["alice"])
    return made


@pytest.fixture(params=["file", "postgresql"])
def empty(request: pytest.FixtureRequest, tmp_path: Path) -> str:
    """Another database, with nothing in it."""
    if request.param == "file":
        return f"sqlite:///{tmp_path / 'restored.db'}"
    url: str = request.getfixturevalue("postgres").new()
    return url


def taken(desk: Any, path: Path) -> Path:
    backup(desk.guard.state.database, path)
    return path


def today(database: Database, whose: Identity) -> list[Tombstone]:
    return database.look(lambda connection: tombstones.of(connection, whose.id))


def restored(path: Path, url: str, keys: Keyring, given: Any, **options: Any) -> Restored:
    database = Database(url, as_it_is=True)
    try:
        return restore(path, database, keys, given, **options)
    finally:
        database.close()


def rows(database: Database) -> dict[str, list[Any]]:
    def read(connection: Any) -> dict[str, list[Any]]:
        return {
            each.name: sorted(map(repr, connection.execute(select(each)).tuples()))
            for each in tables.metadata.sorted_tables
        }

    return database.look(read)


# ------------------------------------------------------------------------------------------------------ backing up


def test_a_backup_is_one_private_file_with_every_row(desk: Any, tmp_path: Path) -> None:
    path = taken(desk, tmp_path / "out" / ".." / "backup.vgb") if (tmp_path / "out").mkdir() is None else None
    assert path is not None
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    copy = Database(f"sqlite:///{path}", as_it_is=True)
    found, there = rows(copy), rows(desk.guard.state.database)
    copy.close()
    mark = [each for each in found["vg_facts"] if schema.BACKUP in each]
    assert len(mark) == 1
    found["vg_facts"].remove(mark[0])
    assert found == there
    assert sum(map(len, there.values())) > 20
    assert sorted(each.name for each in tmp_path.iterdir() if "backup" in each.name) == ["backup.vgb"]


def test_nothing_is_overwritten_and_nothing_half_written_stays(desk: Any, tmp_path: Path) -> None:
    path = tmp_path / "backups" / "backup.vgb"
    path.parent.mkdir()
    path.write_bytes(b"mine")
    with pytest.raises(StateError, match="already"):
        taken(desk, path)
    assert path.read_bytes() == b"mine"
    with pytest.raises(StateError):
        taken(desk, tmp_path / "nowhere" / "backup.vgb")
    assert [each.name for each in path.parent.iterdir()] == ["backup.vgb"]


def test_a_backup_is_of_one_moment_while_guards_write(desk: Any, keys: Keyring, tmp_path: Path) -> None:
    """Each write counts both rows up in one transaction: a backup never shows one without the other."""
    url = desk.guard.state.database._engine.url.render_as_string(hide_password=False)
    code = (
        "import sys; from sqlalchemy import text; from vecguard.state.database import Database\n"
        "d = Database(sys.argv[1]); print('on', flush=True)\n"
        "while True: d.run(lambda c: c.execute(text(\"update vg_epochs set epoch = epoch + 1 where uid = 'x'\")))\n"
    )
    pair = [{"uid": "x", "owner": each, "epoch": 0} for each in ("1", "2")]
    desk.guard.state.database.run(lambda connection: connection.execute(insert(tables.epochs), pair))
    with subprocess.Popen([sys.executable, "-c", code, url], stdout=subprocess.PIPE) as child:
        try:
            assert child.stdout is not None
            child.stdout.readline()
            seen = set()
            for number in range(5):
                path = taken(desk, tmp_path / f"{number}.vgb")
                with sqlite3.connect(path) as raw:
                    epochs = [row[0] for row in raw.execute("select epoch from vg_epochs where uid = 'x'")]
                raw.close()
                assert len(set(epochs)) == 1
                seen.add(epochs[0])
                time.sleep(0.02)
        finally:
            child.kill()
    assert len(seen) > 1


def test_no_guard_opens_a_backup(desk: Any, keys: Keyring, tmp_path: Path) -> None:
    path = taken(desk, tmp_path / "backup.vgb")
    before = path.read_bytes()
    with pytest.raises(StateError, match="vecguard state restore"):
        Guard(SCRUBBED, keys=keys, state=f"sqlite:///{path}")
    with pytest.raises(StateError, match="already"):
        backup(Database(f"sqlite:///{path}", as_it_is=True), tmp_path / "again.vgb")
    assert not (tmp_path / "again.vgb").exists()
    with sqlite3.connect(path) as raw:
        assert raw.execute("select count(*) from vg_facts where name = 'backup'").fetchone() == (1,)
    raw.close()
    assert len(before) <= len(path.read_bytes())


# ------------------------------------------------------------------------------------------------------- restoring


def test_what_was_not_erased_comes_back_and_goes_on(
    desk: Any, keys: Keyring, empty: str, tmp_path: Path, desk_of: Callable[..., Any]
) -> None:
    """From any database to any: records are read, originals restored, rules hold, the log is whole."""
    path = taken(desk, tmp_path / "backup.vgb")
    done = restored(path, empty, keys, partial(today, desk.guard.state.database))
    assert (done.erased, done.dropped) == (0, 0)
    database = Database(empty)
    before, after = rows(desk.guard.state.database), rows(database)
    database.close()
    assert all(before[name] == after[name] for name in before.keys() - CHANGED)
    again = desk_of(SCRUBBED, keys=keys, state=empty, store=desk.store)
    doctor = Principal("alice", permissions=frozenset({"pii:restore"}))
    assert again.texts(doctor)["alice 1"] == f"write to {ANN}"
    assert len(again.texts("bob")) == 4
    again.write(["alice 3"], ["after"])
    assert len(again.texts("alice")) == 5
    assert again.guard.state.audit.verify() == []


def wrapped_keys(desk: Any, owner: str) -> list[bytes]:
    digest = desk.guard.state.digest(owner)
    wanted = select(tables.keys.c.wrapped).where(tables.keys.c.subject == digest)
    found: list[bytes] = desk.guard.state.database.look(lambda connection: connection.execute(wanted).scalars().all())
    return found


def erase(desk: Any, owner: str) -> None:
    """What an erasure does to the state: keys, originals and grants go, and are buried, in one transaction."""
    state = desk.guard.state
    digest = state.digest(owner)
    grantee = state.names.mac("grantee", "user", owner).hex()

    def work(connection: Any) -> None:
        for kind in ("vault", "owner"):
            state.keystore.shred(connection, kind, digest)
        state.vault.empty(connection, digest)
        grants = tables.grants
        connection.execute(delete(grants).where((grants.c.owner == digest) | (grants.c.grantee == grantee)))
        Tombstones.bury(connection, "grantee", grantee)

    state.database.run(work)


def test_an_owner_that_was_erased_after_the_backup_stays_erased(
    desk: Any, keys: Keyring, empty: str, tmp_path: Path, desk_of: Callable[..., Any]
) -> None:
    """Neither through a guard, nor by SQL, nor in the bytes of the new file; the other owner has everything."""
    path, secrets = taken(desk, tmp_path / "backup.vgb"), wrapped_keys(desk, "alice")
    assert len(secrets) == 3
    assert all(each in path.read_bytes() for each in secrets)
    erase(desk, "alice")
    done = restored(path, empty, keys, partial(today, desk.guard.state.database))
    assert done.erased == 3
    again = desk_of(SCRUBBED, keys=keys, state=empty, store=desk.store)
    assert again.texts(Principal("alice", permissions=frozenset({"pii:restore"}))) == {}
    assert set(again.texts("bob")) == {"bob 1", "bob 2"}
    digest = desk.guard.state.digest("alice")
    with again.guard.state.database.begin() as connection:
        for table, column in (("keys", "subject"), ("vault", "owner"), ("references", "owner"), ("grants", "owner")):
            each = getattr(tables, table)
            assert connection.execute(select(each).where(each.c[column] == digest)).first() is None, table
            assert connection.execute(select(each)).first() is not None, table
    again.guard.close()
    if empty.startswith("sqlite"):
        for file in tmp_path.glob("restored.db*"):
            for secret in secrets:
                for spelled in (secret, base64.b64encode(secret), secret.hex().encode()):
                    assert spelled not in file.read_bytes(), file.name


def test_an_owner_that_came_back_before_the_backup_is_not_erased_again(
    desk: Any, keys: Keyring, empty: str, tmp_path: Path, desk_of: Callable[..., Any]
) -> None:
    """A tombstone that the backup has was followed already: what was written after it is a new life."""
    erase(desk, "alice")
    fresh = desk_of(SCRUBBED, keys=keys, state=desk.guard.state.database._engine.url.render_as_string(False))
    fresh.write(["new"], ["a new life"])
    path = taken(fresh, tmp_path / "backup.vgb")
    done = restored(path, empty, keys, partial(today, fresh.guard.state.database))
    assert done.erased == 0
    assert desk_of(SCRUBBED, keys=keys, state=empty, store=fresh.store).texts() == {"new": "a new life"}
    erase(fresh, "alice")  # and erased again after the backup, it goes
    other = f"sqlite:///{tmp_path / 'third.db'}"
    assert restored(path, other, keys, partial(today, fresh.guard.state.database)).erased == 3
    assert desk_of(SCRUBBED, keys=keys, state=other, store=fresh.store).texts() == {}


def test_shredded_originals_stay_shredded(
    desk: Any, keys: Keyring, empty: str, tmp_path: Path, desk_of: Callable[..., Any]
) -> None:
    """All of one owner, and of another those that concern one person; texts stay, with tokens."""
    path = taken(desk, tmp_path / "backup.vgb")
    assert desk.guard.shred("alice") == 2
    assert desk.guard.shred("bob", [ANN]) == 1
    restored(path, empty, keys, partial(today, desk.guard.state.database))
    again = desk_of(SCRUBBED, keys=keys, state=empty, store=desk.store)
    alice, bob = (Principal(name, permissions=frozenset({"pii:restore"})) for name in ("alice", "bob"))
    own = again.texts(alice)
    assert ANN not in str(own["alice 1"])
    assert BEN not in str(own["alice 2"])
    his = again.texts(bob)
    assert ANN not in str(his["bob 1"])
    assert his["bob 2"] == f"and to {BEN}"


def test_an_original_goes_with_the_last_record_that_was_erased(
    desk: Any, keys: Keyring, empty: str, tmp_path: Path
) -> None:
    state = desk.guard.state
    path = taken(desk, tmp_path / "backup.vgb")
    references = tables.references.c
    digest = state.digest("alice")
    found = state.database.look(
        lambda connection: connection.execute(
            select(references.uid, references.row, references.token).where(references.owner == digest)
        ).all()
    )
    uid, row, token = found[0]
    state.database.run(lambda connection: Tombstones.bury(connection, "row", row_subject(uid, row)))
    restored(path, empty, keys, partial(today, state.database))
    database = Database(empty)
    left = [row for row in rows(database)["vg_vault"] if digest in row]
    assert len(left) == 1
    assert token not in left[0]
    assert len([each for each in rows(database)["vg_references"] if digest in each]) == 1
    database.close()


def test_a_write_that_was_open_is_not_carried_out_again(
    desk: Any, keys: Keyring, empty: str, tmp_path: Path, desk_of: Callable[..., Any]
) -> None:
    """It was settled after the backup and its record deleted: carrying it out again would bring the record back."""
    flow = desk.writing(desk.draft(["gone"], ["a secret"]))
    flow.send(None)
    flow.send([])
    path = taken(desk, tmp_path / "backup.vgb")
    flow.close()
    desk.settle()
    desk.forget(["gone"])
    done = restored(path, empty, keys, partial(today, desk.guard.state.database))
    assert done.dropped == 1
    again = desk_of(SCRUBBED, keys=keys, state=empty, store=desk.store)
    again.settle()
    assert "gone" not in again.texts()


def test_what_a_guard_has_in_memory_is_not_taken_for_the_restored_state(
    desk: Any, keys: Keyring, empty: str, tmp_path: Path
) -> None:
    """Epochs leap past every number that a guard may have seen, and never to the same one twice."""
    path = taken(desk, tmp_path / "backup.vgb")
    seen = []
    for url in (empty, f"sqlite:///{tmp_path / 'other.db'}"):
        restored(path, url, keys, partial(today, desk.guard.state.database))
        database = Database(url)
        seen.append(database.look(lambda connection: list(connection.execute(select(tables.epochs.c.epoch)).scalars())))
        unknown = database.look(lambda connection: set(connection.execute(select(tables.epochs.c.digest)).scalars()))
        assert unknown == {None}
        database.close()
    assert all(epoch > 1 << 32 for epochs in seen for epoch in epochs)
    assert not set(seen[0]) & set(seen[1])


# -------------------------------------------------------------------------------------------------------- refusals


def test_without_tombstones_it_is_refused_or_audited(desk: Any, keys: Keyring, empty: str, tmp_path: Path) -> None:
    path = taken(desk, tmp_path / "backup.vgb")
    with pytest.raises(StateError, match="reason"):
        restored(path, empty, keys, None)
    restored(path, empty, keys, None, reason="the disk burnt")
    state = State(empty, keys)
    said = [each.split(", ") for each in rows(state.database)["vg_audit"] if "'state'" in each]
    assert len(said) == 1
    assert repr(state.digest("reason:the disk burnt")[:32]) in said[0]
    assert state.audit.verify() == []
    state.close()


def test_tombstones_that_are_older_than_the_backup_are_refused(
    desk: Any, keys: Keyring, empty: str, tmp_path: Path
) -> None:
    database = desk.guard.state.database
    desk.guard.shred("bob")
    earlier = Tombstones(database).all()
    desk.guard.shred("alice")
    path = taken(desk, tmp_path / "backup.vgb")
    for given in (earlier, []):
        with pytest.raises(StateError, match="older"):
            restored(path, empty, keys, lambda _, given=given: given)
    assert Database(empty, as_it_is=True).look(schema.version) is None


def test_only_an_empty_database_is_restored_into(desk: Any, keys: Keyring, empty: str, tmp_path: Path) -> None:
    path = taken(desk, tmp_path / "backup.vgb")
    State(empty, keys).close()
    with pytest.raises(StateError, match="empty"):
        restored(path, empty, keys, partial(today, desk.guard.state.database))


def test_another_key_another_state_and_another_file_are_refused(desk: Any, keys: Keyring, tmp_path: Path) -> None:
    path, url = taken(desk, tmp_path / "backup.vgb"), f"sqlite:///{tmp_path / 'new.db'}"
    other = State(":memory:", keys)
    with pytest.raises(WrongKey):
        restored(path, url, Keyring.ephemeral(), partial(today, desk.guard.state.database))
    with pytest.raises(StateError, match="another state"):
        restored(path, url, keys, partial(today, other.database))
    State(f"sqlite:///{tmp_path / 'plain.db'}", keys).close()
    (tmp_path / "noise").write_bytes(b"noise" * 1_000)
    for name in ("plain.db", "noise", "missing"):
        with pytest.raises(StateError):
            restored(tmp_path / name, url, keys, lambda _: [])
    assert not (tmp_path / "new.db").exists() or Database(url, as_it_is=True).look(schema.version) is None


def test_a_restoration_that_fails_leaves_nothing(desk: Any, keys: Keyring, empty: str, tmp_path: Path) -> None:
    """A row that the tables refuse, at the end of everything: the database is empty afterwards, and can be used."""
    path = taken(desk, tmp_path / "backup.vgb")
    with sqlite3.connect(path) as raw:  # the last table of all, with a row in it that has no value
        raw.execute("alter table vg_vault rename to vault")
        raw.execute("create table vg_vault as select * from vault")
        raw.execute("drop table vault")
        raw.execute("insert into vg_vault (owner, token) values ('o', 't')")
    raw.close()
    with pytest.raises(StateError, match="could not be used"):
        restored(path, empty, keys, partial(today, desk.guard.state.database))
    database = Database(empty, as_it_is=True)
    assert database.look(schema.version) is None
    database.close()


def test_a_backup_of_an_old_state_is_restored_at_the_present_version(tmp_path: Path, empty: str) -> None:
    source = old(tmp_path / "old.db")
    with sqlite3.connect(tmp_path / "old.db") as raw:
        root = OLD_KEYS.current
        from vecguard.state.keystore import wrapped

        raw.execute(
            "insert into vg_keys values ('state', ?, ?, ?, 1)", (ID, root.id, wrapped(root, OWNER, "state", ID))
        )
    raw.close()
    database = Database(source, as_it_is=True)
    assert backup(database, tmp_path / "old.vgb").version == "0001"
    database.close()
    restored(tmp_path / "old.vgb", empty, OLD_KEYS, None, reason="from an older VecGuard")
    state = State(empty, OLD_KEYS)
    assert state.id == ID
    assert state.keystore.find("owner", "alice") == OWNER
    assert state.epochs.epoch("u", "owner 299") > 1 << 32
    state.close()


# ------------------------------------------------------------------------------------------------ lists of tombstones


def test_a_list_of_tombstones_is_read_back_whole_or_not_at_all(desk: Any, keys: Keyring) -> None:
    database = desk.guard.state.database
    desk.guard.shred("alice")
    desk.guard.shred("bob", [ANN])
    whose = database.look(lambda connection: identity(connection, keys))
    found = Tombstones(database).all()
    assert {each.kind for each in found} == {"vault", "original"}
    lines = list(tombstones.written(found, whose.id, whose.key))
    assert tombstones.read(lines, whose.id, whose.key) == found
    changed = [
        lines[:-1],
        lines[:1] + lines[2:],
        [*lines[:1], *lines[1:-1][::-1], lines[-1]],
        [lines[0], lines[1].replace("vault", "owner").replace("original", "owner"), *lines[2:]],
        [*lines[:-1], '{"mac": "00"}'],
        [lines[0].replace(whose.id, "0" * 32), *lines[1:]],
        [*lines, lines[1]],
        ["", "[]"],
        [],
    ]
    for each in changed:
        with pytest.raises(StateError):
            tombstones.read(each, whose.id, whose.key)
    with pytest.raises(StateError):
        tombstones.read(lines, "0" * 32, whose.key)


def test_what_is_erased_twice_is_buried_anew(state_url: str) -> None:
    """Even by a clock that was set back: the second burial is the later one."""
    database = Database(state_url)
    graves = Tombstones(database)
    kind: Kind = "owner"
    assert not graves.buried(kind, "a")
    at = []
    for _ in range(3):
        database.run(lambda connection: Tombstones.bury(connection, kind, "a", "b", "a"))
        at.append(graves.all()[0].at)
    assert at == sorted(set(at))
    assert graves.buried(kind, "a")
    assert not graves.buried("vault", "a")
    assert len(graves.all()) == 2
    database.close()


def test_a_tombstone_is_buried_with_the_deed_or_not_at_all(desk: Any) -> None:
    database, digest = desk.guard.state.database, desk.guard.state.digest("alice")

    def fails(connection: Any) -> None:
        desk.guard.state.keystore.shred(connection, "vault", digest)
        raise RuntimeError

    with pytest.raises(RuntimeError):
        database.run(fails)
    assert not Tombstones(database).buried("vault", digest)
    desk.guard.shred("alice")
    assert Tombstones(database).buried("vault", digest)


def test_grantees_are_digested_as_rules_digest_them(desk: Any) -> None:
    """An erasure buries a grantee under the digest by which its grants are found."""
    wanted = desk.guard.state.names.mac("grantee", "user", "bob").hex()
    assert desk.guard.state.grants._grantee(Grantee("user", "bob")) == wanted
