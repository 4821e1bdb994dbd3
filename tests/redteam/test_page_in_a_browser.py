"""The page in a real browser: quiet, alone, legible at day and night, as narrow as a phone."""

from __future__ import annotations

from collections.abc import Iterator
from dataclasses import replace
from typing import Any

import pytest

from vecguard.redteam.page import page

from .browser import SITE, Browser, Key, Probe, opened
from .invented import hostile, invented, stripped

DOCUMENTS = {
    "frontier": invented(),
    "redteam": invented("redteam"),
    "one attack and no more": stripped(invented("redteam", attacks=1, intervals=False)),
    "twenty attacks": invented(attacks=20),
    "hostile": hostile(invented()),
    "hostile, with a policy": hostile(invented("redteam")),
    "no figures": replace(invented(), figures=()),
}


_NARROW = """
  const wide = [...page.querySelectorAll("body *")].filter(each => !each.closest(".wide, pre, svg, .tip")
    && each.getBoundingClientRect().right > view.innerWidth + 1);
  return [page.documentElement.scrollWidth, view.innerWidth, wide.map(each => each.tagName + "." + each.className)];
"""
_CONTRAST = """
  const parse = said => (said.match(/[\\d.]+/g) || []).map(Number);
  const light = ([r, g, b]) => [r, g, b].map(x => x / 255)
    .map(x => x <= .04045 ? x / 12.92 : ((x + .055) / 1.055) ** 2.4)
    .reduce((sum, x, i) => sum + x * [.2126, .7152, .0722][i], 0);
  const under = each => { for (let at = each; at; at = at.parentElement) {
      const colour = parse(view.getComputedStyle(at).backgroundColor);
      if (colour.length === 3 || colour[3] > 0) return colour; } return [255, 255, 255]; };
  const ratio = (one, other) => { const [a, b] = [light(one), light(other)].sort((x, y) => y - x);
    return (a + .05) / (b + .05); };
  const texts = [], shapes = [];
  const walk = page.createTreeWalker(page.body, NodeFilter.SHOW_TEXT);
  while (walk.nextNode()) { const at = walk.currentNode.parentElement;
    if (!walk.currentNode.data.trim() || at.closest("script, .tip, title")) continue;
    const style = view.getComputedStyle(at);
    texts.push(ratio(parse(at.closest("svg") ? style.fill : style.color), under(at))); }
  for (const at of page.querySelectorAll(".solid"))
    shapes.push(ratio(parse(view.getComputedStyle(at).fill), under(at)));
  for (const at of page.querySelectorAll(".hollow"))
    shapes.push(ratio(parse(view.getComputedStyle(at).stroke), under(at)));
  return { ground: light(under(page.body)), count: texts.length, texts: Math.min(...texts),
    shapes: Math.min(...shapes) };
"""
_LABELS = """
  return [...page.querySelectorAll("figure svg")].map(svg => {
    const boxes = [...svg.querySelectorAll("text")].map(each => each.getBoundingClientRect());
    return boxes.flatMap((a, i) => boxes.slice(i + 1).filter(b =>
      Math.min(a.right, b.right) - Math.max(a.left, b.left) > 1 &&
      Math.min(a.bottom, b.bottom) - Math.max(a.top, b.top) > 3)).length; });
"""
_POINTER = """
  const mark = page.querySelector('.panels [data-setting="strict"]');
  const said = mark.querySelector("title");
  mark.dispatchEvent(new PointerEvent("pointerenter", { clientX: 10, clientY: 10 }));
  const tip = page.querySelector(".tip"), off = [...page.querySelectorAll(".panels .off")];
  const shown = [tip.hidden, tip.textContent, off.length > 0, off.some(each => each.dataset.setting === "strict")];
  mark.dispatchEvent(new PointerEvent("pointerleave"));
  return [said, ...shown, page.querySelectorAll(".off").length, tip.hidden];
"""
_STRUCTURE = """
  const names = each => each.getAttribute("aria-label") || "";
  return { lang: page.documentElement.lang, h1: page.querySelectorAll("h1").length,
    unnamed: [...page.querySelectorAll('figure svg:not([aria-hidden])')].filter(each => names(each).length < 20).length,
    headless: [...page.querySelectorAll("table")].filter(each => !each.querySelector("th[scope]")).length,
    scripts: page.scripts.length, images: page.images.length, pictures: page.querySelectorAll("figure svg").length,
    handlers: [...page.querySelectorAll("*")].filter(each => each.getAttributeNames().some(x => /^on|^style$/.test(x)))
      .length,
    dead: [...page.links].filter(each => !page.querySelector(each.getAttribute("href"))).length };
"""

