"""Queries that name a person, and the passages that answer them: what a scrubber that hides names may cost most.

Passages are cut from visit notes whose metadata names the patient (ACI-Bench) and from judgments in which persons are
annotated (TAB); a passage is relevant when it mentions the person. Every person is asked for in full ("Martha
Collins") and by last name ("Ms Collins"), with questions that no passage was written for. Nothing is drawn: equal files
give equal queries.
"""

from __future__ import annotations

import json
import re
from collections import defaultdict
from collections.abc import Iterator, Mapping, Sequence
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from vecguard.evaluate.corpus import Corpus
from vecguard.evaluate.errors import BadCorpus
from vecguard.scrub import Finding

_WORDS = 120  # of a passage: under the 256 word pieces that MiniLM reads, also with tokens in it
_WORD = re.compile(r"\S+")
_TITLE = re.compile(r"^(?:mr|mrs|ms|miss|dr|sir|prof)\b\.?\s*", re.IGNORECASE)

_VISIT = ("What was {} prescribed?", "What medication does {} take?", "Why did {} come to see the doctor?")
_JUDGMENT = ("Who is {}?", "What did {} complain about?", "In which case does {} appear?")


@dataclass(frozen=True, slots=True)
class PersonCorpus:
    """Passages and queries, and where each names a person: `doc_names[i]` in text i, `query_names[j]` in query j.

    `last[j]` says whether query j gives the last name only.
    """

    corpus: Corpus
    doc_names: tuple[tuple[Finding, ...], ...]
    query_names: tuple[tuple[Finding, ...], ...]
    last: tuple[bool, ...]


@dataclass(frozen=True, slots=True)
class _Person:
    full: str = field(repr=False)
    title: str
    questions: Sequence[str]

    @property
    def last(self) -> str:
        return f"{self.title} {self.full.split()[-1]}"


@dataclass(frozen=True, slots=True)
class _Question:
    """A query, whom it asks for, and where it names the person."""

    id: str
    person: str = field(repr=False)
    text: str = field(repr=False)
    name: Finding
    last: bool


@dataclass(frozen=True, slots=True)
class _Marked:
    """A document and the mentions of persons in it, each with the key of the person."""

    name: str
    text: str = field(repr=False)
    mentions: tuple[tuple[Finding, str], ...] = field(repr=False)


def visits(path: Path) -> PersonCorpus:
    """Read ACI-Bench: `encounters.jsonl` with `note`, `patient_firstname`, `patient_familyname`, `patient_gender`.

    A note in which its patient's name does not stand gets a first line that says it, as a chart has.
    """
    persons: dict[str, _Person] = {}
    documents: list[_Marked] = []
    for row in _rows(path):
        first, last = row["patient_firstname"].strip(), row["patient_familyname"].strip()
        if not first or not last:
            continue
        full = f"{first} {last}"
        persons[full.casefold()] = _Person(full, "Ms" if row["patient_gender"] == "female" else "Mr", _VISIT)
        note = row["note"] if full.casefold() in row["note"].casefold() else f"Patient: {full}\n\n{row['note']}"
        spelled = re.compile(rf"\b(?:{re.escape(full)}|{re.escape(last)}|{re.escape(first)})\b", re.IGNORECASE)
        spans = tuple((Finding(*m.span(), "PERSON", 1.0), full.casefold()) for m in spelled.finditer(note))
        documents.append(_Marked(str(row["_id"]), note, spans))
    return _asked("aci_bench", documents, persons)


