r"""Undo the encodings in which text travels: HTML, URLs, string literals, quoted-printable, base64 and hexadecimal.

Each decoder yields edits in one pass over the text. An encoding applied to itself ("%2540", "&amp;#64;", "\\u0040")
is undone in the same pass.
"""

from __future__ import annotations

import base64
import binascii
import re
from collections.abc import Iterator
from html.entities import html5
from itertools import pairwise

from vecguard.scrub.normalise.reading import Edit, disjoint

_ENTITY = re.compile(
    r"&(?:amp;)*(?:#(?P<decimal>\d{1,7});?|#[xX](?P<hex>[0-9a-fA-F]{1,6});?|(?P<name>[A-Za-z]\w{1,31};))"
)
_BLOCK = frozenset("br p div td th tr li ul ol dl dt dd hr h1 h2 h3 h4 h5 h6 table section article pre".split())  # noqa: SIM905 - read as running text
_TAG = re.compile(r"</?([A-Za-z][\w:-]{0,30})(?:\s[^<>]{0,256})?/?>|<!--[^<>]{0,256}-->")
_PERCENT = re.compile(r"%(?:25)*(?:u(?P<wide>[0-9a-fA-F]{4})|(?P<byte>[0-9a-fA-F]{2}))")
_ESCAPE = re.compile(
    r"\\{1,8}(?:u(?P<u>[0-9a-fA-F]{4})|u\{(?P<braced>[0-9a-fA-F]{1,6})\}|U(?P<long>[0-9a-fA-F]{8})"
    r"|x(?P<byte>[0-9a-fA-F]{2})|(?P<octal>[0-3][0-7]{2})|(?P<letter>(?:(?<=\S\\)|(?<=\S\\\\))[nrt]|[nrt](?=\S)|[bfv/'\"@.:_+-]))"
)
_LETTERS = {"n": "\n", "r": "\n", "t": "\t", "b": "", "f": "\n", "v": "\n"}
_QUOTED = re.compile(r"=(?:(?P<byte>[0-9A-F]{2})|[ \t]*\r?\n)")

# "n=20" and "x=4012" are no quoted-printable; a code for a sign in the middle of a word is, and so are three in a row.
_QUOTED_SIGNS = re.compile(r"=[ \t]*\r?\n|=[2-9C-F][A-F]|=(?:40|20)(?=[A-Za-z])|(?:=[0-9A-F]{2}){3}")

_RUN = re.compile(r"(?<![A-Za-z0-9+/_-])[A-Za-z0-9+/_-]{12,}(?:[ \t]*\r?\n[ \t]*[A-Za-z0-9+/_-]{4,})*={0,2}")
_HEX_RUN = re.compile(r"(?:0[xX])?([0-9a-fA-F]{14,})")
_SPACED_HEX = re.compile(
    r"(?:0x)?[0-9a-fA-F]{2}(?:([ :,-]|, )(?:0x)?[0-9a-fA-F]{2})(?:\1(?:0x)?[0-9a-fA-F]{2}){5,}(?![0-9A-Za-z])"
)
_HEX_DIGITS = re.compile(r"(?:0x)?([0-9a-fA-F]{2})")
_BASE32_RUN = re.compile(r"[A-Z2-7]{16,}={0,6}")
_PART = re.compile(r"[A-Za-z0-9+]{12,}={0,2}")
_LEAST = 7  # bytes: the shortest value worth hiding


def html(text: str) -> list[Edit]:
    """Character references become characters, tags within a line vanish and tags that end a line become one."""
    edits = []
    if "&" in text:
        edits += [
            Edit(*match.span(), plain) for match in _ENTITY.finditer(text) if (plain := _referred(match)) is not None
        ]
    if "<" in text:
        edits += [Edit(*m.span(), "\n" if (m[1] or "").lower() in _BLOCK else "") for m in _TAG.finditer(text)]
        edits = disjoint(edits)
    return edits


def _referred(match: re.Match[str]) -> str | None:
    if name := match["name"]:
        return html5.get(name)
    code = int(match["decimal"]) if match["decimal"] else int(match["hex"], 16)
    return _character(code)


def _character(code: int) -> str | None:
    if code > 0x10FFFF or 0xD800 <= code < 0xE000:
        return None
    return chr(code)


def percent(text: str) -> list[Edit]:
    """`%40` and `%u0040`, encoded any number of times over."""
    if "%" not in text:
        return []
    wide: list[Edit] = []
    octets: list[tuple[int, int, int]] = []
    for match in _PERCENT.finditer(text):
        code, octet = match.groups()
        if code:
            wide.append(Edit(*match.span(), chr(int(code, 16))))
        else:
            octets.append((*match.span(), int(octet, 16)))
    return disjoint([*_surrogates_joined(wide), *_characters(octets)])


def escapes(text: str) -> list[Edit]:
    r"""`\u0040`, `\x40`, `\100`, `\/` and `\n`, behind any number of backslashes up to eight."""
    if "\\" not in text:
        return []
    wide: list[Edit] = []
    octets: list[tuple[int, int, int]] = []
    for match in _ESCAPE.finditer(text):
        code = match["u"] or match["braced"] or match["long"]
        if code:
            point = int(code, 16)
            if point <= 0x10FFFF:
                wide.append(Edit(*match.span(), chr(point)))
        elif match["letter"]:
            wide.append(Edit(*match.span(), _LETTERS.get(match["letter"], match["letter"])))
        else:
            octets.append((*match.span(), int(match["byte"], 16) if match["byte"] else int(match["octal"], 8)))
    return disjoint([*_surrogates_joined(wide), *_characters(octets)])


