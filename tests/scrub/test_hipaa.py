"""Safe Harbor: each of the eighteen classes of 45 CFR 164.514(b)(2)(i) is found in prose and in forms."""

from __future__ import annotations

import string

import pytest

from vecguard.scrub.detect import Detector
from vecguard.scrub.entities import (
    ENTITIES,
    HIPAA_ENTITIES,
    HIPAA_OPERATORS,
    HIPAA_SAFE_HARBOR,
    RESTRICTED_ZIP3,
)

# Class -> (text, what has to be found in it by a type of that class).
IDENTIFYING = {
    "A": [
        ("Dr. Sarah Johnson diagnosed the flu.", "Sarah Johnson"),
        ("Patient: Maria Garcia", "Maria Garcia"),
        ("The sister, Jennifer Smith, brought him in.", "Jennifer Smith"),
    ],
    "B": [
        ("She lives at 742 Evergreen Terrace, Apt. 4.", "742 Evergreen Terrace"),
        ("Home: Springfield, IL 62704", "62704"),
        ("ZIP code: 02139", "02139"),
    ],
    "C": [
        ("Admitted on 03/14/2019 with chest pain.", "03/14/2019"),
        ("DOB: 1948-07-02", "1948-07-02"),
        ("Seen on May 3rd, discharged later.", "May 3rd"),
        ("A 93-year-old woman fell at home.", "93"),
    ],
    "D": [
        ("Call the daughter at (617) 555-0187.", "(617) 555-0187"),
        ("Phone: 617.555.0187", "617.555.0187"),
        ("cell +44 7700 900123", "+44 7700 900123"),
    ],
    "E": [
        ("Please fax the results to 617-555-0188.", "617-555-0188"),
        ("Fax no.: 6175550188", "6175550188"),
    ],
    "F": [
        ("Results go to jane.doe@example.com.", "jane.doe@example.com"),
        ("E-mail: j_doe+clinic@mail.example.org", "j_doe+clinic@mail.example.org"),
    ],
    "G": [
        ("SSN: 219-09-9999", "219-09-9999"),
        ("her social security number is 219099999", "219099999"),
    ],
    "H": [
        ("MRN 00482913 was pulled.", "00482913"),
        ("Medical record number: 48-29-13", "48-29-13"),
        ("chart number A-482913", "A-482913"),
    ],
    "I": [
        ("Member ID: XYZ123456789", "XYZ123456789"),
        ("Medicare number 1EG4-TE5-MK73", "1EG4-TE5-MK73"),
        ("covered under group number GRP-00482", "GRP-00482"),
    ],
    "J": [
        ("Account number: 4482991022", "4482991022"),
        ("The copay was put on card 4111 1111 1111 1111.", "4111 1111 1111 1111"),
        ("bank account 000123456789", "000123456789"),
    ],
    "K": [
        ("Medical license no. A123456", "A123456"),
        ("driver's license: D1234567", "D1234567"),
        ("DEA BB1388568", "BB1388568"),
    ],
    "L": [
        ("The car, VIN 1HGCM82633A004352, was towed.", "1HGCM82633A004352"),
        ("license plate: 7ABC123", "7ABC123"),
    ],
    "M": [
        ("Pacemaker serial number PJN123456H was interrogated.", "PJN123456H"),
        ("Device ID: SN-48291-XJ", "SN-48291-XJ"),
    ],
    "N": [
        ("His page is https://example.org/~jdoe.", "https://example.org/~jdoe"),
        ("Website: www.jane-doe.example.com", "www.jane-doe.example.com"),
    ],
    "O": [
        ("The portal was opened from 203.0.113.24.", "203.0.113.24"),
        ("ip: 2001:db8::8a2e:370:7334", "2001:db8::8a2e:370:7334"),
    ],
    "P": [
        ("Fingerprint ID: FP-00391823", "FP-00391823"),
        ("the voiceprint VP0039182 was enrolled", "VP0039182"),
    ],
    "Q": [
        ("Photo: photos/jane-face.jpg", "photos/jane-face.jpg"),
        ("see IMG_2041.HEIC for the rash on her face", "IMG_2041.HEIC"),
    ],
    "R": [
        ("Claim number CLM-2020-00123 is open.", "CLM-2020-00123"),
        ("Employee ID: 00391823", "00391823"),
        ("portal username: jdoe92", "jdoe92"),
        ("Passport no. 912345678", "912345678"),
    ],
}

