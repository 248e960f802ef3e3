"""Runs a student's cells as Jupyter would: magics, displays, plots; outputs kept up to a cap."""

import sys
import types
from collections.abc import Iterable
from typing import Any

from IPython.core.displayhook import DisplayHook
from IPython.core.displaypub import DisplayPublisher
from IPython.core.interactiveshell import InteractiveShell
from traitlets import Any as AnyTrait
from traitlets import Type

from .calls import said_by

MAX_OUTPUT = 500_000  # characters of one cell
_MIME_TYPES = ("text/plain", "text/html", "text/markdown", "text/latex", "image/png", "image/jpeg", "image/svg+xml")


class Outputs:
    """The outputs of the cell that runs, as nbformat's plain dicts."""

    def __init__(self) -> None:
        self.clear()

    def clear(self) -> None:
        """Start a new cell."""
        self.items: list[dict] = []
        self.size = 0

    def add(self, output: dict, size: int) -> None:
        """Keep an output, unless the cell has said enough."""
        if self.size > MAX_OUTPUT:
            return
        self.size += size
        if self.size > MAX_OUTPUT:
            output = {"output_type": "stream", "name": "stderr", "text": "[more output was cut off here]\n"}
        self.items.append(output)

    def stream(self, name: str, text: str) -> None:
        """Keep text of stdout or stderr; a run of it is one output."""
        if not text:
            return
        text = text[: MAX_OUTPUT + 1]
        last = self.items[-1] if self.items else {}
        if last.get("output_type") == "stream" and last["name"] == name and self.size + len(text) <= MAX_OUTPUT:
            last["text"] += text
            self.size += len(text)
        else:
            self.add({"output_type": "stream", "name": name, "text": text}, len(text))

    def data(self, kind: str, data: dict, extra: dict) -> None:
        """Keep a display or a result, with the types that a feedback page can show."""
        kept = {mime: value for mime, value in data.items() if mime in _MIME_TYPES and isinstance(value, str)}
        self.add({"output_type": kind, "data": kept, "metadata": {}, **extra}, sum(map(len, kept.values())))


class _Stream:
    """What sys.stdout and sys.stderr are while cells run."""

    encoding = "utf-8"

    def __init__(self, outputs: Outputs, name: str):
        self._outputs, self._name = outputs, name

    def write(self, text: str) -> int:
        self._outputs.stream(self._name, str(text))
        return len(text)

    def writelines(self, lines: Iterable[str]) -> None:
        for line in lines:
            self.write(line)

    def flush(self) -> None: ...

    def isatty(self) -> bool:
        return False


class _Publisher(DisplayPublisher):
    outputs = AnyTrait()
    shell: "Shell"

    def publish(
        self, data: dict, metadata: Any = None, source: Any = None, *, update: bool = False, **kwargs: Any
    ) -> None:
        if not update:
            self.shell.outputs.data("display_data", data, {})

    def clear_output(self, wait: bool = False) -> None:
        self.shell.outputs.clear()


class _Hook(DisplayHook):
    shell: "Shell"

    def write_output_prompt(self) -> None: ...

    def write_format_data(self, format_dict: dict, md_dict: dict | None = None) -> None:
        self.shell.outputs.data("execute_result", format_dict, {"execution_count": None})


class Shell(InteractiveShell):
    """IPython without a terminal and without a history."""

    display_pub_class = Type(_Publisher)
    displayhook_class = Type(_Hook)

    def __init__(self) -> None:
        self.outputs = Outputs()
        super().__init__()
        assert self.history_manager is not None
        self.history_manager.enabled = False

    def init_history(self) -> None:
        from IPython.core.history import HistoryManager

        self.history_manager = HistoryManager(shell=self, parent=self, enabled=False, hist_file=":memory:")

    def init_completer(self) -> None: ...

    def enable_gui(self, gui: str | None = None) -> None: ...

    def _showtraceback(self, etype: type[BaseException], evalue: BaseException, stb: list[str]) -> None:
        text = [str(line) for line in stb]
        self.outputs.add(
            {"output_type": "error", "ename": etype.__name__, "evalue": said_by(evalue)[:2000], "traceback": text},
            sum(map(len, text)),
        )

    def run(self, source: str) -> tuple[list[dict], bool]:
        """Run one cell; its outputs, and whether it ended without an exception."""
        self.outputs.clear()
        before = sys.stdout, sys.stderr
        sys.stdout, sys.stderr = _Stream(self.outputs, "stdout"), _Stream(self.outputs, "stderr")
        try:
            result = self.run_cell(source, store_history=False)
        finally:
            sys.stdout, sys.stderr = before
        return self.outputs.items, bool(result.success)


def stand_in_for_check() -> None:
    """Let `from autograder import check, own_tests, pieces, progress` work in a student's cells; nothing is judged."""

    class Later:
        def __float__(self) -> float:
            return 0.0

        def __repr__(self) -> str:
            return "(checked at grading)"

        def __add__(self, other: object) -> "Later":
            return self

        __radd__ = __add__
        points, mistakes, passed = 0.0, (), False

    def check(exercise_id: str, *functions: Any, points: float = 1.0) -> Later:
        return Later()

    def own_tests(exercise_id: str, *tests: Any, points: float) -> Later:
        return Later()

    class Elsewhere:
        def __repr__(self) -> str:
            return "(this is shown in your own notebook)"

    def progress(assignment: str = "") -> Elsewhere:
        return Elsewhere()

    def pieces(*names: str, folder: object = None) -> Elsewhere:
        return Elsewhere()

    module = types.ModuleType("autograder", "At grading, checks are made outside the student's process.")
    vars(module).update(check=check, own_tests=own_tests, pieces=pieces, progress=progress)
    sys.modules["autograder"] = module
