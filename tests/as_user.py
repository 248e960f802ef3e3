"""An unprivileged user, made for a test."""

import os
import shutil
import subprocess
from pathlib import Path

import pytest

from autograder.sandbox import bubblewrap, levels

UID = 61000
needs_root = pytest.mark.skipif(
    os.geteuid() != 0 or bubblewrap.find() is None or shutil.which("setpriv") is None,
    reason="becoming an unprivileged user takes root, bubblewrap and setpriv",
)


def as_a_user(*command, home="/tmp", timeout=120):
    """Run a command as an unprivileged user who can read this Python, wherever it lies."""
    words = [bubblewrap.find(), "--dev-bind", "/", "/"]
    for place in bubblewrap.python_places():
        top = Path("/", *Path(place).parts[1:2])
        if top.stat().st_mode & 0o005 != 0o005:
            words += ["--perms", "0755", "--tmpfs", str(top)]
            for parent in sorted(set(Path(place).parents) - {Path("/"), top}):
                words += ["--perms", "0755", "--dir", str(parent)]
            words += ["--ro-bind", place, place]
    words += ["--cap-add", "ALL", "--chdir", "/tmp", "setpriv", f"--reuid={UID}", f"--regid={UID}", "--clear-groups"]
    words += ["--inh-caps=-all", "--bounding-set=-all", "env", f"HOME={home}"]
    environment = {key: value for key, value in os.environ.items() if key != levels.VARIABLE}
    return subprocess.run(
        [*words, *command], capture_output=True, text=True, timeout=timeout, env=environment, check=False
    )
