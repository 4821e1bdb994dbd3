"""The names of everything a scrubber can look for, and which of it is looked for unless a policy says otherwise.

`HIPAA_SAFE_HARBOR` names what covers each kind of identifier of the United States' Safe Harbor method of
de-identification. What that method asks and software cannot decide stays with whoever releases the data:

- that they have no actual knowledge that what remains, alone or combined, could identify the individual
  (164.514(b)(2)(ii)); "the only astronaut of our town" holds no identifier and names somebody;
- identifiers also of relatives, employers and household members; a text does not say who is one, so all are treated
  alike, as are those of doctors, which the rule would let stand;
- that a three-digit ZIP area has more than 20,000 people by the current census (`RESTRICTED_ZIP3` is HHS's list for
  the census of 2000), and that States, and nothing smaller, may stay: LOCATION is hidden whole;
- images: a reference to a photograph is found (PHOTO), a face in one is not;
- "any other unique identifying number, characteristic, or code": a number that no word beside it explains is not found;
- dates that events give away ("the day after the election"), and ages that are told in other words.
"""

from __future__ import annotations

from collections.abc import Mapping
from itertools import chain
from types import MappingProxyType

# Whatever leads to one person or opens something, if it is either certain (a check digit, a strict form) or believed
# only beside a word that says what it is.
DEFAULT_ENTITIES: tuple[str, ...] = (
    "PERSON",
    "TITLE",
    "ADDRESS",
    "ZIP_CODE",
    "COORDINATES",
    "EMAIL_ADDRESS",
    "PHONE_NUMBER",
    "USERNAME",
    "SECRET",
    "DATE_OF_BIRTH",
    "US_SSN",
    "US_ITIN",
    "US_EIN",
    "US_PASSPORT",
    "PASSPORT",
    "US_DRIVER_LICENSE",
    "UK_NINO",
    "UK_NHS",
    "ID_NUMBER",
    "MEDICAL_RECORD_NUMBER",
    "HEALTH_PLAN_NUMBER",
    "US_MBI",
    "US_NPI",
    "MEDICAL_LICENSE",
    "ACCOUNT_NUMBER",
    "US_BANK_NUMBER",
    "CREDIT_CARD",
    "IBAN_CODE",
    "CRYPTO",
    "CASE_NUMBER",
    "DEVICE_ID",
    "VIN",
    "LICENSE_PLATE",
    "BIOMETRIC_ID",
    "IP_ADDRESS",
    "MAC_ADDRESS",
)

# Each narrows down who somebody is and identifies nobody alone; texts are searched by them, so hiding them costs
# retrieval. LOCATION, ORGANIZATION and NRP (nationality, religion, politics) are the trained model's.
OPTIONAL_ENTITIES: tuple[str, ...] = (
    "LOCATION",
    "ORGANIZATION",
    "NRP",
    "DATE_TIME",
    "AGE",
    "AGE_OVER_89",
    "URL",
    "DOMAIN_NAME",
    "PHOTO",
)

ENTITIES: frozenset[str] = frozenset(DEFAULT_ENTITIES + OPTIONAL_ENTITIES)

# What many numbers and words look like: if something else is found in the same place, that is the better name for it.
GENERAL: frozenset[str] = frozenset(
    {
        "PERSON",
        "ORGANIZATION",
        "LOCATION",
        "PHONE_NUMBER",
        "ACCOUNT_NUMBER",
        "HEALTH_PLAN_NUMBER",
        "ID_NUMBER",
        "MEDICAL_LICENSE",
        "AGE",
        "DATE_TIME",
    }
)

DENIED = "DENIED"  # the type of what a deny list finds
TOKEN_LIKE = "TOKEN_LIKE"  # noqa: S105 - the type of a user's text that looks like one of our tokens

# The eighteen kinds of identifiers of 45 CFR 164.514(b)(2)(i), by their letter, and what finds each.
HIPAA_SAFE_HARBOR: Mapping[str, tuple[str, ...]] = MappingProxyType({
    "A": ("PERSON",),  # names
    "B": ("ADDRESS", "LOCATION", "ZIP_CODE", "COORDINATES"),  # geographic subdivisions smaller than a State
    "C": ("DATE_TIME", "DATE_OF_BIRTH", "AGE_OVER_89"),  # elements of dates but the year; ages over 89
    "D": ("PHONE_NUMBER",),  # telephone numbers
    "E": ("PHONE_NUMBER",),  # fax numbers: they have the same form
    "F": ("EMAIL_ADDRESS",),  # electronic mail addresses
    "G": ("US_SSN", "US_ITIN"),  # social security numbers, and what is used in their place
    "H": ("MEDICAL_RECORD_NUMBER", "UK_NHS"),  # medical record numbers
    "I": ("HEALTH_PLAN_NUMBER", "US_MBI"),  # health plan beneficiary numbers
    "J": ("ACCOUNT_NUMBER", "US_BANK_NUMBER", "CREDIT_CARD", "IBAN_CODE", "CRYPTO"),  # account numbers
    "K": ("MEDICAL_LICENSE", "US_NPI", "US_DRIVER_LICENSE"),  # certificate and license numbers
    "L": ("VIN", "LICENSE_PLATE"),  # vehicle identifiers and serial numbers, license plates included
    "M": ("DEVICE_ID", "MAC_ADDRESS"),  # device identifiers and serial numbers
    "N": ("URL", "DOMAIN_NAME"),  # web universal resource locators
    "O": ("IP_ADDRESS",),  # internet protocol addresses
    "P": ("BIOMETRIC_ID",),  # biometric identifiers, finger and voice prints included
    "Q": ("PHOTO",),  # full-face photographs and comparable images: here, references to them
    "R": ("CASE_NUMBER", "ID_NUMBER", "USERNAME", "SECRET", "US_PASSPORT", "PASSPORT", "US_EIN", "UK_NINO"),  # others
})  # fmt: skip

HIPAA_ENTITIES: tuple[str, ...] = tuple(dict.fromkeys(chain.from_iterable(HIPAA_SAFE_HARBOR.values())))

# Safe Harbor lets the year, the first three digits of most ZIP codes, and "90 or older" stand.
HIPAA_OPERATORS: Mapping[str, str] = MappingProxyType(
    dict.fromkeys(("DATE_TIME", "DATE_OF_BIRTH", "ZIP_CODE", "AGE_OVER_89"), "generalise")
)

# Three-digit ZIP areas with 20,000 people or fewer by the 2000 census, from HHS's guidance of 26 November 2012: they
# become 000. The rule asks for the current census; whoever releases data has to look whether the list has changed.
RESTRICTED_ZIP3: frozenset[str] = frozenset(
    [
        "036",
        "059",
        "063",
        "102",
        "203",
        "556",
        "692",
        "790",
        "821",
        "823",
        "830",
        "831",
        "878",
        "879",
        "884",
        "890",
        "893",
    ]
)
