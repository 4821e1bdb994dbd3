"""The commands, their options and their help."""

from __future__ import annotations

from pathlib import Path
from typing import Annotated

import typer
from rich.console import Console

from vecguard.cli._audit import audit
from vecguard.cli._canary import canary
from vecguard.cli._erase import erase
from vecguard.cli._keys import keys
from vecguard.cli._redteam_app import redteam
from vecguard.cli._report import report
from vecguard.cli._retention import retention
from vecguard.cli._rules import rules
from vecguard.cli._running import run_or_say
from vecguard.cli._state import state

app = typer.Typer(
    name="vecguard",
    help="Privacy middleware for vector databases: see what a bare store gives away, and what protection costs.",
    no_args_is_help=True,
    pretty_exceptions_enable=False,  # its tracebacks show locals, and locals hold texts and vectors
)
bench = typer.Typer(help="Measure what protection costs, on your own corpus.", no_args_is_help=True)
check = typer.Typer(help="Look for personal data before it is stored.", no_args_is_help=True)
app.add_typer(bench, name="bench")
app.add_typer(check, name="check")
app.add_typer(keys, name="keys")
app.add_typer(state, name="state")
app.add_typer(rules, name="rules")
app.add_typer(retention, name="retention")
app.add_typer(audit, name="audit")
app.add_typer(canary, name="canary")
app.add_typer(erase, name="erase")
app.add_typer(redteam, name="redteam")
app.command()(report)
console = Console()

STORES = ("chroma", "qdrant", "faiss")


def _chosen(stores: str) -> list[str]:
    names = [each.strip() for each in stores.split(",") if each.strip()]
    if not names or any(each not in STORES for each in names):
        raise typer.BadParameter(f"a comma-separated list of {', '.join(STORES)}")
    return names


def _named(names: str) -> list[str]:
    return [each.strip() for each in names.split(",") if each.strip()]


@app.command()
def demo(
    data: Annotated[
        Path | None,
        typer.Option(
            help="A folder with a .jsonl file of real notes (note, text or content). Default: invented notes."
        ),
    ] = None,
    stores: Annotated[str, typer.Option("--store", "--stores", help="Which stores, separated by commas.")] = ",".join(
        STORES
    ),
    embedder: Annotated[
        str, typer.Option(help="minilm (real embeddings, offline, extra `minilm`) or words (no model).")
    ] = "minilm",
    profile: Annotated[str, typer.Option(help="balanced, store (the store ranks) or strict.")] = "balanced",
    keep: Annotated[
        Path | None, typer.Option(help="Keep the files in this new folder, to look at them yourself.")
    ] = None,
) -> None:
    """Put notes of three owners into a bare and a guarded store, then attack both.

    For each store a table shows, bare against guarded and run for real: what a thief of the files reads, what a
    dictionary attacker recognises in the stored vectors, what another owner gets, and whether the owner's own search
    still finds the same records.
    """
    from vecguard.cli._demo_page import show  # noqa: PLC0415 - loads stores and models

    run_or_say(lambda: show(console, data, _chosen(stores), embedder, profile, keep))


@bench.command()
def retrieval(
    data: Annotated[str, typer.Option(help="A folder in BEIR layout, or the name of a BEIR set to load from a hub.")],
    stores: Annotated[str, typer.Option(help="Which stores, separated by commas.")] = ",".join(STORES),
    profiles: Annotated[
        str, typer.Option(help="Which settings, by commas: scrub-only, mask-only, store, balanced, strict.")
    ] = "scrub-only,mask-only,balanced",
    noise: Annotated[
        float | None, typer.Option(help="r, the noise relative to the vector. Default: the profile's.")
    ] = None,
    over_fetch: Annotated[
        int | None, typer.Option(help="K, candidates re-ranked exactly. Default: the profile's.")
    ] = None,
    queries: Annotated[int | None, typer.Option(help="Use only the first so many queries.")] = None,
    split: Annotated[str, typer.Option(help="Which judgements: qrels/SPLIT.tsv.")] = "test",
    embedder: Annotated[str, typer.Option(help="minilm (extra `minilm`) or words (no model).")] = "minilm",
    out: Annotated[Path, typer.Option(help="Folder for the JSON document and the plot.")] = Path("out"),
    seed: Annotated[int, typer.Option(help="Seed of the bootstrap.")] = 0,
) -> None:
    """Compare retrieval quality, bare and guarded, on a corpus with judgements.

    Prints nDCG@10, recall@10, MRR@10 and the overlap of the top 10 with the bare store's, with paired-bootstrap
    intervals, and writes them as JSON and as a plot. Embeddings are cached on disk: the first run takes minutes.
    """
    from vecguard.cli._bench import run  # noqa: PLC0415 - loads stores and models

    run_or_say(
        lambda: run(
            console,
            data=data,
            split=split,
            stores=_chosen(stores),
            profiles=[each.strip() for each in profiles.split(",") if each.strip()],
            noise=noise,
            over_fetch=over_fetch,
            only=queries,
            embedder=embedder,
            out=out,
            seed=seed,
        )
    )


