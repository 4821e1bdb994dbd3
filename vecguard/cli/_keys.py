"""`vecguard keys`: make root keys, move a state to a new one, and see which keys there are."""

from __future__ import annotations

import stat
import time
from datetime import UTC, datetime
from pathlib import Path
from typing import Annotated

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.table import Column, Table

from vecguard import config
from vecguard.audit import SETTLER
from vecguard.cli._running import run_or_say
from vecguard.errors import KeyringError, StateError
from vecguard.keyplace import beside_state, exchangeable, state_file
from vecguard.keys import Keyring
from vecguard.state import State
from vecguard.state.database import Database
from vecguard.state.inventory import Inventory, inventory
from vecguard.state.rotation import in_force_since
from vecguard.state.rotation import rotate as rotate_roots

keys = typer.Typer(help="Make and keep the keys that everything else hangs on.", no_args_is_help=True)
console = Console()

_Config = Annotated[Path, typer.Option("--config", help="The guard's TOML file: where its state and keys are.")]
_Configs = Annotated[
    list[Path],
    typer.Option("--config", help="The guard's TOML file; once for each state that uses the same key file."),
]


@keys.command()
def new(path: Annotated[Path, typer.Argument(help="Where to write the key file. It must not exist.")]) -> None:
    """Make a key file that only you can read.

    Keep it away from the store and from the state database, and keep a copy: without it, nothing comes back.
    """
    run_or_say(lambda: Keyring.generate(path))
    console.print(f"Wrote one root key to {escape(str(path))} (mode 0600). Back it up; nothing can be read without it.")


@keys.command()
def rotate(
    configuration: _Configs,
    keep_old: Annotated[
        bool,
        typer.Option(
            "--keep-old", help="Leave the old root in the key file: backups of the state from before open with it only."
        ),
    ] = False,
    older_than: Annotated[
        float | None,
        typer.Option("--older-than", min=0, help="Only if the root has been in force for so many days: for a timer."),
    ] = None,
) -> None:
    """Move all data keys to a new root key, then remove the old root from the key file.

    Guards may go on working: they read the key file again when they meet the new root. Stopped or killed at any point,
    nothing is lost; run it again, and it ends what it began. Give every state that uses the key file, or --keep-old:
    data keys of a state that is not named open with the old root only.

    It wraps data keys anew and does not encrypt rows anew. That is enough if a root may have leaked and no copy of the
    state did. If both did, the data keys are known, and rows must be written under new ones, which VecGuard does not do
    yet.

    Example: vecguard keys rotate --config guard.toml && vecguard keys status --config guard.toml

    From cron, every night: vecguard keys rotate --older-than 90 --config guard.toml
    """
    run_or_say(lambda: _rotate(configuration, keep_old=keep_old, older_than=older_than))


@keys.command()
def status(configuration: _Config) -> None:
    """Show root keys (their ids, never the keys) and data keys, and try each. Exit status 1 if anything is wrong."""
    wrong: list[str] = []
    run_or_say(lambda: wrong.extend(_status(configuration)))
    for each in wrong:
        console.print(f"[bold red]Wrong:[/] {each}")
    if wrong:
        raise typer.Exit(1)


def _rotate(paths: list[Path], *, keep_old: bool, older_than: float | None) -> None:
    settings = [config.without_embedder(path) for path in paths]
    keyring: Keyring = settings[0]["keys"]
    if any(each["keys"].path != keyring.path or each["keys"].source != keyring.source for each in settings):
        raise KeyringError("these configurations do not use the same keyring: rotate them one by one")
    states: list[State] = []
    try:
        for each in settings:
            _there(each["state"])
            # refuses a wrong key before anything is changed
            states.append(State(each["state"], each["keys"], each["anchor"]))
        if older_than is not None and (age := _age(states)) < older_than and not _under_way(states, keyring):
            console.print(f"Root {escape(keyring.current.id)} has been in force for {age:.1f} days: nothing to do.")
            return
        for state in states:  # what cannot be audited is not begun
            state.audit.append(SETTLER, "rotate", "", 0, "begun")
        done = rotate_roots([state.database for state in states], keyring, keep_old=keep_old)
        for state in states:
            state.audit.append(SETTLER, "rotate", "", done.rewrapped, f"root {done.root}")
    finally:
        for state in states:
            state.close()
    if done.resumed:
        console.print("This ended a rotation that was begun earlier. Run it again for another new root.")
    console.print(f"{done.rewrapped} data key(s) wrapped anew; root {escape(done.root)} is in force.")
    console.print(_AFTERWARDS["kept" if keep_old and keyring.path is not None else keyring.source])


