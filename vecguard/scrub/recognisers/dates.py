"""Dates, dates of birth and ages."""

from __future__ import annotations

import re

from vecguard.scrub.recognisers.keyed import Keyed
from vecguard.scrub.recognisers.rules import LIKELY, PLAUSIBLE, Form, Rule, any_of

_MONTH = (
    r"(?:jan(?:uary)?|feb(?:ruary)?|mar(?:ch)?|apr(?:il)?|may|june?|july?|aug(?:ust)?|sept?(?:ember)?|oct(?:ober)?|"
    r"nov(?:ember)?|dec(?:ember)?)\b(?:\.(?=[ -]|,? ?'?\d))?"
)
_WEEKDAY = r"(?:(?:mon|tues?|wed(?:nes)?|thur?s?|fri|sat(?:ur)?|sun)(?:day)?\.?,? (?:the )?)?"
_DAY = r"(?:3[01]|[12]\d|0?[1-9])"
_TH = r"(?:st|nd|rd|th)?"
_YEAR = r"(?:(?:1[6-9]|20)\d\d|'?\d\d)"
_CLOCK = r"(?:[01]?\d|2[0-4])[:.h][0-5]\d(?::[0-5]\d(?:[.,]\d{1,9})?)?"
_ZONE = r"(?: ?(?:utc|gmt|[ecmp][sd]t|cet|cest|bst|ist|z)\b|[+-]\d\d:?\d\d)?"
_TIME = rf"(?:(?:,? (?:at |@ ?)?|,? around |,? from )(?:{_CLOCK}(?: ?[ap]\.?m\b\.?)?|\d{{1,2}} ?[ap]\.?m\b\.?){_ZONE})?"

_ISO = (
    rf"\d{{4}}([-/.])(?:1[0-2]|0?[1-9])\1{_DAY}(?:t(?:[01]\d|2[0-4]):?[0-5]\d(?::?[0-5]\d(?:[.,]\d{{1,9}})?)?{_ZONE})?"
)
_NUMERIC = r"\d{1,2}([-/. ])\d{1,2}\2(?:\d{4}|\d{2})"
_DAY_FIRST = rf"{_DAY}{_TH}(?: day)?[ -]?(?:of )?{_MONTH}(?:,? |-|, ?){_YEAR}"
_MONTH_FIRST = rf"{_MONTH}[ -]?(?:the )?{_DAY}{_TH}(?:, ?| |-| of ){_YEAR}"
_YEAR_FIRST = rf"(?:1[6-9]|20)\d\d[ -,]{{1,2}}{_MONTH}[ -]{_DAY}"
_RFC = rf"{_MONTH} {_DAY} \d\d:\d\d:\d\d (?:[a-z]{{3,4}} )?\d{{4}}"
_DATE = rf"(?:{_ISO}|{_NUMERIC}|{_DAY_FIRST}|{_RFC}|{_MONTH_FIRST}|{_YEAR_FIRST})"
_COMPACT = r"(?:19|20)\d\d(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])"
_US_COMPACT = r"(?:0[1-9]|1[0-2])(?:0[1-9]|[12]\d|3[01])(?:19|20)\d\d"

