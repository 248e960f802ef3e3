"""The secret that hidden inputs are drawn from."""

import os
import secrets
from contextlib import suppress
from pathlib import Path

VARIABLE = "AUTOGRADER_SECRET"
FILE = Path(".autograder") / "secret"
FORMER = Path(".autograder") / "former_secrets"


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


def renew(root: Path) -> None:
    """Put another secret in the place of the course's; the former one is kept, for what was graded with it still holds.

    Raises
    ------
    SecretError : it stands in AUTOGRADER_SECRET, or the file cannot be read or written
    """
    if VARIABLE in os.environ:
        raise SecretError(f"the environment variable {VARIABLE} is set: give it another value, or remove it")
    known = [*former(root), secret(root)]
    try:
        _write(root / FORMER, "\n".join(known))
        _write(root / FILE, secrets.token_hex(32))
    except OSError as error:
        raise SecretError(f"{error.filename}: {error.strerror}") from error


def former(root: Path) -> list[str]:
    """The secrets that were in use before, the oldest first."""
    try:
        return (root / FORMER).read_text().split()
    except FileNotFoundError:
        return []
    except OSError as error:
        raise SecretError(f"{root / FORMER}: {error.strerror}") from error


def _write(path: Path, text: str) -> None:
    """Replace a file that its owner alone may read."""
    new = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
    os.replace(new, path)


def _checked(text: str, where: str) -> str:
    if len(text) < 16:
        raise SecretError(f"{where} holds {len(text)} characters; a secret needs at least 16")
    return text
