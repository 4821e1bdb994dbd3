"""`vecguard audit`: whether the log is whole, what it says, whom an incident concerns, and evidence of it all."""

from __future__ import annotations

import json
from collections.abc import Iterator, Sequence
from contextlib import contextmanager
from dataclasses import asdict, dataclass
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table
from sqlalchemy.engine import make_url
from sqlalchemy.exc import ArgumentError

from vecguard import config
from vecguard.cli._running import run_or_say
from vecguard.errors import BadInput, StateError
from vecguard.evidence import anchors as anchored
from vecguard.evidence.affected import Affected, Seen, affected
from vecguard.evidence.anchors import Anchor
from vecguard.evidence.chains import Verdict
from vecguard.evidence.export import export, verify_export
from vecguard.evidence.log import Line, Wanted, find
from vecguard.evidence.page import page
from vecguard.evidence.report import Given, gather
from vecguard.evidence.section import moment
from vecguard.principal import checked_name
from vecguard.state import State
from vecguard.state.database import MEMORY
from vecguard.system import GUARD, HAZMAT

audit = typer.Typer(help="See what was done, that the log of it is whole, and whom it concerns.", no_args_is_help=True)
console = Console()

_SHORT = 12  # characters of a pseudonym that show
_Config = Annotated[Path, typer.Option("--config", help="The guard's TOML file: where its state and keys are.")]
_Json = Annotated[bool, typer.Option("--json", help="Print JSON.")]
_Since = Annotated[datetime | None, typer.Option(help="From this time on (UTC; a date is its first moment).")]
_Until = Annotated[datetime | None, typer.Option(help="Before this time (UTC; a date is its first moment).")]
_Anchors = Annotated[
    Path | None, typer.Option("--anchors", help="A file that has anchors in it, such as a syslog: chains reach them.")
]


@audit.command()
def verify(
    configuration: _Config,
    exported: Annotated[
        Path | None, typer.Option("--export", help="Check this file of `audit export` instead of the state.")
    ] = None,
    anchors: _Anchors = None,
    as_json: _Json = False,
) -> None:
    """Check every line of every chain, and where each ends. Exit status 1 if anything is wrong.

    With --export only the keys of the configuration are used, and the state is not opened.

    Example: vecguard audit verify --config g.toml --anchors /var/log/syslog
    """
    run_or_say(lambda: _verify(configuration, exported, anchors, as_json=as_json))


@audit.command()
def show(
    configuration: _Config,
    since: _Since = None,
    until: _Until = None,
    principal: Annotated[str | None, typer.Option(help="Only lines of this principal, by name.")] = None,
    owner: Annotated[str | None, typer.Option(help="Only lines about this owner, by name.")] = None,
    action: Annotated[str | None, typer.Option(help="Only this: read, write, delete, restore, unwrap ...")] = None,
    system: Annotated[
        bool, typer.Option("--system", help="Only lines of guards and operators, by no principal.")
    ] = False,
    last: Annotated[int, typer.Option(min=1, help="The newest so many of them.")] = 200,
    as_json: _Json = False,
) -> None:
    """Show lines of the log. It holds pseudonyms: a name is found by its own, and none can be read out of it.

    Of an owner that was erased only the lines about that are found by name.

    Example: vecguard audit show --principal bob --action read --since 2026-11-01 --config g.toml
    """
    asked = _Asked(since, until, principal, owner, action, system=system)
    run_or_say(lambda: _show(configuration, asked, last, as_json=as_json))


@audit.command("export")
def export_(
    file: Annotated[Path, typer.Argument(help="Where to write it. It must not exist.")], configuration: _Config
) -> None:
    """Write the whole log to a file of JSON lines that `audit verify --export` can check elsewhere, with the keys."""
    run_or_say(lambda: _export(configuration, file))


@audit.command("affected")
def affected_(
    configuration: _Config,
    principal: Annotated[str, typer.Option(help="Whose reads to look at, by name.")],
    since: _Since = None,
    until: _Until = None,
    owners: Annotated[
        Path | None, typer.Option(help="A file of owners' names, one a line: they are shown by name if affected.")
    ] = None,
    as_json: _Json = False,
) -> None:
    """Say whose records a principal was handed, so that those owners can be told.

    The log has owners as pseudonyms. Those that rules or --owners name are shown by name. Records are counted each time
    that they were handed out. The log is verified first. Exit status 1 if it does not hold.

    Example: vecguard audit affected --principal bob --since 2026-11-01 --owners owners.txt --config g.toml
    """
    run_or_say(lambda: _affected(configuration, principal, since, until, owners, as_json=as_json))


