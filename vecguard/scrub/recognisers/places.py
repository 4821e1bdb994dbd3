"""Postal addresses, codes and coordinates. Names of places in prose are the trained model's."""

from __future__ import annotations

import re

from faker.providers.address.en_US import Provider as Addresses

from vecguard.scrub.recognisers.keyed import Keyed
from vecguard.scrub.recognisers.rules import LIKELY, PLAUSIBLE, Form, Rule, any_of

_STREET = rf"(?:{'|'.join(sorted(Addresses.street_suffixes))})\b|(?:St|Ave|Rd|Blvd|Dr|Ln|Ct|Pl|Sq|Pkwy|Hwy|Ter)\b\.?"
_OUTLYING = Addresses.territories_abbr + Addresses.freely_associated_states_abbr
_ABBREVIATION = "|".join(sorted({*Addresses.states_abbr, *_OUTLYING}))
_STATE = "|".join(sorted({*Addresses.states, *Addresses.states_abbr, *_OUTLYING}))
_PLACE = r"[A-Z][a-z'-]{1,20}(?: [A-Z][a-z'-]{1,20}){0,2}"
_CITY = rf"{_PLACE},? (?:{_STATE}),? \d{{5}}(?:-\d{{4}})?(?![\w-])"
_UNIT = r"(?:,? (?:Apt|Suite|Ste|Unit|Room|Floor|#)\.?[ #]{0,2}\w{1,6})?"
_ADDRESS = (
    r"(?<![\w.,/-])\d{1,6}[A-Z]? (?:[NSEW]{1,2}\.? |(?:North|South|East|West) )?"
    rf"(?:[A-Z][a-z'-]{{1,20}} |\d{{1,3}}(?:st|nd|rd|th) ){{1,3}}(?:{_STREET}){_UNIT}(?:,?\s{_CITY})?"
)
_PO_BOX = rf"\b(?:P\.? ?O\.? Box|Post Office Box) \d{{1,6}}(?:,?\s{_CITY})?"
_MILITARY = r"\b(?:PSC|Unit|USNS|USS|USNV|USCGC)\b[ \w]{1,24},? (?:Box \d{1,5},? )?(?:APO|FPO|DPO),? A[AEP] \d{5}"

_ZIP = r"\d{5}(?:-\d{4})?"
_ZIP_BEHIND_STATE = rf"(?<![A-Z])(?:(?<=, )|(?<=,)|(?<=[a-z] ))(?:{_ABBREVIATION}),? (?P<value>{_ZIP})(?![\w-]|[.,]\d)"
_ZIP_BEHIND_NAME = rf"\b(?:{'|'.join(sorted(Addresses.states))}),? (?P<value>{_ZIP})(?![\w-]|[.,]\d)"
_POSTCODE = (
    rf"(?<![\w-])(?:{_ZIP}|[a-z]{{1,2}}\d[a-z\d]? ?\d[a-z]{{2}}|[a-z]\d[a-z][ -]?\d[a-z]\d|[a-z]{{1,"
    rf"2}}-\d{{4,5}}|\d{{3}} \d{{2}}|\d{{4}} [a-z]{{2}}|\d{{4,6}}|\d{{3}}-\d{{4}}|\d{{3}}(?:\*\*|"
    rf"xx)?)(?![\w-])"
)
# Inward codes never use C I K M O V: what is left of false ones are part numbers in capitals.
_UK_POSTCODE = r"(?<![\w-])(?:[A-PR-UWYZ][A-HK-Y]?\d[A-HJKPSTUW\d]?) \d[ABD-HJLNP-UW-Z]{2}(?![\w-])"

