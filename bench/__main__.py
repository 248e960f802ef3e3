"""How fast and how large: stock nbgrader and ours, side by side on the same submissions of one assignment.

Compared are seconds per submission, from the submitted file to the recorded score and the written feedback. To be fair:

- Each grader is a process that is already warm, its libraries loaded; start-up is reported apart, and so is what whole
  commands cost where there is one submission or none: in processor seconds, which another program's load changes less.
- They take turns within one run, in rounds: what else the machine does meets all of them.
- Stock nbgrader runs the same notebooks with the same `check` cells in the student's kernel, as nbgrader has it, and by
  the calls that formgrader makes. Demo cells are marked for it to skip, as ours does: some train for half a minute.
- The ratio is taken over full submissions alone. The untouched notebooks and the broken files of a class cost ours next
  to nothing and are reported apart.
- Ours runs in the strongest isolation that the machine has, which it names.

Memory is that of all processes of a grader, sandboxes and kernels included, each shared page counted once (PSS).
"""

import argparse
import json
import os
import subprocess
import sys
import tempfile
import threading
import time
from collections.abc import Sequence
from contextlib import ExitStack, suppress
from pathlib import Path
from statistics import fmean
from typing import Any

import psutil

from autograder import lean
from autograder.sandbox.levels import find
from bench import TOPIC
from bench.as_user import as_user
from bench.spent import spent

lean.enter()
from bench import binder, classes, solutions  # noqa: E402

_PERIOD = 0.1  # seconds between two looks at memory


class Contender:
    """A grader's process, as the benchmark sees it."""

    def __init__(self, kind: str, folder: Path):
        self.began, self.first, self.peak = time.perf_counter(), 0.0, 0.0
        self.errors = open(folder.with_suffix(".log"), "w+")  # noqa: SIM115 (closed in `end`)
        self.process = subprocess.Popen(
            [sys.executable, "-m", "bench.contender", kind, str(folder)],
            stdin=subprocess.PIPE,
            stdout=subprocess.PIPE,
            stderr=self.errors,
            text=True,
            env={**os.environ, "PYTHONPATH": str(Path(__file__).resolve().parents[1])},
        )

    def warm(self, students: Sequence[str]) -> None:
        """Grade some for the first time: until here is start-up."""
        self.ask(students)
        self.first = time.perf_counter() - self.began

    def grade(self, students: Sequence[str], *, watch: bool = False) -> float:
        """Seconds per submission; `watch` notes the `peak` of memory, and looking takes time of its own."""
        done = threading.Event()
        watcher = threading.Thread(target=self._watch, args=(done,))
        if watch:
            watcher.start()
        try:
            return self.ask(students)["seconds"] / len(students)
        finally:
            done.set()
            if watch:
                watcher.join()

    def ask(self, students: Sequence[str]) -> dict[str, Any]:
        """Grade, and tell `seconds`, `stages`, and `moments` with the memory at some of them."""
        self.process.stdin.write(json.dumps(list(students)) + "\n")
        self.process.stdin.flush()
        moments: list[tuple[float, float]] = []
        for line in self.process.stdout:
            told = json.loads(line)
            if "seconds" in told:
                return {**told, "moments": moments}
            moments.append((told["at"], self._memory_of_judges() if len(moments) % 10 == 9 else 0.0))
        self.errors.seek(0)
        raise RuntimeError(f"a grader ended early:\n{self.errors.read()[-3000:]}")

    def _watch(self, done: threading.Event) -> None:
        """Megabytes at most until it is done."""
        while not done.wait(_PERIOD):
            self.peak = max(self.peak, _megabytes(_family(self.process.pid), "pss"))

    def _memory_of_judges(self) -> float:
        """Megabytes of the processes that grade, without sandboxes."""
        family = _family(self.process.pid)
        return _megabytes([p for p in family if p.pid == self.process.pid or _is_of_a_pool(p)], "pss")

    def end(self) -> None:
        """End it and its pool."""
        self.process.stdin.close()
        self.process.wait()
        self.process.stdout.close()
        self.errors.close()


def _family(pid: int) -> list[psutil.Process]:
    with suppress(psutil.Error):
        own = psutil.Process(pid)
        return [own, *own.children(recursive=True)]
    return []


def _is_of_a_pool(process: psutil.Process) -> bool:
    """Whether it is one of Python's own processes: they are started, or forked, by a line that says so."""
    with suppress(psutil.Error):
        return "from multiprocessing" in " ".join(process.cmdline())
    return False


