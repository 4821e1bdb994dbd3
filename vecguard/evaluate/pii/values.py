"""Make up values of structured personal data: right check digits, no real person. Everything follows from a seed."""

from __future__ import annotations

import hashlib
import random
import string
from collections.abc import Callable, Mapping, Sequence
from datetime import date as day_of
from typing import Any, TypeAlias

Make: TypeAlias = "Callable[[random.Random, Any], str]"  # (source of chance, Faker) -> a value

_VIN_LETTERS = "ABCDEFGHJKLMNPRSTUVWXYZ0123456789"
_VIN_WORTH = dict(zip("ABCDEFGHJKLMNPRSTUVWXYZ", (*range(1, 9), *range(1, 6), 7, 9, *range(2, 10)), strict=True))
_VIN_WEIGHTS = (8, 7, 6, 5, 4, 3, 2, 10, 0, 9, 8, 7, 6, 5, 4, 3, 2)
_BASE58 = "123456789ABCDEFGHJKLMNPQRSTUVWXYZabcdefghijkmnopqrstuvwxyz"
_MONTHS = tuple(f"{day_of(2000, month, 1):%B}" for month in range(1, 13))


def digits(rng: random.Random, count: int, first: str = string.digits) -> str:
    """Return `count` digits, the first one out of `first`."""
    return rng.choice(first) + "".join(rng.choices(string.digits, k=count - 1))


def grouped(value: str, sizes: Sequence[int], sign: str) -> str:
    """Return a value in groups: "123456789" by (3, 2, 4) and "-" is "123-45-6789"."""
    parts, at = [], 0
    for size in sizes:
        parts.append(value[at : at + size])
        at += size
    return sign.join(parts)


def luhn(stem: str) -> str:
    """Return `stem` with the check digit of ISO/IEC 7812-1 at its end."""
    total = sum(sum(divmod(int(digit) * (2 - place % 2), 10)) for place, digit in enumerate(reversed(stem)))
    return f"{stem}{-total % 10}"


def ssn(rng: random.Random, _: Any) -> str:
    """Return a social security number that may have been issued: area 001 to 899 without 666."""
    area = rng.choice([number for number in range(1, 900) if number != 666])
    return f"{area:03}-{rng.randint(1, 99):02}-{rng.randint(1, 9999):04}"


def itin(rng: random.Random, _: Any) -> str:
    """Return an individual taxpayer number: 9xx, and a middle group that the IRS assigns."""
    middle = rng.choice([*range(50, 66), *range(70, 89), *range(90, 93), *range(94, 100)])
    return f"9{rng.randint(0, 99):02}-{middle}-{rng.randint(1, 9999):04}"


def card(rng: random.Random, _: Any) -> str:
    """Return a card number of one of four schemes, written in one go or in groups."""
    first, length = rng.choice([("4", 16), ("51", 16), ("37", 15), ("6011", 16)])
    number = luhn(first + digits(rng, length - 1 - len(first)))
    sizes = (4, 6, 5) if length == 15 else (4, 4, 4, 4)
    return rng.choice([number, grouped(number, sizes, " "), grouped(number, sizes, "-")])


def npi(rng: random.Random, _: Any) -> str:
    """Return a national provider identifier: Luhn over 80840 and nine digits (45 CFR 162.406)."""
    return luhn("80840" + digits(rng, 9, "12"))[5:]


def nhs(rng: random.Random, _: Any) -> str:
    """Return an NHS number: ten digits, modulus 11."""
    while True:
        stem = digits(rng, 9, "4679")
        check = -sum(int(digit) * weight for digit, weight in zip(stem, range(10, 1, -1), strict=True)) % 11
        if check < 10:
            return grouped(f"{stem}{check}", (3, 3, 4), rng.choice([" ", ""]))


def dea(rng: random.Random, _: Any) -> str:
    """Return a DEA registration: two letters, six digits, and the last digit of their weighted sum."""
    stem = digits(rng, 6)
    check = sum(map(int, stem[0::2])) + 2 * sum(map(int, stem[1::2]))
    return f"{rng.choice('ABFM')}{rng.choice(string.ascii_uppercase)}{stem}{check % 10}"


