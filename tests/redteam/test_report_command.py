"""`vecguard report`, run as a user would run it."""

from __future__ import annotations

import stat
import webbrowser
from dataclasses import replace
from pathlib import Path

import pytest
from typer.testing import CliRunner

from vecguard.cli import app
from vecguard.redteam.page import page

from .invented import invented

RUN = CliRunner(env={"COLUMNS": "300", "NO_COLOR": "1"})


@pytest.fixture
def document(tmp_path: Path) -> Path:
    path = tmp_path / "frontier-notes.json"
    path.write_text(invented().to_json(), encoding="utf-8")
    return path


def test_the_page_lies_beside_its_document_unless_it_is_told_where(document: Path) -> None:
    """Also in a folder that is not there yet."""
    assert RUN.invoke(app, ["report", str(document)]).exit_code == 0
    beside = document.with_suffix(".html")
    assert beside.read_text("utf-8") == page(invented())
    elsewhere = document.parent / "new" / "page.html"
    ended = RUN.invoke(app, ["report", str(document), "--out", str(elsewhere)])
    assert str(elsewhere) in ended.output.replace("\n", "")  # long paths are wrapped
    assert elsewhere.read_text("utf-8") == beside.read_text("utf-8")


def test_a_page_with_texts_in_it_is_for_its_owner_alone(document: Path) -> None:
    """Also over a page that everybody could read; a masked one is as other files."""
    made = document.with_suffix(".html")
    RUN.invoke(app, ["report", str(document)])
    assert made.stat().st_mode & stat.S_IRUSR
    made.chmod(0o644)
    document.write_text(replace(invented(), masked=False).to_json(), encoding="utf-8")
    RUN.invoke(app, ["report", str(document)])
    assert stat.S_IMODE(made.stat().st_mode) == 0o600


def test_a_browser_opens_only_if_asked(document: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    """With the address of the file."""
    opened: list[str] = []
    monkeypatch.setattr(webbrowser, "open", opened.append)
    RUN.invoke(app, ["report", str(document)])
    assert opened == []
    RUN.invoke(app, ["report", str(document), "--open"])
    assert opened == [document.with_suffix(".html").resolve().as_uri()]


def test_the_plot_is_drawn_if_asked(document: Path) -> None:
    """Beside the page."""
    pytest.importorskip("matplotlib", reason="the extra vecguard[bench] is not installed")
    picture = document.parent / "frontier.svg"
    assert RUN.invoke(app, ["report", str(document), "--plot", str(picture)]).exit_code == 0
    assert picture.read_text("utf-8").startswith("<?xml")


@pytest.mark.parametrize("content", [None, "{}", "[1]", "\x00"])
def test_what_is_no_document_is_said_in_one_line(tmp_path: Path, content: str | None) -> None:
    """A missing file, another document: status 1, nothing written."""
    path = tmp_path / "findings.json"
    if content is not None:
        path.write_text(content)
    ended = RUN.invoke(app, ["report", str(path)])
    assert ended.exit_code == 1
    assert "findings" in ended.output
    assert "Traceback" not in ended.output
    assert not path.with_suffix(".html").exists()


def test_a_page_that_cannot_be_written_is_said_in_one_line(document: Path) -> None:
    """A folder stands where the page should."""
    document.with_suffix(".html").mkdir()
    ended = RUN.invoke(app, ["report", str(document)])
    assert (ended.exit_code, "cannot be written (IsADirectoryError)" in ended.output) == (1, True)
