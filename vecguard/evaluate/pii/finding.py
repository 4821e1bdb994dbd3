"""Run a detector over many texts, in batches, and count what it refused instead of stopping there."""

from __future__ import annotations

import time
from collections.abc import Callable, Iterable, Sequence
from dataclasses import dataclass, field
from typing import Protocol

from vecguard.scrub import Finding

_BATCH = 64


class Detects(Protocol):
    """What is asked of a detector; `vecguard.scrub.detect.Detector` is one."""

    def find_all(self, texts: Sequence[str]) -> list[list[Finding]]:
        """Return findings per text; raise where one of them cannot be finished."""
        ...


@dataclass(slots=True)
class Found:
    """Findings per text. A refused text has none, and would not have been written. `cpu_s` is of this process."""

    findings: list[list[Finding]] = field(default_factory=list, repr=False)
    refused: int = 0
    cpu_s: float = 0.0


def find(detector: Detects, texts: Iterable[str], advance: Callable[[int], None] = lambda _: None) -> Found:
    """Return findings of all texts; `advance` is told how many were done after each batch.

    A batch that is refused is tried again text by text, so that one bad text costs the others nothing.
    """
    waiting, found, began = list(texts), Found(), time.process_time()
    for start in range(0, len(waiting), _BATCH):
        batch = waiting[start : start + _BATCH]
        each, refused = _careful(detector, batch)
        found.findings += each
        found.refused += refused
        advance(len(batch))
    found.cpu_s = time.process_time() - began
    return found


def _careful(detector: Detects, batch: Sequence[str]) -> tuple[list[list[Finding]], int]:
    try:
        return detector.find_all(batch), 0
    except Exception:  # noqa: BLE001 - whatever a recogniser raises refuses the text
        if len(batch) == 1:
            return [[]], 1
    parts = [_careful(detector, [text]) for text in batch]
    return [findings for part, _ in parts for findings in part], sum(refused for _, refused in parts)
