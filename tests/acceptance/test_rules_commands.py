"""`vecguard rules`, and rules in a guard's TOML file."""

from __future__ import annotations

import json
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vecguard import Guard, Keyring, Principal, VecGuardError
from vecguard.cli import app

TOML = """
[guard]
state = "sqlite:///{folder}/state.db"

[keys]
file = "{folder}/key"

[[rules]]
owner = "acme"
readers = ["group:auditors"]
writers = ["group:acme-staff"]
fields = ["ward"]
until = 2999-01-01T00:00:00Z
"""


@pytest.fixture
def configuration(tmp_path: Path) -> Path:
    """A guard's TOML file with one rule."""
    Keyring.generate(tmp_path / "key")
    path = tmp_path / "guard.toml"
    path.write_text(TOML.format(folder=tmp_path))
    return path


def _said(*arguments: str | Path, fails: bool = False) -> str:
    result = CliRunner().invoke(app, ["rules", *map(str, arguments)])
    assert (result.exit_code != 0) == fails, result.output
    return result.output


def _listed(configuration: Path, *arguments: str) -> list[tuple[str, str, str]]:
    found = json.loads(_said("list", "--json", "--config", configuration, *arguments))
    return [(each["owner"], each["grantee"], each["right"]) for each in found]


def test_rules_are_made_listed_and_taken_back(configuration: Path) -> None:
    """The command line works on the same rules as a running guard, which hears of them with its next call."""
    guard = Guard.from_toml(configuration)
    assert not guard.rules.readable(Principal("bob"))
    _said("grant", "alice", "--reader", "bob", "--reader", "group:w", "--max-results", "3", "--config", configuration)
    assert _listed(configuration, "--owner", "alice") == [
        ("alice", "group:w", "read"),
        ("alice", "user:bob", "read"),
        ("alice", "user:alice", "write"),
    ]
    guard.rules.at(guard.state.epochs.seen("", [])["rules"])
    (share,) = guard.rules.readable(Principal("bob"))
    assert (share.owner, share.terms.max_results) == ("alice", 3)
    _said("revoke", "alice", "--reader", "bob", "--config", configuration)
    guard.rules.at(guard.state.epochs.seen("", [])["rules"])
    assert not guard.rules.readable(Principal("bob"))
    assert guard.state.audit.verify() == []
    guard.close()


def test_the_table_shows_everything_and_is_readable(configuration: Path) -> None:
    """Names are not cut, and a rule that is over says so."""
    _said(
        "grant", "alice", "--reader", "group:a-long-name-of-a-group", "--until", "2020-01-01", "--config", configuration
    )
    said = _said("list", "--config", configuration).replace("\n", "")
    assert "over" in said
    assert "…" not in said


def test_rules_of_the_file_hold(configuration: Path) -> None:
    """They close the owner's space to all but its members."""
    guard = Guard.from_toml(configuration)
    (share,) = guard.rules.readable(Principal("eve", groups=frozenset({"auditors"})))
    assert (share.owner, share.terms.fields) == ("acme", frozenset({"ward"}))
    assert guard.rules.member(Principal("sam", groups=frozenset({"acme-staff"})), "acme")
    assert not guard.rules.member(Principal("sam"), "acme")
    guard.close()


@pytest.mark.parametrize(
    "wrong",
    [
        'readers = "bob"',
        "readers = []",
        'reader = ["bob"]',
        'readers = ["bob"]\nuntil = "friday"',
        'readers = ["bob"]\nscores = "some"',
        'readers = ["b b"]',
    ],
)
def test_a_rule_that_means_nothing_stops_the_guard(configuration: Path, wrong: str) -> None:
    """A misspelt rule neither grants more nor less: it is an error."""
    configuration.write_text(configuration.read_text() + f'\n[[rules]]\nowner = "alice"\n{wrong}\n')
    with pytest.raises(VecGuardError):
        Guard.from_toml(configuration)


def test_a_mistake_is_one_line(configuration: Path) -> None:
    """Nothing is granted, and no traceback shown."""
    said = _said("grant", "alice", "--reader", "b", "--scores", "some", "--config", configuration, fails=True)
    assert "Traceback" not in said
    assert _listed(configuration, "--owner", "alice") == []


def test_the_drill_rings_and_leaves_nothing_behind(configuration: Path) -> None:
    """Through one's own state: within a second, and no rule, canary or owner of the drill is left to be seen."""
    before = _listed(configuration)
    result = CliRunner().invoke(app, ["canary", "drill", "--config", str(configuration)])
    assert result.exit_code == 0, result.output
    assert "The alarm rang" in result.output
    assert _listed(configuration) == before


def test_a_drill_without_an_alarm_fails(configuration: Path) -> None:
    """Where nothing is shared, nobody hits anything; the command says so."""
    text = configuration.read_text().replace("[[rules]]", '[policy.reads]\nshared = "nothing"\n\n[[rules]]')
    configuration.write_text(text)
    result = CliRunner().invoke(app, ["canary", "drill", "--config", str(configuration)])
    assert result.exit_code == 1
