"""What is found in a text, where, and what is left alone."""

from __future__ import annotations

import sys
from itertools import pairwise

import pytest

from vecguard.errors import ScrubFailed
from vecguard.scrub import Finding
from vecguard.scrub.detect import Detector, pieces
from vecguard.scrub.findings import merged

FOUND = [
    ("PERSON", "Dr. Sarah Johnson diagnosed the flu.", "Sarah Johnson"),
    ("PERSON", "The patient, Maria Garcia, was discharged.", "Maria Garcia"),
    ("PERSON", "Since then she was followed by Dr. Kumar.  Those issues are stable.", "Kumar"),
    ("PERSON", "PATIENT JOHN SMITH WAS SEEN", "JOHN SMITH"),
    ("PERSON", "Chart of Smith, John reviewed.", "Smith, John"),
    ("PERSON", "We met Maria de la Cruz there.", "Maria de la Cruz"),
    ("PERSON", "It was J. Ramirez who called.", "J. Ramirez"),
    ("PERSON", "i met jennifer smith today", "jennifer smith"),
    ("PERSON", "I asked Jennifer's mother.", "Jennifer"),
    ("PERSON", "We met Craig Le yesterday.", "Craig Le"),
    ("PERSON", "Notes of Angela McTavishly here", "Angela McTavishly"),
    ("PERSON", "seen by Dr. Kumar\nPlan: rest", "Kumar"),
    ("PERSON", "Patient: Xiulan Zhao", "Xiulan Zhao"),
    ("PERSON", "Letter from Zo\u00eb O'Brien.", "Zo\u00eb O'Brien"),
    ("ADDRESS", "She lives at 742 Evergreen Terrace, Apt. 4.", "742 Evergreen Terrace, Apt. 4"),
    ("ADDRESS", "Send it to 12 Oak St, Springfield, IL 62704 today", "12 Oak St, Springfield, IL 62704"),
    ("ADDRESS", "Write to P.O. Box 1234 please", "P.O. Box 1234"),
    ("ADDRESS", "He moved to Springfield, IL 62704 then.", "Springfield, IL 62704"),
    ("EMAIL_ADDRESS", "Write to john.smith@example.com.", "john.smith@example.com"),
    ("EMAIL_ADDRESS", "Write to ops@db7.internal now", "ops@db7.internal"),
    ("PHONE_NUMBER", "Reached at (555) 123-4567 x89 once", "(555) 123-4567 x89"),
    ("PHONE_NUMBER", "phone 5551234567", "5551234567"),
    ("PHONE_NUMBER", "From +44 20 7946 0958 in London", "+44 20 7946 0958"),
    ("US_SSN", "on file: 123-45-6789.", "123-45-6789"),
    ("US_SSN", "SSN 123456789", "123456789"),
    ("US_ITIN", "ITIN 912-70-1234", "912-70-1234"),
    ("US_PASSPORT", "passport 912345678", "912345678"),
    ("US_NPI", "NPI 1234567893", "1234567893"),
    ("UK_NHS", "NHS 943 476 5919", "943 476 5919"),
    ("MEDICAL_LICENSE", "DEA BB1388568", "BB1388568"),
    ("MEDICAL_RECORD_NUMBER", "MRN: 00482913 seen", "00482913"),
    ("MEDICAL_RECORD_NUMBER", "medical record number 48-29-13.", "48-29-13"),
    ("DATE_OF_BIRTH", "DOB: 03/14/1975, well", "03/14/1975"),
    ("DATE_OF_BIRTH", "born on March 14, 1975 in Ohio", "March 14, 1975"),
    ("CREDIT_CARD", "paid with 4111 1111 1111 1111 then", "4111 1111 1111 1111"),
    ("CREDIT_CARD", "card 1234-5678-9012-3456", "1234-5678-9012-3456"),
    ("IBAN_CODE", "transfer to GB82 WEST 1234 5698 7654 32 please", "GB82 WEST 1234 5698 7654 32"),
    ("IP_ADDRESS", "from 192.168.10.24 at noon", "192.168.10.24"),
    ("MAC_ADDRESS", "card 3c:22:fb:9a:10:7e", "3c:22:fb:9a:10:7e"),
    ("CRYPTO", "sent to 1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa", "1A1zP1eP5QGefi2DMPTfTL5SLmv7DivfNa"),
]

