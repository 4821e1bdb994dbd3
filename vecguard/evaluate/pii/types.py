"""What each labelled set calls what we look for. A type that is not in a set's table is not scored in it."""

from __future__ import annotations

from collections.abc import Iterable, Mapping
from dataclasses import replace

from vecguard.scrub import Finding

# presidio-research's alignment of its data sets with Presidio's types (notebook 4 and 5: `presidio_entities_map`).
# Every type of synth_dataset_v2 and generated_large is in it, also those that nothing of ours finds (titles).
PRESIDIO_RESEARCH: Mapping[str, str] = {
    "PERSON": "PERSON",
    "FIRST_NAME": "PERSON",
    "LAST_NAME": "PERSON",
    "NAME": "PERSON",
    "LOCATION": "LOCATION",
    "GPE": "LOCATION",
    "CITY": "LOCATION",
    "ADDRESS": "LOCATION",
    "STREET_ADDRESS": "LOCATION",
    "ZIP_CODE": "ZIP_CODE",
    "ORG": "ORGANIZATION",
    "ORGANIZATION": "ORGANIZATION",
    "NORP": "NRP",
    "NRP": "NRP",
    "NATIONALITY": "NRP",
    "AGE": "AGE",
    "TITLE": "TITLE",
    "PREFIX": "TITLE",
    "CREDIT_CARD": "CREDIT_CARD",
    "CREDIT_CARD_NUMBER": "CREDIT_CARD",
    "IBAN_CODE": "IBAN_CODE",
    "IBAN": "IBAN_CODE",
    "DATE": "DATE_TIME",
    "TIME": "DATE_TIME",
    "DATE_TIME": "DATE_TIME",
    "BIRTHDAY": "DATE_TIME",
    "DATE_OF_BIRTH": "DATE_TIME",
    "PHONE_NUMBER": "PHONE_NUMBER",
    "DOMAIN_NAME": "URL",
    "URL": "URL",
    "DOMAIN": "URL",
    "EMAIL": "EMAIL_ADDRESS",
    "EMAIL_ADDRESS": "EMAIL_ADDRESS",
    "IP_ADDRESS": "IP_ADDRESS",
    "SSN": "US_SSN",
    "US_SSN": "US_SSN",
    "US_DRIVER_LICENSE": "US_DRIVER_LICENSE",
}

# Ours on the same scale; what is not named keeps its name.
OURS: Mapping[str, str] = {
    "ADDRESS": "LOCATION",
    "DATE_OF_BIRTH": "DATE_TIME",
    "AGE_OVER_89": "AGE",
    "DOMAIN_NAME": "URL",
}

# The CoNLL-like sets: WNUT17, WikiGold, Broad Twitter Corpus, CrossNER. Works, products, awards and fields of science
# are nobody's data.
NEWS_AND_WEB: Mapping[str, str] = {
    "PER": "PERSON",
    "PERSON": "PERSON",
    "POLITICIAN": "PERSON",
    "WRITER": "PERSON",
    "MUSICALARTIST": "PERSON",
    "SCIENTIST": "PERSON",
    "RESEARCHER": "PERSON",
    "LOC": "LOCATION",
    "LOCATION": "LOCATION",
    "COUNTRY": "LOCATION",
    "GPE": "LOCATION",
    "ORG": "ORGANIZATION",
    "ORGANIZATION": "ORGANIZATION",
    "ORGANISATION": "ORGANIZATION",
    "CORPORATION": "ORGANIZATION",
    "GROUP": "ORGANIZATION",
    "POLITICALPARTY": "ORGANIZATION",
    "UNIVERSITY": "ORGANIZATION",
    "BAND": "ORGANIZATION",
}


def renamed(findings: Iterable[Finding], names: Mapping[str, str]) -> list[Finding]:
    """Return findings with their types as `names` calls them; what it does not name keeps its name."""
    return [replace(each, entity=names.get(each.entity, each.entity)) for each in findings]
