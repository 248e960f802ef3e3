"""The one writer of nbgrader's gradebook: a submission is one transaction, keyed by what its result follows from."""

import ast
import hashlib
import json
import warnings
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from datetime import UTC, datetime
from pathlib import Path
from typing import Any, TypeVar

from nbformat import NotebookNode
from nbgrader import api, dbutil
from nbgrader.api import Assignment as NbgraderAssignment
from nbgrader.api import Gradebook, InvalidEntry, MissingEntry, SubmittedAssignment
from nbgrader.utils import compute_checksum, is_solution
from sqlalchemy import Row, delete, event, func, insert, make_url, select
from sqlalchemy.exc import DataError, DBAPIError, IntegrityError, SAWarning, SQLAlchemyError
from sqlalchemy.orm import scoped_session, sessionmaker

from autograder.files import TemporaryFolder, remove_leftovers, write_new
from autograder.grading.assignment import Assignment, AssignmentError, answers_of, grade_id, is_graded, worth_of
from autograder.grading.course import Course
from autograder.grading.deadlines import DeadlineError, extend, own_deadlines, settle
from autograder.grading.entering import enter, enter_comments, enter_grades, grades_of
from autograder.grading.graded import Graded
from autograder.grading.marks import ByHand, by_hand, mark, people
from autograder.grading.registration import pending, register
from autograder.grading.scores import reading, worth
from autograder.grading.tables import METADATA, VERDICTS, VOIDED
from autograder.grading.whose import Person

# How long to wait for another program that is writing; each of our own transactions takes a fraction of a second.
_BUSY_SECONDS = 30
# Any number, the same in every grader: PostgreSQL's lock for one writer at a time.
_WRITER = 0x646F776E


class GradebookError(Exception):
    """A gradebook that cannot be written; the text says what to do. What was recorded before stays."""


class NotRecorded(GradebookError):
    """One result that the gradebook does not take."""


_Found = TypeVar("_Found")


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
        with _told(db_url), _without_alembic():
            _make(db_url, course_id)
            self.gradebook = Gradebook(db_url, course_id)
            self.engine = self.gradebook.engine
            if self.engine.dialect.name == "sqlite":
                _let_sqlite_use_savepoints(self.engine)
            METADATA.create_all(self.engine)

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

    def register(self, assignment: Assignment) -> list[str]:
        """Enter the assignment and its cells; in words, what that changed for results that are there already."""
        with self._transaction() as gradebook:
            return register(gradebook, assignment)

    def follow(self, assignment: Assignment, late: Any) -> None:
        """Bring up to date what needs no grading: what was removed or voided, deadlines, and penalties.

        Parameters
        ----------
        late : nbgrader's late submission plugin

        Raises
        ------
        DeadlineError : the plugin fails
        """
        if self.has(assignment.name):
            with self._transaction() as gradebook:
                register(gradebook, assignment, whole=False)
                settle(gradebook, assignment.name, late)

    def settle(
        self, assignment: str, late: Any, times: Mapping[str, datetime | None]
    ) -> dict[str, tuple[float, float]]:
        """Enter when submissions came, and bring all penalties up to date; (before, now) where one changed.

        Parameters
        ----------
        times : in UTC, by student; None where nobody knows
        """
        with self._transaction() as gradebook:
            number = gradebook.db.scalar(select(NbgraderAssignment.id).where(NbgraderAssignment.name == assignment))
            query = select(SubmittedAssignment).where(SubmittedAssignment.assignment_id == number)
            for submission in gradebook.db.scalars(query):
                when = times.get(submission.student_id, submission.timestamp)
                if submission.timestamp != when:
                    submission.timestamp = when
            gradebook.db.flush()
            return settle(gradebook, assignment, late)

    def extend(
        self, assignment: str, student: str, until: datetime | None, seconds: float | None, late: Any
    ) -> dict[str, tuple[float, float]]:
        """Give a student a deadline of their own; the penalty before and now, where that changed it.

        Parameters
        ----------
        until : in UTC; or
        seconds : after the due date; neither for the due date itself
        """
        with self._transaction() as gradebook:
            extend(gradebook, assignment, student, until, seconds)
            return settle(gradebook, assignment, late, [student])

    def deadlines(self, assignment: str) -> dict[str, datetime | None]:
        """The deadlines that were given to single students."""
        with _told(self.db_url), reading(self.gradebook):
            return own_deadlines(self.gradebook, assignment)

    def voided(self, assignment: str) -> dict[str, str]:
        """How exercises are voided, "full" or "out", by id of the graded cell."""
        query = select(VOIDED.c.cell, VOIDED.c.kind).where(VOIDED.c.assignment == assignment)
        with _told(self.db_url), self.engine.connect() as connection:
            return dict(connection.execute(query).all())

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

    def people(self) -> list[Person]:
        """The roster, by id."""
        return self._read(people)

    def by_hand(self, assignment: str, cell: str) -> dict[str, ByHand]:
        """What stands of a cell that a person marks, by student."""
        return self._read(lambda gradebook: by_hand(gradebook, assignment, cell))

    def mark(self, assignment: str, cell: str, marks: Mapping[str, ByHand]) -> None:
        """Write what a person gave for one cell, by student, as formgrader does: all of it or nothing."""
        with quiet_flushes(), self._transaction() as gradebook:
            mark(gradebook, assignment, cell, marks)

    def _read(self, what: Callable[[Gradebook], _Found]) -> _Found:
        with _told(self.db_url):
            try:
                return what(self.gradebook)
            finally:
                # Reading begins a transaction too, and with SQLite that one keeps writers out until it ends.
                self.gradebook.db.rollback()

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
        recorded = graded.cells
        texts = _texts(recorded)
        with self._transaction() as gradebook:
            database = gradebook.db.connection()
            notebook = enter(database, assignment.name, student, timestamp)
            where = (VERDICTS.c.assignment == assignment.name) & (VERDICTS.c.student == student)
            before = database.scalar(select(VERDICTS.c.details).where(where))
            old = {} if before is None else json.loads(before).get("texts", {})
            changed = {}
            for grade in grades_of(database, notebook):
                points = graded.scores.get(grade.name)
                waits = _waits(grade, points, old.get(grade.name) == texts.get(grade.name))
                if (points, waits) != (grade.auto_score, grade.needs_manual_grade):
                    changed[grade.id] = points, waits
            enter_grades(database, changed)
            enter_comments(database, notebook, _unchanged(recorded))
            try:
                settle(gradebook, assignment.name, late, [student])
            except DeadlineError as error:
                raise NotRecorded(str(error)) from error
            database.execute(delete(VERDICTS).where(where))
            row = {
                "assignment": assignment.name,
                "student": student,
                "key": graded.key,
                "graded_at": datetime.now(UTC).replace(tzinfo=None),
                "details": json.dumps(_details(assignment, graded) | {"texts": texts}, ensure_ascii=False),
            }
            database.execute(insert(VERDICTS).values(row))

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


