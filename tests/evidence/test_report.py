"""The evidence: every figure is what the state says, nothing in it is a name or a text, and the page is well formed."""

from __future__ import annotations

import json
import re
import warnings
from collections.abc import Callable
from html.parser import HTMLParser
from pathlib import Path
from typing import Any

import pytest

from vecguard import Budgets, Keyring, Policy, Scrub, Throttled, Vectors
from vecguard.evidence.page import page
from vecguard.evidence.report import Given, gather
from vecguard.evidence.section import Evidence, Section, Table
from vecguard.records import Ask, Query
from vecguard.rules import granted

NAMES = ("alice-owner", "bob-reader", "carol-owner", "group-of-nurses", "Zebulon", "4711")


@pytest.fixture
def evidence(desk_of: Callable[..., Any], tmp_path: Path) -> tuple[Evidence, Any]:
    """Two owners that share, a reader over its budget, a rule of the file that ends soon, and results of a red team."""
    keys = Keyring.ephemeral()
    scrub = Scrub(enabled=False, deny=("Zebulon",))
    policy = Policy(scrub=scrub, budgets=Budgets(queries_a_day=3))
    desk = desk_of(policy, keys=keys, state=f"sqlite:///{tmp_path / 'state.db'}")
    for owner in ("alice-owner", "carol-owner"):
        desk.write(["4711", "4712"], ["a text of Zebulon", "another"], [{"ward": "4711"}, {}], who=owner)
        desk.guard.rules.grant(owner, readers=["bob-reader", "everyone"])
    for _ in range(3):
        desk.read(Ask(query=Query(texts=("a text",)), limit=5), "bob-reader")
    for _ in range(2):
        with pytest.raises(Throttled):
            desk.read(Ask(), "bob-reader")
    import time

    fixed = granted("alice-owner", readers=["group:group-of-nurses"], until=time.time() + 86_400)
    (tmp_path / "guard.toml").write_text("[guard]\n")
    results = {"cosine": 0.11, "guess": "Zebulon lives here", "by attack": [{"Zebulon lives": 3}, {"recall@10": 0.5}]}
    (tmp_path / "redteam.json").write_text(json.dumps(results))
    given = Given((), tmp_path / "redteam.json", None)
    made = gather(desk.guard.state, keys, policy, fixed, tmp_path / "guard.toml", given)
    return made, desk


def _table(section: Section, title: str) -> Table:
    return next(each for each in section.tables if each.title.startswith(title))


def test_the_audit_figures_are_those_of_the_log(evidence: tuple[Evidence, Any]) -> None:
    """Calls by action as they were made, and shared rows by who got them."""
    made, desk = evidence
    section = made.section("audit")
    assert section.figures["result"] == "holds"
    assert section.figures["lines"] == 2 + 2 + 3 + 6
    calls = {action: (number, records) for _, action, number, records in _table(section, "Calls").rows}
    assert calls == {"write": (2, 4), "grant": (2, 6), "read": (3, 0)}
    ((who, records, owners, *_),) = _table(section, "Reads of rows").rows
    assert who in desk.guard.state.pseudonyms.principal("bob-reader")
    assert (records, owners) == (12, 2)


def test_budgets_tell_what_was_used_and_refused(evidence: tuple[Evidence, Any]) -> None:
    """Configured beside used, today and ever."""
    section = evidence[0].section("budgets")
    assert section.figures["limit: queries_a_day"] == 3
    assert section.figures["limit: queries_ever"] == "none"
    assert section.figures["calls refused or cut short, today"] == 2
    ((_, *counts, _),) = _table(section, "Used").rows
    assert counts == [3, 3, 4, 2, 3, 3, 4, 2]


def test_state_keys_and_rules_are_counted(evidence: tuple[Evidence, Any]) -> None:
    """Owners, collections, keys by root; grants by kind, and the one that ends tomorrow."""
    made, desk = evidence
    assert made.section("state").figures["owners with a key"] == 2
    assert len(made.section("state").tables[0].rows) == 1
    keys = {(kind, number) for _, current, kind, number, *_ in made.section("keys").tables[0].rows if current == "yes"}
    assert keys >= {("owner", 2), ("collection", 1), ("state", 1)}
    rules = made.section("rules")
    assert set(_table(rules, "Grants").rows) == {("read", "everyone", 2), ("read", "group", 1), ("read", "user", 2)}
    ((owner, kind, right, _),) = _table(rules, "Ending").rows
    assert (owner, kind, right) == (desk.guard.state.digest("alice-owner"), "group", "read")
    assert rules.figures["of these from the configuration file"] == 1


