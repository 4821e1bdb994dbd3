"""What must not be found any more: parts of what is erased, in every spelling in which a file may hold it.

A needle is one thing of one kind (the vector of a row, a sealed text, a key). Its patterns are parts of it, long enough
that no other bytes are the same by chance, as they are and in hexadecimal, base64 at each of its three alignments, and
UTF-16; vectors also as float64 and as Python pickles lists of floats.
"""

from __future__ import annotations

import base64
import binascii
import json
from collections import Counter
from collections.abc import Iterable, Iterator, Mapping
from contextlib import suppress
from itertools import pairwise
from typing import Any, Literal, TypeAlias

from vecguard.arrays import Floats
from vecguard.erasure.matching import SHORTEST, Matcher, Pattern
from vecguard.fields import RESERVED
from vecguard.records import Row
from vecguard.rules import OWNER_FIELD
from vecguard.sealing import SEAL_FIELD
from vecguard.state.erasing import Trace

Kind: TypeAlias = Literal["id", "owner tag", "seal", "vector", "field", "text"] | Trace

_PART = 24  # bytes of a needle that make a pattern: 2^-192 by chance in what is random
_FLOATS = 6
_MOST = 2_000_000  # patterns, some 500 MB while they are sought; of more needles a part is sought, and it is said


class Needles:
    """Collects needles. They live as long as this object: it is made for one erasure, and nothing keeps it."""

    def __init__(self) -> None:
        self._kinds: list[Kind] = []
        self._patterns: list[Pattern] = []
        self._known: set[tuple[Kind, bytes]] = set()
        self.left_out = 0

    def __len__(self) -> int:
        return len(self._kinds)

    def __repr__(self) -> str:
        return f"<Needles: {len(self)}>"

    @property
    def patterns(self) -> list[Pattern]:
        """All patterns of all needles."""
        return self._patterns

    def kind(self, needle: int) -> Kind:
        """Return the kind of a needle by its number."""
        return self._kinds[needle]

    def counts(self) -> dict[str, int]:
        """Return how many needles of each kind there are."""
        return dict(Counter(self._kinds))

    def matcher(self) -> Matcher:
        """Return what finds them in buffers of this process."""
        return Matcher(self._patterns, len(self))

    def add(self, kind: Kind, thing: bytes | str) -> None:
        """Look for a thing; one that is shorter than any pattern is not looked for: it would be found by chance."""
        raw = _raw(thing)
        spellings = [raw]
        if isinstance(thing, str) and not thing.isascii():
            spellings.append(json.dumps(thing)[1:-1].encode())
        self._needle(kind, raw, _everywhere(spellings))

    def add_row(self, row: Row, *, tagged: bool = True) -> None:
        """Look for everything that a row is made of: id, seal, vector, clear fields and text.

        `tagged` is for the tag of its owner too, which other rows of that owner go on having.
        """
        self._hexadecimal("id", row.backend_id)
        for name, value in _strings(row.fields):
            if name == OWNER_FIELD:
                if tagged:
                    self._hexadecimal("owner tag", value)
            elif name == SEAL_FIELD:
                self._needle("seal", value.encode(), _everywhere([value.encode(), *_decoded(value)]))
            elif not name.startswith(RESERVED):
                self.add("field", value)
        if row.text:
            self.add("text", row.text)
        if row.vector is not None:
            self._needle("vector", row.vector.astype("<f4").tobytes(), _floats(row.vector))

    def _hexadecimal(self, kind: Kind, digits: str) -> None:
        """Look for 128 bits as we spell them, as bytes, and as a UUID."""
        spellings = [digits.encode()]
        with suppress(ValueError):
            spellings.append(bytes.fromhex(digits))
            spellings.append("-".join(digits[at:to] for at, to in pairwise((0, 8, 12, 16, 20, 32))).encode())
        self._needle(kind, digits.encode(), _everywhere(spellings))

    def _needle(self, kind: Kind, thing: bytes, patterns: Iterable[bytes]) -> None:
        if len(thing) < SHORTEST or (kind, thing) in self._known:
            return
        self._known.add((kind, thing))
        made = [Pattern(text, len(self._kinds)) for text in patterns if len(text) >= SHORTEST]
        if len(self._patterns) + len(made) > _MOST:
            self.left_out += 1
            return
        self._kinds.append(kind)
        self._patterns += made


def _raw(thing: bytes | str) -> bytes:
    return thing.encode("utf-8", "surrogatepass") if isinstance(thing, str) else thing


def _decoded(text: str) -> list[bytes]:
    try:
        return [base64.b64decode(text)]
    except binascii.Error:
        return []


def _everywhere(spellings: Iterable[bytes]) -> Iterator[bytes]:
    return (text for each in spellings for part in _parts(each) for text in _spelled(part))


def _parts(raw: bytes) -> Iterator[bytes]:
    """Return the beginning, the middle and the end of something long: pages are overwritten one by one."""
    if len(raw) <= 2 * _PART:
        yield raw[: 2 * _PART]
        return
    for start in (0, (len(raw) - _PART) // 2, len(raw) - _PART):
        yield raw[start : start + _PART]


def _spelled(raw: bytes) -> Iterator[bytes]:
    yield raw
    yield raw.hex().encode()
    yield raw.hex().upper().encode()
    for shift in range(3):
        # the characters that depend on neighbours are left out at both ends
        text = base64.b64encode(bytes(shift) + raw)
        yield text[4 if shift else 0 : 4 * ((shift + len(raw)) // 3)]
    with suppress(UnicodeDecodeError):
        for form in ("utf-16-le", "utf-16-be"):
            yield raw.decode("ascii").encode(form)


def _floats(vector: Floats) -> Iterator[bytes]:
    for start in sorted({0, max(0, (len(vector) - _FLOATS) // 2), max(0, len(vector) - _FLOATS)}):
        part = vector[start : start + _FLOATS]
        yield part.astype("<f4").tobytes()
        yield part.astype("<f8").tobytes()
        yield b"".join(b"G" + value for value in _each(part.astype(">f8").tobytes()))
        yield from _spelled(part.astype("<f4").tobytes())


def _each(raw: bytes) -> Iterator[bytes]:
    return (raw[at : at + 8] for at in range(0, len(raw), 8))


def _strings(fields: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, str]]:
    """Return every string in fields, however deep, with the name of the top-level field that it is in."""
    for name, value in fields.items():
        yield from _within(above or name, value)


def _within(name: str, value: object) -> Iterator[tuple[str, str]]:
    match value:
        case str():
            yield name, value
        case dict():
            yield from _strings(value, name)
        case list():
            for each in value:
                yield from _within(name, each)


def told(row: Row) -> Iterator[bytes]:
    """Return every string that a row tells in clear: what it holds is not the erased owner's alone."""
    for name, value in _strings(row.fields):
        if not name.startswith(RESERVED):
            yield value.encode("utf-8", "surrogatepass")
    if row.text:
        yield row.text.encode("utf-8", "surrogatepass")