def mbi(rng: random.Random, _: Any) -> str:
    """Return a Medicare beneficiary identifier: eleven places, each of a fixed kind (CMS, 2017)."""
    letters = "ACDEFGHJKMNPQRTUVWXY"
    kinds = {"C": "123456789", "A": letters, "N": string.digits, "X": letters + string.digits}
    value = "".join(rng.choice(kinds[kind]) for kind in "CAXNAXNAANN")
    return rng.choice([value, grouped(value, (4, 3, 4), "-")])


def nino(rng: random.Random, _: Any) -> str:
    """Return a United Kingdom national insurance number."""
    prefix = rng.choice("ABCEHJLMPRSTWXY") + rng.choice("ABCEHJLMPRSTWXYZ")  # without those never given out
    return f"{prefix} {grouped(digits(rng, 6), (2, 2, 2), ' ')} {rng.choice('ABCD')}"


def vin(rng: random.Random, _: Any) -> str:
    """Return a vehicle identification number with its check digit in the ninth place (49 CFR 565.15)."""
    places = [*rng.choices(_VIN_LETTERS, k=11), *rng.choices(string.digits, k=6)]
    total = sum(_VIN_WORTH.get(mark, 0) * weight for mark, weight in zip(places, _VIN_WEIGHTS, strict=True))
    total += sum(int(mark) * weight for mark, weight in zip(places, _VIN_WEIGHTS, strict=True) if mark.isdigit())
    places[8] = "0123456789X"[total % 11]
    return "".join(places)


def bitcoin(rng: random.Random, _: Any) -> str:
    """Return a Bitcoin address: Base58Check of version 0 and a hash of chance."""
    payload = b"\0" + rng.randbytes(20)
    whole = payload + hashlib.sha256(hashlib.sha256(payload).digest()).digest()[:4]
    number, marks = int.from_bytes(whole, "big"), ""
    while number:
        number, rest = divmod(number, 58)
        marks = _BASE58[rest] + marks
    return "1" * (len(whole) - len(whole.lstrip(b"\0"))) + marks


def phone(rng: random.Random, _: Any) -> str:
    """Return a United States number with an exchange that is not for fiction, in one of six ways of writing."""
    area = rng.choice(["212", "312", "415", "617", "702", "206", "305", "713", "303", "404"])
    exchange, line = digits(rng, 3, "23456789"), digits(rng, 4)
    forms = ("({}) {}-{}", "{}-{}-{}", "{}.{}.{}", "+1 {} {} {}", "1-{}-{}-{}", "{} {} {}")
    return rng.choice(forms).format(area, exchange, line)


def date(rng: random.Random, _: Any) -> str:
    """Return a day of the last century, in one of five ways of writing."""
    year, month, day = rng.randint(1921, 2009), rng.randint(1, 12), rng.randint(1, 28)
    name = _MONTHS[month - 1]
    return rng.choice(
        [
            f"{month:02}/{day:02}/{year}",
            f"{year}-{month:02}-{day:02}",
            f"{name} {day}, {year}",
            f"{day} {name} {year}",
            f"{month}/{day}/{year % 100:02}",
        ]
    )


def plate(rng: random.Random, _: Any) -> str:
    """Return a licence plate of one of four patterns."""
    pattern = rng.choice(["999-AAA", "AAA 9999", "9AAA999", "AAA-9999"])
    kinds = {"9": string.digits, "A": string.ascii_uppercase}
    return "".join(rng.choice(kinds[mark]) if mark in kinds else mark for mark in pattern)


def marked(pattern: str) -> Make:
    """Return a maker of values in which "9" is a digit, "A" a capital and everything else itself."""
    kinds = {"9": string.digits, "A": string.ascii_uppercase}
    return lambda rng, _: "".join(rng.choice(kinds[mark]) if mark in kinds else mark for mark in pattern)


def either(*makers: Make) -> Make:
    """Return a maker that asks one of several."""
    return lambda rng, fake: rng.choice(makers)(rng, fake)


def of_faker(name: str, **options: Any) -> Make:
    """Return a maker that asks Faker's provider of that name."""
    return lambda _, fake: str(getattr(fake, name)(**options))


