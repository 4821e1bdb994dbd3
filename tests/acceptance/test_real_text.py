"""The demonstration with real embeddings, and on real clinical notes where the corpora are at hand."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vecguard import Policy
from vecguard.cli import _corpus
from vecguard.cli._demo import demonstrate
from vecguard.evaluate import minilm

pytestmark = pytest.mark.minilm


def _notes(kind: str) -> _corpus.DemoCorpus:
    if kind == "invented":
        return _corpus.synthetic()
    folder = Path(os.environ.get("VECGUARD_DATA", "")) / "mts_dialog"
    if not os.environ.get("VECGUARD_DATA") or not folder.is_dir():
        pytest.skip("VECGUARD_DATA does not name a folder with mts_dialog")
    whole = _corpus.from_folder(folder)
    return _corpus.DemoCorpus(whole.title, whole.notes[:60], whole.queries[:8])


@pytest.mark.parametrize("kind", ["invented", "clinical"])
def test_real_embeddings_are_found_by_their_owner_and_by_nobody_else(kind: str, tmp_path: Path) -> None:
    """With MiniLM: nothing leaks from the files, no vector is near its own, and masking changes no search result."""
    found = demonstrate("chroma", _notes(kind), minilm(), tmp_path, Policy())
    assert found.leaks == 0
    assert found.highest_cosine < 0.3
    assert found.same_as_exact == 1.0
    (best,) = [line.guarded for line in found.lines if "best hit" in line.what]
    assert int(best.rstrip("%")) >= 75
    (recognised,) = [line for line in found.lines if "recognised by a dictionary" in line.what]
    assert recognised.bare == "100%"
    assert int(recognised.guarded.rstrip("%")) <= 13
