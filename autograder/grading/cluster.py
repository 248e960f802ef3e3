"""Grading on a Dask cluster, whose machines share no files with the grader.

The workers need this version of autograder and a sandbox of their own. They see the secret and the submissions, so the
cluster is as trusted as the grader's machine is.
"""

import threading
from collections.abc import Callable, Iterator
from concurrent.futures import Executor, Future
from contextlib import contextmanager
from dataclasses import dataclass, field
from functools import cache, partial
from typing import Any

from nbformat import NotebookNode

from autograder.grading.assignment import Assignment
from autograder.grading.graded import key
from autograder.sandbox.levels import Level, NoIsolation, find

_CONNECT_SECONDS = 10.0
# Checks print to the one standard output of a process: its threads grade one after the other.
_GRADING = threading.Lock()


class ClusterError(Exception):
    """A cluster that cannot grade; the text says what to do."""


@dataclass(frozen=True)
class Finder:
    """Finds the isolation of the machine that it is called on, once for each process.

    Parameters
    ----------
    allow_weak : whether limits alone will do
    allow_none : whether submissions are trusted
    """

    allow_weak: bool = False
    allow_none: bool = False

    def __call__(self) -> Level:
        level = _find(self.allow_weak)
        if level.name == "none" and not self.allow_none:
            raise NoIsolation("AUTOGRADER_ISOLATION=none is set on this worker, but not where grading was started")
        return level


@cache
def _find(allow_weak: bool) -> Level:
    return find(allow_weak=allow_weak)


@dataclass(frozen=True)
class Cluster(Executor):
    """An executor on a cluster; its size is that of the moment.

    Parameters
    ----------
    client : Dask's
    levels : the isolation of each worker that was there at the start
    idle_threads : how many threads of its workers have nothing to do, for a process grades one submission at a time
    """

    client: Any
    levels: tuple[Level, ...]
    idle_threads: int
    executor: Executor = field(repr=False)

    def submit(self, function: Callable, /, *arguments: Any, **named: Any) -> Future:
        return self.executor.submit(_one_at_a_time, function, *arguments, **named)

    def size(self) -> int:
        """How many processes grade."""
        try:
            return len(_in_time(self.client.nthreads, _CONNECT_SECONDS))
        except (OSError, ValueError, RuntimeError) as error:
            raise ClusterError(f"the scheduler is gone: {error}") from None


@contextmanager
def connected(address: str, finder: Finder) -> Iterator[Cluster]:
    """The cluster of a scheduler, its workers tried.

    Parameters
    ----------
    address : the scheduler's, such as tcp://10.0.0.1:8786, or tls:// with Dask's own settings for certificates
    finder : what isolation will do

    Raises
    ------
    ClusterError : no Dask here, no scheduler there, or a worker that cannot grade
    """
    try:
        from distributed import Client
    except ImportError:
        raise ClusterError("--scheduler needs Dask: pip install -c constraints.txt -e '.[dask]'") from None
    try:
        client = _in_time(
            partial(Client, address, timeout=_CONNECT_SECONDS, set_as_default=False, name="autograder"),
            _CONNECT_SECONDS + 1.0,
        )
    except (OSError, ValueError) as error:
        raise ClusterError(
            f"no Dask scheduler answers at {address} within {_CONNECT_SECONDS:g} s ({error}): "
            "start one with `dask scheduler`, and give the address that it prints"
        ) from None
    with client:
        levels = _try(client, finder)
        threads = client.nthreads()
        executor = client.get_executor(pure=False)
        try:
            yield Cluster(client, levels, sum(threads.values()) - len(threads), executor)
        finally:
            executor.shutdown(wait=False)


def _in_time(make: Callable[[], Any], seconds: float) -> Any:
    """What `make` gives: Dask waits without end for who takes the connection and says nothing, or goes meanwhile."""
    made: Future = Future()

    def work() -> None:
        try:
            made.set_result(make())
        except Exception as error:
            made.set_exception(error)

    threading.Thread(target=work, daemon=True).start()
    return made.result(seconds)


def _try(client: Any, finder: Finder) -> tuple[Level, ...]:
    """The isolation of each worker; they must also judge as this machine does."""
    try:
        client.wait_for_workers(1, timeout=_CONNECT_SECONDS)
    except TimeoutError:
        raise ClusterError(
            f"the scheduler at {client.scheduler.address} has no workers: start some with "
            f"`dask worker --nworkers -1 --nthreads 1 {client.scheduler.address}`"
        ) from None
    answers = client.run(partial(_one_at_a_time, _introduce, finder), on_error="return")
    ours = _version()
    for worker, answer in answers.items():
        if isinstance(answer, Exception):
            raise ClusterError(f"the worker {worker} cannot grade: {type(answer).__name__}: {answer}")
        if answer[1] != ours:
            raise ClusterError(f"the worker {worker} has another version of autograder: install this one there")
    return tuple(level for level, _ in answers.values())


def _introduce(finder: Finder) -> tuple[Level, str]:
    return finder(), _version()


def _version() -> str:
    """Of all code that a result follows from."""
    return key(Assignment("", NotebookNode(), ""), None, "", "")


def _one_at_a_time(function: Callable, /, *arguments: Any, **named: Any) -> Any:
    with _GRADING:
        return function(*arguments, **named)
