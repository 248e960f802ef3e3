"""A real browser and a real Jupyter server: Debian's Chromium, driven by Playwright."""

import contextlib
import json
import os
import secrets
import shutil
import socket
import subprocess
import sys
import time
import urllib.request
from dataclasses import dataclass
from pathlib import Path

import pytest
from playwright.sync_api import sync_playwright

ROOT = Path(__file__).parents[2]
CHROMIUM = shutil.which("chromium") or shutil.which("chromium-browser") or shutil.which("google-chrome")
# A starved machine is slow, not wrong; a test that waits for what comes ends as soon as it comes.
PATIENCE_MS = 120_000


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
        arguments = ["--no-sandbox", "--disable-dev-shm-usage"]
        browser = playwright.chromium.launch(executable_path=CHROMIUM, args=arguments)
        yield browser
        browser.close()


@dataclass(frozen=True)
class Lab:
    """A running JupyterLab: its address without a slash at the end, its token, and the folder that it shows."""

    address: str
    token: str
    folder: Path

    def url(self, path: str) -> str:
        """The address of a page, such as "lab/tree/02_sgd/02_sgd.ipynb"."""
        return f"{self.address}/{path}?token={self.token}"


@contextlib.contextmanager
def running_lab(folder: Path, home: Path, *options: str, cwd: Path | None = None):
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
    }
    command = [sys.executable, "-m", "jupyter", "lab", f"--notebook-dir={folder}", "--no-browser", f"--port={port}"]
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
        yield Lab(address, token, folder)
    finally:
        # The server ends its kernels at SIGTERM.
        process.terminate()
        try:
            process.wait(30)
        except subprocess.TimeoutExpired:
            process.kill()
            process.wait()
