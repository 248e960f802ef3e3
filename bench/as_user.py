"""Runs a command as an ordinary user, for root, who finds all of this account's Python there, wherever it lies."""

import os
import shutil
import subprocess
import tempfile
from collections.abc import Sequence
from pathlib import Path

from autograder.sandbox import bubblewrap, levels


def is_possible() -> bool:
    """Whether this machine and account can do it."""
    return os.geteuid() == 0 and bubblewrap.find() is not None and shutil.which("setpriv") is not None


def command_as(uid: int, command: Sequence[str], *, home: str, folder: str) -> list[str]:
    """The command line for a user of any number, who has the folders of this Python to read."""
    words = [str(bubblewrap.find()), "--dev-bind", "/", "/"]
    for place in bubblewrap.python_places():
        top = Path("/", *Path(place).parts[1:2])
        if top.stat().st_mode & 0o005 != 0o005:
            words += ["--perms", "0755", "--tmpfs", str(top)]
            for parent in sorted(set(Path(place).parents) - {Path("/"), top}):
                words += ["--perms", "0755", "--dir", str(parent)]
            words += ["--ro-bind", place, place]
    words += ["--cap-add", "ALL", "--chdir", folder, "setpriv", f"--reuid={uid}", f"--regid={uid}", "--clear-groups"]
    return [*words, "--inh-caps=-all", "--bounding-set=-all", "env", f"HOME={home}", *command]


def environment() -> dict[str, str]:
    """This process's, without what would stand in for a sandbox."""
    return {name: value for name, value in os.environ.items() if name != levels.VARIABLE}


def as_user(uid: int, command: Sequence[str]) -> int:
    """Run a command in this folder, with a home of its own for as long; its exit status."""
    if not is_possible():
        raise SystemExit("to become another user takes root, bubblewrap and setpriv")
    home = tempfile.mkdtemp(prefix="downhill-user-")
    try:
        os.chown(home, uid, uid)
        words = command_as(uid, ["env", f"TMPDIR={home}", *command], home=home, folder=os.getcwd())
        return subprocess.run(words, env=environment(), check=False).returncode
    finally:
        shutil.rmtree(home)
