"""Personal data written so that a pattern does not see it and a person still does: the list that recall is held to.

Every case is a sentence with one value in it, changed by one named evasion. The list is the same on every run. A case
that detection is known to miss says so, so that the number published is not the number of what happens to work.
"""

from __future__ import annotations

import base64
import quopri
import unicodedata
from collections.abc import Callable, Iterable, Iterator
from dataclasses import dataclass, field
from urllib.parse import quote

from vecguard.scrub.findings import Finding


@dataclass(frozen=True, slots=True)
class Case:
    """A text in which characters `value_start` to `value_end` are an evaded value of type `entity`.

    `kind` names the evasion; `known_miss` says that the shipped defaults are known not to find it.
    """

    name: str
    kind: str
    text: str = field(repr=False)
    value_start: int
    value_end: int
    entity: str
    known_miss: bool = False

    def is_hidden_by(self, findings: Iterable[Finding]) -> bool:
        """Whether the findings together cover every letter and digit of the value; signs between them tell nothing."""
        left = {at for at in range(self.value_start, self.value_end) if self.text[at].isalnum()}
        for finding in findings:
            left.difference_update(range(finding.start, finding.end))
        return not left


@dataclass(frozen=True, slots=True)
class _Base:
    """A sentence as one would write it: the value and what stands around it."""

    entity: str
    before: str
    value: str = field(repr=False)
    after: str


_SSN = _Base("US_SSN", "Her social security number is ", "219-09-8642", ", as on the form.")
_CARD = _Base("CREDIT_CARD", "It was charged to the card ", "4539-1488-0343-6467", " last week.")
_PHONE = _Base("PHONE_NUMBER", "Please call the daughter at phone ", "312-555-0187", " after six.")
_EMAIL = _Base("EMAIL_ADDRESS", "Results go to ", "jane.doe@example.com", " by Friday.")
_IBAN = _Base("IBAN_CODE", "Refund to account ", "GB82WEST12345698765432", " please.")
_IP = _Base("IP_ADDRESS", "The login came from IP address ", "192.168.40.27", " at noon.")
_MRN = _Base("MEDICAL_RECORD_NUMBER", "See chart, MRN ", "00482913", " for details.")
_BORN = _Base("DATE_OF_BIRTH", "The patient, DOB ", "03/14/1975", ", was admitted.")
_PASSPORT = _Base("US_PASSPORT", "She travels on passport ", "912345678", " this year.")
_ADDRESS = _Base("ADDRESS", "He moved to ", "742 Evergreen Terrace", " in spring.")
_NAME = _Base("PERSON", "The report was signed by Dr. ", "Sarah Johnson", " on Monday.")
_PATIENT = _Base("PERSON", "Patient: ", "Michael Robinson", " was discharged.")

_NUMBERS = (_SSN, _CARD, _PHONE)
_DIGITS = (*_NUMBERS, _MRN, _BORN, _PASSPORT, _IP)
_CHECKED = (*_NUMBERS, _EMAIL, _IBAN)
_NAMES = (_NAME, _PATIENT)
_ALL = (*_DIGITS, _EMAIL, _IBAN, _ADDRESS, *_NAMES)
_LATIN = (_EMAIL, _NAME, _PATIENT, _ADDRESS)

_Change = Callable[[str], str]


def cases() -> list[Case]:
    """Return every case, in the same order each time; names are unique."""
    return [*_of_values(), *_of_surroundings(), *_of_names(), *_of_context_words(), *_written_out()]


def _of_values() -> Iterator[Case]:
    for kind, (change, bases) in _VALUE_CHANGES.items():
        for base in bases:
            value = change(base.value)
            if value != base.value:
                yield _case(kind, base, base.before, value, base.after)


def _case(kind: str, base: _Base, before: str, value: str, after: str, variant: str = "") -> Case:
    name = f"{kind}/{base.entity}{variant}{'/2' if base is _PATIENT else ''}"
    start = len(before)
    return Case(name, kind, before + value + after, start, start + len(value), base.entity, name in KNOWN_MISSES)


def _between(sign: str) -> _Change:
    return sign.join


def _after_each(sign: str) -> _Change:
    return lambda value: "".join(character + sign for character in value)


def _mapped(source: str, target: str) -> _Change:
    return lambda value: value.translate(str.maketrans(source, target))


