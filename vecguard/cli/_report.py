"""`vecguard report`: the page of a document of findings."""

from __future__ import annotations

import os
import webbrowser
from collections.abc import Callable
from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console
from rich.markup import escape

from vecguard.cli._running import run_or_say
from vecguard.errors import BadInput

console = Console()


def report(
    findings: Annotated[Path, typer.Argument(help="The JSON document of a run of the red team or of the frontier.")],
    out: Annotated[Path | None, typer.Option(help="Where to write the page. Default: beside the document.")] = None,
    look: Annotated[bool, typer.Option("--open", help="Open the page in your browser.")] = False,
    picture: Annotated[
        Path | None, typer.Option("--plot", help="Draw the same as .svg or .png (extra `bench`).")
    ] = None,
) -> None:
    """Make one self-contained HTML page of what a run found: it loads nothing, and needs no network and no script.

    Example: vecguard report out/frontier-notes.json --open

    Where a run kept samples unmasked, the page has them too: it is then readable for you alone.
    """
    run_or_say(lambda: run(console, findings, out, look=look, picture=picture))


def run(console: Console, findings: Path, out: Path | None, *, look: bool, picture: Path | None) -> Path:
    """Write the page and say where. Raises `BadInput` where a file cannot be read or written."""
    from vecguard.redteam.findings import Findings  # noqa: PLC0415 - loads numpy
    from vecguard.redteam.page import page  # noqa: PLC0415 - as above

    found = Findings.read(findings)
    path = findings.with_suffix(".html") if out is None else out
    content, private = page(found), bool(found.samples) and not found.masked
    _written(console, path, lambda: _write(path, content, private=private))
    if picture is not None:
        from vecguard.redteam.plot import plot  # noqa: PLC0415 - loads matplotlib

        _written(console, picture, lambda: plot(picture, found))
    if look:
        webbrowser.open(path.resolve().as_uri())
    return path


def _written(console: Console, path: Path, write: Callable[[], None]) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        write()
    except OSError as failure:
        why = type(failure).__name__
    else:
        console.print(f"Wrote {escape(str(path))}")
        return
    raise BadInput(f"{path} cannot be written ({why})")


def _write(path: Path, content: str, *, private: bool) -> None:
    """Write a page; one with texts of the corpus in it for the owner of the file alone, also over an older page."""
    handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_TRUNC, 0o600 if private else 0o666)
    with os.fdopen(handle, "w", encoding="utf-8") as file:
        if private:
            path.chmod(0o600)
        file.write(content)
