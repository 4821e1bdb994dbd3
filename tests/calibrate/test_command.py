"""`vecguard calibrate`, run as a user would run it."""

from __future__ import annotations

import json
from collections.abc import Callable
from pathlib import Path

import numpy as np
import pytest
from typer.testing import CliRunner

from vecguard import Policy
from vecguard.calibration import splits
from vecguard.cli import _calibrate, app
from vecguard.evaluate import Interval
from vecguard.policy import read_toml

RUN = CliRunner(env={"COLUMNS": "80", "NO_COLOR": "1"})
WORDS = [f"{first}{last}" for first in ("amber", "birch", "cedar", "delta", "ember") for last in "abcdefghijklmnop"]


@pytest.fixture
def folder_of(tmp_path: Path) -> Callable[[int], Path]:
    """A factory of corpora in BEIR layout: documents of eight words, queries of four of them; two splits."""

    def make(queries: int) -> Path:
        draw = np.random.default_rng(queries)
        folder = tmp_path / f"made{queries}"
        (folder / "qrels").mkdir(parents=True)
        texts = [" ".join(draw.choice(WORDS, 8, replace=False)) for _ in range(700)]
        asked = [" ".join(draw.permutation(texts[at].split())[:4]) for at in range(queries)]
        lines = {
            "corpus.jsonl": [json.dumps({"_id": f"d{at}", "text": text}) for at, text in enumerate(texts)],
            "queries.jsonl": [json.dumps({"_id": f"q{at}", "text": text}) for at, text in enumerate(asked)],
        }
        judged = [f"q{at}\td{at}\t1" for at in range(queries)]
        for split, part in (("train", judged[::2]), ("test", judged[1::2])):
            lines[f"qrels/{split}.tsv"] = ["query-id\tcorpus-id\tscore", *part]
        for name, rows in lines.items():
            (folder / name).write_text("\n".join(rows), encoding="utf-8")
        return folder

    return make


_SHORT = ("--max-over-fetch", "40", "--seeds", "2")


def _options(folder: Path, *more: str) -> list[str]:
    return ["calibrate", "--data", str(folder), "--split", "train,test", "--embedder", "words", "--budget", "5", *more]


def test_it_finds_writes_and_says(folder_of: Callable[[int], Path], tmp_path: Path) -> None:
    """Status 0, a policy that the product reads, a document, a picture, and a table that fits a terminal."""
    out, document, picture = tmp_path / "policy.toml", tmp_path / "c.json", tmp_path / "c.png"
    files = ["--out", str(out), "--json", str(document), "--plot", str(picture), "--max-over-fetch", "100"]
    result = RUN.invoke(app, _options(folder_of(300), *files), catch_exceptions=False)
    assert result.exit_code == 0, result.output
    found = json.loads(document.read_text())
    policy = Policy.from_mapping(read_toml(out)["policy"])
    assert policy.vectors.noise == found["chosen"]["noise"] > 0.3
    assert policy.vectors.over_fetch == found["chosen"]["over_fetch"]
    assert found["calibration_queries"] + found["reported_queries"] == 300
    assert picture.stat().st_size > 20_000
    for said in ("The largest r", "What it costs and buys", "vacuous", "The setting holds"):
        assert said in result.output
    assert "…" not in result.output


def test_label_free_needs_no_judgement_of_its_own(folder_of: Callable[[int], Path], tmp_path: Path) -> None:
    """It compares with the exact ranking, and says that it does."""
    document = tmp_path / "c.json"
    result = RUN.invoke(
        app, _options(folder_of(240), "--label-free", "--json", str(document), *_SHORT), catch_exceptions=False
    )
    assert result.exit_code == 0, result.output
    assert json.loads(document.read_text())["measure"] == "overlap@10"
    assert "overlap@10" in result.output


def test_too_few_queries_end_with_a_status_and_no_policy(folder_of: Callable[[int], Path], tmp_path: Path) -> None:
    """Status 3 and no file: a setting that nobody vouches for must not be picked up by a script."""
    out = tmp_path / "policy.toml"
    result = RUN.invoke(app, _options(folder_of(50), "--out", str(out)), catch_exceptions=False)
    assert result.exit_code == 3
    assert "Nothing is promised" in result.output
    assert not out.exists()


def test_a_setting_that_does_not_hold_ends_with_a_status_and_no_policy(
    folder_of: Callable[[int], Path], tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where the other queries lose more, status 3, plain words and no file."""
    from dataclasses import replace

    measured = _calibrate.calibrate
    worse = Interval(-0.5, -0.6, -0.4, 0.9)
    monkeypatch.setattr(_calibrate, "calibrate", lambda *args, **more: replace(measured(*args, **more), reported=worse))
    out = tmp_path / "policy.toml"
    result = RUN.invoke(app, _options(folder_of(240), "--out", str(out), *_SHORT), catch_exceptions=False)
    assert result.exit_code == 3
    assert "Do not use this as calibrated" in " ".join(result.output.split())
    assert not out.exists()


@pytest.mark.parametrize(
    "more", [["--budget", "0"], ["--max-over-fetch", "5"], ["--metric", "hamming"], ["--seeds", "0"]]
)
def test_mistakes_are_one_line_and_a_status(folder_of: Callable[[int], Path], more: list[str]) -> None:
    """A wrong option ends with a sentence, never with a traceback."""
    result = RUN.invoke(app, _options(folder_of(40), *more))
    assert result.exit_code == 1
    assert "Error:" in result.output
    assert "Traceback" not in result.output


def test_help_teaches_with_an_example() -> None:
    """Help says what r and K are, what the statuses mean, and shows a whole command."""
    result = RUN.invoke(app, ["calibrate", "--help"])
    for said in ("Example: vecguard calibrate --data", "Exit status", "K candidates", "relative length r"):
        assert said in " ".join(result.output.split())


def test_splits_are_joined_and_each_query_counts_once(folder_of: Callable[[int], Path]) -> None:
    """Train and test of one corpus: the same documents, the queries of both."""
    folder = folder_of(40)
    both = splits(folder, ["train", "test"])
    assert len(both.query_ids) == len(set(both.query_ids)) == 40
    assert both.split == "train+test"
    assert set(both.qrels) == set(both.query_ids)
    assert splits(folder, ["test", "test"]).query_ids == splits(folder, ["test"]).query_ids
