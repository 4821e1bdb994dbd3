"""What only looks like a name is doubted; what could be somebody's is not, whatever stands around it."""

from __future__ import annotations

import pytest

from vecguard.scrub import Finding
from vecguard.scrub.plausible import Doubts

SOMEBODY = [
    ("The Smith family came in.", "Smith"),
    ("Adaeze Okonkwo test results are back.", "Adaeze Okonkwo"),
    ("Thuy Nguyen reaction to penicillin.", "Thuy Nguyen"),
    ("Buzz Aldrin walked in.", "Buzz Aldrin"),
    ("Contact Moses if the pain returns.", "Moses"),
    ("She asked J. smith about it.", "J. smith"),
    ("Patient Xiulan Zhaoqing disease course was mild.", "Xiulan Zhaoqing"),
    ("Smith's disease got worse.", "Smith"),
    ("The Okonkwo test came back clean.", "Okonkwo"),
    ("Dr. Still saw the patient, and still does.", "Still"),
    ("Mr. Parkinson tumour was removed.", "Parkinson"),
    ("Ask Oksana about the virus.", "Oksana"),
    ("Grace was admitted. We hope for grace.", "Grace"),
    ("WE SAW OKONKWO TODAY.", "OKONKWO"),
    ("i saw okonkwo adaeze today", "okonkwo adaeze"),
    ("Furness said no.", "Furness"),
    ("We met JOHN yesterday in town.", "JOHN"),
    ("Zhaoqing's tumour was removed.", "Zhaoqing"),
    ("Johnson cytology is pending.", "Johnson"),
    ("Maria Sanchez syndrome workup is pending.", "Maria Sanchez"),
]

NOBODY = [
    ("Adams-Oliver syndrome is rare.", "Adams-Oliver"),
    ("It was Reye's syndrome.", "Reye"),
    ("Hodgkin's lymphoma was found.", "Hodgkin"),
    ("Becker dystrophy is rarer.", "Becker"),
    ("Wilms tumor of the kidney", "Wilms"),
    ("We grew E. coli in it.", "E. coli"),
    ("We grew D. melanogaster there.", "D. melanogaster"),
    ("grown in E. coli over night", "E. coli"),
    ("The A. and B. arms of the trial", "A."),
    ("ARMS A. AND B. OF THE TRIAL", "B."),
    ("The alpha gamma line of Mice.", "alpha gamma"),
    ("Levels of CPEB1 rose.", "CPEB1"),
    ("Given PACAP twice a day, levels rose in most of them.", "PACAP"),
    ("Treated with Adalimumab once.", "Adalimumab"),
    ("Kallmann Proteinuria was seen.", "Kallmann Proteinuria"),
    ("Infliximab helps. We gave infliximab.", "Infliximab"),
    ("Bilberry helps. We gave bilberry.", "Bilberry"),
    ("We sequenced the xist locus in Mice.", "xist"),
]


def _left(text: str, name: str) -> list[str]:
    start = text.index(name)
    found = Finding(start, start + len(name), "PERSON", 0.8, "a test")
    return [text[each.start : each.end] for each in Doubts(text).without([found])]


@pytest.mark.parametrize(("text", "name"), SOMEBODY)
def test_a_name_that_could_be_somebodys_is_kept(text: str, name: str) -> None:
    assert _left(text, name) == [name]


@pytest.mark.parametrize(("text", "name"), NOBODY)
def test_a_word_that_is_nobodys_name_is_doubted(text: str, name: str) -> None:
    assert _left(text, name) == []


@pytest.mark.parametrize(
    ("text", "read", "name"),
    [
        ("Then saw Oksana Petrenko again.", "saw Oksana Petrenko", "Oksana Petrenko"),
        ("Then Ludwig van Houten came.", "Ludwig van Houten", "Ludwig van Houten"),
        ("Then van Houten came.", "van Houten", "van Houten"),
        ("It was Oksana  Petrenko came by.", "Oksana  Petrenko came", "Oksana  Petrenko"),
    ],
)
def test_small_words_are_taken_off_the_ends_and_particles_stay(text: str, read: str, name: str) -> None:
    assert _left(text, read) == [name]


def test_what_is_no_person_is_not_looked_at() -> None:
    place = Finding(0, 6, "LOCATION", 0.8, "a test")

    assert list(Doubts("E. coli").without([place])) == [place]
