"""A sandbox started ahead: the next submission's comes up while the current one is judged.

It is as fresh as any other, has run nothing but the worker's own start, and serves one submission. Only where there are
namespaces: elsewhere a student's code could see it wait. Off unless a process whose work is a class says so.
"""

from contextlib import suppress
from multiprocessing.util import Finalize

from autograder.sandbox.process import Limits, Sandbox, start

_ahead = False
_waiting: list[tuple[Limits, Sandbox]] = []


def start_ahead() -> None:
    """Start sandboxes ahead in this process from now on."""
    global _ahead
    _ahead = True
    # Not atexit, which a process of a pool does not run.
    Finalize(None, end, exitpriority=1)


def prepare(checks: int, limits: Limits, level: str) -> None:
    """Start a sandbox for whoever is next; `checks`, `limits` and `level` as for `process.start`."""
    if _ahead and level == "strong" and not _waiting:
        with suppress(OSError):
            _waiting.append((limits, start(checks, limits, level)))


def take(checks: int, limits: Limits, level: str) -> Sandbox | None:
    """The sandbox that was started ahead, if there is one with these limits and at least as many sockets."""
    if level == "strong" and _waiting and _waiting[0][0] == limits and len(_waiting[0][1].checks) >= checks:
        return _waiting.pop()[1]
    end()
    return None


def end() -> None:
    """End the sandbox that was started ahead."""
    while _waiting:
        _waiting.pop()[1].end()
