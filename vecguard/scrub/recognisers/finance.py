"""Cards, bank and other accounts, and wallets."""

from __future__ import annotations

import re

from presidio_analyzer import predefined_recognizers as stock

from vecguard.scrub.recognisers.keyed import ID, Keyed
from vecguard.scrub.recognisers.rules import CERTAIN, LIKELY, PLAUSIBLE, Form, Rule, any_of, digit_count, luhn

# Stricter than Presidio's form, whose four loose groups are also "1994 263 1603 1606", a citation. Wider too:
# Mastercard's series that starts with 2.
_FOUR_BY_FOUR = r"(?<![\w-])\d{4}([- ])\d{4}\1\d{4}\1\d{4}(?:\1\d{1,3})?(?![\w-])"
_FOUR_SIX_FIVE = r"(?<![\w-])3\d{3}([- ])\d{6}\1\d{4,5}(?![\w-])"
_UNBROKEN = r"(?<![\w.-])[2-6]\d{12,18}(?![\w-]|\.\d)"
_CARD_DIGITS = r"(?<![\w-])\d(?:[ -]?\d){11,18}(?![\w-])"

# Characters of an IBAN by country, from the SWIFT registry (ISO 13616).
_IBAN_LENGTHS = {
    15: "NO",
    16: "BE",
    18: "DK|FI|FO|GL|NL|SD|FK",
    19: "MK|SI",
    20: "AT|BA|EE|KZ|LT|LU|XK|MN",
    21: "CH|HR|LI|LV",
    22: "BG|BH|CR|DE|GB|GE|IE|ME|RS|VA",
    23: "AE|GI|IL|IQ|OM|SO|TL",
    24: "AD|CZ|ES|MD|PK|RO|SA|SE|SK|TN|VG",
    25: "LY|PT|ST",
    26: "IS|TR",
    27: "BI|DJ|FR|GR|IT|MC|MR|SM",
    28: "AL|AZ|BY|CY|DO|GT|HN|HU|LB|NI|PL|SV",
    29: "BR|EG|PS|QA|UA",
    30: "JO|KW|MU|YE",
    31: "MT|SC",
    32: "LC",
    33: "RU",
}
_IBAN = "|".join(
    rf"(?:{countries})\d{{2}}(?:[ -]?[A-Z0-9]){{{length - 4}}}" for length, countries in _IBAN_LENGTHS.items()
)
_IBAN_LOOSE = (
    r"(?<![a-z0-9])(?:[a-z]{2}\d{2}[a-z0-9]{11,30}|(?-i:[A-Z]{2}\d{2}(?:[ -][A-Z0-9]{4}){2,7}(?:[ "
    r"-][A-Z0-9]{1,3})?))(?![a-z0-9])"
)

_BITCOIN = r"(?<![a-zA-Z0-9])(?:bc1[a-z0-9]{11,71}|BC1[A-Z0-9]{11,71}|[13][a-km-zA-HJ-NP-Z1-9]{25,34})(?![a-zA-Z0-9])"
_WALLET = r"(?<![a-zA-Z0-9])(?=[a-zA-Z]{0,20}\d)(?:0x[0-9a-fA-F]{16,64}|[a-zA-Z0-9]{25,106})(?![a-zA-Z0-9])"

_iban, _bitcoin = stock.IbanRecognizer(), stock.CryptoRecognizer()


def _card(value: str) -> bool:
    return luhn(value) and len(set(value)) > 3


def _grouped_card(value: str) -> float:
    """Believe four groups of four without their check digit too, unless they are years in a table."""
    if luhn(value):
        return CERTAIN
    return 0.0 if sum(1800 <= int(group) <= 2100 for group in re.split("[ -]", value)) > 1 else PLAUSIBLE


def _is_iban(value: str) -> bool:
    return bool(_iban.validate_result(value.upper()))


def _is_bitcoin(value: str) -> bool:
    return bool(_bitcoin.validate_result(value if value[0] in "13" else value.lower()))


def _routing(value: str) -> bool:
    """Check the ABA routing transit number: weights 3, 7, 1 over nine digits."""
    digits = [int(character) for character in value if character.isdigit()]
    return len(digits) == 9 and sum(d * w for d, w in zip(digits, (3, 7, 1) * 3, strict=True)) % 10 == 0


def _long(value: str) -> bool:
    return digit_count(value) >= 6


