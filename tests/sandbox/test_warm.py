"""Submissions that are forks of one warm process: nothing of one reaches the next, the process, or the machine.

Each danger stands here by itself, as root and, the whole file over again, as an ordinary user.
"""

import os
import sys
import time
from contextlib import contextmanager, suppress
from pathlib import Path

import psutil
import pytest

from autograder.grading.link import Worker, WorkerLost
from autograder.sandbox import doctor, levels, warm
from autograder.sandbox.levels import Level, Trial, attempt
from autograder.sandbox.process import Limits, Sandbox

from ..as_user import as_a_user, needs_root

LIMITS = Limits(call_seconds=30.0, cell_seconds=60.0, memory_bytes=2**30, scratch_bytes=16 * 2**20, processes=48)
AS_A_USER = "DOWNHILL_TEST_AS_A_USER"
pytestmark = pytest.mark.skipif(not attempt("strong", warm=True).holds, reason="no warm sandbox here")

# Not as it loads, but once a student's cells run.
LOOKS_FOR_GARBAGE = "import gc; print(gc.isenabled())"


@contextmanager
def submission(limits=LIMITS):
    worker = Worker(limits, Level("strong", warm=True), time.monotonic() + 300)
    try:
        yield worker
    finally:
        worker.end()


def says(worker, source):
    """What a cell prints."""
    outputs, success = worker.run(source)
    text = "".join(output.get("text", "") for output in outputs)
    assert success, outputs
    return text.strip()


def next_one_starts():
    with submission() as worker:
        return says(worker, "import os; print(os.getpid(), len(os.listdir('.')))") == "2 0"


@pytest.fixture
def unlocked(monkeypatch):
    """The inner wall by itself: without Landlock and the filter of system calls."""
    lockdown = warm.lockdown
    monkeypatch.setattr(warm, "lockdown", lambda *words: {**lockdown(*words), "landlock": None, "seccomp": ""})


def test_the_canary_manages_nothing():
    assert attempt("strong", warm=True) == Trial("strong")


def test_one_process_serves_them_all_one_after_the_other():
    with submission() as first:
        zygote = first.sandbox.zygote
    with submission() as second:
        assert second.sandbox.zygote is zygote
        with submission() as beside:
            assert beside.sandbox.zygote is not zygote
        assert says(second, LOOKS_FOR_GARBAGE) == "True"


def test_it_sees_its_own_processes_alone(unlocked):
    with submission() as worker:
        assert says(worker, "import os; print(sorted(filter(str.isdigit, os.listdir('/proc'))))") == "['1', '2']"
        looks = """
for name in ("environ", "mem", "maps", "root", "cwd", "fd"):
    try:
        path = f"/proc/1/{name}"
        (os.listdir if name == "fd" else os.readlink if name in ("root", "cwd") else lambda p: open(p).read(1))(path)
        print(name)
    except OSError:
        pass
"""
        assert says(worker, looks) == ""


def test_it_has_nothing_that_its_maker_has(unlocked):
    with submission() as worker:
        status = dict(
            line.split(":\t", 1) for line in says(worker, "print(open('/proc/self/status').read())").splitlines()
        )
        assert {int(status[name], 16) for name in ("CapInh", "CapPrm", "CapEff", "CapBnd", "CapAmb")} == {0}
        assert status["NoNewPrivs"] == "1"
        own = os.geteuid()
        assert (int(status["Uid"].split()[0]) == own) == (own != 0)
        assert says(worker, "import os; print(sorted(map(int, os.listdir('/proc/self/fd')))[:-1])") == "[0, 1, 2, 3]"
        assert says(worker, "print(os.readlink('/proc/self/fd/0'))") == "/dev/null"
        assert says(worker, "print(sorted(os.environ))").count("DOWNHILL") == 0


ACTS = """
import ctypes, os
libc = ctypes.CDLL(None, use_errno=True)
acts = {
    "ptrace the first": lambda: libc.ptrace(0x4206, 1, 0, 0),
    "ptrace its parent": lambda: libc.ptrace(0x4206, os.getppid(), 0, 0),
    "mount": lambda: libc.mount(b"tmpfs", b"/scratch", b"tmpfs", 0, None),
    "unmount": lambda: libc.umount2(b"/proc", 2),
    "make writable": lambda: libc.mount(None, b"/", None, 0x20 | 0x1000, None),
    "chroot": lambda: libc.chroot(b"/scratch"),
    "pivot_root": lambda: libc.syscall(155, b"/scratch", b"/scratch"),
    "new mounts": lambda: libc.unshare(0x20000),
    "new processes": lambda: libc.unshare(0x20000000),
    "another's namespace": lambda: libc.setns(os.open("/proc/1/ns/pid", os.O_RDONLY), 0),
    "setuid": lambda: libc.setuid(0),
    "setgid": lambda: libc.setgid(0) if os.getgid() else -1,
    "sethostname": lambda: libc.sethostname(b"x", 1),
    "kill the first's group": lambda: libc.killpg(1, 9),
}
for name, act in acts.items():
    try:
        if act() == 0:
            print(name)
    except OSError:
        pass
"""


