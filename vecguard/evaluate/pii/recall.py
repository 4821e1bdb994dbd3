"""Tables and gates of the generated sets: recall by type, silence on look-alikes, and what evasions get through."""

from __future__ import annotations

from collections import Counter, defaultdict
from collections.abc import Iterable, Sequence

from vecguard.evaluate.pii.counts import clustered, share
from vecguard.evaluate.pii.coverage import hidden, shape
from vecguard.evaluate.pii.evasions import Case
from vecguard.evaluate.pii.finding import Found
from vecguard.evaluate.pii.labelled import Labelled
from vecguard.evaluate.pii.report import Block, Gate, Part, figure, interval
from vecguard.scrub import Finding

PLAIN_RECALL = 0.99
EVASION_RECALL = 0.95
EVASION_CASES = 200

_BESIDE = (
    "Beside it: the share of the rest of the text that is hidden too, which is what a finding that is too wide costs."
)


def structured(source: str, texts: Sequence[Labelled], found: Found, *, seed: int) -> Part:
    """Return recall by type: a value is hidden when findings cover all of it, and found when one of its type does.

    The gate is over all values of the source and on what is hidden, as for evasions: what type a number is taken for
    decides what its token is called and not what leaks. Own types are an aim. Raises `ValueError` without texts.
    """
    by_type: dict[str, list[tuple[str, tuple[int, int, int]]]] = defaultdict(list)
    missed: Counter[tuple[str, str]] = Counter()
    for text, findings in zip(texts, found.findings, strict=True):
        for span in text.spans:
            covered = any(_covers(each, span) and each.entity == span.entity for each in findings)
            covers, size = hidden(Labelled(text.text, (span,)), findings)
            by_type[span.entity].append((text.group, (int(covered), int(covers == size), 1)))
            if not covered:
                missed[span.entity, _instead(span, findings) + shape(text.text[span.start : span.end])] += 1
    rows = [_structured_row(entity, counted, seed) for entity, counted in sorted(by_type.items())]
    everything = [each for counted in by_type.values() for each in counted]
    rows.append(_structured_row("all", everything, seed))
    typed, whole = (sum(counts[place] for _, counts in everything) / len(everything) for place in (0, 1))
    columns = ("type", "values", "found", "hidden")
    note = "Found: one finding of the same type covers the value. Hidden: findings of any type cover all of it."
    blocks = [Block(f"Structured data, {source}", columns, tuple(rows), note)]
    if missed:
        worst = tuple((f"{entity}: {what}", str(times)) for (entity, what), times in missed.most_common(20))
        blocks.append(Block(f"Structured data, {source}: what was missed", ("type: shape", "times"), worst))
    gates = [
        Gate(f"structured recall, {source}: hidden", whole, PLAIN_RECALL),
        Gate(f"structured recall, {source}: under its own type", typed, PLAIN_RECALL, aim=True),
    ]
    return Part(blocks, gates, {gate.name: gate.measured for gate in gates})


def silence(texts: Sequence[str], found: Found, selection: str) -> Part:
    """Return how many look-alikes (order numbers, measurements, versions) were taken for personal data, and as what."""
    alarmed = sum(map(bool, found.findings))
    as_what = Counter((each.entity, each.rule) for findings in found.findings for each in findings)
    rows = tuple((" / ".join(kind), str(times)) for kind, times in as_what.most_common(20))
    rate = alarmed / len(texts) if texts else float("nan")
    title = f"Look-alikes, {selection}: {alarmed} of {len(texts):,} texts ({figure(rate)}) were taken for personal data"
    return Part(
        [Block(title, ("as what", "times"), rows)], [], {f"look-alikes taken for personal data, {selection}": rate}
    )


def evasions(cases: Sequence[Case], found: Found) -> Part:
    """Return recall over evaded values by kind of evasion; every miss is listed by its name."""
    by_kind: dict[str, list[bool]] = defaultdict(list)
    beside: dict[str, list[float]] = defaultdict(list)
    missed = []
    for case, findings in zip(cases, found.findings, strict=True):
        held = case.is_hidden_by(findings)
        by_kind[case.kind].append(held)
        beside[case.kind].append(_beside(case, findings))
        if not held or case.known_miss:
            state = {(False, True): "known miss", (False, False): "NEW MISS", (True, True): "found after all"}
            missed.append((case.name, case.kind, case.entity, state[held, case.known_miss]))
    everything = [each for held in by_kind.values() for each in held]
    by_kind["all"], beside["all"] = everything, [each for shares in beside.values() for each in shares]
    rate = sum(everything) / len(everything) if everything else None
    rows = [
        (kind, str(len(held)), str(sum(held)), figure(_mean(held)), figure(_mean(beside[kind])))
        for kind, held in by_kind.items()
    ]
    return Part(
        [
            Block("Evasions", ("kind", "cases", "hidden", "recall", "beside it"), tuple(rows), _BESIDE),
            Block("Evasions that get through", ("case", "kind", "type", "state"), tuple(missed)),
        ],
        [
            Gate("evasion recall", rate, EVASION_RECALL),
            Gate("evasion cases", float(len(cases)), EVASION_CASES),
        ],
        {"evasion recall": rate, "evasion cases": len(cases)},
    )


def _beside(case: Case, findings: Iterable[Finding]) -> float:
    """Return the share of the letters and digits outside the value that is hidden as well."""
    around = {at for at, mark in enumerate(case.text) if mark.isalnum()}
    around.difference_update(range(case.value_start, case.value_end))
    covered = {at for each in findings for at in range(each.start, each.end)}
    return len(around & covered) / len(around) if around else 0.0


def _mean(values: Sequence[float]) -> float | None:
    return sum(values) / len(values) if values else None


def _structured_row(entity: str, counted: Iterable[tuple[str, tuple[int, int, int]]], seed: int) -> tuple[str, ...]:
    each = list(counted)
    found = clustered(((group, (counts[0], counts[2])) for group, counts in each), share, seed=seed)
    hid = clustered(((group, (counts[1], counts[2])) for group, counts in each), share, seed=seed)
    return entity, f"{len(each):,}", interval(found), interval(hid)


def _covers(finding: Finding, span: Finding) -> bool:
    return finding.start <= span.start and span.end <= finding.end


def _instead(span: Finding, findings: Iterable[Finding]) -> str:
    """Say what was found where something else should have been: "as PHONE_NUMBER, "."""
    others = sorted({each.entity for each in findings if each.start < span.end and span.start < each.end})
    return f"as {' and '.join(others)}, " if others else ""
