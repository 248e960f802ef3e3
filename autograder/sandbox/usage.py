"""Processor time that a sandbox takes, seen from outside: of all its processes, whatever the clock on the wall says."""

import threading
from collections.abc import Callable
from contextlib import suppress
from types import TracebackType

import psutil

_EVERY_SECONDS = 0.2


class Meter:
    """Measures while it is open, and calls `over` once where it is more than allowed.

    Parameters
    ----------
    pid : the process that all others descend from
    most : seconds
    over : what then happens; called from another thread
    """

    def __init__(self, pid: int, most: float, over: Callable[[], None]):
        self.pid, self.most, self.over = pid, most, over
        # Own time by process, of those that are gone too: what nobody waits for is counted nowhere else.
        self._seen: dict[tuple[int, float], float] = {}
        self._least = 0.0
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
        """What all processes have taken so far: own times, and those of children that were waited for."""
        alive = 0.0
        with suppress(psutil.NoSuchProcess):
            top = psutil.Process(self.pid)
            for process in (top, *top.children(recursive=True)):
                with suppress(psutil.Error):
                    times = process.cpu_times()
                    own = times.user + times.system
                    self._seen[process.pid, process.create_time()] = own
                    alive += own + getattr(times, "children_user", 0.0) + getattr(times, "children_system", 0.0)
        self._least = max(self._least, alive, sum(self._seen.values()))
        return self._least
