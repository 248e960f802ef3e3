"""What an instructor and a student do with nbgrader's pages in JupyterLab, wherever it runs."""

import re
from pathlib import Path

from playwright.sync_api import ConsoleMessage, Frame, Locator, Page, expect

from .conftest import PATIENCE_MS

_SERVER = re.compile(r"^https?://[^/]+")


# What moves while one waits, such as a turning wheel, is drawn sixty times a second.
STILL = """addEventListener('DOMContentLoaded', () => {
    const sheet = new CSSStyleSheet();
    sheet.replaceSync('*, ::before, ::after {animation: none !important; transition: none !important}');
    document.adoptedStyleSheets.push(sheet);
})"""


def no_news(config: Path) -> None:
    """JupyterLab asks a new user whether to show its news, in a box above what one wants to press.

    At each page it also starts Node, to see whether it should be built.
    """
    folder = config / "lab/user-settings/@jupyterlab/apputils-extension"
    folder.mkdir(parents=True)
    (folder / "notification.jupyterlab-settings").write_text('{"fetchNews": "false"}')
    (config / "labconfig").mkdir()
    (config / "labconfig/page_config.json").write_text('{"buildCheck": false}')


def window(browser, complaints: list[str]) -> Page:
    """A window of its own, with cookies of its own; what goes wrong in it is kept."""
    page = browser.new_context(viewport={"width": 1280, "height": 860}).new_page()
    page.set_default_timeout(PATIENCE_MS)
    page.add_init_script(STILL)
    expect.set_options(timeout=PATIENCE_MS)

    def hear(said: ConsoleMessage) -> None:
        # nbgrader's pages fetch MathJax from elsewhere, which is not there where there is no network.
        if said.type == "error" and not said.location["url"].startswith("https://"):
            complaints.append(f"{said.text} ({_SERVER.sub('', said.location['url'])})")

    page.on("console", hear)
    page.on("pageerror", lambda error: "MathJax" in str(error) or complaints.append(str(error)))
    page.on("response", lambda got: complaints.append(f"{got.status} {got.url}") if got.status >= 400 else None)
    return page


def menu(page: Page, name: str) -> None:
    """An entry of nbgrader's menu."""
    page.get_by_role("menuitem", name="Nbgrader").click()
    page.get_by_role("menuitem", name=name).click()


def open_formgrader(page: Page) -> Frame:
    """Formgrader's page, within JupyterLab's."""
    menu(page, "Formgrader")
    return page.locator("iframe").element_handle().content_frame()


def row_of(formgrader: Frame, name: str) -> Locator:
    """The row of an assignment or a student."""
    return formgrader.locator("#main-table tr").filter(has=formgrader.get_by_text(name, exact=True))


def press(formgrader: Frame, button: Locator, name: str, logs: dict[str, str]) -> None:
    """One of formgrader's buttons: it answers by a window with a log, which is kept and closed."""
    button.click()
    answer = formgrader.locator(".modal")
    answer.get_by_role("heading").wait_for()
    logs[name] = answer.inner_text()
    assert "Success" in logs[name], logs[name]
    answer.get_by_role("button", name="OK").click()
    expect(answer).to_have_count(0)
