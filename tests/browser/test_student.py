"""A student's round in JupyterLab by mouse and keyboard, in one server for all of it.

A wrong answer, a right one, a slider, points that stay, nbgrader's Validate, sounds that can be heard.
"""

import json
import re

import pytest
from playwright.sync_api import expect

from autograder import exercises

from .conftest import ROOT, LabPage, shorten, solution

NAME, EXERCISE, MISTAKE = "02_sgd", "momentum", "lr_inside_velocity"
# nbgrader's Validate runs a whole notebook: of another one, three exercises are enough.
OTHER, RIGHT, MISTAKEN, UNWRITTEN = "03_adam", "adagrad", "rmsprop", "first_step_ratio"
SOUND = "11_augmentation"
# Colours of text, and what they stand on, down to the page; what is half transparent is mixed.
CONTRASTS = """
root => {
    const parse = text => { const n = text.match(/[\\d.]+/g).map(Number); return [...n.slice(0, 3), n[3] ?? 1]; };
    const over = (top, below) => top.slice(0, 3).map((c, k) => c * top[3] + below[k] * (1 - top[3]));
    const light = rgb => {
        const [r, g, b] = rgb.map(c => (c /= 255) <= 0.04045 ? c / 12.92 : ((c + 0.055) / 1.055) ** 2.4);
        return 0.2126 * r + 0.7152 * g + 0.0722 * b;
    };
    const ground = node => {
        if (!node) return [255, 255, 255];
        const own = parse(getComputedStyle(node).backgroundColor);
        return own[3] === 1 ? own.slice(0, 3) : over(own, ground(node.parentElement));
    };
    const found = [];
    const walk = document.createTreeWalker(root, NodeFilter.SHOW_TEXT);
    while (walk.nextNode()) {
        const node = walk.currentNode.parentElement;
        if (!walk.currentNode.data.trim() || node.closest('style, [aria-hidden], .dh-sr')) continue;
        const ink = parse(getComputedStyle(node).color), paper = ground(node);
        for (let up = node; up; up = up.parentElement) ink[3] *= Number(getComputedStyle(up).opacity);
        const [a, b] = [light(over(ink, paper)), light(paper)].sort((a, b) => b - a);
        found.push([(a + 0.05) / (b + 0.05), walk.currentNode.data.trim()]);
    }
    return found;
}
"""


@pytest.fixture(scope="module")
def notebook(browser, lab):
    """An untouched notebook, run from the first cell to the last."""
    page = LabPage(browser, lab).open(f"{NAME}/{NAME}.ipynb")
    page.run_all()
    yield page
    page.page.close()


@pytest.fixture(scope="module")
def second(browser, lab):
    """Another page of JupyterLab, for notebooks of which only what is worked on is left: the rest would be drawn."""
    parts = [cell for name in (RIGHT, MISTAKEN, UNWRITTEN) for cell in (name, f"hints_{name}", f"check_{name}")]
    shorten(lab.folder / OTHER / f"{OTHER}.ipynb", "text_1", "setup_1", *parts)
    shorten(lab.folder / SOUND / f"{SOUND}.ipynb", "setup_1", "add_noise", "demo_noise")
    page = LabPage(browser, lab).start()
    yield page
    page.page.close()


WRONG = """\
def momentum(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) + lr * grad
    print("the velocity has shape", v.shape)
    return w - v, {"v": v}
"""


def mistake():
    """A wrong solution as a student would type it, and what is to be read about it."""
    return WRONG, next(m for m in exercises.load(EXERCISE).mistakes if m.name == MISTAKE).sentence


def test_an_untouched_notebook_runs_to_its_end_without_an_error_or_a_warning(notebook):
    panel = notebook.page.locator(".jp-NotebookPanel")
    assert (
        panel.locator(".jp-RenderedText[data-mime-type$=stderr], .jp-RenderedText[data-mime-type$=error]").count() == 0
    )
    reports = panel.locator(".dh-report")
    assert reports.count() == len(json.loads((ROOT / "autograder/contents.json").read_text())[NAME]["exercises"])
    expect(reports.first).to_contain_text("not written yet")
    expect(panel.locator(".dh-progress")).to_contain_text("0 of 51 points")


def test_each_picture_has_its_words_in_front_of_it(notebook):
    shown = notebook.page.evaluate(
        """() => [...document.querySelectorAll('.jp-OutputArea-output img')].map(image => [
            image.naturalWidth,
            image.closest('.jp-OutputArea-child').previousElementSibling?.textContent.trim() ?? '',
        ])"""
    )
    assert len(shown) > 10
    for width, words in shown:
        assert width > 300
        assert re.match(r"Picture: \w.{20,}", words)


def test_the_instructors_half_of_nbgrader_is_not_in_the_way(notebook, lab):
    menus = notebook.page.locator(".lm-MenuBar-itemLabel").all_inner_texts()
    assert "Kernel" in menus and "Nbgrader" not in menus
    expect(notebook.page.get_by_role("button", name="Validate")).to_be_visible()
    log = lab.log.read_text()
    assert "is running at" in log
    assert re.findall(r"^\[E .*", log, re.MULTILINE) == []
    # Nobody waits for Node to say whether JupyterLab should be built.
    assert "Build" not in log


