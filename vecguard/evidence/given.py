"""Evidence that somebody else made: results of the red team and of erasures, as files.

Figures are taken over, sentences are not: a result may quote what was reconstructed. The digest of the file ties the
evidence to it.
"""

from __future__ import annotations

import hashlib
import json
import re
from collections.abc import Iterator
from pathlib import Path
from typing import Any

from vecguard.errors import BadInput
from vecguard.evidence.section import Plain, Section, Table, moment

_NAME = re.compile(r"[\w.@%+-]{1,40}")  # of a figure; anything longer, or in words, may be a text


def results(name: str, title: str, path: Path | None) -> Section:
    """Return what a file of results says in figures, or that there is none."""
    if path is None:
        missing = f"None were given (--{name})."
        return Section(name, title, "nothing", unknown=(missing,))
    raw = _read(path)
    try:
        found = json.loads(raw)
    except (ValueError, RecursionError):
        found = None
    figures: dict[str, Plain] = {
        "file": path.name,
        "bytes": len(raw),
        "SHA-256": hashlib.sha256(raw).hexdigest(),
        "last changed": moment(path.stat().st_mtime),
    }
    rows = [] if found is None else list(_numbers(found))
    words = () if found is not None else ("The file is not JSON: only its digest is noted.",)
    return Section(
        name,
        title,
        "the file that was given; this command did not make its figures and did not check them",
        figures,
        words,
        (Table.of("Figures in the file", ("where", "value"), rows, most=400),) if rows else (),
        ("Which configuration and corpus the results are of, unless the file says so.",),
    )


def _numbers(found: Any, above: str = "") -> Iterator[tuple[str, Plain]]:
    match found:
        case bool() | int() | float():
            yield above or "value", found
        case dict():
            for name, value in found.items():
                shown = name if _NAME.fullmatch(name) else "(...)"
                yield from _numbers(value, f"{above}.{shown}" if above else shown)
        case list():
            for number, value in enumerate(found):
                yield from _numbers(value, f"{above}[{number}]")


def _read(path: Path) -> bytes:
    try:
        return path.read_bytes()
    except OSError as failure:
        reason = f"a file of results cannot be read: {failure.strerror}"
    raise BadInput(reason)
