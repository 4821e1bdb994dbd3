"""The root of a monotone function, found without a derivative."""

from __future__ import annotations

from collections.abc import Callable
from typing import Any

from scipy.optimize import brentq


def root(function: Callable[[float], float], low: float, high: float, *, within: float) -> float:
    """Return where `function` is zero between `low` and `high`, where its signs differ, to the accuracy `within`.

    Brent 1973, "Algorithms for Minimization without Derivatives".
    """
    found: Any = brentq(function, low, high, xtol=within)
    return float(found)
