"""`vecguard state`: look at the state database, list owners, upgrade it, back it up, restore it, set its clock back."""

from __future__ import annotations

import os
import time
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from functools import partial
from pathlib import Path
from typing import Annotated, TypeVar

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Table

from vecguard.cli._running import run_or_say
from vecguard.errors import BadInput, StateError
from vecguard.keyplace import state_file
from vecguard.keys import Keyring
from vecguard.state import State, clock, tombstones
from vecguard.state.backup import Copied
from vecguard.state.backup import backup as back_up
from vecguard.state.database import Database
from vecguard.state.restore import Identity, Restored, identity
from vecguard.state.restore import restore as restore_backup
from vecguard.state.status import Status
from vecguard.state.status import status as look_at
from vecguard.state.tombstones import Tombstone, Tombstones
from vecguard.state.upgrade import upgrade as bring_up

state = typer.Typer(help="Keep the state database: versions, backups, restoring, and its clock.", no_args_is_help=True)
console = Console()
T = TypeVar("T")

_VARIABLE = "VECGUARD_STATE"
_Url = Annotated[
    str,
    typer.Option(
        "--state", envvar=_VARIABLE, help="The state's URL. A password in it shows in process lists: use the variable."
    ),
]
_Key = Annotated[Path, typer.Option("--key", help="The key file.")]


@state.command()
def status(url: _Url) -> None:
    """Show the schema's version, how many rows there are, what was left open, and where the audit chains end.

    Needs no key. Example: vecguard state status --state sqlite:////var/lib/app/vecguard.db
    """
    run_or_say(lambda: _show(_with(url, look_at)))


@state.command()
def owners(url: _Url, key: _Key) -> None:
    """Print the names of the owners that the state keeps names of, one to a line, in no order.

    Owners that wrote before names were kept, and not since, are counted on standard error.

    Example: vecguard state owners --state sqlite:////var/lib/app/vecguard.db --key vecguard.key
    """
    run_or_say(lambda: _list_owners(url, key))


@state.command()
def upgrade(
    url: _Url,
    backup: Annotated[Path | None, typer.Option("--backup", help="First write a backup to this new file.")] = None,
) -> None:
    """Bring the schema to the version of this VecGuard. Stop every guard first.

    It is one transaction: killed at any moment, the database is as it was, and the command can be run again.

    Example: vecguard state upgrade --state sqlite:////var/lib/app/vecguard.db --backup before.vgb
    """
    run_or_say(lambda: _with(url, lambda database: _upgrade(database, backup)))


@state.command()
def backup(
    url: _Url, out: Annotated[Path, typer.Option("--out", help="The new file (mode 0600). Nothing is overwritten.")]
) -> None:
    """Write a consistent copy of every table to one file. Guards may go on meanwhile.

    The copy is as secret as the state: wrapped keys and sealed originals, which the root key opens. No guard opens it.

    Example: vecguard state backup --state sqlite:////var/lib/app/vecguard.db --out monday.vgb
    """
    run_or_say(lambda: _say_copied(_with(url, lambda database: back_up(database, out)), out))


@state.command("tombstones")
def tombstones_(
    url: _Url, key: _Key, out: Annotated[Path, typer.Option("--out", help="The new file. Nothing is overwritten.")]
) -> None:
    """Write the list of what was erased, as digests, with a MAC. Keep it away from the state, and keep it up to date.

    Example: vecguard state tombstones --state URL --key vecguard.key --out tombstones.jsonl
    """
    run_or_say(lambda: _with(url, lambda database: _export(database, Keyring.from_file(key), out)))


@state.command()
def restore(
    source: Annotated[Path, typer.Argument(metavar="BACKUP", help="A file of `vecguard state backup`.")],
    to: Annotated[str, typer.Option("--to", help="URL of an empty database, SQLite or PostgreSQL.")],
    key: _Key,
    listed: Annotated[Path | None, typer.Option("--tombstones", help="The latest list of what was erased.")] = None,
    live: Annotated[
        str | None, typer.Option("--live", help="URL of the state that the backup is of, if it can still be read.")
    ] = None,
    none: Annotated[
        bool, typer.Option("--no-tombstones", help="There is no list: whatever was erased since comes back.")
    ] = False,
    reason: Annotated[str, typer.Option(help="Why there is none. Its digest is audited.")] = "",
) -> None:
    """Make a state of a backup, without what was erased after it was made. Stop every guard first.

    Say where to learn what that is: exactly one of --tombstones, --live and --no-tombstones (with --reason).

    Example: vecguard state restore monday.vgb --to sqlite:////var/lib/app/new.db --live URL --key vecguard.key
    """

    def call() -> None:
        if (listed is not None) + (live is not None) + none != 1:
            raise BadInput("give exactly one of --tombstones FILE, --live URL and --no-tombstones --reason TEXT")
        given = None if none else partial(_given, listed, live)
        database = Database(to, as_it_is=True)
        try:
            _say_restored(restore_backup(source, database, Keyring.from_file(key), given, reason=reason))
        finally:
            database.close()

    run_or_say(call)


