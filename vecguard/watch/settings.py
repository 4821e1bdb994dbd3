"""What the watch is told to do: budgets, and what follows from a suspicion."""

from __future__ import annotations

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Literal, TypeAlias

Response: TypeAlias = Literal["log", "throttle", "withhold"]
"""What a signal leads to, besides its event. All of it concerns rows of others; one's own are always answered.

log         nothing more
throttle    while the signal lasts, rows of others are read at most once in `pause_s`, and whoever asks sooner is told
            when to come back. Nothing sleeps: a delay inside the call would hold the caller's thread or event loop, and
            cost the guarded application more than the prober
withhold    while the signal lasts, rows of others are left out
"""

RESPONSES: tuple[Response, ...] = ("log", "throttle", "withhold")
"""From the mildest to the strictest."""


@dataclass(frozen=True, slots=True)
class Settings:
    """Limits per principal on rows of others, per UTC day and for ever (None: no limit), and a response per signal."""

    records_a_day: int | None = 1_000
    records_ever: int | None = None
    queries_a_day: int | None = None
    queries_ever: int | None = None
    vectors_a_day: int | None = None
    vectors_ever: int | None = None
    off_manifold: Response = "log"
    sweeping: Response = "log"
    circling: Response = "log"
    narrow: Response = "log"
    focus: Response = "log"
    volume: Response = "log"
    pause_s: int = 60

    def responses(self) -> Mapping[str, Response]:
        """Return the response to every signal, by its name."""
        return {
            "off_manifold": self.off_manifold,
            "sweeping": self.sweeping,
            "circling": self.circling,
            "narrow": self.narrow,
            "focus": self.focus,
            "volume": self.volume,
        }