def _age(states: list[State]) -> float:
    """Return for how many days the oldest of these states' roots has been in force."""
    return (time.time() - min(state.database.look(in_force_since) for state in states)) / 86_400


def _under_way(states: list[State], keyring: Keyring) -> bool:
    """Whether an earlier rotation was stopped before its end."""
    found = [inventory(state.database, keyring) for state in states]
    return any(_unfinished(keyring, each) for each in found)


_AFTERWARDS = {
    "file": "The old root is gone from the key file. Back up the file and the state now: older backups do not open.",
    "environment": "Now take the old root out of the environment variable, and start the guards again.",
    "kept": "The old root is still in the key file, marked as kept: back up the file, and rotate without --keep-old "
    "when the backups from before are gone.",
}


def _there(url: str) -> None:
    file = state_file(url)
    if file is not None and not file.exists():
        raise StateError("there is no state database at that place")


def _status(path: Path) -> list[str]:
    settings = config.without_embedder(path)
    keyring: Keyring = settings["keys"]
    _there(settings["state"])
    database = Database(settings["state"])
    try:
        found = inventory(database, keyring)
    finally:
        database.close()
    _show_roots(keyring, found)
    _show_data_keys(found)
    return [*_wrong_inside(keyring, found), *_wrong_outside(keyring, settings["state"])]


def _show_roots(keyring: Keyring, found: Inventory) -> None:
    if keyring.path is not None:
        mode = stat.S_IMODE(keyring.path.stat().st_mode)
        console.print(f"Key file {escape(str(keyring.path))}, mode {mode:04o}", soft_wrap=True)
    else:
        console.print(f"Keyring from the {keyring.source}")
    table = Table(_narrow("root"), "", "data keys", box=SIMPLE)
    for root in keyring.roots:
        role = "current" if root.id == keyring.current.id else "old, kept for backups" if root.kept else "old"
        role += ", in force" if root.id == found.root else ""
        table.add_row(escape(root.id), role, str(sum(each.count for each in found.held if each.root == root.id)))
    console.print(table)


def _show_data_keys(found: Inventory) -> None:
    table = Table("data keys of", _narrow("under root"), "how many", "first made", "last made", box=SIMPLE)
    for each in found.held:
        table.add_row(each.kind, escape(each.root), str(each.count), _day(each.first), _day(each.last))
    console.print(table)
    console.print(f"Key check of the state: {'passes' if found.checked else 'fails'}")


def _narrow(name: str) -> Column:
    return Column(name, no_wrap=True)  # an id is not cut or folded


def _day(at: float) -> str:
    return f"{datetime.fromtimestamp(at, UTC):%Y-%m-%d}"


def _wrong_inside(keyring: Keyring, found: Inventory) -> list[str]:
    wrong = []
    if not found.checked:
        wrong.append("the state was made with a root key that this keyring does not hold")
    held = {root.id for root in keyring.roots}
    if missing := sum(each.count for each in found.held if each.root not in held):
        wrong.append(f"{missing} data key(s) are under a root that the keyring lacks")
    if closed := sum(each.closed for each in found.held if each.root in held):
        wrong.append(f"{closed} data key(s) do not open: they were changed, moved or damaged")
    if unfinished := _unfinished(keyring, found):
        wrong.append(unfinished)
    return wrong


def _unfinished(keyring: Keyring, found: Inventory) -> str:
    """Say what an earlier rotation has left to do; nothing if there is none."""
    if found.root != keyring.current.id or any(each.root != found.root for each in found.held):
        return "a rotation is not over: run `vecguard keys rotate`"
    if keyring.path is not None and not all(root.kept for root in keyring.roots if root.id != found.root):
        return "the old root was not removed: run `vecguard keys rotate`"
    return ""


def _wrong_outside(keyring: Keyring, url: str) -> list[str]:
    wrong = []
    if beside_state(keyring, url):
        wrong.append("the key file lies in the folder of the state: whoever takes the folder has both")
    if keyring.path is not None and exchangeable(keyring.path):
        wrong.append("others may write to the folder of the key file, and put another file in its place")
    return wrong
