"""A term's round on a JupyterHub: a real hub, proxy and servers, accounts of their own, by the steps of the documents.

The hub's settings are those of docs/instructors.md, word by word. All of it runs on a machine of the test's own, as far
as its programs can tell: in namespaces that have this machine's files but for homes, /etc, /srv and /tmp, so that
accounts, with passwords, exist there alone, and are gone with the test.
"""

import contextlib
import os
import re
import secrets
import shutil
import socket
import subprocess
import sys
import tempfile
import time
import urllib.request
from dataclasses import dataclass, field
from pathlib import Path

import psutil
import pytest
from nbgrader.api import Gradebook
from playwright.sync_api import Page, expect

from autograder import exercises
from autograder.course.demo import make_class
from autograder.course.release import release
from autograder.sandbox import bubblewrap

from .conftest import PATIENCE_MS, ROOT, Lab, LabPage, shorten, solution
from .desk import menu, no_news, open_formgrader, press, row_of, window

# Opening, generating and grading take time by the cell: of the assignment, one exercise is left.
NAME, EXERCISE, MISTAKE, POINTS = "05_second_order", "newton_step", "damping_on_step", 6
INSTRUCTOR, STUDENTS = "instructor", ("kim", "lee")
ACCOUNTS = (INSTRUCTOR, *STUDENTS)
PASSWORD = secrets.token_hex(8)
# Where the documents have the students' environment.
STUDENTS_PYTHON = Path("/opt/downhill/students/bin/python")
PROXY = shutil.which("configurable-http-proxy")
WRONG = """\
def newton_step(w, grad, H, *, damping=0.0):
    return w - np.linalg.solve(H, grad) / (1 + damping)
"""


def _missing() -> str:
    """What keeps a hub from running here."""
    if os.geteuid() != 0:
        return "a hub for several accounts is root's"
    if bubblewrap.find() is None:
        return "no bubblewrap here: apt install bubblewrap"
    if not PROXY:
        return "no configurable-http-proxy here: apt install nodejs npm; npm install --global configurable-http-proxy@4"
    if not (Path(sys.executable).parent / "jupyterhub").exists():
        return "no JupyterHub here: pip install -c constraints.txt -e '.[jupyterhub]'"
    return ""


pytestmark = pytest.mark.skipif(bool(_missing()), reason=_missing())


class Machine:
    """This machine with homes, accounts, settings and temporary files of its own."""

    _OWN = ("etc", "home", "opt", "root", "srv", "tmp")

    def __init__(self, folder: Path):
        self.folder = folder
        subprocess.run(["cp", "--archive", "/etc", folder], check=True)
        for file in ("passwd", "shadow", "group", "gshadow"):
            # Whoever has such a name on this machine is not there.
            path = folder / "etc" / file
            others = [line for line in path.read_text().splitlines(True) if line.partition(":")[0] not in ACCOUNTS]
            path.write_text("".join(others))
        for name in self._OWN[1:]:
            (folder / name).mkdir()
        (folder / "tmp").chmod(0o1777)
        (folder / "root").chmod(0o755)

    def command(self, *words: str | Path, account: str = "root") -> list[str]:
        """A command line that runs a program there."""
        program = bubblewrap.find()
        assert program
        # bubblewrap's own /proc would keep an ordinary account from making another one inside.
        line = ["unshare", "--pid", "--fork", "--kill-child", "--mount-proc", program, "--cap-add", "ALL"]
        for entry in sorted(Path("/").iterdir()):
            if entry.is_symlink():
                line += ["--symlink", os.readlink(entry), str(entry)]
            elif entry.is_dir() and entry.name not in self._OWN:
                line += ["--dev-bind", str(entry), str(entry)]
        for name in self._OWN:
            line += ["--bind", str(self.folder / name), f"/{name}"]
        # Python, packages and the course, wherever they lie, below folders that all may pass.
        emptied: set[Path] = set()
        for place in sorted({*bubblewrap.python_places(), str(ROOT), str(Path(PROXY or "").parents[1])}):
            above = sorted(set(Path(place).parents) - {Path("/")})
            closed = next((folder for folder in above if not folder.stat().st_mode & 0o001), None)
            if Path(place).parts[1] not in self._OWN:
                if closed is None:
                    continue
                line += ["--perms", "0755", "--tmpfs", str(closed)] * (closed not in emptied)
                emptied.add(closed)
            for folder in above:
                line += ["--perms", "0755", "--dir", str(folder)]
            line += ["--ro-bind", place, place]
        change = ["runuser", "-u", account, "--"] if account != "root" else []
        return [*line, "--chdir", "/", "--", *change, *map(str, words)]

    def run(self, *words: str | Path, account: str = "root", given: str = "") -> str:
        """Run a program to its end; what it said."""
        home = "/root" if account == "root" else f"/home/{account}"
        done = subprocess.run(
            self.command(*words, account=account),
            input=given,
            capture_output=True,
            text=True,
            check=False,
            env={**_environment(), "HOME": home},
        )
        assert done.returncode == 0, done.stdout + done.stderr
        return done.stdout + done.stderr

    def add(self, account: str) -> Path:
        """An account with a password and a home of its own."""
        words = ["--create-home", "--key", "HOME_MODE=0700", "--shell", "/bin/bash"]
        self.run("useradd", "--no-log-init", *words, account)
        self.run("chpasswd", given=f"{account}:{PASSWORD}")
        return self.folder / "home" / account

    def give(self, account: str, *paths: Path) -> None:
        """Files that were put there become the account's own."""
        self.run("chown", "-R", f"{account}:", *(f"/{path.relative_to(self.folder)}" for path in paths))