@bench.command()
def frontier(
    data: Annotated[
        list[str],
        typer.Option(help="A folder in BEIR layout or with a .jsonl file of notes. Again for another corpus."),
    ],
    quick: Annotated[bool, typer.Option("--quick", help="A look: cut texts, few rows, one seed. Minutes.")] = False,
    full: Annotated[
        bool, typer.Option("--full", help="Every setting, more rows and pairs, three seeds. Hours.")
    ] = False,
    settings: Annotated[str, typer.Option(help="Which settings, by commas. Default: six; with --full all.")] = "",
    attacks: Annotated[str, typer.Option(help="Which attacks, by commas. Default: five; with --full all.")] = "",
    margin: Annotated[float, typer.Option(help="The loss that counts as equal utility: .01 is one per cent.")] = 0.01,
    seeds: Annotated[int | None, typer.Option(help="Divisions into stolen rows and the attacker's own.")] = None,
    split: Annotated[str, typer.Option(help="Which judgements, qrels/SPLIT.tsv, by commas. Default: all.")] = "",
    label: Annotated[str, typer.Option(help="Fields of notes to read off vectors as attributes, by commas.")] = "",
    asked_by: Annotated[str, typer.Option(help="A field of notes with what somebody asks to find them.")] = "",
    embedder: Annotated[str, typer.Option(help="minilm (extra `minilm`) or words (no model).")] = "minilm",
    out: Annotated[Path, typer.Option(help="Folder for documents, pages and plots.")] = Path("out"),
    fresh: Annotated[bool, typer.Option("--fresh", help="Take nothing that an earlier run has finished.")] = False,
    show: Annotated[
        bool, typer.Option("--show", help="Leave samples of your texts readable in what is written.")
    ] = False,
) -> None:
    """Compare settings at equal utility: what each costs in retrieval, and what it leaves to each attacker.

    Noise alone, a rotation alone and the product's own settings stand beside no protection at all. What has a dial is
    turned up until search loses the margin, on half of the queries; all that is reported is measured on the others.
    Every attack then runs on every setting, and with the same knowledge on bare vectors: a leak of 100 % is what it
    gets there, 0 % what somebody gets who never sees a row. Naive attackers take stored vectors for exact ones;
    adaptive ones know the mechanism.

    A run that was ended goes on where it was: finished cells are kept beside the embeddings, under ~/.cache/vecguard
    or $VECGUARD_CACHE, and are as sensitive.

    Example: vecguard bench frontier --data notes/ --quick --out out
    """
    from vecguard.cli._frontier import run  # noqa: PLC0415 - loads numpy and models

    run_or_say(
        lambda: run(
            console,
            data=data,
            preset="quick" if quick else "full" if full else "usual",
            settings=_named(settings),
            attacks=_named(attacks),
            margin=margin,
            seeds=seeds,
            split=split,
            labels=_named(label),
            asked_by=asked_by,
            embedder=embedder,
            out=out,
            fresh=fresh,
            show=show,
        )
    )


@check.command("text")
def check_text(
    source: Annotated[str, typer.Argument(help="A text or JSONL file, or - for standard input.")],
    form: Annotated[
        str, typer.Option("--format", help="text (one text), lines (one per line), jsonl; default: by the name.")
    ] = "",
    policy: Annotated[Path | None, typer.Option(help="A TOML file with a \\[policy] table, as a guard has.")] = None,
    entities: Annotated[str, typer.Option(help="Types to look for, by commas; default, all or hipaa.")] = "default",
    model: Annotated[str, typer.Option(help="What reads names: vecguard, none, spacy:NAME, ...")] = "",
    explain: Annotated[bool, typer.Option(help="Show every finding: where, what, how sure, found by what.")] = False,
    show: Annotated[bool, typer.Option(help="Show the values that were found. Your terminal may keep them.")] = False,
    out: Annotated[Path | None, typer.Option("--json", help="Write the report as JSON, - to print it.")] = None,
    fail: Annotated[bool, typer.Option("--fail-if-found", help="Exit with status 3 if anything was found.")] = False,
) -> None:
    """Say what personal data is in texts, how much of it, where and why.

    Values are never printed unless you ask with --show. Nothing is written and nothing leaves this machine. In JSONL
    every string, number and date of a record is looked at, however deep, with its field's name beside it.

    Examples: vecguard check text notes.txt --explain; cat export.jsonl | vecguard check text - --format jsonl
    """
    from vecguard.cli._check import run  # noqa: PLC0415 - loads Presidio and the model

    found = 0

    def call() -> None:
        nonlocal found
        found = run(
            console,
            source,
            form=form,
            policy=policy,
            entities=entities,
            model=model,
            explain=explain,
            show=show,
            out=out,
        )

    run_or_say(call)
    if fail and found:
        raise typer.Exit(3)