def test_figures_of_results_are_taken_over_and_sentences_are_not(evidence: tuple[Evidence, Any]) -> None:
    """A result may quote what was reconstructed; only numbers come along, under names that are none."""
    section = evidence[0].section("redteam")
    assert _table(section, "Figures").rows == (("cosine", 0.11), ("(...)[0].(...)", 3), ("(...)[1].recall@10", 0.5))
    assert evidence[0].section("erase").unknown == ("None were given (--erase).",)


def test_no_name_text_or_value_is_in_the_evidence(evidence: tuple[Evidence, Any]) -> None:
    """Neither in the JSON nor on the page."""
    made = evidence[0]
    for text in (json.dumps(made.as_json()), page(made)):
        assert not [each for each in NAMES if each in text]


def test_every_part_says_where_its_figures_come_from(evidence: tuple[Evidence, Any]) -> None:
    """And the page shows that for each, with everything that is not known."""
    shown = _Read.of(page(evidence[0])).text
    for section in evidence[0].sections:
        assert section.source
        assert section.source in shown
        assert all(each in shown for each in (*section.words, *section.unknown))


@pytest.mark.parametrize(
    ("policy", "claimed"),
    [
        (Policy(), "nothing"),
        (Policy(vectors=Vectors(noise=1.0)), "nothing"),
        (Policy(vectors=Vectors(noise=1.0, non_recoverable=True, mechanism="gaussian")), "as stated below"),
    ],
)
def test_differential_privacy_is_claimed_only_where_noise_stays(policy: Policy, claimed: str, tmp_path: Path) -> None:
    """The words are the policy's own."""
    from vecguard.evidence.policies import formal_privacy

    section = formal_privacy(policy)
    assert section.figures["claimed"] == claimed
    assert section.words[-1] in policy.explain()


def test_a_broken_log_is_said_first(evidence: tuple[Evidence, Any], tmp_path: Path) -> None:
    """In the figures, with the place of every break, and in red at the top of the page."""
    state = evidence[1].guard.state
    with state.database.begin() as connection:
        connection.exec_driver_sql("update vg_audit set count = 99, at = 'noon' where number = 4")
    from vecguard.evidence.audited import audited

    section = audited(state, Policy(), ())
    assert section.figures["result"] == "BROKEN in 1 place(s)"
    assert _table(section, "Breaks").rows == ((state.writer, "line 4", "a line was changed"),)
    sections = tuple(section if each.name == "audit" else each for each in evidence[0].sections)
    assert '<b class="bad">BROKEN in 1 place(s)</b>' in page(Evidence("now", sections))


class _Read(HTMLParser):
    """Reads a page as a browser would: every element closed in order, and what it would load."""

    def __init__(self) -> None:
        super().__init__()
        self.open: list[str] = []
        self.ids: list[str] = []
        self.links: list[str] = []
        self.loaded: list[str] = []
        self.tags: set[str] = set()
        self.text = ""

    @classmethod
    def of(cls, html: str) -> _Read:
        read = cls()
        read.feed(html)
        read.close()
        return read

    def handle_starttag(self, tag: str, attrs: Any) -> None:
        given = dict(attrs)
        self.tags.add(tag)
        self.loaded += [value for name, value in given.items() if name in ("src", "srcset", "data", "action")]
        self.ids += [given["id"]] if "id" in given else []
        self.links += [given["href"]] if "href" in given else []
        if tag not in ("meta", "br", "hr"):
            self.open.append(tag)

    def handle_endtag(self, tag: str) -> None:
        assert self.open.pop() == tag

    def handle_data(self, data: str) -> None:
        self.text += data


def test_the_page_is_well_formed_and_loads_nothing(evidence: tuple[Evidence, Any]) -> None:
    """Balanced, with links to its own parts only, no script, and nothing that a browser would fetch."""
    html = page(evidence[0])
    read = _Read.of(html)
    assert read.open == []
    assert read.loaded == []
    assert not read.tags & {"script", "link", "img", "iframe", "object", "embed"}
    assert len(set(read.ids)) == len(read.ids)
    assert all(each.startswith("#") and each[1:] in read.ids for each in read.links)
    assert not re.search(r"url\(|@import|https?:", html)


def test_what_is_shown_is_escaped(evidence: tuple[Evidence, Any]) -> None:
    """Whatever ends up in a value, a title or a column, it is text."""
    evil = "<script>\"&'</script>"
    part = Section("x", evil, evil, {evil: evil}, (evil,), (Table.of(evil, (evil,), [(evil,)]),), (evil,))
    html = page(Evidence(evil, (*evidence[0].sections, part)))
    assert "<script" not in html
    assert _Read.of(html).open == []


def test_a_table_that_is_too_long_says_what_it_leaves_out() -> None:
    """Nothing is cut in silence."""
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        table = Table.of("many", ("n",), [(n,) for n in range(250)], most=200)
    assert (len(table.rows), table.left_out, table.as_json()["left_out"]) == (200, 50, 50)
