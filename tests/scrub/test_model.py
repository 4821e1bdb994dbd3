"""The shipped recogniser: refused when touched, small, silent, and right about the names that it was made for."""

from __future__ import annotations

import hashlib
import json
import re
import shutil
import socket
import threading
from pathlib import Path
from typing import Any

import pytest

from vecguard.errors import ScrubFailed
from vecguard.scrub import model
from vecguard.scrub.model import _FOLDER, MANIFEST_SHA256, _read

MEGABYTE = 1_000_000
CARD = _FOLDER.with_name("CARD.md")


@pytest.fixture(scope="module")
def nlp() -> Any:
    return model.load()


@pytest.fixture
def copy(tmp_path: Path) -> Path:
    return Path(shutil.copytree(_FOLDER, tmp_path / "en"))


def _found(nlp: Any, text: str) -> set[tuple[str, str]]:
    with nlp.memory_zone():
        return {(ent.text, ent.label_) for ent in nlp(text).ents}


def _names(nlp: Any, text: str) -> set[str]:
    return {name for name, label in _found(nlp, text) if label == "PERSON"}


# --- what is loaded, and what is refused


def test_the_pipeline_finds_the_labels_that_it_declares(nlp: Any) -> None:
    """`LABELS` is what the weights know, no more and no less."""
    assert frozenset(nlp.get_pipe("ner").labels) == model.LABELS


