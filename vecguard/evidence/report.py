"""The evidence as one report: what an auditor, a regulator or an incident team asks for, and where each figure is from.

Figures are read from the state and the configuration; nothing is estimated, and what is not known is said. No name is
in it: principals and owners appear as pseudonyms, as in the audit log, or as keyed digests, as in the other tables.
"""

from __future__ import annotations

import platform
import sqlite3
import time
from collections.abc import Sequence
from dataclasses import dataclass
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path

from vecguard.evidence.anchors import Anchor
from vecguard.evidence.audited import audited
from vecguard.evidence.given import results
from vecguard.evidence.holdings import budgets, holdings, keys, rules
from vecguard.evidence.policies import formal_privacy, policy
from vecguard.evidence.section import Evidence, Section, moment
from vecguard.keys import Keyring
from vecguard.policy import Policy
from vecguard.rules import Grant
from vecguard.state import State

_PACKAGES = (
    *("vecguard", "numpy", "pydantic", "sqlalchemy", "cryptography", "presidio-analyzer", "spacy"),
    *("chromadb", "qdrant-client", "faiss-cpu"),
)


@dataclass(frozen=True, slots=True)
class Given:
    """What is at hand besides the state: anchors that were kept outside, and files of results."""

    anchors: Sequence[Anchor] = ()
    redteam: Path | None = None
    erase: Path | None = None


def gather(
    state: State, keyring: Keyring, configured: Policy, fixed: Sequence[Grant], configuration: Path, given: Given
) -> Evidence:
    """Gather the evidence. `fixed` are the rules of the configuration file."""
    return Evidence(
        moment(time.time()) or "",
        (
            audited(state, configured, given.anchors),
            policy(configured, configuration),
            formal_privacy(configured),
            holdings(state),
            keys(state, keyring),
            budgets(state, configured),
            rules(state, fixed),
            results("redteam", "Red team", given.redteam),
            results("erase", "Erasures", given.erase),
            _versions(state),
        ),
    )


def _versions(state: State) -> Section:
    figures = {"python": platform.python_version(), "system": platform.platform()}
    if state.database.look(lambda connection: connection.dialect.name) == "sqlite":
        figures["sqlite"] = sqlite3.sqlite_version
    for name in _PACKAGES:
        try:
            figures[name] = version(name)
        except PackageNotFoundError:
            continue
    return Section(
        "versions",
        "Versions",
        "the Python that ran this command; guards elsewhere may run others",
        figures,
    )
