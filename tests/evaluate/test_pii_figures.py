"""Counts, intervals, hidden characters, exact spans, and gates: small sums worked out by hand."""

from __future__ import annotations

import json
import math
from collections.abc import Sequence

import numpy as np
import pytest

from vecguard.evaluate.pii import limits, quality, recall, speed
from vecguard.evaluate.pii.conll import HANDLE
from vecguard.evaluate.pii.counts import Counts, clustered, f_beta, share
from vecguard.evaluate.pii.coverage import FalseAlarms, exact, hidden, shape, snapped
from vecguard.evaluate.pii.evasions import Case
from vecguard.evaluate.pii.finding import Found, find
from vecguard.evaluate.pii.labelled import Labelled
from vecguard.evaluate.pii.quality import Measured
from vecguard.evaluate.pii.report import Block, Gate, Part, Report
from vecguard.scrub import Finding


def labelled(text: str, *values: tuple[str, str], group: str = "g") -> Labelled:
    spans = [Finding(text.index(value), text.index(value) + len(value), entity, 1.0) for value, entity in values]
    return Labelled(text, tuple(spans), group)


def measured(texts: Sequence[Labelled], found: list[list[Finding]], *entities: str) -> Measured:
    return Measured("set", "all", frozenset(entities), texts, Found(found))


def test_f_beta_of_known_counts() -> None:
    """Precision 1/2, recall 1/4: F1 is 1/3, F2 is 5/18; nothing right is 0, and nothing annotated is no figure."""
    counts = Counts(right=1, predicted=2, annotated=4)
    assert (counts.precision, counts.recall) == (0.5, 0.25)
    assert counts.f(1) == pytest.approx(1 / 3)
    assert counts.f(2) == pytest.approx(5 / 18)
    assert Counts(0, 3, 4).f() == 0
    assert math.isnan(Counts(0, 3, 0).f())


def test_intervals_draw_groups_and_not_rows() -> None:
    """Ten groups of fifty equal rows tell as little as ten rows do: the interval does not shrink with repetition."""
    one = [(f"g{n}", (n % 2, 1)) for n in range(10)]
    many = [(group, counts) for group, counts in one for _ in range(50)]
    few, repeated = clustered(one, share, seed=1), clustered(many, share, seed=1)
    assert few.value == repeated.value == 0.5
    assert (repeated.low, repeated.high) == (few.low, few.high)
    apart = clustered([(str(n), counts) for n, (_, counts) in enumerate(many)], share, seed=1)
    assert apart.high - apart.low < 0.4 * (few.high - few.low)


def test_intervals_hold_the_truth_as_often_as_they_say() -> None:
    """Of 200 samples of 60 groups with a true share of .7, about 95 % of the intervals hold it."""
    rng, held = np.random.default_rng(5), 0
    for trial in range(200):
        rows = [(str(n), (int(rng.binomial(8, 0.7)), 8)) for n in range(60)]
        estimate = clustered(rows, share, seed=trial, resamples=500)
        held += estimate.low <= 0.7 <= estimate.high
    assert 0.89 <= held / 200 <= 0.99


def test_intervals_need_something_to_draw_from() -> None:
    with pytest.raises(ValueError, match="nothing"):
        clustered([], f_beta(2), seed=1)


def test_hidden_counts_letters_and_not_blanks() -> None:
    """Half a name hidden is half its letters; the type of the finding does not matter; handles are not counted."""
    text = labelled("Ada Bell met @eve", ("Ada Bell", "PERSON"), ("@eve", HANDLE))
    assert hidden(text, [Finding(0, 3, "URL", 1.0)]) == (3, 7)
    assert hidden(text, [Finding(0, 8, "URL", 1.0)]) == (7, 7)
    assert hidden(text, []) == (0, 7)


def test_exact_spans_are_compared_by_whole_tokens() -> None:
    """A finding without the final "s" of its token is widened; one with a wrong type or another token is wrong."""
    text = labelled("Ada Bells sings in Rome", ("Ada Bells", "PERSON"), ("Rome", "LOCATION"))
    found = [Finding(0, 8, "PERSON", 1.0), Finding(19, 23, "PERSON", 1.0)]
    assert exact(text, found, ("PERSON", "LOCATION")) == {"PERSON": Counts(1, 2, 1), "LOCATION": Counts(0, 0, 1)}


def test_what_touches_a_handle_is_neither_right_nor_wrong() -> None:
    text = labelled("@ eve and Ada", ("eve", HANDLE), ("Ada", "PERSON"))
    found = [Finding(2, 5, "PERSON", 1.0), Finding(10, 13, "PERSON", 1.0)]
    assert exact(text, found, ("PERSON",)) == {"PERSON": Counts(1, 1, 1)}


