"""How well a pipeline finds what is marked: exact spans, characters hidden, and findings where nobody is named."""

from __future__ import annotations

import re
from collections import Counter
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

from vecguard.scrub.model.train import clinical, sources
from vecguard.scrub.model.train.augment import lower, upper
from vecguard.scrub.model.train.corpus import unseen_texts
from vecguard.scrub.model.train.marked import Marked, Span


@dataclass(frozen=True, slots=True)
class Counts:
    """Spans found and marked (`right`), found only (`wrong`), marked only (`missed`)."""

    right: int
    wrong: int
    missed: int

    @property
    def precision(self) -> float:
        """Share of what was found that was marked, 0..1."""
        return self.right / max(1, self.right + self.wrong)

    @property
    def recall(self) -> float:
        """Share of what was marked that was found, 0..1."""
        return self.right / max(1, self.right + self.missed)

    @property
    def f1(self) -> float:
        """Harmonic mean of the two, 0..1."""
        return 2 * self.right / max(1, 2 * self.right + self.wrong + self.missed)


def found(nlp: Any, texts: Iterable[str]) -> Iterator[list[Span]]:
    """Yield what the pipeline finds in each text."""
    with nlp.memory_zone():
        for doc in nlp.pipe(texts, batch_size=64):
            yield [(ent.start_char, ent.end_char, ent.label_) for ent in doc.ents]


def spans(nlp: Any, texts: list[Marked], label: str) -> Counts:
    """Return the counts of exact spans of one label."""
    right = wrong = missed = 0
    for text, got in zip(texts, found(nlp, (one.text for one in texts)), strict=True):
        have = {span for span in got if span[2] == label}
        want = {span for span in text.spans if span[2] == label}
        right, wrong, missed = right + len(have & want), wrong + len(have - want), missed + len(want - have)
    return Counts(right, wrong, missed)


def hidden(nlp: Any, texts: list[Marked], label: str = "PERSON") -> float:
    """Return the share of the letters marked `label` that lie in any finding, 0..1."""
    inside = total = 0
    for text, got in zip(texts, found(nlp, (one.text for one in texts)), strict=True):
        covered = {at for start, end, _ in got for at in range(start, end)}
        wanted = {at for s, e, kind in text.spans if kind == label for at in range(s, e) if text.text[at].isalnum()}
        inside, total = inside + len(covered & wanted), total + len(wanted)
    return inside / max(1, total)


def tab_direct(nlp: Any, data: Path, split: str) -> dict[str, float]:
    """Return the share of the letters of TAB's directly identifying names in findings: whole, and without titles."""
    inside: Counter[str] = Counter()
    total: Counter[str] = Counter()
    for document in sources.tab_documents(data, split):
        text = document["text"]
        names: list[Span] = [
            (entity["start_offset"], entity["end_offset"], "PERSON")
            for entity in document["entities"]
            if entity["entity_type"] == "PERSON" and entity["identifier_type"] == "DIRECT"
        ]
        covered: set[int] = set()
        for paragraph in re.finditer(r"[^\n]+", text):
            (got,) = found(nlp, [paragraph.group()])
            covered |= {paragraph.start() + at for start, end, _ in got for at in range(start, end)}
        for span in names:
            for key, one in (("whole", span), ("untitled", sources.untitled(text, span))):
                letters = {at for at in range(one[0], one[1]) if text[at].isalnum()} if one else set()
                inside[key] += len(letters & covered)
                total[key] += len(letters)
    return {key: inside[key] / max(1, total[key]) for key in total}


def patients(nlp: Any, data: Path, splits: tuple[str, ...]) -> tuple[int, int]:
    """Return how many mentions of patients' names in ACI-Bench notes are wholly in findings, and of how many."""
    right = total = 0
    for record in clinical.encounters(data, splits):
        note = record["note"]
        (got,) = found(nlp, [note])
        for name in {record["patient_firstname"], record["patient_familyname"]} - {""}:
            for match in re.finditer(rf"\b{re.escape(name)}\b", note):
                total += 1
                right += any(start <= match.start() and match.end() <= end for start, end, _ in got)
    return right, total


