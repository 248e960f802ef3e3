"""Grading processes of this machine, that stop when they are told to and do not outlive the grader.

A ProcessPoolExecutor's processes wait for work for ever when the grader is killed, and the sandboxes that they have
started go on with them.
"""

import contextlib
import importlib
import multiprocessing
import os
import signal
import sys
import tempfile
import threading
import time
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future, ProcessPoolExecutor
from contextlib import contextmanager
from multiprocessing.context import BaseContext
from typing import Any, NoReturn

import psutil

_GRACE_SECONDS = 1.0
# A socket's path has 107 bytes at most; multiprocessing adds 32 to that of the temporary folder.
_LONGEST_FOLDER = 75
_busy = False


@contextmanager
def processes(count: int) -> Iterator[Executor]:
    """A pool that is ended, with what runs in it, where its block is left by an exception.

    Parameters
    ----------
    count : of processes
    """
    others = set(multiprocessing.active_children())
    pool = _Pool(count, mp_context=_context(count), initializer=_begin, initargs=(dict(os.environ),))
    try:
        yield pool
    except BaseException:
        ours = set(multiprocessing.active_children()) - others
        for process in ours:
            process.terminate()
        pool.shutdown(wait=False, cancel_futures=True)
        for process in ours:
            process.join(_GRACE_SECONDS)
            process.kill()
        raise
    finally:
        pool.shutdown(wait=True, cancel_futures=True)


def _context(count: int) -> BaseContext:
    """How processes start.

    On Linux one of them loads what grading needs, PyTorch above all, and the others are forks of it: they are there at
    once and share its memory. A single one is a fork of this process, which has loaded all else, where this has no
    threads. Elsewhere forks of loaded libraries are not to be trusted.
    """
    if sys.platform == "linux" and count == 1 and len(os.listdir("/proc/self/task")) == 1:
        return multiprocessing.get_context("fork")
    if sys.platform != "linux" or len(os.fsencode(tempfile.gettempdir())) > _LONGEST_FOLDER:
        return multiprocessing.get_context("spawn")
    context = multiprocessing.get_context("forkserver")
    context.set_forkserver_preload(["autograder.grading.loaded"])
    return context


class _Pool(ProcessPoolExecutor):
    def submit(self, function: Callable, /, *arguments: Any, **named: Any) -> Future:
        # A process that is started here, and is still loading, would print a traceback at Ctrl-C.
        with _without_interrupts():
            return super().submit(_work, function, *arguments, **named)


@contextmanager
def _without_interrupts() -> Iterator[None]:
    if not hasattr(signal, "pthread_sigmask"):
        yield
        return
    before = signal.pthread_sigmask(signal.SIG_BLOCK, {signal.SIGINT})
    try:
        yield
    finally:
        signal.pthread_sigmask(signal.SIG_SETMASK, before)


def _work(function: Callable, /, *arguments: Any, **named: Any) -> Any:
    """Do a piece of work in a process of the pool: it can be stopped on the way, and cleans up as it leaves."""
    global _busy
    _busy = True
    try:
        return function(*arguments, **named)
    except _Stopped:
        _leave()
    finally:
        _busy = False


class _Stopped(BaseException):
    """This process is to end: not for those who catch every Exception."""


def _begin(environment: dict[str, str]) -> None:
    """Set up a process of the pool, in the grader's environment as it is now."""
    os.environ.clear()
    os.environ.update(environment)
    # Ctrl-C goes to every process of the terminal; the grader alone decides. Not SIG_IGN: sandboxes would inherit it.
    signal.signal(signal.SIGINT, lambda *_: None)
    signal.signal(signal.SIGTERM, _stop)
    if hasattr(signal, "pthread_sigmask"):
        signal.pthread_sigmask(signal.SIG_UNBLOCK, {signal.SIGINT})
    threading.Thread(target=_watch, name="watch the grader", daemon=True).start()
    # Where it is not there, who grades says so.
    with contextlib.suppress(ImportError):
        importlib.import_module("autograder.grading.loaded")


def _stop(*_: Any) -> None:
    if not _busy:
        _leave()
    # Once: a second signal must not interrupt the cleaning up after the first.
    signal.signal(signal.SIGTERM, signal.SIG_IGN)
    raise _Stopped


def _watch() -> None:
    """End this process when the grader is gone, however that ended."""
    grader = multiprocessing.parent_process()
    if grader is None:
        return
    grader.join()
    if _busy and hasattr(signal, "pthread_kill"):
        # Into the main thread, out of whatever it waits for.
        main = threading.main_thread().ident
        assert main is not None
        signal.pthread_kill(main, signal.SIGTERM)
        time.sleep(_GRACE_SECONDS)
    _leave()


def _leave() -> NoReturn:
    """End at once, with all below: the pool's own way out would write to a grader who is not there."""
    # A sandbox that was only just starting is not yet in the hands of who ends it.
    for child in psutil.Process().children(recursive=True):
        with contextlib.suppress(psutil.NoSuchProcess):
            child.kill()
    with contextlib.suppress(OSError, ValueError):
        sys.stderr.flush()
    os._exit(128 + signal.SIGTERM)