def _environment() -> dict[str, str]:
    """Of root's commands: no variable of this test's own reaches the servers."""
    places = [
        "/usr/local/sbin",
        "/usr/local/bin",
        "/usr/sbin",
        "/usr/bin",
        "/sbin",
        "/bin",
        str(Path(PROXY or "").parent),
    ]
    return {"PATH": os.pathsep.join(places), "LANG": "C.UTF-8", "HOME": "/root"}


def _documented() -> dict[str, str]:
    """Settings by path, as the documents show them."""
    text = (ROOT / "docs" / "instructors.md").read_text(encoding="utf-8")
    return dict(re.findall(r"```python\n# (/etc/\S+)\n(.*?)```", text, re.DOTALL))


@dataclass
class Hub:
    """A running hub: its address, its machine, what each of the three saw."""

    address: str
    machine: Machine
    logs: dict[str, str] = field(default_factory=dict)
    seen: dict[str, str] = field(default_factory=dict)
    complaints: list[str] = field(default_factory=list)

    def log_in(self, browser, account: str) -> Page:
        """A window in which an account has logged in; its server starts."""
        page = window(browser, self.complaints)
        page.goto(f"{self.address}/hub/login")
        page.get_by_label("Username").fill(account)
        page.get_by_label("Password").fill(PASSWORD)
        page.get_by_role("button", name="Sign in").click()
        return page


class Desk(LabPage):
    """A student's page of JupyterLab, on the hub."""

    def __init__(self, page: Page, hub: Hub, account: str):
        self.page, self.complaints = page, hub.complaints
        self.lab = Lab(f"{hub.address}/user/{account}", "", Path(), Path())


def _free_ports(count: int) -> list[int]:
    with contextlib.ExitStack() as stack:
        sockets = [stack.enter_context(socket.socket()) for _ in range(count)]
        for each in sockets:
            each.bind(("127.0.0.1", 0))
        return [each.getsockname()[1] for each in sockets]


def _students_environment(machine: Machine, python: Path) -> None:
    """As `pip install RELEASE jupyterhub` makes it, but that all packages but the course's are this environment's."""
    made = machine.folder / "opt" / "downhill"
    made.mkdir()
    release(ROOT, made / "release", [NAME])
    machine.run(sys.executable, "-m", "venv", "--without-pip", "--symlinks", python.parents[1])
    home = made / "students"
    (packages,) = home.glob("lib/python3*/site-packages")
    for name in ("autograder", "helpers"):
        shutil.copytree(made / "release" / name, packages / name)
    # A folder that a .pth file names is not searched for further .pth files: the course, installed there, is not found.
    ours = Path(sys.prefix, *packages.relative_to(home).parts)
    (packages / "others.pth").write_text(f"{ours}\n")
    for name in ("etc", "share"):
        (home / name).symlink_to(Path(sys.prefix) / name)
    for script in Path(sys.executable).parent.iterdir():
        words = script.read_bytes() if script.is_file() else b""
        if words.startswith(f"#!{sys.prefix}".encode()):
            (home / "bin" / script.name).write_bytes(f"#!{python}\n".encode() + words.partition(b"\n")[2])
            (home / "bin" / script.name).chmod(0o755)


