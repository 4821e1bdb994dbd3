"""What scrubbing costs in retrieval quality, by what the embedder sees: the figures of ADR 5.

    python benchmarks/scrub_utility.py --data FOLDER [--corpora scifact medquad ...] [--people aci_bench tab_echr]
        [--entities default all PERSON,LOCATION ...] [--forms kind token surrogate] [--out FILE.json] [--show]

FOLDER (or VECGUARD_DATA) holds corpora in BEIR layout, `aci_bench/encounters.jsonl` and `tab_echr/tab_144.jsonl`.
Embeddings are kept in ~/.cache/vecguard. `gold` among the entities of --people means the annotated names, as a detector
would find them that misses none. The ten worst losses are printed by type and rule; --show prints their texts too.
"""

from __future__ import annotations

import argparse
import json
import os
import sys
import time
from collections.abc import Sequence
from dataclasses import asdict
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.table import Table

from vecguard import Policy
from vecguard.evaluate import Cached, load, versions
from vecguard.evaluate.embedding import minilm
from vecguard.evaluate.pii.person_queries import PersonCorpus, judgments, visits
from vecguard.evaluate.pii.retrieval import Bare, Embed, Findings, Utility, scrubbed_scores, utility, worst
from vecguard.evaluate.report import percent
from vecguard.scrub import ENTITIES, mint_token
from vecguard.scrub.detect import Detector
from vecguard.scrub.operators import Operators

_OWNER = b"benchmark owner".ljust(32, b".")
_PEOPLE = {"aci_bench": (visits, "encounters.jsonl"), "tab_echr": (judgments, "tab_144.jsonl")}
_SEED = 20


def mint(entity: str, original: str) -> str:
    """Mint under the key of the one owner whom everything belongs to."""
    return mint_token(_OWNER, entity, original)


def found(selection: str, texts: Sequence[str]) -> Findings:
    """Return the findings of the shipped detector for a choice of entities."""
    scrub = Policy().scrub
    if selection != "default":
        chosen = sorted(ENTITIES) if selection == "all" else selection.split(",")
        scrub = scrub.replace(entities=tuple(chosen))
    detector: Any = Detector(scrub)
    every = getattr(detector, "find_all", None)
    found: Findings = every(list(texts)) if every else [detector.find(text) for text in texts]
    return found


class Run:
    """All cells of one invocation."""

    def __init__(self, console: Console, embed: Embed, *, forms: Sequence[str], show: bool) -> None:
        self.cells: list[Utility] = []
        self._console = console
        self._embed = embed
        self._forms = forms
        self._show = show
        self._operators = Operators({})

    def corpus(self, folder: Path, selections: Sequence[str]) -> None:
        """Measure one corpus in BEIR layout."""
        bare = Bare.of(load(folder), self._embed)
        for selection in selections:
            documents, queries = self._detected(bare, selection)
            for form in self._forms:
                after = self._after(bare, documents, queries, form)
                self.cells.append(utility(bare, after, documents, queries, entities=selection, form=form, seed=_SEED))
                self._losses(bare, after, documents, queries, f"{bare.corpus.name} {selection} {form}")

    def people(self, people: PersonCorpus, selections: Sequence[str]) -> None:
        """Measure queries that name a person: in full and by last name."""
        bare = Bare.of(people.corpus, self._embed)
        for selection in selections:
            gold = selection == "gold"
            documents, queries = (people.doc_names, people.query_names) if gold else self._detected(bare, selection)
            for form in self._forms:
                after = self._after(bare, documents, queries, form)
                for label, wanted in (("full name", False), ("last name", True)):
                    only = [last is wanted for last in people.last]
                    name = f"{people.corpus.name}, {label}"
                    self.cells.append(
                        utility(
                            bare,
                            after,
                            documents,
                            queries,
                            entities=selection,
                            form=form,
                            seed=_SEED,
                            only=only,
                            name=name,
                        )
                    )

    def _detected(self, bare: Bare, selection: str) -> tuple[Findings, Findings]:
        started = time.process_time()
        answer = found(selection, bare.corpus.texts), found(selection, bare.corpus.queries)
        self._console.print(f"{bare.corpus.name} {selection}: detection {time.process_time() - started:.0f} CPU s")
        return answer

    def _after(self, bare: Bare, documents: Findings, queries: Findings, form: Any) -> Any:
        return scrubbed_scores(bare.corpus, documents, queries, self._operators, mint, form, self._embed)

    def _losses(self, bare: Bare, after: Any, documents: Findings, queries: Findings, label: str) -> None:
        self._console.print(f"[bold]Worst losses, {label}[/]")
        for loss in worst(bare, after, documents, queries):
            causes = "; ".join(f"{n}x {e} in {w} ({r or 'no rule given'})" for (w, e, r), n in loss.causes.items())
            self._console.print(
                f"  -{loss.lost:.3f}  {causes or 'nothing found here: another passage moved up'}", markup=False
            )
            if self._show:
                self._console.print("      " + " | ".join(loss.shown), markup=False)


def printed(cells: Sequence[Utility]) -> Table:
    """Return one row per cell."""
    grid = Table(title="nDCG@10 and recall@10, relative change in % with 95 % interval (paired bootstrap)")
    for header in (
        "corpus",
        "entities",
        "embedder sees",
        "docs",
        "queries",
        "nDCG bare",
        "nDCG",
        "Δ nDCG, %",
        "Δ recall, %",
    ):
        grid.add_column(header, no_wrap=True)
    for cell in cells:
        grid.add_row(
            cell.corpus, cell.entities, cell.form, f"{cell.docs_changed:.1%} of {cell.n_docs}",
            f"{cell.queries_changed:.1%} of {cell.n_queries}", f"{cell.ndcg_bare:.3f}", f"{cell.ndcg:.3f}",
            percent(cell.ndcg_change), percent(cell.recall_change),
        )  # fmt: skip
    return grid


def main(arguments: list[str]) -> int:
    """Measure, print, and write the JSON document."""
    parser = argparse.ArgumentParser(description=__doc__, formatter_class=argparse.RawDescriptionHelpFormatter)
    parser.add_argument("--data", default=os.environ.get("VECGUARD_DATA"))
    parser.add_argument("--corpora", nargs="*", default=["scifact", "chroma_chunking", "medquad", "xquad_en"])
    parser.add_argument("--people", nargs="*", default=list(_PEOPLE), choices=list(_PEOPLE))
    parser.add_argument("--entities", nargs="+", default=["default", "all"])
    parser.add_argument("--forms", nargs="+", default=["kind", "token", "surrogate"])
    parser.add_argument("--out", type=Path)
    parser.add_argument("--show", action="store_true")
    asked = parser.parse_args(arguments)
    if not asked.data:
        print("skipped: no data; give --data FOLDER or set VECGUARD_DATA")
        return 2
    data = Path(asked.data)
    console = Console(width=200)
    run = Run(console, Cached(minilm()), forms=asked.forms, show=asked.show)
    for name in asked.corpora:
        run.corpus(data / name, [each for each in asked.entities if each != "gold"])
    for name in asked.people:
        read, file = _PEOPLE[name]
        run.people(read(data / name / file), asked.entities)
    console.print(printed(run.cells))
    if asked.out:
        asked.out.write_text(json.dumps({"versions": versions(), "cells": [asdict(c) for c in run.cells]}, indent=2))
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
