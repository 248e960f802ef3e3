"""The one writer of nbgrader's gradebook: a submission is one transaction, keyed by what its result follows from."""

import json
import os
import sys
import tempfile
import warnings
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

from nbgrader.api import BaseCell, Gradebook, InvalidEntry, MissingEntry
from nbgrader.utils import compute_checksum, is_solution
from sqlalchemy import Column, DateTime, MetaData, String, Table, Text, delete, event, func, insert, make_url, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SAWarning, SQLAlchemyError
from sqlalchemy.orm import scoped_session, sessionmaker

from autograder.files import remove_leftovers, write_new
from autograder.grading.assignment import Assignment, grade_id
from autograder.grading.graded import Graded

_METADATA = MetaData()
VERDICTS = Table(
    "downhill_verdict",
    _METADATA,
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("graded_at", DateTime, nullable=False),
    Column("details", Text, nullable=False),
)


# How long to wait for another program that is writing; each of our own transactions takes a fraction of a second.
_BUSY_SECONDS = 30
# Any number, the same in every grader: PostgreSQL's lock for one writer at a time.
_WRITER = 0x646F776E


class GradebookError(Exception):
    """A gradebook that cannot be written; the text says what to do. What was recorded before stays."""


class NotRecorded(GradebookError):
    """One result that the gradebook does not take."""


class Book:
    """The gradebook of a course.

    Parameters
    ----------
    db_url : SQLAlchemy's URL, SQLite or PostgreSQL
    course_id : nbgrader's

    Raises
    ------
    GradebookError : here and in all methods: it cannot be opened, is locked, or its disk is full
    """

    def __init__(self, db_url: str, course_id: str):
        self.db_url = db_url
        _let_nbgrader_find_alembic()
        with _told(db_url):
            _make(db_url, course_id)
            self.gradebook = Gradebook(db_url, course_id)
            self.engine = self.gradebook.engine
            if self.engine.dialect.name == "sqlite":
                _let_sqlite_use_savepoints(self.engine)
            _METADATA.create_all(self.engine)

    def close(self) -> None:
        """Release the connections."""
        self.gradebook.close()

    def has(self, assignment: str) -> bool:
        """Whether an assignment of that name is entered, with its notebook."""
        try:
            self.gradebook.find_notebook(assignment, assignment)
        except MissingEntry:
            return False
        finally:
            # Reading begins a transaction too, and with SQLite that one keeps writers out until it ends.
            self.gradebook.db.rollback()
        return True

    def register(self, assignment: Assignment) -> None:
        """Enter the assignment and its cells, as `nbgrader generate_assignment` does."""
        with self._transaction() as gradebook:
            gradebook.update_or_create_assignment(assignment.name)
            # Here: it loads all of nbgrader's preprocessors, with all of nbconvert.
            from autograder.grading.entered import EnterCells

            try:
                EnterCells(gradebook).save(assignment)
            except RuntimeError as error:
                raise GradebookError(
                    f"{error}. Either bring the cells back, or forget all its grades, those given by hand too, with "
                    f"`nbgrader db assignment remove {assignment.name} --force`."
                ) from None

    def key_of(self, assignment: str, student: str) -> str | None:
        """The key of the result that is recorded for a student."""
        query = select(VERDICTS.c.key).where(VERDICTS.c.assignment == assignment, VERDICTS.c.student == student)
        with _told(self.db_url), self.engine.connect() as connection:
            return connection.scalar(query)

    def details(self, assignment: str) -> dict[str, dict[str, Any]]:
        """Verdicts, notes and isolation by student, as they were recorded."""
        query = select(VERDICTS.c.student, VERDICTS.c.details).where(VERDICTS.c.assignment == assignment)
        with _told(self.db_url), self.engine.connect() as connection:
            return {student: json.loads(details) for student, details in connection.execute(query)}

    def record(
        self, assignment: Assignment, student: str, graded: Graded, timestamp: datetime | None, late: Any
    ) -> None:
        """Write one result: all of it or nothing.

        Parameters
        ----------
        timestamp : when it was submitted, in UTC
        late : nbgrader's late submission plugin

        Raises
        ------
        NotRecorded : this result cannot be recorded, such as a name that is too long; others can
        """
        with quiet_flushes(), self._transaction() as gradebook:
            gradebook.update_or_create_student(student)
            arguments = {} if timestamp is None else {"timestamp": timestamp}
            submission = gradebook.update_or_create_submission(assignment.name, student, **arguments)
            notebook = gradebook.find_submission_notebook(assignment.name, assignment.name, student)
            unchanged = _unchanged(assignment, graded)
            # All names in one query, and all changes in one write, not one for each cell.
            query = select(BaseCell.id, BaseCell.name).where(BaseCell.notebook_id == notebook.notebook_id)
            cells = dict(gradebook.db.execute(query).all())
            with gradebook.db.no_autoflush:
                for grade in notebook.grades:
                    grade.auto_score = graded.scores.get(cells[grade.cell_id])
                    # As nbgrader has it: a person looks again where a person has decided before.
                    grade.needs_manual_grade = grade.auto_score is None or grade.manual_score is not None
                for comment in notebook.comments:
                    comment.auto_comment = "No response." if cells[comment.cell_id] in unchanged else None
            gradebook.db.flush()
            gradebook.db.refresh(notebook)
            notebook.late_submission_penalty = _penalty(late, student, notebook.score, submission.total_seconds_late)
            where = (VERDICTS.c.assignment == assignment.name) & (VERDICTS.c.student == student)
            gradebook.db.execute(delete(VERDICTS).where(where))
            row = {
                "assignment": assignment.name,
                "student": student,
                "key": graded.key,
                "graded_at": datetime.now(UTC).replace(tzinfo=None),
                "details": json.dumps(_details(graded), ensure_ascii=False),
            }
            gradebook.db.execute(insert(VERDICTS).values(row))

    @contextmanager
    def _transaction(self) -> Iterator[Gradebook]:
        """nbgrader's own gradebook on one transaction, alone: its commits are savepoints in it."""
        usual = self.gradebook.db
        with _told(self.db_url), self.engine.begin() as connection:
            if self.engine.dialect.name == "postgresql":
                connection.execute(select(func.pg_advisory_xact_lock(_WRITER)))
            make = sessionmaker(bind=connection, join_transaction_mode="create_savepoint", autoflush=True)
            self.gradebook.db = scoped_session(make)
            try:
                yield self.gradebook
                self.gradebook.db.commit()
            finally:
                self.gradebook.db.remove()
                self.gradebook.db = usual
        usual.expire_all()


