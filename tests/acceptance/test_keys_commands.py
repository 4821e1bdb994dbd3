"""`vecguard keys`: a root is made, seen and rotated from the command line, and what is wrong is an exit status."""

from __future__ import annotations

import contextlib
import json
import re
import sqlite3
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vecguard import Keyring
from vecguard.cli import app
from vecguard.state import State

TOML = """
[guard]
state = "sqlite:///{folder}/{state}/state.db"

[keys]
file = "{folder}/keys/key"
"""


def _run(*arguments: str | Path, code: int = 0) -> str:
    result = CliRunner(env={"COLUMNS": "200"}).invoke(app, ["keys", *map(str, arguments)])
    assert result.exit_code == code, result.output
    return result.output


def _configured(folder: Path, state: str) -> Path:
    """Make a state with three data keys and a configuration that names it."""
    (folder / state).mkdir(exist_ok=True)
    path = folder / f"{state}.toml"
    path.write_text(TOML.format(folder=folder, state=state))
    opened = State(f"sqlite:///{folder}/{state}/state.db", Keyring.from_file(folder / "keys" / "key"))
    opened.keystore.get("owner", "one")
    opened.keystore.get("collection", "two")
    opened.close()
    return path


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    (tmp_path / "keys").mkdir()
    _run("new", tmp_path / "keys" / "key")
    return _configured(tmp_path, "state")


def _roots(configuration: Path) -> list[str]:
    file = configuration.parent / "keys" / "key"
    return [each["id"] for each in json.loads(file.read_text())["roots"]]


def test_status_shows_ids_and_counts_and_no_key(configuration: Path) -> None:
    """Roots by id, data keys by kind, and nothing of the key file's secrets."""
    said = _run("status", "--config", configuration)
    (root,) = _roots(configuration)
    assert re.search(rf"{root}\s+current, in force\s+3", said)
    for kind in ("owner", "collection", "state"):
        assert re.search(rf"{kind}\s+{root}\s+1\s+\d{{4}}-\d\d-\d\d\s+\d{{4}}-\d\d-\d\d", said)
    assert "mode 0600" in said
    assert "passes" in said
    for each in json.loads((configuration.parent / "keys" / "key").read_text())["roots"]:
        assert each["secret"][:10] not in said


def test_rotating_moves_all_keys_and_status_agrees(configuration: Path) -> None:
    """A new root, three keys moved, the old root gone, and nothing wrong afterwards."""
    before = _roots(configuration)
    said = _run("rotate", "--config", configuration)
    assert "3 data key(s)" in said
    assert "Back up" in said
    (root,) = _roots(configuration)
    assert [root] != before
    assert re.search(rf"{root}\s+current, in force\s+3", _run("status", "--config", configuration))


def test_a_kept_root_is_shown_as_kept(configuration: Path) -> None:
    """With --keep-old the old root stays, nothing is wrong, and the next rotation removes it."""
    before = _roots(configuration)
    assert "still in the key file" in _run("rotate", "--keep-old", "--config", configuration)
    assert _roots(configuration)[:1] == before
    assert re.search(rf"{before[0]}\s+old, kept for backups\s+0", _run("status", "--config", configuration))
    _run("rotate", "--config", configuration)
    assert len(_roots(configuration)) == 1


def test_two_states_with_one_file_move_together(configuration: Path) -> None:
    """Both configurations are given, and both states open afterwards."""
    other = _configured(configuration.parent, "other")
    assert "6 data key(s)" in _run("rotate", "--config", configuration, "--config", other)
    for each in (configuration, other):
        _run("status", "--config", each)


def test_configurations_of_two_key_files_are_refused(configuration: Path, tmp_path: Path) -> None:
    """Nothing is rotated with the wrong keys."""
    other = tmp_path / "other.toml"
    Keyring.generate(tmp_path / "another")
    other.write_text(configuration.read_text().replace("keys/key", "another"))
    before = _roots(configuration)
    assert "same keyring" in _run("rotate", "--config", configuration, "--config", other, code=1)
    assert _roots(configuration) == before


def test_a_state_that_is_not_there_is_not_made(configuration: Path) -> None:
    """A wrong path is an error, not a new state, in both commands."""
    configuration.write_text(configuration.read_text().replace("state.db", "typo.db"))
    for command in ("status", "rotate"):
        assert "no state" in _run(command, "--config", configuration, code=1)
    assert not (configuration.parent / "state" / "typo.db").exists()
    assert len(_roots(configuration)) == 1


