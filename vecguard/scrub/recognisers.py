"""What to look for besides names: Presidio's recognisers where they are right, and ours where they are not.

Nothing here opens a socket. A recogniser that accepts any plausible digits is given a low score and context words,
so that it is believed only beside a word that names what it found.
"""

from __future__ import annotations

import re
from collections.abc import Callable, Sequence
from typing import Any, TypeAlias

from faker.providers.address.en_US import Provider as Addresses
from presidio_analyzer import Pattern, PatternRecognizer
from presidio_analyzer import predefined_recognizers as stock

Recogniser: TypeAlias = Any  # presidio_analyzer.EntityRecognizer, which has no types

_ANY_CASE = int(re.DOTALL | re.MULTILINE | re.IGNORECASE)
_AS_WRITTEN = int(re.DOTALL | re.MULTILINE)  # in an address, capitals carry the meaning


class Email(stock.EmailRecognizer):  # type: ignore[misc]  # Presidio is untyped
    """E-mail addresses, decided by their form.

    Presidio asks tldextract whether the domain exists, and tldextract fetches a list over HTTP to know. That would
    tell the network when personal data passes by, and it would miss `user@host.internal`.
    """

    def validate_result(self, pattern_text: str) -> bool:
        """Accept a domain whose last label is a word: `p@5.2` is a measurement."""
        label = pattern_text.rpartition(".")[2]
        return label[:4].casefold() == "xn--" or (len(label) > 1 and label.isalpha())


class Phone(stock.PhoneRecognizer):  # type: ignore[misc]  # Presidio is untyped
    """Numbers that libphonenumber finds valid: international form is believed, national form beside a context word."""

    def __init__(self) -> None:
        # Two regions instead of eight: the parser runs once per region, and `+` forms are found from any.
        super().__init__(supported_regions=("US", "GB"), context=_PHONE_WORDS)

    def analyze(self, text: str, entities: list[str], nlp_artifacts: Any = None) -> list[Any]:
        """Find numbers; the parser is by far the slowest recogniser, so texts with few digits are spared it."""
        if sum(map(str.isdigit, text)) < 7:
            return []
        results: list[Any] = super().analyze(text, entities, nlp_artifacts)
        for result in results:
            if text[result.start] == "+":
                result.score = 0.6
        return results


class _Corroborated:
    """A check digit that one number in ten passes by chance refutes a finding, and does not prove it."""

    def validate_result(self, pattern_text: str) -> bool | None:
        check: Callable[[str], bool] = super().validate_result  # type: ignore[misc]  # of the class mixed in
        return None if check(pattern_text) else False


class Nhs(_Corroborated, stock.NhsRecognizer):  # type: ignore[misc]  # Presidio is untyped
    """NHS numbers, beside a word that says so."""


class Npi(_Corroborated, stock.UsNpiRecognizer):  # type: ignore[misc]  # Presidio is untyped
    """National provider identifiers, beside a word that says so."""


class MedicalLicense(_Corroborated, stock.MedicalLicenseRecognizer):  # type: ignore[misc]  # Presidio is untyped
    """DEA numbers, beside a word that says so."""


# "text" and "number" are common words; the forms that need them have exactly ten digits or a valid area code.
_PHONE_WORDS = ["phone", "telephone", "tel", "cell", "cellphone", "mobile", "call", "fax", "pager", "contact"]
_PHONE_WORDS += ["number", "dial", "reach", "text"]
_SSN_WORDS = ["social security", "ssn", "ssns", "ssid", "ss"]
_CARD_WORDS = ["card", "credit", "debit", "visa", "mastercard", "amex", "maestro", "discover", "paid"]

