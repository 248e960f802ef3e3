"""Processor time that a sandbox takes, seen from outside: of all its processes, whatever the clock on the wall says."""

import threading
import time
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

import psutil

from autograder.sandbox.cgroup import Cgroup

_EVERY_SECONDS = 0.2


class Meter:
    """Measures while it is open, and calls `over` once where it is more than allowed.

    Parameters
    ----------
    pid : the process that all others descend from
    most : seconds
    over : what then happens; called from another thread
    group : the control group of all of them, which counts better; None where there is none
    """

    def __init__(self, pid: int, most: float, over: Callable[[], None], group: Cgroup | None = None):
        self.pid, self.most, self.over, self.group = pid, most, over, group
        # Own time by process, of those that are gone too: what nobody waits for is counted nowhere else.
        self._seen: dict[tuple[int, float], float] = {}
        self._least = self._unseen = 0.0
        self._looked: float | None = None
        self._before = self._look()
        self.seconds = 0.0
        self._stopped = threading.Event()
        self._thread = threading.Thread(target=self._run, name="measure processor time", daemon=True)

    def __enter__(self) -> "Meter":
        self._thread.start()
        return self

    def __exit__(
        self, kind: type[BaseException] | None, error: BaseException | None, trace: TracebackType | None
    ) -> None:
        self._stopped.set()
        self._thread.join()
        self._measure()

    def _run(self) -> None:
        while not self._stopped.wait(_EVERY_SECONDS):
            self._measure()
            if self.seconds > self.most:
                self.over()
                return

    def _measure(self) -> None:
        self.seconds = max(self.seconds, self._look() - self._before)

    def _look(self) -> float:
        """What all processes have taken so far."""
        told = self.group.seconds() if self.group else None
        self._least = max(self._least, self._sum() if told is None else told)
        return self._least

    def _sum(self) -> float:
        """Own times, and those of children that were waited for.

        Who ignores SIGCHLD has children whose time is nobody's. Some of the shortest are met by chance: what one does
        when it is met for the first time, such as it have done since the last look.
        """
        now, alive = time.time(), 0.0
        since = 0.0 if self._looked is None else now - self._looked
        self._looked = now
        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(self.pid)
            for process in (top, *top.children(recursive=True)):
                with suppress(psutil.Error):
                    times, key = process.cpu_times(), (process.pid, process.create_time())
                    own = times.user + times.system
                    if key not in self._seen:
                        busy = process.status() == psutil.STATUS_RUNNING
                        share = 1.0 if busy else min(own / max(now - key[1], 0.01), 1.0)
                        self._unseen += max(0.0, since * share - own)
                    self._seen[key] = own
                    alive += own + getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        return max(alive, sum(self._seen.values()) + self._unseen)