# Class -> texts that look like it, in which no type of that class may be found.
INNOCENT = {
    "A": ["The patient was seen by the surgeon.", "Parkinson's disease was ruled out."],
    "B": ["Give 12345 units over 3 days.", "Room 12 is on the second floor."],
    "C": ["Last seen in 2019.", "A 45-year-old man with BP 120/80.", "Take 1/2 tablet twice a day."],
    "D": ["Sodium 138, potassium 4.1, glucose 5551234.", "Of 6175550 reads, 187 failed."],
    "E": ["The fax machine has 12 pages left."],
    "F": ["Dose @ 5 mg", "p@5.2 was 0.81"],
    "G": ["It counted 219099999 reads."],
    "H": ["The medical record of 2019 has 12 pages.", "MRN is missing."],
    "I": ["The group of 24 members met twice.", "The plan covers 80% of the cost."],
    "J": ["This accounts for 12345 of them.", "The bill was $4,482.99 in all."],
    "K": ["She has been licensed since 1998.", "A driver of change in 24 countries."],
    "L": ["He drove 120 km by car.", "Plate 3 had 96 wells."],
    "M": ["A serial dilution in 8 steps.", "The device was used for 14 days."],
    "N": ["Take it with water, e.g. at noon.", "See the website for details."],
    "O": ["Section 3.4.21.4 applies.", "Version 10.20.30.40 was installed."],
    "P": ["Fingerprints were taken twice.", "Her voice was hoarse for 3 days."],
    "Q": ["A photograph was taken.", "The image shows 2 nodules."],
    "R": ["In this case 24 patients improved.", "The 2019 report has 48 pages."],
}


@pytest.fixture(scope="module")
def detector(settings):
    return Detector(settings(entities=HIPAA_ENTITIES))


def _found(detector, text, classified):
    return [f for f in detector.find(text) if f.entity in HIPAA_SAFE_HARBOR[classified]]


@pytest.mark.parametrize("classified", string.ascii_uppercase[:18])
def test_each_class_is_found(detector, classified):
    """Every sentence's identifier lies whole within findings of its class."""
    for text, value in IDENTIFYING[classified]:
        start = text.index(value)
        covered = {at for f in _found(detector, text, classified) for at in range(f.start, f.end)}
        assert covered.issuperset(range(start, start + len(value))), text


@pytest.mark.parametrize("classified", string.ascii_uppercase[:18])
def test_what_only_resembles_a_class_is_left(detector, classified):
    """Doses, counts, years and ages up to 89 are nobody's identifiers."""
    for text in INNOCENT[classified]:
        assert [text[f.start : f.end] for f in _found(detector, text, classified)] == [], text


def test_the_profile_is_complete():
    """There are eighteen classes, each with types that exist, and the profile is all of them, each once."""
    assert list(HIPAA_SAFE_HARBOR) == list(string.ascii_uppercase[:18])
    assert all(HIPAA_SAFE_HARBOR.values())
    assert set(HIPAA_ENTITIES) == {entity for covering in HIPAA_SAFE_HARBOR.values() for entity in covering}
    assert len(HIPAA_ENTITIES) == len(set(HIPAA_ENTITIES))
    assert set(HIPAA_ENTITIES) <= ENTITIES


def test_what_may_stand_in_part_is_generalised():
    """A year, most three-digit ZIP areas and "90 or older" may stand; everything else goes whole."""
    assert dict(HIPAA_OPERATORS) == dict.fromkeys(
        ("DATE_TIME", "DATE_OF_BIRTH", "ZIP_CODE", "AGE_OVER_89"), "generalise"
    )
    assert len(RESTRICTED_ZIP3) == 17
    assert all(len(area) == 3 and area.isdigit() for area in RESTRICTED_ZIP3)


@pytest.mark.parametrize(("age", "over"), [(89, False), (90, True), (101, True), (9, False)])
def test_the_line_between_ages_is_after_89(detector, age, over):
    """Safe Harbor lets ages up to 89 stand."""
    assert bool(detector.find(f"The {age}-year-old patient improved.")) is over