def test_a_wrong_solution_is_told_which_mistake_it_is_and_a_right_one_that_it_is_solved(notebook):
    source, sentence = mistake()
    notebook.type(EXERCISE, source)
    notebook.run(EXERCISE)
    report = notebook.run(f"check_{EXERCISE}").locator(".dh-report")
    assert sentence.replace("`", "") in report.locator(".dh-known").inner_text()
    expect(report.locator(".dh-points")).to_have_text(re.compile(r"^[\d.]+ / 5 points$"))
    assert 0 < float(report.locator(".dh-points").inner_text().split()[0]) < 5
    # What a screen reader is told.
    heard = report.aria_snapshot()
    assert f'group "check {EXERCISE}"' in heard
    assert "fails: the learning rate changes on the way" in heard
    assert "holds: " in heard
    assert not re.search("[✓✗○]", heard)
    assert "the velocity has shape" in report.inner_text()
    # The section that the mistake names is one click away.
    section = report.locator(".dh-known a")
    section.click()
    expect(notebook.page.get_by_role("heading", name=section.inner_text())).to_be_in_viewport()

    notebook.type(EXERCISE, solution(NAME, EXERCISE))
    notebook.run(EXERCISE)
    report = notebook.run(f"check_{EXERCISE}").locator(".dh-report")
    expect(report.locator(".dh-points")).to_have_text("5 / 5 points")
    heard = report.aria_snapshot()
    assert "solved" in heard
    assert "fails: " not in heard
    expect(notebook.run("demo_where_you_stand").locator(".dh-progress")).to_contain_text("5 of 51 points")


def test_a_slider_moved_by_the_keyboard_draws_the_picture_anew(notebook):
    cell = notebook.cell("demo_sgd_sliders")
    picture = cell.locator(".jp-OutputArea-output img")
    before = picture.get_attribute("src")
    handle = cell.get_by_role("slider").first
    handle.scroll_into_view_if_needed()
    handle.focus()
    notebook.page.keyboard.press("ArrowRight")
    expect(picture).not_to_have_attribute("src", before)
    readout = cell.locator(".widget-readout").first.inner_text()
    assert readout != "0.00100"
    # What a screen reader is told.
    assert cell.get_by_role("slider", name="lr", exact=True).get_attribute("aria-valuetext") == readout


@pytest.fixture(scope="module")
def told(notebook):
    """The cell of a check that says which mistake it is."""
    source, _ = mistake()
    notebook.type(EXERCISE, source)
    notebook.run(EXERCISE)
    return notebook.run(f"check_{EXERCISE}")


@pytest.mark.parametrize("theme", ["JupyterLab Light", "JupyterLab Dark"])
def test_reports_can_be_read_in_both_themes_and_on_a_narrow_page(notebook, told, theme):
    notebook.theme(theme)
    notebook.page.set_viewport_size({"width": 900, "height": 900})
    for part in (told.locator(".dh-report"), notebook.cell("demo_where_you_stand").locator(".dh-progress")):
        weak = [(round(contrast, 2), text) for contrast, text in part.evaluate(CONTRASTS) if contrast < 4.5]
        assert weak == []
        assert part.evaluate("part => part.scrollWidth - part.clientWidth") <= 1
    notebook.page.set_viewport_size({"width": 1280, "height": 900})


def test_points_stay_for_another_page_and_kernel_and_stand_in_the_first_notebook(notebook, second):
    start = second.open_beside("00_start.ipynb")
    start.run("setup_1")
    table = start.run("demo_start_progress").locator(".dh-progress")
    row = table.get_by_role("row", name=re.compile("^02 · "))
    expect(row).to_contain_text("5 of 51 points")
    expect(row).to_contain_text("1 of 15 exercises solved")
    table.get_by_role("row", name=re.compile("^03 · ")).get_by_role("link").click()
    expect(start.page.locator(".jp-NotebookPanel:visible h1").first).to_contain_text("03 ·")
    assert start.complaints == []


def test_the_console_heard_no_complaint(notebook):
    assert notebook.complaints == []


def validate(page):
    """Press the button; what the dialog says."""
    page.page.get_by_role("button", name="Validate").click()
    dialog = page.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Validation Results")
    words = dialog.inner_text()
    dialog.get_by_role("button", name="OK").click()
    expect(dialog).to_have_count(0)
    return words


def test_validate_says_what_is_wrong_and_what_is_missing_then_that_all_is_well(second):
    page = second.open_beside(f"{OTHER}/{OTHER}.ipynb")
    page.type(RIGHT, solution(OTHER, RIGHT))
    page.type(MISTAKEN, solution(OTHER, MISTAKEN).replace("(1 - alpha) * grad**2", "grad**2"))
    words = validate(page)
    assert f"{RIGHT}: " not in words
    assert re.search(rf"{MISTAKEN}: [\d.]+ / 4 points", words)
    assert "→ " in words
    assert f"{UNWRITTEN}: 0 / 2 points" in words and words.count("not written yet") == 1
    assert "Traceback" not in words

    page.type(MISTAKEN, solution(OTHER, MISTAKEN))
    page.type(UNWRITTEN, solution(OTHER, UNWRITTEN))
    assert "Success! Your notebook passes all the tests." in validate(page)
    assert page.complaints == []


def test_sounds_can_be_played_and_have_names(second):
    page = second.open_beside(f"{SOUND}/{SOUND}.ipynb")
    page.run("setup_1")
    page.type("add_noise", solution(SOUND, "add_noise"))
    page.run("add_noise")
    cell = page.run("demo_noise")
    players = cell.locator("audio")
    expect(players).to_have_count(3)
    for k, name in enumerate(("the melody", "snr_db = 20", "snr_db = 0")):
        assert players.nth(k).get_attribute("aria-label") == name
        player = players.nth(k).element_handle()
        page.wait("player => player.duration > 1 && player.duration < 2", arg=player)
    player.evaluate("player => { player.muted = true; return player.play(); }")
    page.wait("player => player.currentTime > 0.2", arg=player)
    assert page.complaints == []
