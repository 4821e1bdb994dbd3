"""`benchmarks/scrub.py` from the outside: what it reads, skips, prints and answers, without the trained model."""

from __future__ import annotations

import importlib.util
import json
import sys
from pathlib import Path
from types import ModuleType

import pytest
from typer.testing import CliRunner, Result

ROOT = Path(__file__).parents[2]


@pytest.fixture(scope="module")
def command() -> ModuleType:
    path = ROOT / "benchmarks" / "scrub.py"
    if not path.is_file():
        pytest.skip("the tests run without the source tree")
    spec = importlib.util.spec_from_file_location("benchmarks_scrub", path)
    assert spec
    assert spec.loader
    module = importlib.util.module_from_spec(spec)
    sys.modules[spec.name] = module  # dataclasses look their module up
    spec.loader.exec_module(module)
    return module


def run(command: ModuleType, *arguments: object) -> Result:
    return CliRunner().invoke(command.app, [*map(str, arguments), "--model", "none"], env={"VECGUARD_DATA": ""})


def test_an_empty_folder_is_skipped_loudly_and_measures_nothing(command: ModuleType, tmp_path: Path) -> None:
    """Every set is named; nothing was measured, so the status is 2."""
    got = run(command, "quality", "--data", tmp_path)
    assert got.exit_code == 2
    for name in ("synth_dataset_v2", "TAB direct identifiers", "ACI-Bench", "WNUT17 test", "WikiGold", "CrossNER"):
        assert f"SKIPPED: {name}" in got.output


def test_the_same_protocol_runs_on_a_set_of_ones_own(command: ModuleType, tmp_path: Path) -> None:
    """A file in presidio-research's layout and a JSONL file are measured, and no text of theirs is printed."""
    text = "Write to ada.quillfeather@example.com today"
    value = "ada.quillfeather@example.com"
    span = {"entity_type": "EMAIL_ADDRESS", "start_position": 9, "end_position": 9 + len(value)}
    folder = tmp_path / "presidio_research"
    folder.mkdir()
    rows = [{"full_text": text, "spans": [span], "template_id": n} for n in range(3)]
    (folder / "generated_large.json").write_text(json.dumps(rows), encoding="utf-8")
    own = tmp_path / "own.jsonl"
    spans = [{"start": 9, "end": 9 + len(value), "entity": "EMAIL_ADDRESS"}]
    own.write_text(json.dumps({"text": text, "spans": spans}) + "\n", encoding="utf-8")
    out = tmp_path / "out.json"
    got = run(command, "quality", "--data", tmp_path, "--jsonl", own, "--json", out, "--page", tmp_path / "out.md")
    figures = json.loads(out.read_text(encoding="utf-8"))["figures"]
    assert figures["generated_large, all: PII F2, release 0.3.2"] == 1
    assert figures["own.jsonl, default: characters hidden"] == 1
    page = (tmp_path / "out.md").read_text(encoding="utf-8")
    assert "| EMAIL_ADDRESS | 3 | 3 |" in page
    assert "quillfeather" not in got.output + page + out.read_text(encoding="utf-8")


def test_a_page_does_not_say_where_things_lie(command: ModuleType) -> None:
    """The command line is kept, without the paths of the machine."""
    shown = command._command(
        ["all", "--data", "/home/ada/data", "--seed", "7", "--conll", "/home/ada/x", "--page", "p.md"]
    )
    assert shown[2:] == ["all", "--data", "FOLDER", "--seed", "7", "--conll", "FILE", "--page", "FILE"]


def test_the_status_is_1_where_a_gate_does_not_hold(command: ModuleType, tmp_path: Path) -> None:
    """Without a model the names of this note are not all found, and the gate says so."""
    folder = tmp_path / "aci_bench"
    folder.mkdir()
    row = {
        "_id": "1",
        "split": "test",
        "note": "zzyzx was seen",
        "patient_firstname": "Zzyzx",
        "patient_familyname": "",
    }
    (folder / "encounters.jsonl").write_text(json.dumps(row) + "\n", encoding="utf-8")
    got = run(command, "quality", "--data", tmp_path)
    assert got.exit_code == 1
    assert "ACI-Bench" in got.output
    assert "NO" in got.output


def test_a_malformed_file_stops_the_run_by_name(command: ModuleType, tmp_path: Path) -> None:
    """A set that cannot be read is an error and not a set that is not there."""
    own = tmp_path / "own.conll"
    own.write_text("token\n", encoding="utf-8")
    got = run(command, "quality", "--conll", own)
    assert got.exit_code == 1
    assert "own.conll line 1" in str(got.exception or got.output)
