"""`vecguard erase`: erases, looks for what must be gone, and writes a receipt that others can check."""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import typer
from rich.box import SIMPLE
from rich.console import Console
from rich.markup import escape
from rich.progress import Progress, TaskID
from rich.table import Table

from vecguard import config
from vecguard.cli._running import run_or_say
from vecguard.erasure import ErasureReceipt, Expired, OfOwner
from vecguard.erasure import erase as carried_out
from vecguard.erasure.orders import Order
from vecguard.erasure.receipt import public_key, signing_key
from vecguard.errors import BadInput, StateError, Tampered
from vecguard.guard import Guard
from vecguard.keyplace import state_file

erase = typer.Typer(invoke_without_command=True, no_args_is_help=True)
console = Console()

_Config = Annotated[Path | None, typer.Option("--config", help="The guard's TOML file: state, keys and policy.")]
_OwnerFile = Annotated[
    str, typer.Option("--owner-file", help="A file with the owner's name, or - for standard input: no shell keeps it.")
]


@erase.callback()
def run(
    ctx: typer.Context,
    configuration: _Config = None,
    stores: Annotated[
        list[str] | None,
        typer.Option("--store", help="chroma:PATH, qdrant:PATH, faiss:FILE, or chroma:URL and qdrant:URL; repeatable."),
    ] = None,
    owner: Annotated[str, typer.Option(help="Whose: everything, or what the next options say.")] = "",
    owner_file: _OwnerFile = "",
    ids: Annotated[list[str] | None, typer.Option("--id", help="Only records with this id; repeatable.")] = None,
    ids_file: Annotated[str, typer.Option("--ids-file", help="The same, one to a line, or - for standard input.")] = "",
    subject: Annotated[
        list[str] | None,
        typer.Option("--subject", help="Only what is known of one person: a name or number of it; repeatable."),
    ] = None,
    subject_file: Annotated[str, typer.Option("--subject-file", help="The same, one to a line, or -.")] = "",
    records: Annotated[bool, typer.Option("--records", help="With a subject: the records too that named it.")] = False,
    expired: Annotated[bool, typer.Option("--expired", help="Records past their retention, of all owners.")] = False,
    owners_file: Annotated[
        str,
        typer.Option(
            "--owners-file", help="With --expired: only of these owners, one to a line, or -. Names stay known."
        ),
    ] = "",
    receipt: Annotated[Path | None, typer.Option(help="Write the receipt to this file.")] = None,
    yes: Annotated[bool, typer.Option("--yes", help="Do not ask.")] = False,
) -> None:
    """Erase everything of an owner, some of its records, what is known of one person, or what has expired.

    Rows are overwritten and deleted; stores and the state rewrite the files that held them; then every file is searched
    for ids, seals, vectors, clear values and keys. Of an owner the keys are shredded first, so that what could not be
    reached (backups, a server's disk) cannot be read. Killed at any point, the same command completes it.

    Exit status 0: nothing was found. 1: something was, or an error. The receipt says what nobody could look at.

    Examples:
    vecguard erase --config guard.toml --store chroma:/var/lib/app/chroma --owner-file - --receipt alice.json

    vecguard erase --expired --config guard.toml --store chroma:/var/lib/app/chroma --yes

    vecguard erase verify alice.json --public-key "$(cat erasures.pub)"
    """
    if ctx.invoked_subcommand is not None:
        return
    given = _Given(
        owner or _one(owner_file), ids or _lines(ids_file), subject or _lines(subject_file), expired, owners_file
    )
    result: list[ErasureReceipt] = []
    run_or_say(
        lambda: result.append(
            _run(
                configuration,
                stores or [],
                given,
                receipt,
                records=records,
                yes=yes,
            )
        )
    )
    if not all(each.clean for each in result):
        raise typer.Exit(1)


@erase.command()
def verify(
    receipt: Annotated[Path, typer.Argument(help="A receipt, as --receipt wrote it.")],
    key: Annotated[str, typer.Option("--public-key", help="The public key, which came to you another way.")] = "",
    configuration: Annotated[
        Path | None, typer.Option("--config", help="Or the guard's TOML file, whose state has signed it.")
    ] = None,
    owner_file: Annotated[
        str, typer.Option("--owner-file", help="With --config: see that it is this owner's. A file, or -.")
    ] = "",
) -> None:
    """Check the signature of a receipt, and say what it says. Exit status 1 if it does not hold."""
    run_or_say(lambda: _verify(receipt, key, configuration, _one(owner_file)))


