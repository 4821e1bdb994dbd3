"""What a calibration found, what it tried, and whether to rely on it."""

from __future__ import annotations

import json
from dataclasses import asdict, dataclass, field
from math import ceil
from typing import Any

from vecguard.errors import PolicyError
from vecguard.evaluate import Interval, versions
from vecguard.policy import Policy

_FORMAT = "vecguard.calibration/1"


@dataclass(frozen=True, slots=True)
class Trial:
    """One setting on the calibration queries: `change` is relative to exact search, 90 % two-sided.

    Its lower end is therefore the one-sided 95 % bound that the budget is held against.
    """

    noise: float
    over_fetch: int
    change: Interval


@dataclass(frozen=True, slots=True, kw_only=True)
class Calibration:
    """The largest noise r, and the smallest over-fetch K for it, that stay within a budget of search quality.

    `chosen` and `reported` are the same setting on the calibration queries (mean of `seeds`) and on the other queries
    under a key that was used for nothing before (`fresh_seed`). Both are None after a refusal, and `refusal` says why.
    `guessed` is the mean cosine of the best linear guess at an exact vector once the rotation is known.
    `budget`, `tolerance` and all changes are fractions: .005 is half a per cent.
    """

    corpus: str
    embedder: str
    measure: str
    metric: str
    rows: int
    dimension: int
    spread: float
    budget: float
    tolerance: float
    max_over_fetch: int
    calibration_queries: int
    reported_queries: int
    seeds: tuple[int, ...]
    fresh_seed: int
    resamples: int
    chosen: Trial | None
    reported: Interval | None
    guessed: float | None
    refusal: str = ""
    notes: tuple[str, ...] = ()
    trials: tuple[Trial, ...] = field(default=(), repr=False)

    @property
    def noise(self) -> float:
        """Return r. Raises `PolicyError` after a refusal."""
        return self._chosen.noise

    @property
    def over_fetch(self) -> int:
        """Return K. Raises `PolicyError` after a refusal."""
        return self._chosen.over_fetch

    @property
    def holds(self) -> bool:
        """Whether the other queries, under a fresh key, lost no more than budget and tolerance together."""
        return self.reported is not None and self.reported.estimate >= -(self.budget + self.tolerance)

    @property
    def confirmed(self) -> bool:
        """Whether even the one-sided 95 % bound on the other queries is within the budget."""
        return self.reported is not None and self.reported.low >= -self.budget

    @property
    def verdict(self) -> str:
        """Say in one sentence whether to use the setting."""
        if self.refusal:
            return f"Nothing is promised: {self.refusal}"
        if not self.holds:
            return (
                "Do not use this as calibrated: on queries that it was not chosen by, under a fresh key, the setting "
                "lost more than the budget and the tolerance."
            )
        if not self.confirmed:
            return (
                "The setting holds: queries that it was not chosen by lost no more than the budget on average. Their "
                "own 95 % bound lies beyond it; more queries would settle that."
            )
        return "The setting holds, its 95 % bound too, on queries that it was not chosen by and under a fresh key."

    @property
    def _chosen(self) -> Trial:
        if self.chosen is None:
            raise PolicyError(f"the calibration promises nothing: {self.refusal}")
        return self.chosen

    def policy(self, base: Policy | None = None) -> Policy:
        """Return `base` (default: balanced) with this r and K, ranked in the store. Raises `PolicyError` if refused."""
        given = base or Policy()
        if given.vectors.non_recoverable:
            raise PolicyError("a calibration is about masks; noise that nobody can take off is another matter")
        vectors = given.vectors.replace(mask=True, ranking="store", noise=self.noise, over_fetch=self.over_fetch)
        return given.replace(vectors=vectors)

    def to_toml(self) -> str:
        """Return a `[policy]` table for `Guard.from_toml` and `Policy.from_mapping`; comments say where it is from."""
        reported = self.reported
        held = "" if reported is None else f"{100 * reported.estimate:+.2f} % [{100 * reported.low:+.2f}, "
        lines = (
            f"# Measured by `vecguard calibrate` on {self.rows} rows, d={self.dimension}, embedder {self.embedder!r}.",
            f"# Change of {self.measure} on {self.reported_queries} queries that it was not chosen by: "
            + ("" if reported is None else f"{held}{100 * reported.high:+.2f}] (90 %)."),
            f"# {self.verdict}",
            "[policy]",
            'profile = "balanced"',
            "",
            "[policy.vectors]",
            'ranking = "store"',
            f"noise = {self.noise!r}",
            f"over_fetch = {self.over_fetch}",
        )
        return "\n".join(lines) + "\n"

    def document(self) -> dict[str, Any]:
        """Return everything as JSON-ready values."""
        return {
            "format": _FORMAT,
            "versions": versions(),
            "holds": self.holds,
            "confirmed": self.confirmed,
            "verdict": self.verdict,
            **asdict(self),
        }

    def to_json(self) -> str:
        """Return `document()` as JSON text."""
        return json.dumps(self.document(), indent=2, allow_nan=False) + "\n"


def queries_needed(change: Interval, queries: int, budget: float) -> int | None:
    """Estimate how many calibration queries would bring the bound within the budget; None if none would.

    The width of an interval shrinks with the square root of their number; the estimate itself stays.
    """
    room, width = change.estimate + budget, change.estimate - change.low
    return None if room <= 0 else ceil(queries * (width / room) ** 2)
