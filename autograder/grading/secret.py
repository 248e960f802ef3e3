"""The secret that hidden inputs are drawn from."""

import os
import secrets
from pathlib import Path

VARIABLE = "AUTOGRADER_SECRET"
FILE = Path(".autograder") / "secret"


class SecretError(Exception):
    """A secret that cannot be read, made or used; the text says what to do."""


def secret(root: Path) -> str:
    """The course's secret: AUTOGRADER_SECRET, else the file .autograder/secret, made at first use for its owner alone.

    Raises
    ------
    SecretError : too short, or the file cannot be read or made
    """
    if VARIABLE in os.environ:
        return _checked(os.environ[VARIABLE], f"the environment variable {VARIABLE}")
    path = root / FILE
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _checked(path.read_text().strip(), str(path))
        made = secrets.token_hex(32)
        with os.fdopen(descriptor, "w") as file:
            file.write(made + "\n")
        return made
    except OSError as error:
        raise SecretError(f"{path}: {error.strerror}; set {VARIABLE} instead") from error


def _checked(text: str, where: str) -> str:
    if len(text) < 16:
        raise SecretError(f"{where} holds {len(text)} characters; a secret needs at least 16")
    return text