@contextlib.contextmanager
def _running_hub(machine: Machine):
    """The hub of the documents, on ports that are free here."""
    port, inner, proxy = _free_ports(3)
    for path, text in _documented().items():
        if "jupyterhub" in path:
            text += f"""
c.JupyterHub.bind_url = "http://127.0.0.1:{port}"
c.JupyterHub.hub_bind_url = "http://127.0.0.1:{inner}"
c.ConfigurableHTTPProxy.api_url = "http://127.0.0.1:{proxy}"
c.Spawner.start_timeout = c.Spawner.http_timeout = {PATIENCE_MS // 1000}
c.Spawner.environment = {{"DOWNHILL_PROGRESS": "", "OMP_NUM_THREADS": "1"}}
# The application's own object is how a test asks which kernel is busy.
c.Spawner.args = ["--LabApp.expose_app_in_browser=True"]
"""
        file = machine.folder / path.lstrip("/")
        file.parent.mkdir(parents=True, exist_ok=True)
        file.write_text(text)
    log = machine.folder / "hub.log"
    start = f"cd /srv && exec {STUDENTS_PYTHON.with_name('jupyterhub')} -f /etc/jupyterhub/jupyterhub_config.py"
    with open(log, "wb") as file:
        process = subprocess.Popen(
            machine.command("/bin/sh", "-c", start),
            stdout=file,
            stderr=file,
            stdin=subprocess.DEVNULL,
            env=_environment(),
        )
    try:
        address = f"http://127.0.0.1:{port}"
        until = time.monotonic() + PATIENCE_MS / 1000
        while True:
            with contextlib.suppress(OSError), urllib.request.urlopen(f"{address}/hub/api") as answer:
                answer.read()
                break
            if process.poll() is not None or time.monotonic() > until:
                pytest.fail(f"JupyterHub did not start:\n{log.read_text()}")
            time.sleep(0.2)
        yield Hub(address, machine)
    finally:
        # The first of a namespace of processes: with it end the hub, the proxy, servers and kernels.
        with contextlib.suppress(psutil.NoSuchProcess):
            for first in psutil.Process(process.pid).children():
                first.kill()
        process.wait()


@pytest.fixture(scope="module")
def machine():
    """A machine with three accounts, the course in one home, the students' environment, and an exchange."""
    with tempfile.TemporaryDirectory(prefix="downhill-hub-", ignore_cleanup_errors=True) as folder:
        Path(folder).chmod(0o755)
        machine = Machine(Path(folder))
        if subprocess.run(machine.command("true"), capture_output=True, check=False).returncode:
            pytest.skip("this container's root may make no namespaces")
        homes = {account: machine.add(account) for account in ACCOUNTS}
        for home in homes.values():
            no_news(home / ".jupyter")
        course = homes[INSTRUCTOR] / "downhill"
        # Without a submission yet.
        make_class(ROOT, course, [NAME], ["nobody"])
        cells = ("text_1", "setup_1", EXERCISE, f"hints_{EXERCISE}", f"check_{EXERCISE}")
        shorten(course / "solutions" / NAME / f"{NAME}.ipynb", *cells)
        (course / ".venv").symlink_to(sys.prefix)
        for account, home in homes.items():
            machine.give(account, home)
        _students_environment(machine, STUDENTS_PYTHON)
        machine.run("install", "-d", "-m", "777", "/srv/nbgrader/exchange")
        yield machine


@pytest.fixture(scope="module")
def walked(browser, machine):
    """The round of the three, from the first login to the feedback."""
    with _running_hub(machine) as hub:
        # Three servers start at once, as on the first evening.
        pages = {account: hub.log_in(browser, account) for account in ACCOUNTS}
        for account, page in pages.items():
            page.wait_for_url(f"{hub.address}/user/{account}/lab**")
        formgrader = open_formgrader(pages[INSTRUCTOR])
        row = row_of(formgrader, NAME)
        press(formgrader, row.locator("td.assign a"), "generate", hub.logs)
        press(formgrader, row.locator("td.release a"), "release", hub.logs)
        for account, source in zip(STUDENTS, (solution(NAME, EXERCISE), WRONG), strict=True):
            _work(Desk(pages[account], hub, account), account, source, hub)
        press(formgrader, row.locator("td.collect a"), "collect", hub.logs)
        row.locator("td.num-submissions a").click()
        for account in STUDENTS:
            press(formgrader, row_of(formgrader, account).locator("td.autograde a"), f"autograde {account}", hub.logs)
        formgrader.get_by_role("link", name="Manage Assignments").click()
        press(formgrader, row.locator("td.generate-feedback a"), "generate feedback", hub.logs)
        press(formgrader, row.locator("td.release-feedback a"), "release feedback", hub.logs)
        for account in STUDENTS:
            _fetch_feedback(pages[account])
        heard = list(hub.complaints)
        for place in (f"user/{INSTRUCTOR}/formgrader", f"user/{STUDENTS[1]}/lab"):
            answer = pages[STUDENTS[0]].goto(f"{hub.address}/{place}")
            hub.seen[place] = str(answer and answer.status)
        # What a browser says of a page that it was refused is no complaint.
        hub.complaints[:] = heard
        for page in pages.values():
            page.context.close()
    return hub


