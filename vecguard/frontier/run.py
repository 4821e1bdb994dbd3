"""The benchmark: settings at equal utility, what each costs in retrieval, and what it leaves to each attacker.

    settings -> quality on the reported queries;    settings x attacks x seeds -> cells -> figures;    both = findings

The margin is fixed before anything is measured. Queries are divided once: dials are found by one half, everything that
is reported is measured on the other. A cell that was finished once is not run again (`cells`).
"""

from __future__ import annotations

import time
from collections.abc import Callable, Mapping, Sequence
from dataclasses import dataclass, field
from datetime import UTC, datetime
from pathlib import Path
from typing import TypeAlias

import numpy as np

from vecguard.calibration.search import halves
from vecguard.calibration.utility import Positions
from vecguard.errors import BadInput
from vecguard.evaluate import paired_bootstrap, versions
from vecguard.frontier import attackers
from vecguard.frontier.cells import Cells
from vecguard.frontier.dial import Ground
from vecguard.frontier.effort import Effort
from vecguard.frontier.quality import Quality, quality
from vecguard.frontier.raids import raided
from vecguard.frontier.samples import samples
from vecguard.frontier.settings import SETTINGS
from vecguard.frontier.subject import Subject, Vectors
from vecguard.frontier.way import Way
from vecguard.policy import Scrub
from vecguard.redteam.findings import Findings, Measured, Plain, Setting, Skipped

Progress: TypeAlias = Callable[[int, int, str], None]
_RESAMPLES = 10_000
_KEYS = 1_000  # the number of the first key that is reported under; calibration has those below


@dataclass(frozen=True, slots=True, kw_only=True)
class Frontier:
    """A run: a corpus, how much of everything, and the margin (a fraction of the measure) that settings may cost.

    `cells` keeps what was finished, `folder` scrubbed vectors; `show` leaves samples of texts readable.
    """

    subject: Subject
    effort: Effort
    margin: float = 0.01
    cells: Cells
    folder: Path | None = None
    show: bool = False
    progress: Progress | None = field(default=None, repr=False)

    def measured(self, settings: Sequence[str], attacks: Sequence[str], *, command: str = "") -> Findings:
        """Measure settings against attacks, bare among them in any case, and return what was found.

        Raises `BadInput` for a setting that there is not, and for a margin that is not between 0 and 1.
        """
        started = time.perf_counter()
        self._check(settings)
        mine, reported = halves(len(self.subject.task.queries), 0)
        ways, skipped = self._made(settings, mine)
        vectors = self._vectors(ways)
        names, missing = attackers.known(attacks)
        costs = self._settings(ways, vectors, reported)
        taken = raided(self.subject, self.effort, self.cells, ways, vectors, names, self._told)
        return Findings(
            kind="frontier",
            made=datetime.now(UTC).isoformat(timespec="seconds"),
            command=command,
            versions=versions(),
            corpus=self._described(len(reported), vectors),
            seeds=tuple(range(self.effort.seeds)),
            measure=self.subject.task.measure,
            margin=self.margin,
            settings=costs,
            figures=taken.figures,
            samples=samples(taken.originals, taken.read, show=self.show) if taken.read else (),
            skipped=(*skipped, *missing, *taken.skipped),
            seconds=time.perf_counter() - started,
            masked=not self.show,
        )

    def _check(self, settings: Sequence[str]) -> None:
        if any(name not in SETTINGS for name in settings):
            raise BadInput(f"there is no setting of that name; there are {', '.join(SETTINGS)}")
        if not 0 < self.margin < 1:
            raise BadInput("a margin lies between 0 and 1 (.01 is one per cent)")
        if self.effort.seeds < 1:
            raise BadInput("one seed is the least")

    def _made(self, settings: Sequence[str], calibration: Positions) -> tuple[list[Way], list[Skipped]]:
        keys = tuple(range(self.effort.keys))
        ground = Ground(subject=self.subject, calibration=calibration, keys=keys, margin=self.margin)
        made = []
        for name in dict.fromkeys(("bare", *settings)):
            self._told(0, 0, f"setting up {name}")
            made.append(SETTINGS[name](ground))
        return [each for each in made if isinstance(each, Way)], [each for each in made if isinstance(each, Skipped)]

    def _vectors(self, ways: Sequence[Way]) -> dict[Scrub | None, Vectors]:
        """Return vectors by what is scrubbed: settings that scrub alike share them."""

        def told(done: int, total: int) -> None:
            self._told(done, total, "scrubbing")

        scrubbed = dict.fromkeys(way.scrub for way in ways if way.scrub is not None)
        return {None: self.subject.exact} | {each: self.subject.scrubbed(each, self.folder, told) for each in scrubbed}

    def _told(self, done: int, total: int, name: str) -> None:
        if self.progress is not None:
            self.progress(done, total, name)

    def _settings(
        self, ways: Sequence[Way], vectors: Mapping[Scrub | None, Vectors], reported: Positions
    ) -> tuple[Setting, ...]:
        keys = range(_KEYS, _KEYS + self.effort.keys)
        found: list[tuple[Way, Quality]] = []
        for at, way in enumerate(ways):
            self._told(at, len(ways), f"searching: {way.label}")
            found.append((way, quality(self.subject, way, vectors[way.scrub], reported, keys)))
        bare = found[0][1]
        return tuple(self._setting(way, each, bare) for way, each in found)

    def _setting(self, way: Way, found: Quality, bare: Quality) -> Setting:
        change = None if found is bare else self._change(bare, found)
        return Setting(
            name=way.name,
            label=way.label,
            words=way.words,
            noise=way.noise,
            over_fetch=way.over_fetch,
            scrubbed=way.scrub is not None,
            quality=found.means,
            change=change,
            within=None if change is None else change.estimate >= -self.margin,
        )

    def _change(self, bare: Quality, found: Quality) -> Measured:
        change = paired_bootstrap(bare.values, found.values, resamples=_RESAMPLES, seed=0)
        return Measured(estimate=change.estimate, low=change.low, high=change.high)

    def _described(self, reported: int, vectors: Mapping[Scrub | None, Vectors]) -> dict[str, Plain]:
        corpus, task = self.subject.corpus, self.subject.task
        attacked_rows = min(len(corpus.texts), self.effort.attacked)
        return {
            "name": corpus.name,
            "rows": len(corpus.texts),
            "d": task.documents.shape[1],
            "embedder": self.subject.embedder,
            "queries": len(corpus.queries),
            "queries reported": reported,
            "judged": bool(corpus.qrels),
            "words per text": round(float(np.mean([len(text.split()) for text in corpus.texts])), 1),
            "rows scrubbed": max(each.changed for each in vectors.values()),
            "rows attacked": attacked_rows,
            "rows stolen": min(self.effort.stolen, attacked_rows // 4),
            "keys": self.effort.keys,
            "cells made": self.cells.made,
            "cells taken": self.cells.taken,
        }