_DEGREES = r"[-+]?\d{1,3}\.\d{4,15}"
_MARK = r"(?:\s?(?:\u00b0|deg\b\.?|degrees\b))?(?:\s?[nsew](?!\w))?"
_PAIR = (
    rf"(?<![\w.])(?:geo:)?[(\[]?(?P<value>[-+]?\d{{1,2}}\.\d{{4,15}}{_MARK}\s{{0,2}}[,;/ ]\s{{0,"
    rf"2}}[-+]?\d{{1,3}}\.\d{{3,15}}{_MARK})(?!\w|\.\d|\s\d)"
)
_LABELLED = (
    rf"\b(?:lat(?:itude)?|lon(?:g(?:itude)?)?|lng)[\"']?[\s:=]{{1,3}}(?:is |was |of )?(?P<value>[-+]?\d{{1,"
    rf"3}}\.\d{{2,15}}{_MARK}(?!\w|\.\d))"
)
_LABELLED_PAIR = (
    rf"\blat(?:itude)?[\"']?[\s:=]{{1,3}}(?P<value>[-+]?\d{{1,2}}\.\d{{2,15}}{_MARK}[\s,;/]{{1,3}}(?:and "
    rf")?lon(?:g(?:itude)?)?[\"']?[\s:=]{{1,3}}[-+]?\d{{1,3}}\.\d{{2,"
    rf"15}}(?:\s?\u00b0)?(?:\s?[nsew])?)(?!\w|\.\d)"
)
_MINUTES = r"(?:'|\u2032|\u2019)"
_SECONDS = r"(?:\"|\u2033|\u201d|''|\u2032\u2032|\u2019\u2019)"
_DMS_ONE = (
    rf"\d{{1,3}}\s?(?:\u00b0|\u00ba|deg)\s?\d{{1,2}}(?:\.\d{{1,8}})?\s?{_MINUTES}\s?(?:\d{{1,2}}(?:\.\d{{1,"
    rf"8}})?\s?{_SECONDS}\s?)?[nsew]"
)
_DMS = rf"(?<![\w.]){_DMS_ONE}(?:[\s,;/]{{1,3}}{_DMS_ONE})?(?!\w)"
_HEMISPHERES = (
    r"(?<![\w.])(?P<value>\d{1,2}\.\d{2,15}\s?\u00b0?\s?[ns][\s,;/]{1,3}\d{1,3}\.\d{2,15}\s?\u00b0?\s?[ew])(?!\w)"
)


def _on_earth(value: str) -> bool:
    """Accept a latitude of at most 90 and a longitude of at most 180 degrees, not two equal means of a table."""
    first, second = (float(number) for number in re.findall(r"[-+]?\d+\.\d+", value)[:2])
    return abs(first) <= 90 and abs(second) <= 180


RULES: tuple[Rule, ...] = (
    Form("ADDRESS", "house number and street", _ADDRESS, 0.9, 1, as_written=True),
    Form("ADDRESS", "PO box", _PO_BOX, 0.9, 1, ("box",), as_written=True),
    Form("ADDRESS", "military post office", _MILITARY, 0.9, 5, ("po",), as_written=True),
    Form("ADDRESS", "city, state and ZIP code", rf"\b{_CITY}", 0.8, 5, as_written=True),
    Form("ZIP_CODE", "behind a state's abbreviation", _ZIP_BEHIND_STATE, LIKELY, 5, as_written=True),
    Form("ZIP_CODE", "behind a state's name", _ZIP_BEHIND_NAME, LIKELY, 5, as_written=True),
    Form("ZIP_CODE", "UK postcode", _UK_POSTCODE, PLAUSIBLE, 2, as_written=True),
    Keyed(
        "ZIP_CODE",
        "code beside 'ZIP' or 'postcode'",
        strong=(
            "zip(?: ?code)?s?(?: area)?(?: {n})?",
            "post ?codes?",
            "postal codes?",
            "post code",
            "plz",
            "pin ?code",
            "eircode",
        ),
        words=any_of("zip, post, plz, pin, eircode"),
        value=_POSTCODE,
        near=2,
        far=3,
        dated=True,
    ),
    Form("COORDINATES", "decimal degrees", _PAIR, PLAUSIBLE, 8, (".",), _on_earth),
    Form("COORDINATES", "decimal degrees with hemispheres", _HEMISPHERES, LIKELY, 4),
    Form("COORDINATES", "latitude and longitude by name", _LABELLED_PAIR, 0.8, 4, ("lat",)),
    Form("COORDINATES", "latitude or longitude by name", _LABELLED, LIKELY, 3, ("lat", "lon", "lng")),
    Form("COORDINATES", "degrees, minutes, seconds", _DMS, LIKELY, 2, ("\u00b0", "\u00ba", "deg")),
)
