"""The whole page, from its first line to its last."""

from __future__ import annotations

import base64
import hashlib

from vecguard.errors import BadInput
from vecguard.redteam.findings import Findings
from vecguard.redteam.page._bars import bars
from vecguard.redteam.page._closing import again, meaning, not_run
from vecguard.redteam.page._frontier import bent, drawable, frontier
from vecguard.redteam.page._glance import glance
from vecguard.redteam.page._marks import marks, sign
from vecguard.redteam.page._samples import samples
from vecguard.redteam.page._script import SCRIPT
from vecguard.redteam.page._style import STYLE
from vecguard.redteam.page._tables import figures, overview, settings
from vecguard.redteam.page._words import per_cent, text


def page(findings: Findings) -> str:
    """Return the report as one HTML file. Raises `BadInput` where a figure is not finite."""
    _check(findings)
    sections = (
        ("frontier" if drawable(findings) else "leaks", _pictures_title(findings), _pictures(findings)),
        ("samples", "What was read", samples(findings)),
        ("settings", "The settings", settings(findings)),
        ("figures", "Every figure", figures(findings) or '<p class="dim">No attack ran.</p>'),
        ("not-run", "What was not run", not_run(findings)),
        ("again", "Run it again", again(findings)),
        ("meaning", "What the figures mean, and what they do not", meaning(findings)),
    )
    links = "".join(f'<a href="#{name}">{title}</a>' for name, title, _ in sections)
    body = "\n".join(_section(*each) for each in sections)
    title = f"VecGuard red team: {text(str(findings.corpus.get('name', 'findings')))}"
    return f"""<!doctype html>
<html lang="en">
<head>
<meta charset="utf-8">
<meta name="viewport" content="width=device-width, initial-scale=1">
<meta http-equiv="Content-Security-Policy" content="{_allowed()}">
<meta name="referrer" content="no-referrer">
<meta name="color-scheme" content="light dark">
<title>{title}</title>
<style>{STYLE}</style>
</head>
<body>
<main>
<h1>{title}</h1>
{glance(findings)}
<nav aria-label="Sections">{links}</nav>
{body}
</main>
<script>{SCRIPT}</script>
</body>
</html>
"""


def _check(findings: Findings) -> None:
    try:
        findings.to_json()
    except ValueError:
        finite = False
    else:
        finite = True
    if not finite:
        raise BadInput("these findings hold figures that are not finite numbers")


def _allowed() -> str:
    """Allow the page's own style and script, known by their digests, and nothing else."""
    style, script = (base64.b64encode(hashlib.sha256(each.encode()).digest()).decode() for each in (STYLE, SCRIPT))
    known = f"style-src 'sha256-{style}'; script-src 'sha256-{script}'"
    return f"default-src 'none'; {known}; base-uri 'none'; form-action 'none'"


def _section(name: str, title: str, inner: str) -> str:
    return (
        f'<section id="{name}" aria-labelledby="{name}-title">\n<h2 id="{name}-title">{title}</h2>\n{inner}\n</section>'
    )


def _pictures_title(findings: Findings) -> str:
    return "The frontier" if drawable(findings) else "Leak by attack"


def _pictures(findings: Findings) -> str:
    """Return one small picture per attack, and the same as a table."""
    drawings = frontier(findings) if drawable(findings) else bars(findings)
    if not drawings:
        return '<p class="dim">No attack ran.</p>'
    shown = "".join(_panel(findings, attack, picture) for attack, picture in drawings)
    return f"{_legend(findings)}<div class=panels>{shown}</div><h3>The same as a table</h3>{overview(findings)}"


def _panel(findings: Findings, attack: str, picture: str) -> str:
    metrics = dict.fromkeys(each.metric for each in findings.figures if each.attack == attack and each.main)
    said = f"<b>{text(attack)}</b> <small>{text(', '.join(metrics))}</small>"
    inner = picture or '<p class="dim">Too weak on undefended vectors for its leak to say anything.</p>'
    return f"<figure><figcaption>{said}</figcaption>{inner}</figure>"


def _legend(findings: Findings) -> str:
    names = "".join(
        f'<span class="key">{sign(mark)}{text(findings.setting(name).label)}</span>'
        for name, mark in marks(findings.settings).items()
    )
    if not drawable(findings):
        lead = "The bar and the solid mark are the strongest adaptive attacker, a hollow mark the strongest naive one."
    else:
        lead = (
            f"Lower leaks less, further right searches better. The tinted part is within the margin of "
            f"{per_cent(findings.margin)}: compare settings there, at equal utility. A solid mark is the strongest "
            "adaptive attacker, a hollow one the strongest naive one; lines through a mark are 95&nbsp;% intervals."
            f"{' Changes far beyond the margin are drawn nearer than they are.' if bent(findings) else ''}"
        )
    return f'<p>{lead}</p><p class="legend" aria-label="Settings">{names}</p>'
