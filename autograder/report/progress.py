"""How far grading is, at which rate, and how long it will take: a bar on a terminal, else a line now and then."""

import sys
import time
from typing import TYPE_CHECKING, Self, TextIO

if TYPE_CHECKING:
    from tqdm import tqdm


class Progress:
    """Progress through a class; the submissions that need no grading count for neither rate nor remaining time.

    Parameters
    ----------
    label : stands before it
    file : where it is shown
    seconds : between lines where there is no terminal
    """

    def __init__(self, label: str = "", file: TextIO | None = None, seconds: float = 30.0):
        self.label, self.file, self.seconds = label, file or sys.stderr, seconds
        self.total = self.done = 0
        self.began = self.told = time.monotonic()
        self.bar: tqdm | None = None

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        if self.bar is not None:
            self.bar.close()

    def start(self, total: int) -> None:
        """There are so many."""
        self.total = total
        self.began = self.told = time.monotonic()
        if self.file.isatty():
            from tqdm import tqdm

            # It would watch the bar in a thread, and a process with threads is not forked.
            tqdm.monitor_interval = 0
            self.bar = tqdm(desc=self.label or None, total=total, unit="submission", leave=False, file=self.file)

    def skip(self) -> None:
        """One needs no grading."""
        self.total -= 1
        if self.bar is not None:
            self.bar.total = self.total
            self.bar.update(0)

    def step(self) -> None:
        """One is graded."""
        self.done += 1
        if self.bar is not None:
            self.bar.update()
        elif time.monotonic() - self.told >= self.seconds:
            self.told = time.monotonic()
            print(self.line(), file=self.file, flush=True)

    def line(self) -> str:
        """How far it is, in words."""
        from tqdm import tqdm

        rate = self.done / max(time.monotonic() - self.began, 1e-9)
        left = tqdm.format_interval((self.total - self.done) / rate) if rate else "?"
        # Of a capstone one takes a minute.
        pace = f"{rate:.2f} per second" if rate >= 1 or not rate else f"{1 / rate:.0f} seconds each"
        return f"{self.label}{self.done} of {self.total} graded, {pace}, {left} left"
