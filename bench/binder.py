"""What a learner needs on Binder: each solved notebook run on one core, and JupyterLab beside it.

Memory is the most that a process ever held, as Linux counts it; a notebook starts no process besides its kernel.
Run alone: python -m bench.binder [TOPIC ...]
"""

import os
import re
import subprocess
import sys
import time
import urllib.request
from collections.abc import Sequence
from pathlib import Path

import nbformat

from autograder.course.binder import peak_mb
from autograder.course.build import solved, texts
from autograder.course.executed import execute

_ROOT = Path(__file__).resolve().parents[1]
_PATIENCE = 60  # seconds until JupyterLab serves its page


def server_mb() -> float:
    """Megabytes of JupyterLab once its page has been fetched."""
    command = [sys.executable, "-m", "jupyter", "lab", "--no-browser", "--allow-root", f"--notebook-dir={_ROOT}"]
    environment = {**os.environ, "JUPYTER_CONFIG_PATH": str(_ROOT / "helpers" / "lab")}  # as postBuild has it
    with subprocess.Popen(command, stderr=subprocess.PIPE, text=True, env=environment) as server:
        try:
            for line in server.stderr:
                if address := re.search(r"http://127\.0\.0\.1:\d+/lab\?token=\w+", line):
                    _fetch(address[0])
                    return peak_mb(server.pid) or 0.0
        finally:
            server.terminate()
    raise RuntimeError("JupyterLab did not start")


def _fetch(address: str) -> None:
    """Get a page of a server that tells its address a moment before it listens."""
    until = time.monotonic() + _PATIENCE
    while True:
        try:
            urllib.request.urlopen(address).close()
            return
        except OSError:
            if time.monotonic() > until:
                raise
            time.sleep(0.1)


def main(chosen: Sequence[str] = ()) -> None:
    """Print the table; only Linux can tell."""
    if not hasattr(os, "sched_setaffinity"):
        print("What notebooks need on Binder is measured on Linux.")
        return
    cores = os.sched_getaffinity(0)
    # What starts from here on, kernels and servers, inherits it.
    os.sched_setaffinity(0, {min(cores)})
    try:
        server = server_mb()
        print(f"On Binder: one core; JupyterLab takes {server:.0f} MB of the 2048 MB, a solved notebook beside it:")
        print(f"{'':<20} {'whole run':>9} {'kernel':>8} {'together':>9}")
        for topic in chosen or texts(_ROOT):
            notebook = nbformat.reads(solved(_ROOT, topic), as_version=4)
            began = time.perf_counter()
            kernel = execute(notebook).metadata.get("peak_mb", 0.0)
            seconds = time.perf_counter() - began
            print(f"{topic:<20} {seconds:7.0f} s {kernel:5.0f} MB {server + kernel:6.0f} MB", flush=True)
    finally:
        os.sched_setaffinity(0, cores)


if __name__ == "__main__":
    main(sys.argv[1:])
