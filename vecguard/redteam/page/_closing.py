"""The end of the page: what was not run, how to run it again, and what the figures do not mean."""

from __future__ import annotations

from math import sqrt

from vecguard.protect.accounting import DELTA, epsilon_at, is_vacuous
from vecguard.redteam.findings import Findings, Plain, Setting
from vecguard.redteam.page._tables import wide
from vecguard.redteam.page._words import GAP, number, plain, text
from vecguard.redteam.standing import TELLS


def not_run(findings: Findings) -> str:
    """Return what was not run, and why."""
    if not findings.skipped:
        return '<p class="dim">Nothing is noted as left out.</p>'
    rows = "".join(
        f'<tr><th scope="row">{text(each.what)}</th><td class="said">{text(each.why)}</td></tr>'
        for each in findings.skipped
    )
    return wide(
        "Not run",
        '<table><thead><tr><th scope="col">what</th><th scope="col">why</th></tr></thead>'
        f"<tbody>{rows}</tbody></table>",
    )


def again(findings: Findings) -> str:
    """Return what it takes to run it again."""
    run: dict[str, Plain] = {
        "when": findings.made,
        "seeds": ", ".join(str(each) for each in findings.seeds) or None,
        "margin": f"{100 * findings.margin:g} % of {findings.measure}, fixed before the run",
        "time": f"{findings.seconds:,.0f} s",
    }
    told = "".join(
        f"<h3>{title}</h3>{_pairs(title, pairs)}"
        for title, pairs in (("The run", run), ("The corpus", findings.corpus), ("Versions", findings.versions))
        if pairs
    )
    return (
        f"<p>A figure that is measured again lies within its interval.</p>"
        f'<pre tabindex="0" aria-label="command"><code>{text(findings.command)}</code></pre>{told}'
    )


def _pairs(title: str, pairs: object) -> str:
    if not isinstance(pairs, dict):
        return ""
    rows = "".join(
        f'<tr><th scope="row">{text(name)}</th><td>{plain(value)}</td></tr>' for name, value in pairs.items()
    )
    return wide(title, f'<table class="pairs"><tbody>{rows}</tbody></table>')


def meaning(findings: Findings) -> str:
    """Return what a leak means, and what it does not."""
    return f"""<p><b>Leak</b> is (value − floor) / (ceiling − floor). The floor is what somebody gets who never sees a
stolen row; the ceiling is what the same attacker, with the same knowledge, gets from undefended vectors.</p>
<p><b>0&nbsp;% means</b> that this attacker, knowing what its line says, got no more than somebody without the rows.
<b>It does not mean</b> that nothing can be read off them. A stronger attacker, more rows, more known pairs, another
corpus or the keys may get more, and what was not run was not stopped. Below 0&nbsp;% is chance, or an attacker that was
misled.</p>
<p><b>100&nbsp;% means</b> as much as from undefended vectors, which may be little. An attacker that gets less than
{number(TELLS, 2)} above its floor there is too weak to say anything, and no summary counts it.</p>
<p><b>Naive</b> attackers take vectors for exact. <b>Adaptive</b> ones know the mechanism and train on it. Only the
second kind says something about a defence. The largest leak of many attackers is a little too large by chance.</p>
<p><b>Intervals</b> are 95&nbsp;%, over stolen rows for leaks (floor and ceiling taken as given) and over queries for
utility. Where there is none, none was measured.</p>
<p><b>Outside of all this</b>: whoever holds the keys, or runs code in the guard's process, reads everything.
{_formal(findings)}</p>"""


def _formal(findings: Findings) -> str:
    """Say what the noise would be worth as differential privacy, where the word for it is "vacuous"."""
    dimension = next((findings.corpus[name] for name in ("d", "dimension") if name in findings.corpus), None)
    none = "No figure here is a guarantee."
    if not isinstance(dimension, int) or isinstance(dimension, bool) or dimension < 1:
        return none
    found = [(each, _epsilon(each, dimension)) for each in findings.settings]
    vacuous = [f"{text(each.label)} ε&nbsp;=&nbsp;{epsilon:,.0f}" for each, epsilon in found if epsilon is not None]
    if not vacuous:
        return none
    return (
        f"{none} Read as differential privacy, one text against any other at δ{GAP}={GAP}{DELTA:g}, the noise of these "
        f"settings is <b>vacuous</b>: {'; '.join(vacuous)}."
    )


def _epsilon(setting: Setting, dimension: int) -> float | None:
    """Return the epsilon of Gaussian noise of relative length r between unit vectors, where it is vacuous."""
    if setting.noise is None or setting.noise <= 0:
        return None
    epsilon = epsilon_at(delta=DELTA, mu=2.0 * sqrt(dimension) / setting.noise)
    return epsilon if is_vacuous(epsilon) else None