PROBES = {
    "narrow": Probe(_NARROW, width=360),
    "contrast": Probe(_CONTRAST),
    "labels": Probe(_LABELS),
    "structure": Probe(_STRUCTURE),
    "pointer": Probe(_POINTER),
}


@pytest.fixture(scope="module")
def browser(tmp_path_factory: pytest.TempPathFactory) -> Iterator[Browser]:
    with opened(tmp_path_factory.mktemp("browser")) as found:
        yield found


@pytest.fixture(scope="module")
def day(browser: Browser) -> dict[Key, Any]:
    """What every probe says of every page."""
    return browser.probe({name: page(each) for name, each in DOCUMENTS.items()}, PROBES)


@pytest.fixture(scope="module")
def night(browser: Browser) -> dict[Key, Any]:
    """The same of those whose answer the reader's preference changes."""
    pages = {name: page(each) for name, each in DOCUMENTS.items()}
    return browser.probe(pages, {"contrast": PROBES["contrast"]}, dark=True)


each_document = pytest.mark.parametrize("name", DOCUMENTS)


@each_document
def test_the_page_asks_for_nothing_and_its_console_stays_empty(browser: Browser, name: str) -> None:
    """The one request is the page's own; nothing is blocked, refused or broken, whatever its texts say."""
    seen = browser.visit(page(DOCUMENTS[name]))
    assert seen.asked == [f"{SITE}/page"]
    assert seen.console == []
    assert "</main>" in seen.dom


def test_a_page_that_asked_or_complained_would_be_noticed(browser: Browser) -> None:
    """The same page without its policy and with an image of another host; then with a script that it does not know."""
    made = page(invented())
    policy = made[made.index('<meta http-equiv="Content-Security-Policy"') :].split("\n")[0]
    curious = made.replace(policy, "").replace("<main>", '<main><img src="http://elsewhere.test/x.png">')
    assert "http://elsewhere.test/x.png" in browser.visit(curious).asked
    guarded = made.replace("<main>", '<main><img src="http://elsewhere.test/x.png"><script>alert(1)</script>')
    seen = browser.visit(guarded)
    assert seen.asked == [f"{SITE}/page"]
    assert len(seen.console) == 2


@each_document
def test_a_phone_scrolls_down_and_never_sideways(day: dict[Key, Any], name: str) -> None:
    """At 360 pixels nothing but tables and the command, which scroll by themselves, is wider than the screen."""
    scrolled, inner, wide = day[name, "narrow"]
    assert wide == []
    assert scrolled <= inner <= 360


@each_document
def test_text_and_marks_stand_out_at_day_and_at_night(day: dict[Key, Any], night: dict[Key, Any], name: str) -> None:
    """WCAG 2.2: 4.5 to 1 for every text, 3 to 1 for what is drawn; the ground follows the reader's preference."""
    for seen, dark in ((day, False), (night, True)):
        found = seen[name, "contrast"]
        assert (found["ground"] < 0.1) == dark
        assert found["count"] > 50
        assert found["texts"] >= 4.5
        assert found["shapes"] >= 3.0


@each_document
def test_no_label_lies_on_another(day: dict[Key, Any], name: str) -> None:
    """In no picture, though many settings leak nothing at the same utility. 3 pixels of leading may touch."""
    assert len(day[name, "labels"]) == len({each.attack for each in DOCUMENTS[name].figures})
    assert set(day[name, "labels"]) <= {0}


@each_document
def test_readers_of_the_structure_find_everything_named(day: dict[Key, Any], name: str) -> None:
    """Pictures have words, tables have headers, links lead somewhere, and no text has become an element."""
    found = dict(day[name, "structure"])
    assert found.pop("pictures") == len({each.attack for each in DOCUMENTS[name].figures})
    assert found == {
        "lang": "en",
        "h1": 1,
        "unnamed": 0,
        "headless": 0,
        "scripts": 1,
        "images": 0,
        "handlers": 0,
        "dead": 0,
    }


def test_a_pointer_shows_figures_and_picks_out_a_setting(day: dict[Key, Any]) -> None:
    """One setting in all pictures at once, with its figures; and everything is as before when the pointer leaves."""
    title, hidden, text, some_off, it_too, left, hidden_again = day["frontier", "pointer"]
    assert title is None  # the browser's own tooltip would come on top
    assert (hidden, some_off, it_too, left, hidden_again) == (False, True, False, 0, True)
    assert text.startswith("strict\nnDCG@10: −0.06")
