"""A verdict as text for a terminal and as HTML for a notebook or a feedback page.

Ticks, crosses and open circles come with words for screen readers; colours are taken from JupyterLab's theme where
there is one.
"""

import html
import re
from collections.abc import Iterator, Mapping, Sequence

from autograder.charts import charts_html
from autograder.verdict import CaseResult, KnownMistake, Verdict

# So many crosses are told at once; what came back in the others is a click away.
_OPEN = 2
_MARKS = {"passed": "✓", "partly": "◐", "failed": "✗", "open": "○"}
_SPOKEN = {"passed": "holds", "partly": "holds in part", "failed": "fails", "open": "not judged yet"}
_EASED = "Only details are wrong: they cost no more than a quarter of the points each."
_ELSEWHERE = "What is wrong lies in another function: it costs nothing here."

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
.dh-passed{color:#2e8b57}.dh-partly{color:#c27c00}
.dh-failed{color:#d9534f}.dh-cases .dh-mark.dh-open{color:inherit;opacity:.7}
.dh-detail.dh-open{border-left-color:#8888;opacity:.85}
.dh-more{grid-column:2}.dh-more>summary{cursor:pointer;opacity:.85}
.dh-mark{font-weight:700}
.dh-detail{grid-column:2;margin:.15rem 0 .35rem;padding-left:.6rem;border-left:3px solid #d9534f99}
.dh-detail table{border-collapse:collapse;margin:.15rem 0;background:transparent}
.dh-detail tr,.dh-detail td,.dh-detail th{background:transparent!important;color:inherit;border:0;
 text-align:left!important;padding:0 .8rem 0 0!important;vertical-align:top;font-weight:400;font-size:14px}
.dh-detail th{opacity:.75;white-space:nowrap}
.dh-known{margin:.5rem 0;padding:.5rem .8rem;border-left:4px solid #e69f00;background:#e69f0022;
 border-radius:0 4px 4px 0}
.dh-fact{border-left-color:#8888;background:#8881}
.dh-known small,.dh-advice{opacity:.85}
.dh-advice{margin:.3rem 0}
.dh-charts{display:flex;flex-wrap:wrap;gap:.5rem 2rem;margin:.6rem 0}.dh-charts figure{margin:0;max-width:100%}
.dh-charts figcaption{opacity:.85;max-width:36rem}.dh-charts img{image-rendering:pixelated;margin:.3rem 0}
.dh-confusion{border-collapse:collapse;font-size:12px}.dh-confusion td,.dh-confusion th{padding:0 .35rem;
 text-align:right;font-weight:400}
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
    if verdict.eased:
        lines.append(f"  {_eased(verdict)}")
    for known in verdict.known:
        where = f" (see {known.section})" if known.section else ""
        lines.append(f"  → {plain(_sentence(known))}{where}")
    lines += [f"  → {plain(fact)}" for fact in verdict.facts]
    for case, rows in _told(verdict):
        lines.append(f"  {_MARKS[_state(case)]} {plain(case.title)}")
        lines += [f"      {line}" for label, text in rows for line in _indented(label, text)]
    lines += [f"  advice: {plain(text)}" for text in verdict.advice]
    return "\n".join(lines)


def verdict_html(verdict: Verdict, links: Mapping[str, str] | None = None) -> str:
    """The verdict as a self-contained fragment; the first two crosses open, the others folded.

    `links`: where a section of the notebook lies, by its heading.
    """
    state = "passed" if verdict.passed else "failed"
    words = (
        "not written yet" if "not written yet" in verdict.note else "not judged" if verdict.note else "not solved yet"
    )
    words = "solved" if verdict.passed else words
    parts = [
        f"<style>{_STYLE}</style>",
        f'<div class="dh-report" role="group" aria-label="check {_e(verdict.exercise)}">',
        f'<div class="dh-head">{_mark(state)}<b>{_e(verdict.exercise)}</b> <span>{words}</span>'
        f'<span class="dh-points">{points_of(verdict)} points</span></div>',
    ]
    if verdict.note:
        waiting = f": {len(verdict.cases)} properties are waiting." if verdict.cases else ""
        parts.append(f'<div class="dh-advice">{_e(verdict.note)}{waiting}</div></div>')
        return "".join(parts)
    for known in verdict.known:
        section = _linked(known.section, links or {})
        where = f"<br><small>Look again at {section}.</small>" if known.section else ""
        parts.append(f'<div class="dh-known">{marked(_sentence(known))}{where}</div>')
    parts += [f'<div class="dh-known dh-fact">{marked(fact)}</div>' for fact in verdict.facts]
    if verdict.eased:
        parts.append(f'<div class="dh-advice">{_eased(verdict)}</div>')
    # Ticks alone have nothing under them, and stand in two columns where there is room. The role is said outright:
    # a list without bullets is none to Safari.
    parts.append(f'<ul class="dh-cases{" dh-all" * verdict.passed}" role="list">')
    crosses = 0
    for case, rows in _told(verdict):
        state = _state(case)
        crosses += state == "failed"
        parts.append(
            f'<li>{_mark(state)}<span><span class="dh-sr">{_SPOKEN[state]}: </span>{marked(case.title)}</span>'
            f"{_detail(rows, state, folded=crosses > _OPEN)}</li>"
        )
    parts.append("</ul>")
    parts += [f'<div class="dh-advice">{marked(text)}</div>' for text in verdict.advice]
    parts.append(charts_html(verdict.measured))
    parts.append("</div>")
    return "".join(parts)


def _eased(verdict: Verdict) -> str:
    return _ELSEWHERE if all(known.degree == "elsewhere" for known in verdict.known) else _EASED


def _state(case: CaseResult) -> str:
    return "passed" if case.passed else "open" if case.open else "partly" if case.gained else "failed"


def _sentence(known: KnownMistake) -> str:
    return f"Among other things: {known.sentence}" if known.partial else known.sentence


def _told(verdict: Verdict) -> Iterator[tuple[CaseResult, list[tuple[str, str]]]]:
    """Each property with what is said under it: no sentence twice, something under every cross."""
    seen = {known.sentence for known in verdict.known}
    printed = False
    for case in verdict.cases:
        rows: list[tuple[str, str]] = []
        if case.open:
            rows = [] if case.open in seen else [("", case.open)]
            seen.add(case.open)
        elif not case.passed:
            rows = [(label, text) for label, text in _rows(case) if text and text not in seen]
            seen.update(text for _, text in rows)
            if not any(label == "result" for label, _ in rows):
                rows.append(("result", "as said above"))
            if case.printed and not printed:
                rows.append(("printed", case.printed.rstrip()))
                printed = True
        yield case, rows


def _rows(case: CaseResult) -> list[tuple[str, str]]:
    return [("called", case.called), ("with", case.inputs), ("result", case.message or "wrong"), ("at", case.line)]


def _detail(rows: Sequence[tuple[str, str]], state: str, folded: bool) -> str:
    if not rows:
        return ""
    if state in ("open", "partly"):
        return f'<div class="dh-detail dh-open">{marked(rows[-1][1])}</div>'
    cells = "".join(f'<tr><th scope="row">{_e(label)}</th><td>{_cell(label, text)}</td></tr>' for label, text in rows)
    table = f'<div class="dh-detail"><table>{cells}</table></div>'
    return f'<details class="dh-more"><summary>what came back</summary>{table}</details>' if folded else table


def _cell(label: str, text: str) -> str:
    """What came of it is a sentence; all else is code."""
    return f'<span class="dh-num">{marked(text)}</span>' if label == "result" else f"<code>{_e(text)}</code>"


def _indented(label: str, text: str) -> list[str]:
    """The lines of a text, its label in front of the first."""
    if not label:
        return [plain(text)]
    lines = (plain(text) if label == "result" else text).splitlines() or [""]
    return [f"{label if number == 0 else '':<9}{line}" for number, line in enumerate(lines)]


def _mark(state: str) -> str:
    return f'<span class="dh-mark dh-{state}" aria-hidden="true">{_MARKS[state]}</span>'


def _linked(section: str, links: Mapping[str, str]) -> str:
    words = f"<i>{_e(section)}</i>"
    return f'<a href="{_e(links[section])}">{words}</a>' if section in links else words


def _e(text: str) -> str:
    return html.escape(text)


def marked(sentence: str) -> str:
    """Escaped, with `code` as code and *words* stressed."""
    pieces = re.split(r"`([^`]+)`", sentence)
    return "".join(
        f"<code>{_e(piece)}</code>" if number % 2 else re.sub(r"\*(\w[^*]*?)\*", r"<i>\1</i>", _e(piece))
        for number, piece in enumerate(pieces)
    )


def plain(sentence: str) -> str:
    """Without the marks of code and of stressed words."""
    pieces = re.split(r"`([^`]+)`", sentence)
    return "".join(
        piece if number % 2 else re.sub(r"\*(\w[^*]*?)\*", r"\1", piece) for number, piece in enumerate(pieces)
    )
