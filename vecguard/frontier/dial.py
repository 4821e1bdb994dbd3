"""Equal utility: the strongest setting of a dial whose loss stays within the margin, by the rule of `calibrate`.

Bisection on the calibration queries, weakest setting first. A setting passes where the lower end of a one-sided 95 %
paired bootstrap over queries, of values averaged over several keys, is within the margin. What is reported is measured
on the other queries.
"""

from __future__ import annotations

from collections.abc import Callable, Sequence
from dataclasses import dataclass, field

from vecguard.calibration.search import FEWEST_QUERIES
from vecguard.calibration.utility import Positions
from vecguard.evaluate import paired_bootstrap
from vecguard.frontier.quality import values
from vecguard.frontier.subject import Subject
from vecguard.frontier.way import Way

LENGTHS = tuple(float(f"{0.0025 * 2 ** (step / 8):.3g}") for step in range(81))
"""Values of r that are tried: .0025 to 2.56 in steps of 9 %."""

_LEVEL = 0.9  # two-sided, so that the lower end is a one-sided 95 % bound
_RESAMPLES = 4_000


@dataclass(frozen=True, slots=True, kw_only=True)
class Ground:
    """What a setting is made for: a corpus, the queries to calibrate on, keys to average over, and the margin."""

    subject: Subject
    calibration: Positions = field(repr=False)
    keys: tuple[int, ...]
    margin: float

    @property
    def enough(self) -> bool:
        """Whether the queries say anything about a loss as small as the margin."""
        return len(self.calibration) >= FEWEST_QUERIES

    def strongest(self, dial: Sequence[float], way: Callable[[float], Way]) -> Way | None:
        """Return the last setting of the dial that passes, or None where not even the first one does.

        Loss grows along the dial, up to the noise of measuring it; what is returned has passed itself.
        """
        passing, failing = -1, len(dial)
        while failing - passing > 1:
            middle = (passing + failing) // 2
            if self._passes(way(dial[middle])):
                passing = middle
            else:
                failing = middle
        return None if passing < 0 else way(dial[passing])

    def _passes(self, way: Way) -> bool:
        bare = self.subject.task.unprotected(self.calibration)
        found = values(self.subject, way, self.subject.exact, self.calibration, self.keys)
        change = paired_bootstrap(bare, found, resamples=_RESAMPLES, seed=0, level=_LEVEL)
        return change.low >= -self.margin
