"""How well scrubbing works: what it finds, what it leaves readable, what it costs, and what it does with hostile input.

    python benchmarks/scrub.py quality|structured|evasion|speed|limits|all --data FOLDER [--json FILE] [--page FILE]

Prints tables and, at the end, every gate as measured / wanted / holds?. Exit status 0: every gate that was measured
holds; 1: one does not; 2: none was measured. What is not in the data folder is named and skipped.

presidio-research's templates and texts are neither trained on nor printed: of that set only sums leave this program.
"""

from __future__ import annotations

import sys
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager
from dataclasses import dataclass, field
from pathlib import Path
from typing import Annotated, Any

import spacy
import typer
from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from vecguard import Policy, VecGuardError
from vecguard.evaluate.pii import folder, limits, memory, quality, recall, speed, structured, templates
from vecguard.evaluate.pii.evasions import cases
from vecguard.evaluate.pii.finding import Found, find
from vecguard.evaluate.pii.folder import Source, Use
from vecguard.evaluate.pii.labelled import Labelled
from vecguard.evaluate.pii.quality import Measured
from vecguard.evaluate.pii.report import Gate, Part, Report, rich_table
from vecguard.scrub import ENTITIES, mint_token
from vecguard.scrub.detect import Detector
from vecguard.scrub.model import load
from vecguard.scrub.scrubber import PresidioScrubber

app = typer.Typer(add_completion=False, no_args_is_help=True, help=__doc__, rich_markup_mode=None)

SEED = 2026
_OWNER = b"benchmark owner".ljust(32, b".")
_SILENT_TEXTS = 1_000  # of a set in which nothing is personal

Data = Annotated[Path | None, typer.Option(envvar="VECGUARD_DATA", help="Folder with the labelled sets.")]
Seed = Annotated[int, typer.Option(help="Of generated texts, drawn pieces and the bootstrap.")]
Model = Annotated[str, typer.Option(help="As in a policy: vecguard, none, spacy:NAME ...")]
Json = Annotated[Path | None, typer.Option("--json", help="Write everything as JSON.")]
Page = Annotated[Path | None, typer.Option(help="Write a Markdown page.")]
Show = Annotated[bool, typer.Option("--show", help="Print texts of false positives.")]
Conll = Annotated[list[Path] | None, typer.Option(help="A further file of tokens and tags.")]
Jsonl = Annotated[list[Path] | None, typer.Option(help="A further file of texts and spans.")]
PerEntity = Annotated[int, typer.Option(help="Generated texts per entity type.")]
Rounds = Annotated[int, typer.Option(min=3, help="Rounds of the race.")]
Texts = Annotated[int, typer.Option(help="Short texts for the memory test; the promise is about 1,000,000.")]
WarmUp = Annotated[int, typer.Option(help="Texts before memory is looked at first.")]


@dataclass
class Bench:
    """One run: what it was asked, and what it has found."""

    seed: int
    model: str
    console: Console = field(default_factory=Console)
    detectors: dict[str, Any] = field(default_factory=dict)
    report: Report = field(init=False)

    def __post_init__(self) -> None:
        setting = f"model {self.model!r}; default: Policy().scrub, all: every entity type there is"
        self.report = Report(_command(sys.argv[1:]), self.seed, setting)

    def settings(self, selection: str) -> Any:
        scrub = Policy().scrub.replace(model=self.model)
        return scrub if selection == "default" else scrub.replace(entities=tuple(sorted(ENTITIES)))

    def found(self, name: str, selection: str, texts: Sequence[str]) -> Found:
        if selection not in self.detectors:
            self.detectors[selection] = Detector(self.settings(selection))
        with self.progress(f"{name}, {selection}", len(texts)) as advance:
            found = find(self.detectors[selection], texts, advance)
        self.say(f"{name}, {selection}: {len(texts):,} texts in {found.cpu_s:.1f} CPU s, {found.refused} refused")
        return found

    def measured(self, name: str, selection: str, texts: Sequence[Labelled]) -> Measured:
        found = self.found(name, selection, [each.text for each in texts])
        return Measured(name, selection, frozenset(self.settings(selection).entities), texts, found)

    @contextmanager
    def progress(self, title: str, total: int) -> Iterator[Callable[[int], None]]:
        columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn(), TimeElapsedColumn())
        silent = not self.console.is_terminal
        with Progress(*columns, console=self.console, transient=True, disable=silent) as bars:
            task = bars.add_task(title, total=total)
            yield lambda step: bars.advance(task, step)

    def say(self, what: str) -> None:
        self.console.print(what, style="dim", markup=False, highlight=False)

    def skip(self, what: str) -> None:
        self.console.print(f"SKIPPED: {what}", style="bold yellow", markup=False)
        self.report.skipped.append(what)

    def add(self, part: Part) -> None:
        for block in part.blocks:
            self.console.print(rich_table(block), "")
        self.report.add(part)

    def finish(self, json: Path | None, page: Path | None) -> None:
        self.console.print(rich_table(self.report.gate_block()))
        for path, text in ((json, self.report.json), (page, self.report.page)):
            if path:
                path.write_text(text(), encoding="utf-8")
        raise typer.Exit(self.report.status)


