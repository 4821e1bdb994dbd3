"""Clinical notes with the names that are known to be in them, and medical prose in which nobody is named.

ACI-Bench gives the patient's name as metadata; it is found again in note and dialogue. Doctors are found by their
title, other people by common American first names that are no other word. A sentence of medical prose counts as
naming nobody when no capitalised word of it stands in a list of names, places or organisations, eponyms aside.
"""

from __future__ import annotations

import json
import re
from collections import Counter
from collections.abc import Iterator
from functools import lru_cache
from pathlib import Path
from typing import Any

from faker.providers.person.en_US import Provider as American

from vecguard.scrub.model.train.marked import Marked, Span
from vecguard.scrub.model.train.names import cultures
from vecguard.scrub.model.train.places import place_words
from vecguard.scrub.model.train.sources import bucket, with_nationalities

HELD_OUT_PART, PARTS = 0, 5  # a fifth of the documents of medical prose is for development

_WORD = re.compile(r"[^\W\d_][\w'’-]*")
_SENTENCE = re.compile(r"(?<=[.!?])\s+(?=[A-Z])")
_TITLED = re.compile(r"\b(?:Dr|Mr|Mrs|Ms|Doctor)\b\.?\s+((?:[A-Z][a-zA-Z'-]*[a-z]|[A-Z]{1,4}\b)(?: [A-Z][a-z]+)?)")
_SPOKEN_DOCTOR = re.compile(r"\b(?:dr|doctor)\b ?\.? ([a-z]{3,})")
_EPONYM = re.compile(
    r"((?:[A-Z][\w’'-]+[ -](?:and )?){1,4})(?:disease|syndrome|lymphoma|anemia|sarcoma|palsy|tumor|dystrophy|sign|test|"
    r"score|scale|cells?|ataxia|sclerosis|fever|virus|method|model|criteria|type|index|phenomenon|body|bodies|malformation|"
    r"anomaly|analysis|regression|blot|receptors?|signal|pathway|stain|protein|carcinoma|disorder|neuropathy|cardiomyopathy|"
    r"contracture|thyroiditis|esophagus|Disease|Syndrome|Lymphoma)"
)
_NOT_A_NAME = frozenset(
    [
        "april",
        "august",
        "dawn",
        "drew",
        "guy",
        "june",
        "mason",
        "may",
        "summer",
        "autumn",
        "art",
        "chase",
        "grant",
        "hunter",
        "hope",
        "faith",
        "joy",
        "grace",
    ]
)
_ORGANISED = frozenset(
    [
        "university",
        "hospital",
        "institute",
        "institutes",
        "foundation",
        "association",
        "society",
        "center",
        "centre",
        "college",
        "clinic",
        "inc",
        "ltd",
        "department",
        "ministry",
        "national",
        "registry",
        "organization",
        "council",
        "committee",
        "school",
        "library",
    ]
)


def _read(path: Path) -> Iterator[dict[str, Any]]:
    with path.open(encoding="utf-8") as lines:
        yield from map(json.loads, lines)


@lru_cache(maxsize=1)
def plain_words(data: Path) -> frozenset[str]:
    """Return the words that medical prose and talk write in lower case five times or more: names are not among them."""
    counts: Counter[str] = Counter()
    for name, key in (("medquad/corpus", "text"), ("scifact/corpus", "text"), ("mts_dialog/pairs", "note")):
        for record in _read(data / f"{name}.jsonl"):
            counts.update(re.findall(r"\b[a-z][a-z'-]+\b", record[key]))
    return frozenset(word for word, count in counts.items() if count >= 5)


@lru_cache(maxsize=1)
def _name_words() -> frozenset[str]:
    pools = (*cultures(), *cultures(unseen=True))
    return frozenset(part.lower() for pool in pools for name in (*pool.first, *pool.last) for part in name.split())


@lru_cache(maxsize=1)
def _first_names() -> frozenset[str]:
    return frozenset(name.lower() for name in American.first_names) - _NOT_A_NAME


def _disjoint(spans: list[Span]) -> tuple[Span, ...]:
    kept: list[Span] = []
    for span in sorted(spans, key=lambda one: (one[0], -one[1])):
        if not kept or kept[-1][1] <= span[0]:
            kept.append(span)
    return tuple(kept)


def _merged_names(text: str, spans: list[Span]) -> tuple[Span, ...]:
    """Join neighbours that one blank separates: first and family name are one person."""
    kept: list[Span] = []
    for span in _disjoint(spans):
        if kept and text[kept[-1][1] : span[0]] == " ":
            kept[-1] = (kept[-1][0], span[1], "PERSON")
        else:
            kept.append(span)
    return tuple(kept)