def test_what_it_must_not_do_it_cannot_even_without_the_filter(unlocked):
    with submission() as worker:
        assert says(worker, ACTS) == ""
        assert says(worker, "print(os.getpid())") == "2"


def test_the_filter_is_there_as_well():
    denied = """
import ctypes, errno, os
libc = ctypes.CDLL(None, use_errno=True)
calls = dict(keyctl=250, ptrace=101, unshare=272, setns=308, mount=165, chroot=161, setuid=105, bpf=321, readv=310)
for name, number in calls.items():
    ctypes.set_errno(0)
    if libc.syscall(number, 0, 0, 0, 0, 0) != -1 or ctypes.get_errno() != errno.EPERM:
        print(name)
print(open("/proc/self/status").read().split("Seccomp:")[1].split()[0])
"""
    if os.uname().machine != "x86_64":
        pytest.skip("these are the numbers of x86-64")
    with submission() as worker:
        assert says(worker, denied) == "2"


@pytest.mark.parametrize("number", ["SIGKILL", "SIGTERM", "SIGSTOP", "SIGINT", "SIGHUP"])
def test_the_first_process_is_not_to_be_ended_from_inside(number, unlocked):
    with submission() as worker:
        kill = f"import os, signal\ntry:\n    os.kill(1, signal.{number})\nexcept PermissionError:\n    pass\nprint(1)"
        assert says(worker, kill) == "1"
        kept = worker.keep()
        assert kept.caller().lost is None and says(worker, "print(2)") == "2"


def test_nothing_can_be_written_but_the_scratch_folder_even_without_landlock(unlocked):
    writes = """
import os
for place in "/ /dev /dev/shm /usr /etc /proc /downhill /downhill/helpers /var/tmp /run /home".split():
    try:
        open(os.path.join(place, "mark"), "w").close()
        print(place)
    except OSError:
        pass
open("mark", "w").write("x")
open("/dev/null", "w").write("x")
"""
    with submission() as worker:
        assert says(worker, writes) == ""


LEAVES = """
import builtins, ctypes, os, socket, sys
import numpy as np
import helpers.plots
open("mark", "w").write("x")
os.makedirs("a/b")
libc = ctypes.CDLL(None, use_errno=True)
made = [libc.shmget(4711, 4096, 0o1666), libc.msgget(4711, 0o1666), libc.semget(4711, 1, 0o1666)]
made.append(ctypes.CDLL("librt.so.1", use_errno=True).mq_open(b"/mark", 0o102, 0o666, None))
kept = [socket.socket(socket.AF_UNIX)]
kept[0].bind("\\0mark")
kept[0].listen()
builtins.mark = np.mark = helpers.plots.mark = sys.mark = os.mark = 1
get_ipython().user_ns["mark"] = 1
get_ipython().input_transformers_cleanup.append(lambda lines: ["raise SystemError"])
ctypes.memset(id(12345) + 24, 7, 4)
np.ones = None
os.environ["MARK"] = "1"
if os.fork() == 0:
    os.setsid()
    if os.fork() == 0:
        import time
        time.sleep(600)
    os._exit(0)
print([number >= 0 for number in made])
"""
FINDS = """
import builtins, ctypes, os, socket, sys
import numpy as np
import helpers.plots
libc = ctypes.CDLL(None, use_errno=True)
found = os.listdir(".")
found += [n for n in (libc.shmget(4711, 4096, 0), libc.msgget(4711, 0), libc.semget(4711, 1, 0)) if n >= 0]
found += [n for n in [ctypes.CDLL("librt.so.1").mq_open(b"/mark", 2)] if n >= 0]
try:
    socket.socket(socket.AF_UNIX).connect("\\0mark")
    found.append("socket")
except OSError:
    pass
found += [str(place) for place in (builtins, np, helpers.plots, sys, os) if hasattr(place, "mark")]
found += [name for name in ("mark", "made", "kept") if name in globals()]
found += [name for name in os.environ if name == "MARK"]
found += [p for p in os.listdir("/proc") if p.isdigit() and int(p) > 2]
print(found, np.ones(2).sum(), 12345 + 0)
"""


@pytest.mark.skipif(sys.platform != "linux", reason="these are Linux's")
def test_nothing_of_a_submission_is_there_for_the_next(monkeypatch, unlocked):
    with submission() as worker:
        assert says(worker, LEAVES) == "[True, True, True, True]"
        zygote = worker.sandbox.zygote
    with submission() as worker:
        assert worker.sandbox.zygote is zygote
        assert says(worker, FINDS) == "[] 2.0 12345"


def test_each_draws_other_random_numbers():
    drawn = []
    for _ in range(3):
        with submission() as worker:
            drawn += says(worker, "import random, numpy\nprint(random.random(), numpy.random.random())").split()
    assert len(set(drawn)) == 6


