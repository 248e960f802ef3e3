"""An unprivileged user, made for a test."""

import subprocess

import pytest

from bench.as_user import command_as, environment, is_possible

UID = 61000
needs_root = pytest.mark.skipif(
    not is_possible(), reason="becoming an unprivileged user takes root, bubblewrap and setpriv"
)


def as_a_user(*command, home="/tmp", timeout=120):
    """Run a command as an unprivileged user who can read this Python, wherever it lies."""
    words = command_as(UID, command, home=home, folder="/tmp")
    return subprocess.run(words, capture_output=True, text=True, timeout=timeout, env=environment(), check=False)
