"""The first screen: what was measured, and where each setting stands."""

from __future__ import annotations

from vecguard.redteam.findings import Figure, Findings, Setting
from vecguard.redteam.page._marks import Mark, marks, sign
from vecguard.redteam.page._verdict import brief, verdict
from vecguard.redteam.page._words import between, moved, number, per_cent, plain, share, text
from vecguard.redteam.standing import attacks, judged, leak, standing

_ROWS, _ENCODER, _DIMENSION = ("rows", "documents", "n"), ("embedder", "encoder"), ("d", "dimension")


def glance(findings: Findings) -> str:
    """Return the first screen."""
    return f"""<p class="lead">{_measured(findings)}</p>
{brief(findings)}
<section id="glance" aria-labelledby="glance-title">
<h2 id="glance-title">At a glance</h2>
{_table(findings)}
<p class="dim">Leak: 0&nbsp;% is what somebody gets who never saw the stolen rows, 100&nbsp;% what the same attacker
gets from undefended vectors. Each cell shows the attack that got most.
<a href="#meaning">What that does not mean</a>.</p>
{verdict(findings)}
</section>"""


def _measured(findings: Findings) -> str:
    corpus, said = findings.corpus, [""] * 3
    for i, names in enumerate((_ROWS, _ENCODER, _DIMENSION)):
        said[i] = next((plain(corpus[name]) for name in names if corpus.get(name) is not None), "")
    rows, encoder, dimension = said
    what = f"{rows} rows of {plain(corpus['name'])}" if rows else f"rows of {plain(corpus.get('name', 'a corpus'))}"
    by = f", embedded by {encoder}" if encoder else ""
    size = f" (d&nbsp;=&nbsp;{dimension})" if dimension else ""
    many = len(attacks(findings))
    tried = f"{many} attack{'' if many == 1 else 's'}" if many else "no attack"
    utility = (
        f" Utility is {text(findings.measure)}; the margin, a loss of {per_cent(findings.margin)}, "
        "was fixed before the run."
        if any(each.change is not None for each in findings.settings)
        else " What search is worth was not measured in this run."
    )
    return f"What can be read off stolen vectors, by {tried}: {what}{by}{size}.{utility}"


def _table(findings: Findings) -> str:
    """Return the table of all settings; roles are written out because on a phone its rows are laid out as a grid."""
    looks, ours = marks(findings.settings), judged(findings)
    rows = "".join(
        _row(findings, each, looks[each.name], own=ours is not None and each.name == ours.name)
        for each in findings.settings
    )
    titles = ("setting", f"change of {findings.measure}", "leak, naive attacker", "leak, adaptive attacker")
    head = "".join(f'<th scope="col" role="columnheader">{text(each)}</th>' for each in titles)
    return (
        '<div class="wide" role="region" tabindex="0" aria-label="At a glance"><table class="glance" role="table">'
        f'<thead role="rowgroup"><tr role="row">{head}</tr></thead><tbody role="rowgroup">{rows}</tbody></table></div>'
    )


def _row(findings: Findings, setting: Setting, mark: Mark, *, own: bool) -> str:
    stands = standing(findings, setting)
    cells = (_utility(setting), _leak(stands.naive, mark), _leak(stands.adaptive, mark))
    return (
        f'<tr role="row" data-setting="{text(setting.name)}"{" class=own" if own else ""}>'
        f'<th scope="row" role="rowheader">{sign(mark)}{text(setting.label)}</th>'
        f"{''.join(f'<td role=cell>{each}</td>' for each in cells)}</tr>"
    )


def _utility(setting: Setting) -> str:
    found = setting.change
    if found is None:
        return (
            '<span class="dim">reference</span>' if setting.name == "bare" else '<span class="dim">not measured</span>'
        )
    around = f' <span class="dim nobr">{between(found, 2)}</span>' if found.low < found.high else ""
    return f"<b>{moved(found.estimate)}</b>{around}{_within(setting)}"


def _within(setting: Setting) -> str:
    match setting.within:
        case None:
            return ""
        case True:
            return '<small class="good nobr">✓ within the margin</small>'
        case False:
            return '<small class="bad nobr">✗ not within the margin</small>'


def _leak(figure: Figure | None, mark: Mark) -> str:
    if figure is None:
        return '<span class="dim">none</span>'
    found = leak(figure)
    around = f' <span class="dim nobr">{between(found, 1)}</span>' if found.low < found.high else ""
    width = 100 * min(max(figure.leak, 0.0), 1.0)
    return (
        f"<b>{share(figure.leak)}</b>{around}"
        f'<svg class="gauge" viewBox="0 0 100 6" preserveAspectRatio="none" aria-hidden="true">'
        f'<rect class="rail" width="100" height="6"/><rect class="fill c{mark.style}" width="{width:.1f}" height="6"/>'
        f"</svg><small>{text(figure.attack)}: {text(figure.metric)} {number(figure.value)}</small>"
    )
