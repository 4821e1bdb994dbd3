"""Fake numbers that keep length, separators and check digit, from ranges that nobody has where there are such ranges.

One number in two notations ("(212) 555-7788", "212.555.7788") gets one fake: what is drawn depends on the digits only.
"""

from __future__ import annotations

import re
from collections.abc import Callable
from itertools import count
from string import ascii_lowercase, digits

from vecguard.scrub.normalise import fold
from vecguard.scrub.operators.keyed import Draws, Keyed

_ATTEMPTS = 64
_WORDS = re.compile(r"\w{2,}")


def fake_number(keyed: Keyed, entity: str, value: str) -> str:
    """Return a fake of a number or code of this type."""
    plain = fold(value).text
    make = _MADE.get(entity, _shaped)
    kernel = re.sub(r"\W|_", "", plain).casefold()
    # Those with a check digit or a reserved range cannot avoid a group of digits; none may come back as it was.
    original = frozenset() if make is not _shaped else frozenset(_WORDS.findall(plain.casefold()))
    for attempt in range(_ATTEMPTS):
        fake = make(plain, keyed.draws(entity, kernel, attempt))
        if fake.casefold() != plain.casefold() and original.isdisjoint(_WORDS.findall(fake.casefold())):
            return fake
    return _shaped(plain, keyed.draws(entity, kernel), never_the_same=True)


def _shaped(plain: str, draws: Draws, *, never_the_same: bool = False) -> str:
    """Return a letter for each letter and a digit for each digit, whatever stands between them."""

    def other(at: int, character: str) -> str:
        letters = digits if character.isdigit() else ascii_lowercase
        if never_the_same:
            letters = letters.replace(character.casefold(), "")
        drawn = letters[draws.below(len(letters), at)]
        return drawn.upper() if character.isupper() else drawn

    kernel_at = -1
    shaped: list[str] = []
    for character in plain:
        if character.isalnum():
            kernel_at += 1
            shaped.append(other(kernel_at, character))
        else:
            shaped.append(character)
    return "".join(shaped)


def _drawn(draws: Draws, length: int) -> str:
    return "".join(digits[draws.below(10, at)] for at in range(length))


def _laid_out(plain: str, fresh: str) -> str:
    """Put fresh digits where digits stand, in order; what is left of the old ones must not be more than the fresh."""
    rest = iter(fresh)
    return "".join(next(rest) if character.isdigit() else character for character in plain)


def _count(plain: str) -> int:
    return sum(map(str.isdigit, plain))


def _phone(plain: str, draws: Draws) -> str:
    """Return a number kept free for fiction: 555-01xx in North America, Ofcom's ranges in the United Kingdom.

    Elsewhere one under the country code 999, which the ITU has given to nobody. An extension is drawn.
    """
    number, mark, extension = _extension(plain)
    held = re.sub(r"\D", "", number)
    if held.startswith("44") and len(held) == 12 and "+" in number:
        fresh = "447700900" + _drawn(draws, 3)
    elif held.startswith("0") and len(held) == 11:
        fresh = "07700900" + _drawn(draws, 3)
    elif (len(held) in {7, 10} and "+" not in number) or (len(held) == 11 and held[0] == "1"):
        area = f"{2 + draws.below(8, 4)}{draws.below(9, 5)}{draws.below(10, 6)}"  # the middle digit is never 9
        fresh = f"1{area}55501{_drawn(draws, 2)}"[-len(held) :]
    else:
        fresh = ("999" if "+" in number else "000")[: len(held)] + _drawn(draws, max(0, len(held) - 3))
    return _laid_out(number, fresh) + mark + _shaped(extension, draws)


def _extension(plain: str) -> tuple[str, str, str]:
    found = re.search(r"[ ,;]*(?:x|ext\.?|extension|#)\s*(?=\d+\s*$)", plain, re.IGNORECASE)
    return (plain, "", "") if found is None else (plain[: found.start()], found.group(), plain[found.end() :])


def _ssn(plain: str, draws: Draws) -> str:
    """Return 9xx with a group of 01 to 49: above the areas of social security, below the groups of taxpayer numbers."""
    if _count(plain) != 9:
        return _shaped(plain, draws)
    fresh = f"9{_drawn(draws, 2)}{1 + draws.below(49, 2):02d}{1 + draws.below(9999, 3):04d}"
    return _laid_out(plain, fresh)


