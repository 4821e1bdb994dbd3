"""Running a command: our own errors are one line and an exit status."""

from __future__ import annotations

from collections.abc import Callable

import typer
from rich.console import Console
from rich.markup import escape

from vecguard.errors import VecGuardError


def run_or_say(call: Callable[[], object]) -> None:
    """Run a command; our own errors are one line and an exit status, never a traceback."""
    message = ""
    try:
        call()
    except (VecGuardError, ImportError) as failure:
        message = str(failure)
    if message:
        Console(stderr=True).print("[bold red]Error:[/]", escape(message), highlight=False)
        raise typer.Exit(1)
