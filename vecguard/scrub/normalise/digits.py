"""Numbers that were pulled apart, glued to words or written out, read in the form that patterns expect.

Nothing is joined that does not come out in the shape of a value: digits in a table stay what they are. A form that
is strong evidence by itself (dashes at the right places) is only produced where somebody wrote dashes or put other
signs in their place; digits that mere white space parts stay parted by spaces, or become one run, and need a word
beside them or a check digit to be believed.
"""

from __future__ import annotations

import re
from collections.abc import Iterator
from itertools import pairwise

from vecguard.scrub.normalise.reading import Edit, disjoint

# Number of digits -> where groups end in the usual way to write it: social security, phone, phone with 1, cards.
_SHAPES: dict[int, tuple[int, ...]] = {9: (3, 5), 10: (3, 6), 11: (1, 4, 7), 15: (4, 10), 16: (4, 8, 12)}
_LONGEST = 19
_MOST_GAPS = 6  # of a phone number with country code, area code and extension, broken over two line ends
_CARDS = (15, 16)

_CLUSTER = re.compile(r"(?<!\d)\d++(?:[\W_]{1,6}\d++)+")
_INTERNATIONAL = re.compile(r"\+\d{1,3}(?:[-. ()/\n\t]{1,4}\d{1,5}){2,6}")
_ODD_GAP = re.compile(r"[-. ()/]?[\n\t/][-. ()/\n\t]{0,3}|[- ]{2,4}")
_DIGITS = re.compile(r"\d+")
# What the patterns themselves accept between groups.
_USUAL = frozenset({"-", " ", ".", ") ", ")", ")-", ""})
_LISTING = re.compile(r"[,;:@&<>=?!]")  # between the items of a list: weak evidence
_AMOUNT = re.compile(r"[$\u00a3\u20ac\u00a5%\u00b0\u00b1\u00a9]")
_TABLE = re.compile(r"[|()\[\]]")
_MARK_UP = re.compile(r"[\s*~`'\"]")
_PHONE_SIGNS = frozenset({"(", ")", ")-", "-", "", "."})

# The two letters, two check digits and up to thirty characters of an account number, with signs in between.
_IBAN = re.compile(r"(?<![^\W_])[A-Za-z]{2}[\W_]{0,3}\d[\W_]{0,3}\d(?:[\W_]{0,3}[A-Za-z0-9]){11,30}")
_CHECK_DIGITS = re.compile(r"\d[\W_]{0,3}\d")
_COUNTRY = re.compile(r"([A-Za-z]{2})[\W_]{0,3}$")
_IBAN_LENGTHS: dict[str, int] = {
    "AD": 24, "AE": 23, "AL": 28, "AT": 20, "AZ": 28, "BA": 20, "BE": 16, "BG": 22, "BH": 22, "BR": 29, "CH": 21,
    "CR": 22, "CY": 28, "CZ": 24, "DE": 22, "DK": 18, "DO": 28, "EE": 20, "EG": 29, "ES": 24, "FI": 18, "FO": 18,
    "FR": 27, "GB": 22, "GE": 22, "GI": 23, "GL": 18, "GR": 27, "GT": 28, "HR": 21, "HU": 28, "IE": 22, "IL": 23,
    "IS": 26, "IT": 27, "JO": 30, "KW": 30, "KZ": 20, "LB": 28, "LI": 21, "LT": 20, "LU": 20, "LV": 21, "MC": 27,
    "MD": 24, "ME": 22, "MK": 19, "MT": 31, "MU": 30, "NL": 18, "NO": 15, "PK": 24, "PL": 28, "PS": 29, "PT": 25,
    "QA": 29, "RO": 24, "RS": 22, "SA": 24, "SE": 24, "SI": 19, "SK": 24, "SM": 27, "TN": 24, "TR": 26, "UA": 29,
    "XK": 20,
}  # fmt: skip

