"""A verdict as text for a terminal and as HTML for a notebook or a feedback page.

Ticks and crosses come with words for screen readers; colours are taken from JupyterLab's theme where there is one.
"""

import html
import re
from collections.abc import Sequence

from autograder.verdict import CaseResult, Verdict

_STYLE = """
.dh-report{font-family:var(--jp-ui-font-family,system-ui,sans-serif);font-size:14px;line-height:1.5;
 color:var(--jp-ui-font-color1,inherit);max-width:56rem;margin:.25rem 0}
.dh-report *{box-sizing:border-box}
.dh-report code,.dh-report .dh-num{font-family:var(--jp-code-font-family,ui-monospace,monospace);font-size:.93em;
 background:transparent;color:inherit;padding:0;white-space:pre-wrap;overflow-wrap:anywhere}
.dh-head{display:flex;align-items:baseline;gap:.75rem;padding:.2rem 0 .4rem;border-bottom:1px solid #8888}
.dh-head b{font-size:1.05em}
.dh-points{margin-left:auto;font-variant-numeric:tabular-nums}
.dh-cases{list-style:none;margin:.4rem 0;padding:0}
.dh-cases>li{display:grid;grid-template-columns:1.4rem 1fr;padding:.1rem 0;break-inside:avoid}
.dh-all{columns:20rem 2;column-gap:1.5rem}
.dh-ok{color:#2e8b57}.dh-no{color:#d9534f}
.dh-mark{font-weight:700}
.dh-detail{grid-column:2;margin:.15rem 0 .35rem;padding-left:.6rem;border-left:3px solid #d9534f99}
.dh-detail table{border-collapse:collapse;margin:.15rem 0;background:transparent}
.dh-detail tr,.dh-detail td,.dh-detail th{background:transparent!important;color:inherit;border:0;
 text-align:left!important;padding:0 .8rem 0 0!important;vertical-align:top;font-weight:400;font-size:14px}
.dh-detail th{opacity:.75;white-space:nowrap}
.dh-known{margin:.5rem 0;padding:.5rem .8rem;border-left:4px solid #e69f00;background:#e69f0022;
 border-radius:0 4px 4px 0}
.dh-known small,.dh-advice{opacity:.85}
.dh-advice{margin:.3rem 0}
.dh-sr{position:absolute;width:1px;height:1px;overflow:hidden;clip:rect(0 0 0 0);white-space:nowrap}
"""


def points_of(verdict: Verdict) -> str:
    """Points earned of points possible, without needless zeros: "2.67 / 4"."""
    return f"{verdict.points:.10g} / {verdict.max_points:.10g}"


def verdict_text(verdict: Verdict) -> str:
    """The verdict for a terminal."""
    lines = [f"{verdict.exercise}: {points_of(verdict)} points"]
    if verdict.note:
        return "\n".join([*lines, f"  … {verdict.note}"])
    for known in verdict.known:
        lines.append(f"  → {known.sentence}" + (f" (see {known.section})" if known.section else ""))
    told: set[str] = set()
    for case in verdict.cases:
        lines.append(f"  {'✓' if case.passed else '✗'} {case.title}")
        lines += [f"      {label:<9}{text}" for label, text in _details(case, told)]
    lines += [f"  advice: {text}" for text in verdict.advice]
    return "\n".join(lines)


def verdict_html(verdict: Verdict) -> str:
    """The verdict as a self-contained fragment."""
    parts = [
        f"<style>{_STYLE}</style>",
        f'<div class="dh-report" role="group" aria-label="check {_e(verdict.exercise)}">',
    ]
    state = "solved" if verdict.passed else "not written yet" if verdict.note else "not solved yet"
    parts.append(
        f'<div class="dh-head"><span class="dh-mark {_class(verdict.passed)}" aria-hidden="true">'
        f"{_mark(verdict.passed)}</span><b>{_e(verdict.exercise)}</b> <span>{state}</span>"
        f'<span class="dh-points">{points_of(verdict)} points</span></div>'
    )
    if verdict.note:
        parts.append(
            f'<div class="dh-advice">{_e(verdict.note)}: {len(verdict.cases)} properties are waiting.</div></div>'
        )
        return "".join(parts)
    for known in verdict.known:
        where = f"<br><small>Look again at <i>{_e(known.section)}</i>.</small>" if known.section else ""
        parts.append(f'<div class="dh-known">{_code(known.sentence)}{where}</div>')
    # Ticks alone have nothing under them, and stand in two columns where there is room. The role is said outright:
    # a list without bullets is none to Safari.
    parts.append(f'<ul class="dh-cases{" dh-all" * verdict.passed}" role="list">')
    told: set[str] = set()
    for case in verdict.cases:
        parts.append(
            f'<li><span class="dh-mark {_class(case.passed)}" aria-hidden="true">{_mark(case.passed)}</span>'
            f'<span><span class="dh-sr">{"holds: " if case.passed else "fails: "}</span>{_e(case.title)}</span>'
        )
        rows = _details(case, told)
        if rows:
            cells = "".join(
                f'<tr><th scope="row">{_e(label)}</th><td><code>{_e(text)}</code></td></tr>' for label, text in rows
            )
            parts.append(f'<div class="dh-detail"><table>{cells}</table></div>')
        parts.append("</li>")
    parts.append("</ul>")
    parts += [f'<div class="dh-advice">{_e(text)}</div>' for text in verdict.advice]
    parts.append("</div>")
    return "".join(parts)


def _details(case: CaseResult, told: set[str]) -> Sequence[tuple[str, str]]:
    """What is said under a failed property; each message and each call once in a report."""
    if case.passed:
        return []
    rows = []
    if case.called not in told:
        rows.append(("called", case.called))
    if case.inputs and case.inputs not in told:
        rows.append(("with", case.inputs))
    again = f"{case.message} {case.line}"
    rows.append(("result", "as above" if again in told else case.message or "wrong"))
    if case.line and again not in told:
        rows.append(("at", case.line))
    told.update((case.called, case.inputs, again))
    return rows if rows[-1][1] != "as above" else []


def _mark(passed: bool) -> str:
    return "✓" if passed else "✗"


def _class(passed: bool) -> str:
    return "dh-ok" if passed else "dh-no"


def _e(text: str) -> str:
    return html.escape(text)


def _code(sentence: str) -> str:
    """Escaped, with `code` as code."""
    return re.sub(r"`([^`]+)`", r"<code>\1</code>", _e(sentence))
