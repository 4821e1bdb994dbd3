"""`vecguard audit`: the commands as somebody at a terminal uses them, on a real state in a file."""

from __future__ import annotations

import json
import sqlite3
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vecguard import Guard, Keyring, config
from vecguard.cli import app
from vecguard.evidence.anchors import Anchor, Due
from vecguard.flow import drive
from vecguard.principal import Acting
from vecguard.records import Ask, Draft, RecordId
from vecguard.testing import MemoryStore, word_hash

TOML = """
[guard]
state = "sqlite:///{folder}/state.db"

[keys]
file = "{folder}/keys/root"

[policy.scrub]
enabled = false

[[rules]]
owner = "acme"
readers = ["bob"]
"""


@pytest.fixture
def kept() -> list[Anchor]:
    return []


@pytest.fixture
def configuration(tmp_path: Path, kept: list[Anchor]) -> Path:
    """A guard's file and the log of a small day: three owners write, bob reads what two of them share."""
    (tmp_path / "keys").mkdir()
    Keyring.generate(tmp_path / "keys" / "root")
    path = tmp_path / "guard.toml"
    path.write_text(TOML.format(folder=tmp_path))
    guard = Guard(**{**config.without_embedder(path), "embedder": word_hash(16)})
    guard.state.audit.keep_outside(kept.append, Due(lines=2, seconds=1e9))
    store = MemoryStore()
    shelf = guard.shelf(store.traits)
    for owner in ("alice", "acme", "carol"):
        ids = tuple(RecordId.text(f"{owner}{n}") for n in range(3))
        draft = Draft("insert", ids, ("a note", "two", "three"), ({},) * 3)
        drive(guard.write(draft, shelf, Acting.of(owner), guard.embedding), store)
    guard.rules.grant("alice", readers=["bob"], max_results=2)
    for _ in range(2):
        drive(guard.read(Ask(), shelf, Acting.of("bob"), guard.embedding), store)
    guard.close()
    return path


def _said(*arguments: str | Path, status: int = 0) -> str:
    result = CliRunner().invoke(app, ["audit", *map(str, arguments)])
    assert result.exit_code == status, result.output
    return result.output


def _json(*arguments: str | Path, status: int = 0) -> Any:
    return json.loads(_said(*arguments, "--json", status=status))


def _tamper(configuration: Path, statement: str) -> None:
    with sqlite3.connect(configuration.parent / "state.db") as raw:
        raw.execute(statement)


def test_verify_says_what_it_looked_at(configuration: Path) -> None:
    """Chains, lines, times; status 0."""
    found = _json("verify", "--config", configuration)
    assert found["holds"]
    assert [each["lines"] for each in found["chains"]] == [3 + 1 + 6]
    assert "10 line(s) hold" in _said("verify", "--config", configuration)


def test_verify_fails_and_names_the_place(configuration: Path) -> None:
    """Status 1, in words and in JSON."""
    _tamper(configuration, "update vg_audit set principal = owner where number in (6, 7)")
    assert "lines 6 to 7" in _said("verify", "--config", configuration, status=1).replace("\n", " ")
    (found,) = _json("verify", "--config", configuration, status=1)["breaks"]
    assert (found["number"], found["last"], found["reason"]) == (6, 7, "a line was changed")


def test_verify_with_anchors_finds_a_log_that_went_back(configuration: Path, kept: list[Anchor]) -> None:
    """A syslog is good enough to keep them in."""
    syslog = configuration.parent / "syslog"
    syslog.write_text("".join(f"Nov 21 17:00:0{n} host app[7]: {each}\n" for n, each in enumerate(kept)))
    assert "with 4 anchor(s)" in _said("verify", "--config", configuration, "--anchors", syslog)
    old = kept[1]
    _tamper(configuration, f"delete from vg_audit where number > {old.number}")
    _tamper(configuration, f"update vg_audit_heads set number = {old.number}, mac = x'{old.mac}'")
    _said("verify", "--config", configuration)
    said = _said("verify", "--config", configuration, "--anchors", syslog, status=1)
    assert "behind an anchor" in said.replace("\n", " ")


def test_a_state_that_is_not_there_is_not_made(configuration: Path, tmp_path: Path) -> None:
    """A new one would hold, with no lines: a mistyped path must not pass for a good log."""
    configuration.write_text(configuration.read_text().replace("state.db", "other.db"))
    for command in (["verify"], ["show"], ["export", tmp_path / "x"], ["affected", "--principal", "bob"]):
        assert "no state database" in _said(*command, "--config", configuration, status=1).replace("\n", " ")
    assert not (tmp_path / "other.db").exists()
    configuration.write_text(configuration.read_text().replace(f"sqlite:///{tmp_path}/other.db", ":memory:"))
    assert "memory" in _said("verify", "--config", configuration, status=1)