_WHOLE = rf"(?<![\w./-]){_WEEKDAY}{_DATE}{_TIME}(?![\w/-]|\.\d)"
_PARTIAL_DAY = (
    rf"(?<![\w./-]){_WEEKDAY}(?:{_DAY}{_TH}(?: day)?[ -](?:of )?{_MONTH}|{_MONTH} (?:the "
    rf")?{_DAY}{_TH}){_TIME}(?![\w/-]|[.:]\d)"
)
_MONTH_YEAR = rf"(?<![\w./-]){_MONTH}(?:,? (?:of )?|-)(?:(?:1[6-9]|20)\d\d|'\d\d)(?![\w/-]|\.\d)"
_WORDED = (
    rf"(?<![\w-])(?:the )?(?:(?:twenty|thirty)[ -])?(?:first|second|third|fourth|fifth|sixth|seventh|"
    rf"eighth|ninth|tenth|eleventh|twelfth|"
    rf"thirteenth|fourteenth|fifteenth|sixteenth|seventeenth|eighteenth|nineteenth|twentieth|thirtieth) "
    rf"(?:day )?(?:of )?{_MONTH}(?:,? {_YEAR})?(?!\w)"
)
_SLASHED = (
    r"(?:\bon|dated?|since|until|till|by|before|after|from|seen|due)[ :]{1,2}(?P<value>(?:1[0-2]|"
    r"0?[1-9])/(?:3[01]|[12]\d|0?[1-9]))(?![\w/-]|\.\d)"
)
_MONTH_OF_YEAR = r"(?<![\w./-])(?:1[0-2]|0[1-9])/(?:19|20)\d\d(?![\w/-]|\.\d)"
_CLOCK_ALONE = (
    r"(?<![\w.:/-])(?:[01]?\d|2[0-4]):[0-5]\d(?::[0-5]\d)? ?(?:[ap]\.?m\b\.?|hrs\b|hours\b|utc\b|gmt\b)|"
    r"(?<![\w.:/-])(?:1[0-2]|[1-9]) ?[ap]\.m\.|(?<![\w.:/-])(?:1[0-2]|[1-9]) ?(?:am|pm)\b"
)
_CLOCK_AT = r"(?:\bat|\bby|\buntil|\baround|\btime:?) (?P<value>(?:[01]?\d|2[0-3]):[0-5]\d(?::[0-5]\d)?)(?![\w:]|\.\d)"
_DATE_BESIDE = (
    rf"\b(?:date|dated|dos|admitted|discharged|issued|expires|expiry|visit)[ :=]{{1,"
    rf"3}}(?P<value>{_COMPACT}|{_US_COMPACT})(?!\w)"
)

_MONTHS = ("jan", "feb", "mar", "apr", "may", "jun", "jul", "aug", "sep", "oct", "nov", "dec")
_BIRTH_DATE = (
    rf"(?<![\w./-])(?:{_WEEKDAY}{_DATE}|{_COMPACT}|{_US_COMPACT}|{_DAY}{_TH}(?: of)? {_MONTH}|{_MONTH} "
    rf"{_DAY}{_TH}|{_MONTH},? \d{{4}}|\d{{1,2}}/\d{{4}}|\d{{1,2}}/\d{{1,2}})(?![\w/-]|\.\d)"
)

_TENS = "twenty|thirty|forty|fifty|sixty|seventy|eighty|ninety"
_UNITS = "one|two|three|four|five|six|seven|eight|nine"
_TEENS = "ten|eleven|twelve|thirteen|fourteen|fifteen|sixteen|seventeen|eighteen|nineteen"
_AGE_WORD = rf"(?:(?:{_TENS})(?:[ -](?:{_UNITS}))?|{_TEENS}|{_UNITS}|(?:a |one )hundred(?: and (?:{_UNITS}))?)"
_AGE_NUMBER = rf"(?:1[0-3]\d|\d{{1,2}}|{_AGE_WORD})"
_OLD = (
    r"(?:[- ]?(?:year|yr|month|week|day)s?\.?[- ]old|[- ]?y[./]?o\b|[- ]y/o\b|[- ]?yrs?\.? ?old|[- "
    r"]?years? of age|[- ]years? young|[- ]?-?yo[mf]?\b|[- ]?y\.o\.|[- ]?(?:year|yr)s?[- ]of[- ]age)"
)
_AGED = (
    r"(?<![^\W_])(?:ages?|aged|age of|aged about|age at \w{3,12}|current age|patient age|turn(?:ed|s|ing)|"
    r"at the age of|years of age|age is|age was)"
    r"(?:\s?[:=]\s?|\s(?:is |was |of |about |around |approximately |just )?)"
)
_BIRTHDAY = r"(?P<value>(?:1[0-3]\d|[1-9]?\d)(?:st|nd|rd|th)|(?:nineti|ninety-)\w{2,8}|hundredth) birthday"