def _shifted(digit: int, upper: int = 0, lower: int = 0) -> _Change:
    """Move ASCII digits, capitals and small letters to where an alphabet of another style begins."""

    def change(value: str) -> str:
        return "".join(
            chr(digit + ord(c) - 48) if digit and c.isdigit()
            else chr(upper + ord(c) - 65) if upper and c.isupper()
            else chr(lower + ord(c) - 97) if lower and c.islower()
            else c
            for c in value
        )  # fmt: skip

    return change


def _fullwidth(value: str) -> str:
    return "".join(chr(ord(c) + 0xFEE0) if "!" <= c <= "~" else c for c in value)


def _accented(value: str) -> str:
    return unicodedata.normalize("NFC", "".join(c + "\u0301" if c in "aeiou" else c for c in value))


def _parted(sign: str) -> _Change:
    """Put a sign in place of every dash, or of every space where there is no dash."""
    return lambda value: value.replace("-", sign) if "-" in value else value.replace(" ", sign)


def _broken(sign: str, where: str) -> _Change:
    """Break the value once: behind its last separator, or in the middle of a run."""

    def change(value: str) -> str:
        at = max(value.rfind(c) for c in "-. /@") + 1 if where == "separator" else len(value) // 2
        at = at if at > 0 else len(value) // 2
        return value[:at] + sign + value[at:]

    return change


def _around_separators(value: str) -> str:
    return "".join(f" {c} " if c in "-/.@" else c for c in value)


def _tagged(value: str) -> str:
    half = len(value) // 2
    return f"{value[:half]}</span><b class='x'>{value[half]}</b><!-- x -->{value[half + 1 :]}"


def _base64(value: str) -> str:
    return base64.b64encode(value.encode()).decode()


def _base64_sentence(value: str) -> str:
    return base64.b64encode(f"contact on file: {value} (verified)".encode()).decode()


def _base64_url(value: str) -> str:
    return base64.urlsafe_b64encode(f"ssn? {value} >>".encode()).decode().rstrip("=")


def _named_references(value: str) -> str:
    for sign, name in (("@", "commat"), (".", "period"), ("-", "hyphen"), (" ", "nbsp")):
        value = value.replace(sign, f"&{name};")
    return value


def _quoted_signs(value: str) -> str:
    return "".join(c if c.isalnum() else f"={ord(c):02X}" for c in value)


def _percent_all(value: str) -> str:
    return "".join(f"%{ord(c):02X}" for c in value)


def _smuggled(value: str) -> str:
    return "".join(chr(0xE0000 + ord(c)) for c in value)


_TO_CYRILLIC = _mapped("aeopcxyisjABEKMHOPCTXSJI", "аеорсхуіѕјАВЕКМНОРСТХЅЈІ")
_TO_GREEK = _mapped("aovipABEZHIKMNOPTYX", "αονιρΑΒΕΖΗΙΚΜΝΟΡΤΥΧ")
_TO_OTHERS = _mapped("hnoqguSODREMTJA", "հոօզցսЅՕᎠᎡᎬᎷᎢᎫᎪ")

