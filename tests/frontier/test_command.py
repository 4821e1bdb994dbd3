"""`vecguard bench frontier`, run as a user would run it."""

from __future__ import annotations

import subprocess
import sys
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vecguard.cli import app
from vecguard.redteam.findings import Findings

RUN = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"})
WRAPPER = Path(__file__).parents[2] / "benchmarks" / "privacy_utility.py"


@pytest.fixture(autouse=True)
def cache(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("VECGUARD_CACHE", str(tmp_path / "cache"))


def options(folder: Path, out: Path, *more: str) -> list[str]:
    given = ["--data", str(folder), "--quick", "--embedder", "words", "--attacks", "dictionary,documents"]
    return ["bench", "frontier", *given, "--settings", "rotation,balanced", "--out", str(out), *more]


def test_it_measures_shows_and_writes(folder: Path, tmp_path: Path) -> None:
    """A table that fits a terminal, a document that is read back, and the command line without a path."""
    result = RUN.invoke(app, options(folder, tmp_path / "out", "--margin", ".05"), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found = Findings.read(tmp_path / "out" / "frontier-made.json")
    assert [each.name for each in found.settings] == ["bare", "rotation", "balanced"]
    assert found.margin == 0.05
    assert found.command.startswith("vecguard bench frontier --data made --quick --settings rotation,balanced")
    for said in ("What is left to a thief", "rotation only", "the margin of 5 %"):
        assert said in result.output
    assert "…" not in result.output
    assert (tmp_path / "cache" / "frontier").stat().st_mode & 0o077 == 0


def test_it_goes_on_from_what_an_earlier_run_finished(folder: Path, tmp_path: Path) -> None:
    """The second run makes no cell; a fresh one makes them again."""
    counts = []
    for more in ((), (), ("--fresh",)):
        RUN.invoke(app, options(folder, tmp_path / "out", *more), catch_exceptions=False)
        corpus = Findings.read(tmp_path / "out" / "frontier-made.json").corpus
        counts.append((corpus["cells made"], corpus["cells taken"]))
    assert counts[0][0] == counts[1][1] > 0
    assert counts[1][0] == counts[2][1] == 0


@pytest.mark.parametrize("more", [["--margin", "0"], ["--settings", "rot13"], ["--embedder", "none"], ["--seeds", "0"]])
def test_mistakes_are_one_line_and_a_status(folder: Path, tmp_path: Path, more: list[str]) -> None:
    """A wrong option ends with a sentence, never with a traceback."""
    result = RUN.invoke(app, options(folder, tmp_path / "out", *more))
    assert result.exit_code == 1
    assert "Error:" in result.output
    assert "Traceback" not in result.output


def test_the_benchmark_file_runs_the_same_command() -> None:
    """`benchmarks/privacy_utility.py` is the command under another name."""
    if not WRAPPER.is_file():
        pytest.skip("benchmarks/ is not beside these tests")
    ended = subprocess.run([sys.executable, str(WRAPPER), "--help"], check=True, capture_output=True, text=True)
    assert "equal utility" in " ".join(ended.stdout.split())