@pytest.mark.parametrize("name", sorted(json.loads((_FOLDER / "manifest.json").read_text())))
def test_a_changed_file_is_refused(copy: Path, name: str, monkeypatch: pytest.MonkeyPatch) -> None:
    """One changed bit in any file is enough, and spaCy never gets to see it."""
    import spacy.util

    monkeypatch.setattr(spacy.util, "load_model_from_path", lambda _: pytest.fail("spaCy read an unverified file"))
    content = bytearray((copy / name).read_bytes() or b"\0")
    content[len(content) // 2] ^= 1
    (copy / name).write_bytes(content)
    with pytest.raises(ScrubFailed, match=re.escape(name)):
        _read(copy, MANIFEST_SHA256)


def test_a_missing_file_is_refused(copy: Path) -> None:
    """A pipeline without one of its files is not the pipeline that was measured."""
    (copy / "ner" / "model").unlink()
    with pytest.raises(ScrubFailed, match="lacks a file"):
        _read(copy, MANIFEST_SHA256)


def test_a_file_that_is_not_listed_is_refused(copy: Path) -> None:
    """spaCy reads what it finds: a folder may hold nothing that the manifest does not know."""
    (copy / "vocab" / "extra.bin").write_bytes(b"x")
    with pytest.raises(ScrubFailed, match="does not list"):
        _read(copy, MANIFEST_SHA256)


def test_a_manifest_made_to_match_changed_weights_is_refused(copy: Path) -> None:
    """Whoever changes weights and manifest together still cannot change the constant in the source."""
    weights, manifest = copy / "ner" / "model", copy / "manifest.json"
    weights.write_bytes(weights.read_bytes() + b"\0")
    listed = json.loads(manifest.read_text())
    listed["ner/model"] = hashlib.sha256(weights.read_bytes()).hexdigest()
    manifest.write_text(json.dumps(listed))
    with pytest.raises(ScrubFailed, match="manifest"):
        _read(copy, MANIFEST_SHA256)


def test_a_missing_model_is_refused(tmp_path: Path) -> None:
    """No folder, no scrubbing: there is no silent fall-back."""
    with pytest.raises(ScrubFailed, match="not there"):
        _read(tmp_path, MANIFEST_SHA256)


def test_the_card_is_about_these_weights() -> None:
    """The figures on the card belong to the weights in the package."""
    assert hashlib.sha256((_FOLDER / "manifest.json").read_bytes()).hexdigest() == MANIFEST_SHA256
    assert MANIFEST_SHA256 in CARD.read_text(encoding="utf-8")


def test_the_model_is_small() -> None:
    """The issue allows 20 MB; the whole folder stays under half of that."""
    assert sum(path.stat().st_size for path in _FOLDER.rglob("*") if path.is_file()) < 10 * MEGABYTE


def test_no_word_of_the_training_texts_is_in_the_vocabulary() -> None:
    """The strings that ship are labels and the names of features: nobody's name, nobody's sentence."""
    assert len(json.loads((_FOLDER / "vocab" / "strings.json").read_text())) < 400


def test_neither_loading_nor_use_opens_a_socket(monkeypatch: pytest.MonkeyPatch) -> None:
    """A privacy tool does not call home."""

    def refuse(*_: Any, **__: Any) -> Any:
        raise AssertionError("a socket was opened")

    monkeypatch.setattr(socket, "socket", refuse)
    monkeypatch.setattr(socket, "create_connection", refuse)
    monkeypatch.setattr(socket, "getaddrinfo", refuse)
    fresh = _read(_FOLDER, MANIFEST_SHA256)
    assert _names(fresh, "Dear Sarah Johnson, thank you.") == {"Sarah Johnson"}


def test_a_pipe_runs_in_the_thread_that_asks(nlp: Any) -> None:
    """`pipe` starts neither threads nor processes."""
    before = threading.active_count()
    with nlp.memory_zone():
        for _ in nlp.pipe(["My name is John Smith."] * 64, batch_size=16):
            assert threading.active_count() == before


def test_the_vocabulary_does_not_grow_in_a_memory_zone(nlp: Any) -> None:
    """A million texts leave no words behind."""
    _found(nlp, "warm up")
    before = len(nlp.vocab.strings), len(list(nlp.vocab))
    for number in range(50):
        _found(nlp, f"unheard{number} of{number} words{number}")
    assert (len(nlp.vocab.strings), len(list(nlp.vocab))) == before  # len(vocab) counts what is gone, too


# --- what is found


@pytest.mark.parametrize(
    "name",
    [
        "John Smith",
        "Maria Garcia",
        "Priya Raghavan",
        "Xiulan Zhao",
        "Fatima Al-Masri",
        "Oluwaseun Adeyemi",
        "Nguyen Thi Lan",
        "Haruki Takahashi",
        "Dmitri Kuznetsov",
        "Ayşe Yılmaz",
        "Thandiwe Nkosi",
        "Min-jun Park",
        "José Hernández",
    ],
)
@pytest.mark.parametrize(
    "text",
    [
        "My name is {} and I live here.",
        "Patient: {}",
        "The report was written by {}.",
        "{} is a 54-year-old patient with asthma.",
    ],
)
def test_names_of_many_cultures_are_found(nlp: Any, name: str, text: str) -> None:
    """A name is a name wherever its bearer comes from."""
    assert _names(nlp, text.format(name)) == {name}


@pytest.mark.parametrize("change", [str.upper, str.lower])
@pytest.mark.parametrize("name", ["John Smith", "Maria Garcia", "Priya Sharma", "Ahmed Hassan", "Kwame Mensah"])
def test_names_are_found_in_any_case(nlp: Any, name: str, change: Any) -> None:
    """Forms shout and chats whisper."""
    text = change(f"My name is {name} and I am calling about my bill.")
    assert _names(nlp, text) == {change(name)}


def test_a_title_stays_outside_the_name(nlp: Any) -> None:
    """ "Dr. Kumar" and "Kumar" are one person, and get one token."""
    assert _names(nlp, "She was seen by Dr. Kumar last week.") == {"Kumar"}


def test_names_between_underscores_and_equals_signs_are_found(nlp: Any) -> None:
    """Field syntax is no hiding place."""
    assert {"John", "Smith"} <= {
        part for name in _names(nlp, "customer_name=John Smith&city=Boston") for part in name.split()
    }


@pytest.mark.parametrize(
    "address",
    [
        "742 Evergreen Terrace, Springfield, IL 62704",
        "14 Victoria Road, Leeds LS6 2AB, United Kingdom",
        "Hauptstraße 12, 10115 Berlin",
        "25 rue de la République, 69002 Lyon, France",
    ],
)
def test_an_address_is_one_span(nlp: Any, address: str) -> None:
    """From the house to the postcode or the country."""
    assert (address, "ADDRESS") in _found(nlp, f"Please send it to {address}.")


@pytest.mark.parametrize(
    "text",
    [
        "Patients with Parkinson disease were randomised to placebo.",
        "What are the symptoms of Hodgkin lymphoma?",
        "Survival was compared with the Kaplan-Meier method.",
        "CHIEF COMPLAINT\n\nRight knee pain.",
        "REVIEW OF SYSTEMS\n\nMusculoskeletal: Denies joint pain.",
        "BACKGROUND: The role of autophagy in Alzheimer's disease is unknown.",
        "Protein levels were measured by Western blot.",
        "First Name, Last Name, Date of Birth",
        "Continue metformin 500 mg twice daily.",
    ],
)
def test_medical_prose_names_nobody(nlp: Any, text: str) -> None:
    """Eponyms, headings and methods are the subject of a text; to hide them is to lose it."""
    assert _names(nlp, text) == set()
