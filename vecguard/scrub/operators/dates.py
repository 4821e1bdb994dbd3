"""Dates in the forms in which people write them: read, moved by days in the same form, or cut down to their year."""

from __future__ import annotations

import re
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from datetime import UTC, date, datetime, timedelta

from vecguard.scrub.normalise import fold
from vecguard.scrub.operators.keyed import Draws, Keyed

_MONTHS = [
    "January",
    "February",
    "March",
    "April",
    "May",
    "June",
    "July",
    "August",
    "September",
    "October",
    "November",
    "December",
]
_DAYS = "Monday Tuesday Wednesday Thursday Friday Saturday Sunday".split()  # noqa: SIM905
_MONTH = rf"(?P<name>{'|'.join(f'{month[:3]}(?:{month[3:]})?' for month in _MONTHS)}|Sept)\b\.?"
_DAY = r"(?P<day>\d{1,2})(?P<th>st|nd|rd|th)?(?!\d)"
_YEAR = r"(?P<year>(?:1[0-9]|20)\d\d|(?<=')\d\d)(?!\d|s\b)"  # not "the 1990s"
_SHORT = r"(?P<year>\d{4}|\d\d)(?!\d)"
_FORMS = tuple(
    re.compile(form, re.IGNORECASE)
    for form in (
        r"(?<!\d)(?P<year>\d{4})([-/.])(?P<month>\d{1,2})\2(?P<day>\d{1,2})(?!\d)",
        r"(?<!\d)(?P<year>(?:19|20)\d\d)(?P<month>0[1-9]|1[0-2])(?P<day>0[1-9]|[12]\d|3[01])(?!\d)",
        rf"(?<!\d)(?P<first>\d{{1,2}})(?P<mark>[-/. ])(?P<second>\d{{1,2}})(?P=mark){_SHORT}",
        rf"(?<!\d){_DAY}[ -]?(?:of )?{_MONTH}(?:,? |-)'?{_SHORT}",
        rf"\b{_MONTH}[ -]?{_DAY}(?:,? ?|-)'?(?P<year>\d{{4}}|(?<=')\d\d)(?!\d)",
        rf"\b{_MONTH},? (?:of )?'?{_YEAR}",
        r"(?<!\d)(?P<month>\d{1,2})[/](?P<year>(?:19|20)\d\d)(?!\d)",
        rf"(?<!\d){_DAY} (?:of )?{_MONTH}",
        rf"\b{_MONTH} {_DAY}",
        r"(?<!\d)(?P<first>\d{1,2})(?P<mark>[/])(?P<second>\d{1,2})(?!\d)",
        rf"(?<!\d){_YEAR}",
        rf"\b{_MONTH}",
    )
)
_WEEKDAY = re.compile(rf"\b(?:{'|'.join(f'{day[:3]}(?:{day[3:]})?' for day in _DAYS)}|Tues|Thurs?)\b", re.IGNORECASE)
_TIME = re.compile(r"(?<!\d)(?P<hour>[01]?\d|2[0-3]):(?P<minute>[0-5]\d)(?!\d)")
_NO_YEAR = 2000  # stands in where none is written; a leap year, so that every day exists in it


@dataclass(frozen=True, slots=True)
class Part:
    """Where a year, month, day or weekday stands in a text, and how it is written."""

    kind: str
    start: int
    end: int
    written: str


@dataclass(frozen=True, slots=True)
class Written:
    """One date as written: what it names, and where. What is not written is None."""

    year: int | None
    month: int | None
    day: int | None
    parts: tuple[Part, ...]

    def moved(self, move: Callable[[date], date]) -> dict[Part, str]:
        """Return what each part reads after a move of the date. A part that is not written counts as its middle."""
        after = move(date(self.year or _NO_YEAR, self.month or 7, self.day or 15))
        return {part: _rewritten(part, after) for part in self.parts}


def _rewritten(part: Part, after: date) -> str:
    match part.kind:
        case "year":
            return f"{after.year:04d}"[-len(part.written) :]
        case "day":
            return f"{after.day:0{len(part.written)}d}" if part.written[0] == "0" else str(after.day)
        case "th":
            th = "th" if 10 < after.day < 14 else {1: "st", 2: "nd", 3: "rd"}.get(after.day % 10, "th")
            return th.upper() if part.written.isupper() else th
        case "month":
            return f"{after.month:0{len(part.written)}d}" if part.written[0] == "0" else str(after.month)
    return _cased(_MONTHS[after.month - 1], part.written)


def _cased(name: str, written: str) -> str:
    name = name if len(written) > 4 or written.casefold() in {"june", "july", "may"} else name[:3]
    return name.upper() if written.isupper() else name.lower() if written.islower() else name


def dates_in(text: str) -> Iterator[Written]:
    """Yield the dates in a text, by form, the fullest forms first; a text that was folded is expected."""
    for form in _FORMS:
        left, end = [], 0
        for match in form.finditer(text):
            if (written := _read(match)) is not None:
                yield written
                left += [text[end : match.start()], " " * len(match.group())]  # no part of it is read again
                end = match.end()
        text = "".join([*left, text[end:]])