_VALUE_CHANGES: dict[str, tuple[_Change, tuple[_Base, ...]]] = {
    "zero-width space": (_between("\u200b"), _ALL),
    "zero-width joiner": (_between("\u200d"), _CHECKED),
    "soft hyphen": (_between("\u00ad"), _ALL),
    "word joiner": (_between("\u2060"), _CHECKED),
    "byte order mark": (_between("\ufeff"), (_SSN, _EMAIL, _NAME)),
    "bidirectional marks": (lambda v: f"\u202d{v[:3]}\u200e{v[3:]}\u202c", _CHECKED),
    "reversed display": (lambda v: f"\u202e{v[::-1]}\u202c", (_SSN, _PHONE, _EMAIL)),
    "variation selector": (_after_each("\ufe0f"), (*_NUMBERS, _EMAIL, _NAME)),
    "keycap": (lambda v: "".join(c + "\ufe0f\u20e3" if c.isdigit() else c for c in v), _DIGITS),
    "struck through": (_after_each("\u0336"), (*_DIGITS, _EMAIL, _NAME)),
    "control characters": (_between("\x00"), (_SSN, _EMAIL, _CARD)),
    "tag characters": (_smuggled, (_SSN, _EMAIL, _PHONE)),
    "full width": (_fullwidth, _ALL),
    "mathematical": (_shifted(0x1D7F6, 0x1D670, 0x1D68A), _ALL),
    "superscript": (_mapped("0123456789", "⁰¹²³⁴⁵⁶⁷⁸⁹"), _DIGITS),
    "circled": (_shifted(0, 0x24B6, 0x24D0), (_NAME, _EMAIL)),
    "circled digits": (_mapped("0123456789", "⓪①②③④⑤⑥⑦⑧⑨"), _DIGITS),
    "Arabic digits": (_shifted(0x0660), _DIGITS),
    "Devanagari digits": (_shifted(0x0966), _NUMBERS),
    "Thai digits": (_shifted(0x0E50), (_SSN, _MRN)),
    "Cyrillic letters": (_TO_CYRILLIC, (*_LATIN, _IBAN)),
    "Greek letters": (_TO_GREEK, (*_LATIN, _IBAN)),
    "letters of many scripts": (_TO_OTHERS, _LATIN),
    "small capitals": (_mapped("abcdefghijklmnoprstuvwz", "ᴀʙᴄᴅᴇꜰɢʜɪᴊᴋʟᴍɴᴏᴘʀꜱᴛᴜᴠᴡᴢ"), (_NAME, _EMAIL)),
    "accents": (_accented, (_NAME, _PATIENT, _EMAIL)),
    "no-break space": (_parted("\u00a0"), (_NAME, _ADDRESS, *_NUMBERS)),
    "thin space": (_parted("\u2009"), (_NAME, *_NUMBERS)),
    "no-break hyphen": (_parted("\u2011"), _NUMBERS),
    "en dash": (_parted("\u2013"), _NUMBERS),
    "minus sign": (_parted("\u2212"), _NUMBERS),
    "ideographic stop": (lambda v: v.replace(".", "\u3002"), (_EMAIL, _IP)),
    "one-dot leader": (lambda v: v.replace(".", "\u2024"), (_EMAIL, _IP)),
    "small at sign": (lambda v: v.replace("@", "\ufe6b"), (_EMAIL,)),
    "middle dots": (_parted("\u00b7"), _NUMBERS),
    "line end at a separator": (_broken("\n", "separator"), (*_DIGITS, _EMAIL, _NAME, _ADDRESS)),
    "line end within a run": (_broken("\n", "run"), (_SSN, _CARD, _PHONE, _MRN, _PASSPORT, _IBAN, _EMAIL)),
    "hyphen and line end": (_broken("-\n", "run"), (_CARD, _MRN, _PASSPORT, _IBAN)),
    "carriage return": (_broken("\r\n", "separator"), (*_NUMBERS, _EMAIL)),
    "tabs": (_parted("\t"), (*_NUMBERS, _NAME)),
    "wide spaces": (_parted("   "), (*_NUMBERS, _NAME, _ADDRESS)),
    "spaces around separators": (_around_separators, (*_NUMBERS, _EMAIL, _IP, _BORN)),
    "letter by letter": (_between(" "), (*_CHECKED, _MRN, _PASSPORT)),
    "dash by dash": (lambda v: "-".join(c for c in v if c.isalnum()), (_SSN, _PHONE, _CARD)),
    "slashes": (_parted("/"), _NUMBERS),
    "underscores between": (_parted("_"), _NUMBERS),
    "dots between": (_parted("."), _NUMBERS),
    "stars between": (_parted("*"), _NUMBERS),
    "mark-up": (lambda v: f"{v[:4]}**{v[4:6]}**{v[6:]}", (_SSN, _PHONE)),
    "HTML decimal": (lambda v: "".join(f"&#{ord(c)};" for c in v), _ALL),
    "HTML hexadecimal": (lambda v: "".join(f"&#x{ord(c):x};" for c in v), _CHECKED),
    "HTML named": (_named_references, (*_NUMBERS, _EMAIL, _NAME)),
    "HTML twice": (lambda v: "".join(f"&amp;#{ord(c)};" for c in v), _NUMBERS),
    "HTML tags": (_tagged, (*_NUMBERS, _EMAIL, _MRN)),
    "percent": (lambda v: quote(v, safe="").replace("-", "%2D").replace(".", "%2E"), (*_CHECKED, _IP, _BORN, *_NAMES)),
    "percent all": (_percent_all, (*_CHECKED, _MRN)),
    "percent twice": (lambda v: _percent_all(v).replace("%", "%25"), (_SSN, _EMAIL, _NAME)),
    "escaped": (lambda v: "".join(f"\\u{ord(c):04x}" for c in v), (*_CHECKED, _MRN, _NAME)),
    "escaped bytes": (lambda v: "".join(f"\\x{ord(c):02x}" for c in v), _NUMBERS),
    "escaped twice": (lambda v: v.replace("@", "\\\\u0040").replace("-", "\\\\u002d"), (_SSN, _EMAIL)),
    "JSON slashes": (lambda v: v.replace("/", "\\/"), (_BORN,)),
    "quoted-printable": (_quoted_signs, (*_NUMBERS, _EMAIL, _NAME)),
    "soft line break": (lambda v: v[: len(v) // 2] + "=\r\n" + v[len(v) // 2 :], (*_CHECKED, _MRN)),
    "base64": (_base64, (_SSN, _CARD, _PHONE, _EMAIL, _IBAN, _IP)),
    "base64 of a sentence": (_base64_sentence, (*_CHECKED, _NAME)),
    "base64 for URLs": (_base64_url, (_SSN, _EMAIL, _CARD)),
    "base64 twice": (lambda v: _base64(_base64(v)), _CHECKED),
    "base64 of UTF-16": (lambda v: base64.b64encode(v.encode("utf-16-le")).decode(), (_SSN, _EMAIL)),
    "base32": (lambda v: base64.b32encode(v.encode()).decode(), (_SSN, _EMAIL)),
    "hexadecimal": (lambda v: v.encode().hex(), (_SSN, _EMAIL, _CARD)),
    "hexadecimal, spaced": (lambda v: v.encode().hex(" "), (_SSN, _EMAIL)),
    "letters for digits": (_mapped("01", "Ol"), (_SSN, _CARD, _PHONE)),
}


_GLUES: dict[str, tuple[str, str]] = {
    "underscores": ("scan_", "_final"),
    "a file name": ("/data/export_", ".pdf"),
    "a query": ("https://portal.example/find?id=", "&lang=en"),
    "letters": ("No", "x"),
    "bars": ("|", "|"),
    "an equals sign": ("value=", ";"),
    "a hyphen": ("intake-", "-copy"),
}


def _of_surroundings() -> Iterator[Case]:
    for glue, (left, right) in _GLUES.items():
        for base in (_SSN, _CARD, _PHONE, _EMAIL) if glue != "letters" else _NUMBERS:
            yield _case(f"glued to {glue}", base, base.before + left, base.value, right + base.after)


def _of_names() -> Iterator[Case]:
    for base in _NAMES:
        first, last = base.value.split()
        written = {
            "capitals": (base.value.upper(), base.before.upper(), base.after.upper()),
            "small letters": (base.value.lower(), base.before.lower(), base.after.lower()),
            "last name first": (f"{last}, {first}", base.before, base.after),
            "LAST,FIRST": (f"{last},{first}".upper(), "Chart of ", " reviewed."),
            "Last,First": (f"{last},{first}", "Chart of ", " reviewed."),
            "spaced name": (f"{' '.join(first)}   {' '.join(last)}", base.before, base.after),
            "spaced capitals": (f"{' '.join(first.upper())}  {' '.join(last.upper())}", base.before, base.after),
            "underscored name": (f"{first}_{last}", "Upload of patient_", "_2024.pdf done."),
            "name in a query": (f"{first}+{last}", "GET /search?patient=", "&page=2 failed."),
            "name in a field": (f"{first} {last}", "status=ok|patient=", "|ward=3"),
            "camel case": (f"{first}{last}", "Signed: ", " today."),
            "initials": (f"{first[0]}. {last}", base.before, base.after),
        }
        for kind, (value, before, after) in written.items():
            yield _case(kind, base, before, value, after)


_CONTEXT_WORDS: tuple[tuple[str, str, _Base], ...] = (
    ("zero-width context word", "S\u200bS\u200bN ", _SSN),
    ("dotted context word", "S.S.N. ", _SSN),
    ("spaced context word", "S S N: ", _SSN),
    ("homoglyph context word", "ЅЅN: ", _SSN),
    ("full-width context word", "ＳＳＮ：", _SSN),
    ("underscored context word", "social_security_number=", _SSN),
    ("struck context word", "S\u0336S\u0336N\u0336 ", _SSN),
    ("HTML context word", "S&#83;N ", _SSN),
    ("soft hyphen context word", "pass\u00adport ", _PASSPORT),
    ("homoglyph context word", "раssроrt ", _PASSPORT),
    ("glued context word", "ssn", _SSN),
    ("dotted context word", "M.R.N. ", _MRN),
    ("zero-width context word", "M\u200bR\u200bN: ", _MRN),
    ("homoglyph context word", "МRN ", _MRN),
    ("dotted context word", "D.O.B. ", _BORN),
    ("spaced context word", "D O B: ", _BORN),
    ("underscored context word", "date_of_birth=", _BORN),
    ("homoglyph context word", "рhоnе ", _PHONE),
)


def _of_context_words() -> Iterator[Case]:
    for kind, word, base in _CONTEXT_WORDS:
        value = base.value if base is _BORN else base.value.replace("-", "")
        yield _case(kind, base, f"On file: {word}", value, " and no other.")


_WRITTEN_OUT: tuple[tuple[str, _Base, str], ...] = (
    ("at and dot", _EMAIL, "jane dot doe at example dot com"),
    ("at and dot", _EMAIL, "jane.doe at example dot com"),
    ("at and dot", _EMAIL, "jane.doe at example.com"),
    ("at and dot", _EMAIL, "JANE DOT DOE AT EXAMPLE DOT COM"),
    ("at and dot in brackets", _EMAIL, "jane.doe [at] example [dot] com"),
    ("at and dot in brackets", _EMAIL, "jane.doe(at)example(dot)com"),
    ("at and dot in brackets", _EMAIL, "jane.doe{at}example.com"),
    ("at and dot in brackets", _EMAIL, "jane.doe<at>example.com"),
    ("at and dot in brackets", _EMAIL, "jane.doe[@]example[.]com"),
    ("at and dot in dashes", _EMAIL, "jane.doe-at-example-dot-com"),
    ("signs by name", _EMAIL, "jane underscore doe at example dot co dot uk"),
    ("digits by name", _SSN, "two one nine, zero nine, eight six four two"),
    ("digits by name", _SSN, "two-one-nine-oh-nine-eight-six-four-two"),
    ("digits by name", _PHONE, "three one two, five five five, oh one eight seven"),
    ("digits by name", _PHONE, "three one two triple five zero one eight seven"),
    ("digits by name", _PHONE, "three twelve, 555, zero one eighty-seven"),
    ("digits by name", _CARD, "four five three nine one four eight eight zero three four three six four six seven"),
    ("dots in brackets", _IP, "192[.]168[.]40[.]27"),
    ("dots by name", _IP, "192 dot 168 dot 40 dot 27"),
    ("two encodings", _EMAIL, base64.b64encode(b"mail=jane.doe%40example.com").decode()),
    ("two encodings", _SSN, "%26%2350%3B19-09-8642"),
    ("two encodings", _SSN, quopri.encodestring("219\u200b-09\u200b-8642".encode()).decode()),
    ("space within a domain", _EMAIL, "jane.doe@exam ple.com"),
    ("line end after a first name", _EMAIL, "jane.\ndoe@example.com"),
    ("hundreds by name", _SSN, "two hundred nineteen, 09, 8642"),
    ("one space within a run", _PASSPORT, "9123 45678"),
    ("semicolon", _NAME, "Johnson;Sarah"),
    ("leetspeak", _NAME, "5ar4h J0hn50n"),
    ("written backwards", _NAME, "nosnhoJ haraS"),
    ("written backwards", _EMAIL, "moc.elpmaxe@eod.enaj"),
    ("shifted by thirteen", _NAME, "Fnenu Wbuafba"),
    ("encoded three times", _SSN, _base64(_base64(_base64("219-09-8642")))),
    ("several evasions", _SSN, "２１９ – ０９ –\n８６４２"),
    ("several evasions", _SSN, "2\u200b1\u200b9 0\u200b9  8642"),
    ("several evasions", _EMAIL, "jаnе.dое @ ехаmрlе . соm"),
    ("several evasions", _CARD, "４５３９\n１４８８\n０３４３\n６４６７"),
)


def _written_out() -> Iterator[Case]:
    numbers: dict[str, int] = {}
    for kind, base, value in _WRITTEN_OUT:
        numbers[kind + base.entity] = number = numbers.get(kind + base.entity, 0) + 1
        yield _case(kind, base, base.before, value, base.after, f"/{number}")


# Left open on purpose: to find these would join words of ordinary prose, or read it in ways that nobody does.
KNOWN_MISSES: frozenset[str] = frozenset(
    {
        "encoded three times/US_SSN/1",
        "hundreds by name/US_SSN/1",
        "leetspeak/PERSON/1",
        "line end after a first name/EMAIL_ADDRESS/1",
        "one space within a run/US_PASSPORT/1",
        "space within a domain/EMAIL_ADDRESS/1",
        "written backwards/PERSON/1",
    }
)
