"""`vecguard retention`, `vecguard state owners`, and a purge on the command line that names nobody."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner, Result

from vecguard import Guard, Keyring, retain_for
from vecguard.cli import app
from vecguard.testing import word_hash

TOML = """
[guard]
state = "sqlite:///{folder}/state.db"

[keys]
file = "{folder}/key"

[policy.retention]
days = 365
field = "expires_at"

[policy.scrub]
enabled = false
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    Keyring.generate(tmp_path / "key")
    path = tmp_path / "guard.toml"
    path.write_text(TOML.format(folder=tmp_path))
    return path


def _ran(*arguments: str | Path, given: str = "") -> Result:
    return CliRunner().invoke(app, [*map(str, arguments)], input=given)


def test_a_retention_is_set_listed_and_cleared(configuration: Path) -> None:
    """What it does not change is said with it; the policy's holds where it is shorter."""
    done = _ran("retention", "set", "alice", "--days", "30", "--config", configuration)
    assert done.exit_code == 0, done.output
    assert "its time" in done.output
    done = _ran("retention", "set", "bob", "--days", "1000", "--config", configuration)
    assert "365 day(s), which is shorter" in done.output.replace("\n", " ")
    listed = json.loads(_ran("retention", "list", "--json", "--config", configuration).output)
    assert listed == {"policy": 365.0, "owners": {"alice": 30.0, "bob": 1000.0}}
    assert "alice" in _ran("retention", "list", "--config", configuration).output
    assert _ran("retention", "clear", "bob", "--config", configuration).exit_code == 0
    assert "Nothing was set" in _ran("retention", "clear", "bob", "--config", configuration).output
    listed = json.loads(_ran("retention", "list", "--json", "--config", configuration).output)
    assert listed["owners"] == {"alice": 30.0}
    guard = Guard.from_toml(configuration)
    assert guard.state.audit.verify() == []
    guard.close()


@pytest.mark.parametrize("days", ["0", "-1", "nan", "inf"])
def test_days_that_are_none_are_one_line(days: str, configuration: Path) -> None:
    done = _ran("retention", "set", "alice", "--days", days, "--config", configuration)
    assert done.exit_code != 0
    assert "Traceback" not in done.output
    assert json.loads(_ran("retention", "list", "--json", "--config", configuration).output)["owners"] == {}


def test_owners_are_listed_and_what_expired_of_them_is_purged(configuration: Path, tmp_path: Path) -> None:
    """Nobody is named; a file may still name some, and one that names nobody is a mistake and not everybody."""
    import faiss

    from vecguard_faiss import GuardedFaissCollection

    guard = Guard.from_toml(configuration)
    place = tmp_path / "store" / "index"
    place.parent.mkdir()
    notes = GuardedFaissCollection(faiss.IndexFlatIP(16), guard, path=place)
    vectors = word_hash(16)(["one", "two"])
    with retain_for(days=1e-9):
        notes.acting_for("alice").add(ids=["a", "b"], embeddings=vectors)
    notes.acting_for("bob").add(ids=["a", "b"], embeddings=vectors)
    notes.save()
    guard.close()
    state, key = f"sqlite:///{tmp_path}/state.db", tmp_path / "key"
    listed = _ran("state", "owners", "--state", state, "--key", key)
    assert sorted(listed.output.split()) == ["alice", "bob"]
    assert "2 owner(s)." in _ran("state", "status", "--state", state).output
    command = ("erase", "--expired", "--config", configuration, "--store", f"faiss:{place}", "--yes")
    done = _ran(*command, "--owners-file", "-", given="\n")
    assert done.exit_code == 1
    assert "names nobody" in done.output
    done = _ran(*command, "--owner", "alice")
    assert done.exit_code == 1
    done = _ran(*command, "--owners-file", "-", given="bob\n")
    assert "0 row(s), 2 expired rows left" in done.output
    done = _ran(*command)
    assert done.exit_code == 0, done.output
    assert "2 row(s)" in done.output
    assert "alice" not in done.output
