"""The judge's end of the wire: a worker for a submission, and a caller for each of its checks.

Nothing that arrives is trusted: an answer of another form than asked for is a failure of that case.
"""

import socket
import time
from collections.abc import Sequence
from contextlib import suppress

from autograder.judge.script import Script
from autograder.sandbox.process import Limits, Sandbox, start
from autograder.sandbox.usage import Meter
from autograder.worker import wire
from autograder.worker.calls import Failure, Outcome

_START_SECONDS = 60.0
_NO_START = "the worker did not start"
_NONSENSE = "the answer could not be read"
# Numbers that may come back, elements of arrays above all: in one reply with its callbacks, and for one check, beside
# some for each that was sent or is wanted. Ours take 160,000 and 700,000 at most.
_REPLY_NUMBERS, _MOST_NUMBERS, _TIMES_ASKED = 1_000_000, 4_000_000, 4
_FAILURES = {"raised", "unpack", "not_callable", "missing", "large", "wire"}


class WorkerLost(Exception):
    """The worker hangs, is gone, or speaks nonsense; the text is for the student, and none of it is the worker's."""


class WorkerEnded(WorkerLost):
    """The worker is gone, and who ended it is not known: the submission, or somebody else."""


class Worker:
    """A sandbox in which one submission's cells run.

    Parameters
    ----------
    checks : how many states will be kept for checks
    limits : of the submission
    level : of isolation: "strong", "medium" or "weak"
    deadline : the `time.monotonic()` moment at which the submission's time is over
    began : the `time.thread_time()` of this thread from which the judge's own time counts
    """

    def __init__(self, checks: int, limits: Limits, level: str, deadline: float, began: float | None = None):
        self.limits, self.deadline = limits, deadline
        self.began = time.thread_time() if began is None else began
        self.sandbox: Sandbox = start(checks, limits, level)
        try:
            if wire.receive(self.sandbox.control, time.monotonic() + _START_SECONDS) != "ready":
                raise WorkerLost(_NO_START)
        except wire.WireError:
            self.end()
            raise WorkerLost(_NO_START) from None
        except BaseException:
            self.end()
            raise

    def run(self, source: str) -> tuple[list[dict], bool]:
        """Run a cell; its outputs as the worker tells them, and whether it succeeded."""
        seconds = self.limits.cell_seconds
        end = min(time.monotonic() + seconds, self.deadline)
        answer = self._ask(("run", source), end, f"the cell did not end within {seconds:g} s")
        if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], list)):
            raise WorkerLost(_NONSENSE)
        return [item for item in answer[0] if isinstance(item, dict)], answer[1] is True

    def keep(self, number: int) -> None:
        """Keep the state of all cells so far, for check `number`."""
        self._ask(
            ("fork", number),
            min(time.monotonic() + self.limits.cell_seconds, self.deadline),
            "the notebook's state is lost",
        )

    def caller(self, number: int) -> "RemoteCaller":
        """The caller for a check whose state was kept."""
        return RemoteCaller(
            self.sandbox.checks[number], self.limits, self.deadline, self.began, self.sandbox.process.pid
        )

    def end(self) -> None:
        """End the sandbox with all that runs in it."""
        self.sandbox.end()

    def _ask(self, request: wire.Value, end: float, late: str) -> wire.Value:
        try:
            # With a deadline: a worker that does not read must not hold up the judge.
            wire.send(self.sandbox.control, request, end)
            return wire.receive(self.sandbox.control, end)
        except wire.OutOfTime:
            raise WorkerLost(late) from None
        except wire.Closed:
            kind = WorkerLost if self.sandbox.went_too_far() else WorkerEnded
            raise kind("the process ended (exit, a crash, or out of memory)") from None
        except wire.WireError:
            raise WorkerLost(_NONSENSE) from None


