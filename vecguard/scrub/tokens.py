"""Typed tokens such as `<PERSON_4k2q...>`: how they are minted, found in a text, and turned back.

A token is a keyed digest of what it stands for. Under one key the same value always gets the same token, so that a
scrubbed query meets its scrubbed documents; under two keys nothing links the two tokens. It carries 100 bits, so
tokens neither collide nor can be guessed.
"""

from __future__ import annotations

import base64
import hashlib
import hmac
import re
from collections.abc import Callable, Iterator, Mapping
from typing import TypeAlias

from vecguard.scrub.normalise import canonical

Mint: TypeAlias = Callable[[str, str], str]  # (entity, original) -> token, under the key of whoever owns the text

_DIGITS = 20  # of base32: 5 bits each

TOKEN = re.compile(rf"<[A-Z][A-Z0-9_]*_[a-z2-7]{{{_DIGITS}}}>")


def mint_token(key: bytes, entity: str, original: str) -> str:
    """Return the token that stands for `original` under `key`: one for all its spellings in case, width and space."""
    digest = hmac.new(key, _framed(entity) + _framed(canonical(original)), hashlib.sha256).digest()
    return f"<{entity}_{base64.b32encode(digest).decode('ascii').lower()[:_DIGITS]}>"


def _framed(part: str) -> bytes:
    """Prefix the length, so that no two pairs of parts give the same bytes."""
    encoded = part.encode("utf-8", "surrogatepass")
    return len(encoded).to_bytes(8, "big") + encoded


def kind_of(token: str) -> str:
    """Return the type that a token was minted for: PERSON for `<PERSON_4k2q...>`."""
    return token[1 : -(_DIGITS + 2)]


def digits_of(token: str) -> str | None:
    """Return the keyed digits of a token, or None where nobody's key made it (`<PERSON>`)."""
    return token[-(_DIGITS + 1) : -1] if TOKEN.fullmatch(token) else None


def tokens_in(text: str) -> Iterator[str]:
    """Yield every token in `text`, in order, repeats included."""
    return (match.group() for match in TOKEN.finditer(text))


def restore(text: str, originals: Mapping[str, str]) -> str:
    """Put the originals back in one pass; tokens without one stay, and what is put back is not searched again."""
    return TOKEN.sub(lambda match: originals.get(match.group(), match.group()), text)


def tokens_of(value: object) -> Iterator[str]:
    """Yield every token in a text or in nested fields, names included."""
    match value:
        case str():
            yield from tokens_in(value)
        case Mapping():
            for name, each in value.items():
                yield from tokens_of(name)
                yield from tokens_of(each)
        case list() | tuple():
            for each in value:
                yield from tokens_of(each)