ENDS = {
    "exit": "import os; os._exit(3)",
    "kill all": "import os; os.kill(-1, 9)",
    "kill itself": "import os; os.kill(os.getpid(), 9)",
    "segfault": "import ctypes; ctypes.string_at(0)",
    "close all": "import os; os.closerange(0, 300)",
    "orphans": "import os, time\nfor _ in range(9):\n    if os.fork() == 0:\n        time.sleep(600)\nos._exit(0)",
    "fork bomb": "import os, contextlib\nwhile True:\n    with contextlib.suppress(OSError):\n        os.fork()",
    "memory": "x = []\nwhile True:\n    x.append(bytearray(2**24))",
    "memory of many": "import os\nx = [os.fork() for _ in range(8)]\nwhile True:\n    x.append(bytearray(2**22))",
    "disk": "n = 0\nwhile True:\n    n += 1\n    open(f'f{n}', 'wb').write(bytes(2**20))",
    "stops all": "import os, signal; os.kill(-1, signal.SIGSTOP); os.kill(os.getpid(), signal.SIGSTOP)",
}


@pytest.mark.parametrize("cell", ENDS.values(), ids=ENDS.keys())
def test_the_next_one_starts_whatever_a_submission_does(cell):
    hasty = Limits(cell_seconds=1.0, memory_bytes=2**28, scratch_bytes=4 * 2**20, processes=24)
    with submission(hasty) as worker:
        zygote = worker.sandbox.zygote
        with suppress(WorkerLost):
            worker.run(cell)
        assert not worker.sandbox.was_killed()
    assert next_one_starts()
    assert warm._idle and warm._idle[-1] is zygote
    assert not [p for p in below(zygote) if p.status() != psutil.STATUS_ZOMBIE][1:]


def below(zygote):
    return psutil.Process(zygote.process.pid).children(recursive=True)


def test_the_warm_process_has_one_thread():
    with submission() as worker:
        mine = [p for p in below(worker.sandbox.zygote) if "worker.zygote" in " ".join(p.cmdline())]
        assert [p.num_threads() for p in mine][:1] == [1]
        assert says(worker, "import os; print(len(os.listdir('/proc/self/task')))") == "1"


def test_where_the_warm_process_is_killed_another_starts():
    with submission() as worker:
        zygote = worker.sandbox.zygote
        zygote.process.kill()
        with pytest.raises(WorkerLost):
            for _ in range(1000):
                worker.run("pass")
        assert worker.sandbox.was_killed()
    assert next_one_starts()
    with submission() as worker:
        assert worker.sandbox.zygote is not zygote
    worker.sandbox.zygote.process.kill()
    worker.sandbox.zygote.process.wait()
    assert next_one_starts()


def test_all_ends_with_the_warm_process():
    with submission() as worker:
        zygote = worker.sandbox.zygote
        made = below(zygote)
        assert len(made) >= 3
        zygote.process.kill()
        _, alive = psutil.wait_procs(made, timeout=60)
        assert not [p for p in alive if p.status() != psutil.STATUS_ZOMBIE]


@pytest.mark.parametrize(
    "forbidden", ["zygote._NEW_PIDS = 1", "zygote._NEW_USER = zygote._NEW_MOUNTS = 1", "zygote._RECURSIVE = 2**30"]
)
def test_where_the_inner_wall_cannot_be_built_submissions_get_a_sandbox_each(monkeypatch, forbidden):
    monkeypatch.delenv(levels.VARIABLE, raising=False)
    warm.end_idle()
    # What a kernel says that forbids namespaces or mounts: this is no such flag.
    changed = warm._BOOTSTRAP.replace("\nmain(", f"\nfrom worker import zygote\n{forbidden}\nmain(")
    assert changed != warm._BOOTSTRAP
    monkeypatch.setattr(warm, "_BOOTSTRAP", changed)
    trial = attempt("strong", warm=True)
    assert trial.error and not trial.holds
    found = levels.find()
    assert found.name == "strong" and not found.warm
    assert f"– strong, warm: {trial.error}" in "\n".join(doctor.examine().lines)
    warm.end_idle()


def test_where_the_warm_process_fails_once_the_level_was_tried_a_submission_gets_a_sandbox_of_its_own(monkeypatch):
    warm.end_idle()
    changed = warm._BOOTSTRAP.replace("\nmain(", "\nfrom worker import zygote\nzygote._loaded = None\nmain(")
    assert changed != warm._BOOTSTRAP
    monkeypatch.setattr(warm, "_BOOTSTRAP", changed)
    assert attempt("strong", warm=True).holds
    with submission() as worker:
        assert isinstance(worker.sandbox, Sandbox)
        assert says(worker, LOOKS_FOR_GARBAGE) == "True"
    warm.end_idle()


@needs_root
@pytest.mark.skipif(AS_A_USER in os.environ, reason="this is that user")
def test_all_of_this_holds_for_an_ordinary_user():
    done = as_a_user(
        "env",
        f"{AS_A_USER}=1",
        f"PYTHONPATH={Path(__file__).parents[2]}",
        sys.executable,
        "-m",
        "pytest",
        "-q",
        "-n0",
        "-p",
        "no:cacheprovider",
        str(Path(__file__)),
        timeout=600,
    )
    assert done.returncode == 0, done.stdout[-3000:] + done.stderr[-1000:]
    assert "skipped" in done.stdout and " passed" in done.stdout