@audit.command()
def report(
    configuration: _Config,
    out: Annotated[Path, typer.Option(help="Folder for evidence.json and evidence.html; it is made if need be.")],
    anchors: _Anchors = None,
    redteam: Annotated[Path | None, typer.Option(help="Results of the red team (JSON) to take figures from.")] = None,
    erase: Annotated[Path | None, typer.Option(help="Results or a receipt of an erasure, likewise.")] = None,
) -> None:
    """Write the evidence that an auditor asks for: as JSON, and as a page that needs nothing but itself.

    Policy and its price in words, what the state holds and under which keys, whether the log is whole and what was
    called, budgets and denials, rules, versions; where each figure comes from, and what is not known. No names. Exit
    status 1 if the log does not hold.
    """
    run_or_say(lambda: _report(configuration, out, Given(_anchors(anchors), redteam, erase)))


# --------------------------------------------------------------------------------------------------------- the state


@contextmanager
def _opened(path: Path) -> Iterator[tuple[State, dict[str, Any]]]:
    """Open the state that a configuration names. One that is not there is not made: an empty log would hold."""
    arguments = config.without_embedder(path)
    _there(arguments["state"])
    state = State(arguments["state"], arguments["keys"])
    try:
        yield state, arguments
    finally:
        state.close()


def _there(url: str) -> None:
    if url == MEMORY:
        raise StateError("a state in memory ends with its process: there is no log to look at")
    try:
        place = make_url(url)
    except ArgumentError:
        return  # the state says what is wrong with it
    if place.get_backend_name() == "sqlite" and not (place.database and Path(place.database).is_file()):
        raise StateError("there is no state database where the configuration says that it is")


# ----------------------------------------------------------------------------------------------------------- verify


def _verify(path: Path, exported: Path | None, anchors: Path | None, *, as_json: bool) -> None:
    kept = _anchors(anchors)
    if exported is None:
        with _opened(path) as (state, _):
            source, verdict = state.id, state.audit.examined(kept)
    else:
        source, verdict = verify_export(exported, config.without_embedder(path)["keys"], kept)
    if as_json:
        _print({"state": source, "holds": not verdict.breaks, "anchors": len(kept), **asdict(verdict)})
    else:
        console.print(_chains(verdict))
        for each in verdict.breaks:
            console.print(f"[bold red]Broken:[/] {each.writer or 'all chains'}, {each.place}: {each.reason}.")
        compared = f", and with {len(kept)} anchor(s)" if kept else "; no anchors were given"
        if not verdict.breaks:
            console.print(f"{len(verdict.chains)} chain(s) of {verdict.lines} line(s) hold{compared}.")
    if verdict.breaks:
        raise typer.Exit(1)


def _anchors(path: Path | None) -> Sequence[Anchor]:
    return () if path is None else anchored.read(_text(path))


def _chains(verdict: Verdict) -> Table:
    table = Table("writer", "lines", "first (UTC)", "last (UTC)", "result", box=SIMPLE)
    for each in verdict.chains:
        result = "holds" if not each.breaks else f"[bold red]broken in {len(each.breaks)} place(s)[/]"
        table.add_row(escape(each.writer[:_SHORT]), f"{each.lines:,}", _time(each.first), _time(each.last), result)
    return table


def _table(*columns: str, folded: str) -> Table:
    """Lay out columns, one of which gives way where the terminal is narrow."""
    return Table(*(Column(each, overflow="fold", no_wrap=each != folded) for each in columns), box=SIMPLE)


def _time(seconds: float | None) -> str:
    return (moment(seconds) or "").removesuffix("Z")


# ------------------------------------------------------------------------------------------------------------- show


@dataclass(frozen=True, slots=True)
class _Asked:
    """Which lines are asked for, in names and dates."""

    since: datetime | None
    until: datetime | None
    principal: str | None
    owner: str | None
    action: str | None
    system: bool

    def of(self, state: State) -> Wanted:
        if self.system and self.principal is not None:
            raise BadInput("say whose lines: --principal, or --system")
        by_system = _system(state) if self.system else None
        return Wanted(
            _seconds(self.since),
            _seconds(self.until),
            by_system if self.principal is None else _principal(state, self.principal),
            None if self.owner is None else state.pseudonyms.owner(checked_name(self.owner, "an owner")),
            self.action,
        )


def _show(path: Path, asked: _Asked, last: int, *, as_json: bool) -> None:
    with _opened(path) as (state, _):
        wanted, parts = asked.of(state), _system(state)
        lines, count = state.database.look(lambda connection: find(connection, wanted, last))
    if as_json:
        _print({"count": count, "lines": [{**asdict(each), "time": moment(each.at)} for each in lines]})
        return
    table = _table("time (UTC)", "what", "count", "principal", "owner", "line", folded="what")
    for each in lines:
        table.add_row(*_row(each, parts))
    console.print(table)
    console.print(f"{len(lines)} of {count} line(s). Whether they are as they were written: vecguard audit verify.")