def patient_spans(text: str, first: str, family: str) -> list[Span]:
    """Return where a patient's names stand; in lower case the family name counts only behind a title or first name."""
    spans: list[Span] = []
    if first:
        spans += [(*match.span(), "PERSON") for match in re.finditer(rf"\b{re.escape(first)}\b", text, re.IGNORECASE)]
    for match in re.finditer(rf"\b{re.escape(family)}\b", text, re.IGNORECASE) if family else ():
        before = text[max(0, match.start() - 24) : match.start()].lower()
        introduced = re.search(
            r"(?:\b(?:mr|ms|mrs|miss|dr)\b ?\.?|\b" + re.escape(first.lower() or "\0") + r"\b)\s*$", before
        )
        if match.group()[0].isupper() or introduced:
            spans.append((*match.span(), "PERSON"))
    return spans


def _others(text: str, plain: frozenset[str], *, spoken: bool) -> list[Span]:
    spans: list[Span] = [(*match.span(1), "PERSON") for match in _TITLED.finditer(text)]
    spans += [
        (*match.span(1), "PERSON")
        for match in _SPOKEN_DOCTOR.finditer(text)
        if match.group(1) in _name_words() and match.group(1) not in plain
    ]
    eponyms = [match.span(1) for match in _EPONYM.finditer(text)]
    for match in _WORD.finditer(text):
        word = match.group().removesuffix("'s").removesuffix("’s")
        listed = word.lower() in _first_names() and word.lower() not in plain
        in_eponym = any(start <= match.start() < end for start, end in eponyms)
        if listed and (spoken or word.istitle()) and not in_eponym:
            spans.append((match.start(), match.start() + len(word), "PERSON"))
    return spans


def encounters(data: Path, splits: tuple[str, ...]) -> Iterator[dict[str, Any]]:
    """Yield the visits of ACI-Bench that belong to the given splits."""
    for record in _read(data / "aci_bench" / "encounters.jsonl"):
        if record["split"] in splits:
            yield record


def aci(data: Path, splits: tuple[str, ...]) -> Iterator[Marked]:
    """ACI-Bench (CC BY 4.0): paragraphs of notes, and runs of four turns of the dialogues, of the given splits."""
    plain = plain_words(data)
    for record in encounters(data, splits):
        names = record["patient_firstname"], record["patient_familyname"]
        turns = record["dialogue"].split("\n")
        pieces = [(piece, False) for piece in re.split(r"\n\s*\n", record["note"])]
        pieces += [("\n".join(turns[at : at + 4]), True) for at in range(0, len(turns), 4)]
        for piece, spoken in pieces:
            spans = patient_spans(piece, *names) + _others(piece, plain, spoken=spoken)
            if piece.strip():
                yield with_nationalities(Marked(piece, _merged_names(piece, spans)))


def names_nobody(text: str, plain: frozenset[str]) -> bool:
    """Return whether no capitalised word of a sentence could belong to a person, a place or an organisation."""
    allowed = [match.span() for match in _EPONYM.finditer(text)]
    for index, match in enumerate(_WORD.finditer(text)):
        word = match.group().removesuffix("'s").removesuffix("’s")
        low = word.lower()
        if word[0].islower() or any(start <= match.start() < end for start, end in allowed):
            continue
        if low in _ORGANISED or low in place_words():
            return False
        if low in _name_words() and not (low in plain and (index == 0 or word.isupper())):
            return False
        if any(part in _name_words() and part not in plain for part in low.split("-")):
            return False
    return True


def documents(data: Path, name: str) -> list[str]:
    """Return the documents of SciFact or MedQuAD that training never sees, as a vector store would get them."""
    records = _read(data / name / "corpus.jsonl")
    return [f"{one['title']} {one['text']}" for one in records if bucket(one["_id"], PARTS) == HELD_OUT_PART]


def prose(data: Path, *, dev: bool) -> Iterator[Marked]:
    """Sentences of SciFact (ODC-By), MedQuAD (CC BY) and MTS-Dialog notes (CC BY) that name nobody, doctors aside."""
    plain = plain_words(data)
    for name, key in (
        ("scifact/corpus", "text"),
        ("medquad/corpus", "text"),
        ("medquad/corpus", "title"),
        ("scifact/corpus", "title"),
        ("mts_dialog/pairs", "note"),
    ):
        for record in _read(data / f"{name}.jsonl"):
            if (bucket(record["_id"], PARTS) == HELD_OUT_PART) != dev:
                continue
            for sentence in _SENTENCE.split(record[key]):
                titled = (
                    tuple((*match.span(1), "PERSON") for match in _TITLED.finditer(sentence))
                    if name.startswith("mts")
                    else ()
                )
                rest = "".join(
                    char if not any(s <= at < e for s, e, _ in titled) else " " for at, char in enumerate(sentence)
                )
                if 3 < len(sentence) < 600 and names_nobody(rest, plain):
                    yield with_nationalities(Marked(sentence, titled))
