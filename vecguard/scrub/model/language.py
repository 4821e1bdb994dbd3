"""The tokeniser and the word features of the shipped recogniser, as a spaCy language.

Words are split where personal data hides and English text does not: at `/`, `_`, `=`, `:`, `@`, brackets and between
letters and sentence stops, so that `name=John_Smith` and `Thanks.John` show their names. There are no exceptions and
no URL pattern: `Dr.` is two tokens, an address is many, and every span that a reader would mark ends at a token.

The features say what a name looks like and little of which name it is: the word without case, accents and digits, its
first three and last four letters, and its shape. They are what the weights were trained on; a change here needs a
new model.
"""

from __future__ import annotations

import re
import unicodedata
from collections.abc import Callable
from typing import Any

from spacy.attrs import IS_ALPHA, IS_DIGIT, IS_PUNCT, IS_SPACE, IS_STOP, LIKE_NUM, LOWER, NORM, PREFIX, SHAPE, SUFFIX
from spacy.lang.en.stop_words import STOP_WORDS
from spacy.lang.lex_attrs import LEX_ATTRS, word_shape
from spacy.language import BaseDefaults, Language
from spacy.util import registry

NAME = "vecguard_en"

_APOSTROPHES = str.maketrans({"\u2018": "'", "\u2019": "'", "\u02bc": "'", "`": "'"})
_DIGIT = re.compile(r"\d")
_MARK = r"[^\w\s'\u2019\u02bc]"  # any punctuation or symbol, apostrophes aside
_APOSTROPHE = r"['\u2019\u02bc]"


def folded(word: str) -> str:
    """Return `word` in lower case, without accents, its digits as 0: `José` and `JOSE` are one, as are all years."""
    word = word.lower()
    if word.isascii():
        return _DIGIT.sub("0", word)
    plain = unicodedata.normalize("NFKD", word.translate(_APOSTROPHES))
    return _DIGIT.sub("0", "".join(char for char in plain if not unicodedata.combining(char)))


def _first(word: str) -> str:
    return folded(word)[:3]


def _last(word: str) -> str:
    return folded(word)[-4:]


def _is_stop(word: str) -> bool:
    return word.lower() in STOP_WORDS


_GETTERS: dict[int, Callable[[str], Any]] = {
    LOWER: str.lower,
    NORM: folded,
    PREFIX: _first,
    SUFFIX: _last,
    SHAPE: word_shape,
    IS_STOP: _is_stop,
    **{attribute: LEX_ATTRS[attribute] for attribute in (IS_ALPHA, IS_DIGIT, IS_PUNCT, IS_SPACE, LIKE_NUM)},
}


class _Defaults(BaseDefaults):  # type: ignore[misc]  # spaCy is untyped here
    prefixes = (_MARK, "_", _APOSTROPHE)
    suffixes = (_MARK, "_", rf"(?<=\w){_APOSTROPHE}[sS]", _APOSTROPHE)
    infixes = (
        r"[/\\_=:;,()\[\]{}<>|\"“”„+&~*@#?!…–—]+",
        r"(?<=[^\W\d_])-(?=[^\W\d_])",
        r"(?<=[^\W\d_]{2})\.+(?=[^\W\d_])",
    )
    tokenizer_exceptions: dict[str, Any] = {}  # noqa: RUF012 - spaCy's name and form
    token_match = None
    url_match = None
    lex_attr_getters = _GETTERS
    stop_words: set[str] = set(STOP_WORDS)  # noqa: RUF012 - spaCy's name and form


@registry.languages(NAME)
class ShippedEnglish(Language):  # type: ignore[misc]  # spaCy is untyped here
    """English as the shipped recogniser reads it."""

    lang = NAME
    Defaults = _Defaults
