"""How far memory grows while short texts go through the scrubber, every name and number of them different.

    python -m vecguard.evaluate.pii.memory TEXTS WARM_UP [MODEL]

Runs in a process of its own, because nothing else may grow in it, and prints one JSON object per step: texts done and
resident memory in MiB. Memory after the warm-up is what growth is measured from: by then whatever is loaded once is.
"""

from __future__ import annotations

import json
import os
import subprocess
import sys
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from vecguard.evaluate.pii.report import Block, Gate, Part

LIMIT_GROWTH = 0.05
_AT_ONCE = 100
_STEPS = 100

_ONSETS = (*"bcdfghjklmnprstvwz", "br", "ch", "dr", "fl", "gr", "kl", "sch", "st", "tr")
_VOWELS = ("a", "e", "i", "o", "u", "ai", "ea", "ie", "oo", "ou")
_CODAS = ("n", "r", "l", "m", "s", "t", "nd", "rt", "ck", "x")


@dataclass(frozen=True, slots=True)
class Step:
    """So many texts done, and resident memory in MiB."""

    texts: int
    mib: float


@dataclass(frozen=True, slots=True)
class Growth:
    """Memory at the end of the warm-up, at the end of all, and where it was most."""

    first: Step
    last: Step
    most: Step

    @property
    def share(self) -> float:
        """Growth relative to the end of the warm-up: 0.05 is five per cent more, at its largest."""
        return self.most.mib / self.first.mib - 1


def texts(start: int, count: int) -> list[str]:
    """Return `count` short texts from number `start` on; no name and no number is in two of them."""
    return [
        f"{_name(2 * n)} {_name(2 * n + 1)} called about order {n:07} from ({n % 800 + 200}) {n // 10_000 % 900 + 100}-"
        f"{n % 10_000:04}, write to {_name(2 * n).lower()}{n}@example.com."
        for n in range(start, start + count)
    ]


def measure(count: int, warm_up: int, model: str, advance: Callable[[Step], None] = lambda _: None) -> Growth:
    """Scrub `count` texts in a child process after `warm_up` others; raise `CalledProcessError` if it fails."""
    command = [sys.executable, "-m", __name__, str(count), str(warm_up), model]
    steps: list[Step] = []
    with subprocess.Popen(command, stdout=subprocess.PIPE, text=True) as child:  # noqa: S603 - our own module
        for line in child.stdout or ():
            steps.append(Step(**json.loads(line)))
            advance(steps[-1])
    if child.returncode or not steps:
        raise subprocess.CalledProcessError(child.returncode, "the scrubbing child")
    return Growth(steps[0], steps[-1], max(steps, key=lambda step: step.mib))


def grown(growth: Growth, warm_up: int) -> Part:
    """Return memory before, at its largest and at the end, and the gate on its growth."""
    rows = tuple((f"{each.texts:,}", f"{each.mib:.1f}") for each in (growth.first, growth.most, growth.last))
    name = f"memory growth over {growth.last.texts:,} short texts"
    note = f"After a warm-up of {warm_up:,} texts; first, largest, last. Names and numbers all differ."
    gate = Gate(name, growth.share, LIMIT_GROWTH, at_most=True, strict=True)
    return Part([Block(name.capitalize(), ("texts", "resident MiB"), rows, note)], [gate], {name: growth.share})


def run(count: int, warm_up: int, model: str) -> Iterator[Step]:
    """Scrub, and yield a step after the warm-up and after every hundredth of the rest."""
    from vecguard import Policy  # noqa: PLC0415 - the parent process does without
    from vecguard.scrub import mint_token  # noqa: PLC0415
    from vecguard.scrub.scrubber import PresidioScrubber  # noqa: PLC0415

    scrubber = PresidioScrubber(Policy().scrub.replace(model=model))
    key, done = b"memory".ljust(32, b"."), 0
    pace = max(_AT_ONCE, count // _STEPS)
    report_at = warm_up
    while done < warm_up + count:
        batch = texts(done, min(_AT_ONCE, warm_up + count - done))
        scrubber.scrub(batch, lambda entity, original: mint_token(key, entity, original))
        done += len(batch)
        if done >= report_at:
            yield Step(max(done - warm_up, 0), resident_mib())
            report_at = min(report_at + pace, warm_up + count) if done < warm_up + count else report_at


def resident_mib() -> float:
    """Return this process's resident memory in MiB, from /proc. Raises `OSError` where there is none."""
    pages = int(Path("/proc/self/statm").read_text(encoding="ascii").split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE") / 2**20


def _name(number: int) -> str:
    """Return a name that no other number has: syllables are the digits of the number."""
    parts = []
    while True:
        number, onset = divmod(number, len(_ONSETS))
        number, vowel = divmod(number, len(_VOWELS))
        parts.append(_ONSETS[onset] + _VOWELS[vowel])
        if not number:
            return ("".join(parts) + _CODAS[len(parts[0]) % len(_CODAS)]).capitalize()


if __name__ == "__main__":
    for each in run(int(sys.argv[1]), int(sys.argv[2]), *(sys.argv[3:] or ["vecguard"])):
        sys.stdout.write(json.dumps({"texts": each.texts, "mib": each.mib}) + "\n")
        sys.stdout.flush()