# Any ten digits in the North American grouping. libphonenumber refuses area codes that are not in service, but a
# number that was mistyped or made up by a test still looks like a number that reaches somebody.
_NORTH_AMERICAN = (
    r"(?<![\w.+/-])(?:(?:\+|00)?1[-. ]?)?"
    r"(?:\(\d{3}\)[-. ]?\d{3}[-. ]\d{4}|\d{3}-\d{3}-\d{4}|\d{3}\.\d{3}\.\d{4})"
    r"(?:[ ,]{0,2}(?:x|ext\.?)[ ]?\d{1,6})?(?![\w-]|\.\d)"
)
_NORTH_AMERICAN_LOOSE = (
    r"(?<![\w.+/-])(?:(?:\+|00)?1[-. ]?)?(?:\d{3} \d{3}[- ]\d{4}|\d{10})"
    r"(?:[ ,]{0,2}(?:x|ext\.?)[ ]?\d{1,6})?(?![\w-]|\.\d)"
)

_DASHED_SSN = r"(?<![\w-])\d{3}-\d{2}-\d{4}(?![\w-])"
_DASHED_ITIN = r"(?<![\w-])9\d{2}-(?:5\d|6[0-5]|7\d|8[0-8]|9[0-24-9])-\d{4}(?![\w-])"
_NINE_DIGITS = r"(?<![\w-])\d{3}[- .]?\d{2}[- .]?\d{4}(?![\w-])"
_GROUPED_CARD = r"(?<![\w-])\d{4}([- ])\d{4}\1\d{4}\1\d{4}(?![\w-])"

_CARD_DIGITS = r"(?<![\w-])(?:\d[ -]?){11,18}\d(?![\w-])"
# Stricter than Presidio's form, whose four loose groups are also "1994 263 1603 1606", a citation; the check digit is
# Presidio's. Wider too: Mastercard's series that starts with 2.
_CARD_FORMS = [
    Pattern("four by four", r"(?<![\w-])[1-6]\d{3}([- ]?)\d{4}\1\d{4}\1\d{4}(?![\w-])", 0.3),
    Pattern("four, six, five", r"(?<![\w-])3\d{3}([- ]?)\d{6}\1\d{4,5}(?![\w-])", 0.3),
    Pattern("unbroken", r"(?<![\w-])[3-6]\d{12,18}(?![\w-])", 0.3),
]

_MRN = (
    r"(?<=\b(?:mrn|medical record|record number|record no\.?|patient id|patient number|chart number|chart no\.?)"
    r"(?: number| no\.?| id)?(?: is| was)?[\s:#=.]{0,4})[a-z]{0,4}-?\d(?:[\d-]{2,12}\d)\b"
)

_MONTH = r"(?:jan|feb|mar|apr|may|jun|jul|aug|sep|oct|nov|dec)[a-z]{0,6}\.?"
_DATE = (
    rf"(?:\d{{1,4}}[-/.]\d{{1,2}}[-/.]\d{{1,4}}"
    rf"|{_MONTH} \d{{1,2}}(?:st|nd|rd|th)?,? \d{{2,4}}|\d{{1,2}}(?:st|nd|rd|th)? (?:of )?{_MONTH},? \d{{2,4}})"
)
_BORN = (
    r"(?<=\b(?:dob|d\.o\.b\.?|date of birth|birth ?date|birthday|born)"
    rf"(?: on| is| was)?(?: the)?[\s:=(]{{0,4}}){_DATE}(?!\w)"
)

_STREET = rf"(?:{'|'.join(sorted(Addresses.street_suffixes))})\b|(?:St|Ave|Rd|Blvd|Dr|Ln|Ct|Pl|Sq|Pkwy|Hwy|Ter)\b\.?"
_OUTLYING = Addresses.territories_abbr + Addresses.freely_associated_states_abbr
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


def _ours(entity: str, score: float, *forms: str, context: Sequence[str] = (), flags: int = _ANY_CASE) -> Recogniser:
    patterns = [Pattern(f"{entity} {number}", form, score) for number, form in enumerate(forms)]
    name = f"VecGuard {entity} {score}"
    return PatternRecognizer(entity, name=name, patterns=patterns, context=list(context), global_regex_flags=flags)


