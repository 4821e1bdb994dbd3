"""The command line: `vecguard demo`, `vecguard bench retrieval`, `vecguard keys new`."""

from vecguard.cli._app import app

__all__ = ["app"]
