"""How the page looks: on a phone, on a wide screen, at night, on paper."""

from __future__ import annotations

from vecguard.redteam.page._marks import COLOURS

_RULES = """
:root { color-scheme: light dark; --ink: #1c2330; --dim: #5b6472; --line: #d9dee6; --paper: #fff; --card: #f5f7fa;
  --good: #0b6b3a; --bad: #b3261e; --accent: #2457a6; --tint: #eaf3ee; --mark: #fde9a9 }
@media (prefers-color-scheme: dark) { :root { --ink: #e7eaf0; --dim: #a2abba; --line: #333b49; --paper: #12161d;
  --card: #1a202a; --good: #5fd093; --bad: #ff8a80; --accent: #8ab4f8; --tint: #17251f; --mark: #5a4a12; } }
* { box-sizing: border-box; }
html { -webkit-text-size-adjust: 100%; text-size-adjust: 100%; }
body { margin: 0; background: var(--paper); color: var(--ink); font: 16px/1.55 system-ui, sans-serif; }
main { max-width: 72rem; margin: 0 auto; padding: 2rem 1rem 4rem; }
h1 { font-size: 1.7rem; line-height: 1.2; margin: 0 0 .5rem; overflow-wrap: anywhere; }
h2 { font-size: 1.25rem; margin: 3rem 0 .6rem; padding-top: .8rem; border-top: 1px solid var(--line); }
#glance h2 { margin-top: 1.4rem; border: 0; padding: 0; }
h3 { font-size: 1.05rem; margin: 1.8rem 0 .5rem; overflow-wrap: anywhere; }
h4 { font-size: .875rem; margin: 0 0 .3rem; overflow-wrap: anywhere; }
p, li { max-width: 75ch; overflow-wrap: anywhere; }
p { margin: .5rem 0; }
ul { margin: .4rem 0; padding-left: 1.2rem; }
a { color: var(--accent); }
b { font-weight: 600; }
small { display: block; color: var(--dim); font-size: .8125rem; font-weight: 400; line-height: 1.4; }
code, pre { font: .85rem/1.5 ui-monospace, monospace; }
pre { background: var(--card); border: 1px solid var(--line); border-radius: .4rem; padding: .7rem .9rem;
  overflow-x: auto; }
mark { background: var(--mark); color: inherit; font-weight: 600; border-radius: .15rem; padding: 0 .1rem;
  text-decoration: underline; text-underline-offset: .15em; }
.lead { font-size: 1.0625rem; }
.dim { color: var(--dim); font-size: .875rem; }
.nobr { white-space: nowrap; }
.good { color: var(--good); } .bad { color: var(--bad); }
nav { margin: 2rem 0 0; font-size: .9rem; }
nav a { display: inline-block; margin: 0 1rem .3rem 0; }
.wide { overflow-x: auto; margin: .4rem 0 1rem; border: 1px solid var(--line); border-radius: .4rem; }
.wide:focus-visible, pre:focus-visible { outline: 2px solid var(--accent); }
table { border-collapse: collapse; width: 100%; font-size: .9rem; font-variant-numeric: tabular-nums; }
caption { text-align: left; padding: .4rem .7rem; color: var(--dim); font-size: .875rem; }
th, td { text-align: left; vertical-align: top; padding: .35rem .7rem; border-bottom: 1px solid var(--line); }
th { font-weight: 600; }
thead th { background: var(--card); vertical-align: bottom; }
tbody:last-child tr:last-child > * { border-bottom: 0; }
.n { text-align: right; }
td.n { white-space: nowrap; }
.said { min-width: 16rem; max-width: 34rem; overflow-wrap: anywhere; }
.pairs th { width: 30%; min-width: 7rem; } .pairs td { overflow-wrap: anywhere; }
.figures tbody th[scope=row] { white-space: nowrap; font-weight: 400; }
.group th { background: var(--card); padding-top: .6rem; }
.stay { position: sticky; left: .7rem; display: inline-block; max-width: min(62rem, 80vw); }
.pill { border: 1px solid var(--dim); border-radius: 1rem; padding: 0 .5rem; margin: 0 .3rem; font-size: .75rem;
  font-weight: 400; white-space: nowrap; }
.sign { width: .9em; height: .9em; margin-right: .4em; vertical-align: -.08em; overflow: visible; }
thead .sign { display: block; margin: 0 0 .25rem auto; }
.glance b { font-size: 1.05rem; white-space: nowrap; }
.glance td { width: 24%; }
.glance tbody th { overflow-wrap: anywhere; }
.glance .own { background: var(--card); }
.glance .own th { box-shadow: inset 3px 0 var(--accent); }
.gauge { display: block; width: 100%; max-width: 9rem; height: .35rem; margin: .15rem 0 .25rem; }
.rail { fill: var(--line); } .fill { fill: var(--c); }
.verdict { border-left: 3px solid var(--accent); padding: .1rem 0 .1rem 1rem; margin: 1.2rem 0; }
.verdict h3 { margin: 0 0 .3rem; }
.legend { display: flex; flex-wrap: wrap; gap: .2rem 1.2rem; max-width: none; font-size: .9rem; }
.panels { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 21rem), 1fr)); gap: 1.6rem 1.4rem;
  margin: 1rem 0; }
figure { margin: 0; min-width: 0; }
figcaption { border-bottom: 1px solid var(--line); margin-bottom: .4rem; padding-bottom: .2rem;
  overflow-wrap: anywhere; }
figcaption small { display: inline; }
figure svg { display: block; width: 100%; max-width: 32rem; height: auto; overflow: visible; }
svg text { font: 12px system-ui, sans-serif; fill: var(--ink); font-variant-numeric: tabular-nums; }
svg .tick { fill: var(--dim); font-size: 11px; } svg .own { font-weight: 600; }
.allowed { fill: var(--tint); }
.grid { stroke: var(--line); stroke-width: 1; fill: none; }
.axis { stroke: var(--dim); stroke-width: 1; fill: none; }
.margin { stroke: var(--good); stroke-width: 1.2; stroke-dasharray: 4 3; fill: none; }
.solid { fill: var(--c); stroke: var(--paper); stroke-width: 1; }
.hollow { fill: var(--paper); stroke: var(--c); stroke-width: 1.8; }
.bar { stroke: var(--c); stroke-width: 2; opacity: .6; fill: none; }
.link { stroke: var(--c); stroke-width: 1; stroke-dasharray: 2 2; fill: none; }
.lead-line { stroke: var(--c); stroke-width: .8; opacity: .55; fill: none; }
.point { transition: opacity .15s; } .point.off { opacity: .15; }
.tip { position: fixed; z-index: 1; max-width: min(24rem, 92vw); background: var(--ink); color: var(--paper);
  padding: .4rem .6rem; border-radius: .3rem; font-size: .8125rem; line-height: 1.4; white-space: pre-line;
  overflow-wrap: anywhere; pointer-events: none; }
.sample { border: 1px solid var(--line); border-radius: .4rem; margin: .8rem 0; padding: .8rem .9rem; }
.sample p { margin: 0; }
.original { border-bottom: 1px solid var(--line); padding-bottom: .7rem; margin-bottom: .7rem; }
.columns { display: grid; grid-template-columns: repeat(auto-fill, minmax(min(100%, 17rem), 1fr)); gap: 1rem 1.4rem; }
.columns > div { min-width: 0; }
dl { margin: 0; } dt { color: var(--dim); font-size: .8125rem; }
dd { margin: 0 0 .5rem; overflow-wrap: anywhere; font-size: .9375rem; }
details { margin: .4rem 0 1rem; } summary { cursor: pointer; color: var(--accent); font-size: .9rem; }
@media (max-width: 40rem) { main { padding-top: 1.2rem; } h1 { font-size: 1.4rem; }
  .glance, .glance thead, .glance tbody { display: block; font-size: .8125rem; }
  .glance tr { display: grid; grid-template-columns: repeat(3, minmax(0, 1fr));
    border-bottom: 1px solid var(--line); }
  .glance tbody tr:last-child { border-bottom: 0; }
  .glance th, .glance td { width: auto; border: 0; padding: .15rem .25rem .45rem .6rem; overflow-wrap: anywhere; }
  .glance tbody th { grid-column: 1 / -1; padding-top: .5rem; } .glance thead th:first-child { display: none; }
  .glance .own { box-shadow: inset 3px 0 var(--accent); } .glance .own th { box-shadow: none; }
  .glance thead th { padding-top: .4rem; font-weight: 400; } .glance b, .glance .dim { display: block; }
  .glance b { font-size: .95rem; } .glance .dim, .glance small { font-size: .75rem; white-space: normal; } }
@media (prefers-reduced-motion: reduce) { .point { transition: none; } }
@media print { body { font-size: 10pt; } nav, .tip { display: none; } main { max-width: none; padding: 0; }
  .wide { overflow: visible; border: 0; } table { font-size: 8pt; } .glance b { font-size: 10pt; }
  .said { min-width: 0; } details::details-content { content-visibility: visible; block-size: auto; }
  tr, figure, .sample { break-inside: avoid; } h2, h3 { break-after: avoid; }
  thead { display: table-header-group; }
  .panels { grid-template-columns: 1fr 1fr; } svg, mark, .own { print-color-adjust: exact; } }
"""


def _colours() -> str:
    """Return a class for each colour of a setting, that has it by day and by night."""
    day, night = (" ".join(f"--c{i}: {each[when]};" for i, each in enumerate(COLOURS)) for when in (0, 1))
    classes = "\n".join(f".c{i} {{ --c: var(--c{i}); }}" for i in range(len(COLOURS)))
    return f"\n:root {{ {day} }}\n@media (prefers-color-scheme: dark) {{ :root {{ {night} }} }}\n{classes}"


STYLE = _colours() + _RULES
