"""The command `autograder`."""

import argparse
import gc
import os
import shutil
import sys
import time
from collections import Counter
from collections.abc import Callable, Sequence
from contextlib import ExitStack, closing
from functools import partial
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

from autograder import lean

if TYPE_CHECKING:
    from autograder.grading.cluster import Cluster
    from autograder.sandbox.levels import Level

_PROOFS = ("current", "complete", "solved", "untouched", "clean", "rejected", "fair", "exact", "stock")


def main(arguments: Sequence[str] | None = None) -> int:
    """Run the command; the exit status: 0 for success, 1 for a failure that was reported, 2 for a wrong call."""
    lean.enter()
    parser = _parser()
    options = parser.parse_args(arguments)
    try:
        return options.run(options)
    except KeyboardInterrupt:
        print("\nStopped. What was recorded stays; the same command goes on from here.", file=sys.stderr)
        return 130
    except _expected() as error:
        print(f"autograder {options.command}: {error}", file=sys.stderr)
        return 1


def _parser() -> argparse.ArgumentParser:
    parser = argparse.ArgumentParser(prog="autograder", description="Build, prove and grade the course.")
    commands = parser.add_subparsers(dest="command", required=True, metavar="COMMAND")

    build = commands.add_parser("build", help="text in solutions/ to notebooks")
    build.add_argument("topics", nargs="*", metavar="TOPIC", help="such as 02_sgd; all by default")
    build.set_defaults(run=_build)

    proofs = commands.add_parser("check", help="prove that the course is sound")
    proofs.add_argument("topics", nargs="*", metavar="TOPIC", help="such as 02_sgd; all by default")
    proofs.add_argument("--only", default="", metavar="PROOF", help=f"one of {', '.join(_PROOFS)}", choices=_PROOFS)
    proofs.add_argument(
        "--exercise", action="append", default=[], metavar="ID", help="only this one's mistakes and right solutions"
    )
    proofs.set_defaults(run=_check)

    release = commands.add_parser("release", help="a folder with what students get, and no solution")
    release.add_argument(
        "--to", type=Path, required=True, metavar="DIR", help="made anew; an earlier release gives way"
    )
    release.add_argument("topics", nargs="*", metavar="TOPIC", help="such as 02_sgd; all by default")
    release.set_defaults(run=_release)

    collect = commands.add_parser("collect", help="submissions from an LMS's zip files to where they are graded")
    collect.add_argument("assignment", metavar="ASSIGNMENT", help="such as 02_sgd")
    collect.add_argument(
        "archives",
        nargs="+",
        type=Path,
        metavar="ZIP",
        help="of Canvas, Moodle, Blackboard, or of folders",
    )
    collect.add_argument(
        "--who",
        type=Path,
        metavar="FILE",
        help="CSV of who is who, such as Moodle's grading worksheet",
    )
    collect.add_argument(
        "--timezone",
        type=_zone,
        metavar="NAME",
        help="of times in names (default: this machine's)",
    )
    collect.add_argument("--force", action="store_true", help="also in place of a submission that may be newer")
    collect.set_defaults(run=_collect)

    grade = commands.add_parser("grade", help="grade the submissions of an assignment")
    grade.add_argument("assignment", metavar="ASSIGNMENT", help="such as 02_sgd")
    grade.add_argument("--student", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    grade.add_argument("--workers", type=_positive, metavar="N", help="processes; as many as cores by default")
    grade.add_argument("--force", action="store_true", help="also where nothing has changed since the last time")
    grade.add_argument(
        "--scheduler", default="", metavar="ADDRESS", help="of a Dask cluster to grade on, such as tcp://10.0.0.1:8786"
    )
    grade.add_argument(
        "--allow-weak-isolation", action="store_true", help="grade with limits alone where no sandbox can be had"
    )
    grade.set_defaults(run=_grade)

    report = commands.add_parser("report", help="how the class did, as a page, CSV and JSON")
    report.add_argument("assignment", metavar="ASSIGNMENT", help="such as 02_sgd")
    report.add_argument("--to", type=Path, metavar="FILE", help="the page (default: reports/ASSIGNMENT.html)")
    report.add_argument("--csv", type=Path, metavar="FILE", help="a row for each student, too")
    report.add_argument("--json", type=Path, metavar="FILE", help="all of it, with the exercises' statistics, too")
    report.set_defaults(run=_report)

    board = commands.add_parser("leaderboard", help="who is how good, where accuracy is measured; nobody is named")
    board.add_argument("assignment", metavar="ASSIGNMENT", help="such as 13_capstone")
    board.add_argument("--names", action="store_true", help="say who is who")
    board.add_argument(
        "--to", type=Path, metavar="FILE", help="the page (default: reports/ASSIGNMENT-leaderboard.html)"
    )
    board.add_argument("--csv", type=Path, metavar="FILE", help="a row for each, too")
    board.set_defaults(run=_leaderboard)

    feedback = commands.add_parser("feedback", help="write the students' pages anew, with what was given by hand since")
    feedback.add_argument("assignment", metavar="ASSIGNMENT", help="such as 02_sgd")
    feedback.add_argument("--student", action="append", default=[], metavar="ID", help="only this one; may be repeated")
    feedback.set_defaults(run=_feedback)

    extend = commands.add_parser("extend", help="give a student a deadline of their own")
    extend.add_argument("assignment", metavar="ASSIGNMENT", help="such as 02_sgd")
    extend.add_argument("student", metavar="STUDENT", help="their id")
    when = extend.add_mutually_exclusive_group(required=True)
    when.add_argument("--until", metavar="TIME", help="such as '2026-10-07 18:00 Europe/Berlin'; UTC without a zone")
    when.add_argument("--days", type=_days, metavar="N", help="after the due date, wherever that is moved")
    when.add_argument("--none", action="store_true", help="the due date holds for them again")
    extend.set_defaults(run=_extend)

    similar = commands.add_parser("similar", help="groups of submissions whose code is alike: a place to look")
    similar.add_argument("assignment", metavar="ASSIGNMENT", help="such as 02_sgd")
    similar.add_argument(
        "--least", type=_share, default=0.5, metavar="SHARE", help="of the code that is alike (default: 50%%)"
    )
    similar.add_argument("--to", type=Path, metavar="FILE", help="the page (default: reports/ASSIGNMENT-similar.html)")
    similar.add_argument("--csv", type=Path, metavar="FILE", help="a row for each member of a group, too")
    similar.set_defaults(run=_similar)

    renewed = commands.add_parser("secret", help="the secret that hidden inputs are drawn from")
    renewed.add_argument(
        "--new", action="store_true", required=True, help="draw from another one from now on; recorded results stay"
    )
    renewed.set_defaults(run=_secret)

    answers = commands.add_parser(
        "answers", help="all answers to a question, to read and mark on one page or in a table"
    )
    answers.add_argument("assignment", metavar="ASSIGNMENT", help="such as 02_sgd")
    answers.add_argument(
        "question", nargs="?", default="", metavar="QUESTION", help="its cell; may be left out for one"
    )
    answers.add_argument("--unread", action="store_true", help="only those that nobody has read yet")
    answers.add_argument("--names", action="store_true", help="say who wrote each")
    answers.add_argument("--to", type=Path, metavar="FILE", help="the page (default: reports/ASSIGNMENT-QUESTION.html)")
    answers.add_argument("--csv", type=Path, metavar="FILE", help="the table (default: beside the page)")
    answers.add_argument("--comments", type=Path, metavar="FILE", help="to use again, one in a line")
    answers.add_argument("--read", type=Path, metavar="FILE", help="a table with marks, into the gradebook")
    answers.add_argument("--force", action="store_true", help="with --read: also over marks that were given since")
    answers.set_defaults(run=_answers)

    doctor = commands.add_parser("doctor", help="what isolation this machine offers, and what is missing")
    doctor.set_defaults(run=_doctor)

    demo = commands.add_parser("demo", help="grade a sample class in a folder of its own")
    demo.add_argument("--folder", type=Path, default=Path("demo-class"), help="where to (default: demo-class)")
    demo.set_defaults(run=_demo)
    return parser


def _positive(text: str) -> int:
    try:
        number = int(text)
    except ValueError:
        number = 0
    if number < 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no positive whole number")
    return number


def _zone(text: str) -> ZoneInfo:
    try:
        return ZoneInfo(text)
    except (ValueError, OSError, ZoneInfoNotFoundError):
        raise argparse.ArgumentTypeError(f"{text!r} is no time zone: such as Europe/Berlin or UTC") from None


def _days(text: str) -> float:
    try:
        days = float(text)
    except ValueError:
        days = 0.0
    if not 0 < days < 10_000:
        raise argparse.ArgumentTypeError(f"{text!r} is no number of days, such as 2 or 0.5")
    return days


def _share(text: str) -> float:
    try:
        share = float(text.removesuffix("%")) / (100 if text.endswith("%") else 1)
    except ValueError:
        share = 0.0
    if not 0 < share <= 1:
        raise argparse.ArgumentTypeError(f"{text!r} is no share: such as 0.5 or 50%")
    return share


def _expected() -> tuple[type[Exception], ...]:
    """The errors that tell the user what to do; all others are bugs and keep their traceback."""
    from autograder.course.release import ReleaseError
    from autograder.course.source import SourceErrors
    from autograder.exercises import UnknownExercise
    from autograder.grading.assignment import AssignmentError
    from autograder.grading.classroom import Stopped
    from autograder.grading.cluster import ClusterError
    from autograder.grading.course import CourseError
    from autograder.grading.deadlines import DeadlineError
    from autograder.grading.gradebook import GradebookError
    from autograder.grading.secret import SecretError
    from autograder.judge.mistakes import EditError
    from autograder.judge.references import TorchMissing
    from autograder.report.output import ReportError
    from autograder.sandbox.levels import NoIsolation

    course = AssignmentError, CourseError, SecretError, SourceErrors, UnknownTopic, UnknownExercise, EditError
    return (
        *course,
        ClusterError,
        DeadlineError,
        GradebookError,
        NoIsolation,
        ReleaseError,
        ReportError,
        TorchMissing,
        Stopped,
        OSError,
    )


class UnknownTopic(ValueError):
    """A topic without a source file."""


def _topics(options: argparse.Namespace) -> list[str]:
    from autograder.course.build import texts

    there = texts(Path.cwd())
    if not there:
        raise UnknownTopic("no solutions/NN_topic.py here: run this in the course's directory")
    unknown = [topic for topic in options.topics if topic not in there]
    if unknown:
        raise UnknownTopic(f"no solutions/{unknown[0]}.py; there are {', '.join(there)}")
    return options.topics or there


def _release(options: argparse.Namespace) -> int:
    from autograder.course.release import release

    print(release(Path.cwd(), options.to, options.topics))
    return 0


def _build(options: argparse.Namespace) -> int:
    from autograder.course.build import BuildErrors, build

    try:
        results = build(Path.cwd(), _topics(options))
    except BuildErrors as errors:
        print(*errors.results, sep="\n")
        raise
    print(*results, sep="\n")
    return 0


def _check(options: argparse.Namespace) -> int:
    from autograder.course.proofs import prove

    _need_torch("Proving the course")
    if options.exercise:
        return _check_exercises(options.exercise)
    failed = False
    for topic in _topics(options):
        for proof in prove(Path.cwd(), topic, options.only):
            failed |= not proof.holds
            print(f"{'✓' if proof.holds else '✗'} {topic}: {proof.claim}", flush=True)
            for complaint in proof.complaints:
                print(f"    {complaint}")
    return int(failed)


def _need_torch(what: str) -> None:
    # Looked for here: the judge loads NumPy, whose threads would keep a single grading process from being a fork.
    if find_spec("torch") is None:
        from autograder.judge.references import TorchMissing

        raise TorchMissing(what)


def _check_exercises(ids: Sequence[str]) -> int:
    """What each mistake of these exercises costs, and what speaks against them."""
    from autograder import exercises
    from autograder.course.proofs import trials, unfair

    complaints: list[str] = []
    for name in ids:
        exercise = exercises.load(name)
        print(f"{name}: {len(exercise.all_cases())} properties, {len(exercise.alternatives)} alternatives")
        for trial in trials(exercise):
            print(f"  {trial.left:5.0%} left  {trial.name}{f' ({trial.degree})' if trial.degree else ''}")
            complaints += trial.complaints
        complaints += unfair(exercise)
    print(*(f"✗ {complaint}" for complaint in complaints), sep="\n")
    return int(bool(complaints))


def _collect(options: argparse.Namespace) -> int:
    from autograder.grading.collect import collect, roster
    from autograder.grading.course import Course
    from autograder.report.collected import collected_text

    course = Course.at(Path.cwd())
    found = collect(
        course,
        options.assignment,
        options.archives,
        roster(course, options.who),
        zone=options.timezone,
        force=options.force,
    )
    print(collected_text(found))
    there = found.new or found.replaced or found.unchanged or found.kept
    return int(bool(found.broken) or not there)


def _grade(options: argparse.Namespace) -> int:
    from autograder.grading.unchanged import Watch

    began, watch = time.monotonic(), Watch(Path.cwd(), options.assignment)
    all_here = not (options.student or options.scheduler)
    if all_here and not options.force and (before := watch.graded()):
        _tell_graded(before.said, 0, before.count, began)
        return 0

    # Of all that is loaded nothing is garbage: looking for it takes a tenth of the time.
    gc.disable()
    from autograder.grading.classroom import grade_class
    from autograder.grading.course import Course
    from autograder.grading.secret import former, secret
    from autograder.report.progress import Progress
    from autograder.report.table import class_table, printable

    gc.freeze()
    gc.enable()
    _need_torch("Grading")
    course = Course.at(Path.cwd())
    allow_weak = options.allow_weak_isolation or course.allow_weak_isolation
    graded, same, failed = 0, 0, []
    changes: list[str] = []
    with ExitStack() as stack:
        level, executor = _place(options.scheduler, allow_weak, stack)
        bar = stack.enter_context(Progress())
        results = grade_class(
            course,
            options.assignment,
            secret(course.root),
            level,
            students=options.student,
            workers=options.workers,
            force=options.force,
            former=former(course.root),
            executor=executor,
            progress=bar.start,
            tell=changes.append,
        )
        for result in stack.enter_context(closing(results)):
            if result.error:
                failed.append(result)
                bar.step()
            elif result.graded is None:
                same += 1
                bar.skip()
            else:
                graded += 1
                bar.step()
            del result
    watch.look(course)
    said = class_table(course, options.assignment, options.student)
    if all_here and not failed:
        watch.note(course, said, graded + same)
    _tell_graded(said, graded, same, began)
    print(*changes, sep="\n", end="\n" * bool(changes))
    for result in failed:
        print(f"{printable(result.student)}: {result.error}", file=sys.stderr)
    if failed:
        print(f"{len(failed)} not graded: the same command tries them again.", file=sys.stderr)
    return int(bool(failed))


def _tell_graded(said: str, graded: int, same: int, began: float) -> None:
    unchanged = f", {same} unchanged since the last time" if same else ""
    print(f"{said}\n\n{graded} graded in {time.monotonic() - began:.1f} s{unchanged}.")


def _place(scheduler: str, allow_weak: bool, stack: ExitStack) -> "tuple[Callable[[], Level], Cluster | None]":
    """Where to grade: (isolation or what finds it there, executor or None for processes of this machine)."""
    if not scheduler:
        return partial(_found_here, allow_weak), None

    from autograder.grading.cluster import Finder, connected
    from autograder.sandbox.levels import VARIABLE

    finder = Finder(allow_weak, os.environ.get(VARIABLE) == "none")
    executor = stack.enter_context(connected(scheduler, finder))
    for text, count in Counter(map(str, executor.levels)).items():
        print(f"Isolation of {count} worker{'s' * (count > 1)}: {text}.", file=sys.stderr)
    if executor.idle_threads:
        print(
            f"{executor.idle_threads} threads of the cluster will have nothing to do, for a process grades one "
            "submission at a time: start its workers with `--nworkers -1 --nthreads 1`.",
            file=sys.stderr,
        )
    _tell_weaker(executor.levels)
    return finder, executor


def _found_here(allow_weak: bool) -> "Level":
    from autograder.sandbox.levels import find

    found = find(allow_weak=allow_weak)
    print(f"Isolation: {found}.", file=sys.stderr)
    _tell_weaker([found])
    return found


def _tell_weaker(levels: "Sequence[Level]") -> None:
    if any(level.name != "strong" for level in levels):
        print("Not the strongest: `autograder doctor` says what is missing.", file=sys.stderr)


def _report(options: argparse.Namespace) -> int:
    from autograder.grading.course import Course
    from autograder.grading.feedback import refresh_pages
    from autograder.report.class_page import class_page
    from autograder.report.class_report import class_report
    from autograder.report.output import write

    course = Course.at(Path.cwd())
    report = class_report(course, options.assignment)
    # The report links to the students' pages: they say the same.
    for student, why in refresh_pages(course, options.assignment)[2].items():
        print(f"{student}: {why}", file=sys.stderr)
    page = options.to or Path("reports") / f"{options.assignment}.html"
    contents = {page: class_page(report, course, page.absolute().parent)}
    contents |= {options.csv: report.to_csv()} if options.csv else {}
    contents |= {options.json: report.to_json()} if options.json else {}
    for path, content in contents.items():
        write(path, content)
        print(path)
    if report.pending:
        print(f"Built anew since it was graded: {'; '.join(report.pending)}.", file=sys.stderr)
    return 0


def _feedback(options: argparse.Namespace) -> int:
    from autograder.grading.course import Course
    from autograder.grading.feedback import refresh_pages
    from autograder.report.table import feedback_place

    course = Course.at(Path.cwd())
    pages, written, failed = refresh_pages(course, options.assignment, options.student)
    changed = f"{len(written)} of them written anew" if written else "all as they were"
    print(f"{len(pages)} pages, {changed}: {feedback_place(course, options.assignment)}")
    for student, why in failed.items():
        print(f"{student}: {why}", file=sys.stderr)
    return int(bool(failed))


def _extend(options: argparse.Namespace) -> int:
    from autograder.grading.course import Course
    from autograder.grading.deadlines import moment
    from autograder.grading.extend import extend

    until = moment(options.until) if options.until else None
    seconds = 86_400 * options.days if options.days else None
    print(extend(Course.at(Path.cwd()), options.assignment, options.student, until, seconds))
    return 0


def _similar(options: argparse.Namespace) -> int:
    from autograder.grading.collect import roster
    from autograder.grading.course import Course
    from autograder.report.output import write
    from autograder.report.similar import similar
    from autograder.report.similar_output import similar_csv, similar_page, similar_text

    course = Course.at(Path.cwd())
    people = roster(course).people
    found = similar(course, options.assignment, options.least)
    print(similar_text(found, people, shutil.get_terminal_size((120, 24)).columns))
    contents = {options.to or Path("reports") / f"{options.assignment}-similar.html": similar_page(found, people)}
    contents |= {options.csv: similar_csv(found, people)} if options.csv else {}
    print()
    for path, content in contents.items():
        write(path, content)
        print(path)
    return 0


def _leaderboard(options: argparse.Namespace) -> int:
    from autograder.grading.course import Course
    from autograder.report.leaderboard import leaderboard, leaderboard_csv, leaderboard_page, leaderboard_text
    from autograder.report.output import write

    name = options.assignment
    standings = leaderboard(Course.at(Path.cwd()), name, names=options.names)
    print(leaderboard_text(standings))
    contents = {options.to or Path("reports") / f"{name}-leaderboard.html": leaderboard_page(standings, name)}
    contents |= {options.csv: leaderboard_csv(standings)} if options.csv else {}
    print()
    for path, content in contents.items():
        write(path, content)
        print(path)
    return 0


def _answers(options: argparse.Namespace) -> int:
    from autograder.grading.course import Course
    from autograder.grading.feedback import refresh_pages
    from autograder.report.answers import answers, answers_csv, answers_page, comments_in, has_marks, read_back
    from autograder.report.output import ReportError, write

    course = Course.at(Path.cwd())
    if options.read:
        result = read_back(course, options.assignment, options.question, options.read, options.force)
        print(f"{result.written} written, {result.same} as they were, {result.unread} not read yet.")
        for key, why in result.refused:
            print(f"{key}: {why}", file=sys.stderr)
        _, written, failed = refresh_pages(course, options.assignment)
        if written:
            print(f"{len(written)} pages written anew.")
        for student, why in failed.items():
            print(f"{student}: {why}", file=sys.stderr)
        return int(bool(result.refused or failed))
    comments = comments_in(options.comments) if options.comments else []
    found = answers(course, options.assignment, options.question, comments)
    page = options.to or Path("reports") / f"{options.assignment}-{found.question.id}.html"
    table = options.csv or page.with_suffix(".csv")
    if has_marks(table, found):
        raise ReportError(f"{table} holds marks that are not in the gradebook: --read it, or name another with --csv")
    shown = found.unread if options.unread else found
    for path, content in (
        (page, answers_page(shown, options.names, table.name)),
        (table, answers_csv(shown, options.names)),
    ):
        write(path, content)
        print(path)
    waiting = len(found.unread.answers)
    print(f"{len(shown.answers)} answers, {waiting} of {len(found.answers)} not read yet.")
    return 0


def _secret(options: argparse.Namespace) -> int:
    from autograder.grading.course import Course
    from autograder.grading.secret import renew

    renew(Course.at(Path.cwd()).root)
    print("Hidden inputs are drawn from a new secret. What is recorded stays; new submissions are graded with it.")
    return 0


def _doctor(options: argparse.Namespace) -> int:
    from autograder.sandbox.doctor import examine

    findings = examine()
    print(*findings.lines, sep="\n")
    return int(not findings.sound)


def _demo(options: argparse.Namespace) -> int:
    from autograder.course.demo import run

    _need_torch("Grading")
    return run(Path.cwd(), options.folder)


if __name__ == "__main__":
    sys.exit(main())