# Three or four numbers with the same sign between them and white space around it: dates and IP addresses.
_DATE = re.compile(r"(?<![\d.])\d{1,4}\s{0,3}([-/.])\s{0,3}\d{1,2}\s{0,3}\1\s{0,3}\d{2,4}(?![\d])")
_IPV4 = re.compile(r"(?<![\d.])\d{1,3}(\s{0,3}\.\s{0,3})\d{1,3}(?:\s{0,3}\.\s{0,3}\d{1,3}){2}(?!\d)")
_MAC = re.compile(r"(?<![0-9A-Fa-f])[0-9A-Fa-f]{2}(?:\s{0,3}[:-]\s{0,3}[0-9A-Fa-f]{2}){5}(?![0-9A-Fa-f])")
_SPACED_SIGN = re.compile(r"\s*([-/.:])\s*")

# A number of at least seven digits in any usual grouping, and what is glued to it.
_NUMBER = re.compile(r"\d(?:[-. ()]{0,2}\d){6,18}")
_DASHED = re.compile(r"\d+(?:-\d+){2,}")
_DATE_LIKE = re.compile(r"\d{1,4}([-/.])\d{1,2}\1\d{2,4}")
_GLUE = "_/=|\\+~#*"
_LETTERS_BEFORE = re.compile(r"(\d?)[^\W\d_]+$")
_LETTERS_AFTER = re.compile(r"[^\W\d_]+(\d?)")

_MARKED_UP = re.compile(
    r"(\*{2,3}|~~|__|`{1,3})([\d.-]{1,12})\1(?=[\d.-])|(?<=[\d.-])(\*{2,3}|~~|__|`{1,3})([\d.-]{1,12})\3"
)

_MISREAD = re.compile(  # letters in place of digits within a number that is otherwise in shape
    r"(?<![^\W_])(?:[\dOoIl|SBZ]{3}-[\dOoIl|SBZ]{2}-[\dOoIl|SBZ]{4}|[\dOoIl|SBZ]{3}[-.][\dOoIl|SBZ]{3}[-.][\dOoIl|SBZ]{4}"
    r"|[\dOoIl|SBZ]{4}(?P<gap>[ -]?)[\dOoIl|SBZ]{4}(?P=gap)[\dOoIl|SBZ]{4}(?P=gap)[\dOoIl|SBZ]{4})(?![^\W_])"
)
_AS_DIGIT = {"O": "0", "o": "0", "I": "1", "l": "1", "|": "1", "S": "5", "B": "8", "Z": "2"}


def respaced(text: str) -> list[Edit]:
    """Take the white space out of dates, IP and MAC addresses: `03 / 14 / 1975`, `192.168.` + line end + `10.24`."""
    edits: list[Edit] = []
    for pattern in (_MAC, _IPV4, _DATE) if text.count(":") + text.count("-") >= 5 else (_IPV4, _DATE):
        for match in pattern.finditer(text):
            found = match.group()
            plain = _SPACED_SIGN.sub(r"\1", found)
            if plain != found and _is_one_value(found):
                edits.append(Edit(*match.span(), plain))
    return disjoint(edits)


def _is_one_value(found: str) -> bool:
    """`1. 2. 3. 4` is a list; a value has the same space around each of its signs, or a line end beside one."""
    signs = [match.group() for match in _SPACED_SIGN.finditer(found)]
    if any("\n" in sign for sign in signs):
        return True
    return len(set(signs)) == 1 and signs[0][0].isspace() == signs[0][-1].isspace()


def regrouped(text: str) -> list[Edit]:
    """Join groups of digits parted by line ends, several spaces, slashes and the like, where a known shape results."""
    edits: list[Edit] = []
    for cluster in _CLUSTER.finditer(text):
        groups = [match.span() for match in _DIGITS.finditer(text, *cluster.span())]
        gaps = [text[a[1] : b[0]] for a, b in pairwise(groups)]
        if len(set(gaps)) > 1 or gaps[0] not in _USUAL or gaps[0] == ".":
            edits += _shaped(text, groups, gaps)
    abroad = [
        Edit(match.start() + gap.start(), match.start() + gap.end(), " ")
        for match in _INTERNATIONAL.finditer(text)
        for gap in _ODD_GAP.finditer(match.group())
    ]
    return disjoint([*abroad, *edits])


