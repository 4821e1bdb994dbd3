"""Evidence about the policy: what it says, in words and settings, and what is promised formally."""

from __future__ import annotations

import hashlib
from collections.abc import Iterator, Mapping
from pathlib import Path
from typing import Any

from vecguard.evidence.section import Plain, Section, Table
from vecguard.policy import Policy

_PHRASES = frozenset({"scrub.allow", "scrub.deny"})  # may be names of people


def policy(configured: Policy, configuration: Path) -> Section:
    """Return the policy in words, and every setting."""
    settings = list(_flat(configured.model_dump(mode="json")))
    return Section(
        "policy",
        "Policy",
        "the configuration file, as this command read it, and vecguard.Policy.explain()",
        {
            "fingerprint": configured.fingerprint,
            "layout": configured.layout,
            "configuration file, SHA-256": hashlib.sha256(configuration.read_bytes()).hexdigest(),
        },
        tuple(configured.explain().splitlines()),
        (Table.of("Settings", ("setting", "value"), settings, most=500),),
        ("Which policy each running guard was started with: only the stamps of rows have fingerprints.",),
    )


def formal_privacy(configured: Policy) -> Section:
    """Return what is promised in terms of differential privacy, which is often nothing."""
    vectors = next(line for line in configured.explain().splitlines() if line.startswith("Vectors:"))
    claimed = configured.vectors.non_recoverable and configured.vectors.mask
    nothing = "No differential privacy is claimed: whoever holds the keys takes the noise off, and means to."
    return Section(
        "differential_privacy",
        "Differential privacy",
        "vecguard.Policy.explain(), which computes its figures from the settings",
        {"claimed": "as stated below" if claimed else "nothing"},
        (vectors,) if claimed else (nothing, vectors),
        unknown=(
            "An empirical epsilon (an audit by attack): this command runs no attack. See the red team's results.",
        ),
    )


def _flat(settings: Mapping[str, Any], above: str = "") -> Iterator[tuple[str, Plain]]:
    for name, value in settings.items():
        path = f"{above}{name}"
        match value:
            case Mapping() if value:
                yield from _flat(value, f"{path}.")
            case Mapping():
                yield path, "none"
            case list() | tuple() if path in _PHRASES:
                yield path, f"{len(value)} phrase(s), not shown"
            case list() | tuple():
                yield path, ", ".join(str(each) for each in value) or "none"
            case _:
                yield path, value
