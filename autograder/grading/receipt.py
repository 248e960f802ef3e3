"""What nbgrader's `release_feedback` wants beside a page: when the submission came, and the secret it came with.

`nbgrader submit` makes the secret; the page lies in the exchange under a name that only those find who know it.
"""

import re
import secrets
from collections.abc import Sequence
from datetime import datetime
from pathlib import Path

from autograder.files import write_atomically
from autograder.grading import intake

_SECRET = re.compile(r"[0-9a-f]{128}")
FILES = "timestamp.txt", "submission_secret.txt"


def leave_receipt(submission: Path, timestamp: datetime | None, folders: Sequence[Path]) -> None:
    """Write both files into `folders`, from a submission's own where they are what nbgrader wrote.

    One that did not come by the exchange gets a secret that nobody knows: without one, nbgrader would release no
    feedback at all, to anybody.
    """
    secret = _secret(submission)
    for folder in folders:
        came = "" if timestamp is None else f"{timestamp:%Y-%m-%d %H:%M:%S.%f} UTC"
        contents = came, secret or _secret(folder) or secrets.token_hex(64)
        for name, content in zip(FILES, contents, strict=True):
            path = folder / name
            if not path.is_file() or path.is_symlink() or path.read_text(errors="replace") != content:
                write_atomically(path, content)


def _secret(folder: Path) -> str:
    """The secret in a folder; empty where there is none that nbgrader could have written."""
    try:
        text = intake.read(folder / FILES[1], folder)[:200].decode().strip()
    except (intake.Refused, ValueError):
        return ""
    return text if _SECRET.fullmatch(text) else ""