def _row(line: Line, system: frozenset[str]) -> tuple[str, ...]:
    shown = ("vecguard" if each in system else each[:8] for each in (line.principal, line.owner))
    who, where = tuple(shown), f"{line.writer[:4]}/{line.number}"
    what = f"{line.action} ({line.detail})" if line.detail else line.action
    return tuple(escape(each) for each in (_time(line.at), what, str(line.count), *who, where))


def _principal(state: State, name: str) -> frozenset[str]:
    return state.pseudonyms.principal(checked_name(name, "a principal's id"))


def _system(state: State) -> frozenset[str]:
    return state.pseudonyms.system(GUARD) | state.pseudonyms.system(HAZMAT)


def _seconds(given: datetime | None) -> float | None:
    return None if given is None else given.replace(tzinfo=UTC).timestamp()


# ----------------------------------------------------------------------------------------------------------- export


def _export(path: Path, file: Path) -> None:
    with _opened(path) as (state, arguments):
        count = export(state, arguments["keys"], file)
    console.print(f"{count} line(s) written. To check them elsewhere: vecguard audit verify --export FILE --config ...")


# --------------------------------------------------------------------------------------------------------- affected


def _affected(
    path: Path, principal: str, since: datetime | None, until: datetime | None, owners: Path | None, *, as_json: bool
) -> None:
    given = [] if owners is None else [line.strip() for line in _text(owners) if line.strip()]
    with _opened(path) as (state, arguments):
        verdict = state.audit.examined()
        wanted = Wanted(_seconds(since), _seconds(until), _principal(state, principal))
        seen = affected(state, wanted, [*given, principal, *(each.owner for each in arguments["rules"])])
    logged = arguments["policy"].audit.reads
    if as_json:
        _print({"log_holds": not verdict.breaks, "reads_are_written_down": logged, **asdict(seen)})
    else:
        _say(seen, logged=logged)
        for each in verdict.breaks:
            console.print(f"[bold red]The log does not hold:[/] {each.writer or 'all chains'}, {each.place}.")
    if verdict.breaks:
        raise typer.Exit(1)


def _say(seen: Seen, *, logged: bool) -> None:
    table = _table("owner", "shared", "as member", "originals", "reads", "first, last (UTC)", folded="owner")
    for each in seen.owners:
        table.add_row(*_told(each))
    console.print(table if seen.owners else "The log has no records of anybody that were handed to this principal.")
    if seen.unwrapped:
        console.print(f"It opened a native store {seen.unwrapped} time(s): whose records it saw there is not known.")
    if seen.unwrapped_by_nobody:
        console.print(f"A native store was opened {seen.unwrapped_by_nobody} time(s) with nobody acting.")
    if not logged:
        console.print("[bold red]This policy does not write reads down:[/] there may be more than the log says.")


def _told(each: Affected) -> tuple[str, ...]:
    name = each.name or f"{each.owner[:_SHORT]}… (not named)"
    counts = (str(number) for number in (each.shared, each.own, each.originals, each.reads))
    return (escape(name), *counts, f"{_time(each.first)}\n{_time(each.last)}")


# ----------------------------------------------------------------------------------------------------------- report


def _report(path: Path, out: Path, given: Given) -> None:
    with _opened(path) as (state, arguments):
        evidence = gather(state, arguments["keys"], arguments["policy"], arguments["rules"], path, given)
    text = json.dumps(evidence.as_json(), indent=2, allow_nan=False) + "\n"
    for name, content in (("evidence.json", text), ("evidence.html", page(evidence))):
        _write(out / name, content)
    result = evidence.section("audit").figures["result"]
    console.print(f"The audit log: {result}. Written: evidence.json and evidence.html in {escape(str(out))}.")
    if result != "holds":
        raise typer.Exit(1)


def _write(path: Path, content: str) -> None:
    try:
        path.parent.mkdir(parents=True, exist_ok=True)
        path.write_text(content, encoding="utf-8")
    except OSError as failure:
        reason = f"the evidence cannot be written: {failure.strerror}"
    else:
        return
    raise BadInput(reason)


def _text(path: Path) -> list[str]:
    try:
        return path.read_text("utf-8", errors="replace").splitlines()
    except OSError as failure:
        reason = f"a file cannot be read: {failure.strerror}"
    raise BadInput(reason)


def _print(found: Any) -> None:
    print(json.dumps(found, indent=2))  # noqa: T201 - rich would wrap it
