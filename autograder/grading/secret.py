"""The secret that hidden inputs are drawn from."""

import os
import secrets
import stat
from contextlib import suppress
from pathlib import Path

VARIABLE = "AUTOGRADER_SECRET"
FILE = Path(".autograder") / "secret"
FORMER = Path(".autograder") / "former_secrets"
_ANEW = "put the one back that was there, or delete it: a new one is made, and everybody is graded anew"


class SecretError(Exception):
    """A secret that cannot be read, made or used; the text says what to do."""


def secret(root: Path) -> str:
    """The course's secret: AUTOGRADER_SECRET, else the file .autograder/secret, made at first use for its owner alone.

    Raises
    ------
    SecretError : too short, the file cannot be read or made, or others can read it
    """
    if VARIABLE in os.environ:
        return _checked(os.environ[VARIABLE], f"the environment variable {VARIABLE}")
    path = root / FILE
    try:
        path.parent.mkdir(mode=0o700, exist_ok=True)
        try:
            descriptor = os.open(path, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600)
        except FileExistsError:
            return _read(path)
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
        replace_private(root / FORMER, "\n".join(known))
        replace_private(root / FILE, secrets.token_hex(32))
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


def replace_private(path: Path, text: str) -> None:
    """Replace a file that its owner alone may read."""
    new = path.with_name(f"{path.name}.new")
    with suppress(FileNotFoundError):
        new.unlink()
    with os.fdopen(os.open(new, os.O_WRONLY | os.O_CREAT | os.O_EXCL, 0o600), "w") as file:
        file.write(text + "\n")
    os.replace(new, path)


def _read(path: Path) -> str:
    """What a file holds that nobody else can read."""
    with path.open("rb") as file:
        mode = stat.S_IMODE(os.fstat(file.fileno()).st_mode)
        held = file.read(2**16)
    if os.name == "posix" and mode & 0o077:
        raise SecretError(
            f"{path}: others may use it (mode {mode:04o}): chmod 600 it; where somebody may have read it, delete it, "
            "and everybody is graded anew"
        )
    try:
        text = held.decode("utf-8-sig").strip()
    except UnicodeDecodeError:
        raise SecretError(f"{path} holds no text in UTF-8: {_ANEW}") from None
    if not text:
        raise SecretError(f"{path} is empty: {_ANEW}")
    return _checked(text, str(path))


def _checked(text: str, where: str) -> str:
    if len(text) < 16:
        raise SecretError(f"{where} holds {len(text)} characters; a secret needs at least 16")
    return text
