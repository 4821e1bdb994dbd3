"""Limits on a single read. Budgets over time are in `vecguard.watch.watch`."""

from __future__ import annotations

from vecguard.errors import AccessDenied
from vecguard.principal import Acting


class Limits:
    """Refuses a call that asks for more results than the policy allows."""

    def __init__(self, max_results: int) -> None:
        self._max_results = max_results

    def admit(self, acting: Acting, limit: int | None, queries: int) -> None:  # noqa: ARG002 - the protocol's signature
        """Let the call pass, or raise `AccessDenied`."""
        if limit is not None and limit > self._max_results:
            raise AccessDenied(f"at most {self._max_results} results per call (reads.max_results)")
