"""The document of a run: it survives JSON whole, and nothing else is taken for one."""

from __future__ import annotations

from pathlib import Path

import pytest

from vecguard import BadInput
from vecguard.redteam.findings import Figure, Findings, Measured, Sample, Setting, Skipped


def figure(setting: str, value: float, *, adaptive: bool = True, main: bool = True) -> Figure:
    return Figure(
        setting=setting,
        attack="words",
        label="bag of words",
        knowledge="9,000 other texts of the domain, the mechanism",
        adaptive=adaptive,
        metric="content-recall@10",
        main=main,
        value=value,
        floor=0.1,
        ceiling=0.7,
        n=500,
    )


FINDINGS = Findings(
    kind="frontier",
    made="2026-11-22T00:00:00+00:00",
    command="vecguard bench frontier --quick",
    versions={"vecguard": "0.1.0"},
    corpus={"name": "notes", "rows": 2_000, "d": 384},
    seeds=(0, 1),
    measure="nDCG@10",
    margin=0.01,
    settings=(
        Setting(name="bare", label="bare", words="nothing is done", quality={"nDCG@10": 0.64}),
        Setting(
            name="balanced",
            label="balanced",
            words="masked",
            noise=100.0,
            scrubbed=True,
            change=Measured(estimate=0.0, low=-0.001, high=0.001),
            within=True,
        ),
    ),
    figures=(figure("bare", 0.7), figure("balanced", 0.1), figure("balanced", 0.16, adaptive=False)),
    samples=(Sample(original="a note", told={"bare": {"bag of words": "note"}}),),
    skipped=(Skipped(what="vec2text", why="no weights at hand"),),
)


def test_a_document_is_read_back_as_it_was_written(tmp_path: Path) -> None:
    """Tuples, nested parts, missing figures: all of it."""
    (tmp_path / "findings.json").write_text(FINDINGS.to_json(), encoding="utf-8")
    assert Findings.read(tmp_path / "findings.json") == FINDINGS


@pytest.mark.parametrize("text", ["", "[]", "{}", '{"format": "vecguard.findings/1"}', '{"format": "other/1"}', "{"])
def test_nothing_else_is_taken_for_one(text: str) -> None:
    """Neither other JSON nor half a document."""
    with pytest.raises(BadInput):
        Findings.from_json(text)


def test_the_strongest_attacker_of_a_name_counts() -> None:
    """Naive or adaptive: whichever gets more; and a leak is between floor and ceiling."""
    worst = FINDINGS.worst("balanced", "words")
    assert worst is not None
    assert not worst.adaptive
    assert worst.leak == pytest.approx(0.1)
    assert FINDINGS.worst("balanced", "gram") is None
