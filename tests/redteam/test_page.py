"""What the page says: every figure, first of all where the setting in question loses, and nothing that is not so."""

from __future__ import annotations

import html
import re
import xml.etree.ElementTree as ET
from dataclasses import replace
from itertools import pairwise

import pytest

from vecguard import BadInput
from vecguard.redteam.findings import Figure, Findings, Measured
from vecguard.redteam.page import page
from vecguard.redteam.page._scale import Changes, spread
from vecguard.redteam.page._words import leaked, moved, number

from .invented import HOSTILE, hostile, invented, stripped

GAP = "\u00a0"


def _text(made: str) -> str:
    """Return what a reader reads, one space between any two words; tooltips and labels of pictures left out."""
    plain = re.sub(r"<(style|script|svg)\b.*?</\1>", " ", made, flags=re.DOTALL)
    return re.sub(r"[ \n]+", " ", html.unescape(re.sub(r"<[^>]+>", " ", plain)))


def _first_screen(made: str) -> str:
    return _text(made[: made.index("<nav")])


def _shifted(findings: Findings, setting: str, attack: str, by: float) -> Findings:
    """Return the same with figures of one cell moved, interval and all."""

    def moved(each: Figure) -> Figure:
        if each.setting != setting or each.attack != attack or each.low is None or each.high is None:
            return each
        return replace(each, value=each.value + by, low=each.low + by, high=each.high + by)

    return replace(findings, figures=tuple(moved(each) for each in findings.figures))


@pytest.mark.parametrize("kind", ["frontier", "redteam"])
def test_every_figure_of_the_document_is_on_the_page(kind: str) -> None:
    """In a table that needs no script: value, interval, floor, ceiling, leak, and who knew what; settings; the run."""
    findings = invented(kind)
    read = _text(page(findings))
    for each in findings.figures:
        around = "–" if each.low is None else f"[{number(each.low)},{GAP}{number(each.high or 0)}]"
        said = f"{number(each.value)} {around} {number(each.floor)} {number(each.ceiling)} {leaked(each)}"
        assert f"{said} {each.n:,} {each.pairs or '–'} " in read
        assert f"{each.metric} knows {each.knowledge}" in read
    for setting in findings.settings:
        assert setting.words in read
        assert all(number(value) in read for value in setting.quality.values())
        assert setting.change is None or moved(setting.change.estimate) in read
    for name, value in {**findings.corpus, **findings.versions}.items():
        assert (f"{name} {value:,}" if isinstance(value, int) else f"{name} {value}") in read
    assert all(f"{each.what} {each.why}" in read for each in findings.skipped)
    assert all(each in read for each in (findings.command, findings.made, "0, 1, 2", "171 s"))


def test_the_first_screen_says_what_was_measured_and_against_which_margin() -> None:
    """Corpus, rows, encoder, measure, and that the margin was fixed before."""
    said = _first_screen(page(invented()))
    assert f"4,000 rows of invented notes , embedded by all-MiniLM-L6-v2 (d{GAP}={GAP}384)" in said
    assert f"Utility is nDCG@10; the margin, a loss of 1{GAP}%, was fixed before the run." in said
    for label in ("bare", "noise only", "rotation only", "ranked in the store", "balanced", "strict"):
        assert label in said


def test_where_balanced_loses_the_first_screen_says_so_in_figures() -> None:
    """To whom, against what, by how much; and within the intervals only that it may be chance."""
    found = _shifted(invented(), "balanced", "gram", 0.2)
    said = _first_screen(page(found))
    worst, strict = found.worst("balanced", "gram"), found.worst("strict", "gram")
    assert worst is not None
    assert strict is not None
    assert "It loses to strict, see below." in said
    assert f"Against gram, a leak of {leaked(worst)}: strict {number(100 * strict.leak, 1)}{GAP}%." in said
    assert re.search(r"perhaps by chance: .*to bare in nDCG@10", said)
    assert "against gram" not in said.partition("perhaps by chance")[2]


def test_where_balanced_is_not_within_the_margin_the_first_screen_says_so() -> None:
    """Whatever it stops."""
    found = invented()
    costly = Measured(estimate=-0.02, low=-0.03, high=-0.011)
    settings = tuple(
        replace(each, change=costly, within=False) if each.name == "balanced" else each for each in found.settings
    )
    said = _first_screen(page(replace(found, settings=settings)))
    assert f"balanced is not within the margin : −2.00{GAP}% [−3.00,{GAP}−1.10] of nDCG@10" in said
    assert re.search(rf"In nDCG@10, −2.00{GAP}% .*: bare .*rotation only", said)


def test_where_nothing_is_lost_the_page_claims_no_more_than_that() -> None:
    """Of the attacks that ran, and of utility only where it was measured."""
    found = stripped(invented("redteam", attacks=1))
    said = _first_screen(page(found))
    assert "Against the attacks that ran it loses to no other setting. Utility was not measured." in said
    assert "What search is worth was not measured in this run." in said