class RemoteCaller:
    """Runs scripts on the functions of a kept state.

    Parameters
    ----------
    link : the check's socket
    limits, deadline, began : as for `Worker`
    pid : the process that all of the sandbox's descend from
    """

    def __init__(self, link: socket.socket, limits: Limits, deadline: float, began: float, pid: int):
        self.link, self.limits, self.deadline, self.began, self.pid = link, limits, deadline, began, pid
        self.call_seconds = limits.call_seconds
        self.lost: Failure | None = None
        self.left = _MOST_NUMBERS

    def in_time(self) -> bool:
        """Whether the judge has time left for this submission."""
        return time.thread_time() - self.began < self.limits.judge_seconds

    def run(self, script: Script) -> Outcome:
        """Run a script there; what went wrong on the way is the outcome's failure."""
        if not script.allowance:
            return self._run(script)
        self.call_seconds = script.allowance.patience
        with Meter(self.pid, script.allowance.seconds, self._hang_up) as meter:
            outcome = self._run(script)
        self.call_seconds = self.limits.call_seconds
        outcome = script.measured(outcome, meter.seconds)
        if meter.seconds > script.allowance.seconds:
            self.lost = outcome.failure
        return outcome

    def _hang_up(self) -> None:
        # The worker ends when it next looks, or with its sandbox.
        with suppress(OSError):
            self.link.shutdown(socket.SHUT_RDWR)

    def _run(self, script: Script) -> Outcome:
        if not self.lost and not self.in_time():
            self.lost = self._late()
        if self.lost:
            return Outcome(failure=self.lost)
        asked = _TIMES_ASKED * script.numbers
        self.left += asked
        purse = wire.Purse(min(self.left, _REPLY_NUMBERS + asked))
        before = purse.left
        step, end = 0, self._end_of_call()
        try:
            wire.send(self.link, script.steps, end)
            while True:
                message = wire.receive(self.link, end, purse)
                if not isinstance(message, tuple):
                    raise wire.WireError("an answer of no known form")
                # An array would compare with a word element by element.
                kind = message[0] if message and type(message[0]) is str else ""
                # Steps only go forward: a worker cannot win time by repeating itself, nor by calling back.
                if kind == "step" and len(message) == 2 and type(message[1]) is int and step <= message[1] < 10**6:
                    step, end = message[1] + 1, self._end_of_call()
                elif kind == "callback" and len(message) == 3:
                    if not self.in_time():
                        self.lost = self._late()
                        break
                    wire.send(self.link, self._answer(script, message[1], message[2]), end)
                elif kind == "done" and len(message) == 4:
                    return _outcome(script.steps, *message[1:])
                else:
                    raise wire.WireError("an answer of no known form")
        except wire.OutOfTime:
            over = time.monotonic() >= self.deadline
            seconds = self.limits.submission_seconds if over else self.call_seconds
            what = "all cells and checks of a submission" if over else "one call"
            self.lost = Failure(max(step - 1, 0), "time", message=f"the limit for {what} is {seconds:g} s")
        except wire.Closed:
            self.lost = Failure(max(step - 1, 0), "died")
        except wire.WireError:
            self.lost = Failure(max(step - 1, 0), "wire")
        finally:
            self.left -= before - purse.left
        return Outcome(failure=self.lost)

    def _late(self) -> Failure:
        return Failure(0, "time", message=f"the limit for judging a submission is {self.limits.judge_seconds:g} s")

    def _end_of_call(self) -> float:
        return min(time.monotonic() + self.call_seconds, self.deadline)

    def _answer(self, script: Script, number: wire.Value, arguments: wire.Value) -> tuple[str, wire.Value]:
        if type(number) is not int or not 0 <= number < len(script.callbacks) or not isinstance(arguments, tuple):
            raise wire.WireError("a call of no known callback")
        try:
            return "value", script.callbacks[number](*arguments)
        except Exception as error:  # The student's function passed something odd: it is told so, as by any function.
            return "error", str(error)[:300]


def _outcome(steps: Sequence[tuple], values: wire.Value, failure: wire.Value, warnings: wire.Value) -> Outcome:
    """A worker's account, checked field by field."""
    asked = sum(step[0] == "get" for step in steps)
    if not isinstance(values, tuple) or not isinstance(warnings, tuple) or len(values) > asked:
        raise wire.WireError("an answer of another form than asked for")
    texts = tuple(text for text in warnings[:3] if isinstance(text, str))
    if failure is None:
        if len(values) != asked:
            raise wire.WireError("fewer values than asked for")
        return Outcome(values, None, texts)
    if not (isinstance(failure, tuple) and [type(item) for item in failure] == [int, str, str, str, int, str]):
        raise wire.WireError("a failure of another form than known")
    told = Failure(*failure)
    if told.kind not in _FAILURES or not 0 <= told.step < len(steps):
        raise wire.WireError("a failure of no known kind")
    return Outcome(values, told, texts)