def _read(match: re.Match[str]) -> Written | None:
    groups = {name: text for name, text in match.groupdict().items() if text is not None}
    if "first" in groups:
        # Day first where it can only be a day, and behind dots, as most of Europe writes; else as the United States do.
        day_first = int(groups["first"]) > 12 or (groups["mark"] == "." and int(groups["second"]) <= 12)
        names = {"first": "day", "second": "month"} if day_first else {"first": "month", "second": "day"}
    else:
        names = {"name": "name", "month": "month", "day": "day"}
    names |= {"year": "year", "th": "th"}
    parts = tuple(Part(names[g], *match.span(g), match.group(g)) for g in groups if g in names)
    held = {part.kind: part.written for part in parts}
    year = _full_year(held["year"]) if "year" in held else None
    month = _month_number(held["name"]) if "name" in held else int(held["month"]) if "month" in held else None
    day = int(held["day"]) if "day" in held else None
    try:
        date(year or _NO_YEAR, month or 1, day or 1)
    except ValueError:
        return None
    return Written(year, month, day, parts)


def _month_number(name: str) -> int:
    return next(at for at, month in enumerate(_MONTHS, 1) if month[:3].casefold() == name[:3].casefold())


def _full_year(written: str) -> int:
    """Return four digits; two stand for the latest such year that is not in the future."""
    if len(written) == 4:
        return int(written)
    now = datetime.now(UTC).year
    return now - (now - int(written)) % 100


def years(value: str) -> list[int]:
    """Return the years that a value names, each once, in order of time."""
    return sorted({written.year for written in dates_in(fold(value).text) if written.year is not None})


def shifted(keyed: Keyed, value: str) -> str | None:
    """Return the value with every date in it moved by the owner's number of days, or None where there is no date.

    One owner's dates keep their distances, so whoever knows one date knows them all. A year on its own moves by one;
    so does its weekday with each date. A time of day moves by the owner's minutes only where no date stands with it.
    """
    text = fold(value).text
    draws = keyed.draws("calendar", "days")
    offset = 7 * draws.below(26) + 1 + draws.below(6, 1)  # never whole weeks: weekdays move as well
    offset = offset if draws.below(2, 2) else -offset
    changes: dict[Part, str] = {}
    for written in dates_in(text):
        try:
            changes |= written.moved(_mover(written, offset))
        except (OverflowError, ValueError):  # 9999-12-31, which some systems write for "never", has no day after it
            return None
    for match in _WEEKDAY.finditer(text):
        day = next(at for at, name in enumerate(_DAYS) if name[:3].casefold() == match.group()[:3].casefold())
        moved = _DAYS[(day + offset) % 7]
        long = match.group().casefold() == _DAYS[day].casefold()
        changes[Part("weekday", *match.span(), match.group())] = _styled(moved if long else moved[:3], match.group())
    if not changes:
        changes = _later(text, 1 + draws.below(659, 3))
    fresh = _replaced(text, changes)
    return fresh if fresh != text else None


def _mover(written: Written, offset: int) -> Callable[[date], date]:
    if written.month is None and written.day is None:
        return lambda day: day.replace(year=day.year + (1 if offset > 0 else -1))
    if written.day is None:  # a month has to become another month
        return lambda day: day + timedelta(days=offset if abs(offset) > 31 else offset + (31 if offset > 0 else -31))
    return lambda day: day + timedelta(days=offset)


def _later(text: str, minutes: int) -> dict[Part, str]:
    changes: dict[Part, str] = {}
    for match in _TIME.finditer(text):
        hour = match["hour"]
        total = int(hour) * 60 + int(match["minute"]) + minutes
        fresh_hour, fresh_minute = divmod(total % (24 * 60), 60)
        if re.match(r"\s*[ap]\.?m", text[match.end() :], re.IGNORECASE):
            fresh_hour = (fresh_hour - 1) % 12 + 1
        width = len(hour) if hour[0] == "0" else 1
        changes[Part("time", *match.span(), match.group())] = f"{fresh_hour:0{width}d}:{fresh_minute:02d}"
    return changes


def same_year(keyed: Keyed, value: str) -> str | None:
    """Return the value as another date of its year, for dates of birth; None where there is no date in it.

    What is drawn depends on the date, so two people's days are not a known distance apart. A lone year moves by one
    to three.
    """
    text = fold(value).text
    changes: dict[Part, str] = {}
    for written in dates_in(text):
        changes |= written.moved(
            _another_day(keyed.draws("birth", f"{written.year}-{written.month}-{written.day}"), written)
        )
    return _replaced(text, changes) if changes else None


def _another_day(draws: Draws, written: Written) -> Callable[[date], date]:
    def another(day: date) -> date:
        if written.month is None:
            return day.replace(year=day.year + (1 + draws.below(3)) * (1 if draws.below(2, 1) else -1))
        days = (date(day.year, 1, 1) + timedelta(days=draws.below(365, attempt)) for attempt in range(64))
        return next(fresh for fresh in days if fresh.month != day.month and fresh.day != day.day)

    return another


def _replaced(text: str, changes: dict[Part, str]) -> str:
    pieces: list[str] = []
    end = 0
    for part in sorted(changes, key=lambda each: each.start):
        pieces += [text[end : part.start], changes[part]]
        end = part.end
    return "".join([*pieces, text[end:]])


def _styled(name: str, written: str) -> str:
    return name.upper() if written.isupper() else name.lower() if written.islower() else name
