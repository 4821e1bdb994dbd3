"""How the setting that a run is about fares, in words made of figures: first of all where it loses to another one."""

from __future__ import annotations

from vecguard.redteam.findings import Findings, Setting
from vecguard.redteam.page._words import leaked, listed, moved, moves, per_cent, share, shares, text
from vecguard.redteam.standing import Loss, change, judged, losses, standing

_BESIDE = {None: "", True: " (within the margin)", False: " (not within the margin)"}


def brief(findings: Findings) -> str:
    """Say in one sentence how the setting in question fares."""
    ours = judged(findings)
    if ours is None:
        return ""
    worst = standing(findings, ours).strongest
    said = [
        f"{moved(ours.change.estimate)} of {text(findings.measure)}{_BESIDE[ours.within]}" if ours.change else "",
        f"a leak of {leaked(worst)} to its strongest attacker ({text(worst.attack)})" if worst else "",
    ]
    figures = ", ".join(each for each in said if each) or "nothing that counts was measured"
    return f'<p class="lead"><b>{text(ours.label)}</b>: {figures}. {_ends(losses(findings, ours))}</p>'


def _ends(found: tuple[Loss, ...]) -> str:
    lost = [each for loss in found for each in loss.leads if each.told_apart is not False]
    names = list(dict.fromkeys(text(each.setting.label) for each in lost))
    if names:
        return f"It loses to {listed(names)}, see below."
    return "It loses to no other setting by more than the intervals." if found else "It loses to no other setting."


def verdict(findings: Findings) -> str:
    """Say where it loses, to which settings, in the figures of the run."""
    ours = judged(findings)
    if ours is None:
        return '<p class="dim">No setting other than bare was attacked: there is nothing to compare.</p>'
    found = losses(findings, ours)
    name = text(ours.label)
    title = f"Where {name} loses" if found or ours.within is False else f"{name} beside the others"
    inner = "".join(
        (_margin(findings, ours), _lost(findings, ours, found), _perhaps(findings, found), _least(findings))
    )
    return f'<div class="verdict"><h3>{title}</h3>{inner}</div>'


def _margin(findings: Findings, ours: Setting) -> str:
    if ours.within is not False or ours.change is None:
        return ""
    return (
        f"<p><b>{text(ours.label)} is not within the margin</b>: {moves(ours.change)} of {text(findings.measure)}, "
        f"where no more than a loss of {per_cent(findings.margin)} was allowed. It does not stand at equal utility.</p>"
    )


def _lost(findings: Findings, ours: Setting, found: tuple[Loss, ...]) -> str:
    """List where it loses by more than the intervals, or where none was measured."""
    if not found:
        if change(ours) is None:
            return "<p>Against the attacks that ran it loses to no other setting. Utility was not measured.</p>"
        return "<p>In this run it loses to no other setting, neither in utility nor against any attack that ran.</p>"
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
