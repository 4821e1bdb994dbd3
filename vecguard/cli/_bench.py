"""`vecguard bench retrieval`: one corpus, every store, bare and under several settings, in one run."""

from __future__ import annotations

import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field, replace
from pathlib import Path

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from vecguard import Guard, Keyring, Policy
from vecguard.arrays import Floats
from vecguard.cli._demo_page import embedder_named
from vecguard.cli._sides import Side, side
from vecguard.errors import BadInput
from vecguard.evaluate import (
    Cached,
    Cell,
    Corpus,
    Scores,
    Setup,
    load,
    overlap_at_k,
    paired_bootstrap,
    plot,
    score,
    table,
    write_json,
)
from vecguard.policy import Metadata, Scrub, Vectors
from vecguard.ranking.store import candidates_of

_OWNER = "benchmark"
_DEPTH = 10
_WRITE_AT_ONCE = 500
_QUERIES_AT_ONCE = 50


@dataclass(frozen=True, slots=True)
class Measured:
    """What one side of one store returned, and how long it took."""

    run: dict[str, list[str]] = field(repr=False)
    write_seconds: float
    query_seconds: float


def run(
    console: Console,
    *,
    data: str,
    split: str,
    stores: Sequence[str],
    profiles: Sequence[str],
    noise: float | None,
    over_fetch: int | None,
    only: int | None,
    embedder: str,
    out: Path,
    seed: int,
) -> list[Cell]:
    """Measure, print the table, write the JSON document and the plot."""
    policies = {name: _tuned(_policy(name), noise, over_fetch) for name in profiles}
    corpus = _cut(load(data, split), only)
    console.print(
        f"{escape(corpus.name)}: {len(corpus.doc_ids)} documents, {len(corpus.query_ids)} queries with judgements."
    )
    with _progress(console) as progress:
        embed = _embedder(embedder, progress)
        documents, queries = embed(corpus.texts), embed(corpus.queries)
        shares = _shares(policies, corpus, embed, progress)
        cells: list[Cell] = []
        for store in stores:
            cells += _store_cells(store, corpus, documents, queries, embed, policies, shares, progress, seed)
    setup = Setup(corpus=corpus.name, split=split, embedder=embedder, seed=seed)
    console.print(table(cells, setup))
    out.mkdir(parents=True, exist_ok=True)
    name = f"retrieval-{corpus.name}"
    write_json(out / f"{name}.json", cells, setup)
    plot(out / f"{name}.png", cells, setup)
    console.print(f"Wrote {escape(str(out / name))}.json and .png beside it")
    return cells


def _store_cells(
    store: str,
    corpus: Corpus,
    documents: Floats,
    queries: Floats,
    embed: Callable[[Sequence[str]], Floats],
    policies: dict[str, Policy],
    shares: dict[Scrub, float],
    progress: Progress,
    seed: int,
) -> list[Cell]:
    """Measure one store: bare first, since everything else is said relative to it."""
    bare = _measured(side(store, None, None, documents.shape[1]), corpus, documents, queries, progress, f"{store} bare")
    reference = score(bare.run, corpus.qrels)
    cells = [_cell(store, "bare", corpus, bare, reference)]
    for name, policy in policies.items():
        guard = Guard(policy, keys=Keyring.ephemeral(), state=":memory:", embedder=embed)
        label = f"{store} {name}"
        asked = embed(guard.scrubbed(corpus.queries, _OWNER))  # a guard scrubs queries before it embeds them
        safe = _measured(side(store, None, guard, documents.shape[1]), corpus, documents, asked, progress, label)
        found = score(safe.run, corpus.qrels)
        masked = policy.vectors.mask
        cells.append(
            replace(
                _cell(store, name, corpus, safe, found),
                noise=policy.vectors.noise if masked else None,
                over_fetch=_candidates(policy, corpus) if masked and policy.vectors.ranking == "store" else None,
                overlap=float(overlap_at_k(bare.run, safe.run, _DEPTH).mean()),
                change=paired_bootstrap(reference.ndcg, found.ndcg, seed=seed),
                scrubbed=shares.get(policy.scrub),
            )
        )
        guard.close()
    return cells


