"""The judge's end of the wire: a worker for a submission, the states of its notebook, and callers for its checks.

Nothing that arrives is trusted: an answer of another form than asked for is a failure of that case.
"""

import os
import select
import socket
import tempfile
import time
from collections.abc import Iterator, Sequence
from contextlib import suppress

from autograder.judge.script import Script
from autograder.sandbox.cgroup import Cgroup
from autograder.sandbox.levels import Level
from autograder.sandbox.process import Limits
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
# Scripts that are sent ahead, at most: they wait in both processes.
_AHEAD_BYTES = 4 * 2**20
# How often to look how far a worker is that does not answer, in parts of the time for one call.
_LOOKS = 20


class WorkerLost(Exception):
    """The worker hangs, is gone, or speaks nonsense; the text is for the student, and none of it is the worker's."""


class WorkerEnded(WorkerLost):
    """The worker is gone, and who ended it is not known: the submission, or somebody else."""


class Worker:
    """A sandbox in which one submission's cells run.

    Parameters
    ----------
    limits : of the submission
    level : of isolation
    deadline : the `time.monotonic()` moment at which the submission's time is over
    began : the `time.thread_time()` of this thread from which the judge's own time counts
    """

    def __init__(self, limits: Limits, level: Level, deadline: float, began: float | None = None):
        self.limits, self.deadline = limits, deadline
        self.began = time.thread_time() if began is None else began
        self.states: list[State] = []
        self.sandbox = level.start(limits)
        self.state = self._state(self.sandbox.control)
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
        answer = self._ask(("run", source), (), end, f"the cell did not end within {seconds:g} s")
        if not (isinstance(answer, tuple) and len(answer) == 2 and isinstance(answer[0], list)):
            raise WorkerLost(_NONSENSE)
        return [item for item in answer[0] if isinstance(item, dict)], answer[1] is True

    def keep(self) -> "State":
        """The state of all cells so far, kept while others run."""
        ours, theirs = socket.socketpair()
        state = self._state(ours)
        with theirs:
            self._ask(
                ("keep",),
                (theirs.fileno(),),
                min(time.monotonic() + self.limits.cell_seconds, self.deadline),
                "the notebook's state is lost",
            )
        return state

    def end(self) -> None:
        """End the sandbox with all that runs in it."""
        for state in self.states:
            state.close()
        self.sandbox.end()

    def _state(self, link: socket.socket) -> "State":
        state = State(link, self.limits, self.deadline, self.began, self.sandbox.pid, self.sandbox.cgroup)
        self.states.append(state)
        return state

    def _ask(self, request: wire.Value, descriptors: Sequence[int], end: float, late: str) -> wire.Value:
        try:
            # With a deadline: a worker that does not read must not hold up the judge.
            if descriptors:
                wire.send_with_files(self.sandbox.control, request, descriptors, end)
            else:
                wire.send(self.sandbox.control, request, end)
            return wire.receive(self.sandbox.control, end)
        except wire.OutOfTime:
            raise WorkerLost(late) from None
        except wire.Closed:
            kind = WorkerLost if self.sandbox.went_too_far() else WorkerEnded
            raise kind("the process ended (exit, a crash, or out of memory)") from None
        except wire.WireError:
            raise WorkerLost(_NONSENSE) from None


