"""The first screen: what was measured, where each setting stands, and where the setting in question loses."""

from __future__ import annotations

from vecguard.redteam.findings import Figure, Findings, Setting
from vecguard.redteam.page._marks import Mark, marks, sign
from vecguard.redteam.page._words import (
    between,
    leaked,
    listed,
    moved,
    moves,
    number,
    per_cent,
    plain,
    share,
    shares,
    text,
)
from vecguard.redteam.standing import Loss, attacks, change, judged, leak, losses, standing

_ROWS, _ENCODER, _DIMENSION = ("rows", "documents", "n"), ("embedder", "encoder"), ("d", "dimension")


def glance(findings: Findings) -> str:
    """Return the first screen."""
    return f"""<p class="lead">{_measured(findings)}</p>
{_brief(findings)}
<section id="glance" aria-labelledby="glance-title">
<h2 id="glance-title">At a glance</h2>
{_table(findings)}
<p class="dim">Leak: 0&nbsp;% is what somebody gets who never saw the stolen rows, 100&nbsp;% what the same attacker gets
from undefended vectors. Each cell shows the attack that got most. <a href="#meaning">What that does not mean</a>.</p>
{_verdict(findings)}
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
        return '<span class="dim">reference</span>' if setting.name == "bare" else '<span class="dim">not measured</span>'
    around = f' <span class="dim nobr">{between(found, 2)}</span>' if found.low < found.high else ""
    return f"<b>{moved(found.estimate)}</b>{around}{_within(setting)}"


def _within(setting: Setting) -> str:
    match setting.within:
        case None:
            return ""
        case True:
            return '<small class="good nobr">✓ within the margin</small>'
        case False:
            return '<small class="bad nobr">✗ beyond the margin</small>'


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


def _brief(findings: Findings) -> str:
    """Say in one sentence how the setting in question fares."""
    ours = judged(findings)
    if ours is None:
        return ""
    worst = standing(findings, ours).strongest
    said = [
        f"{moved(ours.change.estimate)} of {text(findings.measure)}{_BESIDE[ours.within]}" if ours.change else "",
        f"a leak of {leaked(worst)} to its strongest attacker ({text(worst.attack)})" if worst else "",
    ]
    lost = [each for loss in losses(findings, ours) for each in loss.leads if each.told_apart is not False]
    names = list(dict.fromkeys(text(each.setting.label) for each in lost))
    ends = f"It loses to {listed(names)}, see below." if names else "It loses to no other setting beyond what is chance."
    figures = ", ".join(each for each in said if each) or "nothing that counts was measured"
    return f'<p class="lead"><b>{text(ours.label)}</b>: {figures}. {ends}</p>'


_BESIDE = {None: "", True: " (within the margin)", False: " (beyond the margin)"}


def _verdict(findings: Findings) -> str:
    ours = judged(findings)
    if ours is None:
        return '<p class="dim">No setting other than bare was attacked: there is nothing to compare.</p>'
    found = losses(findings, ours)
    name = text(ours.label)
    title = f"Where {name} loses" if found or ours.within is False else f"{name} beside the others"
    inner = "".join((_margin(findings, ours), _lost(findings, ours, found), _perhaps(findings, found), _least(findings)))
    return f'<div class="verdict"><h3>{title}</h3>{inner}</div>'


def _margin(findings: Findings, ours: Setting) -> str:
    if ours.within is not False or ours.change is None:
        return ""
    return (
        f"<p><b>{text(ours.label)} costs more than the margin</b>: {moves(ours.change)} of {text(findings.measure)}, "
        f"where a loss of {per_cent(findings.margin)} was allowed. It does not stand at equal utility with the others.</p>"
    )


def _lost(findings: Findings, ours: Setting, found: tuple[Loss, ...]) -> str:
    """List where it loses by more than the intervals, or where nobody measured one."""
    if not found:
        where = "neither in utility nor against" if change(ours) is not None else "utility was not measured; not against"
        return f"<p>In this run it loses to no other setting: {where} any attack that ran.</p>"
    items = "".join(f"<li>{each}</li>" for loss in found if (each := _item(findings, loss)))
    return f"<ul>{items}</ul>" if items else "<p>Nowhere by more than the intervals.</p>"


def _item(findings: Findings, loss: Loss) -> str:
    leads = [each for each in loss.leads if each.told_apart is not False]
    if not leads:
        return ""
    if loss.attack is None:
        better = listed([f"<b>{text(each.setting.label)}</b> {moved(each.value.estimate)}" for each in leads])
        return f"In {text(findings.measure)}, {moves(loss.value)}: {better}."
    better = listed([f"<b>{text(each.setting.label)}</b> {share(each.value.estimate)}" for each in leads])
    unsure = "" if all(each.told_apart is not None for each in leads) else " (no interval was measured)"
    return f"Against {text(loss.attack)}, a leak of {shares(loss.value)}: {better}{unsure}."


def _perhaps(findings: Findings, found: tuple[Loss, ...]) -> str:
    """Name by setting where it is behind within the intervals."""
    behind: dict[str, list[Loss]] = {}
    for loss in found:
        for each in loss.leads:
            if each.told_apart is False:
                behind.setdefault(text(each.setting.label), []).append(loss)
    if not behind:
        return ""
    said = "; ".join(f"to <b>{name}</b> {_where(findings, places)}" for name, places in behind.items())
    return f'<p class="dim">Behind by less than the intervals tell, perhaps by chance: {said}.</p>'


def _where(findings: Findings, places: list[Loss]) -> str:
    by = [text(each.attack) for each in places if each.attack is not None]
    utility = f"in {text(findings.measure)}" if len(by) < len(places) else ""
    return " and ".join(each for each in (utility, f"against {listed(by)}" if by else "") if each)


def _least(findings: Findings) -> str:
    """Say which setting within the margin leaves its strongest attacker least."""
    within = [(each, standing(findings, each).strongest) for each in findings.settings if each.within]
    found = [(each, worst) for each, worst in within if worst is not None]
    if len(found) < 2:
        return ""
    best, worst = min(found, key=lambda each: each[1].leak)
    return (
        f"<p>Of the {len(found)} settings within the margin, <b>{text(best.label)}</b> leaves its strongest attacker "
        f"least: {leaked(worst)}, {text(worst.attack)}.</p>"
    )