def _measured(
    opened: Side, corpus: Corpus, documents: Floats, queries: Floats, progress: Progress, label: str
) -> Measured:
    ids, texts, count = corpus.doc_ids, corpus.texts, len(corpus.doc_ids)
    task = progress.add_task(label, total=count + len(corpus.query_ids))
    started = time.perf_counter()
    for start in range(0, count, _WRITE_AT_ONCE):
        part = slice(start, start + _WRITE_AT_ONCE)
        opened.write(_OWNER, ids[part], texts[part], documents[part])
        progress.update(task, completed=min(start + _WRITE_AT_ONCE, count))
    written = time.perf_counter()
    found: list[list[str]] = []
    for start in range(0, len(queries), _QUERIES_AT_ONCE):
        found += opened.search(_OWNER, queries[start : start + _QUERIES_AT_ONCE], _DEPTH)
        progress.update(task, completed=count + len(found))
    ended = time.perf_counter()
    opened.close()
    return Measured(dict(zip(corpus.query_ids, found, strict=True)), written - started, ended - written)


def _cell(store: str, profile: str, corpus: Corpus, measured: Measured, found: Scores) -> Cell:
    return Cell(
        store=store,
        profile=profile,
        n_docs=len(corpus.doc_ids),
        n_queries=len(corpus.query_ids),
        ndcg=float(found.ndcg.mean()),
        recall=float(found.recall.mean()),
        mrr=float(found.mrr.mean()),
        write_seconds=measured.write_seconds,
        query_seconds=measured.query_seconds,
    )


def _shares(
    policies: dict[str, Policy], corpus: Corpus, embed: Callable[[Sequence[str]], Floats], progress: Progress
) -> dict[Scrub, float]:
    """Return the share of documents that each way of scrubbing changes; stores make no difference to it."""
    shares: dict[Scrub, float] = {}
    for scrub in {policy.scrub: None for policy in policies.values() if policy.scrub.enabled}:
        task = progress.add_task("scrubbing, to count", total=len(corpus.texts))
        guard = Guard(Policy(scrub=scrub), keys=Keyring.ephemeral(), state=":memory:", embedder=embed)
        changed = 0
        for start in range(0, len(corpus.texts), _WRITE_AT_ONCE):
            part = corpus.texts[start : start + _WRITE_AT_ONCE]
            clean = guard.scrubbed(part, _OWNER)
            changed += sum(after != before for after, before in zip(clean, part, strict=True))
            progress.update(task, completed=start + len(part))
        shares[scrub] = changed / len(corpus.texts)
        guard.close()
    return shares


def _candidates(policy: Policy, corpus: Corpus) -> int:
    return candidates_of(policy.vectors, len(corpus.doc_ids), _DEPTH)


def _policy(name: str) -> Policy:
    """Return a profile by name; two more take a profile apart, to say what each part costs."""
    match name:
        case "balanced":
            return Policy()
        case "store":
            return Policy(vectors=Vectors(ranking="store"))
        case "strict":
            return Policy.strict()
        case "mask-only":
            return Policy(scrub=Scrub(enabled=False))
        case "scrub-only":
            return Policy(vectors=Vectors(mask=False), metadata=Metadata(clear="all"))
    raise BadInput("--profiles takes scrub-only, mask-only, store, balanced and strict")


def _tuned(policy: Policy, noise: float | None, over_fetch: int | None) -> Policy:
    changes = {"noise": noise, "over_fetch": over_fetch}
    wanted = {name: value for name, value in changes.items() if value is not None}
    return policy.replace(vectors=policy.vectors.replace(**wanted)) if wanted and policy.vectors.mask else policy


def _cut(corpus: Corpus, only: int | None) -> Corpus:
    if only is None or only >= len(corpus.query_ids):
        return corpus
    kept = corpus.query_ids[:only]
    return replace(
        corpus, query_ids=kept, queries=corpus.queries[:only], qrels={each: corpus.qrels[each] for each in kept}
    )


def _embedder(name: str, progress: Progress) -> Callable[[Sequence[str]], Floats]:
    if name != "minilm":
        return embedder_named(name)
    task = progress.add_task("embedding (kept on disk)", total=None)

    def shown(done: int, total: int) -> None:
        progress.update(task, completed=done, total=total)

    return Cached(embedder_named(name), name="all-MiniLM-L6-v2", on_progress=shown)


def _progress(console: Console) -> Progress:
    return Progress(
        TextColumn("{task.description:<26}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn(), console=console
    )