def test_widened_findings_that_meet_become_one() -> None:
    """Blanks at the edges fall away, and two findings in one token are one."""
    assert [
        (each.start, each.end) for each in snapped("to Ada-Bell !", [Finding(2, 5, "A", 1.0), Finding(7, 8, "A", 1.0)])
    ] == [(3, 11)]
    assert snapped("a  b", [Finding(1, 2, "A", 1.0)]) == []


def test_shapes_tell_nothing() -> None:
    """A shape has no letter or digit of the value, and as many marks whatever its length."""
    assert shape("Ada Bell") == shape("Grace Hopper") == "Aa Aa"
    assert shape("219-09-8642") == "9-9-9"


def test_false_alarms_are_counted_by_thousand_words_and_hold_texts_out_of_sight() -> None:
    alarms = FalseAlarms()
    alarms.add("the Hodgkin test " * 50, [Finding(4, 11, "PERSON", 1.0, "lists")])
    assert alarms.per_thousand_words == pytest.approx(1000 / 150)
    assert alarms.kinds[("PERSON", "lists", "Aa")] == 1
    assert "Hodgkin" not in repr(alarms)


def test_examples_are_printed_only_when_asked_for() -> None:
    texts = [Labelled("the Hodgkin test", (), "d")]
    several = [measured(texts, [[Finding(4, 11, "PERSON", 1.0, "lists")]], "PERSON")]
    assert "Hodgkin" not in repr(quality.false_alarms(several))
    assert "Hodgkin" in repr(quality.false_alarms(several, show=True))


def test_the_protocols_gate_is_the_lower_end_of_the_interval() -> None:
    """Everything right in every template: both gates hold, and the figures are 1."""
    texts = [labelled(f"Ada{n} sings", (f"Ada{n}", "PERSON"), group=str(n)) for n in range(5)]
    part = quality.span_protocol(measured(texts, [list(text.spans) for text in texts], "PERSON"), seed=1, gated=True)
    assert all(gate.holds for gate in part.gates)
    assert set(part.figures.values()) == {1.0}
    missed = quality.span_protocol(measured(texts, [[] for _ in texts], "PERSON"), seed=1, gated=True)
    assert not any(gate.holds for gate in missed.gates)


def test_our_types_are_compared_as_the_set_has_them() -> None:
    """An ADDRESS of ours is a LOCATION there."""
    texts = [labelled("at 9 Elm Road", ("9 Elm Road", "LOCATION"))]
    part = quality.span_protocol(measured(texts, [[Finding(3, 13, "ADDRESS", 1.0)]], "ADDRESS"), seed=1)
    assert [row[:3] for row in part.blocks[0].rows] == [("PII", "1", "1"), ("LOCATION", "1", "1")]


def test_types_that_were_not_looked_for_are_not_scored() -> None:
    texts = [labelled("Ada of ACME", ("Ada", "PERSON"), ("ACME", "ORGANIZATION"))]
    part = quality.exact_spans([measured(texts, [list(texts[0].spans)], "PERSON")], seed=1)
    assert [row[1] for row in part.blocks[0].rows] == ["PERSON"]
    assert part.figures["set, all: PERSON F1"] == 1


def test_structured_recall_wants_the_type_and_the_whole_value() -> None:
    """Right type and whole counts as found; whole under another type is hidden; a part is neither."""
    texts = [labelled("SSN 219-09-8642", ("219-09-8642", "US_SSN"), group=str(n)) for n in range(4)]
    found = [
        [Finding(4, 15, "US_SSN", 1.0)],
        [Finding(0, 15, "US_SSN", 1.0)],
        [Finding(4, 15, "PHONE_NUMBER", 1.0)],
        [Finding(4, 10, "US_SSN", 1.0)],
    ]
    part = recall.structured("test", texts, Found(found), seed=1)
    assert part.figures == {"structured recall, test: hidden": 0.75, "structured recall, test: under its own type": 0.5}
    assert part.blocks[0].rows[-1][2].startswith("0.500")
    assert [(gate.holds, gate.aim) for gate in part.gates] == [(False, False), (False, True)]


