"""Whether anything has changed since an assignment was graded: seen from the files, without loading what grades.

Looked at is all that results, marks, penalties and pages follow from, and where these lie: each file's size, number and
times, and among them the kernel's own time of its last change, which no program can set back; the environment; the
packages. Where anything is not as it was, or cannot be seen from a file, grading itself finds out what there is to do.
"""

import glob
import hashlib
import json
import os
import stat
import sys
import time
from collections.abc import Sequence
from contextlib import suppress
from dataclasses import dataclass
from pathlib import Path
from typing import TYPE_CHECKING

if TYPE_CHECKING:
    from autograder.grading.course import Course

FOLDER = Path(".autograder") / "unchanged"
_PACKAGE = Path(__file__).resolve().parents[1]
# What another terminal has otherwise, and nothing follows from.
_PASSING = ("_", "COLUMNS", "LINES", "OLDPWD", "PWD", "SHLVL")
# Between a file's change and the time that the kernel writes down, which moves on in steps.
_STEP_NS = 20_000_000


@dataclass(frozen=True)
class Graded:
    """What there is to say of an assignment of which nothing has changed.

    Parameters
    ----------
    said : the table and what stands under it
    count : how many submissions there are
    """

    said: str
    count: int


class Watch:
    """Looks at an assignment before it is graded, and notes at the end what it looks like then.

    Parameters
    ----------
    root : the course's directory
    name : the assignment's
    """

    def __init__(self, root: Path, name: str):
        self.path = root / FOLDER / f"{name}.json"
        self.name, self.began, self.around = name, time.time_ns(), _surroundings()
        self.outputs = ""

    def graded(self) -> Graded | None:
        """What was said when it was graded, if that would be said again; None where that is not known."""
        with suppress(OSError, ValueError, LookupError, TypeError):
            noted = json.loads(self.path.read_bytes())
            if noted["seen"] == [self.around, _seen(noted["inputs"])[0], _seen(noted["outputs"])[0]]:
                return Graded(noted["said"], noted["count"])
        return None

    def look(self, course: "Course") -> None:
        """See what grading has written; what is said of it is read after this."""
        self.outputs = _seen(self._outputs(course))[0]

    def note(self, course: "Course", said: str, count: int) -> None:
        """Note that all is graded, unless something has changed meanwhile, or would not be seen in a file."""
        from autograder.grading.secret import replace_private

        inputs = self._inputs(course)
        seen, latest = _seen(inputs)
        if not _is_plain(course) or latest > self.began - _STEP_NS:
            return
        patterns = {"inputs": inputs, "outputs": self._outputs(course)}
        noted = {**patterns, "seen": [self.around, seen, self.outputs], "said": said, "count": count}
        # Where it cannot be written, the next run sees for itself.
        with suppress(OSError):
            self.path.parent.mkdir(mode=0o700, parents=True, exist_ok=True)
            replace_private(self.path, json.dumps(noted))

    def _inputs(self, course: "Course") -> list[str]:
        """Patterns of files that grading reads and does not write."""
        root, name = glob.escape(str(course.root)), glob.escape(self.name)
        places = [f"{root}/nbgrader_config.py", f"{glob.escape(str(course.source))}/{name}/**"]
        places += [f"{glob.escape(str(course.submitted))}/*/{name}/**"]
        ours = [glob.escape(str(folder)) for folder in (_PACKAGE, _PACKAGE.parent / "helpers")]
        places += [f"{folder}/**/*.{kind}" for folder in ours for kind in ("py", "html", "css")]
        return [*places, *map(glob.escape, _others())]

    def _outputs(self, course: "Course") -> list[str]:
        """Patterns of files that grading writes, and the notes that it keeps for itself."""
        from sqlalchemy import make_url

        root, name = glob.escape(str(course.root)), glob.escape(self.name)
        notes = [f"{root}/.autograder/{note}" for note in ("secret", "former_secrets", f"flights/{name}/**")]
        folders = [glob.escape(str(place("*", self.name))) for place in (course.autograded, course.feedback)]
        pages = [f"{folder.replace('[*]', '*')}/**" for folder in folders]
        # With the journals that SQLite keeps beside it.
        return [*notes, *pages, f"{glob.escape(make_url(course.db_url).database or '')}*"]


def _is_plain(course: "Course") -> bool:
    """Whether the gradebook is a file, and penalties are nbgrader's own."""
    from nbgrader.plugins import LateSubmissionPlugin
    from sqlalchemy import make_url

    url = make_url(course.db_url)
    is_file = url.get_backend_name() == "sqlite" and url.database not in (None, "", ":memory:")
    return is_file and type(course.late_plugin) is LateSubmissionPlugin


def _others() -> list[str]:
    """Files of modules that the settings have loaded from anywhere else, and folders of packages."""
    installed = tuple({f"{os.path.realpath(place)}/" for place in (sys.prefix, sys.base_prefix)} | {f"{sys.prefix}/"})
    files = {str(getattr(module, "__file__", None) or "") for module in list(sys.modules.values())}
    own = {file for file in files if file and not file.startswith((*installed, f"{_PACKAGE}/"))}
    return sorted(own | {place for place in sys.path if place.endswith("-packages")})


def _surroundings() -> str:
    """A digest of what is no file: the environment and this Python."""
    environment = sorted((name, value) for name, value in os.environ.items() if name not in _PASSING)
    return hashlib.sha256(repr((environment, sys.version)).encode(errors="surrogatepass")).hexdigest()


def _seen(patterns: Sequence[str]) -> tuple[str, int]:
    """A digest of what matches, and when the last of the files was changed."""
    digest, latest = hashlib.sha256(), 0
    for pattern in patterns:
        # A folder is found by its name and `**` also where it is not there.
        for path in sorted(filter(os.path.lexists, set(glob.glob(pattern, recursive=True, include_hidden=True)))):
            found = os.lstat(path)
            is_file = not stat.S_ISDIR(found.st_mode)
            told = (path, found.st_mode, found.st_uid, found.st_ino, found.st_ctime_ns, found.st_mtime_ns)
            digest.update(repr((*told, found.st_size if is_file else 0)).encode(errors="surrogatepass"))
            latest = max(latest, found.st_ctime_ns)
    return digest.hexdigest(), latest
