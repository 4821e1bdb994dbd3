"""Word lists of the templates, read from `words.txt`: eponyms, drugs, methods, products, places, companies, streets.

Eponyms matter most. "Parkinson disease", "Kaplan-Meier" and "Foley catheter" were people once; hiding them hides the
subject of a medical text from search.
"""

from __future__ import annotations

import re
from functools import lru_cache
from importlib.resources import files


@lru_cache(maxsize=1)
def _lists() -> dict[str, tuple[str, ...]]:
    text = files("vecguard.scrub.model.train").joinpath("words.txt").read_text(encoding="utf-8")
    parts = re.split(r"^\[([A-Z_]+)\]$", text, flags=re.MULTILINE)
    return {
        name: tuple(item.strip() for item in body.replace("\n", " ").split("|"))
        for name, body in zip(parts[1::2], parts[2::2], strict=True)
    }


def words(name: str) -> tuple[str, ...]:
    """Return the list `name`, in the order of the file; a word that is drawn more often stands in it more often."""
    return _lists()[name]
