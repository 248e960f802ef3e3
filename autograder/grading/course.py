"""Where a course keeps its things: nbgrader's settings, read once."""

from dataclasses import dataclass
from functools import cached_property
from pathlib import Path
from typing import Any

from nbgrader.coursedir import CourseDirectory
from nbgrader.plugins import LateSubmissionPlugin
from nbgrader.preprocessors import AssignLatePenalties
from sqlalchemy import make_url
from traitlets import Bool, Float
from traitlets.config import Config, ConfigFileNotFound, Configurable, PyFileConfigLoader

from autograder.sandbox.process import Limits


class CourseError(Exception):
    """A directory that is no course; the text says what to do."""


class GradingLimits(Configurable):
    """Limits of a submission, in nbgrader_config.py: `c.GradingLimits.call_seconds = 20`."""

    call_seconds = Float(10.0, help="Wall clock for one call of a student's function.").tag(config=True)
    cell_seconds = Float(30.0, help="Wall clock for one cell.").tag(config=True)
    submission_seconds = Float(300.0, help="Wall clock for a whole submission.").tag(config=True)
    judge_seconds = Float(60.0, help="Processor time of the judge for a whole submission.").tag(config=True)

    allow_weak_isolation = Bool(
        False, help="Whether to grade with limits alone, where no sandbox can be had; see docs/security.md."
    ).tag(config=True)

    def limits(self) -> Limits:
        """The limits as the sandbox takes them."""
        return Limits(self.call_seconds, self.cell_seconds, self.submission_seconds, self.judge_seconds)


@dataclass(frozen=True)
class Course:
    """nbgrader's directories and settings.

    Parameters
    ----------
    root : where nbgrader_config.py lies
    """

    root: Path
    config: Config

    @classmethod
    def at(cls, root: Path) -> "Course":
        """The course in a directory.

        Raises
        ------
        CourseError : no nbgrader_config.py there
        """
        try:
            config = PyFileConfigLoader("nbgrader_config.py", path=str(root)).load_config()
        except ConfigFileNotFound:
            raise CourseError(f"{root} holds no nbgrader_config.py: run this in the course's directory") from None
        return cls(root.resolve(), config)

    @cached_property
    def directory(self) -> CourseDirectory:
        """nbgrader's own view of the directories."""
        directory = CourseDirectory(config=self.config)
        directory.root = str(self.root)
        return directory

    @property
    def db_url(self) -> str:
        """Where the gradebook is."""
        return self.directory.db_url

    @property
    def has_gradebook(self) -> bool:
        """Whether there is one: to open one that is not there makes it."""
        url = make_url(self.db_url)
        return url.get_backend_name() != "sqlite" or not url.database or Path(url.database).exists()

    @property
    def course_id(self) -> str:
        """nbgrader's id of the course; its gradebook needs one."""
        return self.directory.course_id or "default_course"

    @property
    def source(self) -> Path:
        """The folder of the instructor's notebooks."""
        return self.root / self.directory.source_directory

    @property
    def submitted(self) -> Path:
        """The folder of all submissions."""
        return self.root / self.directory.submitted_directory

    def autograded(self, student: str, assignment: str) -> Path:
        """The folder of a graded notebook."""
        return self._path(self.directory.autograded_directory, student, assignment)

    def feedback(self, student: str, assignment: str) -> Path:
        """The folder of a student's feedback."""
        return self._path(self.directory.feedback_directory, student, assignment)

    def _path(self, top: str, student: str, assignment: str) -> Path:
        return Path(self.directory.format_path(top, student, assignment))

    @property
    def limits(self) -> Limits:
        """What a submission may use."""
        return GradingLimits(config=self.config).limits()

    @property
    def allow_weak_isolation(self) -> bool:
        """Whether grading may go on with limits alone."""
        return GradingLimits(config=self.config).allow_weak_isolation

    @property
    def late_plugin(self) -> Any:
        """nbgrader's plugin for late submissions, as configured."""
        plugin = AssignLatePenalties(config=self.config).plugin_class or LateSubmissionPlugin
        return plugin(config=self.config)
