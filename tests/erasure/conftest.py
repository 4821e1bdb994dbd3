"""Stores on disk, written to once and copied for every test."""

from __future__ import annotations

import shutil
from collections.abc import Callable
from pathlib import Path

import pytest

from vecguard import Policy

from .sites import OWNERS, POLICY, STORES, Site

COUNT = 100
"""Records of each of the two owners."""


@pytest.fixture(params=STORES)
def kind(request: pytest.FixtureRequest) -> str:
    return str(request.param)


@pytest.fixture(scope="session")
def written(tmp_path_factory: pytest.TempPathFactory) -> Callable[[str, Policy, str], Path]:
    """A factory of folders in which both owners have written; made once for each kind and policy."""
    made: dict[tuple[str, str, str], Path] = {}

    def make(kind: str, policy: Policy, space: str) -> Path:
        key = (kind, policy.fingerprint, space)
        if key not in made:
            made[key] = tmp_path_factory.mktemp(kind)
            with Site(kind, made[key], policy, space).opened() as desk:
                for owner in OWNERS:
                    desk.write(owner, COUNT)
                desk.save()
        return made[key]

    return make


@pytest.fixture
def site_of(written: Callable[[str, Policy, str], Path], tmp_path: Path) -> Callable[..., Site]:
    """A factory of sites: copies that a test may do anything to."""

    def make(kind: str, policy: Policy | None = None, space: str = "cosine") -> Site:
        policy = policy or POLICY
        folder = tmp_path / kind
        shutil.copytree(written(kind, policy, space), folder)
        (folder / "keys" / "key").chmod(0o600)
        return Site(kind, folder, policy, space)

    return make