def test_show_finds_lines_by_name_time_and_action(configuration: Path) -> None:
    """Names are given by whoever asks; the log has none."""
    found = _json("show", "--principal", "bob", "--action", "read", "--config", configuration)
    assert [(each["count"], each["detail"]) for each in found["lines"]] == [(0, ""), (2, "shared"), (3, "shared")] * 2
    assert _json("show", "--owner", "alice", "--config", configuration)["count"] == 1 + 1 + 2
    assert _json("show", "--owner", "nobody", "--config", configuration)["count"] == 0
    assert _json("show", "--until", "2020-01-01", "--config", configuration)["count"] == 0
    assert _json("show", "--since", "2020-01-01", "--last", "4", "--config", configuration)["count"] == 10
    assert [each["number"] for each in _json("show", "--last", "2", "--config", configuration)["lines"]] == [9, 10]


def test_show_fits_a_terminal(configuration: Path) -> None:
    """Eighty columns, nothing cut off."""
    said = _said("show", "--config", configuration)
    assert "10 of 10 line(s)" in said
    assert "read (shared)" in said
    assert "…" not in said
    assert max(map(len, said.splitlines())) <= 80


def test_export_is_verified_without_the_state(configuration: Path) -> None:
    """The database may be gone; a line changed in the file is found."""
    file = configuration.parent / "log.jsonl"
    _said("export", file, "--config", configuration)
    (configuration.parent / "state.db").unlink()
    assert _json("verify", "--export", file, "--config", configuration)["holds"]
    file.write_text(file.read_text().replace('"count": 2', '"count": 1'))
    assert (
        len(_json("verify", "--export", file, "--config", configuration, status=1)["breaks"]) == 3
    )  # a grant, and a line of each read


def test_affected_tells_whom_to_tell(configuration: Path) -> None:
    """Owners that rules name are named; with their names at hand, all are."""
    found = _json("affected", "--principal", "bob", "--config", configuration)
    assert {(each["name"], each["shared"], each["reads"]) for each in found["owners"]} == {
        ("acme", 6, 2),
        ("alice", 4, 2),
    }
    assert found["log_holds"]
    assert _json("affected", "--principal", "bob", "--until", "2020-01-01", "--config", configuration)["owners"] == []
    owners = configuration.parent / "owners"
    owners.write_text("carol\n\nzoe\n")
    mine = _json("affected", "--principal", "carol", "--owners", owners, "--config", configuration)
    assert mine["owners"] == []
    said = _said("affected", "--principal", "bob", "--config", configuration)
    assert "alice" in said
    assert "carol" not in said


def test_affected_by_a_broken_log_says_so(configuration: Path) -> None:
    """It answers all the same: there may be nothing better. Status 1."""
    _tamper(configuration, "delete from vg_audit where number = 7")
    assert "does not hold" in _said("affected", "--principal", "bob", "--config", configuration, status=1)
    assert not _json("affected", "--principal", "bob", "--config", configuration, status=1)["log_holds"]


def test_affected_says_when_reads_are_not_written_down(configuration: Path) -> None:
    """A policy without lines of reads makes the answer no answer."""
    configuration.write_text(configuration.read_text() + "\n[policy.audit]\nreads = false\n")
    assert "does not write reads down" in _said("affected", "--principal", "bob", "--config", configuration)


def test_report_writes_both_files(configuration: Path) -> None:
    """JSON with all its parts, and a page; status 1, and written all the same, if the log is broken."""
    out = configuration.parent / "a" / "folder"
    _said("report", "--out", out, "--config", configuration)
    found = json.loads((out / "evidence.json").read_text())
    assert found["sections"]["audit"]["figures"]["result"] == "holds"
    assert found["sections"]["policy"]["figures"]["fingerprint"] in (out / "evidence.html").read_text()
    assert "bob" not in (out / "evidence.json").read_text()
    _tamper(configuration, "delete from vg_audit where number = 7")
    _said("report", "--out", out, "--config", configuration, status=1)
    assert "BROKEN" in (out / "evidence.html").read_text()


@pytest.mark.parametrize("command", ["verify", "show", "affected", "report"])
def test_a_mistake_is_one_line(command: str, configuration: Path) -> None:
    """Another key, and no traceback."""
    root = configuration.parent / "keys" / "root"
    root.unlink()
    Keyring.generate(root)
    more = {"affected": ["--principal", "bob"], "report": ["--out", str(configuration.parent / "out")]}
    said = _said(command, *more.get(command, []), "--config", configuration, status=1)
    assert "Error:" in said
    assert "Traceback" not in said
