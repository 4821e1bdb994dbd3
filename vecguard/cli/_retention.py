"""`vecguard retention`: for how long the records of single owners are kept."""

from __future__ import annotations

import json
from collections.abc import Iterator
from contextlib import contextmanager
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

from vecguard import config
from vecguard.cli._running import run_or_say
from vecguard.policy import Policy
from vecguard.retention import RetentionSchedule
from vecguard.state import State

retention = typer.Typer(help="Say for how long the records of single owners are kept.", no_args_is_help=True)
console = Console()

_CLI = "vecguard-cli"  # who did it, in the audit
_Config = Annotated[Path, typer.Option("--config", help="The guard's TOML file: where its state and keys are.")]
_Owner = Annotated[str, typer.Argument(help="The owner whose records they are.")]


@retention.command("set")
def set_(
    owner: _Owner,
    configuration: _Config,
    days: Annotated[float, typer.Option(help="Days from when a record is written, above 0.")],
) -> None:
    """Let an owner's records expire so many days after they are written. Holds from the next call on, in every process.

    It can shorten what the policy says, not lengthen it. Records that are there keep their time: to change theirs,
    write them again.

    Example: vecguard retention set alice --days 30 --config guard.toml
    """
    run_or_say(lambda: _set(configuration, owner, days))


@retention.command()
def clear(owner: _Owner, configuration: _Config) -> None:
    """Forget what was set for an owner, so that the policy's retention holds for what it writes from now on."""
    run_or_say(lambda: _clear(configuration, owner))


@retention.command("list")
def list_(configuration: _Config, as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False) -> None:
    """Show the policy's retention, and that of the owners for whom something was set."""
    run_or_say(lambda: _show(configuration, as_json=as_json))


@contextmanager
def _opened(path: Path) -> Iterator[tuple[RetentionSchedule, Policy]]:
    arguments = config.without_embedder(path)
    state = State(arguments["state"], arguments["keys"])
    try:
        yield RetentionSchedule(state, arguments["policy"].retention), arguments["policy"]
    finally:
        state.close()


def _set(path: Path, owner: str, days: float) -> None:
    with _opened(path) as (schedule, policy):
        schedule.set(owner, days=days, by=_CLI)
        longest = policy.retention.days
    console.print(f"What this owner writes from now on expires after {days:g} day(s); what is there keeps its time.")
    if longest is not None and longest < days:
        console.print(f"The policy says {longest:g} day(s), which is shorter, and holds.")


def _clear(path: Path, owner: str) -> None:
    with _opened(path) as (schedule, _):
        there = schedule.clear(owner, by=_CLI)
    console.print(
        "The policy's retention holds for what this owner writes from now on; what is there keeps its time."
        if there
        else "Nothing was set for this owner."
    )


def _show(path: Path, *, as_json: bool) -> None:
    with _opened(path) as (schedule, policy):
        days, found = policy.retention.days, schedule.all()
    if as_json:
        owners = {each.owner: each.days for each in found}
        print(json.dumps({"policy": days, "owners": owners}, indent=2))  # noqa: T201 - rich would wrap it
        return
    console.print(
        "The policy keeps records for ever." if days is None else f"The policy keeps records {days:g} day(s)."
    )
    if found:
        table = Table(Column("owner", overflow="fold"), "days", box=SIMPLE)
        for each in found:
            table.add_row(each.owner, f"{each.days:g}")
        console.print(table)
    else:
        console.print("Nothing was set for single owners.")
