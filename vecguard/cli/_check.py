"""`vecguard check text`: read a file, look for personal data, show what was found and never what it says."""

from __future__ import annotations

import json
import sys
from collections import Counter
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from rich.console import Console
from rich.markup import escape
from rich.progress import BarColumn, Progress, SpinnerColumn, TaskProgressColumn, TextColumn
from rich.table import Table

from vecguard.errors import BadInput, PolicyError
from vecguard.policy import Policy, Scrub, read_toml
from vecguard.scrub.check import Located, Place, Tally, check
from vecguard.scrub.entities import ENTITIES, HIPAA_ENTITIES
from vecguard.scrub.fields import Leaf, leaves_of
from vecguard.scrub.scrubber import PresidioScrubber

_FORMATS = ("text", "lines", "jsonl")
_SHOWN = 200  # findings that --explain lists on a terminal; the JSON has all


def run(
    console: Console,
    source: str,
    *,
    form: str,
    policy: Path | None,
    entities: str,
    model: str,
    explain: bool,
    show: bool,
    out: Path | None,
) -> int:
    """Check one source; return how many findings there are."""
    scrubber = PresidioScrubber(_settings(policy, entities, model))
    raw = _read(source)
    places = list(_places(raw, form or _format_of(source, raw)))
    tally = Tally()
    with Progress(
        SpinnerColumn(),
        TextColumn("{task.description}"),
        BarColumn(),
        TaskProgressColumn(),
        console=Console(stderr=True),
        transient=True,
    ) as bar:
        task = bar.add_task("reading", total=len(places))
        for state in check(places, scrubber, tally):
            bar.update(task, completed=state.leaves)
    _write(out, source, tally, show=show)
    if str(out) != "-":
        _print(console, tally, explain=explain, show=show)
    return len(tally.found)


# ------------------------------------------------------------------------------------------------------------ input


def _settings(path: Path | None, entities: str, model: str) -> Scrub:
    policy = Policy() if path is None else Policy.from_mapping(read_toml(path).get("policy", {}))
    chosen: dict[str, tuple[str, ...]] = {"all": tuple(sorted(ENTITIES)), "hipaa": HIPAA_ENTITIES}
    changes: dict[str, Any] = {"model": model} if model else {}
    if entities != "default":
        changes["entities"] = chosen.get(entities) or tuple(
            each.strip() for each in entities.split(",") if each.strip()
        )
    return policy.scrub.replace(enabled=True, **changes)


def _read(source: str) -> str:
    try:
        return sys.stdin.buffer.read().decode("utf-8") if source == "-" else Path(source).read_text("utf-8")
    except (OSError, UnicodeDecodeError) as failure:
        reason = type(failure).__name__
    raise BadInput(f"the source cannot be read as UTF-8 text ({reason})")


def _format_of(source: str, raw: str) -> str:
    first = raw.lstrip()[:1]
    return "jsonl" if source.endswith((".jsonl", ".ndjson")) or (source == "-" and first == "{") else "text"


def _places(raw: str, form: str) -> Iterator[Place]:
    if form not in _FORMATS:
        raise PolicyError(f"--format is one of {', '.join(_FORMATS)}")
    if form == "text":
        yield Place(1, Leaf("text", "", raw))
        return
    for number, line in enumerate(raw.split("\n"), start=1):
        if form == "lines":
            yield Place(number, Leaf("text", "", line))
        elif line.strip():
            yield from (Place(number, leaf) for leaf in leaves_of(_record(line, number)))


def _record(line: str, number: int) -> dict[str, object]:
    try:
        record = json.loads(line)
    except (ValueError, RecursionError):
        record = None
    if isinstance(record, str):
        return {"": record}
    if not isinstance(record, dict):
        raise BadInput(f"line {number} is no JSON object or string")
    return record


# ----------------------------------------------------------------------------------------------------------- output


def _write(out: Path | None, source: str, tally: Tally, *, show: bool) -> None:
    if out is None:
        return
    report = {
        "source": "standard input" if source == "-" else Path(source).name,
        "places": tally.leaves,
        "places_with_findings": tally.affected,
        "characters": tally.characters,
        "personal_characters": tally.personal,
        "entities": dict(tally.entities.most_common()),
        "findings": [each.shown(value=show) for each in tally.found],
    }
    text = json.dumps(report, indent=2, ensure_ascii=False)
    if str(out) == "-":
        sys.stdout.write(text + "\n")
    else:
        out.write_text(text + "\n", "utf-8")


def _print(console: Console, tally: Tally, *, explain: bool, show: bool) -> None:
    if not tally.found:
        console.print(f"Nothing found in {tally.leaves:,} place(s), {tally.characters:,} characters.")
        return
    console.print(_summary(tally))
    if explain or show:
        console.print(_details(tally.found[:_SHOWN], show=show))
        if len(tally.found) > _SHOWN:
            console.print(f"... and {len(tally.found) - _SHOWN:,} more; --json has them all.")
    share = tally.personal / max(tally.characters, 1)
    console.print(
        f"{tally.affected:,} of {tally.leaves:,} place(s) hold personal data; {share:.1%} of all characters. "
        "What a detector misses is not in this table."
    )


def _summary(tally: Tally) -> Table:
    table = Table("what", "findings", "characters", "found by")
    rules: dict[str, Counter[str]] = {}
    characters: Counter[str] = Counter()
    for each in tally.found:
        rules.setdefault(each.finding.entity, Counter())[each.finding.rule.split(":")[0]] += 1
        characters[each.finding.entity] += each.finding.end - each.finding.start
    for entity, count in tally.entities.most_common():
        by = ", ".join(name for name, _ in rules[entity].most_common(3))
        table.add_row(entity, f"{count:,}", f"{characters[entity]:,}", escape(by))
    return table


def _details(found: list[Located], *, show: bool) -> Table:
    table = Table("where", "field", "what", "length", "score", "why", *(["value"] if show else []))
    for each in found:
        hit = each.finding
        row = [f"{each.line}:{each.column}", each.label, hit.entity, str(hit.end - hit.start), f"{hit.score:.2f}"]
        table.add_row(*map(escape, row), escape(hit.rule), *([escape(repr(each.value)[1:-1])] if show else []))
    return table