def _megabytes(processes: Sequence[psutil.Process], kind: str) -> float:
    total = 0
    for process in processes:
        with suppress(psutil.Error, AttributeError):
            total += getattr(process.memory_full_info() if kind == "pss" else process.memory_info(), kind)
    return total / 2**20


def side_by_side(root: Path, folder: Path, size: int, rounds: int, workers: Sequence[int]) -> None:
    """Print how the graders compare on one class.

    With one round, a trial: none is warm, and memory is watched while it is timed.
    """
    trial = rounds == 1
    ours = {str(count): f"ours, {count} worker{'s' if count > 1 else ''}" for count in workers}
    names = {"stock": "stock nbgrader", **ours}
    with ExitStack() as stack:
        runners = {}
        for kind in names:
            made = classes.make(root, folder / kind, size, stock=kind == "stock")
            runners[kind] = Contender(kind, folder / kind)
            stack.callback(runners[kind].end)
            if not trial:
                runners[kind].warm(made.full[: max(int(kind), 1) if kind != "stock" else 1])
        one_each = classes.kinds(made.full)
        chunk = made.full[: 2 * len(one_each)]
        seconds: dict[str, list[float]] = {kind: [] for kind in names}
        for number in range(rounds):
            one = [one_each[number % len(one_each)]]
            for kind, runner in runners.items():
                seconds[kind].append(runner.grade(one if kind == "stock" else chunk, watch=trial))
        cheap = runners[next(iter(ours))].grade(made.others) if made.others else None
        if not trial:
            for kind, runner in runners.items():
                runner.grade(one_each[:1] if kind == "stock" else chunk, watch=True)
    if trial:
        print("A trial: none was warm, and start-up is in what is timed.")
    print(f"{'':18s} {'s per submission':>17s} {'from … to':>13s} {'speed':>7s} {'peak memory':>12s} {'start-up':>9s}")
    for kind, name in names.items():
        mean = fmean(seconds[kind])
        spread = f"{min(seconds[kind]):.2f} … {max(seconds[kind]):.2f}"
        speed = f"{fmean(seconds['stock']) / mean:.1f} ×"
        start = "-" if trial else f"{max(runners[kind].first - mean, 0.0):.1f} s"
        peak = f"{runners[kind].peak:.0f} MB"
        print(f"{name:18s} {mean:17.3f} {spread:>13s} {speed:>7s} {peak:>12s} {start:>9s}", flush=True)
    if cheap is not None:
        print(f"untouched, broken, doubled ({next(iter(ours.values()))}): {cheap:.3f} s per submission")


def fixed_costs(root: Path, folder: Path, rounds: int) -> None:
    """Print what whole commands cost for a class of one, and again where nothing is to be done."""
    grading = {
        "stock nbgrader": [["nbgrader", "autograde", TOPIC], ["nbgrader", "generate_feedback", TOPIC]],
        "ours": [["autograder", "grade", TOPIC]],
    }
    seconds: dict[str, tuple[list[float], list[float]]] = {name: ([], []) for name in grading}
    for number in range(rounds):
        for name, commands in grading.items():
            place = folder / f"one{number}" / name.partition(" ")[0]
            classes.make(root, place, 1, stock=name != "ours")
            if name != "ours":
                spent(["nbgrader", "generate_assignment", TOPIC], place)
            for found in seconds[name]:
                found.append(sum(spent(command, place) for command in commands))
    print(f"\n{'Processor s of whole commands':30s} {'one submission':>15s} {'from … to':>13s} {'nothing to do':>15s}")
    for name, (one, none) in seconds.items():
        print(f"{name:30s} {fmean(one):15.2f} {f'{min(one):.2f} … {max(one):.2f}':>13s} {fmean(none):15.2f}")
    ratios = [fmean(theirs) / fmean(ours) for theirs, ours in zip(*seconds.values(), strict=True)]
    print(f"{'':30s} {f'{ratios[0]:.1f} ×':>15s} {'':13s} {f'{ratios[1]:.1f} ×':>15s}", flush=True)


