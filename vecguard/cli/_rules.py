"""`vecguard rules`: who may read whose rows, and who acts for whom, in the state that a configuration file names."""

from __future__ import annotations

import json
import time
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.table import Column, Table

from vecguard import config
from vecguard.cli._running import run_or_say
from vecguard.rules import Grant, RuleBook, Terms
from vecguard.rules.grant import FOREVER
from vecguard.state import State
from vecguard.state.clock import Clock
from vecguard.watch.scores import POLICIES

rules = typer.Typer(help="Say who may read whose rows, and who acts for whom.", no_args_is_help=True)
console = Console()

_COLUMNS = ("owner", "grantee", "right", "sees", "scores", "rows", "until")
_LONG = ("owner", "grantee", "sees")  # folded where the terminal is narrow
_CLI = "vecguard-cli"  # who did it, in the audit
_Config = Annotated[Path, typer.Option("--config", help="The guard's TOML file: where its state and keys are.")]
_Owner = Annotated[str, typer.Argument(help="The owner whose rows they are.")]
_Readers = Annotated[
    list[str] | None, typer.Option("--reader", help="NAME, group:NAME or everyone. May be given several times.")
]
_Writers = Annotated[list[str] | None, typer.Option("--writer", help="The same, for those who act in its space.")]


@rules.command("list")
def list_(
    configuration: _Config,
    owner: Annotated[str | None, typer.Option(help="Only the rules of this owner.")] = None,
    as_json: Annotated[bool, typer.Option("--json", help="Print JSON.")] = False,
) -> None:
    """Show who may read whose rows, on what terms and until when."""
    run_or_say(lambda: _show(configuration, owner, as_json=as_json))


@rules.command()
def grant(
    owner: _Owner,
    configuration: _Config,
    reader: _Readers = None,
    writer: _Writers = None,
    field: Annotated[
        list[str] | None, typer.Option(help="A field that shows; several times for several. Default: all.")
    ] = None,
    text: Annotated[bool, typer.Option("--text/--no-text", help="Whether the text shows.")] = True,
    scores: Annotated[str, typer.Option(help=f"{', '.join(POLICIES)}; never more than the policy shows.")] = "exact",
    max_results: Annotated[int | None, typer.Option(help="The most of these rows in one answer.")] = None,
    until: Annotated[datetime | None, typer.Option(help="When it ends, in UTC. Default: never.")] = None,
) -> None:
    """Let others read an owner's rows, or act in its space. Holds from the next call on, in every process.

    Readers read from a space of their own and see a blurred view; writers are members, and see and change the rows as
    the owner does. From an owner's first rule on, only those who are named act in its space.

    Example: vecguard rules grant alice --reader bob --reader group:ward-b --until 2027-01-31 --config g.toml
    """
    rule: dict[str, Any] = {"readers": reader or [], "writers": writer or [], "fields": field, "text": text}
    rule |= {
        "scores": scores,
        "max_results": max_results,
        "until": None if until is None else until.replace(tzinfo=UTC),
    }
    run_or_say(lambda: _grant(configuration, owner, rule))


@rules.command()
def revoke(owner: _Owner, configuration: _Config, reader: _Readers = None, writer: _Writers = None) -> None:
    """Take back what an owner granted: to those who are named, or all of it. Holds from the next call on."""
    named = {"readers": reader or [], "writers": writer or []} if reader or writer else {}
    run_or_say(lambda: _revoke(configuration, owner, named))


@contextmanager
def _opened(path: Path) -> Iterator[RuleBook]:
    arguments = config.without_embedder(path)
    state = State(arguments["state"], arguments["keys"])
    try:
        yield RuleBook(state, arguments["rules"], clock=Clock(state.database))
    finally:
        state.close()


def _show(path: Path, owner: str | None, *, as_json: bool) -> None:
    with _opened(path) as book:
        grants = book.grants(owner)
    if as_json:
        print(json.dumps([_plain(each) for each in grants], indent=2))  # noqa: T201 - rich would wrap it
    elif not grants:
        console.print("No rules: nothing is shared, and the application says who acts for whom.")
    else:
        table = Table(*(Column(name, overflow="fold", no_wrap=name not in _LONG) for name in _COLUMNS), box=SIMPLE)
        for each in grants:
            table.add_row(*_line(each, time.time()))
        console.print(table)


def _grant(path: Path, owner: str, rule: dict[str, Any]) -> None:
    with _opened(path) as book:
        made = book.grant(owner, **rule, by=_CLI)
    console.print(f"{len(made)} grant(s) made; they hold from the next call on, in every process.")


def _revoke(path: Path, owner: str, named: dict[str, list[str]]) -> None:
    with _opened(path) as book:
        count = book.revoke(owner, readers=named.get("readers"), writers=named.get("writers"), by=_CLI)
    console.print(f"{count} grant(s) revoked, from the next call on, in every process.")


def _line(grant: Grant, now: float) -> tuple[str, ...]:
    terms = grant.terms
    until = "" if terms.until == FOREVER else f"{datetime.fromtimestamp(terms.until, UTC):%Y-%m-%d %H:%MZ}"
    until = until.removesuffix(" 00:00Z")
    whom = (grant.owner, str(grant.grantee))
    end = until if grant.holds(now) else f"{until} (over)"
    if grant.right == "write":
        return (*whom, "member", "", "", "", end)
    scores = "policy's" if terms.scores == "exact" else terms.scores
    return (*whom, "read", _seen(terms), scores, "" if terms.max_results is None else str(terms.max_results), end)


def _seen(terms: Terms) -> str:
    if terms.fields is None:
        return "all" if terms.text else "all but the text"
    return ", ".join((["text"] if terms.text else []) + sorted(terms.fields)) or "that it is there"


def _plain(grant: Grant) -> dict[str, Any]:
    return {"owner": grant.owner, "grantee": str(grant.grantee), "right": grant.right, **grant.terms.as_json()}