def _in_calendar(value: str) -> bool:
    """Refuse 45/67/2001 and 12.50.30: one of the first two numbers is a month, the other a day."""
    numbers = [int(number) for number in re.findall(r"\d+", value)[:3]]
    match = re.match(r"\d{1,2}([-/. ])\d{1,2}\1\d", value)
    if match is None:
        return True
    first, second = numbers[:2]
    if match[1] == " " or (match[1] == "." and len(value) < 8):
        return False
    return 1 <= min(first, second) <= 12 and 1 <= max(first, second) <= 31


def _over_89(value: str) -> bool:
    """Say whether an age is one that Safe Harbor lets stand only as "90 or older"."""
    number = re.match(r"\d+", value)
    return (
        int(number.group()) > 89
        if number
        else value.lower().startswith(("ninet", "a hundred", "one hundred", "hundred"))
    )


def _ages(entity: str) -> tuple[Rule, ...]:
    over = _over_89 if entity == "AGE_OVER_89" else None
    return (
        Form(
            entity,
            "N years old",
            rf"(?<![\w.,-])(?P<value>{_AGE_NUMBER}){_OLD}",
            0.8,
            words=("old", "y", "age"),
            check=over,
        ),
        Form(
            entity,
            "aged N",
            rf"{_AGED}(?P<value>{_AGE_NUMBER})(?![\w/-]|[.,]\d|\s?[%x])",
            LIKELY,
            words=("age", "turn"),
            check=over,
        ),
        Form(entity, "Nth birthday", _BIRTHDAY, LIKELY, words=("birthday",), check=over),
        Form(
            entity,
            "N years, a patient",
            (
                rf"(?<![\w.,-])(?P<value>{_AGE_NUMBER})[- ]?(?:[mf]\b(?= |,|;|$)|(?:-| )?year(?:s)?[- ](?:man|woman|"
                rf"male|female|boy|girl|lady|gentleman)|\s?y\.?\s?o\.?\b)"
            ),
            PLAUSIBLE,
            1,
            check=over,
        ),
    )


RULES: tuple[Rule, ...] = (
    Keyed(
        "DATE_OF_BIRTH",
        "date beside a word for birth",
        strong=("(?:dob|d\\.o\\.b\\.?|dates? of birth|birth ?dates?|birth ?days?|birth|bday|b-day)", "born"),
        words=any_of("dob, d.o.b, birth, born, bday, b-day"),
        value=_BIRTH_DATE,
        near=1,
        far=4,
        dated=True,
    ),
    Form("DATE_TIME", "whole date", _WHOLE, 0.8, 3, check=_in_calendar),
    Form("DATE_TIME", "day and month", _PARTIAL_DAY, PLAUSIBLE, 1, _MONTHS),
    Form("DATE_TIME", "month and year", _MONTH_YEAR, PLAUSIBLE, 2, _MONTHS),
    Form("DATE_TIME", "day in words", _WORDED, PLAUSIBLE, words=_MONTHS),
    Form("DATE_TIME", "month/day behind 'on'", _SLASHED, PLAUSIBLE, 2, ("/",)),
    Form("DATE_TIME", "month/year", _MONTH_OF_YEAR, PLAUSIBLE, 6, ("/",)),
    Form("DATE_TIME", "time of day", _CLOCK_ALONE, PLAUSIBLE, 1),
    Form("DATE_TIME", "time of day behind 'at'", _CLOCK_AT, PLAUSIBLE, 3, (":",)),
    Form("DATE_TIME", "eight digits behind 'date'", _DATE_BESIDE, PLAUSIBLE, 8),
    *_ages("AGE"),
    *_ages("AGE_OVER_89"),
)
