"""Kernels that are forks of one process, which has loaded what notebooks load: each starts in a fraction of the time.

That process, the nursery, reads orders, a line of JSON each, and answers with the number of the process that it forked.
"""

import atexit
import gc
import importlib
import json
import os
import re
import signal
import subprocess
import sys
import threading
import time
from contextlib import suppress
from functools import cache
from pathlib import Path
from typing import Any

from jupyter_client.manager import AsyncKernelManager
from jupyter_client.provisioning import LocalProvisioner

_LOADED = (
    "ipykernel.kernelapp",
    "ipywidgets",
    "matplotlib.pyplot",
    "matplotlib_inline.backend_inline",
    "torch",
    # What most notebooks load of the course and by it.
    "autograder.judge.judging",
    "contourpy",
    "helpers.training",
    "scipy.special",
)
_LOCK = threading.Lock()
# Elsewhere forks of a process with so much in it are not safe, or there are none.
CAN_FORK = sys.platform == "linux"


class ForkedKernel(AsyncKernelManager):
    """A kernel's manager that forks where others start Python anew."""

    async def _async_launch_kernel(self, kernel_cmd: list[str], **options: Any) -> None:
        provisioner = self.provisioner
        assert isinstance(provisioner, LocalProvisioner)
        process: Any = _Forked(self.connection_file, options["cwd"], options["env"])
        # A session of its own, as other kernels have: an interrupt goes to all of it.
        provisioner.process, provisioner.pid, provisioner.pgid = process, process.pid, process.pid
        provisioner.cwd = options["cwd"]
        self._reconcile_connection_info(provisioner.connection_info)


class _Forked:
    """A fork, as far as `subprocess.Popen` is asked of it; how it ended is not known."""

    stdin = stdout = stderr = None

    def __init__(self, connection_file: str, folder: str, environment: dict[str, str]):
        with _LOCK:
            orders, answers = nursery().stdin, nursery().stdout
            assert orders and answers
            with suppress(BrokenPipeError):
                orders.write(json.dumps([connection_file, folder, environment]) + "\n")
                orders.flush()
            answer = answers.readline()
        if not answer:
            raise RuntimeError("no kernel can be forked: what it would be a fork of has ended, and said why above")
        self.pid = int(answer)

    def poll(self) -> int | None:
        return None if Path(f"/proc/{self.pid}").exists() else 0

    def wait(self, timeout: float | None = None) -> int:
        while self.poll() is None:
            time.sleep(0.05)
        return 0

    def send_signal(self, number: int) -> None:
        os.kill(self.pid, number)

    def kill(self) -> None:
        self.send_signal(signal.SIGKILL)

    def terminate(self) -> None:
        self.send_signal(signal.SIGTERM)


@cache
def nursery() -> subprocess.Popen[str]:
    """The process that kernels are forks of; it ends with this one."""
    command = [sys.executable, "-P", "-m", "autograder.course.kernels"]
    # As a kernel sets it before matplotlib is loaded.
    environment = {**os.environ, "MPLBACKEND": "module://matplotlib_inline.backend_inline"}
    started = subprocess.Popen(command, stdin=subprocess.PIPE, stdout=subprocess.PIPE, env=environment, text=True)
    # It ends as nobody is left to give orders; its pipes are closed, and it is waited for.
    atexit.register(started.communicate)
    return started


@cache
def shared_mb() -> float:
    """Megabytes of libraries that a fork's own account may leave out, since its nursery had them in memory before."""
    (kilobytes,) = re.findall(r"^RssFile:\s+(\d+) kB", Path(f"/proc/{nursery().pid}/status").read_text(), re.MULTILINE)
    return int(kilobytes) / 1024


def main() -> None:
    """Load, then fork by orders until nobody is left to give them."""
    for name in _LOADED:
        importlib.import_module(name)
    _draw_something()
    gc.freeze()
    # Nobody waits for the forks.
    signal.signal(signal.SIGCHLD, signal.SIG_IGN)
    for line in sys.stdin:
        pid = os.fork()
        if pid == 0:
            _serve(*json.loads(line))
        print(pid, flush=True)


def _draw_something() -> None:
    """Fill matplotlib's memories of fonts and formulas, which the first picture of each kernel would fill anew."""
    ready = importlib.import_module("helpers.plots.ready")
    with ready.course_style() as plt:
        figure, axes = plt.subplots()
        axes.set(xscale="log", xlim=(1e-6, 1e6), yscale="log", ylim=(1e-6, 1e6), xlabel="$w_1$", title="word")
        # What is drawn in a kernel must not find a figure of another.
        plt.close(figure)
        ready.png(figure)


def _serve(connection_file: str, folder: str, environment: dict[str, str]) -> None:
    from ipykernel import kernelapp

    signal.signal(signal.SIGCHLD, signal.SIG_DFL)
    os.setsid()
    nothing = os.open(os.devnull, os.O_RDWR)
    for stream in range(3):  # what goes to stderr is the kernel's own log of its local ports
        os.dup2(nothing, stream)
    os.environ.clear()
    os.environ.update(environment)
    os.chdir(folder)
    sys.argv = ["ipykernel_launcher", "-f", connection_file]
    try:
        kernelapp.launch_new_instance()
    finally:
        os._exit(0)


if __name__ == "__main__":
    main()
