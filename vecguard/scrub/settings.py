"""What a scrubber needs to be told, and the names of everything it can look for."""

from __future__ import annotations

from typing import Protocol

DEFAULT_THRESHOLD = 0.5

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


class ScrubSettings(Protocol):
    """The part of a policy that scrubbing reads. Any frozen object with these fields will do."""

    @property
    def enabled(self) -> bool:
        """False passes every text through as it is; then nothing is minted and nothing may be restored."""
        ...

    @property
    def entities(self) -> tuple[str, ...]:
        """Types to look for, out of `ENTITIES` and the types of recognisers that the caller adds."""
        ...

    @property
    def threshold(self) -> float:
        """Findings with a lower score are dropped; scores run from 0 to 1."""
        ...

    @property
    def allow(self) -> tuple[str, ...]:
        """Phrases that are never personal data: a finding within one of them is dropped."""
        ...

    @property
    def deny(self) -> tuple[str, ...]:
        """Phrases that always are, whatever surrounds them; they win over `allow`."""
        ...

    @property
    def language(self) -> str:
        """ISO 639-1 code of the texts' language; `en` is the one that recognisers are shipped for."""
        ...

    @property
    def max_chars(self) -> int:
        """Longest piece in characters that the detector gets at once; more than 4,000 means 4,000."""
        ...

    @property
    def deadline_s(self) -> float:
        """Seconds that one text may take before it is refused."""
        ...
