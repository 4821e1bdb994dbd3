"""Words and addresses that were pulled apart, glued together or spelled out, read as they are spoken.

`j a n e`, `jane dot doe at example dot com`, `five five five, one two`, `patient=John_Smith`, `S.S.N.`.
"""

from __future__ import annotations

import re

from vecguard.scrub.normalise.reading import Edit, disjoint

# Endings that make "bar @ foo.com" an address. Not every one there is: joining words is a guess that needs support.
_TLDS = (
    "com|org|net|edu|gov|mil|int|info|biz|name|io|co|us|uk|ca|au|nz|ie|de|fr|es|it|nl|be|ch|at|eu|se|no|dk|fi|pl|pt|cz"
    "|gr|ru|ua|tr|il|ae|sa|in|cn|jp|kr|tw|hk|sg|br|mx|ar|cl|za|ng|ke|me|tv|app|dev|ai|cloud|online|site|tech|xyz|health"
    "|care|clinic|hospital|local|internal|lan|corp|test|example|invalid"
)

# Characters one by one with the same sign between them; two of it, or a space, end a word. Possessive: the ways to
# cut a row of letters into words are many, and trying them all would take for ever.
_ONE = r"\S(?![^\W_])"
_SPACED = re.compile(
    rf"(?<![^\W_])[^\W_](?P<sign>[^\w\s,;:/]|[ \t_]|\r?\n){_ONE}(?:(?P=sign){_ONE})++"
    rf"(?:(?:(?P=sign){{2,4}}|[ \t]{{1,4}}){_ONE}(?:(?P=sign){_ONE})++)*+"
)
_CAPITAL = re.compile(r"(?<=[a-z])(?=[A-Z])")

_NEARBY = 96  # characters looked at on either side of an "@"
_LOCAL = re.compile(  # atoms are possessive, and something is always in between: there is one way to match
    r"(?<![\w%+.-])(?P<parts>[\w%+-]{1,64}+"
    r"(?:(?:\.| \. ?|\r?\n(?:\.|(?=[_+-]))|(?<=[_+-])\r?\n| (?=_)|(?<=_) )[\w%+-]{1,64}+){0,6}+)"
    r"(?P<gap>[^\S\n]{0,3}\r?\n?[^\S\n]{0,3})$"
)
_ENDING = rf"(?:{_TLDS}|{_TLDS.upper()})(?![\w@-])"
_BREAK = rf"(?<=-)\r?\n\s{{0,2}}(?=[\w-]{{1,63}}\.)|\r?\n\s{{0,2}}(?=[\w-]{{1,63}}\.(?:{_TLDS})\b)"
_DOMAIN = re.compile(
    r"(?P<gap>\s{0,4})(?P<host>[\w-]{1,63}+"
    rf"(?:(?:\.|\s{{1,3}}\.\s{{0,3}}|\.\r?\n\s{{0,2}}|{_BREAK})[\w-]{{1,63}}+){{0,5}})"
)
_ENDED = re.compile(rf".*\.\s{{0,4}}{_ENDING}", re.DOTALL)
_SPLIT_ENDING = re.compile(r"(?P<a>[\w-]+(?:\.[\w-]+)*\.[a-z]{0,3})-?\r?\n(?P<b>[a-z]{1,5})(?!\w)")
_WHOLE_ENDING = re.compile(rf"\.(?:{_TLDS})$")
_DECORATION = re.compile(r"[*~`\"'|\\^]")

