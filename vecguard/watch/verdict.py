"""From signals to what a read may do: a decision without I/O."""

from __future__ import annotations

import math
from collections.abc import Collection, Mapping
from dataclasses import dataclass

from vecguard.watch.settings import RESPONSES, Response


@dataclass(frozen=True, slots=True)
class Verdict:
    """Whether this read may see rows of others; if not, in how many seconds it may (None: nobody says when)."""

    shared: bool
    retry_after_s: int | None = None


def strictest(signals: Collection[str], responses: Mapping[str, Response]) -> Response:
    """Return the strictest response that the signals call for."""
    found = [RESPONSES.index(responses[each]) for each in signals]
    return RESPONSES[max(found, default=0)]


def verdict(response: Response, *, since_s: float, pause_s: int) -> Verdict:
    """Decide on a read `since_s` seconds after the last one that saw rows of others (infinity: there was none)."""
    if response == "log":
        return Verdict(shared=True)
    if response == "withhold":
        return Verdict(shared=False)
    if since_s >= pause_s:
        return Verdict(shared=True)
    return Verdict(shared=False, retry_after_s=max(1, math.ceil(pause_s - since_s)))