@app.command()
def calibrate(
    data: Annotated[str, typer.Option(help="A folder in BEIR layout, or the name of a BEIR set to load from a hub.")],
    budget: Annotated[
        float | None, typer.Option(help="Loss that is acceptable, in per cent. Default: .5, or 2 with --label-free.")
    ] = None,
    max_over_fetch: Annotated[int, typer.Option(help="The largest K, rows per search, that latency allows.")] = 400,
    label_free: Annotated[
        bool, typer.Option("--label-free", help="Compare with the exact top 10 instead of judgements.")
    ] = False,
    out: Annotated[Path | None, typer.Option(help="Write the policy as TOML, if it holds.")] = None,
    json: Annotated[Path | None, typer.Option("--json", help="Write everything that was tried as JSON.")] = None,
    picture: Annotated[Path | None, typer.Option("--plot", help="Draw loss against r for each K, as PNG.")] = None,
    metric: Annotated[str, typer.Option(help="The store's: cosine, dot or l2.")] = "cosine",
    split: Annotated[str, typer.Option(help="Which queries: qrels/SPLIT.tsv, several by commas.")] = "test",
    embedder: Annotated[str, typer.Option(help="minilm (extra `minilm`) or words (no model).")] = "minilm",
    seeds: Annotated[int, typer.Option(help="Throw-away keys to average over.")] = 5,
    seed: Annotated[int, typer.Option(help="Decides keys, split and resampling.")] = 0,
    attack: Annotated[
        bool, typer.Option(help="Let the red team at what was chosen, on this corpus: half a minute more.")
    ] = True,
    blur: Annotated[
        bool, typer.Option("--blur", help="Calibrate instead what readers of shared rows see; default budget: 5.")
    ] = False,
) -> None:
    """Find the most noise that your search bears, and write it down as a policy.

    Stored vectors are masked with noise of relative length r; the store hands over K candidates that are ranked
    exactly. More noise leaves less to a thief who learns the rotation, and costs search quality unless K grows. This
    measures both on your corpus: the largest r and smallest K whose loss stays within the budget with 95 % confidence,
    on half of your queries and under several keys, then once more on the other half under a fresh one. With --blur it
    measures in the same way how much noise readers of shared rows bear.

    Exit status 0: it holds; 3: it does not, or there are too few queries to promise anything; 1: an error.

    Example: vecguard calibrate --data corpora/scifact --split train,test --budget .5 --out policy.toml --plot loss.png

    The folder holds corpus.jsonl and queries.jsonl ({"_id": ..., "text": ...}) and qrels/test.tsv. The file written is
    the policy table that vecguard.Guard.from_toml reads. Embeddings are cached on disk: the first run takes minutes.
    """
    from vecguard.cli import _calibrate_blur  # noqa: PLC0415 - loads numpy and models
    from vecguard.cli._calibrate import run  # noqa: PLC0415 - as above

    holds = False

    def call() -> None:
        nonlocal holds
        if blur:
            holds = _calibrate_blur.run(
                console,
                data=data,
                split=split,
                budget=budget,
                label_free=label_free,
                metric=metric,
                embedder=embedder,
                seeds=seeds,
                seed=seed,
                out=out,
            ).holds
            return
        holds = run(
            console,
            data=data,
            split=split,
            budget=budget,
            max_over_fetch=max_over_fetch,
            label_free=label_free,
            metric=metric,
            embedder=embedder,
            seeds=seeds,
            seed=seed,
            out=out,
            json=json,
            picture=picture,
            attack=attack,
        ).holds

    run_or_say(call)
    if not holds:
        raise typer.Exit(3)