HIDDEN_BY_SPELLING = [
    ("john\u200b.smith@exam\u00adple.com", "EMAIL_ADDRESS"),
    ("\uff11\uff12\uff13-45-6789", "US_SSN"),
    ("123\u201345\u20116789", "US_SSN"),
    ("\u0661\u0662\u0663-45-6789", "US_SSN"),
    ("555\u2060-123-\u200d4567", "PHONE_NUMBER"),
    ("4111\u00a01111\u00a01111\u00a01111", "CREDIT_CARD"),
    ("Jose\u0301 Garci\u0301a", "PERSON"),
]

SCIENCE = [
    "Brown adipose tissue activates uncoupling protein 1 in 12 of 48 mice (p < 0.001).",
    "Parkinson's disease and Werner syndrome share impaired DNA repair in Cockayne cells.",
    "Hazard ratio 1.45 (95% CI 1.12-1.89); Kaplan-Meier curves and a Cox regression were used.",
    "MR Imaging and MS Analysis were done at Johns Hopkins Hospital between 2001 and 2009.",
    "The United States, China and India account for 38% of cases in the Global Burden of Disease Study.",
    "We found p53, BRCA1 and CD4+ T cells; GenBank accession NM_000546.5, PMID 12345678.",
    "Escherichia coli and Streptococcus pneumoniae grew in May; E. coli O157:H7 did not.",
    "See doi 10.1038/s41586-020-2012-7 and version 2.31.4 of the software, run on 2020-03-14.",
    "Of 1200 patients 345 678 events were recorded, 10 000 000 reads each, at 37.5 degrees.",
    "Will the Young Investigator Award help? Grace periods may hunt down art and chance.",
    "Section 3 discusses ring closure, stone formation and price elasticity of rice.",
    "San Francisco Young Men's Health Study; ROSs, miRNAs and Ib MHC-restricted cells in St. Louis.",
    "Amsterdam criteria and the Duke treadmill score predicted outcome in Framingham.",
]


@pytest.fixture(scope="module")
def detector(settings):
    return Detector(settings())


@pytest.mark.parametrize(("entity", "text", "value"), FOUND)
def test_each_type_is_found_exactly(detector, entity, text, value):
    """Each type of personal data is found, with the right type and the right borders."""
    assert [(f.entity, text[f.start : f.end]) for f in detector.find(text)] == [(entity, value)]


@pytest.mark.parametrize(("value", "entity"), HIDDEN_BY_SPELLING)
def test_spelling_hides_nothing_and_offsets_are_of_the_original(detector, value, entity):
    """Invisible and foreign characters neither hide a value nor move its borders in the original text."""
    text = f"\u200bI saw \ufb01fty of {value} there"
    assert [(f.entity, text[f.start : f.end]) for f in detector.find(text)] == [(entity, value)]


def test_scientific_prose_is_left_alone(detector):
    """Words and numbers of science are no personal data: none of these sentences changes."""
    assert [text for text in SCIENCE if detector.find(text)] == []


@pytest.mark.parametrize(
    "text",
    [
        "550e8400-e29b-41d4-a716-446655440000",
        "12345678-1234-4234-8234-123456789012",
        "MRN: 12345678-1234-4234-8234-123456789012",
        "d41d8cd98f00b204e9800998ecf8427e",
        "card 4111111111111111411111111111111141111111111111114111111111111111",
        "",
        " \n\t ",
        "\u200b\u00ad",
    ],
)
def test_ids_digests_and_nothing_are_left_alone(detector, text):
    """UUIDs, long digests and texts without content hold nothing to hide."""
    assert detector.find(text) == []


