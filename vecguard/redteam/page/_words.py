"""How figures and foreign words are written on the page."""

from __future__ import annotations

import re
from html import escape

from vecguard.redteam.findings import Figure, Measured, Plain, Setting
from vecguard.redteam.standing import leak

GAP = "\u00a0"  # keeps a number and its unit together
NONE = "–"

# Characters that reorder what follows, controls, halves of surrogate pairs: they would rewrite what a reader sees
_UNSEEN = re.compile(
    "[\x00-\x08\x0b-\x1f\x7f-\x9f\u061c\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff\ufffe\uffff]"
)


def seen(foreign: str) -> str:
    """Return text in which every character can be seen: what reorders its neighbours or has no look shows as �."""
    return _UNSEEN.sub("\ufffd", foreign)


def text(foreign: str) -> str:
    """Return such text, safe between tags and in a quoted attribute."""
    return escape(seen(foreign))


def bdi(foreign: str) -> str:
    """Return text of any direction that cannot turn its neighbours around."""
    return f'<bdi dir="auto">{text(foreign)}</bdi>'


def cut(foreign: str, most: int) -> str:
    """Return at most so many characters."""
    return foreign if len(foreign) <= most else f"{foreign[: most - 1].rstrip()}…"


def number(value: float, digits: int = 3) -> str:
    """Write a number with a true minus, and no minus before zero."""
    said = f"{value:,.{digits}f}"
    return said.lstrip("-") if not float(said.replace(",", "")) else said.replace("-", "\u2212")


def share(value: float) -> str:
    """Write a share in per cent, to a tenth."""
    return f"{number(100 * value, 1)}{GAP}%"


def shares(value: Measured) -> str:
    """Write a share with its interval, if it has one."""
    return f"{share(value.estimate)}{_between(value, 1)}"


def moved(value: float) -> str:
    """Write a change in per cent, with its sign."""
    sign = "+" if value >= 5e-5 else ""
    return f"{sign}{number(100 * value, 2)}{GAP}%"


def moves(value: Measured) -> str:
    """Write a change with its interval."""
    return f"{moved(value.estimate)}{_between(value, 2)}"


def between(value: Measured, digits: int) -> str:
    """Write an interval of shares in per cent."""
    return f"[{number(100 * value.low, digits)},{GAP}{number(100 * value.high, digits)}]"


def _between(value: Measured, digits: int) -> str:
    return f" {between(value, digits)}" if value.low < value.high else ""


def interval(figure: Figure) -> str:
    """Write the interval of a figure's value."""
    if figure.low is None or figure.high is None:
        return NONE
    return f"[{number(figure.low)},{GAP}{number(figure.high)}]"


def leaked(figure: Figure) -> str:
    """Write a leak with its interval, if it has one."""
    return shares(leak(figure))


def plain(value: Plain) -> str:
    """Write any value of the document."""
    match value:
        case None:
            return NONE
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.6g}"
    return bdi(value)


def short(setting: Setting, most: int = 13) -> str:
    """Return what a setting is called where there is little room."""
    return setting.label if len(setting.label) <= most else cut(setting.name, most)


def listed(parts: list[str]) -> str:
    """Join words as a sentence does: a, b and c."""
    return " and ".join(part for part in (", ".join(parts[:-1]), parts[-1] if parts else "") if part)


def per_cent(fraction: float) -> str:
    """Write a margin: "1 %"."""
    return f"{100 * fraction:g}{GAP}%"


def processor_time(seconds: float) -> str:
    """Write seconds of a processor."""
    return f"{seconds:,.0f}" if seconds >= 10 else f"{seconds:.2f}"