_OPEN, _CLOSE = r"[\[({<]\s?", r"\s?[\])}>]"
_BRACKETED = re.compile(rf"(?<=\w)\s?{_OPEN}([.@]){_CLOSE}\s?(?=\w)|(?<=\d){_OPEN}([:-]){_CLOSE}(?=\d)")
_SAID = {
    "at": "@", "dot": ".", "period": ".", "point": ".", "underscore": "_", "dash": "-", "hyphen": "-", "minus": "-",
    "plus": "+",
}  # fmt: skip
_DOT = (
    rf"(?:\s{{0,3}}{_OPEN}(?:dot|period|point|\.){_CLOSE}\s{{0,3}}|\s{{1,3}}(?:dot|period|point)\s{{1,3}}"
    r"|[-_](?:dot|DOT)[-_]|\.)"
)
_SIGN = rf"(?:{_DOT}|\s{{1,3}}(?:underscore|dash|hyphen|minus|plus)\s{{1,3}}|[_+-])"
_AT_SURE = rf"(?:\s{{0,3}}{_OPEN}(?:at|a|@){_CLOSE}\s{{0,3}}|\s?[-_](?:at|AT)[-_]\s?|\s{{0,3}}@\s{{0,3}})"
_LABEL = r"[A-Za-z0-9]{1,63}(?:-(?!(?i:dot)-)[A-Za-z0-9]{1,63}){0,4}"
_SPOKEN = re.compile(
    rf"(?<![\w.])(?P<local>[A-Za-z0-9]{{1,40}}(?:{_SIGN}[A-Za-z0-9]{{1,40}}){{0,5}})"
    rf"(?P<at>{_AT_SURE}|\s{{1,3}}at\s{{1,3}})(?P<host>{_LABEL}(?:{_DOT}{_LABEL}){{0,4}}{_DOT}(?:{_TLDS}))(?!\w)",
    re.IGNORECASE,
)
_SPOKEN_SIGNS = (
    " dot ", " period ", " point ", "(dot", "[dot", "{dot", "<dot", "( dot", "[ dot", "-dot-", "_dot_",
    "at)", "at]", "at}", "at>", "at )", "at ]", "(a)", "[a]", "-at-", "_at_", "@)", "@]",
)  # fmt: skip
_DOTTED_AT = re.compile(r"[._+\d]\w*\sat\s")
_DASHED_DOT = re.compile(r"[-_]dot[-_]", re.IGNORECASE)
_SPOKEN_IP = re.compile(r"(?<!\d)\d{1,3}(?:\s{1,3}(?:dot|point)\s{1,3}\d{1,3}){3}(?!\d)", re.IGNORECASE)
_COMMA_ENDING = re.compile(rf"(?<=@)[\w-]{{1,63}}(?:\.[\w-]{{1,63}}){{0,4}}(?P<comma>,)(?:{_TLDS})(?!\w)")
_GLUED_ENDING = re.compile(rf"@[\w-]{{1,63}}?(?:\.[\w-]{{1,63}}?){{0,4}}\.(?:{_TLDS})(?P<glue>[_-])", re.IGNORECASE)
_WORD_OR_SIGN = re.compile(r"[A-Za-z0-9]+|[._+@-]")

_ONES = {
    "zero": "0", "oh": "0", "o": "0", "nil": "0", "nought": "0", "one": "1", "two": "2", "three": "3", "four": "4",
    "five": "5", "six": "6", "seven": "7", "eight": "8", "nine": "9", "niner": "9",
}  # fmt: skip
_TEENS = {
    "ten": "10", "eleven": "11", "twelve": "12", "thirteen": "13", "fourteen": "14", "fifteen": "15", "sixteen": "16",
    "seventeen": "17", "eighteen": "18", "nineteen": "19", "twenty": "20", "thirty": "30", "forty": "40",
    "fifty": "50", "sixty": "60", "seventy": "70", "eighty": "80", "ninety": "90",
}  # fmt: skip
_TIMES = {"double": 2, "triple": 3, "treble": 3, "hundred": 0, "dash": 0, "hyphen": 0, "minus": 0, "and": 0}
_NUMERALS = frozenset({*_ONES, *_TEENS})
_NUMERAL = "|".join(sorted({*_ONES, *_TEENS, *_TIMES}, key=len, reverse=True))
_SAID_NUMBER = re.compile(
    rf"\b(?:{_NUMERAL})(?:[\s,.;-]{{1,3}}(?:{_NUMERAL}|\d{{1,4}})\b){{4,}}", re.IGNORECASE
)  # fmt: skip
_TOKEN = re.compile(r"[A-Za-z]+|\d+")
_COUNTING = "1234567890"
_BORDERS: dict[int, tuple[int, ...]] = {9: (3, 5), 10: (3, 6), 11: (1, 4, 7), 16: (4, 8, 12)}

_NAME_GLUE = re.compile(r"(?<=[A-Za-z])[_=|\\+/:~.](?=[A-Z][a-z])|(?<=[A-Za-z]{2})[_=|+](?=[A-Za-z]{2})")
_GLUED_TOKEN = re.compile(r"(?<!\S)\S*[A-Za-z]{2}[_=|\\+/:~][A-Za-z]{2}\S*")
_QUERY_SIGN = re.compile(r"[_=|\\+:~]")
_GLUED_COMMA = re.compile(r"(?<![^\W\d_])([A-Z][A-Za-z'-]{1,20}),(?=[A-Z][A-Za-z'-]{1,20}(?![\w,]))")
_CAMEL = re.compile(
    r"(?:[_=|/:\\+~]|: |(?<!\w)(?:Dr|Mr|Mrs|Ms|Prof)\.? )(?P<first>[A-Z][a-z]{2,14})(?=[A-Z][a-z]{2,14}(?![A-Za-z0-9]))"
)

