"""What all rows of a collection have in common is fixed by its marker; the rest of a policy may change."""

from __future__ import annotations

from collections.abc import Callable
from pathlib import Path
from typing import Any

import pytest

from vecguard import Keyring, Metadata, Policy, PolicyError, Retention, Vectors


@pytest.mark.parametrize(
    "other",
    [
        Policy(vectors=Vectors(noise=1.5)),
        Policy(vectors=Vectors(ranking="store")),
        Policy(vectors=Vectors(noise=50.0)),
        Policy(metadata=Metadata(clear="none")),
        Policy(metadata=Metadata(clear_chars=8)),
        Policy.strict(),
        Policy.transparent(),
    ],
)
def test_another_layout_is_refused_and_not_half_read(
    other: Policy, desk_of: Callable[..., Any], tmp_path: Path
) -> None:
    """Rows of another dial could not be unmasked and filters would miss sealed fields: neither happens silently."""
    same = {"keys": Keyring.ephemeral(), "state": f"sqlite:///{tmp_path / 'state.db'}"}
    first = desk_of(Policy(), **same)
    first.write(["a"], ["a note"])
    before = dict(first.store.rows)
    second = desk_of(other, store=first.store, **same)
    for call in (second.texts, lambda: second.write(["b"], ["x"]), lambda: second.forget(["a"]), second.count):
        with pytest.raises(PolicyError, match="made with"):
            call()
    assert first.store.rows == before
    assert first.texts() == {"a": "a note"}


def test_what_a_policy_may_change_later(desk_of: Callable[..., Any], tmp_path: Path) -> None:
    """Over-fetch, retention and texts are not part of the layout: old rows are read as before, beside new ones."""
    same = {"keys": Keyring.ephemeral(), "state": f"sqlite:///{tmp_path / 'state.db'}"}
    first = desk_of(Policy(vectors=Vectors(noise=1.5)), **same)
    first.write(["a"], ["a note"])
    later = Policy(vectors=Vectors(noise=1.5, over_fetch=7), texts="clear", retention=Retention(days=3))
    second = desk_of(later, store=first.store, **same)
    second.write(["b"], ["another note"])
    assert second.texts() == {"a": "a note", "b": "another note"}
    assert second.nearest("a note") == ["a", "b"]