def judgments(path: Path) -> PersonCorpus:
    """Read TAB: `tab_144.jsonl` with `text` and `entities`. Persons of one full name count as one in all judgments."""
    persons: dict[str, _Person] = {}
    documents: list[_Marked] = []
    for row in _rows(path):
        mentions = defaultdict(list)
        for entity in row["entities"]:
            if entity["entity_type"] == "PERSON":
                mentions[entity["entity_id"]].append(entity)
        spans: dict[tuple[int, int], str] = {}
        for found in mentions.values():
            title, full = _longest([entity["span_text"] for entity in found])
            persons.setdefault(full.casefold(), _Person(full, title, _JUDGMENT))
            spans |= {(entity["start_offset"], entity["end_offset"]): full.casefold() for entity in found}
        marked = [(Finding(*place, "PERSON", 1.0), key) for place, key in sorted(spans.items())]
        documents.append(_Marked(str(row["metadata"]["data_id"]), row["text"], tuple(_disjoint(marked))))
    # A name without a first name or initial is no full name, and one person of the kind would answer for all.
    return _asked("tab_echr", documents, {key: each for key, each in persons.items() if len(each.full.split()) > 1})


def _rows(path: Path) -> Iterator[dict[str, Any]]:
    if not path.is_file():
        raise BadCorpus("there is no such file of encounters or judgments")
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


def _longest(mentions: Sequence[str]) -> tuple[str, str]:
    """Return title and full name of the longest mention; Mr where no mention has a title."""
    titles = [found.group().strip(" .") for text in mentions if (found := _TITLE.match(text))]
    return (titles or ["Mr"])[0], max((_TITLE.sub("", text).strip() for text in mentions), key=len)


def _disjoint(marked: Sequence[tuple[Finding, str]]) -> Iterator[tuple[Finding, str]]:
    end = 0
    for finding, key in marked:
        if finding.start >= end:
            yield finding, key
            end = finding.end


def _asked(name: str, documents: Sequence[_Marked], persons: Mapping[str, _Person]) -> PersonCorpus:
    passages = [
        (f"{document.name}-{number}", text, mentions)
        for document in documents
        for number, (text, mentions) in enumerate(_passages(document))
    ]
    answers: dict[str, dict[str, int]] = defaultdict(dict)
    for doc_id, _, mentions in passages:
        for _, key in mentions:
            answers[key][doc_id] = 1
    questions = [question for question in _questions(persons) if question.person in answers]
    corpus = Corpus(
        name=name,
        split="people",
        doc_ids=tuple(doc_id for doc_id, _, _ in passages),
        texts=tuple(text for _, text, _ in passages),
        query_ids=tuple(question.id for question in questions),
        queries=tuple(question.text for question in questions),
        qrels={question.id: answers[question.person] for question in questions},
    )
    return PersonCorpus(
        corpus,
        doc_names=tuple(tuple(finding for finding, _ in mentions) for _, _, mentions in passages),
        query_names=tuple((question.name,) for question in questions),
        last=tuple(question.last for question in questions),
    )


def _questions(persons: Mapping[str, _Person]) -> Iterator[_Question]:
    for at, (key, person) in enumerate(persons.items()):
        before, after = person.questions[at % len(person.questions)].split("{}")
        for form, last in ((person.full, False), (person.last, True)):
            end = len(before) + len(form)
            start = len(before) + (len(person.title) + 1 if last else 0)  # a title names nobody
            name = Finding(start, end, "PERSON", 1.0)
            yield _Question(f"{at}-{'last' if last else 'full'}", key, before + form + after, name, last)


def _passages(document: _Marked) -> Iterator[tuple[str, list[tuple[Finding, str]]]]:
    """Yield passages of so many words with the mentions in them; one that a border would cut stays with the first."""
    words = [match.span() for match in _WORD.finditer(document.text)]
    start = 0
    for at in range(0, len(words), _WORDS):
        end = words[min(at + _WORDS, len(words)) - 1][1]
        crossing = [f.end for f, _ in document.mentions if f.start < end < f.end]
        end = max([end, *crossing])
        within = [
            (Finding(f.start - start, f.end - start, f.entity, f.score), key)
            for f, key in document.mentions
            if start <= f.start and f.end <= end
        ]
        yield document.text[start:end], within
        start = end
