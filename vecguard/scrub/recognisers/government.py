"""Numbers that a state gives a person: social security, tax, passport, driving, health service, any identity card."""

from __future__ import annotations

import re

from vecguard.scrub.recognisers.keyed import ID, NUMBER, Keyed
from vecguard.scrub.recognisers.rules import LIKELY, PLAUSIBLE, Form, Rule, any_of, digit_count

# Presidio rejects numbers never issued and those printed in examples; somebody's typing error is one too.
_DASHED_SSN = r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"
_SPACED_SSN = r"(?<![\w-])(?<!\d )(?!000|666|9)\d{3} \d{2} \d{4}(?! ?\d|[\w-]|[.,]\d)"
_MASKED_SSN = r"(?<![\w-])(?:[x*]{3}-?[x*]{2}-?)\d{4}(?![\w-])"
_NINE_DIGITS = r"(?<![\w-])(?:\d{3}[- .]?\d{2}[- .]?\d{4}|\d{5}-\d{4}|\d{3}-\d{6}|\d{4}(?=\W|$))(?![\w-])"
_DASHED_ITIN = r"(?<![\w-])9\d{2}-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}(?![\w-])"
_ITIN = r"(?<![\w-])9\d{2}[- ]?\d{2}[- ]?\d{4}(?![\w-])"
_EIN = r"(?<![\w-])\d{2}-?\d{7}(?![\w-])"

# Prefixes that were never given out are left to the word beside them.
_NINO_PREFIX = r"(?!bg|gb|nk|kn|nt|tn|zz)[a-ceghj-prstw-z][a-ceghj-nprstw-z]"
_NINO = rf"(?<![\w-]){_NINO_PREFIX}([ -]?)\d{{2}}\1\d{{2}}\1\d{{2}}\1[a-d](?![\w-])"
_NINO_LOOSE = r"(?<![\w-])[a-z]{2}[ -]?(?:\d{2}[ -]?){3}[a-d](?![\w-])"
_NHS = r"(?<![\w-])\d{3}[ -]?\d{3}[ -]?\d{4}(?![\w-])"

_US_PASSPORT = r"(?<![\w-])[a-z]?\d{8,9}(?![\w-])"
_PASSPORT = r"(?<![\w-])(?=[a-z]{0,4}\d)(?:[a-z]{0,3}[- ]?\d{5,9}[a-z]?|[a-z0-9]{7,10}|\d{2} \d{2} \d{6})(?![\w-])"
_LICENCE = rf"(?<![\w-])[a-z]{{1,7}}\*?[a-z*]{{0,4}}\d{{3,6}}[a-z0-9]{{1,5}}(?![\w-])|{ID}"
_LICENSE_OF_A_DRIVER = (
    rf"(?:driver'?s?'?|driving|operator'?s?|cdl|chauffeur'?s?) (?:licen[sc]e|lic|permit)\.?(?: {NUMBER})?",
    "(?:dl|cdl|dln)(?: {n})?",
    "licen[sc]e to drive",
)

_NHS_WEIGHTS = range(10, 1, -1)


def nhs(value: str) -> bool:
    """Check the last of ten digits by the NHS data dictionary: weights 10 to 2, modulo 11."""
    digits = [int(digit) for digit in re.sub(r"\D", "", value)]
    check = -sum(digit * weight for digit, weight in zip(digits, _NHS_WEIGHTS, strict=False)) % 11
    return len(digits) == 10 and check == digits[9]


def _long(value: str) -> bool:
    return digit_count(value) >= 6