def test_evasions_list_every_miss_by_name() -> None:
    """A miss that is known stays listed and counts as a miss."""
    text = "SSN 219 09 8642 x"
    cases = [
        Case("spaced", "blanks", text, 4, 15, "US_SSN"),
        Case("spaced again", "blanks", text, 4, 15, "US_SSN", known_miss=True),
        Case("whole", "blanks", text, 4, 15, "US_SSN"),
    ]
    part = recall.evasions(cases, Found([[Finding(0, 17, "US_SSN", 1.0)], [], []]))
    assert part.figures["evasion recall"] == pytest.approx(1 / 3)
    assert [(row[0], row[3]) for row in part.blocks[1].rows] == [("spaced again", "known miss"), ("whole", "NEW MISS")]
    assert part.blocks[0].rows[-1] == ("all", "3", "1", "0.333", "0.333")


def test_a_refused_text_costs_the_others_nothing() -> None:
    """A batch that is refused is tried text by text; what is refused alone is counted and has no findings."""

    class Picky:
        def find_all(self, texts: Sequence[str]) -> list[list[Finding]]:
            if "bad" in texts:
                raise RuntimeError
            return [[Finding(0, 1, "A", 1.0)] for _ in texts]

    done: list[int] = []
    got = find(Picky(), ["a", "bad", "b"], done.append)
    assert [len(each) for each in got.findings] == [1, 0, 1]
    assert (got.refused, sum(done)) == (1, 3)


def test_a_race_takes_turns_and_drops_the_first_round() -> None:
    """Both do the same work equally often, in the other order each round; the ratio is of medians over rounds."""
    order: list[str] = []
    got = speed.race("r", ["x"], lambda _: order.append("ours"), lambda _: order.append("stock"), rounds=3)
    assert order == ["stock", "ours", "ours", "stock", "stock", "ours", "ours", "stock"]
    assert len(got.ours_s) == len(got.stock_s) == 3
    ratio = speed.Race("r", 2, (1.0, 2.0, 3.0), (2.0, 4.0, 6.0)).ratio(seed=1)
    assert (ratio.value, ratio.low, ratio.high) == (0.5, 0.5, 0.5)


def test_pieces_of_real_texts_have_the_asked_length() -> None:
    pieces = speed.cut(["a b c d e f g", "h i"], words=3, count=5, seed=1)
    assert sorted(pieces) == ["a b c", "d e f"]


@pytest.mark.parametrize(
    ("gate", "holds"),
    [
        (Gate("g", 0.5, 0.5), True),
        (Gate("g", 0.5, 0.5, strict=True), False),
        (Gate("g", 0.5, 0.4, at_most=True), False),
        (Gate("g", 0.3, 0.4, at_most=True, strict=True), True),
        (Gate("g", None, 0.5), None),
        (Gate("g", float("nan"), 0.5), None),
        (Gate("g", float("inf"), 5, at_most=True), False),
    ],
)
def test_gates(gate: Gate, holds: bool | None) -> None:
    assert gate.holds is holds


def test_status_is_of_gates_and_not_of_aims() -> None:
    """0: what was measured holds; 1: something does not; 2: nothing was measured. An aim decides nothing."""

    def status(*gates: Gate) -> int:
        report = Report(["x"], 1, "s")
        report.add(Part(gates=list(gates)))
        return report.status

    assert status(Gate("a", 1, 0), Gate("b", None, 1), Gate("c", 0, 1, aim=True)) == 0
    assert status(Gate("a", 1, 0), Gate("b", 0, 1)) == 1
    assert status(Gate("b", None, 1)) == 2


def test_the_page_and_the_document_carry_everything() -> None:
    """Tables, gates, what was skipped; JSON has null where there is no number; marks of Markdown are escaped."""
    report = Report(["python", "benchmarks/scrub.py"], 7, "defaults")
    report.add(
        Part(
            [Block("T", ("a", "b"), (("x|y", "<PERSON>"),), "Note.")], [Gate("g", float("inf"), 1)], {"f": float("nan")}
        )
    )
    report.skipped.append("a set")
    page, document = report.page(), json.loads(report.json())
    assert "x\\|y | &lt;PERSON>" in page
    assert "- a set" in page
    assert "`python benchmarks/scrub.py`" in page
    assert document["figures"] == {"f": None}
    assert document["tables"][0]["rows"] == [["x|y", "<PERSON>"]]
    assert document["gates"][0]["holds"] is True


def test_an_input_that_ends_in_any_other_error_does_not_hold() -> None:
    """A typed refusal is an answer; any other exception is not, however quick."""
    assert limits.Cost("a", 0.1, "refused", promised=True).holds
    assert not limits.Cost("a", 0.1, "raised RecursionError", promised=True).holds
    part = limits.costs([limits.Cost("a", 6.0, "done", promised=True), limits.Cost("b", 6.0, "done", promised=False)])
    assert [(gate.holds, gate.aim) for gate in part.gates] == [(False, False), (False, True)]
