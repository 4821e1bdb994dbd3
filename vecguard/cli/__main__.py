"""`python -m vecguard.cli`."""

from vecguard.cli import app

app(prog_name="vecguard")
