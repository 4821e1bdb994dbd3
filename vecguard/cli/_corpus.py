"""Notes for the demonstration: a seeded corpus of our own, or real text from a folder with a contact line planted."""

from __future__ import annotations

import json
from collections.abc import Iterator
from dataclasses import dataclass, field
from pathlib import Path
from typing import Any

from faker import Faker

from vecguard.errors import BadInput

OWNERS = ("st-brigid-clinic", "harrow-and-pike-law", "lakeside-housing")
_SEED = 20
_PER_OWNER = 40

_TEMPLATES = {
    OWNERS[0]: (
        "{name} came in with {thing} and was sent home after two days; call {phone} before the next visit.",
        "Dr. {other} reviewed the chart of {name} for {thing}. Results go to {email}.",
        "Patient {name} reports {thing} since last winter. Next of kin is {other}, reachable at {phone}.",
    ),
    OWNERS[1]: (
        "{name} retained us in the matter of {thing}; all letters to {email} and none by post.",
        "Deposition of {name} about {thing} is set for Tuesday. Opposing counsel is {other}.",
        "Settlement offer in the case of {thing}: {name} accepts, {other} does not. Contact {phone}.",
    ),
    OWNERS[2]: (
        "{name} asked for help with {thing}; caseworker {other} calls back on {phone}.",
        "Household of {name}: {thing}. Proof was mailed to {email}.",
        "{other} visited {name} because of {thing} and will return next month.",
    ),
}
_THINGS = {
    OWNERS[0]: (
        "chest pain on exertion", "poorly controlled diabetes", "a broken wrist after a fall", "migraine with aura",
        "an allergic rash from penicillin", "shortness of breath at night", "a second trimester check",
        "high blood pressure", "a persistent dry cough", "depression after a bereavement", "a thyroid nodule",
        "lower back pain", "an ear infection",
    ),
    OWNERS[1]: (
        "a disputed will", "wrongful dismissal from a bakery", "custody of two children", "a boundary fence",
        "unpaid invoices for roofing", "a car accident at a junction", "patent licence fees",
        "a withdrawn planning permit",
        "defamation in a local paper", "an insolvent supplier", "a breach of confidence", "an unsafe staircase",
        "tax owed on an inheritance",
    ),
    OWNERS[2]: (
        "mould in the bathroom", "three months of rent arrears", "a broken boiler", "noise from the flat above",
        "an eviction notice", "a wheelchair ramp", "a lost key fob", "domestic violence and a new address",
        "water damage from a burst pipe", "an application for a larger flat", "a dispute about a pet",
        "a smoke alarm that fails", "bailiffs at the door",
    ),
}  # fmt: skip


@dataclass(frozen=True, slots=True)
class Note:
    """One note: whose it is, its id, its text, and the personal data that was planted in it."""

    owner: str
    id: str
    text: str = field(repr=False)
    planted: tuple[str, ...] = field(repr=False)


@dataclass(frozen=True, slots=True)
class DemoCorpus:
    """Notes of three owners, and queries for each."""

    title: str
    notes: tuple[Note, ...]
    queries: tuple[tuple[str, str], ...]

    @property
    def secrets(self) -> dict[str, list[str]]:
        """What a thief of the files may not read, by kind; record ids are the store's business."""
        return {
            "sentences": [_sentence(note.text) for note in self.notes],
            "names, phones, e-mails": sorted({secret for note in self.notes for secret in note.planted}),
            "owner names": list(OWNERS),
        }


def synthetic() -> DemoCorpus:
    """Make the seeded corpus: 39 notes of three owners."""
    fake = _faker()
    notes: list[Note] = []
    queries: list[tuple[str, str]] = []
    for owner in OWNERS:
        for i, thing in enumerate(_THINGS[owner]):
            name, other, phone, email = _person(fake)
            template = _TEMPLATES[owner][i % 3]
            text = template.format(name=name, other=other, phone=phone, email=email, thing=thing)
            planted = tuple(each for each in (name, other, phone, email) if each in text)
            notes.append(Note(owner, f"{name.split()[-1].lower()}-{i:03d}-{owner[:4]}", text, planted))
            if i % 3 == 0:
                queries.append((owner, thing))
    return DemoCorpus("a seeded corpus of invented notes", tuple(notes), tuple(queries))


def from_folder(folder: Path) -> DemoCorpus:
    """Take real notes from the first .jsonl file of a folder and plant one contact line in each.

    A line is an object with `note`, `text` or `content`; `dialogue` or the note's own first words make the queries.
    """
    fake = _faker()
    found = [each for each in _lines(folder) if len(each[0]) >= 40][: 3 * _PER_OWNER]
    if len(found) < 3:
        raise BadInput("the folder has no .jsonl file with notes (objects with note, text or content)")
    notes: list[Note] = []
    queries: list[tuple[str, str]] = []
    for i, (body, query) in enumerate(found):
        owner = OWNERS[i % 3]
        name, other, phone, email = _person(fake)
        text = f"{body}\nContact for this note: {name}, {phone}, {email}. Seen by Dr. {other}."
        notes.append(Note(owner, f"{name.split()[-1].lower()}-{i:04d}-{owner[:4]}", text, (name, other, phone, email)))
        if i % 8 == 0:
            queries.append((owner, query))
    return DemoCorpus(
        f"{len(notes)} real notes of {folder.name}, a contact line planted in each", tuple(notes), tuple(queries)
    )


def _lines(folder: Path) -> Iterator[tuple[str, str]]:
    for path in sorted(folder.glob("*.jsonl"))[:1]:
        with path.open(encoding="utf-8") as file:
            for line in file:
                body: Any = json.loads(line)
                text = next((body[key] for key in ("note", "text", "content") if body.get(key)), "")
                text = " ".join(str(text).split())
                yield text, " ".join(str(body.get("dialogue") or text[:120]).split())[:400]


def _faker() -> Faker:
    fake = Faker("en_US")
    fake.seed_instance(_SEED)
    return fake


def _person(fake: Faker) -> tuple[str, str, str, str]:
    first, last = fake.first_name(), fake.last_name()
    phone = f"({fake.random_int(201, 989)}) 555-{fake.random_int(1000, 9999)}"
    email = f"{first.lower()}.{last.lower()}{fake.random_int(10, 99)}@example.com"
    return f"{first} {last}", f"{fake.first_name()} {fake.last_name()}", phone, email


def _sentence(text: str) -> str:
    """Return a run of words that stands in one piece in any copy of the text."""
    return text[:48]
