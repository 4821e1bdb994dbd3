"""`vecguard state`: every command run as the documentation writes it."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vecguard import Guard, Keyring, Policy, Scrub
from vecguard.cli import app
from vecguard.principal import Acting
from vecguard.state import State, tables
from vecguard.state.clock import Clock
from vecguard.state.tombstones import Tombstones
from vecguard.testing import word_hash

from .test_upgrade import KEYS, old

UNSCRUBBED = Policy(scrub=Scrub(enabled=False))


def run(*arguments: object, ok: bool = True, **options: Any) -> str:
    done = CliRunner().invoke(app, ["state", *map(str, arguments)], **options)
    said = " ".join(done.output.split())
    assert (done.exit_code == 0) is ok, said
    assert "Traceback" not in said
    return said


@pytest.fixture
def key(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    path = tmp_path / "keys" / "vecguard.key"
    Keyring.generate(path)
    return path


@pytest.fixture
def url(state_url: str, key: Path) -> str:
    """The state of a guard that wrote, and shredded what one owner had in the vault."""
    state = State(state_url, Keyring.from_file(key))
    for owner in ("alice", "bob"):
        state.keystore.get("vault", state.digest(owner))
    state.audit.append(Acting.of("alice"), "write", "u" * 32, 3)
    state.close()
    return state_url


def shred(url: str, key: Path, owner: str) -> None:
    state = State(url, Keyring.from_file(key))
    state.shred(owner)
    state.close()


def test_status_shows_what_there_is_without_a_key(url: str) -> None:
    said = run("status", "--state", url)
    assert f"schema version {tables.SCHEMA} of {tables.SCHEMA}" in said
    assert "vg_keys 4" in said
    assert "No write was left open" in said
    assert said.count("vecguard-audit-anchor") == 1
    assert run("status", env={"VECGUARD_STATE": url}) == said


def test_what_status_calls_an_anchor_verifies(url: str, key: Path) -> None:
    from vecguard.evidence.anchors import Anchor

    anchors = Anchor.among(CliRunner().invoke(app, ["state", "status", "--state", url]).output)
    state = State(url, Keyring.from_file(key))
    assert len(anchors) == 1
    assert state.audit.verify(anchors) == []
    state.close()


def test_status_says_how_old_an_open_write_is(url: str, key: Path, desk_of: Any) -> None:
    desk = desk_of(keys=Keyring.from_file(key), state=url)
    desk.write(["a"], ["text"])
    flow = desk.writing(desk.draft(["b"], ["text"]))
    flow.send(None)
    flow.send([])
    said = run("status", "--state", url)
    assert "1 write(s) begun and not confirmed, the oldest" in said
    flow.close()


def test_status_says_what_faiss_files_do_not_have_yet(url: str, key: Path, tmp_path: Path) -> None:
    faiss, adapter = pytest.importorskip("faiss"), pytest.importorskip("vecguard_faiss")
    guard = Guard(Policy(), keys=Keyring.from_file(key), state=url, embedder=word_hash(24))
    notes = adapter.GuardedFaissCollection(faiss.IndexFlatIP(24), guard, tmp_path / "notes")
    notes.acting_for("alice").upsert(["a"], ["text"])
    said = run("status", "--state", url)
    assert "1 change(s) that FAISS files do not have yet, the oldest" in said
    assert "No write was left open" in said
    notes.save()
    assert "FAISS" not in run("status", "--state", url)
    guard.close()


def test_an_old_state_is_upgraded_with_a_backup_first(tmp_path: Path) -> None:
    url, kept = old(tmp_path / "state.db"), tmp_path / "before.vgb"
    assert "schema version 0001" in run("status", "--state", url)
    said = run("upgrade", "--state", url, "--backup", kept)
    assert f"from version 0001 to {tables.SCHEMA}" in said
    with sqlite3.connect(kept) as raw:
        assert raw.execute("select count(*) from vg_epochs").fetchone() == (300,)
    raw.close()
    State(url, KEYS).close()
    assert "already" in run("upgrade", "--state", url)
    run("upgrade", "--state", old(tmp_path / "second.db"), "--backup", kept, ok=False)
    assert "0001" in run("status", "--state", f"sqlite:///{tmp_path / 'second.db'}")


def test_a_state_is_backed_up_and_restored_from_the_living_one(url: str, key: Path, tmp_path: Path) -> None:
    run("backup", "--state", url, "--out", tmp_path / "monday.vgb")
    shred(url, key, "alice")
    to = f"sqlite:///{tmp_path / 'new.db'}"
    said = run("restore", tmp_path / "monday.vgb", "--to", to, "--live", url, "--key", key)
    assert "1 erasure(s) that came after it were kept" in said
    state = State(to, Keyring.from_file(key))
    assert state.keystore.find("vault", state.digest("alice")) is None
    assert state.keystore.find("vault", state.digest("bob")) is not None
    state.close()


def test_a_state_is_restored_with_a_list_that_was_kept_elsewhere(url: str, key: Path, tmp_path: Path) -> None:
    run("backup", "--state", url, "--out", tmp_path / "monday.vgb")
    shred(url, key, "alice")
    kept = tmp_path / "tombstones.jsonl"
    assert "1 tombstone(s)" in run("tombstones", "--state", url, "--key", key, "--out", kept)
    run("tombstones", "--state", url, "--key", key, "--out", kept, ok=False)
    assert kept.stat().st_mode & 0o077 == 0
    assert [json.loads(each).get("kind") for each in kept.read_text().splitlines()] == [None, "vault", None]
    to = f"sqlite:///{tmp_path / 'new.db'}"
    run("restore", tmp_path / "monday.vgb", "--to", to, "--tombstones", kept, "--key", key)
    state = State(to, Keyring.from_file(key))
    assert state.keystore.find("vault", state.digest("alice")) is None
    assert Tombstones(state.database).buried("vault", state.digest("alice"))
    state.close()
    kept.chmod(0o600)
    kept.write_text(kept.read_text().replace("vault", "owner"))
    run("restore", tmp_path / "monday.vgb", "--to", f"{to}.2", "--tombstones", kept, "--key", key, ok=False)


def test_without_any_of_these_it_is_refused_or_has_a_reason(url: str, key: Path, tmp_path: Path) -> None:
    run("backup", "--state", url, "--out", tmp_path / "monday.vgb")
    given = ("restore", tmp_path / "monday.vgb", "--to", f"sqlite:///{tmp_path / 'new.db'}", "--key", key)
    assert "exactly one" in run(*given, ok=False)
    assert "exactly one" in run(*given, "--live", url, "--no-tombstones", ok=False)
    assert "reason" in run(*given, "--no-tombstones", ok=False)
    run(*given, "--no-tombstones", "--reason", "the list burnt with the house")
    run(*given, "--no-tombstones", "--reason", "again", ok=False)


def test_a_clock_that_ran_ahead_is_set_back(url: str, key: Path) -> None:
    state = State(url, Keyring.from_file(key))
    Clock(state.database, lambda: 4_000_000_000.0)()
    state.close()
    assert "2096" in run("clock", "--state", url)
    assert "key" in run("clock", "--state", url, "--set-back", ok=False)
    assert "2096" in run("clock", "--state", url, "--set-back", "--key", key)
    assert "2096" not in run("clock", "--state", url)
    state = State(url, Keyring.from_file(key))
    assert Clock(state.database)() < 4_000_000_000.0
    assert state.audit.verify() == []
    state.close()


@pytest.mark.parametrize("command", ["status", "backup", "upgrade", "tombstones", "clock"])
def test_what_is_not_there_is_not_made(command: str, key: Path, tmp_path: Path) -> None:
    more = {"backup": ("--out", tmp_path / "b"), "tombstones": ("--out", tmp_path / "t", "--key", key)}.get(command, ())
    run(command, "--state", f"sqlite:///{tmp_path / 'missing.db'}", *more, ok=False)
    assert not (tmp_path / "missing.db").exists()


def test_the_password_of_a_url_is_never_shown(tmp_path: Path) -> None:
    bad = "postgresql+psycopg://someone:hunter2@127.0.0.1:1/state"
    for command in ("status", "upgrade"):
        assert "hunter2" not in run(command, "--state", bad, ok=False)
    with pytest.raises(Exception, match="state") as caught:
        Guard(UNSCRUBBED, keys=Keyring.ephemeral(), state=bad)
    assert "hunter2" not in repr(caught.value)
