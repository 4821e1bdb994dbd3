"""Text that is there and cannot be seen, or that is drawn in another order than it is stored.

Tag characters and variation selectors can carry any message invisibly, and a right-to-left override shows "9876-54-321"
as a social security number.
"""

from __future__ import annotations

import re

from vecguard.scrub.normalise.reading import Edit, disjoint

_TAGS = re.compile(r"[\U000e0020-\U000e007e]{4,}")
_SELECTORS = re.compile(r"[\ufe00-\ufe0f\U000e0100-\U000e01ef]{4,}")
_INVISIBLE_SPACE = re.compile(r"(?<=[a-z])[\u200b-\u200d\u2060\ufeff\u00ad]+(?=[A-Z])")  # between two names
_REVERSED = re.compile(r"\u202e([^\u202a-\u202e\n]{4,400})")


def reveal(text: str) -> list[Edit]:
    """Return what to read in place of hidden or reversed characters."""
    edits = [
        Edit(at, at + 1, chr(ord(text[at]) - 0xE0000)) for match in _TAGS.finditer(text) for at in range(*match.span())
    ]
    for match in _SELECTORS.finditer(text):
        plain = bytes(map(_octet, match.group())).decode(errors="ignore")
        edits.append(Edit(*match.span(), f" {plain} "))
    edits += [Edit(*match.span(), " ") for match in _INVISIBLE_SPACE.finditer(text)]
    edits += [Edit(*match.span(1), match[1][::-1]) for match in _REVERSED.finditer(text)]
    return disjoint(edits)


def _octet(selector: str) -> int:
    code = ord(selector)
    return code - 0xFE00 if code <= 0xFE0F else code - 0xE0100 + 16
