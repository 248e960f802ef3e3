"""The worker process: runs a student's cells in order and answers the judge.

Before each check it forks: the child keeps the notebook as it stood at that point and answers this check's calls on a
socket of its own, while the parent goes on with the next cell. The judge asks nothing before all cells have run. So
the inputs of a check reach no later cell, what one check's calls leave behind reaches no other check, and a call that
hangs or kills its process loses that check alone.

`main(control, checks)` is started with the numbers of inherited sockets. On the control socket the judge sends

    ("run", source)        run a cell; the answer is (outputs, success)
    ("fork", number)       keep this state for check `number`
"""

import gc
import os
import shutil
import signal
import socket
import time
from collections.abc import Callable, Sequence
from contextlib import suppress
from dataclasses import astuple
from functools import wraps
from typing import Any

from . import absent, lockdown, wire
from .calls import Runner

_FORK_SECONDS = 5


def main(control: int, checks: list[int], hidden: Sequence[str] = ()) -> None:
    """Serve until the judge hangs up; `hidden` are packages that are not there besides those that never are."""
    _stay_behind([control, *checks])
    _limit_threads()
    _copy_without_modes()
    absent.hide([*absent.HIDDEN, *hidden])
    from .cells import Shell, stand_in_for_check

    stand_in_for_check()
    shell = Shell.instance()
    # What is loaded by now is never garbage: neither this process nor its children need to look through it.
    gc.freeze()
    gc.enable()
    link = socket.socket(fileno=control)
    with suppress(wire.Closed):
        wire.send(link, "ready")
        while True:
            request = wire.receive(link)
            assert isinstance(request, tuple)
            verb, argument = request
            if verb == "run":
                outputs, success = shell.run(argument)
                _answer(link, (outputs, success))
            elif verb == "fork":
                if _fork() == 0:
                    link.close()
                    _serve(checks, argument, shell.user_ns)
                # The judge learns that the child has ended when nobody else holds its socket.
                with suppress(OSError):
                    os.close(checks[argument])
                checks[argument] = -1
                _answer(link, None)
            else:
                raise ValueError(f"unknown request {verb!r}")


def _answer(link: socket.socket, value: wire.Value) -> None:
    """Send an answer; one that the wire does not carry, such as enormous outputs, is replaced by an empty one."""
    try:
        wire.send(link, value)
    except wire.Closed:
        raise
    except wire.WireError as error:
        text = f"[the output of this cell cannot be shown: {error}]\n"
        wire.send(link, ([{"output_type": "stream", "name": "stderr", "text": text}], False))


def _serve(checks: list[int], number: int, names: dict) -> None:
    """Answer one check's calls, then end this child without running anybody's exit handlers."""
    # An interrupt meant for the notebook must not be left ignored by the student's code.
    signal.signal(signal.SIGINT, signal.default_int_handler)
    for place, descriptor in enumerate(checks):
        if place != number and descriptor >= 0:
            with suppress(OSError):
                os.close(descriptor)
    link = socket.socket(fileno=checks[number])

    def answer(callback: int, arguments: tuple[wire.Value, ...]) -> wire.Value:
        wire.send(link, ("callback", callback, arguments))
        answered = wire.receive(link)
        assert isinstance(answered, tuple)
        kind, value = answered
        if kind == "error":
            raise ValueError(value)
        return value

    runner = Runner(names, answer, before_step=lambda step: wire.send(link, ("step", step)))
    try:
        while True:
            steps = wire.receive(link)
            assert isinstance(steps, list)
            outcome = runner.run(steps)
            failure = outcome.failure and astuple(outcome.failure)
            try:
                wire.send(link, ("done", outcome.values, failure, outcome.warnings))
            except wire.Closed:
                raise
            except wire.WireError as error:
                wire.send(link, ("done", (), (len(steps) - 1, "wire", "", str(error)), ()))
    except BaseException:
        os._exit(0)


def _stay_behind(sockets: list[int]) -> None:
    """Go on in a child; this process waits for the end of the sandbox.

    The first process takes a namespace of processes with it when it ends: a cell that exits would end the states that
    are kept for the checks above it.
    """
    if os.fork() == 0:
        lockdown.end_with_parent()
        return
    for descriptor in sockets:
        os.close(descriptor)
    while True:
        signal.pause()


def _fork() -> int:
    """os.fork, which waits where the account has too many processes just now: those of another are ended soon."""
    for _ in range(_FORK_SECONDS * 10):
        with suppress(BlockingIOError):
            return os.fork()
        time.sleep(0.1)
    return os.fork()


def _copy_without_modes() -> None:
    """Let shutil copy files where nobody may set their permissions and times: IPython does so as it starts."""
    for name in ("copymode", "copystat"):
        setattr(shutil, name, _suppressing(getattr(shutil, name)))


def _suppressing(function: Callable) -> Callable:
    @wraps(function)
    def tolerant(*args: Any, **kwargs: Any) -> None:
        with suppress(PermissionError):
            function(*args, **kwargs)

    return tolerant


def _limit_threads() -> None:
    """One thread for BLAS: a process that forks must have no others, and a class is graded in parallel anyway."""
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