RULES: tuple[Rule, ...] = (
    Form("CREDIT_CARD", "four by four", _FOUR_BY_FOUR, PLAUSIBLE, 16, check=_grouped_card),
    Form("CREDIT_CARD", "four, six, five with check digit", _FOUR_SIX_FIVE, CERTAIN, 14, check=_card),
    Form("CREDIT_CARD", "unbroken with check digit", _UNBROKEN, LIKELY, 13, check=_card),
    Keyed(
        "CREDIT_CARD",
        "digits beside a word for a card",
        strong=(
            "(?:credit|debit|bank|payment|charge|prepaid)? ?cards?(?: {n})?",
            "(?:visa|master ?card|amex|american express|maestro|discover|diners|jcb)(?: card)?(?: {n})?",
            "(?:credit|debit|paid|pan)",
        ),
        words=any_of("card, visa, amex, express, maestro, discover, diners, credit, debit, paid, jcb, pan"),
        value=_CARD_DIGITS,
        near=12,
        far=12,
    ),
    Form("IBAN_CODE", "IBAN with check digits", rf"(?<![A-Z0-9])(?:{_IBAN})(?![A-Z0-9])", CERTAIN, 4, check=_is_iban),
    Keyed(
        "IBAN_CODE",
        "letters and digits beside 'IBAN'",
        strong=("iban(?: {n})?", "international bank account {n}"),
        words=("iban", "international bank"),
        value=_IBAN_LOOSE,
        near=8,
        far=8,
    ),
    Form("CRYPTO", "Bitcoin address with checksum", _BITCOIN, CERTAIN, 1, check=_is_bitcoin, as_written=True),
    Form("CRYPTO", "Ethereum address", r"(?<![a-z0-9])0x[0-9a-f]{40}(?![a-z0-9])", 0.9, 1, ("0x",)),
    Keyed(
        "CRYPTO",
        "long string beside a word for a wallet",
        strong=(
            "wallet(?: address)?",
            (
                "(?:bitcoin|btc|ethereum|eth|litecoin|ltc|dogecoin|doge|monero|xmr|ripple|xrp|"
                "solana|sol|cardano|usdt|tether|crypto(?:currency)?)(?: wallet)?(?: address)?"
            ),
        ),
        words=any_of("wallet, coin, btc, eth, ltc, doge, monero, xmr, ripple, xrp, sol, cardano, usdt, tether, crypto"),
        value=_WALLET,
        near=2,
        far=2,
    ),
    Keyed(
        "US_BANK_NUMBER",
        "number beside a word for a bank account",
        strong=(
            "(?:bank|checking|chequing|savings|deposit|current) (?:account|acct|a/c)(?: {n})?",
            "(?:routing|aba|rtn|ach|wire|transit)(?: (?:transit|routing))?(?: {n})?",
            "sort code",
            "bban",
        ),
        weak=("(?:checking|savings|direct deposit|bank)",),
        words=any_of(
            "bank, routing, aba, rtn, ach, wire, transit, sort code, sort_code, sortcode, bban, checking, "
            "chequing, savings, deposit, current ac"
        ),
        value=rf"(?<![\w-])(?:\d{{2}}-\d{{2}}-\d{{2}}|\d{{2}} \d{{2}} \d{{2}})(?![\w-])|{ID}",
        near=4,
        far=6,
    ),
    Keyed(
        "US_BANK_NUMBER",
        "nine digits with check digit beside a word for a bank",
        strong=("bank", "deposit"),
        words=("bank", "deposit"),
        value=r"(?<![\w-])\d{9}(?![\w-])",
        near=9,
        far=9,
        check=_routing,
    ),
    Keyed(
        "ACCOUNT_NUMBER",
        "number beside a word for an account",
        strong=(
            "(?:account|acct|acc|a/c)\\.? {n}",
            (
                "(?:customer|client|billing|invoice|loan|mortgage|subscriber|subscription|utility|brokerage|order|"
                "payer|"
                "payee|loyalty|membership|rewards?|frequent flyer|consumer|electricity|gas|water)(?: (?:account|"
                "acct))?\\.? {n}"
            ),
            (
                "(?:customer|client|billing|loan|mortgage|subscriber|utility|brokerage|patient|personal|investment|"
                "trading|"
                "guarantor|policyholder|electricity|gas|water|credit union|pension|retirement|hospital|student loan) "
                "(?:account|acct)"
            ),
        ),
        weak=("account", "acct", "a/c", "invoice", "customer", "loan", "billing", "subscriber"),
        words=any_of(
            "acc, a/c, customer, client, billing, invoice, loan, mortgage, subscri, order, pay, loyalty, "
            "membership, reward, frequent, consumer, guarantor"
        ),
        near=4,
        far=5,
    ),
)
