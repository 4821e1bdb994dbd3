"""How many names the shipped recogniser finds in real, annotated text: token recall and precision of PERSON.

    python benchmarks/person_recall.py FILE.conll [FILE.conll ...]

Files have one token and its tag per line and a blank line between sentences; any tag that ends in person, PER or
politician counts. Tokens are joined by single blanks, as they would stand in a text.
"""

from __future__ import annotations

import re
import sys
from collections.abc import Iterator
from pathlib import Path

from rich.console import Console
from rich.progress import track
from rich.table import Table

from vecguard import Policy
from vecguard.scrub.detect import Detector

_PERSON = re.compile(r"[BI]-(person|PER|politician|writer|musicalartist|scientist|researcher)$")


def sentences(path: Path) -> Iterator[list[tuple[str, bool]]]:
    """Yield sentences as tokens with whether each belongs to a person's name."""
    current: list[tuple[str, bool]] = []
    for line in path.read_text(encoding="utf-8").splitlines():
        parts = line.split()
        if parts:
            current.append((parts[0], bool(_PERSON.match(parts[-1]))))
        elif current:
            yield current
            current = []
    if current:
        yield current


def measured(path: Path, detector: Detector) -> tuple[int, int, int]:
    """Return tokens of names, those found, and all tokens that were called a name."""
    named = found = called = 0
    for tokens in track(list(sentences(path)), description=path.name, transient=True):
        text = " ".join(token for token, _ in tokens)
        spans = [(each.start, each.end) for each in detector.find(text) if each.entity == "PERSON"]
        start = 0
        for token, is_name in tokens:
            inside = any(left < start + len(token) and start < right for left, right in spans)
            named, found, called = named + is_name, found + (is_name and inside), called + inside
            start += len(token) + 1
    return named, found, called


def main(arguments: list[str]) -> int:
    """Print one line per file."""
    if not arguments:
        print(__doc__)
        return 2
    detector = Detector(Policy().scrub)
    table = Table("file", "name tokens", "recall", "precision")
    for argument in arguments:
        named, found, called = measured(Path(argument), detector)
        table.add_row(Path(argument).name, str(named), f"{found / max(named, 1):.2f}", f"{found / max(called, 1):.2f}")
    Console().print(table)
    return 0


if __name__ == "__main__":
    raise SystemExit(main(sys.argv[1:]))
