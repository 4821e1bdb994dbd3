"""Values cut down to what the Safe Harbor method of HIPAA leaves: a year, a band of ages, three digits of a ZIP code.

Source: 45 CFR 164.514(b)(2) and the guidance on it by the US Department of Health and Human Services (2012).
"""

from __future__ import annotations

import ipaddress
import re
from collections.abc import Callable
from datetime import UTC, datetime
from types import MappingProxyType

from vecguard.scrub.entities import RESTRICTED_ZIP3, TOKEN_LIKE
from vecguard.scrub.normalise import fold
from vecguard.scrub.operators.dates import years
from vecguard.scrub.tokens import TOKEN, kind_of

_OLDEST = 89  # ages above it are one group, and years that betray one are not left

_NUMBER = re.compile(r"(?<![\d.])\d{1,3}(?![\d.])")
_DECIMAL = re.compile(r"[-+]?\d{1,3}\.\d+")


def kind_mark(entity: str, value: str) -> str:
    """Return `<PERSON>` and the like. A token that was in the text already counts as what it was minted for."""
    kind = kind_of(value) if entity == TOKEN_LIKE and TOKEN.fullmatch(value) else entity
    return f"<{kind}>"


def generalised(entity: str, value: str) -> str:
    """Return what may be left of a value of this type; its kind where nothing may, or where it cannot be read."""
    cut = _CUT.get(entity)
    return (cut(fold(value).text) if cut else None) or kind_mark(entity, value)


def _year(text: str) -> str | None:
    found = years(text)
    return "-".join(dict.fromkeys((str(found[0]), str(found[-1])))) if found else None


def _birth_year(text: str) -> str | None:
    """Return the year of birth, unless it says that somebody is over 89. The answer changes as people age."""
    found = years(text)
    return str(found[0]) if found and datetime.now(UTC).year - found[0] <= _OLDEST else None


def _age_band(text: str) -> str | None:
    match = _NUMBER.search(text)
    if match is None:
        return None
    age = int(match.group())
    band = "90+" if age > _OLDEST else f"{age // 10 * 10}-{age // 10 * 10 + 9}"
    return band if "month" not in text and "week" not in text and "day" not in text else "0-9"


def _zip3(text: str) -> str | None:
    match = re.fullmatch(r"\s*(\d{3})\d{2}(?:[- ]?\d{4})?\s*", text)
    if match is None:
        return None
    return "000**" if match[1] in RESTRICTED_ZIP3 else f"{match[1]}**"


def _network(text: str) -> str | None:
    try:
        address = ipaddress.ip_address(text.strip().partition("/")[0].partition("%")[0])
    except ValueError:
        return None
    return str(ipaddress.ip_network((address, 24 if address.version == 4 else 48), strict=False))


def _tenths(text: str) -> str | None:
    """Return coordinates to a tenth of a degree, some ten kilometres."""
    found = _DECIMAL.findall(text)
    return ", ".join(f"{float(number):.1f}" for number in found) if found else None


_CUT: MappingProxyType[str, Callable[[str], str | None]] = MappingProxyType(
    {
        "DATE_TIME": _year,
        "DATE": _year,
        "DATE_OF_BIRTH": _birth_year,
        "AGE": _age_band,
        "AGE_OVER_89": _age_band,
        "ZIP_CODE": _zip3,
        "US_ZIP_CODE": _zip3,
        "IP_ADDRESS": _network,
        "COORDINATES": _tenths,
    }
)