_ACRONYM = re.compile(r"(?<!\w)(?:s[.\-_* ]s[.\-_* ]n|d[.\-_* ]o[.\-_* ]b|m[.\-_* ]r[.\-_* ]n)(?!\w)", re.IGNORECASE)
_SPELLED_ACRONYMS = tuple(sign.join(word) for word in ("ssn", "dob", "mrn") for sign in ".-_* ")
_WRAPPED = re.compile(
    r"\d(?<![\w.,-]\d)\d{0,5}[A-Za-z]?(?:(?:[ \t]{1,4}|[ \t]{0,4}\r?\n[ \t]{0,4})[A-Z][\w'.]{0,20},?){2,6}"
)
_WIDE_NAME = re.compile(r"(?:[ \t]{2,8}|\t|[ \t]{1,8}\r?\n[ \t]{0,8}|\r?\n[ \t]{1,8})(?=[A-Z][A-Za-z])")
_WIDE_GAP = re.compile(r"[ \t]{2,}|[ \t]*\r?\n[ \t]*|\t")


def spaced_out(text: str) -> list[Edit]:
    """Close up characters that stand one by one, at least six: `j a n e @ x . o r g`, `1-2-3-4-5-6-7-8-9`."""
    edits: list[Edit] = []
    for match in _SPACED.finditer(text):
        found, sign = match.group(), match["sign"]
        words = [
            word.replace(sign, "")
            for word in re.split(rf"{re.escape(sign)}{{2,}}|[ \t]{{2,}}" + (r"|[ \t]" if sign != " " else ""), found)
        ]
        plain = " ".join(_CAPITAL.sub(" ", word) for word in words)
        if sum(map(str.isalnum, plain)) >= 6:
            edits.append(Edit(*match.span(), plain))
    return edits


def acronyms(text: str) -> list[Edit]:
    """`S.S.N.` and `D O B`: the words that give a number its meaning."""
    low = text.lower()
    if not any(spelled in low for spelled in _SPELLED_ACRONYMS):
        return []
    return [Edit(*m.span(), re.sub(r"[^A-Za-z]", "", m.group())) for m in _ACRONYM.finditer(text)]


def wrapped(text: str) -> list[Edit]:
    """Mend a street that runs on over the end of a line, and wide gaps between capitalised words."""
    streets = [
        Edit(match.start() + gap.start(), match.start() + gap.end(), " ")
        for match in _WRAPPED.finditer(text)
        for gap in _WIDE_GAP.finditer(match.group())
    ]
    return disjoint(
        [
            *streets,
            *(
                Edit(*match.span(), " ")
                for match in _WIDE_NAME.finditer(text)
                if text[match.start() - 1 : match.start()].isalpha()
            ),
        ]
    )


def mended_addresses(text: str) -> list[Edit]:
    """E-mail addresses with white space, line ends or mark-up inside."""
    edits: list[Edit] = []
    at = text.find("@")
    while at >= 0:
        edit = _mended(text, at)
        if edit and (not edits or edit.start >= edits[-1].end):
            edits.append(edit)
        at = text.find("@", max(at + 1, edit.end if edit else 0))
    return edits


def _mended(text: str, at: int) -> Edit | None:
    low = max(0, at - _NEARBY)
    before, after = text[low:at], text[at + 1 : at + 1 + _NEARBY]
    if _DECORATION.search(before[-64:].rpartition(" ")[2] + after[:64].partition(" ")[0]):
        start = low + max(before.rfind(" "), before.rfind("\n")) + 1
        size = re.match(r"\S*", after)
        end = at + 1 + (size.end() if size else 0)
        plain = _DECORATION.sub("", text[start:end])
        return Edit(start, end, plain) if plain != text[start:end] else None
    local = _LOCAL.search(before)
    if local is None:
        return None
    host = _DOMAIN.match(after)
    ended = _ended(host.group()) if host else None
    if ended is None:
        split = _SPLIT_ENDING.match(after)
        if split is None or not _WHOLE_ENDING.search(split["a"] + split["b"]) or _WHOLE_ENDING.search(split["a"]):
            return None
        ended = split
    start, end = low + local.start(), at + 1 + ended.end()
    plain = re.sub(r"-?\r?\n", "", text[start:end])
    plain = re.sub(r"\s", "", plain)
    return Edit(start, end, plain) if plain != text[start:end] else None