def _shaped(text: str, groups: list[tuple[int, int]], gaps: list[str]) -> Iterator[Edit]:
    first = 0
    while first < len(groups):
        last, shaped = _best_from(text, groups, gaps, first)
        if shaped:
            yield Edit(groups[first][0], groups[last][1], shaped)
            first = last + 1
        else:
            first += 1


def _best_from(text: str, groups: list[tuple[int, int]], gaps: list[str], first: int) -> tuple[int, str]:
    """Return the last group and the form of the longest value that begins with group `first`; "" for none."""
    best = first, ""
    digits = ""
    ends: list[int] = []
    for at in range(first, len(groups)):
        digits += text[slice(*groups[at])]
        if len(digits) > _LONGEST or at - first > _MOST_GAPS:
            break
        if at > first and _is_odd(gaps[first:at], len(digits)):
            shaped = _in_shape(digits, ends, gaps[first:at])
            best = (at, shaped) if shaped else best
        ends.append(len(digits))
    return best


def _is_odd(gaps: list[str], length: int) -> bool:
    """Whether the patterns would not have seen through these gaps: they know phone numbers of all sorts."""
    if any(gap not in _USUAL for gap in gaps):
        return True
    return (length in _CARDS and "." in gaps) or (length in {9, *_CARDS} and len(set(gaps)) > 1)


def _in_shape(digits: str, ends: list[int], gaps: list[str]) -> str:
    """Return digits in the shape that their number and gaps admit, or "": `ends` are the places of the gaps."""
    borders = _SHAPES.get(len(digits), ())
    if borders and set(borders) <= set(ends):
        extra = [gap for end, gap in zip(ends, gaps, strict=True) if end not in borders]
        if all(map(_is_line_end, extra)):
            return _grouped(digits, borders, [gap for end, gap in zip(ends, gaps, strict=True) if end in borders])
        return ""
    if len(digits) >= 7 and len(gaps) <= 2 and all(map(_is_line_end, gaps)):
        return digits
    return ""


def _is_line_end(gap: str) -> bool:
    return "\n" in gap and not gap.strip(" \t\r\n-")


def _grouped(digits: str, borders: tuple[int, ...], gaps: list[str]) -> str:
    """Group digits whose gaps are of one kind: with dashes if somebody put a sign there, else with spaces.

    Different signs part different numbers, and so do those of a table or a list of amounts.
    """
    cores = {_core(gap) for gap in gaps}
    phone = len(digits) in {10, 11} and cores <= _PHONE_SIGNS
    if not phone and not cores <= {"-", ""} and len(cores) > 1:
        return ""
    if any(_AMOUNT.search(gap) or (not phone and gap != gap.strip() and _TABLE.search(gap)) for gap in gaps):
        return ""
    strong = cores != {""} and not any(_LISTING.search(core) for core in cores)
    if len(digits) in _CARDS:
        return _cut(digits, borders, " ") if strong else "" if cores != {""} else digits
    return _cut(digits, borders, "-" if strong else " ")


def _core(gap: str) -> str:
    """Return the sign in a gap without white space and mark-up; what is nothing but mark-up is the sign."""
    return _MARK_UP.sub("", gap) or gap.strip()[:1]


def _cut(digits: str, borders: tuple[int, ...], sign: str) -> str:
    return sign.join(digits[a:b] for a, b in zip((0, *borders), (*borders, len(digits)), strict=True))


