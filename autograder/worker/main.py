"""The worker process: runs a student's cells in order, and keeps the states in which their functions are called.

The process that has run the cells is a *state*: it calls nothing itself, it makes forks that do. So it stays as the
cells have left it, whatever a check's calls leave behind, and a call that hangs or kills its process loses that fork
alone. The judge asks nothing before all cells have run: the inputs of a check reach no later cell.

`serve(link, shell)` obeys the judge. On a state's socket it sends

    ("run", source)    run a cell; the answer is (outputs, success)
    ("keep",)          with a socket: keep this state in a process of its own, which obeys on that socket; the answer
                       is None
    ("answer",)        with a socket and a file: a fork answers calls on that socket, and writes into the file how far
                       it is; an earlier one is ended
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
from typing import TYPE_CHECKING, Any, NoReturn

from . import absent, lockdown, wire
from .calls import Runner

if TYPE_CHECKING:
    from .cells import Shell

_FORK_SECONDS = 5


def main(control: int, hidden: Sequence[str] = ()) -> None:
    """Serve on an inherited socket until the judge hangs up; `hidden`: as for `prepared`."""
    _stay_behind(control)
    # One thread for BLAS: a process that forks must have no others, and a class is graded in parallel anyway.
    for name in ("OMP_NUM_THREADS", "OPENBLAS_NUM_THREADS", "MKL_NUM_THREADS"):
        os.environ[name] = "1"
    shell = prepared(hidden)
    gc.enable()
    serve(socket.socket(fileno=control), shell)


def prepared(hidden: Sequence[str] = ()) -> "Shell":
    """The shell that cells run in; what is loaded by then is never garbage: nobody needs to look through it.

    `hidden`: packages that are not there, besides those that are there for nobody.
    """
    _copy_without_modes()
    absent.hide([*absent.HIDDEN, *hidden])
    from .cells import Shell, stand_in_for_check

    stand_in_for_check()
    shell = Shell.instance()
    gc.freeze()
    return shell


def serve(link: socket.socket, shell: "Shell") -> NoReturn:
    """Obey the judge; end without running anybody's exit handlers."""
    try:
        wire.send(link, "ready")
        _obey(link, shell)
    finally:
        os._exit(0)


def _obey(link: socket.socket, shell: "Shell") -> None:
    answering = 0
    while True:
        request, descriptors = wire.receive_with_files(link)
        assert isinstance(request, tuple)
        if request[0] == "run":
            outputs, success = shell.run(request[1])
            _answer(link, (outputs, success))
        elif request[0] == "keep":
            if _fork() == 0:
                link.close()
                link, answering = socket.socket(fileno=descriptors[0]), 0
                continue
            _answer(link, None)
        elif request[0] == "answer":
            _end(answering)
            # Where no process can be made, the judge finds that nobody holds the socket.
            with suppress(OSError):
                answering = 0
                answering = _fork()
                if answering == 0:
                    link.close()
                    _answer_calls(socket.socket(fileno=descriptors[0]), descriptors[1], shell.user_ns)
        else:
            raise ValueError(f"unknown request {request[0]!r}")
        for descriptor in descriptors:
            with suppress(OSError):
                os.close(descriptor)


def _end(answering: int) -> None:
    """End the fork that answered before: it may hang in a call."""
    if answering:
        with suppress(OSError):
            os.kill(answering, signal.SIGKILL)
            os.waitpid(answering, 0)


def _answer(link: socket.socket, value: wire.Value) -> None:
    """Send an answer; one that the wire does not carry, such as enormous outputs, is replaced by an empty one."""
    try:
        wire.send(link, value)
    except wire.Closed:
        raise
    except wire.WireError as error:
        text = f"[the output of this cell cannot be shown: {error}]\n"
        wire.send(link, ([{"output_type": "stream", "name": "stderr", "text": text}], False))


def _answer_calls(link: socket.socket, progress: int, names: dict) -> NoReturn:
    """Answer calls, then end this fork without running anybody's exit handlers."""
    number = 0

    def answer(callback: int, arguments: tuple[wire.Value, ...]) -> wire.Value:
        wire.send(link, ("callback", callback, arguments))
        answered = wire.receive(link)
        assert isinstance(answered, tuple)
        kind, value = answered
        if kind == "error":
            raise ValueError(value)
        return value

    def before_step(step: int) -> None:
        os.pwrite(progress, wire.progress(number, step), 0)

    runner = Runner(names, answer, before_step)
    try:
        # An interrupt meant for the notebook must not be left ignored by the student's code.
        signal.signal(signal.SIGINT, signal.default_int_handler)
        while True:
            for steps in wire.receive_scripts(link):
                number += 1
                outcome = runner.run(steps)
                failure = outcome.failure and astuple(outcome.failure)
                try:
                    wire.send(link, ("done", outcome.values, failure, outcome.warnings))
                except wire.Closed:
                    raise
                except wire.WireError as error:
                    wire.send(link, ("done", (), (len(steps) - 1, "wire", "", str(error)), ()))
    finally:
        os._exit(0)


def _stay_behind(control: int) -> None:
    """Go on in a child; this process waits for the end of the sandbox.

    The first process takes a namespace of processes with it when it ends: a cell that exits would end the states that
    are kept for the checks above it.
    """
    if os.fork() == 0:
        lockdown.end_with_parent()
        return
    os.close(control)
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