def url(rng: random.Random, fake: Any) -> str:
    """Return an address on the web that ends in somebody's name."""
    return f"https://www.{fake.domain_name()}/people/{fake.user_name()}{rng.randint(1, 99)}"


def zip_code(rng: random.Random, fake: Any) -> str:
    """Return a five-digit ZIP code or one with four more."""
    return f"{fake.postcode()[:5]}{rng.choice(['', f'-{digits(rng, 4)}'])}"


def biometric(rng: random.Random, _: Any) -> str:
    """Return the number of a fingerprint, iris or voice template, as systems print it."""
    return f"{rng.choice(['FP', 'IR', 'VP'])}-{digits(rng, 4)}-{digits(rng, 4)}"


def coordinates(rng: random.Random, _: Any) -> str:
    """Return a place on earth to some ten metres, in decimal degrees."""
    return f"{rng.uniform(25, 49):.5f}, {-rng.uniform(67, 124):.5f}"


def secret(rng: random.Random, _: Any) -> str:
    """Return a password as a site's rules make people choose it."""
    word = rng.choice(["Sunflower", "tiger", "Dragonfly", "blueMoon", "Coffee", "hunter"])
    return f"{word}{rng.choice('!#$%&*')}{digits(rng, 4)}"


def photo(rng: random.Random, fake: Any) -> str:
    """Return the file of a photograph of somebody."""
    return f"{fake.last_name().lower()}_face_{digits(rng, 3)}.{rng.choice(['jpg', 'png', 'jpeg'])}"


def age_over_89(rng: random.Random, _: Any) -> str:
    """Return an age that Safe Harbor hides: 90 to 109 years."""
    return str(rng.randint(90, 109))


MAKERS: Mapping[str, Make] = {
    "US_SSN": ssn,
    "US_ITIN": itin,
    "CREDIT_CARD": card,
    "US_NPI": npi,
    "UK_NHS": nhs,
    "MEDICAL_LICENSE": dea,
    "US_MBI": mbi,
    "UK_NINO": nino,
    "CRYPTO": bitcoin,
    "PHONE_NUMBER": phone,
    "DATE_OF_BIRTH": date,
    "EMAIL_ADDRESS": of_faker("email"),
    "IBAN_CODE": of_faker("iban"),
    "IP_ADDRESS": either(of_faker("ipv4"), of_faker("ipv6")),
    "MAC_ADDRESS": of_faker("mac_address"),
    "URL": url,
    "US_PASSPORT": either(marked("999999999"), marked("A99999999")),
    "US_BANK_NUMBER": either(marked("9999999999"), marked("999999999999")),
    "US_DRIVER_LICENSE": either(marked("A9999999"), marked("A999-9999-9999")),
    "MEDICAL_RECORD_NUMBER": either(marked("99999999"), marked("MR-999999"), marked("9999999")),
    "ADDRESS": of_faker("street_address"),
    "ZIP_CODE": zip_code,
    "COORDINATES": coordinates,
    "USERNAME": of_faker("user_name"),
    "SECRET": secret,
    "US_EIN": marked("99-9999999"),
    "PASSPORT": either(marked("AA9999999"), marked("999999999")),
    "ID_NUMBER": either(marked("A99999999"), marked("9999999999")),
    "HEALTH_PLAN_NUMBER": either(marked("AAA999999999"), marked("W999999999"), marked("999-99-999999")),
    "ACCOUNT_NUMBER": either(marked("99999999"), marked("9999-999-999"), marked("AC99999999")),
    "CASE_NUMBER": either(marked("99-AA-99999"), marked("9:99-cv-99999"), marked("99999/99")),
    "DEVICE_ID": either(marked("SN99A99999"), marked("A99-999999"), marked("999999999999999")),
    "VIN": vin,
    "LICENSE_PLATE": plate,
    "BIOMETRIC_ID": biometric,
    "DATE_TIME": date,
    "AGE_OVER_89": age_over_89,
    "PHOTO": photo,
    "DOMAIN_NAME": of_faker("domain_name"),
}
