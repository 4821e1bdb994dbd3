"""Tables and gates of the labelled sets: found, hidden, exact, and taken for personal by mistake."""

from __future__ import annotations

from collections import defaultdict
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field

from vecguard.evaluate.pii.counts import Counts, clustered, f_beta, precision, recall, share
from vecguard.evaluate.pii.coverage import FalseAlarms, exact, hidden
from vecguard.evaluate.pii.finding import Found
from vecguard.evaluate.pii.labelled import Labelled
from vecguard.evaluate.pii.report import Block, Gate, Part, figure, interval
from vecguard.evaluate.pii.spans import PII, SpanProtocol
from vecguard.evaluate.pii.types import OURS, renamed
from vecguard.scrub import Finding

# presidio-research, notebook 4 at 7622dec: Presidio with en_core_web_lg and all its recognisers, PII F2, IoU 0.9.
PUBLISHED_F2 = 0.618
_AIM_F2 = 0.75
_AIM_PERSON = 0.85
_SEEN = "Parts of some sets trained the shipped recogniser, and are easier for it: its CARD.md says which."
_TYPES = ("PERSON", "LOCATION", "ORGANIZATION")


@dataclass(frozen=True, slots=True)
class Measured:
    """A labelled set, what was found in it, and the selection of entities that was looked for."""

    name: str
    selection: str
    entities: frozenset[str] = field(repr=False)
    texts: Sequence[Labelled] = field(repr=False)
    found: Found = field(repr=False)

    @property
    def label(self) -> str:
        """Say which set and which selection."""
        return f"{self.name}, {self.selection}"


def span_protocol(measured: Measured, *, seed: int, gated: bool = False) -> Part:
    """Score a set of presidio-research by its span protocol, IoU 0.9, F2, in both versions that are in use.

    With `gated`, the set is the one that the published figure is of: the lower end of our interval has to be above it.
    """
    part = Part()
    for joined, version in ((True, "as published"), (False, "release 0.3.2")):
        rows = _protocol_rows(measured, SpanProtocol(joined=joined))
        pii = [(group, _vector(counts[PII])) for group, counts in rows]
        estimate = clustered(pii, f_beta(2), seed=seed)
        table = [_protocol_row(entity, rows, seed) for entity in _ordered(rows)]
        part.blocks.append(
            Block(
                f"{measured.label}: span protocol {version}",
                ("type", "annotated", "predicted", "precision", "recall", "F2"),
                tuple(table),
                "SpanEvaluator's rules, IoU 0.9, types as presidio-research aligns them. "
                + ("Spans of one type in a text are one." if joined else "Only neighbouring spans are one."),
            )
        )
        part.figures[f"{measured.label}: PII F2, {version}"] = estimate.value
        if gated:
            name = f"{measured.name}: lower end of PII F2, {version}"
            part.gates.append(Gate(name, estimate.low, PUBLISHED_F2, strict=True))
            part.gates.append(Gate(f"{measured.name}: PII F2, {version}", estimate.value, _AIM_F2, aim=True))
            people = _summed(rows, "PERSON").recall
            part.gates.append(Gate(f"{measured.name}: PERSON recall, {version}", people, _AIM_PERSON, aim=True))
    return part


def hidden_characters(several: Iterable[Measured], *, seed: int) -> Part:
    """Return the share of personal characters that lie in a finding of any type, and of spans that do as a whole."""
    part, rows = Part(), []
    for measured in several:
        counted = [
            (text.group, hidden(text, found) + _whole_spans(text, found))
            for text, found in zip(measured.texts, measured.found.findings, strict=True)
        ]
        if not any(counts[1] for _, counts in counted):
            continue
        characters = clustered(((group, counts[:2]) for group, counts in counted), share, seed=seed)
        spans = clustered(((group, counts[2:]) for group, counts in counted), share, seed=seed)
        total = sum(counts[3] for _, counts in counted)
        rows.append((measured.label, f"{total:,}", interval(characters), interval(spans), str(measured.found.refused)))
        part.figures[f"{measured.label}: characters hidden"] = characters.value
        part.figures[f"{measured.label}: spans hidden whole"] = spans.value
    note = f"White space does not count. Hidden by a finding of any type. In refused texts nothing is found. {_SEEN}"
    columns = ("set, entities", "spans", "characters hidden", "spans hidden whole", "refused")
    part.blocks.append(Block("Personal characters hidden", columns, tuple(rows), note))
    return part


