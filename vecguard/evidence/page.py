"""The evidence as one HTML page: nothing is loaded from elsewhere, and it reads well on a phone, at night, on paper."""

from __future__ import annotations

import re
from collections.abc import Iterable, Mapping, Sequence
from html import escape

from vecguard.evidence.section import Evidence, Plain, Section, Table

_DIGEST = re.compile(r"[0-9a-f]{32,64}")
_SHORT = 12  # characters of a digest that show

_STYLE = """
:root { color-scheme: light dark; --ink: #1c2330; --dim: #5b6472; --line: #d9dee6; --paper: #fff; --card: #f5f7fa;
  --good: #0b6b3a; --bad: #b3261e; --accent: #2457a6; }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --dim: #a2abba; --line: #333b49; --paper: #12161d;
  --card: #1a202a; --good: #5fd093; --bad: #ff8a80; --accent: #8ab4f8; } }
* { box-sizing: border-box; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 62rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .3rem; }
h2 { font-size: 1.25rem; margin: 2.8rem 0 .2rem; padding-top: .8rem; border-top: 1px solid var(--line); }
h3 { font-size: 1rem; margin: 1.4rem 0 .4rem; }
p { margin: .5rem 0; max-width: 75ch; overflow-wrap: anywhere; }
a { color: var(--accent); }
.dim, .source { color: var(--dim); font-size: .875rem; }
nav { margin: 1.2rem 0; font-size: .9rem; }
nav a { display: inline-block; margin: 0 .9rem .3rem 0; }
.tiles { display: grid; grid-template-columns: repeat(auto-fit, minmax(9.5rem, 1fr)); gap: .7rem; margin: 1.4rem 0; }
.tile { background: var(--card); border: 1px solid var(--line); border-radius: .5rem; padding: .7rem .8rem; }
.tile b { display: block; font-size: 1.25rem; line-height: 1.3; overflow-wrap: anywhere; }
.good { color: var(--good); } .bad { color: var(--bad); }
.wide { overflow-x: auto; margin: .4rem 0 1rem; border: 1px solid var(--line); border-radius: .4rem; }
.wide:focus-visible { outline: 2px solid var(--accent); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; background: var(--card); }
thead th { white-space: nowrap; }
tbody tr:last-child > * { border-bottom: 0; }
.n { text-align: right; }
.figures th { width: 45%; }
code { font: .85em ui-monospace, monospace; }
.unknown { border-left: 3px solid var(--dim); padding: .1rem 0 .1rem .9rem; margin: 1rem 0; color: var(--dim);
  font-size: .9rem; }
.unknown ul { margin: .2rem 0; padding-left: 1.1rem; }
@media print { body { font-size: 10.5pt; } nav { display: none; } main { max-width: none; padding: 0; }
  .wide { overflow: visible; border: 0; } table { font-size: 8.5pt; } tr, .tile { break-inside: avoid; }
  thead { display: table-header-group; } h2, h3 { break-after: avoid; } }
"""


def page(evidence: Evidence) -> str:
    """Return the whole page."""
    links = "".join(f'<a href="#{each.name}">{escape(each.title)}</a>' for each in evidence.sections)
    parts = "\n".join(_section(each) for each in evidence.sections)
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="default-src 'none'; style-src 'unsafe-inline'">
<meta name="referrer" content="no-referrer">
<title>VecGuard evidence, {escape(evidence.made)}</title>
<style>{_STYLE}</style>
</head>
<body>
<main>
<h1>VecGuard evidence</h1>
<p class="dim">As of {escape(evidence.made)}. Principals and owners appear as keyed digests, shortened here; the JSON
beside this page has them whole, and <code>vecguard audit show</code> finds one by name. No text, value or name is
in either.</p>
{_tiles(evidence)}
<nav aria-label="Sections">{links}</nav>
{parts}
</main>
</body>
</html>
"""


def _tiles(evidence: Evidence) -> str:
    audit, state = evidence.section("audit").figures, evidence.section("state").figures
    holds = audit["result"] == "holds"
    tiles = (
        ("Audit log", audit["result"], "good" if holds else "bad"),
        ("Lines checked", audit["lines"], ""),
        ("Owners with a key", state["owners with a key"], ""),
        ("Calls refused today", evidence.section("budgets").figures["calls refused or cut short, today"], ""),
        ("Policy", evidence.section("policy").figures["fingerprint"], ""),
    )
    inner = "".join(
        f'<div class="tile"><span class="dim">{escape(title)}</span><b class="{tone}">{_value(value)}</b></div>'
        for title, value, tone in tiles
    )
    return f'<div class="tiles">{inner}</div>'


def _section(section: Section) -> str:
    words = "".join(f"<p>{escape(each)}</p>" for each in section.words)
    tables = "".join(_table(each) for each in section.tables)
    return f"""<section id="{section.name}" aria-labelledby="{section.name}-title">
<h2 id="{section.name}-title">{escape(section.title)}</h2>
<p class="source">From: {escape(section.source)}.</p>
{_figures(section.title, section.figures)}{words}{tables}{_unknown(section.unknown)}
</section>"""


def _figures(title: str, figures: Mapping[str, Plain]) -> str:
    if not figures:
        return ""
    rows = "".join(
        f'<tr><th scope="row">{escape(name)}</th><td>{_value(value)}</td></tr>' for name, value in figures.items()
    )
    return _wide(f"{title}: figures", f'<table class="figures"><tbody>{rows}</tbody></table>')


def _table(table: Table) -> str:
    title = f"<h3>{escape(table.title)}</h3>"
    if not table.rows:
        return f'{title}<p class="dim">None.</p>'
    right = [
        ' class="n"' if all(_is_number(each) for each in column) else "" for column in zip(*table.rows, strict=True)
    ]
    titles = zip(right, table.columns, strict=True)
    head = "".join(f'<th scope="col"{side}>{escape(each)}</th>' for side, each in titles)
    rows = "".join(f"<tr>{_cells(right, row)}</tr>" for row in table.rows)
    more = f'<p class="dim">{table.left_out:,} more are left out.</p>' if table.left_out else ""
    inner = f"<table><thead><tr>{head}</tr></thead><tbody>{rows}</tbody></table>"
    return f"{title}{_wide(table.title, inner)}{more}"


def _wide(label: str, table: str) -> str:
    """Let a wide table scroll by itself, with the keyboard too."""
    return f'<div class="wide" role="region" tabindex="0" aria-label="{escape(label)}">{table}</div>'


def _cells(right: Sequence[str], row: Sequence[Plain]) -> str:
    return "".join(f"<td{side}>{_value(each)}</td>" for side, each in zip(right, row, strict=True))


def _is_number(value: Plain) -> bool:
    return isinstance(value, int | float) and not isinstance(value, bool)


def _value(value: Plain) -> str:
    match value:
        case None:
            return '<span class="dim">none</span>'
        case bool():
            return "yes" if value else "no"
        case int():
            return f"{value:,}"
        case float():
            return f"{value:,.6g}"
    if _DIGEST.fullmatch(value):
        return f'<code title="{value}">{value[:_SHORT]}…</code>'
    return escape(value)


def _unknown(unknown: Iterable[str]) -> str:
    items = "".join(f"<li>{escape(each)}</li>" for each in unknown)
    return f'<div class="unknown">Not known from here:<ul>{items}</ul></div>' if items else ""