@pytest.mark.parametrize("found", [invented(), invented("redteam"), stripped(invented()), hostile(invented())])
def test_no_word_claims_more_than_a_measurement_can(found: Findings) -> None:
    """Nothing is secure, nothing stops inversion, a rotation encrypts nothing."""
    assert not re.search(
        r"\b(secure|safe|unbreakable|stops inversion|encrypt\w*|guaranteed)\b", _text(page(found)), re.I
    )


def test_noise_that_promises_nothing_is_called_vacuous_and_much_noise_is_not_praised_either() -> None:
    """The epsilon of r = .25 at d = 384 is in the thousands; of r = 100 nothing is said."""
    said = _text(page(invented())).partition("differential privacy")[2]
    found = re.search(
        rf"is vacuous : noise only ε{GAP}={GAP}([\d,]+); ranked in the store ε{GAP}={GAP}([\d,]+)\.", said
    )
    assert found
    assert int(found[1].replace(",", "")) > 10_000
    assert "balanced" not in said
    unknown = replace(invented(), corpus={"name": "notes"})
    assert "vacuous" not in _text(page(unknown))


def test_an_attacker_that_is_too_weak_on_bare_vectors_is_marked_and_not_drawn() -> None:
    """Its figures stay in the table."""
    found = invented(attacks=2)
    weak = replace(
        found,
        figures=tuple(
            replace(each, ceiling=each.floor + 0.01) if each.attack == "words" else each for each in found.figures
        ),
    )
    made = page(weak)
    assert made.count('<svg viewBox="0 0 400') == 1
    assert "Too weak on undefended vectors for its leak to say anything." in made
    assert f"%{GAP}†" in made.replace("&nbsp;", GAP) or re.search(r"†</td>", made)
    assert "words:" not in _first_screen(made)


def test_samples_stand_side_by_side_and_say_whether_they_are_masked() -> None:
    """The original, then by setting what each attacker said; right words are marked, function words are not."""
    found = invented()
    made = page(found)
    assert "my sister keeps bees" in made
    assert "<mark>sister</mark>" in made
    assert "<mark>my</mark>" not in made
    assert "Texts of the corpus are masked." in made
    assert "whoever has this page reads them" in page(replace(found, masked=False))
    assert "No samples were kept" in page(replace(found, samples=()))


def test_texts_cannot_become_markup_nor_turn_a_line_around() -> None:
    """In every field: escaped whole, controls and halves of pairs replaced, and the file can be written."""
    made = page(hostile(invented()))
    made.encode("utf-8")
    assert made.count("<script") == made.count("</script>") == 1
    assert "<img" not in made
    assert not re.search("[\u202e\u2066\x07\ud800]", made)
    assert html.escape(HOSTILE.partition("\u202e")[0]) + "\ufffdgnp.\ufffd\ufffd\ufffd$_{x}" in made


def test_pictures_are_well_formed() -> None:
    """Each by itself is XML, whatever names are in it."""
    for found in (invented(), invented("redteam"), hostile(invented())):
        pictures = re.findall(r"<svg .*?</svg>", page(found), re.DOTALL)
        assert len(pictures) > 10
        for each in pictures:
            ET.fromstring(each)


def test_figures_that_are_no_numbers_are_refused() -> None:
    """A page would show them as if they had been measured."""
    found = invented()
    with pytest.raises(BadInput):
        page(replace(found, figures=(replace(found.figures[0], value=float("nan")),)))
    assert "nan" not in _text(page(found)).lower().split()


def test_labels_are_spread_as_little_as_can_be() -> None:
    """In order, a gap apart, within the picture; where there is room they stay."""
    assert spread([10, 50, 90], 15, 0, 100) == [10, 50, 90]
    assert spread([50, 50], 10, 0, 100) == [45, 55]
    close = spread([0, 0, 1, 99, 100], 15, 0, 100)
    assert all(b - a >= 15 - 1e-9 for a, b in pairwise(close))
    assert (close[0], close[-1]) == (0, 100)


def test_the_scale_of_changes_bends_only_where_some_are_far_out() -> None:
    """And keeps order, the margin and zero on the picture."""
    near, far = (Changes.of(ends, 0.01, 40, 260) for ends in ((-0.004, 0.002), (-0.8, 0.002)))
    assert (near.bent, far.bent) == (False, True)
    for scale in (near, far):
        places = [scale(each) for each in (scale.low, -0.01, 0.0, scale.high)]
        assert places == sorted(places)
        assert 40 < places[0] < places[-1] < 260
        assert 0.0 in scale.ticks()
    assert far(0.0) - far(-0.01) > 10  # the margin can be seen beside a loss of 80 %
    assert far.ticks() == [-0.1, -0.01, 0.0]