def exact_spans(several: Iterable[Measured], types: Sequence[str] = _TYPES, *, seed: int) -> Part:
    """Return precision, recall, F1 and F2 of spans that are right to the token and in their type.

    Types that a selection does not look for are left out of its rows.
    """
    part, rows = Part(), []
    for measured in several:
        counted = [
            (text.group, exact(text, found, types))
            for text, found in zip(measured.texts, measured.found.findings, strict=True)
        ]
        for entity in types:
            total = _summed(counted, entity)
            if not total.annotated or entity not in measured.entities:
                continue
            vectors = [(group, _vector(counts[entity])) for group, counts in counted]
            f1, f2 = (clustered(vectors, f_beta(beta), seed=seed) for beta in (1, 2))
            shown = map(figure, (total.precision, total.recall))
            rows.append((measured.label, entity, f"{total.annotated:,}", *shown, interval(f1), interval(f2)))
            part.figures[f"{measured.label}: {entity} F1"] = f1.value
            part.figures[f"{measured.label}: {entity} F2"] = f2.value
    columns = ("set, entities", "type", "annotated", "precision", "recall", "F1", "F2")
    note = f"Findings are widened to whole tokens, as the sets annotate tokens. Users' @names are left out. {_SEEN}"
    part.blocks.append(Block("Exact spans by type", columns, tuple(rows), note))
    return part


def false_alarms(several: Iterable[Measured], *, worst: int = 10, show: bool = False) -> Part:
    """Count what is found where nothing is personal, and say what the most frequent of it looks like.

    Values are printed only with `show`. "Nothing" is nearly true: these sets name authors of methods and institutions.
    """
    part, rows = Part(), []
    for measured in several:
        alarms = FalseAlarms()
        for text, found in zip(measured.texts, measured.found.findings, strict=True):
            alarms.add(text.text, found)
        rows.append((measured.label, f"{alarms.words:,}", f"{alarms.findings:,}", figure(alarms.per_thousand_words)))
        part.figures[f"{measured.label}: findings per 1,000 words"] = alarms.per_thousand_words
        kinds = tuple(
            (" / ".join(kind), str(times), *([_examples(alarms, kind)] if show else []))
            for kind, times in alarms.kinds.most_common(worst)
        )
        columns = ("type / rule / shape", "times", *(["most frequent"] if show else []))
        title = f"{measured.label}: the {worst} most frequent kinds of finding"
        part.blocks.append(Block(title, columns, kinds, "A shape shows A, a and 9 for letters and digits."))
    columns = ("set, entities", "words", "findings", "per 1,000 words")
    part.blocks.insert(0, Block("Findings where nothing is personal", columns, tuple(rows)))
    return part


def _examples(alarms: FalseAlarms, kind: tuple[str, str, str]) -> str:
    return ", ".join(value for value, _ in alarms.examples[kind].most_common(3))


def _whole_spans(text: Labelled, found: Sequence[Finding]) -> tuple[int, int]:
    each = [hidden(Labelled(text.text, (span,)), found) for span in text.spans]
    return sum(part == whole for part, whole in each if whole), sum(whole > 0 for _, whole in each)


def _protocol_rows(measured: Measured, protocol: SpanProtocol) -> list[tuple[str, Mapping[str, Counts]]]:
    return [
        (text.group, defaultdict(Counts, protocol.compare(text.text, text.spans, renamed(found, OURS))))
        for text, found in zip(measured.texts, measured.found.findings, strict=True)
    ]


def _protocol_row(entity: str, rows: Sequence[tuple[str, Mapping[str, Counts]]], seed: int) -> tuple[str, ...]:
    total = _summed(rows, entity)
    vectors = [(group, _vector(counts[entity])) for group, counts in rows]
    estimates = (clustered(vectors, statistic, seed=seed) for statistic in (precision, recall, f_beta(2)))
    return (entity, f"{total.annotated:,}", f"{total.predicted:,}", *map(interval, estimates))


def _ordered(rows: Sequence[tuple[str, Mapping[str, Counts]]]) -> list[str]:
    """Return the types of a set, PII first, then by how many there are."""
    types = {entity for _, counts in rows for entity in counts}
    return sorted(types, key=lambda entity: (entity != PII, -_summed(rows, entity).annotated, entity))


def _summed(rows: Sequence[tuple[str, Mapping[str, Counts]]], entity: str) -> Counts:
    return sum((counts[entity] for _, counts in rows if entity in counts), Counts())


def _vector(counts: Counts) -> tuple[int, int, int]:
    return counts.right, counts.predicted, counts.annotated
