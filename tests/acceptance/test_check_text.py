"""`vecguard check text`, run as a user would run it: what is found is told, what it says is not."""

from __future__ import annotations

import json
from pathlib import Path
from typing import Any

import pytest
from typer.testing import CliRunner

from vecguard.cli import app

RUN = CliRunner(env={"COLUMNS": "160", "NO_COLOR": "1"})
NOTE = "Visit of Jane Doe.\nHer SSN is 219-09-9999,\nwrite to jane.doe@example.com\n"
VALUES = ("Jane", "219-09", "jane.doe")
RECORD = {"patient": {"name": "Jane Doe", "ssn": 219099999}, "notes": ["fine", {"dob": "1975-03-04"}], "n": 3}


def check(*arguments: str, stdin: str = "") -> Any:
    return RUN.invoke(app, ["check", "text", *arguments, "--model", "none"], input=stdin)


@pytest.fixture
def note(tmp_path: Path) -> str:
    path = tmp_path / "note.txt"
    path.write_text(NOTE)
    return str(path)


@pytest.mark.parametrize("more", [[], ["--explain"], ["--json", "-"], ["--explain", "--entities", "all"]])
def test_what_was_found_is_told_without_its_value(note: str, more: list[str]) -> None:
    """Types and places are in the output, values are not, in no form of it."""
    result = check(note, *more)
    assert result.exit_code == 0
    assert all(entity in result.stdout for entity in ("PERSON", "US_SSN", "EMAIL_ADDRESS"))
    assert not any(value in result.output for value in VALUES)


def test_values_are_shown_to_whoever_asks(note: str) -> None:
    """--show prints them, with where they are and why they were found."""
    shown = check(note, "--show").stdout
    assert all(value in shown for value in VALUES)
    assert "2:12" in shown


def test_json_has_places_types_and_rules(note: str, tmp_path: Path) -> None:
    """The report names line, column, length, score and rule of every finding."""
    check(note, "--json", str(tmp_path / "report.json"))
    report = json.loads((tmp_path / "report.json").read_text())
    assert report["entities"] == {"PERSON": 1, "US_SSN": 1, "EMAIL_ADDRESS": 1}
    places = [(found["line"], found["column"], found["characters"]) for found in report["findings"]]
    assert places == [(1, 10, 8), (2, 12, 11), (3, 10, 20)]
    assert all(f["rule"] and "value" not in f for f in report["findings"])
    assert report["personal_characters"] == 39


def test_jsonl_is_read_record_by_record() -> None:
    """Strings, numbers and dates at any depth are looked at beside their field's name; the line is named."""
    result = check("-", "--json", "-", stdin=f"\n{json.dumps(RECORD)}\n{json.dumps('Ask Jane Doe')}\n")
    found = json.loads(result.stdout)["findings"]
    assert [(f["line"], f["field"], f["entity"]) for f in found] == [
        (2, "name", "PERSON"),
        (2, "ssn", "US_SSN"),
        (2, "dob", "DATE_OF_BIRTH"),
        (3, "", "PERSON"),
    ]


def test_names_of_fields_are_looked_at_too() -> None:
    """A field may be called by a person's address; the report says that it was the name, not the value."""
    result = check("-", "--json", "-", "--format", "jsonl", stdin='{"jane.doe@example.com": "seen twice"}\n')
    report = json.loads(result.stdout)
    assert [(f["line"], f["column"], f["field"], f["entity"]) for f in report["findings"]] == [
        (1, 1, "(name of a field)", "EMAIL_ADDRESS")
    ]
    assert "jane.doe" not in result.stdout


def test_lines_are_texts_of_their_own(note: str) -> None:
    """--format lines counts each line as one text."""
    assert "3 of 4 place(s)" in check(note, "--format", "lines").stdout


def test_exit_status_for_ci(note: str, tmp_path: Path) -> None:
    """--fail-if-found exits with 3 if there is anything and with 0 if there is nothing."""
    clean = tmp_path / "clean.txt"
    clean.write_text("the results were fine")
    assert check(note, "--fail-if-found").exit_code == 3
    assert check(str(clean), "--fail-if-found").exit_code == 0
    assert "Nothing found" in check(str(clean)).stdout


@pytest.mark.parametrize(
    ("arguments", "stdin", "told"),
    [
        (["missing.txt"], "", "FileNotFoundError"),
        (["-", "--format", "jsonl"], "{}\nJane Doe\n", "line 2"),
        (["-", "--format", "xml"], "x", "--format"),
        (["-", "--entities", "PERSONS"], "x", "PERSONS"),
        (["-", "--format", "jsonl"], "[" * 100_000, "line 1"),
    ],
)
def test_errors_are_one_line_without_content(arguments: list[str], stdin: str, told: str) -> None:
    """What cannot be read is an error that says where, and quotes nothing."""
    result = check(*arguments, stdin=stdin)
    assert result.exit_code == 1
    assert told in result.output
    assert "Jane" not in result.output
    assert "Traceback" not in result.output


def test_a_policy_says_what_to_look_for(note: str, tmp_path: Path) -> None:
    """Entities, allow lists and thresholds come from the file that a guard would read."""
    path = tmp_path / "policy.toml"
    path.write_text('[policy.scrub]\nentities = ["PERSON", "EMAIL_ADDRESS"]\nallow = ["jane.doe@example.com"]\n')
    report = json.loads(check(note, "--policy", str(path), "--json", "-").stdout)
    assert report["entities"] == {"PERSON": 1}