def false_alarms(nlp: Any, texts: Iterable[str]) -> tuple[float, Counter[tuple[str, str]]]:
    """Return findings per 1,000 words in texts that name (nearly) nobody, and which they are."""
    words, seen = 0, Counter[tuple[str, str]]()
    kept = list(texts)
    for text, got in zip(kept, found(nlp, kept), strict=True):
        words += len(text.split())
        seen.update((text[start:end], label) for start, end, label in got)
    return 1000 * seen.total() / max(1, words), seen


def _sample(texts: Iterable[Marked], count: int) -> list[Marked]:
    kept = sorted(texts, key=lambda one: sources.bucket(one.text, 2**31))
    return kept[:count]


def development(nlp: Any, data: Path) -> dict[str, float]:
    """Return the scores by which candidates are chosen; no test set is in them. `composite` is all in one number."""
    wnut = list(sources.wnut17(data, "dev"))
    politics = list(sources.crossner(data, ("politics_dev",)))
    tweets = list(sources.btc(data, dev=True))
    made = unseen_texts()
    persons: Callable[[Any], list[Marked]] = lambda change: [change(one) for one in made]  # noqa: E731
    prose = [one.text for one in _sample(clinical.prose(data, dev=True), 3000)]
    aci = list(clinical.aci(data, ("valid",)))
    scores = {
        "wnut dev PERSON F1": spans(nlp, wnut, "PERSON").f1,
        "wnut dev LOCATION F1": spans(nlp, wnut, "LOCATION").f1,
        "btc dev PERSON F1": spans(nlp, tweets, "PERSON").f1,
        "politics dev PERSON F1": spans(nlp, politics, "PERSON").f1,
        "politics dev LOCATION F1": spans(nlp, politics, "LOCATION").f1,
        "politics dev ORGANIZATION F1": spans(nlp, politics, "ORGANIZATION").f1,
        **{
            f"unseen templates {label} F1": spans(nlp, made, label).f1
            for label in ("PERSON", "LOCATION", "ORGANIZATION", "ADDRESS")
        },
        "unseen templates PERSON hidden": hidden(nlp, made),
        "ALL CAPS PERSON hidden": hidden(nlp, persons(upper)),
        "lower case PERSON hidden": hidden(nlp, persons(lower)),
        "aci valid PERSON F1": spans(nlp, aci, "PERSON").f1,
        "prose false alarms per 1,000 words": false_alarms(nlp, prose)[0],
    }
    rate = scores.pop("prose false alarms per 1,000 words")
    weighed = sum(scores.values()) / len(scores) - 0.02 * rate
    return {**scores, "prose false alarms per 1,000 words": rate, "composite": weighed}


ACI_HELD_OUT = ("valid",)  # the stored copy of the set has its train and valid splits only


def held_out(nlp: Any, data: Path) -> dict[str, float]:
    """Return the scores on sets that neither training nor the choice of a candidate saw: those that are published."""
    sets = {
        "wnut17 test": list(sources.wnut17(data, "test")),
        "wikigold fifth": list(sources.wikigold(data, held_out=True)),
        "politics test": list(sources.crossner(data, ("politics_test",))),
    }
    scores: dict[str, float] = {}
    for name, texts in sets.items():
        for label in ("PERSON", "LOCATION", "ORGANIZATION"):
            counts = spans(nlp, texts, label)
            scores |= {
                f"{name} {label} precision": counts.precision,
                f"{name} {label} recall": counts.recall,
                f"{name} {label} F1": counts.f1,
            }
        for case, change in (("as written", None), ("ALL CAPS", upper), ("lower case", lower)):
            scores[f"{name} PERSON hidden, {case}"] = hidden(nlp, [change(one) for one in texts] if change else texts)
    for split in ("dev", "test"):
        for kind, share in tab_direct(nlp, data, split).items():
            scores[f"tab {split} DIRECT PERSON hidden, {kind}"] = share
    right, total = patients(nlp, data, ACI_HELD_OUT)
    scores[f"aci valid notes: patient names hidden, of {total}"] = right / total
    for name in ("scifact", "medquad"):
        rate, _ = false_alarms(nlp, clinical.documents(data, name))
        scores[f"{name} findings per 1,000 words"] = rate
    return scores