class State:
    """A notebook as its cells have left it at some point: nothing is called in it, but in forks that it makes.

    Parameters
    ----------
    link : its socket
    limits, deadline, began : as for `Worker`
    pid : the process that all of the sandbox's descend from
    group : their control group, where there is one
    """

    def __init__(
        self, link: socket.socket, limits: Limits, deadline: float, began: float, pid: int, group: Cgroup | None
    ):
        self.link, self.limits, self.deadline, self.began = link, limits, deadline, began
        self.pid, self.group = pid, group
        self._caller: RemoteCaller | None = None
        self._is_shared = False
        # A call that hangs would be waited for twice, in a fork that others share and in one of its own: after one,
        # no fork is shared.
        self._shares = True

    def caller(self, *, alone: bool = False) -> "RemoteCaller":
        """A caller in a fork of its own; the one before has ended then.

        Parameters
        ----------
        alone : whether no other check will call there
        """
        self._end_caller()
        caller = self._made()
        self._caller, self._is_shared = caller, not alone and self._shares
        return caller

    def shared(self) -> "RemoteCaller":
        """The caller that was there before, if others may call there and nothing was lost with it; else a new one."""
        before = self._caller
        return before if before and self._is_shared and not before.lost else self.caller()

    @property
    def lost(self) -> Failure | None:
        """What the caller of the moment was lost by."""
        return self._caller.lost if self._caller else None

    def close(self) -> None:
        """Release the sockets."""
        self._end_caller()
        self.link.close()

    def _end_caller(self) -> None:
        if self._caller:
            self._shares &= not (self._caller.lost and self._caller.lost.kind == "time")
            self._caller.close()
            self._caller = None

    def _made(self) -> "RemoteCaller":
        ours, theirs = socket.socketpair()
        progress = _shared_file()
        caller = RemoteCaller(ours, progress, self)
        end = min(time.monotonic() + self.limits.call_seconds, self.deadline)
        with theirs:
            try:
                wire.send_with_files(self.link, ("answer",), (theirs.fileno(), progress), end)
            except wire.WireError:
                caller.lost = Failure(0, "died")
        return caller


def _shared_file() -> int:
    """A file for `worker.wire.progress`, in memory, that can neither grow nor shrink."""
    if not hasattr(os, "memfd_create"):
        with tempfile.TemporaryFile() as file:
            return os.dup(file.fileno())
    import fcntl

    descriptor = os.memfd_create("progress", os.MFD_CLOEXEC | os.MFD_ALLOW_SEALING)
    os.ftruncate(descriptor, wire.PROGRESS_BYTES)
    fcntl.fcntl(descriptor, fcntl.F_ADD_SEALS, fcntl.F_SEAL_SEAL | fcntl.F_SEAL_SHRINK | fcntl.F_SEAL_GROW)
    return descriptor


