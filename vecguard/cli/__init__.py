"""The command line: `vecguard demo`, `calibrate`, `bench retrieval`, `check text`, `keys new`."""

from vecguard.cli._app import app

__all__ = ["app"]