RULES: tuple[Rule, ...] = (
    Form("US_SSN", "three, two, four with dashes", _DASHED_SSN, LIKELY, 9, ("-",)),
    Form("US_SSN", "three, two, four with spaces", _SPACED_SSN, PLAUSIBLE, 9),
    Form("US_SSN", "masked but for the last four", _MASKED_SSN, PLAUSIBLE, 4, ("xx", "**")),
    Keyed(
        "US_SSN",
        "digits beside 'SSN'",
        strong=(
            "ssns?(?: {n})?",
            "ssid",
            "soc(?:ial)? sec(?:urity)?(?: {n})?",
            "social(?: {n})",
            "ss {n}",
            "ss#",
            "sin {n}",
        ),
        weak=("ss", "social"),
        words=("ss", "soc", "sin"),
        value=_NINE_DIGITS,
        near=4,
        far=9,
    ),
    # Above the social security number that it looks like.
    Form("US_ITIN", "nine, with a taxpayer's middle group", _DASHED_ITIN, LIKELY + 0.05, 9, ("-",)),
    Keyed(
        "US_ITIN",
        "nine digits beside 'ITIN'",
        strong=("itins?(?: {n})?", "(?:individual )?tax ?payer(?: identification)?(?: {n})?", "tax(?: {n})", "tin"),
        words=("itin", "tax", "tin"),
        value=_ITIN,
        near=9,
        far=9,
    ),
    Keyed(
        "US_EIN",
        "nine digits beside 'EIN' or 'tax id'",
        strong=(
            "f?eins?(?: {n})?",
            "employer(?: identification)?(?: {n})",
            "(?:federal )?tax(?:payer)?(?: identification)?(?: {n})",
            "tin",
        ),
        words=any_of("ein, employer, tax, tin"),
        value=_EIN,
        near=9,
        far=9,
    ),
    Keyed(
        "US_PASSPORT",
        "US form beside 'passport'",
        strong=("passports?(?: {n})?", "travel document(?: {n})?"),
        words=("passport", "travel"),
        value=_US_PASSPORT,
        near=8,
        far=8,
        bonus=0.02,
    ),
    Keyed(
        "PASSPORT",
        "number beside 'passport'",
        strong=("passports?(?: {n})?", "travel document(?: {n})?"),
        words=("passport", "travel"),
        value=_PASSPORT,
        near=4,
        far=5,
    ),
    Keyed(
        "US_DRIVER_LICENSE",
        "number beside a word for a driver's license",
        strong=_LICENSE_OF_A_DRIVER,
        words=any_of("driv, operator, cdl, chauffeur, dl"),
        value=_LICENCE,
        near=4,
        far=5,
    ),
    Form("UK_NINO", "two letters, six digits, one letter", _NINO, PLAUSIBLE, 6),
    Keyed(
        "UK_NINO",
        "NI number beside its name",
        strong=("national insurance(?: {n})?", "nino", "ni {n}"),
        words=("insurance", "nino", "ni"),
        value=_NINO_LOOSE,
        near=6,
        far=6,
    ),
    Keyed(
        "UK_NHS",
        "ten digits beside 'NHS'",
        strong=(
            "nhs(?: {n})?",
            "national health service(?: {n})?",
            "health services? {n}",
            "health authority",
            "chi {n}",
        ),
        words=("nhs", "health", "chi"),
        value=_NHS,
        near=10,
        far=10,
        check=nhs,
    ),
    Keyed(
        "ID_NUMBER",
        "number beside a word for an identity",
        strong=(
            (
                "(?:national|personal|identity|citizen|resident|residence|alien|voter|visa|military|service|student|"
                "pupil|"
                "employee|staff|personnel|badge|payroll|worker|inmate|prisoner|library|volunteer|applicant|candidate|"
                "participant|enrollment|enrolment|matriculation|immigration|uscis)(?: (?:card|registration|permit))? "
                "{n}"
            ),
            "(?:identity|id|national|residence|green|badge|student|employee|library) (?:card|permit)(?: {n})?",
            "aadhaar",
            "curp",
            "cpf",
            "dni",
            "nie",
            "nif",
            "pesel",
            "codice fiscale",
            "cedula",
            "sin(?: {n})",
            "a-number",
            "hukou",
            "nric",
            "bsn",
            "personnummer",
        ),
        weak=("employee", "badge", "student id", "id", "id {n}"),
        words=any_of(
            "id, national, personal, citizen, resident, residence, alien, voter, visa, military, service, "
            "student, pupil, employee, staff, personnel, badge, payroll, worker, inmate, prisoner, library, "
            "volunteer, applicant, candidate, participant, enrol, matric, immigration, uscis, green card, "
            "aadhaar, curp, cpf, dni, nie, nif, pesel, codice, cedula, sin, a-number, nric, bsn, personnummer"
        ),
        near=4,
        far=5,
    ),
)