def ibans(text: str) -> list[Edit]:
    """Write account numbers without anything in between, in capitals; their check digits tell them from prose."""
    edits: list[Edit] = []
    for check in _CHECK_DIGITS.finditer(text):
        country = _COUNTRY.search(text, max(0, check.start() - 5), check.start())
        length = _IBAN_LENGTHS.get(country[1].upper()) if country else None
        match = _IBAN.match(text, country.start(1)) if country and length else None
        if match is None or length is None:
            continue
        places = [at for at in range(*match.span()) if text[at].isalnum()][:length]
        plain = "".join(text[at] for at in places).upper()
        if len(plain) == length and plain.isascii() and _is_iban(plain) and match.group()[:length] != plain:
            edits.append(Edit(places[0], places[-1] + 1, plain))
    return disjoint(edits)


def _is_iban(plain: str) -> bool:
    """ISO 7064 MOD 97-10 over a number that is mostly digits: four letters of a bank at the most, in most countries."""
    if sum(map(str.isdigit, plain)) < 0.6 * len(plain):
        return False
    return int("".join(str(int(c, 36)) for c in plain[4:] + plain[:4])) % 97 == 1


def unglued(text: str) -> list[Edit]:
    """Part a number of seven digits or more, or a date, from what is glued to it: `ssn_123-45-6789_final`."""
    edits: list[Edit] = []
    for begin, end in _numbers(text):
        start = begin
        if _is_mixed(text, start, end):
            continue
        while text[start - 1 : start] and text[start - 1] in "(+":
            start -= 1
        before, after = text[start - 1 : start], text[end : end + 1]
        if before.isalpha():
            edits.append(Edit(start, start, " "))
        elif before and (
            before in _GLUE or (before == "-" and _is_loose_dash(text[start - 2 : start - 1], text[start:end]))
        ):
            edits.append(Edit(start - 1, start, " "))
        if after.isalpha():
            edits.append(Edit(end, end, " "))
        elif after and (after in _GLUE or (after == "-" and _is_loose_dash(text[end + 1 : end + 2], text[start:end]))):
            edits.append(Edit(end, end + 1, " "))
    return disjoint(edits)


def _is_loose_dash(beyond: str, number: str) -> bool:
    """Whether a dash next to a number is no part of one: not the sign of an amount, and not in a row of digits."""
    return beyond.isalpha() or beyond == "-" or (not beyond.isdigit() and bool(_DASHED.fullmatch(number)))


def _numbers(text: str) -> list[tuple[int, int]]:
    spans: list[tuple[int, int]] = []
    for start, end in sorted(match.span() for form in (_NUMBER, _DATE_LIKE) for match in form.finditer(text)):
        if spans and start < spans[-1][1]:
            spans[-1] = (spans[-1][0], max(end, spans[-1][1]))
        else:
            spans.append((start, end))
    return spans


def _is_mixed(text: str, start: int, end: int) -> bool:
    """Whether letters and digits alternate around the number, or a few digits follow a letter: a code, not a label."""
    letters_before = _LETTERS_BEFORE.search(text, max(0, start - 24), start)
    letters_after = _LETTERS_AFTER.match(text, end)
    if (letters_before and letters_before[1]) or (letters_after and letters_after[1]) or text[end : end + 1].isdigit():
        return True
    number = text[start:end]
    return bool(letters_before or letters_after) and (" " in number or (number.isdigit() and len(number) < 9))


def marked_up(text: str) -> list[Edit]:
    """`312-**55**5-0187`: the marks of Markdown around a part of a number."""
    return [Edit(*match.span(), match[2] or match[4]) for match in _MARKED_UP.finditer(text)]


def misread(text: str) -> list[Edit]:
    """Read O as 0, l as 1 and the like in a number in groups of which at least half are digits."""
    edits: list[Edit] = []
    for match in _MISREAD.finditer(text):
        found = match.group()
        signs = sum(character.isalnum() or character == "|" for character in found)
        if 2 * sum(map(str.isdigit, found)) >= signs and not set(found).isdisjoint(_AS_DIGIT):
            edits.append(Edit(*match.span(), "".join(_AS_DIGIT.get(character, character) for character in found)))
    return edits
