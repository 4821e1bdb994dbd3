"""Samples of what attackers read off rows, with the texts veiled unless somebody asked to see them."""

from __future__ import annotations

import hashlib
import hmac
import re
import secrets
from collections.abc import Callable, Mapping, Sequence

from vecguard.redteam import Tried
from vecguard.redteam.findings import Sample
from vecguard.redteam.words import is_content

_WORD = re.compile(r"\w+(?:['\u2019]\w+)?")
_LONGEST = 400  # characters of a text that are shown
_LETTERS = "bcdfghjklmnpqrst"  # no vowels: a code is no word


def veil() -> Callable[[str], str]:
    """Return what takes the content out of texts: each word that carries some becomes a code of five letters.

    The same word is the same code, so that a reader sees which words an attacker got right, and not what they say. The
    key of the codes is drawn at random and kept by nobody.
    """
    key = secrets.token_bytes(32)

    def coded(found: re.Match[str]) -> str:
        word = found[0].lower().replace("\u2019", "'")
        if not is_content(word):
            return found[0]
        drawn = hmac.digest(key, word.encode("utf-8", "surrogatepass"), hashlib.sha256)
        return "".join(_LETTERS[byte % len(_LETTERS)] for byte in drawn[:5])

    return lambda text: _WORD.sub(coded, text)


def samples(
    texts: Sequence[str], told: Mapping[str, Mapping[str, Sequence[str]]], *, show: bool = False
) -> tuple[Sample, ...]:
    """Return what was read off the rows of these texts: `told[setting][attacker][row]`."""
    veiled = _as_it_is if show else veil()
    return tuple(
        Sample(
            original=veiled(_cut(text)),
            told={
                setting: {label: veiled(_cut(rows[row])) for label, rows in of_setting.items() if row < len(rows)}
                for setting, of_setting in told.items()
            },
        )
        for row, text in enumerate(texts)
    )


def told(tried: Sequence[Tried]) -> dict[str, tuple[str, ...]]:
    """Return what each attacker that reads texts said of the first rows, naive ones under a name of their own."""
    return {_named(each): each.told for each in tried if each.told and each.results}


def _named(tried: Tried) -> str:
    first = tried.results[0]
    return first.attack if first.adaptive else f"{first.attack}, naive"


def _cut(text: str) -> str:
    return text if len(text) <= _LONGEST else f"{text[:_LONGEST]} ..."


def _as_it_is(text: str) -> str:
    return text