@state.command("clock")
def clock_(
    url: _Url,
    key: Annotated[Path | None, typer.Option("--key", help="The key file; needed with --set-back.")] = None,
    back: Annotated[
        bool, typer.Option("--set-back", help="Take this machine's time for the present one, and audit that.")
    ] = False,
) -> None:
    """Show the latest time that the state has seen, and how far this machine's clock is from it.

    Expiry goes by the later of the two. After a clock that ran ahead, set the clocks right, then use --set-back.

    Example: vecguard state clock --state sqlite:////var/lib/app/vecguard.db
    """
    run_or_say(lambda: _set_back(url, key) if back else _show_clock(_with(url, look_at).mark.at))


# --------------------------------------------------------------------------------------------------------- opening


def _with(url: str, work: Callable[[Database], T]) -> T:
    with _opened(url) as database:
        return work(database)


@contextmanager
def _opened(url: str) -> Iterator[Database]:
    """Open a database of any version. One that is not there is not made."""
    _there(url)
    database = Database(url, as_it_is=True)
    try:
        yield database
    finally:
        database.close()


def _there(url: str) -> None:
    file = state_file(url)
    if file is not None and not file.is_file():
        raise StateError("there is no state database at that place")


# -------------------------------------------------------------------------------------------------------- commands


def _upgrade(database: Database, path: Path | None) -> None:
    if path is not None:
        _say_copied(back_up(database, path), path)
    done = bring_up(database)
    if done.before == done.after:
        console.print(f"The schema has version {done.after} already.")
    else:
        console.print(f"The schema went from version {done.before} to {done.after}.")


def _export(database: Database, keyring: Keyring, path: Path) -> None:
    whose = database.look(lambda connection: identity(connection, keyring))
    found = Tombstones(database).all()
    reason = ""
    try:
        handle = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        with os.fdopen(handle, "w", encoding="utf-8") as file:
            file.writelines(f"{line}\n" for line in tombstones.written(found, whose.id, whose.key))
    except OSError as failure:
        reason = str(failure.strerror)
    if reason:
        raise StateError(f"the list could not be written: {reason}")
    console.print(f"Wrote {len(found)} tombstone(s) to {escape(str(path))}.", soft_wrap=True)


def _given(listed: Path | None, live: str | None, whose: Identity) -> list[Tombstone]:
    if listed is None:
        with _opened(str(live)) as database:
            return database.look(lambda connection: tombstones.of(connection, whose.id))
    try:
        lines = listed.read_text(encoding="utf-8").splitlines()
    except (OSError, UnicodeDecodeError):
        lines = []
    return tombstones.read(lines, whose.id, whose.key)


def _set_back(url: str, key: Path | None) -> None:
    if key is None:
        raise BadInput("--set-back is audited, which needs the key file: --key FILE")
    _there(url)
    opened = State(url, Keyring.from_file(key))
    try:
        before = clock.put_back(opened.audit, time.time())
    finally:
        opened.close()
    seen = _moment(before.at) if before.at else "not noted"
    console.print(f"The latest time seen was {seen}; now it is this machine's. Guards follow within a minute.")


def _list_owners(url: str, key: Path) -> None:
    _there(url)
    opened = State(url, Keyring.from_file(key))
    try:
        for name in opened.owners.names():
            print(name)  # noqa: T201 - rich would wrap and colour it
        nameless = opened.owners.nameless()
    finally:
        opened.close()
    if nameless:
        Console(stderr=True).print(f"{nameless} owner(s) have no name here.")


# --------------------------------------------------------------------------------------------------------- showing


def _show(found: Status) -> None:
    marks = " (a backup)" if found.backup else ""
    console.print(f"{found.dialect}, schema version {escape(found.version)} of {found.newest}{marks}")
    table = Table("table", "rows", box=SIMPLE)
    for name, count in found.rows.items():
        table.add_row(name, str(count))
    console.print(table)
    nameless = f", {found.nameless} of them without a name" if found.nameless else ""
    console.print(f"{found.owners} owner(s){nameless}.")
    if found.begun:
        age = max(0.0, time.time() - found.begun[0])
        console.print(f"{len(found.begun)} write(s) begun and not confirmed, the oldest {age:,.0f} s ago.")
    else:
        console.print("No write was left open.")
    if found.unsaved:
        age = max(0.0, time.time() - found.unsaved[0])
        console.print(f"{len(found.unsaved)} change(s) that FAISS files do not have yet, the oldest {age:,.0f} s old.")
    _show_clock(found.mark.at)
    for anchor in found.anchors:
        console.print(str(anchor), soft_wrap=True, highlight=False)


def _show_clock(seen: int) -> None:
    if not seen:
        console.print("No time was noted yet.")
        return
    behind = seen - time.time()
    where = f"{behind:,.0f} s behind it" if behind > 0 else "not behind it"
    console.print(f"Latest time seen: {_moment(seen)}; this machine's clock is {where}.")


def _say_copied(done: Copied, path: Path) -> None:
    count = sum(done.rows.values())
    console.print(f"Wrote {count} row(s) of schema version {done.version} to {escape(str(path))}.", soft_wrap=True)


def _say_restored(done: Restored) -> None:
    console.print(f"Restored {sum(done.rows.values())} row(s) of a backup of schema version {done.version}.")
    console.print(f"{done.erased} erasure(s) that came after it were kept.")
    console.print(f"{done.dropped} write(s) that were open in it were dropped: nobody was told that they were done.")
    console.print(
        "Not known any more: digests of owners' rows, and what was counted against budgets since. Start the guards, "
        "look at each owner's rows, and accept them (docs/state.md)."
    )


def _moment(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d %H:%M:%S} UTC"
