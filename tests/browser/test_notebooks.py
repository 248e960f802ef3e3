"""Every notebook as it is handed out, opened in JupyterLab: it renders, its links lead somewhere, its hints unfold."""

import json
import re

import pytest
from playwright.sync_api import expect

from .conftest import ROOT, LabPage

NOTEBOOKS = sorted(
    path.relative_to(ROOT / "notebooks").as_posix()
    for path in (ROOT / "notebooks").rglob("*.ipynb")
    if ".ipynb_checkpoints" not in path.parts
)
# JupyterLab's own complaint about a notebook without a kernel.
NO_KERNEL = "Cannot read properties of null (reading 'kernel')"
ASSIGNMENTS = [path for path in NOTEBOOKS if "/" in path]


@pytest.fixture(scope="module")
def shared(browser, lab):
    """One page for all of them; no kernel is started."""
    # All cells are drawn at once. One after another, as by default, each would have the whole page styled anew.
    settings = lab.log.parent / "config/lab/user-settings/@jupyterlab/notebook-extension"
    settings.mkdir(parents=True)
    (settings / "tracker.jupyterlab-settings").write_text('{"windowingMode": "none"}')
    page = LabPage(browser, lab).start()
    yield page
    page.page.close()


@pytest.fixture(scope="module", params=NOTEBOOKS)
def opened(request, shared):
    """A notebook, rendered down to its equations."""
    shared.complaints.clear()
    shared.show(request.param)
    return shared, shared.page.locator(".jp-NotebookPanel:visible"), request.param


def cells(path):
    return json.loads((ROOT / "notebooks" / path).read_text())["cells"]


def text_of(path):
    return "\n".join("".join(cell["source"]) for cell in cells(path) if cell["cell_type"] == "markdown")


def test_it_renders_without_a_complaint(opened):
    lab, panel, path = opened
    assert panel.locator(".jp-Cell").count() == len(cells(path))
    drawn = panel.evaluate(
        """panel => ({
            equations: panel.querySelectorAll('mjx-container').length,
            errors: [...panel.querySelectorAll('mjx-merror, [data-mjx-error]')].map(e => e.textContent),
            raw: [...panel.querySelectorAll('.jp-RenderedMarkdown :is(p, li, td)')].map(e => e.cloneNode(true))
                .map(e => [...e.querySelectorAll('code')].forEach(code => code.remove()) ?? e.textContent)
                .filter(text => /\\$|\\\\[a-z]{3,}/.test(text)),
            wide: [...panel.querySelectorAll('.jp-RenderedMarkdown')].filter(e => e.scrollWidth > e.clientWidth + 1)
                .map(e => e.textContent.trim().slice(0, 60)),
            images: [...panel.querySelectorAll('.jp-RenderedMarkdown img')].filter(e => !e.naturalWidth || !e.alt)
                .map(e => e.outerHTML.slice(0, 100)),
        })"""
    )
    assert drawn.pop("equations") >= text_of(path).count("$$") // 2
    assert drawn == {"errors": [], "raw": [], "wide": [], "images": []}
    assert [complaint for complaint in lab.complaints if complaint != NO_KERNEL] == []


def test_its_hints_come_in_steps_and_unfold_one_by_one(opened):
    _, panel, path = opened
    exercises = [cell["id"] for cell in cells(path) if cell["id"].startswith("hints_")]
    assert exercises
    hints = panel.get_by_text(re.compile(r"^Hint \d$"))
    assert [hint.removeprefix("Hint ") for hint in hints.all_text_contents()] == ["1", "2", "3"] * len(exercises)
    folded = panel.locator("details:not([open])")
    assert folded.count() == panel.locator("details").count() >= 3 * len(exercises)
    first = panel.locator("details", has_text="Hint 1").first
    expect(first.locator("p").first).to_be_hidden()
    first.locator("summary").click()
    expect(first.locator("p").first).to_be_visible()
    assert panel.locator("details[open]").count() == 1


def test_it_says_where_the_worked_solution_is(opened):
    _, panel, path = opened
    places = re.findall(r"solutions/\w+/\w+\.ipynb", panel.locator(".jp-RenderedMarkdown").last.text_content())
    assert places == ([f"solutions/{path}"] if path in ASSIGNMENTS else ["solutions/02_sgd/02_sgd.ipynb"])
    assert all((ROOT / place).is_file() for place in places)


def test_it_ends_with_the_points_so_far(opened):
    _, _, path = opened
    calls = [re.findall(r"^progress\(.*\)$", "".join(cell["source"]), re.MULTILINE) for cell in cells(path)]
    assert next(call for call in reversed(calls) if call) == [
        f'progress("{path.split("/")[0]}")' if path in ASSIGNMENTS else "progress()"
    ]
