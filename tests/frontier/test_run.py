"""The benchmark: figures, cells, what is said of what was not run."""

from __future__ import annotations

import json
from collections.abc import Callable
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest

from vecguard import BadInput
from vecguard.calibration.search import halves
from vecguard.evaluate import paired_bootstrap
from vecguard.frontier import Cells, Frontier, settings
from vecguard.frontier.dial import LENGTHS, Ground
from vecguard.frontier.quality import values
from vecguard.frontier.way import Way
from vecguard.redteam.baselines import NoiseOnly
from vecguard.redteam.findings import Findings

from .conftest import SMALL

Make = Callable[..., Frontier]
ATTACKS = ("dictionary", "documents")


def leak(findings: Findings, setting: str, attack: str) -> float:
    worst = findings.worst(setting, attack)
    assert worst is not None
    return worst.leak


def figures(findings: Findings) -> list[tuple[object, ...]]:
    return [(each.setting, each.attack, each.metric, each.pairs, each.value, each.ceiling) for each in findings.figures]


def test_settings_stand_where_they_must(frontier: Make) -> None:
    """Rotation costs nothing and falls to pairs; masking ranked in the guard costs nothing and leaves nothing."""
    found = frontier().measured(["noise", "rotation", "unscrubbed"], ATTACKS)
    assert [each.name for each in found.settings] == ["bare", "noise", "rotation", "unscrubbed"]
    for attack in ATTACKS:
        assert leak(found, "bare", attack) == pytest.approx(1.0)
    assert leak(found, "rotation", "dictionary") < 0.1 < 0.9 < leak(found, "rotation", "documents")
    assert leak(found, "noise", "dictionary") > 0.9
    assert max(leak(found, "unscrubbed", attack) for attack in ATTACKS) < 0.2
    for name in ("rotation", "unscrubbed"):
        change = found.setting(name).change
        assert change is not None
        assert abs(change.estimate) < 0.005
        assert found.setting(name).within
    assert found.setting("bare").change is None
    assert set(found.setting("noise").quality) == {"nDCG@10", "recall@10", "MRR@10", "overlap@10"}


def test_the_noise_that_is_found_passes_and_the_next_does_not(frontier: Make) -> None:
    """By the rule of calibrate, on queries that are not the reported ones."""
    run = frontier()
    mine, reported = halves(len(run.subject.task.queries), 0)
    assert not set(mine) & set(reported)
    found = run.measured(["noise"], ["dictionary"]).setting("noise")
    assert found.noise in LENGTHS[1:-1]
    ground = Ground(subject=run.subject, calibration=mine, keys=tuple(range(SMALL.keys)), margin=run.margin)
    bare = run.subject.task.unprotected(mine)
    bounds = []
    for r in (found.noise, LENGTHS[LENGTHS.index(found.noise) + 1]):
        way = Way(name="noise", label="", words="", defence=NoiseOnly(r), noise=r)
        drawn = values(run.subject, way, run.subject.exact, mine, ground.keys)
        bounds.append(paired_bootstrap(bare, drawn, resamples=4_000, seed=0, level=0.9).low)
    assert bounds[0] >= -run.margin > bounds[1]


def test_too_few_queries_promise_no_noise(frontier: Make) -> None:
    """With less than a hundred to calibrate by, nothing is found, and that is said."""
    run = frontier()
    ground = Ground(subject=run.subject, calibration=np.arange(40), keys=(0,), margin=0.05)
    made = settings.SETTINGS["noise"](ground)
    assert not isinstance(made, Way)
    assert "too few" in made.why


def test_a_run_that_was_ended_goes_on_where_it_was(frontier: Make, tmp_path: Path) -> None:
    """Ended in the middle by an exception: what was finished is taken, and the figures are those of a whole run."""
    names = ["rotation", "unscrubbed"]
    told: list[str] = []

    def ends(done: int, total: int, name: str) -> None:
        told.append(name)
        if name == "documents on rotation only":
            raise KeyboardInterrupt

    broken = frontier(progress=ends)
    with pytest.raises(KeyboardInterrupt):
        broken.measured(names, ATTACKS)
    assert broken.cells.made == 4  # one attack on three settings, the other on bare
    resumed = frontier()
    again = resumed.measured(names, ATTACKS)
    whole = frontier(cells=Cells(tmp_path / "elsewhere")).measured(names, ATTACKS)
    assert resumed.cells.taken == 4
    assert resumed.cells.made == 2
    assert figures(again) == figures(whole)
    assert again.corpus["cells made"] == resumed.cells.made


def test_a_finished_run_is_taken_whole_unless_it_is_to_be_fresh(frontier: Make, tmp_path: Path) -> None:
    """The second makes no cell; a fresh one makes all of them again, to the same figures."""
    first = frontier().measured(["rotation"], ATTACKS)
    again = frontier()
    assert figures(again.measured(["rotation"], ATTACKS)) == figures(first)
    assert (again.cells.made, again.cells.taken) == (0, 4)
    fresh = frontier(cells=Cells(tmp_path / "cells", fresh=True))
    assert figures(fresh.measured(["rotation"], ATTACKS)) == figures(first)
    assert fresh.cells.made == 4


