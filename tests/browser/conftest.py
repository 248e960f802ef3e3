"""A real browser and a real Jupyter server: Debian's Chromium, driven by Playwright."""

import contextlib
import json
import os
import re
import secrets
import shlex
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import expect, sync_playwright

from helpers.lab import __main__ as learners

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# A starved machine is slow, not wrong; a test that waits for what comes ends as soon as it comes.
PATIENCE_MS = 120_000
expect.set_options(timeout=PATIENCE_MS)


def pytest_collection_modifyitems(items):
    """All of them are slow, and need a browser."""
    for item in items:
        if Path(__file__).parent in item.path.parents:
            item.add_marker(pytest.mark.slow)
            item.add_marker(pytest.mark.skipif(not CHROMIUM, reason="no Chromium here: apt install chromium"))


@pytest.fixture(scope="module")
def browser():
    """One browser for a file's tests. Ends with them: Playwright's event loop would be in the way of others'."""
    with sync_playwright() as playwright:
        # Root has no sandbox of Chromium's, and a container no large /dev/shm.
        arguments = ["--no-sandbox", "--disable-dev-shm-usage", "--disable-gpu"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address without a slash at the end, its token, the folder that it shows, its log."""

    address: str
    token: str
    folder: Path
    log: Path

    def url(self, path: str) -> str:
        """The address of a page, such as "lab/tree/02_sgd/02_sgd.ipynb"."""
        return f"{self.address}/{path}?token={self.token}"


def lab_command() -> list[str]:
    """What `make lab` runs, word by word."""
    # Below another make, it would say which folder it enters and leaves.
    command = ["make", "--no-print-directory", "--dry-run", "lab"]
    done = subprocess.run(command, cwd=ROOT, capture_output=True, text=True, check=True)
    return shlex.split(done.stdout.splitlines()[-1])


@pytest.fixture(scope="module")
def lab(tmp_path_factory):
    """JupyterLab as students have it, for a file's tests: a copy of the released notebooks, opened by `make lab`."""
    assert lab_command() == [".venv/bin/python", "-m", "helpers.lab"]
    root = tmp_path_factory.mktemp("student")
    shutil.copytree(ROOT / "notebooks", root / "notebooks", ignore=shutil.ignore_patterns(".ipynb_checkpoints"))
    shutil.copy(ROOT / "nbgrader_config.py", root)
    options = [option for option in learners.options() if not re.match("--allow-root|--notebook-dir=", option)]
    # The application's own object is how a test asks which kernel is busy.
    options.append("--expose-app-in-browser")
    variables = {"JUPYTER_CONFIG_PATH": str(learners.SETTINGS)}
    with running_lab(Path("notebooks"), root / "home", *options, cwd=root, **variables) as lab:
        yield lab


def solution(notebook: str, name: str) -> str:
    """What the worked solution has in a cell."""
    cells = json.loads((ROOT / "solutions" / notebook / f"{notebook}.ipynb").read_text())["cells"]
    return "".join(next(cell for cell in cells if cell["id"] == name)["source"])


def shorten(path: Path, *cells: str) -> None:
    """Leave of a notebook only these cells: the others would be drawn and graded, at every turn."""
    notebook = json.loads(path.read_text(encoding="utf-8"))
    notebook["cells"] = [cell for cell in notebook["cells"] if cell["id"] in cells]
    assert [cell["id"] for cell in notebook["cells"]] == [*cells]
    path.write_text(json.dumps(notebook), encoding="utf-8")


class LabPage:
    """A page of JupyterLab, and what its console complained of."""

    def __init__(self, browser, lab: Lab, width: int = 1280, height: int = 900):
        self.lab = lab
        self.page = browser.new_page(viewport={"width": width, "height": height})
        self.page.set_default_timeout(PATIENCE_MS)
        self.complaints: list[str] = []
        self.page.on("console", self._hear)
        self.page.on("pageerror", lambda error: self.complaints.append(str(error)))

    def _hear(self, message) -> None:
        # JupyterLab says which cell it drew, and which part of it started, slowly: of the machine, not of the notebook.
        slow = re.search(
            r"did not appear within|took [\d.]+ms to activate|is taking too long to activate", message.text
        )
        if message.type in ("error", "warning") and not slow:
            self.complaints.append(f"{message.type}: {message.text}")

    def wait(self, condition: str, arg: object = None) -> None:
        """Wait until a function of JavaScript's says yes; asked at every frame drawn, it would keep a core busy."""
        self.page.wait_for_function(condition, arg=arg, polling=100)

    def start(self) -> "LabPage":
        """Open JupyterLab without any document."""
        self.page.goto(self.lab.url(f"lab/workspaces/{secrets.token_hex(4)}"))
        self.wait("() => window.jupyterapp?.restored.then(() => true)")
        return self

    def open(self, path: str) -> "LabPage":
        """Open a notebook in a workspace of its own, and wait for its cells and its kernel."""
        self.page.goto(self.lab.url(f"lab/workspaces/{secrets.token_hex(4)}/tree/{path}"))
        self.page.wait_for_selector(".jp-NotebookPanel .jp-Cell")
        self.wait("() => window.jupyterapp?.shell.currentWidget?.context?.isReady")
        self.wait_until_idle()
        return self

    def open_beside(self, path: str) -> "LabPage":
        """Open a notebook in this page, as by a double click on its name, and wait for its kernel."""
        self.page.evaluate(
            """async path => {
                const panel = await window.jupyterapp.commands.execute('docmanager:open', {path});
                await panel.context.ready;
                await panel.revealed;
            }""",
            path,
        )
        self.wait_until_idle()
        return self

    def show(self, path: str) -> None:
        """Open a notebook in place of others, without a kernel, and wait for its equations."""
        self.page.evaluate(
            """async path => {
                const {commands, shell} = window.jupyterapp;
                const others = [...shell.widgets('main')];
                const kernelPreference = {shouldStart: false, canStart: false};
                const panel = await commands.execute('docmanager:open', {path, kernelPreference});
                for (const widget of others) widget.dispose();
                await panel.context.ready;
                await panel.revealed;
            }""",
            path,
        )
        # Cells are put into the page one after another, and equations typeset some time after their cells.
        self.wait(
            """() => {
                const cells = window.jupyterapp.shell.currentWidget?.content.widgets ?? [];
                return cells.length && cells.every(cell => cell.node.isConnected && (cell.model.type !== 'markdown'
                    || cell.node.querySelector(cell.model.sharedModel.source.includes('$')
                        ? '.jp-RenderedMarkdown mjx-container' : '.jp-RenderedMarkdown *')));
            }"""
        )

    def wait_until_idle(self) -> None:
        """Wait until every cell that was started has ended."""
        self.wait(
            """() => {
                const panel = window.jupyterapp.shell.currentWidget;
                return panel.sessionContext.session?.kernel?.status === 'idle'
                    && ![...panel.content.widgets].some(cell => cell.model.executionState === 'running');
            }"""
        )

    def cell(self, name: str):
        """The cell of this id."""
        index = self.page.evaluate(
            """name => window.jupyterapp.shell.currentWidget.content.widgets
                .findIndex(cell => cell.model.id === name)""",
            name,
        )
        assert index >= 0, f"there is no cell {name}"
        return self.page.locator(".jp-NotebookPanel:not(.lm-mod-hidden) .jp-Cell").nth(index)

    def menu(self, *entries: str) -> None:
        """Choose an entry of the menus, as a mouse does."""
        for entry in entries:
            self.page.get_by_role("menuitem", name=entry, exact=True).click()

    def run_all(self) -> None:
        """Run every cell, by the menu."""
        self.menu("Run", "Run All Cells")
        self.wait_until_idle()

    def run(self, name: str):
        """Run one cell by Shift+Enter, and return it."""
        cell = self.cell(name)
        before = self._count(name)
        cell.scroll_into_view_if_needed()
        cell.locator(".jp-InputPrompt").click()
        self.page.keyboard.press("Shift+Enter")
        self.wait(
            """([name, before]) => {
                const cell = window.jupyterapp.shell.currentWidget.content.widgets.find(c => c.model.id === name);
                return cell.model.executionCount !== before && cell.model.executionState === 'idle';
            }""",
            arg=[name, before],
        )
        return cell

    def _count(self, name: str) -> int | None:
        return self.page.evaluate(
            """name => window.jupyterapp.shell.currentWidget.content.widgets
                .find(cell => cell.model.id === name).model.executionCount""",
            name,
        )

    def type(self, name: str, source: str) -> None:
        """Type into a cell in place of what stands there, by the keyboard."""
        editor = self.cell(name).locator(".cm-content")
        editor.scroll_into_view_if_needed()
        editor.click()
        self.page.keyboard.press("Control+A")
        self.page.keyboard.insert_text(source)

    def theme(self, name: str) -> None:
        """Change to "JupyterLab Dark" or "JupyterLab Light"."""
        self.page.evaluate("theme => window.jupyterapp.commands.execute('apputils:change-theme', {theme})", name)
        self.wait("theme => document.body.dataset.jpThemeName === theme", arg=name)


@contextlib.contextmanager
def running_lab(folder: Path, home: Path, *options: str, cwd: Path | None = None, **variables: str):
    """JupyterLab on `folder`, with settings, workspaces and progress in `home` instead of the user's own."""
    home.mkdir(parents=True, exist_ok=True)
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    token = secrets.token_hex(16)
    environment = {
        **os.environ,
        "HOME": str(home),
        "JUPYTER_CONFIG_DIR": str(home / "config"),
        "JUPYTER_DATA_DIR": str(home / "data"),
        "JUPYTER_RUNTIME_DIR": str(home / "runtime"),
        "IPYTHONDIR": str(home / "ipython"),
        "DOWNHILL_PROGRESS": str(home / "progress.jsonl"),
        "PATH": os.pathsep.join([str(Path(sys.executable).parent), os.environ["PATH"]]),
        # nbgrader calls jupyter and alembic by name; no news, no extension manager: nothing from outside.
        "JUPYTER_PREFER_ENV_PATH": "1",
        **variables,
    }
    command = [sys.executable, "-m", "jupyterlab", f"--notebook-dir={folder}", "--no-browser", f"--port={port}"]
    command += ["--port-retries=0", f"--IdentityProvider.token={token}", "--allow-root", *options]
    with open(home / "lab.log", "wb") as log:
        process = subprocess.Popen(command, cwd=cwd or ROOT, env=environment, stdout=log, stderr=log)
    try:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + PATIENCE_MS / 1000
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/api/status?token={token}") as answer:
                json.load(answer)
                break
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"JupyterLab did not start:\n{(home / 'lab.log').read_text()}")
            time.sleep(0.2)
        yield Lab(address, token, (cwd or ROOT) / folder, home / "lab.log")
    finally:
        # The server ends its kernels at SIGTERM.
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