def _weak(recogniser: Any, *context: str) -> Recogniser:
    """Give a stock recogniser scores that only a context word lifts over the threshold."""
    patterns = [Pattern(pattern.name, pattern.regex, min(pattern.score, 0.15)) for pattern in recogniser.PATTERNS]
    return recogniser(patterns=patterns, context=list(context))


# One entry per entity; each is called once per engine, because Presidio's recognisers carry state of their own.
CATALOGUE: dict[str, Callable[[], list[Recogniser]]] = {
    "EMAIL_ADDRESS": lambda: [Email()],
    "PHONE_NUMBER": lambda: [
        Phone(),
        _ours("PHONE_NUMBER", 0.6, _NORTH_AMERICAN),
        _ours("PHONE_NUMBER", 0.2, _NORTH_AMERICAN_LOOSE, context=_PHONE_WORDS),
    ],
    "US_SSN": lambda: [
        _weak(stock.UsSsnRecognizer, *_SSN_WORDS),
        # Presidio rejects numbers never issued and those printed in examples; somebody's typing error is one too.
        _ours("US_SSN", 0.6, _DASHED_SSN),
        _ours("US_SSN", 0.15, _NINE_DIGITS, context=_SSN_WORDS),
    ],
    "US_ITIN": lambda: [
        _weak(stock.UsItinRecognizer, "itin", "taxpayer", "taxid", "tin", "tax id"),
        _ours("US_ITIN", 0.65, _DASHED_ITIN),  # above the social security number that it looks like
    ],
    "US_PASSPORT": lambda: [_weak(stock.UsPassportRecognizer, "passport", "travel document")],
    "US_NPI": lambda: [_weak(Npi, "npi", "national provider", "provider id", "provider identifier", "provider number")],
    "UK_NHS": lambda: [_weak(Nhs, "nhs", "national health service", "health services number", "health authority")],
    "MEDICAL_LICENSE": lambda: [_weak(MedicalLicense, "dea", "license", "licence", "certificate", "prescriber")],
    "MEDICAL_RECORD_NUMBER": lambda: [_ours("MEDICAL_RECORD_NUMBER", 0.85, _MRN)],
    "DATE_OF_BIRTH": lambda: [_ours("DATE_OF_BIRTH", 0.85, _BORN)],
    "CREDIT_CARD": lambda: [
        stock.CreditCardRecognizer(patterns=_CARD_FORMS, context=_CARD_WORDS),
        _ours("CREDIT_CARD", 0.6, _GROUPED_CARD),
        _ours("CREDIT_CARD", 0.15, _CARD_DIGITS, context=_CARD_WORDS),
    ],
    "IBAN_CODE": lambda: [stock.IbanRecognizer()],
    "IP_ADDRESS": lambda: [stock.IpRecognizer(context=["ip", "address", "host", "server"])],
    "MAC_ADDRESS": lambda: [stock.MacAddressRecognizer()],
    "CRYPTO": lambda: [stock.CryptoRecognizer()],
    "ADDRESS": lambda: [_ours("ADDRESS", 0.9, _ADDRESS, _PO_BOX, _MILITARY, flags=_AS_WRITTEN)],
    "LOCATION": lambda: [_ours("LOCATION", 0.8, rf"\b{_CITY}", flags=_AS_WRITTEN)],
    "URL": lambda: [stock.UrlRecognizer()],
    "US_BANK_NUMBER": lambda: [_weak(stock.UsBankRecognizer, "account", "acct", "bank", "checking", "savings")],
    "US_DRIVER_LICENSE": lambda: [
        _weak(stock.UsLicenseRecognizer, "driver", "drivers", "driving", "license", "licence")
    ],
    "US_MBI": lambda: [_weak(stock.UsMbiRecognizer, "medicare", "mbi", "beneficiary")],
    "UK_NINO": lambda: [stock.UkNinoRecognizer()],
}
