"""Tables for other programs: CSV that no spreadsheet takes for formulas, and files that are whole or not there."""

import csv
import io
from collections.abc import Iterable, Sequence
from pathlib import Path

from autograder.files import write_atomically

# What a spreadsheet takes for the beginning of a formula (OWASP, "CSV Injection").
_FORMULA = ("=", "+", "-", "@", "\t", "\r")


class ReportError(Exception):
    """There is nothing to report, or no way to write it; the text says what to do."""


def is_guarded(text: str) -> bool:
    """Whether a text gets an apostrophe in front, because a spreadsheet would take it for a formula."""
    start = text.lstrip(" ")
    # A dash alone is what tables have for nothing.
    return start != "-" and start.startswith(_FORMULA)


def csv_text(rows: Iterable[Sequence[str | float | None]]) -> str:
    """Rows as CSV (RFC 4180): numbers as numbers, None as nothing, text as text."""
    text = io.StringIO()
    csv.writer(text).writerows([_cell(value) for value in row] for row in rows)
    return text.getvalue()


def _cell(value: str | float | None) -> str:
    if value is None:
        return ""
    if not isinstance(value, str):
        return f"{value:.10g}"
    # A lone surrogate, of a folder's name that is no UTF-8, cannot be written.
    value = value.encode(errors="backslashreplace").decode()
    return f"'{value}" if is_guarded(value) else value


def write(path: Path, content: str) -> None:
    """Write a file for the user, in place of an older one.

    Raises
    ------
    ReportError : there is something else, or no way to write there
    """
    if path.is_dir():
        raise ReportError(f"{path} is a folder: name a file in it")
    if path.exists() and not path.is_file():
        # To replace /dev/stdout by a file is in root's power.
        raise ReportError(f"{path} is no ordinary file")
    try:
        write_atomically(path.resolve(), content)
    except OSError as error:
        raise ReportError(f"{path} cannot be written: {error.strerror or error}") from None
