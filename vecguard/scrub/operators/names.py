"""Fake names, word by word, so that "Sarah Johnson", "Johnson" and "JOHNSON, Sarah" share the fakes of their words."""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable, Sequence
from dataclasses import dataclass
from functools import cache
from importlib import import_module
from itertools import count

from vecguard.scrub.normalise import fold
from vecguard.scrub.operators.keyed import Keyed, Ring
from vecguard.scrub.operators.numbers import fake_number

_LOCALES = (
    *("en_US", "en_GB", "en_IE", "en_IN", "es_ES", "es_MX", "fr_FR", "de_DE", "it_IT", "nl_NL", "pt_BR", "pl_PL"),
    *("sv_SE", "da_DK", "no_NO", "fi_FI", "tr_TR", "hr_HR", "ro_RO", "cs_CZ", "hu_HU", "id_ID", "ga_IE", "zu_ZA"),
)
_COMMON = ("en_US", "en_GB")  # not for fakes: a name that an embedder reads as one word tells people apart less well
_PLAIN = re.compile(r"[A-Z][a-z]{2,11}")  # one word, no accents: what every embedder has met

# "O'Brien" is one word, and "Smith's" ends before its apostrophe.
WORD = re.compile(r"(?<![^\W\d_]['\u2019])[^\W\d_]+(?:['\u2019][^\W\d_]{2,})*")
_LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZ"
_ATTEMPTS = 16

# Words of a name that name nobody, where they stand: in front, between two words, at the end.
_TITLES = frozenset(
    "dr mr mrs ms miss mx prof professor doctor sir dame lord lady madam nurse rev reverend fr capt captain sgt lt col "  # noqa: SIM905
    "gen hon judge justice mayor senator".split()
)
_PARTICLES = frozenset("van von der den de del della di da dos bin ibn al el ten ter la le du of the and y e".split())  # noqa: SIM905
_SUFFIXES = frozenset("jr sr ii iii iv md phd rn np pa dds dvm esq mba".split())  # noqa: SIM905


@dataclass(frozen=True, slots=True)
class _Lists:
    """Faker's names: which words are first names and nothing else, and the fakes for them and for all others."""

    only_first: frozenset[str]
    first: Ring
    last: Ring


@cache
def _lists() -> _Lists:
    first, last = _listed("first_names", _LOCALES), _listed("last_names", _LOCALES)
    common = _listed("first_names", _COMMON) | _listed("last_names", _COMMON)
    return _Lists(frozenset(name.casefold() for name in first - last), Ring(first - common), Ring(last - common))


def _listed(prefix: str, locales: Sequence[str]) -> frozenset[str]:
    providers = [import_module(f"faker.providers.person.{locale}").Provider for locale in locales]
    lists = (getattr(provider, name) for provider in providers for name in dir(provider) if name.startswith(prefix))
    return frozenset(name for names in lists for name in names if _PLAIN.fullmatch(name))


def plain(value: str) -> str:
    """Return a value folded, and without the marks that some scripts put on letters: a fake has letters of its own."""
    return "".join(character for character in fold(value).text if unicodedata.category(character)[0] != "M")


def fake_name(keyed: Keyed, value: str) -> str:
    """Return the name with every word that names somebody replaced: case, order, initials and particles stay."""
    text = plain(value)
    words = [match.group() for match in WORD.finditer(text)]
    kept = _naming_nobody(words)
    at = count()

    def fake(word: str, taken: frozenset[str]) -> str:
        return word if next(at) in kept else _fake_part(keyed, word, taken)

    return re.sub(r"\d+", lambda match: fake_number(keyed, "DIGITS", match.group()), each_word(text, fake))


def _naming_nobody(words: Sequence[str]) -> set[int]:
    """Return which words of a name are titles, particles or suffixes; "Van Morrison" and "Al Gore" have none."""
    folded = [word.casefold() for word in words]
    first = next((at for at, word in enumerate(folded[:-1]) if word not in _TITLES), len(words) - 1)
    last = len(words) - 1
    while last > first and folded[last] in _SUFFIXES:
        last -= 1
    cased = any(not word.islower() for word in words)
    particles = {
        at for at in range(first, last) if folded[at] in _PARTICLES and (at > first or (cased and words[at].islower()))
    }
    return {*range(first), *particles, *range(last + 1, len(words))}


def each_word(text: str, fake: Callable[[str, frozenset[str]], str]) -> str:
    """Replace each word of a plain text; `fake` gets the word and all words, none of which may come back."""
    taken = frozenset(match.group().casefold() for match in WORD.finditer(text))
    return WORD.sub(lambda match: fake(match.group(), taken), text)


def _fake_part(keyed: Keyed, word: str, taken: frozenset[str]) -> str:
    return fake_initial(keyed, word, taken) if len(word) == 1 else fake_word(keyed, word, taken)


def fake_word(keyed: Keyed, word: str, taken: frozenset[str]) -> str:
    """Return a name for a word: a first name for what is only that, a last name for any other."""
    lists = _lists()
    ring = lists.first if word.casefold() in lists.only_first else lists.last
    for attempt in range(_ATTEMPTS):
        fake = ring.choose(keyed.draws("name", word.casefold(), attempt))
        if fake.casefold() not in taken:
            return styled(fake, word)
    raise ValueError("no name is left for a word")  # sixteen misses of thousands of names: the value holds them all


def fake_initial(keyed: Keyed, letter: str, taken: frozenset[str]) -> str:
    """Return another letter, of the same case."""
    fakes = [_LETTERS[keyed.draws("initial", letter.casefold(), n).below(26)] for n in range(_ATTEMPTS)]
    fakes += _LETTERS  # sixteen misses: nearly every letter stands in the value, and one of them has to come back
    others = [fake for fake in fakes if fake.casefold() != letter.casefold()]
    fake = next((each for each in others if each.casefold() not in taken), others[0])
    return fake.lower() if letter.islower() else fake


def styled(fake: str, word: str) -> str:
    """Write a fake in the case of the word it stands for."""
    if word.isupper():
        return fake.upper()
    return fake.lower() if word.islower() else fake