def _work(desk: Desk, account: str, source: str, hub: Hub) -> None:
    """An evening of a student's: fetch, write a function, check it, save, submit."""
    page = desk.page
    menu(page, "Assignment List")
    page.locator("#released_assignments_list").get_by_role("button", name="Fetch").click()
    page.locator("#fetched_assignments_list").get_by_role("button", name="Submit").wait_for()
    desk.open_beside(f"{NAME}/{NAME}.ipynb")
    desk.run("setup_1")
    desk.type(EXERCISE, source)
    desk.run(EXERCISE)
    hub.seen[f"check of {account}"] = desk.run(f"check_{EXERCISE}").locator(".dh-report").inner_text()
    page.keyboard.press("Control+S")
    desk.wait("() => !window.jupyterapp.shell.currentWidget.context.model.dirty")
    menu(page, "Assignment List")
    page.locator("#fetched_assignments_list").get_by_role("button", name="Submit").click()
    expect(page.locator("#submitted_assignments_list")).to_contain_text(NAME)


def _fetch_feedback(page: Page) -> None:
    submitted = page.locator("#submitted_assignments_list")
    page.get_by_title("Refresh assignments list").click()
    submitted.get_by_role("button", name="Fetch Feedback").click()
    submitted.get_by_text("(view feedback)").wait_for()


def _feedback(machine: Machine, account: str) -> str:
    """The page that a student fetched."""
    (page,) = (machine.folder / "home" / account).glob(f"{NAME}/feedback/*/{NAME}.html")
    return page.read_text(encoding="utf-8")


def _sentence() -> str:
    """What a page says of the mistake, up to its first mark-up."""
    sentence = next(m for m in exercises.load(EXERCISE).mistakes if m.name == MISTAKE).sentence
    return sentence.partition("`")[0]


def test_students_work_with_the_checks_of_the_release(walked, machine):
    found = "import autograder, importlib.util as u; print(autograder.__file__, u.find_spec('autograder.grading'))"
    said = machine.run(STUDENTS_PYTHON, "-c", found, account=STUDENTS[0])
    assert said.startswith(str(STUDENTS_PYTHON.parents[1])) and said.strip().endswith(" None")
    assert f"{POINTS} / {POINTS} points" in walked.seen[f"check of {STUDENTS[0]}"]
    assert _sentence() in walked.seen[f"check of {STUDENTS[1]}"]


def test_the_points_are_in_the_instructors_gradebook(walked, machine):
    book = machine.folder / "home" / INSTRUCTOR / "downhill" / "gradebook.db"
    with Gradebook(f"sqlite:///{book}", "downhill") as gradebook:
        points = {
            submission.student.id: submission.notebooks[0].grades
            for submission in gradebook.assignment_submissions(NAME)
        }
        earned = {
            student: {grade.name: grade.auto_score for grade in grades}[f"check_{EXERCISE}"]
            for student, grades in points.items()
        }
    right, wrong = STUDENTS
    assert earned.keys() == set(STUDENTS)
    assert 0 < earned[wrong] < earned[right] == POINTS


def test_an_ordinary_accounts_grading_is_isolated_as_well_as_the_account_can(walked, machine):
    level = "cd ~/downhill && .venv/bin/python -c 'from autograder.sandbox.levels import find; print(find())'"
    best = machine.run("/bin/sh", "-c", level, account=INSTRUCTOR).strip()
    assert best.startswith(("strong", "medium"))
    for account in STUDENTS:
        assert f"Graded in isolation ({best})" in walked.logs[f"autograde {account}"]


def test_each_student_fetches_their_own_feedback(walked, machine):
    right, wrong = (_feedback(machine, account) for account in STUDENTS)
    assert _sentence() in wrong
    assert _sentence() not in right


def test_no_student_reaches_what_is_others(walked, machine):
    kim, lee = STUDENTS
    assert {walked.seen[f"user/{INSTRUCTOR}/formgrader"], walked.seen[f"user/{lee}/lab"]} <= {"403", "404"}
    exchange = "/srv/nbgrader/exchange/downhill"
    # What came from lee is there, for the instructor.
    assert lee in machine.run("ls", f"{exchange}/inbound", account=INSTRUCTOR)
    (page,) = (machine.folder / "home" / lee).glob(f"{NAME}/feedback/*/{NAME}.html")
    closed = [f"{exchange}/inbound", f"{exchange}/feedback", f"/home/{lee}", f"/home/{INSTRUCTOR}/downhill/solutions"]
    for place in (*closed, f"/{page.relative_to(machine.folder)}"):
        with pytest.raises(AssertionError, match="Permission denied"):
            machine.run("ls", "-R", place, account=kim)


def test_no_page_complained(walked):
    assert walked.complaints == []
