"""The `vecguard redteam` commands, their options and their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vecguard.cli._running import run_or_say
from vecguard.errors import BadInput
from vecguard.policy import Policy, Vectors, read_toml

redteam = typer.Typer(invoke_without_command=True, no_args_is_help=True)
console = Console()

_ROWS, _QUICK_ROWS = 4_000, 1_200
_STOLEN, _QUICK_STOLEN = 500, 300
_STORES = ("chroma", "qdrant", "faiss")

_Data = Annotated[Path, typer.Option(help="A folder with a .jsonl export of your texts (note, text, content ...).")]
_PolicyFile = Annotated[
    Path | None, typer.Option("--policy", help="A TOML file with a \\[policy] table. Default: balanced.")
]
_Profile = Annotated[str, typer.Option(help="Instead of a file: balanced, strict, or store (the store ranks).")]
_Store = Annotated[str, typer.Option(help="chroma, qdrant or faiss.")]
_Embedder = Annotated[str, typer.Option(help="minilm (extra `minilm`) or words (no model).")]
_Seed = Annotated[int, typer.Option(help="Which texts are drawn and which are stolen follows from it.")]


@redteam.callback()
def run(
    ctx: typer.Context,
    data: Annotated[
        Path | None, typer.Option(help="A folder with a .jsonl export of your texts (note, text, content ...).")
    ] = None,
    policy: _PolicyFile = None,
    profile: _Profile = "balanced",
    store: _Store = "chroma",
    attacks: Annotated[str, typer.Option(help="Which, by commas. Default: all that take seconds; `all` for all.")] = "",
    mine: Annotated[
        list[Path] | None, typer.Option("--attack", help="A Python file with an attacker of your own; repeatable.")
    ] = None,
    attributes: Annotated[
        list[str] | None,
        typer.Option("--attribute", help="A field that an attacker wants to know; repeatable. Default: found."),
    ] = None,
    quick: Annotated[bool, typer.Option("--quick", help=f"Only {_QUICK_ROWS:,} texts: some two minutes.")] = False,
    rows: Annotated[int | None, typer.Option(help=f"How many texts to use. Default: {_ROWS:,}.")] = None,
    show: Annotated[
        bool, typer.Option("--show", help="Keep what was read in the document as it is, not masked.")
    ] = False,
    embedder: _Embedder = "minilm",
    seed: _Seed = 0,
    out: Annotated[Path, typer.Option(help="Folder for the document and the page.")] = Path("out"),
) -> None:
    """Attack your own texts in a bare store and in a guarded one, and say what each of them gave away.

    Both stores are real and hold the same texts. A quarter of the rows is stolen as it lies on the shelf; the other
    texts are the attackers': to train on, to guess with, to know pairs of. Naive attackers take vectors for exact,
    adaptive ones know the mechanism and every parameter, and nobody has a key. Each figure stands beside what the same
    attacker gets of bare rows and what somebody gets who sees none. Nothing leaves this machine.

    Examples:
    vecguard redteam --data exports/ --quick

    vecguard redteam --data exports/ --policy guard.toml --store qdrant --attribute diagnosis

    vecguard redteam --data exports/ --attack mine.py --attacks dictionary
    """
    if ctx.invoked_subcommand is not None:
        return
    if data is None:
        raise typer.BadParameter("a folder with your texts is needed", param_hint="--data")

    def work() -> None:
        from vecguard.cli import _redteam  # noqa: PLC0415 - loads stores and models
        from vecguard.redteam.mine import load  # noqa: PLC0415 - as above

        chosen, label, _ = _policy(policy, profile)
        orders = _redteam.Orders(
            data=data,
            store=_known_store(store),
            policy=chosen,
            label=label,
            attacks=_redteam.chosen(attacks, has_mine=bool(mine)),
            mine=tuple(attack for path in mine or [] for attack in load(path)),
            attributes=tuple(attributes or []),
            embedder=embedder,
            rows=rows or (_QUICK_ROWS if quick else _ROWS),
            stolen=_QUICK_STOLEN if quick else _STOLEN,
            seed=seed,
            show=show,
        )
        _redteam.run(console, orders, out)

    run_or_say(work)


@redteam.command()
def challenge(
    folder: Annotated[Path, typer.Argument(help="A new folder, to be published.")],
    data: _Data,
    answers: Annotated[Path, typer.Option(help="A new file with the answers, not to be published yet.")],
    policy: _PolicyFile = None,
    profile: _Profile = "balanced",
    store: _Store = "chroma",
    rows: Annotated[int, typer.Option(help="How many notes to hide.")] = 200,
    embedder: _Embedder = "minilm",
    seed: _Seed = 0,
) -> None:
    """Make a challenge: the files of a guarded store with real notes, the rules, and commitments to the answers.

    The root key is made in memory and never written. Publish only texts that may become known: the challenge is that
    they cannot be read, and somebody may win.
    """

    def work() -> None:
        from vecguard.cli import _challenge  # noqa: PLC0415 - loads stores and models
        from vecguard.cli._calibrate import embedder_of, name_of, progress_on  # noqa: PLC0415 - as above
        from vecguard.evaluate.notes import read  # noqa: PLC0415 - as above

        chosen, _, text = _policy(policy, profile)
        with progress_on(console) as progress:
            _challenge.publish(
                folder,
                answers,
                read(data),
                store=_known_store(store),
                policy=chosen,
                policy_text=text,
                embedder=name_of(embedder),
                embed=embedder_of(embedder, progress),
                rows=rows,
                seed=seed,
            )
        console.print(f"{rows} notes are hidden in {folder}; the answers are in {answers}.", markup=False)

    run_or_say(work)


@redteam.command()
def judge(
    folder: Annotated[Path, typer.Argument(help="The folder of a challenge.")],
    answers: Annotated[Path, typer.Option(help="Its answers.")],
    claims: Annotated[Path, typer.Option(help="A text file, one claimed note a line.")],
) -> None:
    """Judge claims of a challenge. Exit status 0: a note was recovered. 1: none was, or an error."""

    def work() -> None:
        from vecguard.cli import _challenge  # noqa: PLC0415 - as above

        found = _challenge.judge(folder, answers, _claims(claims))
        won = sum(each.recovered for each in found)
        for number, each in enumerate(found, start=1):
            verdict = "word for word" if each.exact else f"F1 {each.alike:.2f}, known texts {each.known:.2f}"
            console.print(f"claim {number}: {'recovered, ' if each.recovered else ''}{verdict}", highlight=False)
        console.print(f"{won} of {len(found)} claims recover a note.", highlight=False)
        if not won:
            raise typer.Exit(1)

    run_or_say(work)


def _policy(path: Path | None, profile: str) -> tuple[Policy, str, str]:
    """Return a policy, what tables call it, and how it is written down."""
    if path is not None:
        return Policy.from_mapping(read_toml(path).get("policy", {})), path.name, path.read_text("utf-8")
    match profile:
        case "balanced":
            return Policy(), profile, '[policy]\nprofile = "balanced"'
        case "strict":
            return Policy.strict(), profile, '[policy]\nprofile = "strict"'
        case "store":
            return Policy(vectors=Vectors(ranking="store")), profile, '[policy.vectors]\nranking = "store"'
    raise BadInput("--profile takes balanced, strict and store")


def _known_store(name: str) -> str:
    if name not in _STORES:
        raise BadInput(f"--store takes {', '.join(_STORES)}")
    return name


def _claims(path: Path) -> list[str]:
    try:
        return [line for line in path.read_text("utf-8").splitlines() if line.strip()]
    except (OSError, UnicodeDecodeError) as foreign:
        why = type(foreign).__name__
    raise BadInput(f"the file of claims cannot be read ({why})")