@contextmanager
def quiet_flushes() -> Iterator[None]:
    """Without the warning that nbgrader's add_submission brings: it adds objects two lines after they are flushed."""
    with warnings.catch_warnings():
        warnings.filterwarnings("ignore", "Object of type .* not in session", SAWarning)
        yield


@contextmanager
def _told(db_url: str) -> Iterator[None]:
    """Say what a database's error means to who grades."""
    place = make_url(db_url).render_as_string(hide_password=True)
    try:
        yield
    except (SQLAlchemyError, InvalidEntry) as error:
        first = _first(error)
        why = str(getattr(first, "orig", None) or first).strip()
        if not isinstance(first, DBAPIError) or isinstance(first, DataError | IntegrityError):
            raise NotRecorded(why) from error
        busy = f": another program has been writing for {_BUSY_SECONDS} s (close it and start again)"
        raise GradebookError(f"the gradebook {place}: {why}{busy if 'locked' in why else ''}") from error
    except ImportError as error:
        raise GradebookError(
            f"the gradebook {place} needs {error.name}: pip install -c constraints.txt -e '.[postgresql]'"
        ) from error


def _first(error: BaseException) -> BaseException:
    """The database's own complaint, under those that followed from it and those that nbgrader made of it."""
    first = error
    seen: BaseException | None = error
    while seen is not None:
        if isinstance(seen, DBAPIError):
            first = seen
        seen = seen.__context__
    return first


def _make(db_url: str, course_id: str) -> None:
    """Make a new SQLite gradebook aside: nbgrader takes a half-made one for whole."""
    url = make_url(db_url)
    if url.get_backend_name() != "sqlite" or url.database in (None, "", ":memory:"):
        return
    path = Path(url.database)
    remove_leftovers(path.parent)
    if path.exists():
        return
    with tempfile.TemporaryDirectory(prefix="downhill-") as folder:
        made = Path(folder) / path.name
        Gradebook(url.set(database=str(made)).render_as_string(hide_password=False), course_id).close()
        write_new(path, made.read_bytes())


def _details(graded: Graded) -> dict[str, Any]:
    return {
        "scores": graded.scores,
        "verdicts": {name: verdict.to_dict() for name, verdict in graded.verdicts.items()},
        "notes": list(graded.notes),
        "isolation": graded.isolation,
        "seconds": round(graded.seconds, 3),
        "file": graded.file,
    }


def _unchanged(assignment: Assignment, graded: Graded) -> set[str]:
    """Solution cells that are still as they were released."""
    return {
        grade_id(cell)
        for cell in graded.cells
        if is_solution(cell) and cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
    }


def _penalty(late: Any, student: str, score: float, seconds: float) -> float | None:
    """The late penalty as nbgrader's AssignLatePenalties gives it: between 0 and the score."""
    penalty = late.late_submission_penalty(student, score, seconds) if seconds > 0 else None
    return None if penalty is None else min(max(penalty, 0), score)


def _let_sqlite_use_savepoints(engine: Any) -> None:
    """Python's sqlite3 begins and ends transactions by itself; SQLAlchemy's documented way to do it for it."""

    @event.listens_for(engine, "connect")
    def _on_connect(connection: Any, record: Any) -> None:
        connection.isolation_level = None
        connection.execute(f"PRAGMA busy_timeout = {1000 * _BUSY_SECONDS}")

    @event.listens_for(engine, "begin")
    def _on_begin(connection: Any) -> None:
        connection.exec_driver_sql("BEGIN IMMEDIATE")

    engine.dispose()


def _let_nbgrader_find_alembic() -> None:
    """nbgrader calls the command `alembic`, which lies beside this Python even where no environment is activated."""
    here = str(Path(sys.executable).parent)
    if here not in os.environ.get("PATH", "").split(os.pathsep):
        os.environ["PATH"] = here + os.pathsep + os.environ.get("PATH", os.defpath)