def _ended(host: str) -> re.Match[str] | None:
    """Match up to the last label that ends an address; what is whole on its line does not go on in the next."""
    line = host.partition("\n")[0].rstrip()
    return _ENDED.fullmatch(line) or _ENDED.match(host)


def bracketed(text: str) -> list[Edit]:
    """`jane[@]example[.]com`, `192[.]168[.]10[.]24`: a sign in brackets is the sign."""
    return [Edit(*match.span(), match[1] or match[2] or "") for match in _BRACKETED.finditer(text)]


def ending_addresses(text: str) -> list[Edit]:
    """`jane@example,com` with its dot, and `jane@example.com_old` without what is glued to its end."""
    edits = [Edit(*match.span("comma"), ".") for match in _COMMA_ENDING.finditer(text)]
    return disjoint([*edits, *(Edit(*match.span("glue"), " ") for match in _GLUED_ENDING.finditer(text))])


def spoken_addresses(text: str) -> list[Edit]:
    """`jane dot doe at example dot com`. "At" and "." alone are prose: then the name before has to look like one."""
    low = text.lower()
    if not any(sign in low for sign in _SPOKEN_SIGNS) and (" at " not in low or not _DOTTED_AT.search(low)):
        return []
    edits: list[Edit] = []
    for match in _SPOKEN.finditer(text):
        local, host = match["local"], match["host"]
        if match["at"].strip().lower() == "at" and not (
            _is_said(host) or _is_said(local) or re.search(r"[._+\d]", local)
        ):
            continue
        plain = f"{_signs(local)}@{_signs(host)}"
        if plain != match.group():
            edits.append(Edit(*match.span(), plain))
    hosts = (Edit(*m.span(), ".".join(re.findall(r"\d+", m.group()))) for m in _SPOKEN_IP.finditer(text))
    return disjoint([*edits, *hosts])


def _is_said(part: str) -> bool:
    return any(word.lower() in _SAID for word in _WORD_OR_SIGN.findall(part))


def _signs(part: str) -> str:
    part = _DASHED_DOT.sub(".", part)
    words: list[str] = _WORD_OR_SIGN.findall(part)
    return "".join(_SAID.get(word.lower()) or word for word in words)


def spoken_numbers(text: str) -> list[Edit]:
    """Digits in words, in the shape that their number suggests; nobody spells out nine digits that mean nothing."""
    said = text.lower().replace("-", " ").replace(",", " ").replace(".", " ").split()
    if sum(map(_NUMERALS.__contains__, said)) < 4:
        return []
    edits: list[Edit] = []
    for match in _SAID_NUMBER.finditer(text):
        digits = _dialled(match.group())
        if len(digits) >= 7 and not _COUNTING.startswith(digits[:10]):
            edits.append(Edit(*match.span(), _in_groups(digits)))
    return edits


def _dialled(words: str) -> str:
    digits, times = "", 1
    for token in _TOKEN.findall(words.lower()):
        if token.isdigit():
            digits, times = digits + token, 1
        elif token in _TIMES:
            times = _TIMES[token] or 1
        elif token in _ONES:
            tens = len(digits) > 1 and times == 1 and digits.endswith("0*")
            digits, times = (digits[:-2] + _ONES[token] if tens else digits.rstrip("*") + _ONES[token] * times), 1
        else:
            number = _TEENS[token]
            digits, times = digits.rstrip("*") + number + ("*" if number[1] == "0" and number != "10" else ""), 1
    return digits.replace("*", "")


def _in_groups(digits: str) -> str:
    borders = _BORDERS.get(len(digits), ())
    sign = " " if len(digits) == 16 else "-"
    return sign.join(digits[a:b] for a, b in zip((0, *borders), (*borders, len(digits)), strict=True))


def unglued_names(text: str) -> list[Edit]:
    """`patient=John_Smith`, `Smith,John` and `JohnSmith` in a path or a query, with spaces between the words."""
    edits = [Edit(match.end(), match.end(), " ") for match in _GLUED_COMMA.finditer(text)]
    edits += [Edit(match.end(), match.end(), " ") for match in _CAMEL.finditer(text)]
    for token in _GLUED_TOKEN.finditer(text):
        found = token.group()
        if "@" in found or (found.count("/") == 1 and not _QUERY_SIGN.search(found)):
            continue
        edits += [Edit(*match.span(), " ") for match in _NAME_GLUE.finditer(text, *token.span())]
    return disjoint(edits)
