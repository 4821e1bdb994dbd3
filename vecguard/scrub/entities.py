"""The names of everything a scrubber can look for, and which of it is looked for unless a policy says otherwise."""

from __future__ import annotations

# Chosen for precision: each is either checked (a checksum, a strict form) or believed only beside a word that says
# what it is. Names of countries and bare dates are left alone: hiding them would ruin retrieval and protect nobody.
DEFAULT_ENTITIES: tuple[str, ...] = (
    "PERSON",
    "ADDRESS",
    "LOCATION",
    "EMAIL_ADDRESS",
    "PHONE_NUMBER",
    "US_SSN",
    "US_ITIN",
    "US_PASSPORT",
    "US_NPI",
    "UK_NHS",
    "MEDICAL_LICENSE",
    "MEDICAL_RECORD_NUMBER",
    "DATE_OF_BIRTH",
    "CREDIT_CARD",
    "IBAN_CODE",
    "IP_ADDRESS",
    "MAC_ADDRESS",
    "CRYPTO",
)

# Too eager to be on by default, and there for whoever wants them.
OPTIONAL_ENTITIES: tuple[str, ...] = ("URL", "US_BANK_NUMBER", "US_DRIVER_LICENSE", "US_MBI", "UK_NINO")

ENTITIES: frozenset[str] = frozenset(DEFAULT_ENTITIES + OPTIONAL_ENTITIES)

DENIED = "DENIED"  # the type of what a deny list finds
TOKEN_LIKE = "TOKEN_LIKE"  # noqa: S105 - the type of a user's text that looks like one of our tokens
