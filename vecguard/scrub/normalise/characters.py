"""Read every character as the plain one that it stands for: the fold that every text goes through.

What it removes are differences that a reader does not see or does not mind: invisible characters, widths, styles,
accents, the script of digits, the shape of dashes, quotes and spaces, and letters borrowed from other scripts.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Iterator
from functools import lru_cache

from vecguard.scrub.normalise.confusables import ALWAYS, LOOKALIKES, MIDDLE_DOTS, PUNCTUATION
from vecguard.scrub.normalise.reading import Edit, Reading

_MARKS = frozenset({"Mn", "Me"})
_SUBSTITUTE_LIMIT = 6  # characters: U+FDFA alone stands for 18, and a text of those would grow eighteenfold

# Letters without a shape and others that Unicode advises not to draw, and the placeholder for an embedded object.
_UNDRAWN = frozenset("\u034f\u115f\u1160\u17b4\u17b5\u180e\u2065\u3164\uffa0\ufffc")

_FOLDABLE = re.compile(r"[^\t\n\v\f\r -~]")
_WORD = re.compile(r"[^\W\d_]+")
_LOOKALIKE = re.compile(f"[{''.join(LOOKALIKES)}]")
_FOREIGN_LETTER = re.compile(r"[^\W\d_\x00-\u024f]")
_MIDDLE_DOT = re.compile(rf"[{MIDDLE_DOTS}]")
_LONG_DASH = re.compile(
    r"(?<=\d)[\u30fc\uff70\u4e00](?=\d)"
)  # a vowel mark and a numeral that serve as dashes in Japanese
_HAN_DIGITS = "〇一二三四五六七八九"
_HAN_NUMBER = re.compile(rf"(?:[{_HAN_DIGITS}零][-. ]?){{3,}}")


def folded(reading: Reading) -> Reading:
    """Return the reading with every character folded; the same object where there is nothing to fold."""
    if not _FOLDABLE.search(reading.text):
        return reading
    reading = reading.rewritten("folded", _character_edits(reading.text))
    if reading.text.isascii():
        return reading
    reading = reading.rewritten("folded", list(_han_edits(reading.text)))
    return reading.rewritten("folded", list(_lookalike_edits(reading.text)))


def _character_edits(text: str) -> list[Edit]:
    """Edit character by character, a mark together with what it sits on, so that no finding leaves it behind."""
    edits: list[Edit] = []
    for match in _FOLDABLE.finditer(text):
        at = match.start()
        character = match.group()
        plain = _plain(character) if character not in MIDDLE_DOTS else _middle_dot(text, at)
        if plain == character:
            continue
        if plain or at == 0 or unicodedata.category(character) not in _MARKS:
            edits.append(Edit(at, at + 1, plain))
        elif edits and edits[-1].end == at:
            edits[-1] = Edit(edits[-1].start, at + 1, edits[-1].text)
        else:
            edits.append(Edit(at - 1, at + 1, text[at - 1]))
    return edits


def _middle_dot(text: str, at: int) -> str:
    """Return what a dot at half height is: between two halves of a value a dot, or else a bullet."""
    between = 0 < at < len(text) - 1 and text[at - 1].isalnum() and text[at + 1].isalnum()
    return "." if between else text[at]


@lru_cache(maxsize=8192)
def _plain(character: str) -> str:  # noqa: PLR0911 - one return for each thing that a character can be
    """Return what a character is read as; nothing for one that is not seen."""
    for table in (PUNCTUATION, ALWAYS):
        if character in table:
            return table[character]
    category = unicodedata.category(character)
    if category in {"Cf", "Cc"} or character in _UNDRAWN or 0xE0000 <= ord(character) <= 0xE0FFF:
        return ""
    if category in _MARKS:
        # Combining class 0 is a vowel of an Indic script, or else a variation selector or an enclosing shape.
        vowel = category == "Mn" and not unicodedata.combining(character) and not 0xFE00 <= ord(character) <= 0xFE0F
        return character if vowel else ""
    digit = unicodedata.digit(character, None)
    if digit is not None:
        return str(digit)
    if category == "Pd":
        return "-"
    if category == "Zs":
        return " "
    return _compatible(character)


def _compatible(character: str) -> str:
    plain = unicodedata.normalize("NFKC", character)
    if len(plain) > _SUBSTITUTE_LIMIT:
        return character
    parts = unicodedata.normalize("NFD", plain)
    if len(parts) > len(plain) and parts[0] < "\u1100":  # an accented letter; a Hangul syllable stays whole
        plain = "".join(part for part in parts if not unicodedata.combining(part))
    return "".join(_of_compatible(part) for part in plain)


def _of_compatible(character: str) -> str:
    """Fold what a compatibility form unfolds to: a small em dash is a dash, a parenthesised word has spaces."""
    if character < "\x80":
        return character
    if unicodedata.category(character) in {"Pd", "Zs"}:
        return "-" if unicodedata.category(character) == "Pd" else " "
    return PUNCTUATION.get(character) or ALWAYS.get(character) or character


def _han_edits(text: str) -> Iterator[Edit]:
    """Read Chinese numerals in a row as digits, and the dashes that Japanese writes between digits."""
    if not re.search(rf"[{_HAN_DIGITS}零\u30fc\uff70]", text):
        return
    spots = [match.start() for match in _LONG_DASH.finditer(text)]
    dashes = dict.fromkeys(spots, "-")
    numerals = {
        at: str(_HAN_DIGITS.index(text[at])) if text[at] != "零" else "0"
        for match in _HAN_NUMBER.finditer(text)
        for at in range(*match.span())
        if text[at] in _HAN_DIGITS + "零"
    }
    for at, plain in sorted((numerals | dashes).items()):
        yield Edit(at, at + 1, plain)


def _lookalike_edits(text: str) -> Iterator[Edit]:
    """Read letters of other scripts as Latin, word by word, and leave alone the words that are truly foreign.

    A word with Latin and foreign letters is Latin. One of nothing but lookalikes is Latin beside an "@", or where no
    word of the text proves that somebody writes in its script.
    """
    if not _LOOKALIKE.search(text):
        return
    foreign = _scripts_in_use(text)
    for match in _WORD.finditer(text):
        word = match.group()
        if word.isascii() or not _LOOKALIKE.search(word):
            continue
        if _has_latin(word) or (_all_lookalikes(word) and _is_planted(text, match, foreign)):
            for at, letter in enumerate(word, match.start()):
                if letter in LOOKALIKES:
                    yield Edit(at, at + 1, LOOKALIKES[letter])


def _has_latin(word: str) -> bool:
    return any(letter < "\u0250" for letter in word)


def _all_lookalikes(word: str) -> bool:
    return all(letter in LOOKALIKES for letter in word)


def _is_planted(text: str, match: re.Match[str], foreign: frozenset[str]) -> bool:
    start, end = match.span()
    if "@" in text[max(0, start - 1) : start] + text[end : end + 1] or _glued_to_latin(text, start, end):
        return True
    if end - start == 1:  # a lone letter means itself, but between digits it is one
        return (text[start - 1 : start] + text[end : end + 1]).isdigit() and LOOKALIKES[text[start]] in "OoIlSB"
    return _script(text[start]) not in foreign


def _glued_to_latin(text: str, start: int, end: int) -> bool:
    """Whether a dot, dash or underscore ties the word to an ASCII letter: the parts of an address are one word."""
    before, after = text[max(0, start - 2) : start], text[end : end + 2]
    return any(
        len(pair) == 2 and pair[mark] in "._-+" and pair[1 - mark].isascii() and pair[1 - mark].isalpha()
        for pair, mark in ((before, 1), (after, 0))
    )


def _scripts_in_use(text: str) -> frozenset[str]:
    """Return the scripts in which the text has a word that cannot be misread as Latin."""
    return frozenset(
        _script(word[0])
        for word in _WORD.findall(text)
        if len(word) > 2 and _FOREIGN_LETTER.match(word) and not _has_latin(word) and not _all_lookalikes(word)
    )


@lru_cache(maxsize=8192)
def _script(letter: str) -> str:
    return unicodedata.name(letter, "").partition(" ")[0]
