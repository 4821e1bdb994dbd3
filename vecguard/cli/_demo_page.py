"""How the demonstration looks in a terminal."""

from __future__ import annotations

import tempfile
import time
from collections.abc import Callable, Sequence
from pathlib import Path

from rich import box
from rich.console import Console
from rich.markup import escape
from rich.panel import Panel
from rich.table import Table

from vecguard.arrays import Floats
from vecguard.cli import _corpus
from vecguard.cli._demo import Evidence, demonstrate
from vecguard.errors import BadInput
from vecguard.policy import Policy, Vectors

Embed = Callable[[Sequence[str]], Floats]


def show(
    console: Console, data: Path | None, stores: list[str], embedder: str, profile: str, keep: Path | None
) -> list[Evidence]:
    """Run the demonstration on every store and print one table each."""
    started = time.perf_counter()
    policy = _policy(profile)
    with console.status("Loading the embedder ..."):
        embed = embedder_named(embedder)
        embed(["ready"])
    corpus = _corpus.synthetic() if data is None else _corpus.from_folder(data)
    ready = time.perf_counter() - started
    console.print(
        f"\n[bold]VecGuard demo[/]: {escape(corpus.title)}, three owners, profile {profile}, embedder {embedder}."
    )
    evidence: list[Evidence] = []
    with tempfile.TemporaryDirectory(prefix="vecguard-demo-") as scratch:
        folder = Path(scratch) if keep is None else _new(keep)
        for store in stores:
            with console.status(f"{store}: writing, searching, attacking ..."):
                found = demonstrate(store, corpus, embed, folder, policy)
            evidence.append(found)
            console.print(_table(found))
        console.print(_sample(evidence[0]))
        if keep is not None:
            console.print(f"Files kept in {escape(str(keep))}: look for yourself.")
    took = ", ".join(f"{each.store} {each.seconds:.1f} s" for each in evidence)
    console.print(f"Loading took {ready:.1f} s; the demo {time.perf_counter() - started - ready:.1f} s ({took}).")
    return evidence


def embedder_named(name: str) -> Embed:
    """Return an embedder by the name that the command line has for it."""
    if name == "minilm":
        from vecguard.evaluate import minilm  # noqa: PLC0415 - an extra, and slow to load

        return minilm()
    if name == "words":
        from vecguard.testing import word_hash  # noqa: PLC0415

        return word_hash(384)
    raise BadInput("--embedder is minilm or words")


def _policy(profile: str) -> Policy:
    if profile not in ("balanced", "store", "strict"):
        raise BadInput("--profile is balanced, store or strict")
    if profile != "strict":
        return Policy(vectors=Vectors(ranking="store")) if profile == "store" else Policy()
    # strict refuses what the demo tries on purpose; withholding shows the same and lets it go on
    strict = Policy.strict()
    return strict.replace(reads=strict.reads.replace(vectors="withhold"))


def _new(folder: Path) -> Path:
    try:
        folder.mkdir(parents=True)
    except OSError:
        taken = True
    else:
        taken = False
    if taken:
        raise BadInput("--keep names a folder that does not exist yet")
    return folder


def _table(found: Evidence) -> Table:
    table = Table(title=f"\n{found.store}", box=box.SIMPLE_HEAD, title_justify="left", title_style="bold")
    table.add_column("who", no_wrap=True)
    table.add_column("what it gets", no_wrap=True)
    table.add_column("bare", justify="right", style="red")
    table.add_column("guarded", justify="right", style="green")
    before = ""
    for line in found.lines:
        table.add_row("" if line.who in ("", before) else line.who, line.what, line.bare, line.guarded)
        before = line.who or before
    return table


def _sample(found: Evidence) -> Panel:
    written, read, restored = (escape(_short(text)) for text in found.sample)
    body = (
        f"[dim]as written          [/] {written}\n"
        f"[dim]as its owner reads it[/] {read}\n"
        f"[dim]with pii:restore    [/] {restored}"
    )
    return Panel(body, title="one note", title_align="left", box=box.ROUNDED)


def _short(text: str) -> str:
    return text if len(text) <= 400 else f"{text[:150]} ... {text[-220:]}"
