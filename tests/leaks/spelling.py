"""Planted strings, and the search for them in bytes, however they may be spelt there."""

from __future__ import annotations

import base64
import urllib.parse
from collections.abc import Iterator
from pathlib import Path

STEM = "Zqxjkvbp"
"""Begins every planted string and is no word or name: where one is, in any spelling, this is."""


class Planted:
    """Makes planted strings, each another one, and counts them."""

    def __init__(self) -> None:
        self.count = 0

    def __call__(self, *, within: str = "{}") -> str:
        """Return a fresh one, in a sentence if one is given."""
        self.count += 1
        return within.format(f"{STEM}{self.count:04d}")


def spellings(text: str) -> dict[str, bytes]:
    """Return a text as bytes in every way in which files and logs may hold it."""
    raw = text.encode()
    found = {
        "plain": raw,
        "lower case": text.lower().encode(),
        "capitals": text.upper().encode(),
        "utf-16-le": text.encode("utf-16-le"),
        "utf-16-be": text.encode("utf-16-be"),
        "hex": raw.hex().encode(),
        "HEX": raw.hex().upper().encode(),
        "url": urllib.parse.quote(text).encode(),
        "reversed": raw[::-1],
    }
    for shift in range(3):
        whole = base64.b64encode(b"\0" * shift + raw + b"\0" * 3)
        start = {0: 0, 1: 2, 2: 3}[shift]  # characters that depend on what is before, and behind
        found[f"base64+{shift}"] = whole[start : start + (len(raw) * 8 - 8) // 6 - 1]
    return found


def found_in(content: bytes, text: str = STEM) -> list[str]:
    """Return the spellings of a text that are somewhere in bytes."""
    return [form for form, spelt in spellings(text).items() if spelt in content]


def files(folder: Path) -> Iterator[tuple[str, bytes]]:
    """Return every file under a folder: its name, and its bytes with its name before them."""
    for path in sorted(folder.rglob("*")):
        if path.is_file():
            yield path.name, str(path.relative_to(folder)).encode() + b"\n" + path.read_bytes()