@erase.command("public-key")
def show_key(configuration: Annotated[Path, typer.Option("--config", help="The guard's TOML file.")]) -> None:
    """Print the key that receipts of this state are checked with. Hand it to auditors before there is a receipt."""
    run_or_say(lambda: _show_key(configuration))


@dataclass(frozen=True, slots=True)
class _Given:
    """Whom and what the options name."""

    owner: str = field(repr=False)
    ids: list[str] = field(repr=False)
    subject: list[str] = field(repr=False)
    expired: bool
    owners_file: str

    def order(self, *, records: bool) -> Order:
        """Return the erasure that this asks for, or raise `BadInput`."""
        if self.expired:
            if self.owner or self.ids or self.subject:
                raise BadInput("--expired takes what has expired: it goes with --owners-file and no other choice")
            return Expired(self._owners())
        if self.owners_file:
            raise BadInput("--owners-file goes with --expired")
        if not self.owner:
            raise BadInput("say whose: --owner-file - (or --owner), or --expired")
        return OfOwner(self.owner, self.ids or None, self.subject or None, records)

    def _owners(self) -> list[str] | None:
        """Return the owners of the file; a file that names nobody does not stand for all."""
        owners = _lines(self.owners_file) if self.owners_file else None
        if owners == []:
            raise BadInput("the file of owners names nobody; leave it out to take all owners that the state knows")
        return owners


def _run(
    configuration: Path | None,
    stores: list[str],
    given: _Given,
    receipt: Path | None,
    *,
    records: bool,
    yes: bool,
) -> ErasureReceipt:
    order = given.order(records=records)
    with _opened(configuration) as guard, _guarded(guard, stores) as guarded:
        if not yes:
            typer.confirm(f"This cannot be undone. {_what(given)} in {len(stores)} store(s)?", abort=True)
        with Progress(console=console, transient=True) as bar:
            made = carried_out(guard, guarded, order, _shown(bar))
    _show(made)
    if receipt is not None:
        receipt.write_text(made.json(), encoding="utf-8")
        console.print(f"Receipt: {escape(str(receipt))}", soft_wrap=True)
    return made


def _what(given: _Given) -> str:
    if given.expired:
        return "What has expired"
    if given.ids:
        return f"{len(given.ids)} record(s) of an owner"
    return "What is known of a person" if given.subject else "Everything of an owner"


def _shown(bar: Progress) -> Callable[[str, int, int], object]:
    tasks: dict[str, TaskID] = {}

    def tell(stage: str, done: int, whole: int) -> None:
        if stage not in tasks:
            tasks[stage] = bar.add_task(stage, total=whole)
        bar.update(tasks[stage], completed=done, total=whole)

    return tell


# --------------------------------------------------------------------------------------------------- state, stores


@contextmanager
def _opened(configuration: Path | None) -> Iterator[Guard]:
    """Open the guard of a configuration. A state that is not there is not made: nothing would be found in it."""
    if configuration is None:
        raise BadInput("say which guard: --config guard.toml")
    settings = config.without_embedder(configuration)
    file = state_file(settings["state"])
    if file is not None and not file.exists():
        raise StateError("there is no state database where the configuration says that it is")
    guard = Guard(**settings)
    try:
        yield guard
    finally:
        guard.close()


@contextmanager
def _guarded(guard: Guard, stores: list[str]) -> Iterator[list[Any]]:
    """Open stores that exist; a local Qdrant is closed again, for it locks its folder."""
    if not stores:
        raise BadInput("say where: --store chroma:PATH, qdrant:PATH or faiss:FILE")
    opened: list[tuple[Any, Callable[[], object]]] = []
    try:
        for each in stores:
            opened.append(_store(guard, each))  # noqa: PERF401 - one that fails must not leave the others open
        yield [guarded for guarded, _ in opened]
    finally:
        for _, close in opened:
            close()


def _store(guard: Guard, given: str) -> tuple[Any, Callable[[], object]]:
    kind, _, place = given.partition(":")
    kinds = {"chroma": _chroma, "qdrant": _qdrant, "faiss": _faiss}
    if kind not in kinds or not place:
        raise BadInput("a store is chroma:PATH, qdrant:PATH or faiss:FILE, or chroma:URL or qdrant:URL")
    if "://" not in place and not Path(place).exists():
        raise BadInput(f"there is no {kind} store at that place")
    return kinds[kind](guard, place)


