"""nbgrader's Validate, pressed by a student before anything is written and when all is; sounds that can be heard."""

import json
import re

import pytest
from playwright.sync_api import expect

from .conftest import LabPage, solution, student_lab

NAME, EXERCISES = "02_sgd", ("sgd", "largest_stable_lr")
SOUND = "11_augmentation"


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    root = tmp_path_factory.mktemp("validate")
    with student_lab(root) as lab:
        # Validate runs the whole notebook: of this one, two sections are enough.
        path = root / "notebooks" / NAME / f"{NAME}.ipynb"
        notebook = json.loads(path.read_text())
        kept = ["setup_1", *(cell for name in EXERCISES for cell in (name, f"hints_{name}", f"check_{name}"))]
        notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] in kept]
        path.write_text(json.dumps(notebook))
        yield lab


def validate(page):
    """Press the button; what the dialog says."""
    page.page.get_by_role("button", name="Validate").click()
    dialog = page.page.get_by_role("dialog")
    expect(dialog).to_contain_text("Validation Results")
    words = dialog.inner_text()
    dialog.get_by_role("button", name="OK").click()
    expect(dialog).to_have_count(0)
    return words


def test_validate_says_what_is_missing_then_what_is_wrong_then_that_all_is_well(browser, lab):
    page = LabPage(browser, lab).open(f"{NAME}/{NAME}.ipynb")
    words = validate(page)
    assert [f"{name}: 0 / 3 points" in words for name in EXERCISES] == [True, True]
    assert words.count("not written yet") == len(EXERCISES)
    assert "Traceback" not in words

    page.type("sgd", solution(NAME, "sgd"))
    page.type("largest_stable_lr", solution(NAME, "largest_stable_lr").replace("2 / steepest", "1 / steepest"))
    words = validate(page)
    assert "sgd: " not in words
    assert re.search(r"largest_stable_lr: [\d.]+ / 3 points", words)
    assert "→ " in words

    page.type("largest_stable_lr", solution(NAME, "largest_stable_lr"))
    assert "Success! Your notebook passes all the tests." in validate(page)
    assert page.complaints == []
    page.page.close()


def test_sounds_can_be_played_and_have_names(browser, lab):
    page = LabPage(browser, lab).open(f"{SOUND}/{SOUND}.ipynb")
    page.run("setup_1")
    page.type("add_noise", solution(SOUND, "add_noise"))
    page.run("add_noise")
    cell = page.run("demo_noise")
    players = cell.locator("audio")
    expect(players).to_have_count(3)
    for k, name in enumerate(("the melody", "snr_db = 20", "snr_db = 0")):
        assert players.nth(k).get_attribute("aria-label") == name
        player = players.nth(k).element_handle()
        page.page.wait_for_function("player => player.duration > 1 && player.duration < 2", arg=player)
    player.evaluate("player => { player.muted = true; return player.play(); }")
    page.page.wait_for_function("player => player.currentTime > 0.2", arg=player)
    assert page.complaints == []
    page.page.close()
