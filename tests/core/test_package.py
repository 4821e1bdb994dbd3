"""The package as it is installed: what it exports, what it ships, and which copy of it these tests run on."""

from __future__ import annotations

import importlib
import inspect
import os
import subprocess
import sys
from pathlib import Path

import pytest

import vecguard
from vecguard import errors

PACKAGES = ("vecguard", "vecguard_chroma", "vecguard_qdrant", "vecguard_faiss")


@pytest.mark.parametrize("name", PACKAGES)
def test_the_suite_runs_on_the_copy_that_it_is_told_to(name: str) -> None:
    """With VECGUARD_TESTED set, as `make test-wheel` sets it, every package comes from there."""
    place = os.environ.get("VECGUARD_TESTED")
    found = Path(str(importlib.import_module(name).__file__)).resolve()
    assert place is None or found.is_relative_to(Path(place).resolve())


@pytest.mark.parametrize("name", PACKAGES)
def test_every_package_is_typed(name: str) -> None:
    """Type checkers look for py.typed in each import package."""
    assert Path(str(importlib.import_module(name).__file__)).with_name("py.typed").is_file()


def test_every_error_is_exported_and_every_export_is_there() -> None:
    """Users catch errors from `vecguard`; nothing in `__all__` is missing, and it is sorted."""
    raised = {
        name for name, each in vars(errors).items() if inspect.isclass(each) and issubclass(each, Warning | Exception)
    }
    assert raised <= set(vecguard.__all__)
    assert all(hasattr(vecguard, name) for name in vecguard.__all__)
    assert list(vecguard.__all__) == sorted(vecguard.__all__)


def test_every_error_is_in_the_tree_that_is_drawn() -> None:
    """The tree at the top of errors.py names every error of the library, each under its base."""
    drawn = str(errors.__doc__)
    for name, each in vars(errors).items():
        if inspect.isclass(each) and issubclass(each, errors.VecGuardError):
            assert f"{name} " in drawn or f"{name}\n" in drawn, name


def test_importing_vecguard_is_light() -> None:
    """Neither Presidio nor torch nor a store client is loaded before it is needed: `--help` takes no seconds."""
    code = "import sys, vecguard, vecguard.cli; print([m for m in HEAVY if m in sys.modules])"
    heavy = "HEAVY = ('presidio_analyzer', 'spacy', 'torch', 'chromadb', 'qdrant_client', 'faiss', 'matplotlib')\n"
    found = subprocess.run([sys.executable, "-c", heavy + code], capture_output=True, text=True, check=True)
    assert found.stdout.strip() == "[]"