def where_time_goes(root: Path, folder: Path, size: int, *, trial: bool) -> None:
    """Print the stages of ours, one after the other in one process, which in a trial is not warm."""
    made = classes.make(root, folder / "0", size)
    runner = Contender("0", folder / "0")
    try:
        if not trial:
            runner.warm(made.full[:1])
        chosen = made.full[: 2 * len(classes.kinds(made.full))]
        told = runner.ask(chosen)
        untouched = [student for student in made.others if "untouched" in student]
        # Between the first and the last: opening the gradebook belongs to the class, not to four submissions.
        ends = [moment for moment, _ in runner.ask(untouched)["moments"]] if untouched else []
    finally:
        runner.end()
    total = told["seconds"] / len(chosen)
    print(f"\nWhere the time of ours goes, all in one process: {total * 1000:.0f} ms per full submission")
    stages = {name: seconds / len(chosen) for name, seconds in told["stages"].items()}
    stages["the rest"] = total - sum(stages.values())
    for name, seconds in stages.items():
        print(f"  {name:24s} {seconds * 1000:5.0f} ms {seconds / total:5.0%}")
    if len(ends) > 1:
        print(f"An untouched one: {(ends[-1] - ends[0]) / (len(ends) - 1) * 1000:.0f} ms")


def at_scale(root: Path, folder: Path, sizes: Sequence[int], workers: int, *, trial: bool) -> None:
    """Print what classes of several sizes cost, and whether the grader grows; in a trial it is not warm."""
    print(f"\nClasses of the whole mix, {workers} workers")
    print(f"{'submissions':>11s} {'s each':>8s} {'first quarter':>14s} {'last quarter':>13s} {'grader, MB':>22s}")
    for size in sizes:
        made = classes.make(root, folder / f"class{size}", size)
        runner = Contender(str(workers), folder / f"class{size}")
        try:
            if not trial:
                runner.warm(made.students[:workers])
            told = runner.ask(made.students)
        finally:
            runner.end()
        ends = [moment for moment, _ in told["moments"]]
        quarter = max(size // 4, 1)
        first, last = ends[quarter - 1] / quarter, (ends[-1] - ends[-quarter - 1]) / quarter if size > quarter else 0.0
        seen = [memory for _, memory in told["moments"] if memory]
        grown = f"{seen[0]:.0f} at first, {seen[-1]:.0f} at last" if seen else "-"
        each = told["seconds"] / size
        print(f"{size:11d} {each:8.3f} {first:14.3f} {last:13.3f} {grown:>22s}", flush=True)


def _without_user(words: Sequence[str]) -> list[str]:
    at = next(k for k, word in enumerate(words) if word.startswith("--user"))
    return [*words[:at], *words[at + (1 if "=" in words[at] else 2) :]]


def main() -> None:
    """Run the benchmark."""
    parser = argparse.ArgumentParser(prog="python -m bench", description=__doc__.splitlines()[0])
    parser.add_argument("--size", type=int, default=40, help="students of the class that is compared (default: 40)")
    parser.add_argument(
        "--rounds", type=int, default=7, help="one submission of stock's in each (default: 7; 1: a trial, none is warm)"
    )
    parser.add_argument("--workers", type=int, nargs="+", default=[1, 2], help="of ours, compared (default: 1 2)")
    parser.add_argument("--scale", type=int, nargs="*", default=[100, 300], help="sizes of larger classes")
    parser.add_argument("--notebooks", nargs="*", default=[], help="those to run as on Binder (default: all)")
    parser.add_argument("--speed", action="store_true", help="only how fast grading is, and what a command costs")
    parser.add_argument("--user", type=int, metavar="UID", help="for root: as this ordinary user")
    options = parser.parse_args()
    if options.user:
        sys.exit(as_user(options.user, [sys.executable, "-m", "bench", *_without_user(sys.argv[1:])]))
    root = Path.cwd()
    print(f"{TOPIC}, a class of {options.size}, {os.cpu_count()} cores.")
    print(f"Isolation of ours: {find(allow_weak=True)}.\n", flush=True)
    with tempfile.TemporaryDirectory(prefix="downhill-bench-") as folder:
        trial = options.rounds == 1
        side_by_side(root, Path(folder), options.size, options.rounds, options.workers)
        if not trial:
            fixed_costs(root, Path(folder), min(options.rounds, 3))
        if options.speed:
            return
        where_time_goes(root, Path(folder), options.size, trial=trial)
        at_scale(root, Path(folder), options.scale, 2, trial=trial)
    print()
    solutions.main(options.rounds)
    print()
    binder.main(options.notebooks)


if __name__ == "__main__":
    main()
