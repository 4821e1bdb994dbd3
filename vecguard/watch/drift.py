"""Volume drift: today's query vectors against the same principal's own past days.

Daily volumes of people vary by factors, not by the root of the mean as a Poisson count would, so their logarithm is
compared: z = (log(1 + today) - usual) / spread, with usual and spread weighted over the days on which the principal
asked anything (`vecguard.state.counters`).

Simulated users, 60 days each, threshold 4: false alarms per user and day none for Poisson days, 4e-5 for negative
binomial ones (mean 30, size 2), 1e-3 for log-normal ones (sd 1); a day of ten times the median is noticed always for
Poisson users, in 9 % and 1 % of cases for the other two, one of a hundred times in 100 % and 92 %.
"""

from __future__ import annotations

from math import log1p, sqrt

from vecguard.state.counters import Usage

LEAST_DAYS = 7
"""Past days that are needed before today can be unusual."""

LEAST_VECTORS = 50
"""Query vectors today below which nothing is unusual: who asked twice a day and asks ten times is no prober."""

_LEAST_SPREAD = 0.35  # seven days tell little about how much somebody varies


def drift(usage: Usage) -> float:
    """Return by how many standard deviations today exceeds the principal's usual day; 0 where that says nothing."""
    if usage.days < LEAST_DAYS or usage.today.vectors < LEAST_VECTORS:
        return 0.0
    return (log1p(usage.today.vectors) - usage.usual) / max(sqrt(usage.spread), _LEAST_SPREAD)