def test_adjacent_values_stay_apart(detector):
    """Two values of one type that only a space parts are two findings (presidio#1925)."""
    text = "ann@example.com bob@example.com"
    assert [text[f.start : f.end] for f in detector.find(text)] == text.split()


def test_a_later_mention_of_a_full_name_is_found(detector):
    """A surname on its own is found where its owner was named in full before."""
    text = "John Ramirez came in. Ramirez was well."
    assert [text[f.start : f.end] for f in detector.find(text)] == ["John Ramirez", "Ramirez"]


def test_a_context_word_decides(detector):
    """Nine digits are a number; nine digits after "SSN" are somebody's."""
    assert detector.find("it counted 219099999 reads") == []
    assert [f.entity for f in detector.find("her ssn is 219099999")] == ["US_SSN"]
    assert detector.find("the recipients' assnr 219099999") == []


def test_allow_and_deny(settings):
    """An allowed phrase is kept whatever finds it, a denied one is found whatever it is, and deny wins."""
    detector = Detector(settings(allow=("Sarah Johnson", "Project X"), deny=("Project X", "z\u00fcrich-7")))
    text = "sarah johnson leads project x and ZURICH-7 with John Smith"
    assert [(f.entity, text[f.start : f.end]) for f in detector.find(text)] == [
        ("DENIED", "project x"),
        ("DENIED", "ZURICH-7"),
        ("PERSON", "John Smith"),
    ]
    assert [f.entity for f in detector.find("Sarah Johnson Smith")] == ["PERSON"]


@pytest.mark.parametrize("filler", ["word ", "x"])
def test_a_border_between_pieces_loses_nothing(settings, filler):
    """A value is found whole wherever in a long text it lies, with or without white space to cut at."""
    detector = Detector(settings(max_chars=1_000))
    value = "jane.roe@example.com"
    for before in range(880, 1_020, 7):
        text = (filler * before)[:before] + f" {value} " + (filler * 900)[:900]
        assert [text[f.start : f.end] for f in detector.find(text)] == [value], before


def test_pieces_cover_the_text_and_overlap():
    """Pieces are bounded, cover every character and share at least 128 with their neighbour."""
    for text in ("x" * 9_999, "word " * 3_000, "a" * 1_000):
        cut = list(pieces(text, 1_000))
        assert all(len(piece) <= 1_000 and text.startswith(piece, offset) for offset, piece in cut)
        assert all(before + len(piece) - after >= 128 for (before, piece), (after, _) in pairwise(cut))
        assert cut[0][0] == 0
        assert cut[-1][0] + len(cut[-1][1]) == len(text)


def test_overlaps_cover_the_union_with_the_best_type():
    """Overlapping findings become one over all their characters, typed by the highest score, then by length."""
    low, high = Finding(0, 10, "LOW", 0.5), Finding(5, 12, "HIGH", 0.9)
    same = Finding(20, 24, "SHORT", 0.7), Finding(20, 26, "LONG", 0.7)
    touching = Finding(12, 14, "NEXT", 0.6)
    assert merged([touching, *same, low, high]) == [
        Finding(0, 12, "HIGH", 0.9),
        Finding(12, 14, "NEXT", 0.6),
        Finding(20, 26, "LONG", 0.7),
    ]


def test_a_text_with_too_many_readings_is_refused(settings, monkeypatch):
    """A reading that there is no room for is not left out: what it alone shows would pass."""
    monkeypatch.setattr(sys.modules["vecguard.scrub.normalise.views"], "_BUDGET", 0)
    detector = Detector(settings())
    assert detector.find("plain")[:1] == []
    with pytest.raises(ScrubFailed, match="text 1"):
        detector.find_all(["plain", "jane%40example.com and 1 2 3 - 4 5 - 6 7 8 9"])