def _chroma(guard: Guard, place: str) -> tuple[Any, Callable[[], object]]:
    import chromadb  # noqa: PLC0415 - an extra, and slow to import
    from chromadb.config import Settings  # noqa: PLC0415

    import vecguard_chroma  # noqa: PLC0415

    quiet = Settings(anonymized_telemetry=False)
    if "://" in place:
        scheme, _, rest = place.partition("://")
        host, _, port = rest.rstrip("/").partition(":")
        client = chromadb.HttpClient(host=host, port=int(port or 8000), ssl=scheme == "https", settings=quiet)
    else:
        client = chromadb.PersistentClient(place, quiet)
    return vecguard_chroma.wrap(client, guard), lambda: None


def _qdrant(guard: Guard, place: str) -> tuple[Any, Callable[[], object]]:
    from qdrant_client import QdrantClient  # noqa: PLC0415 - an extra

    import vecguard_qdrant  # noqa: PLC0415

    client = QdrantClient(url=place) if "://" in place else QdrantClient(path=place)
    return vecguard_qdrant.wrap(client, guard), client.close


def _faiss(guard: Guard, place: str) -> tuple[Any, Callable[[], object]]:
    import vecguard_faiss  # noqa: PLC0415 - an extra

    try:
        return vecguard_faiss.GuardedFaissCollection.open(place, guard), lambda: None
    except BadInput:  # the other face saved it
        pass
    return vecguard_faiss.GuardedIndex.open(place, guard), lambda: None


# --------------------------------------------------------------------------------------------------------- receipts


def _verify(path: Path, key: str, configuration: Path | None, owner: str) -> None:
    receipt = ErasureReceipt.from_json(_text(str(path)))
    if configuration is not None:
        with _opened(configuration) as guard:
            key = key or _public_key(guard)
            if owner and guard.state.digest(owner) != receipt.owner:
                raise Tampered("this receipt is not about that owner")
    if not key:
        raise BadInput("say which key: --public-key, as it came to you another way than the receipt, or --config")
    receipt.verify(key)
    console.print("[bold green]The signature holds.[/]")
    _show(receipt)


def _show_key(configuration: Path) -> None:
    with _opened(configuration) as guard:
        print(_public_key(guard))  # noqa: T201 - rich would colour it


def _public_key(guard: Guard) -> str:
    return public_key(signing_key(guard.state.keystore.get("state", guard.state.id)))


def _show(receipt: ErasureReceipt) -> None:
    counts = ", ".join(f"{count} {name}" for name, count in receipt.counts.items())
    console.print(f"{receipt.at}: {receipt.rows} row(s){', ' if counts else ''}{counts}.")
    table = Table("collection", "store", "rows", "what was done", box=SIMPLE)
    for each in receipt.collections:
        table.add_row(f"{each.uid[:12]}…", each.kind, str(each.rows), ", ".join(each.done))
    console.print(table)
    table = Table("sought", "things", "found before", "found now", box=SIMPLE)
    for kind in receipt.sought:
        now = f"[bold red]{kind.after}[/]" if kind.after else "0"
        table.add_row(kind.kind, str(kind.things), str(kind.before), now)
    console.print(table)
    console.print(f"Looked at {receipt.files} file(s), {receipt.bytes / 1e6:.1f} MB.")
    if receipt.elsewhere:
        console.print(f"[bold]{receipt.elsewhere} collection(s) of this owner were not given.[/]")
    for sentence in receipt.unverified:
        console.print(f"Not looked at: {escape(sentence)}.")
    if not receipt.clean:
        console.print("[bold red]Not everything is gone.[/] Close whatever has the store open, and run it again.")


def _one(given: str) -> str:
    found = _lines(given)
    if len(found) > 1:
        raise typer.BadParameter("one name is expected")
    return found[0] if found else ""


def _lines(given: str) -> list[str]:
    return [line.strip() for line in _text(given).splitlines() if line.strip()] if given else []


def _text(given: str) -> str:
    try:
        return sys.stdin.read() if given == "-" else Path(given).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        reason = f"a file cannot be read ({type(failure).__name__})"
    raise BadInput(reason)