def follow(gradebook: Gradebook, course: Course) -> dict[str, list[str]]:
    """Bring a gradebook that is open up to date for all assignments; what waits for grading anew, by assignment.

    As `Book.follow`, for nbgrader's own commands.

    Raises
    ------
    DeadlineError : the late penalty's plugin fails
    """
    with _told(str(gradebook.engine.url)):
        METADATA.create_all(gradebook.engine)
        waiting: dict[str, list[str]] = {}
        for name in [assignment.name for assignment in gradebook.assignments]:
            try:
                assignment = Assignment.load(course.source, name)
                gradebook.find_notebook(name, name)
            except (AssignmentError, MissingEntry):
                # Of another course, or not here: its penalties alone can be told.
                settle(gradebook, name, course.late_plugin)
                gradebook.db.commit()
                continue
            register(gradebook, assignment, whole=False)
            settle(gradebook, name, course.late_plugin)
            # To read what each cell is worth ends the transaction.
            gradebook.db.commit()
            waiting[name] = pending(worth(gradebook, name), assignment)
    return waiting


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
    with TemporaryFolder("gradebook") as folder:
        made = folder / path.name
        Gradebook(url.set(database=str(made)).render_as_string(hide_password=False), course_id).close()
        write_new(path, made.read_bytes())


def _details(assignment: Assignment, graded: Graded) -> dict[str, Any]:
    return {
        "scores": graded.scores,
        "worth": {grade_id(cell): worth_of(cell) for cell in filter(is_graded, assignment.notebook.cells)},
        "verdicts": {name: verdict.to_dict() for name, verdict in graded.verdicts.items()},
        "notes": list(graded.notes),
        "isolation": graded.isolation,
        "seconds": round(graded.seconds, 3),
        "file": graded.file,
    }


def _waits(grade: Row, points: float | None, same: bool) -> bool:
    """Whether a person is to look at a graded cell.

    Parameters
    ----------
    points : the grader's, now
    same : whether what the student wrote for it is as it was
    """
    if grade.manual_score is None and (points is None or grade.extra_credit is None):
        return points is None
    # Where a person has decided, they look again if there is anything else to see, and once they were asked to.
    return bool(grade.needs_manual_grade) or not same


def _texts(cells: list[NotebookNode]) -> dict[str, str]:
    """What tells a student's text for a graded cell from another, by the cell's id."""
    return {name: hashlib.sha256(text.encode()).hexdigest()[:16] for name, text in answers_of(cells).items()}


def _unchanged(cells: list[NotebookNode]) -> set[str]:
    """Solution cells that are still as they were released."""
    return {
        grade_id(cell)
        for cell in cells
        if is_solution(cell) and cell.metadata.nbgrader.get("checksum") == compute_checksum(cell)
    }


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


@contextmanager
def _without_alembic() -> Iterator[None]:
    """Let nbgrader make a new gradebook without its command alembic.

    That loads all of nbgrader to tell one word, and is not found where no environment is activated.
    """
    usual = api.get_alembic_version
    api.get_alembic_version = _newest_schema
    try:
        yield
    finally:
        api.get_alembic_version = usual


def _newest_schema() -> str:
    """The last of nbgrader's migrations: a new gradebook is as if it had gone through all of them."""
    before = {}
    for path in Path(dbutil.ALEMBIC_DIR, "versions").glob("*.py"):
        told = {
            target.id: ast.literal_eval(node.value)
            for node in ast.parse(path.read_text(encoding="utf-8")).body
            if isinstance(node, ast.Assign)
            for target in node.targets
            if isinstance(target, ast.Name) and target.id in ("revision", "down_revision")
        }
        before[told["revision"]] = told["down_revision"]
    (last,) = before.keys() - set(before.values())
    return last