def _card(plain: str, draws: Draws) -> str:
    """Return 9999 and a check digit by Luhn: 9 leads national schemes, and no country has the number 999."""
    length = _count(plain)
    return _laid_out(plain, luhn("9999" + _drawn(draws, length - 5))) if length >= 8 else _shaped(plain, draws)


def luhn(payload: str, prefix: str = "") -> str:
    """Return the digits with their check digit by Luhn (ISO/IEC 7812-1, annex B); a prefix counts and is left out."""
    total = 0
    for at, digit in enumerate(reversed(prefix + payload)):
        doubled = int(digit) * (2 - at % 2)
        total += doubled - 9 * (doubled > 9)
    return payload + str(-total % 10)


def _npi(plain: str, draws: Draws) -> str:
    """Return ten digits that start with 0, which identifiers of providers never do, and check under 80840."""
    return _laid_out(plain, luhn("0" + _drawn(draws, 8), "80840")) if _count(plain) == 10 else _shaped(plain, draws)


def _nhs(plain: str, draws: Draws) -> str:
    """Return a number that starts with 999, which the NHS keeps for tests, with its check digit modulo 11."""
    if _count(plain) != 10:
        return _shaped(plain, draws)
    payloads = (f"999{draws.below(10**6, at):06d}" for at in count())
    checked = ((payload, _modulo_11(payload)) for payload in payloads)
    payload, check = next(each for each in checked if each[1] < 10)  # one payload in eleven has no check digit
    return _laid_out(plain, f"{payload}{check}")


def _modulo_11(payload: str) -> int:
    return -sum(int(digit) * (10 - at) for at, digit in enumerate(payload)) % 11


def _iban(plain: str, draws: Draws) -> str:
    """Return an account in the country ZZ, which ISO 3166 leaves to users, with check digits (ISO 13616, mod 97)."""
    kernel = re.sub(r"\W", "", plain)
    if len(kernel) < 5:
        return _shaped(plain, draws)
    account = _shaped(kernel[4:].upper(), draws)
    check = 98 - int("".join(str(int(c, 36)) for c in account + "ZZ00")) % 97
    return _laid_out_any(plain, f"ZZ{check:02d}{account}")


_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ"
_VIN_VALUES = dict(
    zip(digits + _VIN_LETTERS, [*range(10), *range(1, 9), *range(1, 6), 7, 9, *range(2, 10)], strict=True)
)


def _vin(plain: str, draws: Draws) -> str:
    """Return 17 characters with the North American check digit (49 CFR 565.15) in place nine."""
    kernel = re.sub(r"\W", "", plain)
    if len(kernel) != 17:
        return _shaped(plain, draws)
    fresh = [
        digits[draws.below(10, at)] if character.isdigit() else _VIN_LETTERS[draws.below(len(_VIN_LETTERS), at)]
        for at, character in enumerate(kernel)
    ]
    remainder = sum(_VIN_VALUES[c] * weight for c, weight in zip(fresh, _VIN_WEIGHTS, strict=True)) % 11
    fresh[8] = "X" if remainder == 10 else str(remainder)
    return _laid_out_any(plain, "".join(fresh))


def _laid_out_any(plain: str, fresh: str) -> str:
    """Put fresh characters where letters and digits stand, in their case."""
    rest = iter(fresh)
    laid = ((next(rest), c) if c.isalnum() else (c, c) for c in plain)
    return "".join(new.lower() if old.islower() else new for new, old in laid)


def _zip(plain: str, draws: Draws) -> str:
    """Return a ZIP code under 00500, the lowest in use; anything else by shape."""
    if _count(plain) not in {5, 9} or re.search(r"[^\W\d]", plain):
        return _shaped(plain, draws)
    return _laid_out(plain, f"00{draws.below(5)}{_drawn(draws, 7)[1:]}")


_MADE: dict[str, Callable[[str, Draws], str]] = {
    "PHONE_NUMBER": _phone,
    "FAX_NUMBER": _phone,
    "US_SSN": _ssn,
    "US_ITIN": _ssn,
    "CREDIT_CARD": _card,
    "US_NPI": _npi,
    "UK_NHS": _nhs,
    "IBAN_CODE": _iban,
    "VIN": _vin,
    "ZIP_CODE": _zip,
    "US_ZIP_CODE": _zip,
}
