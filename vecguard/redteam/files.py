"""A thief of files: looks for the bytes of a secret in any form that a store or a database would write."""

from __future__ import annotations

import base64
from collections.abc import Iterator, Sequence
from dataclasses import dataclass
from pathlib import Path


@dataclass(frozen=True, slots=True)
class Leak:
    """A secret found in a file: its position in the list that was searched for, and the form it was found in."""

    secret: int
    form: str
    file: str


def forms(secret: str) -> Iterator[tuple[str, bytes]]:
    """Yield the encodings of a secret: UTF-8, UTF-16, hex, and base64 at each of its three alignments."""
    plain = secret.encode()
    yield "plain", plain
    yield "utf-16", secret.encode("utf-16-le")
    yield "hex", plain.hex().encode()
    yield "HEX", plain.hex().upper().encode()
    for shift in range(3):
        # only the characters that the secret alone decides, whatever stands before and after it
        encoded = base64.b64encode(b"\0" * shift + plain)
        start, end = (0, 2, 3)[shift], len(encoded) - (4 if (shift + len(plain)) % 3 else 0)
        if end - start >= 6:
            yield f"base64+{shift}", encoded[start:end]


def search(folder: str | Path, secrets: Sequence[str]) -> list[Leak]:
    """Look for every form of every secret in every file below a folder."""
    leaks: list[Leak] = []
    for path in sorted(Path(folder).rglob("*")):
        if not path.is_file():
            continue
        content = path.read_bytes()
        leaks += [
            Leak(i, form, path.name)
            for i, secret in enumerate(secrets)
            for form, pattern in forms(secret)
            if pattern in content
        ]
    return leaks