def quoted_printable(text: str) -> list[Edit]:
    """`=40` and the `=` that ends a line without ending it; control characters are not decoded, `a=10` is no code."""
    if not _QUOTED_SIGNS.search(text):
        return []
    soft = [Edit(*m.span(), "") for m in _QUOTED.finditer(text) if not m["byte"]]
    octets = [(*m.span(), int(m["byte"], 16)) for m in _QUOTED.finditer(text) if m["byte"]]
    return disjoint([*soft, *(edit for edit in _characters(octets) if edit.text >= " ")])


def blobs(text: str) -> list[Edit]:
    """Decode base64, base64url, base32 and hexadecimal runs that turn out to be text, each as one piece."""
    return disjoint([edit for match in _RUN.finditer(text) for edit in _of_run(match)])


def spaced_hex(text: str) -> list[Edit]:
    """Decode `6a 61 6e 65` and `6a:61:6e:65`."""
    found = ((m, _text_of(bytes.fromhex("".join(_HEX_DIGITS.findall(m.group()))))) for m in _SPACED_HEX.finditer(text))
    return [Edit(*match.span(), plain) for match, plain in found if plain]


def _of_run(match: re.Match[str]) -> list[Edit]:
    """Decode a run as a whole, or else those of its parts that decode: a path is made of the same characters."""
    run, start = match.group(), match.start()
    if run.isalpha() and (run.islower() or run.istitle()):
        return []  # a long word
    if (
        (digits := _HEX_RUN.fullmatch(run))
        and len(digits[1]) % 2 == 0
        and (plain := _text_of(bytes.fromhex(digits[1])))
    ):
        return [Edit(*match.span(), plain)]
    if plain := _base64_text(run):
        return [Edit(*match.span(), plain)]
    found = []
    for part in _PART.finditer(run):
        plain = _base64_text(part.group()) if part.group() != run else None
        if plain:
            found.append(Edit(start + part.start(), start + part.end(), plain))
    if not found and _BASE32_RUN.fullmatch(run):
        plain = _base32_text(run)
        found = [Edit(*match.span(), plain)] if plain else []
    return found


def _base64_text(run: str) -> str | None:
    symbols = "".join(run.split()).rstrip("=").replace("-", "+").replace("_", "/")
    if len(symbols) % 4 == 1:
        symbols = symbols[:-1]
    try:
        return _text_of(base64.b64decode(symbols + "=" * (-len(symbols) % 4), validate=True))
    except (binascii.Error, ValueError):
        return None


def _base32_text(run: str) -> str | None:
    symbols = run.rstrip("=")
    try:
        return _text_of(base64.b32decode(symbols + "=" * (-len(symbols) % 8)))
    except (binascii.Error, ValueError):
        return None


def _text_of(octets: bytes) -> str | None:
    """Return what the bytes say if they are text in UTF-8 or UTF-16, else None: most bytes are not."""
    if len(octets) < _LEAST:
        return None
    encoding = "utf-8"
    if 5 * octets.count(0) > 2 * len(octets):  # every other byte of English in UTF-16
        encoding = "utf-16-le" if octets[1] == 0 else "utf-16-be"
    try:
        text = octets.decode(encoding)
    except UnicodeDecodeError:
        return None
    legible = sum(character.isprintable() or character.isspace() for character in text)
    plain = sum(map(str.isascii, text))
    return text if legible >= 0.95 * len(text) and 2 * plain >= len(text) else None


def _characters(octets: list[tuple[int, int, int]]) -> Iterator[Edit]:
    """Group (start, end, byte) into characters of UTF-8; a byte that belongs to none is read as Latin-1."""
    at = 0
    while at < len(octets):
        start, end, octet = octets[at]
        if octet < 0x80:
            yield Edit(start, end, chr(octet))
            at += 1
            continue
        size = 2 if octet < 0xE0 else 3 if octet < 0xF0 else 4
        group = octets[at : at + size]
        adjoining = all(a[1] == b[0] for a, b in pairwise(group))
        try:
            plain = bytes(o for _, _, o in group).decode() if adjoining else ""
        except UnicodeDecodeError:
            plain = ""
        if plain:
            end = group[-1][1]
            at += size
        else:
            plain = chr(octet)
            at += 1
        yield Edit(start, end, plain)


def _surrogates_joined(edits: list[Edit]) -> Iterator[Edit]:
    r"""Join `\ud83d\ude00` to the one character that the pair stands for; drop halves that stand alone."""
    pending: Edit | None = None
    for edit in edits:
        code = ord(edit.text) if len(edit.text) == 1 else 0
        if 0xD800 <= code < 0xDC00:
            pending = edit
        elif 0xDC00 <= code < 0xE000:
            if pending is not None and pending.end == edit.start:
                pair = 0x10000 + ((ord(pending.text) - 0xD800) << 10) + (code - 0xDC00)
                yield Edit(pending.start, edit.end, chr(pair))
            pending = None
        else:
            pending = None
            yield edit
