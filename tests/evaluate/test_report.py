"""What the benchmark prints, keeps and draws."""

from __future__ import annotations

import io
import json
import sys
from dataclasses import replace
from datetime import datetime
from pathlib import Path

import pytest
from rich.console import Console

from vecguard.evaluate import Cell, Interval, Setup, document, plot, table, write_json

SETUP = Setup(corpus="tiny", split="test", embedder="words", seed=7, command=("vecguard", "bench", "retrieval"))
BARE = Cell(
    store="chroma",
    profile="bare",
    n_docs=5183,
    n_queries=300,
    ndcg=0.645,
    recall=0.783,
    mrr=0.605,
    write_seconds=12.34,
    query_seconds=1.1,
)
GUARDED = replace(
    BARE,
    profile="balanced",
    noise=1.0,
    over_fetch=200,
    ndcg=0.642,
    overlap=0.97,
    change=Interval(-0.0043, -0.0098, 0.0008),
    scrubbed=0.183,
)
CELLS = [BARE, GUARDED, replace(BARE, store="qdrant"), replace(GUARDED, store="qdrant")]


def printed(cells: list[Cell], width: int = 80) -> list[str]:
    console = Console(file=io.StringIO(), width=width)
    console.print(table(cells, SETUP))
    assert isinstance(console.file, io.StringIO)
    return console.file.getvalue().splitlines()


def test_table_fits_a_log_of_80_columns() -> None:
    """Nothing is cut at 80 columns: every figure of a row can be read."""
    lines = printed(CELLS)
    row = next(line for line in lines if "balanced" in line)
    assert row.split() == [
        "balanced",
        "1",
        "200",
        "0.642",
        "0.783",
        "0.605",
        "0.970",
        "-0.43",
        "[-0.98,",
        "+0.08]",
        "18.3%",
        "12+1.1",
    ]
    assert not any("…" in line for line in lines)
    assert "5,183 documents, 300 queries" in lines[0]


def test_table_groups_by_store_and_shows_what_does_not_apply() -> None:
    """Each store's name stands once, and the bare row has dashes where it has no figure."""
    lines = printed(CELLS)
    assert sum(line.split() == ["qdrant"] for line in lines) == 1
    row = next(line for line in lines if "bare" in line)
    assert " ".join(row.split()) == "bare – – 0.645 0.783 0.605 – – – 12+1.1"


def test_labels_are_not_markup() -> None:
    """A label in square brackets is printed and not obeyed."""
    assert any("[red]x" in line for line in printed([replace(BARE, profile="[red]x")]))


def test_json_holds_everything_that_is_needed_to_repeat(tmp_path: Path) -> None:
    """The document has date, versions, command, set-up and every cell with its interval."""
    path = tmp_path / "run.json"
    write_json(path, CELLS, SETUP)
    got = json.loads(path.read_text(encoding="utf-8"))
    assert got["format"] == "vecguard.retrieval/1"
    assert datetime.fromisoformat(got["date"]).utcoffset() is not None
    assert {"python", "numpy", "vecguard"} <= got["versions"].keys()
    assert got["setup"]["command"] == ["vecguard", "bench", "retrieval"]
    assert got["setup"]["seed"] == 7
    assert got["cells"][1]["change"] == {"estimate": -0.0043, "low": -0.0098, "high": 0.0008, "level": 0.95}
    assert got["cells"][0]["change"] is None
    assert len(got["cells"]) == 4


def test_json_refuses_nan(tmp_path: Path) -> None:
    """NaN is not JSON: nothing is written."""
    with pytest.raises(ValueError, match="JSON"):
        write_json(tmp_path / "run.json", [replace(BARE, ndcg=float("nan"))], SETUP)
    assert not (tmp_path / "run.json").exists()


def test_command_defaults_to_this_process() -> None:
    """Without a command the process's own is kept."""
    setup = Setup(corpus="tiny", split="test", embedder="words", seed=7)
    assert document([], setup)["setup"]["command"] == tuple(sys.argv)


@pytest.mark.parametrize("allowed", [-0.01, None])
def test_plot_writes_a_png(tmp_path: Path, allowed: float | None) -> None:
    """A PNG comes out, also for a change as wide as an unusable setting has, and for one of width zero."""
    pytest.importorskip("matplotlib", reason="the extra vecguard[bench] is not installed")
    path = tmp_path / "run.png"
    wide = replace(GUARDED, profile="noise only", over_fetch=None, change=Interval(-0.4, -0.5, -0.3))
    still = replace(GUARDED, profile="transparent", noise=None, over_fetch=None, change=Interval(0, 0, 0))
    plot(path, [*CELLS, wide, still], SETUP, allowed=allowed)
    assert path.read_bytes().startswith(b"\x89PNG\r\n\x1a\n")


def test_plot_labels_do_not_overlap(tmp_path: Path) -> None:
    """No two texts beside the axes share a pixel, and none leaves the picture, with three stores of five profiles."""
    figures = pytest.importorskip("matplotlib.figure", reason="the extra vecguard[bench] is not installed")
    drawn = []
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(figures.Figure, "savefig", lambda figure, *_, **__: drawn.append(figure))
        cells = [
            replace(GUARDED, store=store, profile=f"a rather long profile {i}")
            for store in ("chroma", "qdrant", "faiss")
            for i in range(5)
        ]
        plot(tmp_path / "run.png", cells, SETUP)
    figure = drawn[0]
    figure.draw_without_rendering()
    (axes,) = figure.axes
    texts = [*axes.get_yticklabels(), *axes.texts]
    boxes = [text.get_window_extent() for text in texts if text.get_text()]
    assert len(boxes) == 15 + 15 + 3
    assert not any(a.overlaps(b) for i, a in enumerate(boxes) for b in boxes[:i])
    assert all(figure.bbox.x0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_plot_needs_a_change(tmp_path: Path) -> None:
    """A run of bare stores only has nothing to draw."""
    with pytest.raises(ValueError, match="nothing to draw"):
        plot(tmp_path / "run.png", [BARE], SETUP)


def test_plot_without_the_extra(monkeypatch: pytest.MonkeyPatch, tmp_path: Path) -> None:
    """Without matplotlib the error names the extra."""
    monkeypatch.setitem(sys.modules, "matplotlib.figure", None)
    with pytest.raises(ImportError, match=r"vecguard\[bench\]"):
        plot(tmp_path / "run.png", CELLS, SETUP)