def test_a_key_from_the_environment_says_what_to_do(configuration: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """The variable is not ours to change; once it holds a newer root, the same command moves the keys."""
    text = (configuration.parent / "keys" / "key").read_text()
    monkeypatch.setenv("VG_KEYS", text)
    lines = configuration.read_text().splitlines()
    configuration.write_text("\n".join('env = "VG_KEYS"' if line.startswith("file") else line for line in lines))
    assert "variable" in _run("rotate", "--config", configuration, code=1)
    body = json.loads(text)
    Keyring.generate(configuration.parent / "newer")
    newer = json.loads((configuration.parent / "newer").read_text())
    both = {"vecguard": 1, "current": newer["current"], "roots": body["roots"] + newer["roots"]}
    monkeypatch.setenv("VG_KEYS", json.dumps(both))
    assert "not over" in _run("status", "--config", configuration, code=1)
    assert "take the old root out" in _run("rotate", "--config", configuration)
    monkeypatch.setenv("VG_KEYS", json.dumps(newer))
    _run("status", "--config", configuration)


# -------------------------------------------------------------------------------------------------- what is wrong


def test_a_file_that_others_read_is_wrong(configuration: Path) -> None:
    """Exit status 1 and the way out."""
    (configuration.parent / "keys" / "key").chmod(0o644)
    assert "chmod 600" in _run("status", "--config", configuration, code=1)


def test_a_folder_that_others_write_to_is_wrong(configuration: Path) -> None:
    """They could put a key file of their own there."""
    (configuration.parent / "keys").chmod(0o777)
    assert "another file" in _run("status", "--config", configuration, code=1)


def test_a_key_file_beside_the_state_is_wrong(configuration: Path) -> None:
    """In the same folder, and in one below it."""
    folder = configuration.parent
    for place in ("state/key", "state/below/key"):
        (folder / "state" / "below").mkdir(exist_ok=True)
        (folder / place).write_bytes((folder / "keys" / "key").read_bytes())
        (folder / place).chmod(0o600)
        beside = folder / "beside.toml"
        beside.write_text(configuration.read_text().replace("keys/key", place))
        assert "folder of the state" in _run("status", "--config", beside, code=1)


def test_keys_under_a_root_that_is_missing_are_wrong(configuration: Path) -> None:
    """With another key file the check fails and every data key is counted."""
    (configuration.parent / "keys" / "key").unlink()
    _run("new", configuration.parent / "keys" / "key")
    said = _run("status", "--config", configuration, code=1)
    assert "fails" in said
    assert "3 data key(s) are under a root that the keyring lacks" in said
    _run("rotate", "--config", configuration, code=1)
    assert len(_roots(configuration)) == 1


def test_a_damaged_key_is_wrong(configuration: Path) -> None:
    """Each key is tried: one that does not open is counted."""
    with contextlib.closing(sqlite3.connect(configuration.parent / "state" / "state.db")) as raw, raw:
        raw.execute("update vg_keys set wrapped = zeroblob(60) where kind = 'owner'")
    assert "1 data key(s) do not open" in _run("status", "--config", configuration, code=1)


def test_a_rotation_is_audited_before_and_after(configuration: Path) -> None:
    """Who reads the log sees that keys were moved, how many, and to which root."""
    _run("rotate", "--config", configuration)
    with contextlib.closing(sqlite3.connect(configuration.parent / "state" / "state.db")) as connection:
        lines = connection.execute("SELECT action, count, detail FROM vg_audit ORDER BY number").fetchall()
    assert lines == [("rotate", 0, "begun"), ("rotate", 3, f"root {_roots(configuration)[0]}")]
    result = CliRunner().invoke(app, ["audit", "show", "--config", str(configuration)])
    assert result.output.count("rotate (") == 2


def test_a_timer_rotates_a_root_that_is_old_enough(configuration: Path) -> None:
    """Each night the same command: nothing while the root is young, and nothing twice."""
    before = _roots(configuration)
    assert "nothing to do" in _run("rotate", "--older-than", "1", "--config", configuration)
    assert _roots(configuration) == before
    with contextlib.closing(sqlite3.connect(configuration.parent / "state" / "state.db")) as connection, connection:
        connection.execute("UPDATE vg_keys SET created = created - 2 * 86400")
    assert "3 data key(s)" in _run("rotate", "--older-than", "1", "--config", configuration)
    assert _roots(configuration) != before
    assert "nothing to do" in _run("rotate", "--older-than", "1", "--config", configuration)


def test_a_timer_ends_a_rotation_that_was_stopped(configuration: Path) -> None:
    """However young the root is: until then two roots open the state."""
    keyring = Keyring.from_file(configuration.parent / "keys" / "key")
    with keyring.alone():
        keyring.renew()
    assert len(_roots(configuration)) == 2
    assert "ended a rotation" in _run("rotate", "--older-than", "90", "--config", configuration)
    assert len(_roots(configuration)) == 1