class RemoteCaller:
    """Runs scripts on the functions of a state.

    Parameters
    ----------
    link : the socket of the fork that calls
    progress : the file in which it says how far it is
    state : what it is a fork of
    """

    def __init__(self, link: socket.socket, progress: int, state: State):
        self.link, self.progress, self.state = link, progress, state
        self.limits, self.deadline = state.limits, state.deadline
        self.call_seconds = state.limits.call_seconds
        self.lost: Failure | None = None
        self.left = _MOST_NUMBERS
        self._checks = self._answered = 0
        self._frames = wire.Frames()
        self._poll = select.poll()
        self._poll.register(link, select.POLLIN)

    def in_time(self) -> bool:
        """Whether the judge has time left for this submission."""
        return time.thread_time() - self.state.began < self.limits.judge_seconds

    def begin_check(self) -> bool:
        """Begin with a check, which has a budget of its own; whether it is the first here."""
        self.left = _MOST_NUMBERS
        self._checks += 1
        return self._checks == 1

    def close(self) -> None:
        """Hang up: the fork ends, unless it hangs."""
        if self.progress >= 0:
            self.lost = self.lost or Failure(0, "died")
            self.link.close()
            os.close(self.progress)
            self.progress = -1

    def run(self, script: Script) -> Outcome:
        """Run a script there; what went wrong on the way is the outcome's failure."""
        if not script.allowance:
            (outcome,) = self.run_all([script])
            return outcome
        self.call_seconds = script.allowance.patience
        with Meter(self.state.pid, script.allowance.seconds, self._hang_up, self.state.group) as meter:
            (outcome,) = self.run_all([script])
        self.call_seconds = self.limits.call_seconds
        outcome = script.measured(outcome, meter.seconds)
        if meter.seconds > script.allowance.seconds:
            self.lost = outcome.failure
        return outcome

    def _hang_up(self) -> None:
        # The fork ends when it next looks, or with its sandbox.
        with suppress(OSError):
            self.link.shutdown(socket.SHUT_RDWR)

    def run_all(self, scripts: Sequence[Script]) -> Iterator[Outcome]:
        """Run scripts, one after the other.

        They are sent ahead, but for those that call back: a worker that ends one of those early would take what the
        judge answers for the next script.
        """
        batch: list[Script] = []
        size = 0
        for script in scripts:
            data = self._size(script)
            if batch and (script.callbacks or batch[-1].callbacks or size + data > _AHEAD_BYTES):
                yield from self._batch(batch)
                batch, size = [], 0
            batch.append(script)
            size += data
        if batch:
            yield from self._batch(batch)

    def _size(self, script: Script) -> int:
        try:
            return len(script.encoded)
        except wire.WireError as error:  # what an instructor's own test gives a function
            self._lose(error, 0)
            return 0

    def _batch(self, scripts: Sequence[Script]) -> Iterator[Outcome]:
        try:
            if not self.lost:
                wire.send_scripts(self.link, [script.encoded for script in scripts], self._end_of_call())
        except wire.WireError as error:
            self._lose(error, 0)
        for script in scripts:
            if not self.lost and not self.in_time():
                self.lost = self._late()
            yield Outcome(failure=self.lost) if self.lost else self._outcome_of(script)

    def _outcome_of(self, script: Script) -> Outcome:
        asked = _TIMES_ASKED * script.numbers
        self.left += asked
        purse = wire.Purse(min(self.left, _REPLY_NUMBERS + asked))
        before = purse.left
        try:
            return self._answer_of(script, purse)
        except wire.WireError as error:
            self._lose(error, max((self._progress(script) & 0xFFFFFFFF) - 1, 0))
        finally:
            self.left -= before - purse.left
        return Outcome(failure=self.lost)

    def _lose(self, error: wire.WireError, step: int) -> None:
        kind, message = "wire", ""
        if isinstance(error, wire.OutOfTime):
            over = time.monotonic() >= self.deadline
            seconds = self.limits.submission_seconds if over else self.call_seconds
            what = "all cells and checks of a submission" if over else "one call"
            kind, message = "time", f"the limit for {what} is {seconds:g} s"
        elif isinstance(error, wire.Closed):
            kind = "died"
        self.lost = Failure(step, kind, message=message)

    def _answer_of(self, script: Script, purse: wire.Purse) -> Outcome:
        """What comes back of a script that was sent."""
        self._answered += 1
        at, end = 0, self._end_of_call()
        while True:
            message = self._frames.next(purse)
            # Steps only go forward: a worker cannot win time by repeating itself, nor by calling back.
            while message is wire.Frames:
                left = max(end - time.monotonic(), 0)
                if self._poll.poll(1000 * min(left, self.limits.call_seconds / _LOOKS)):
                    self._read()
                    message = self._frames.next(purse)
                    if left:
                        continue
                now = self._progress(script)
                if now > at:
                    at, end = now, self._end_of_call()
                elif not left:
                    raise wire.OutOfTime("no answer in time")
            if not isinstance(message, tuple):
                raise wire.WireError("an answer of no known form")
            # An array would compare with a word element by element.
            kind = message[0] if message and type(message[0]) is str else ""
            if kind == "callback" and len(message) == 3:
                now = self._progress(script)
                if now > at:
                    at, end = now, self._end_of_call()
                if not self.in_time():
                    self.lost = self._late()
                    return Outcome(failure=self.lost)
                wire.send(self.link, self._answer(script, message[1], message[2]), end)
            elif kind == "done" and len(message) == 4:
                return _outcome(script.steps, *message[1:])
            else:
                raise wire.WireError("an answer of no known form")

    def _read(self) -> None:
        try:
            data = self.link.recv(2**20, socket.MSG_DONTWAIT)
        except OSError as error:
            raise wire.Closed(str(error)) from error
        if not data:
            raise wire.Closed("the other side closed the connection")
        self._frames.add(data)

    def _progress(self, script: Script) -> int:
        """How far the fork says that it is in a script; 0 where that makes no sense."""
        told = wire.read_progress(os.pread(self.progress, wire.PROGRESS_BYTES, 0))
        return told if told >> 32 == self._answered and told & 0xFFFFFFFF <= len(script.steps) else 0

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
