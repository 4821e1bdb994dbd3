"""E-mail addresses and phone numbers."""

from __future__ import annotations

from vecguard.scrub.recognisers.keyed import Keyed
from vecguard.scrub.recognisers.rules import LIKELY, PLAUSIBLE, Form, Rule, any_of, digit_count

# Decided by their form. Presidio asks tldextract whether the domain exists, and tldextract fetches a list over HTTP to
# know: that would tell the network when personal data passes by, and it would miss `user@host.internal`. The part
# before the @ starts after "/", "=" or ":", so that a path or a URL around the address stays what it is.
_LOCAL = r"(?<![\w.+%-])[^\W_](?:[\w.+%'-]{0,250}[\w+%-])?"
_DOMAIN = r"(?:[^\W_](?:[^\W_]|-(?=[^\W_]|-)){0,62}\.){1,8}(?:xn--[a-z0-9-]{2,59}|[^\W\d_]{2,24})(?![^\W_])"
_SPELT = (
    r"(?<![\w.+-])[a-z0-9](?:[a-z0-9_+-]|[.](?=[a-z0-9])){0,63}"
    r"(?: (?:\(dot\)|\[dot\]|\{dot\}|dot) [a-z0-9_+-]{1,40}){0,3}"
    r"\s?(?:\(at\)|\[at\]|\{at\}|<at>| at |@)\s?[a-z0-9-]{1,63}"
    r"(?:\s?(?:\(dot\)|\[dot\]|\{dot\}|<dot>| dot )\s?[a-z0-9-]{2,40}){1,4}(?![^\W_])"
)

# Country codes of ITU-T E.164.
_COUNTRY = (
    r"(?:1|7|20|27|3[0-469]|4[013-9]|5[1-8]|6[0-6]|8[1246]|9[0-58]|21[12368]|2[2-69]\d|35\d|37\d|38[0-25-79]|42[013]|"
    r"50\d|59\d|67[02-9]|68\d|69[0-2]|8[07]0|85[02356]|88[0-368]|96[0-8]|97\d|99[2-68])"
)
_EXTENSION = r"(?:[ ,;]{0,2}(?:x|ext\.?|extension|#)[ :]?\d{1,6})?"
_GROUPS = r"(?:[ .\-/]{0,2}(?:\(\d{1,5}\)|\d{1,12})){1,7}"
_INTERNATIONAL = rf"(?<![\w+])\+ ?\(?{_COUNTRY}\)?{_GROUPS}{_EXTENSION}(?![^\W_]|[.,]\d)"
_DOUBLE_ZERO = rf"(?<![\w+.,/-])00[ -]?{_COUNTRY}(?=[ .\-/(]){_GROUPS}{_EXTENSION}(?![^\W_]|[.,]\d)"

# Any ten digits in the North American grouping. libphonenumber refuses area codes that are not in service, but a
# number that was mistyped or made up by a test still looks like a number that reaches somebody.
_NORTH_AMERICAN = (
    r"(?<![\w.+/-])(?:(?:\+|00)?1[-. ]?)?"
    r"(?:\(\d{3}\)[-. ]{0,2}\d{3}[-. ]\d{4}|\d{3}-\d{3}-\d{4}|\d{3}\.\d{3}\.\d{4}|\d{3}/\d{3}-\d{4})"
    rf"{_EXTENSION}(?![\w-]|\.\d)"
)
_TRUNK = r"(?<![\w.+/-])\(0\d{1,5}\)[ -]?\d{2,4}(?:[ -]?\d{2,4}){1,2}(?![\w-]|[.,]\d)"
_UK_MOBILE = r"(?<![\w.+/-])07\d{3} ?\d{3} ?\d{3}(?![\w-]|[.,]\d)"
_FRENCH = r"(?<![\w.+/-])0[1-79]([ .])\d\d\1\d\d\1\d\d\1\d\d(?![\w-]|[.,]\d| \d\d\b)"
_LOOSE = (
    r"(?<![\w.+/-])(?:(?:\+|00)?1[-. ]?)?(?:\d{3} \d{3}[- ]\d{4}|\d{10})"
    rf"{_EXTENSION}(?![\w-]|\.\d)"
)
_NATIONAL = rf"(?<![\w.,/-])(?!(?:1[89]|20)\d\d[ ,]\d)[+(]?\d(?:[ .\-/()]{{0,3}}\d){{6,14}}{_EXTENSION}(?![\w-]|[.,]\d)"


def _dialled(value: str) -> bool:
    """Say whether a number has as many digits as E.164 allows, with what an extension adds."""
    return 8 <= digit_count(value.lower().partition("x")[0]) <= 17


RULES: tuple[Rule, ...] = (
    Form("EMAIL_ADDRESS", "user@domain", rf"{_LOCAL}@{_DOMAIN}", 1.0, words=("@",)),
    Form("EMAIL_ADDRESS", "user@IP address", rf"{_LOCAL}@\[?(?:\d{{1,3}}\.){{3}}\d{{1,3}}\]?(?![\w.])", 0.9, 4, ("@",)),
    Form("EMAIL_ADDRESS", "user at domain dot com", _SPELT, LIKELY, words=("dot",)),
    Form("PHONE_NUMBER", "international, with +", _INTERNATIONAL, LIKELY, 8, ("+",), _dialled),
    Form("PHONE_NUMBER", "international, with 00", _DOUBLE_ZERO, PLAUSIBLE, 10, ("00",), _dialled),
    Form("PHONE_NUMBER", "North American grouping", _NORTH_AMERICAN, LIKELY, 10),
    Form("PHONE_NUMBER", "area code in brackets", _TRUNK, PLAUSIBLE, 8, ("(0",)),
    Form("PHONE_NUMBER", "UK mobile grouping", _UK_MOBILE, PLAUSIBLE, 11, ("07",)),
    Form("PHONE_NUMBER", "French grouping", _FRENCH, PLAUSIBLE, 10),
    Keyed(
        "PHONE_NUMBER",
        "digits beside a word for phone or fax",
        strong=(
            "(?:tele|cell|smart)?phone(?: {n})?",
            "(?:phone|tel|telephone)(?: {n})?",
            "(?:cell|mobile|fax|facsimile|pager|whatsapp|landline|beeper|hotline|helpline|switchboard)(?: {n})?",
            "contact {n}",
            "voice ?mail",
            "extension",
        ),
        weak=(
            "call(?:ed|ing)?",
            "dial(?:led|ed)?",
            "ring",
            "rang",
            "sms",
            "text(?:ed)?",
            "reach(?:ed|able)?",
            "contact",
            "reach (?:me|him|her|them|us)",
            "(?:call|ring|text|phone) (?:me|him|her|them|us)",
        ),
        words=any_of(
            "phone, tel, cell, mobile, fax, facsimile, pager, whatsapp, landline, contact, call, dial, ring, "
            "rang, sms, text, reach, voice, extension, hotline, helpline, switchb, beeper"
        ),
        value=_NATIONAL,
        near=7,
        far=8,
    ),
    Keyed(
        "PHONE_NUMBER",
        "ten digits beside a word for calling",
        strong=("call", "number", "contact", "reach", "text", "dial", "home", "work", "office"),
        words=any_of("call, number, contact, reach, text, dial, home, work, office"),
        value=_LOOSE,
        near=10,
        far=10,
    ),
)
