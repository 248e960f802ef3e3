"""How generators of parts of 0 to n - 1 are asked, batches of an epoch or folds: calls are reported, read, judged."""

from collections.abc import Callable, Sequence
from typing import Any

from autograder.judge.script import Finding, Probe, Script, Want
from autograder.worker.wire import Handle


def reported(script: Script, rng: Handle, n: int, size: int, label: str) -> Handle:
    """One call, all that it yields reported."""
    parts = script.items(script.call(0, n, size, rng), most=4 * n + 8)
    script.get(parts, Want(label, None))
    return parts


def probe(script: Script, called: str, read: Callable[[Any], Any], judge: Callable[..., Finding | None]) -> Probe:
    """A probe that finds what `judge(*calls)` does, where `read` makes index arrays of all calls, and no finding."""

    def findings(values: Sequence[Any]) -> list[Finding]:
        calls = [read(value) for value in values]
        found = next((call for call in calls if isinstance(call, Finding)), None) or judge(*calls)
        return [found] if found else []

    return Probe(script, called, findings=findings)