def _command(arguments: Sequence[str]) -> list[str]:
    """Return the command line for a page that others read: where things lie on this machine is left out."""
    shown = ["FILE" if "/" in each else each for each in arguments]
    for option, place in (("--data", "FOLDER"), ("--json", "FILE"), ("--page", "FILE")):
        if option in shown[:-1]:
            shown[shown.index(option) + 1] = place
    return ["python", "benchmarks/scrub.py", *shown]


def run_quality(bench: Bench, data: Path | None, conll: Sequence[Path], jsonl: Sequence[Path], show: bool) -> None:
    wanted = list(folder.sources(data)) if data else []
    if not data:
        bench.skip("every labelled set: neither --data nor VECGUARD_DATA names a folder")
    wanted += [Source(path.name, path, Use.EXACT, folder.tokens, ("default", "all")) for path in conll]
    wanted += [Source(path.name, path, Use.EXACT, folder.spans, ("default", "all")) for path in jsonl]
    by_use: dict[Use, list[Measured]] = {use: [] for use in Use}
    for source in wanted:
        if not source.path.exists():
            bench.skip(f"{source.name}: no {source.path.name}")
            continue
        for split, texts in source.load(source.path).items():
            name = f"{source.name} {split}".strip()
            drawn = texts[:: max(1, len(texts) // _SILENT_TEXTS)] if source.use is Use.SILENCE else texts
            by_use[source.use] += [bench.measured(name, selection, drawn) for selection in source.selections]
    for measured in by_use[Use.PROTOCOL]:
        bench.add(quality.span_protocol(measured, seed=bench.seed, gated=measured.name == "synth_dataset_v2"))
    labelled = [measured for use in Use if use is not Use.SILENCE for measured in by_use[use]]
    if labelled:
        bench.add(quality.hidden_characters(labelled, seed=bench.seed))
    if by_use[Use.EXACT]:
        bench.add(quality.exact_spans(by_use[Use.EXACT], seed=bench.seed))
    if by_use[Use.SILENCE]:
        bench.add(quality.false_alarms(by_use[Use.SILENCE], show=show))
    figures = bench.report.figures
    bench.report.gates += [
        Gate(name, figures.get(name), wanted)
        for name, wanted in (
            ("TAB direct identifiers dev, default: characters hidden", 0.97),
            ("ACI-Bench patient names all splits, default: spans hidden whole", 0.98),
            ("WNUT17 test, default: PERSON F1", 0.48),
        )
    ]


def run_structured(bench: Bench, per_entity: int) -> None:
    sources = {
        "templates": templates.written(per_entity, bench.seed),
        "generated": structured.generated(per_entity, bench.seed),
    }
    look_alikes = [each.text for each in structured.negatives(1_000, bench.seed)]
    for name, texts in sources.items():
        known = [each for each in texts if each.spans[0].entity in ENTITIES]
        for entity in sorted({each.spans[0].entity for each in texts} - ENTITIES):
            bench.skip(f"structured, {name}: nothing here finds {entity}")
        found = bench.found(f"structured, {name}", "all", [each.text for each in known])
        bench.add(recall.structured(name, known, found, seed=bench.seed))
    for selection in ("default", "all"):
        bench.add(recall.silence(look_alikes, bench.found("look-alikes", selection, look_alikes), selection))


def run_evasion(bench: Bench) -> None:
    listed = list(cases())
    bench.add(recall.evasions(listed, bench.found("evasions", "all", [case.text for case in listed])))


def run_speed(bench: Bench, data: Path | None, rounds: int) -> None:
    notes = _real_texts(data)
    if not notes:
        bench.skip("speed: no ACI-Bench, medquad or scifact to take real texts from")
        return
    settings = bench.settings("default")
    analyzer, known = speed.stock_analyzer(_pipeline(bench.model), settings.entities)
    same, default = Detector(settings.replace(entities=tuple(known))), Detector(settings)

    def stock(texts: Sequence[str]) -> list[Any]:
        return [analyzer.analyze(text, "en", known) for text in texts]

    several = []
    for words, count in ((60, 100), (200, 40)):
        texts = speed.cut(notes, words, count, bench.seed)
        for name, detector in (("the same entities", same), ("our default entities", default)):
            title = f"{words}-token texts, {name}"
            with bench.progress(f"race, {title}", rounds + 1) as advance:
                each = speed.race(title, texts, detector.find_all, stock, rounds=rounds, advance=advance)
            bench.say(f"race, {title}: done")
            several.append((each, words == 60 and detector is same))
    note = f"Tokens are words between blanks. Stock looks for {len(known)} types; the model of both is {bench.model!r}."
    bench.add(speed.races(several, seed=bench.seed, note=note))


def run_limits(bench: Bench, texts: int, warm_up: int) -> None:
    scrubber = PresidioScrubber(bench.settings("default"))

    def mint(entity: str, original: str) -> str:
        return mint_token(_OWNER, entity, original)

    scrubber.scrub(["The first text loads the model."], mint)
    inputs = list(limits.hostile())
    costs = []
    with bench.progress("hostile inputs", len(inputs)) as advance:
        for each in inputs:
            costs.append(limits.cost(each, scrubber, mint))
            bench.say(f"{each.name}: {costs[-1].cpu_s:.2f} CPU s, {costs[-1].outcome}")
            advance(1)
    bench.add(limits.costs(costs))
    with bench.progress("memory", texts) as advance:
        done = 0

        def step(each: memory.Step) -> None:
            nonlocal done
            bench.say(f"{each.texts:,} texts: {each.mib:.1f} MiB resident")
            advance(each.texts - done)
            done = each.texts

        growth = memory.measure(texts, warm_up, bench.model, step)
    bench.add(memory.grown(growth, warm_up))


def _real_texts(data: Path | None) -> list[str]:
    """Return notes, answers to patients and abstracts: up to 200 of each of them that is there."""
    wanted = {"ACI-Bench patient names", "medquad", "scifact"}
    offered = [source for source in folder.sources(data) if source.name in wanted] if data else []
    loaded = [next(iter(source.load(source.path).values()))[:200] for source in offered if source.path.exists()]
    return [each.text for texts in loaded for each in texts]


def _pipeline(model: str) -> Any:
    """Return the spaCy pipeline behind a policy's model, for Presidio to run on."""
    if model == "none":
        return spacy.blank("en")
    if model == "vecguard":
        return load()
    return spacy.load(model.removeprefix("spacy:"))


@app.command("quality")
def quality_command(
    data: Data = None,
    conll: Conll = None,
    jsonl: Jsonl = None,
    show: Show = False,
    seed: Seed = SEED,
    model: Model = "vecguard",
    json: Json = None,
    page: Page = None,
) -> None:
    """Labelled sets: found, hidden, exact, and taken for personal by mistake."""
    bench = Bench(seed, model)
    run_quality(bench, data, conll or [], jsonl or [], show)
    bench.finish(json, page)


@app.command("structured")
def structured_command(
    per_entity: PerEntity = 200, seed: Seed = SEED, model: Model = "vecguard", json: Json = None, page: Page = None
) -> None:
    """Generated structured data: recall by type, and silence on look-alikes."""
    bench = Bench(seed, model)
    run_structured(bench, per_entity)
    bench.finish(json, page)


@app.command("evasion")
def evasion_command(seed: Seed = SEED, model: Model = "vecguard", json: Json = None, page: Page = None) -> None:
    """Values written so that a pattern does not see them."""
    bench = Bench(seed, model)
    run_evasion(bench)
    bench.finish(json, page)


@app.command("speed")
def speed_command(
    data: Data = None,
    rounds: Rounds = 9,
    seed: Seed = SEED,
    model: Model = "vecguard",
    json: Json = None,
    page: Page = None,
) -> None:
    """CPU time beside stock Presidio with the same entities and model."""
    bench = Bench(seed, model)
    run_speed(bench, data, rounds)
    bench.finish(json, page)


@app.command("limits")
def limits_command(
    texts: Texts = 100_000,
    warm_up: WarmUp = 20_000,
    seed: Seed = SEED,
    model: Model = "vecguard",
    json: Json = None,
    page: Page = None,
) -> None:
    """Hostile inputs and memory."""
    bench = Bench(seed, model)
    run_limits(bench, texts, warm_up)
    bench.finish(json, page)


@app.command("all")
def all_command(
    data: Data = None,
    conll: Conll = None,
    jsonl: Jsonl = None,
    show: Show = False,
    per_entity: PerEntity = 200,
    rounds: Rounds = 9,
    texts: Texts = 100_000,
    warm_up: WarmUp = 20_000,
    seed: Seed = SEED,
    model: Model = "vecguard",
    json: Json = None,
    page: Page = None,
) -> None:
    """Everything, in the order of this list."""
    bench = Bench(seed, model)
    run_quality(bench, data, conll or [], jsonl or [], show)
    run_structured(bench, per_entity)
    run_evasion(bench)
    run_speed(bench, data, rounds)
    run_limits(bench, texts, warm_up)
    bench.finish(json, page)


if __name__ == "__main__":
    try:
        app()
    except VecGuardError as refused:  # a set in another layout, a model that is not installed
        raise SystemExit(f"{type(refused).__name__}: {refused}") from None