def test_another_setting_is_never_taken_from_a_cell(frontier: Make) -> None:
    """Another margin finds another noise, whose cells are made anew; those of bare stay."""
    first = frontier().measured(["noise"], ATTACKS)
    other = frontier(margin=0.2)
    second = other.measured(["noise"], ATTACKS)
    assert (second.setting("noise").noise or 0) > 1.3 * (first.setting("noise").noise or 0)
    assert other.cells.made == 2
    assert leak(second, "noise", "documents") <= leak(first, "noise", "documents")


@pytest.mark.parametrize("change", [{"counts": (64,)}, {"stolen": 60}, {"attacked": 300}, {"seeds": 2}])
def test_other_sizes_are_other_cells(frontier: Make, change: dict[str, object]) -> None:
    """Whatever decides a figure is in the name of its cell."""
    frontier().measured(["rotation"], ["documents"])
    other = frontier(effort=replace(SMALL, **change))
    other.measured(["rotation"], ["documents"])
    assert other.cells.made == 2


def test_a_cell_that_is_not_whole_is_made_again(frontier: Make, tmp_path: Path) -> None:
    """Half a file counts for nothing."""
    first = frontier().measured(["rotation"], ["dictionary"])
    for path in (tmp_path / "cells").glob("*.json"):
        path.write_bytes(path.read_bytes()[:-30])
        assert path.stat().st_mode & 0o077 == 0
    again = frontier()
    assert figures(again.measured(["rotation"], ["dictionary"])) == figures(first)
    assert again.cells.made == 2


def test_settings_that_store_alike_share_their_cells(frontier: Make) -> None:
    """Strict does to vectors what balanced does: it costs no cell of its own, and both are shown."""
    run = frontier()
    found = run.measured(["balanced", "strict"], ["dictionary"])
    assert leak(found, "balanced", "dictionary") == leak(found, "strict", "dictionary")
    assert run.cells.made == 2
    assert found.setting("strict").scrubbed


def test_seeds_are_averaged_and_give_intervals(frontier: Make) -> None:
    """Three seeds: figures are means, and every metric has an interval; with one only shares have."""
    one = frontier().measured(["rotation"], ["documents"])
    three = frontier(effort=replace(SMALL, seeds=3)).measured(["rotation"], ["documents"])
    assert three.seeds == (0, 1, 2)
    assert {each.metric for each in one.figures if each.low is None} == {"cosine"}
    assert all(each.low is not None and each.low <= each.value <= (each.high or 0) for each in three.figures)
    assert figures(one) != figures(three)


def test_what_was_not_run_is_said(frontier: Make, monkeypatch: pytest.MonkeyPatch) -> None:
    """An unknown attack, a peer that is not installed, an attack with nothing to go by, an extra that is missing."""
    monkeypatch.setattr(settings, "installed", lambda name: False)

    def lacking(*_: object, **__: object) -> None:
        raise ImportError("needs torch: `pip install 'vecguard[redteam]'`")

    monkeypatch.setattr("vecguard.redteam.bag_of_words._torch", lacking)
    found = frontier().measured(["rotation", "unscrubbed", "hadamask", "leace"], ["words", "both", "telepathy"])
    said = {each.what: each.why for each in found.skipped}
    assert "not installed" in said["hadamask"]
    assert "attribute" in said["leace"]
    assert "no attack of that name" in said["telepathy"]
    assert "vecguard[redteam]" in said["words"]
    assert "never asked" in said["both on balanced, unscrubbed"]
    assert {each.attack for each in found.figures} == {"both"}


def test_texts_are_veiled_unless_somebody_asks(frontier: Make) -> None:
    """No word of a text is in the document, and yet the same word is the same code; `show` leaves them."""
    pytest.importorskip("torch")
    hidden = frontier().measured(["rotation"], ["words"])
    shown = frontier(show=True).measured(["rotation"], ["words"])
    assert hidden.masked
    assert not shown.masked
    assert len(hidden.samples) == SMALL.samples
    first, open_ = hidden.samples[0], shown.samples[0]
    assert not any(word in hidden.to_json() for word in open_.original.split())
    assert set(open_.original.split()) & set(open_.told["bare"]["bag of words"].split())
    assert len(set(first.original.split()) & set(first.told["bare"]["bag of words"].split())) == len(
        set(open_.original.split()) & set(open_.told["bare"]["bag of words"].split())
    )


def test_the_document_is_read_back_and_names_no_path(frontier: Make, tmp_path: Path) -> None:
    """Findings are JSON, whatever was measured."""
    found = frontier().measured(["rotation"], ["dictionary"], command="vecguard bench frontier --data made")
    assert Findings.from_json(found.to_json()) == found
    assert str(tmp_path) not in found.to_json()
    assert json.loads(found.to_json())["corpus"]["judged"] is True


@pytest.mark.parametrize("change", [{"margin": 0.0}, {"margin": 1.0}, {"effort": replace(SMALL, seeds=0)}])
def test_what_cannot_be_measured_is_refused(frontier: Make, change: dict[str, object]) -> None:
    """A margin out of range, no seed, a setting that there is not."""
    with pytest.raises(BadInput):
        frontier(**change).measured(["rotation"], ["dictionary"])
    with pytest.raises(BadInput):
        frontier().measured(["rot13"], ["dictionary"])
