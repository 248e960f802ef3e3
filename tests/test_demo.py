"""The sample class: every submission gets the grade it deserves, and no bad one disturbs another."""

import re
from pathlib import Path

import pytest

from autograder.course import demo
from autograder.course.build import topics
from autograder.course.demo import make_class
from autograder.grading.assignment import Assignment
from autograder.grading.course import Course, CourseError
from autograder.grading.gradebook import Book

ROOT = Path(__file__).parents[1]
ALL = "all"

# By assignment and student: the exercises that lose points, and the mistakes that are named there. None: zero points.
DESERVED = {
    "02_sgd": {
        "broken_file": ALL,
        "crash": {"exponential_decay": None},
        "damped_momentum": {"momentum": ["damped_gradient"], "cosine_decay": ["climbs_after_t_max"]},
        "doubled_cells": {"linear_warmup": None},
        "drops_last_batch": {
            "minibatches": ["drops_last_batch"],
            "largest_stable_lr": ["one_over_lambda_max"],
        },
        "endless_loop": {"step_decay": None},
        "extra_cells": {},
        "gradient_at_w": {"nesterov_lookahead": ["gradient_at_w"], "nesterov": ["plain_momentum"]},
        "half_finished": {
            "classify_critical_point": None,
            "minibatches": None,
            "momentum": None,
            "velocity_momentum": None,
            "nesterov_lookahead": None,
            "nesterov": None,
            "step_decay": None,
            "exponential_decay": None,
            "inverse_time_decay": None,
            "cosine_decay": None,
            "linear_warmup": None,
        },
        "in_place": {"sgd": ["in_place"], "linear_regression_gradient": ["sum_not_mean"]},
        "lr_inside_velocity": {"momentum": ["lr_inside_velocity"]},
        "untouched": ALL,
        "unusual_style": {},
    },
    "07_batchnorm": {
        "batch_statistics_at_test": {"batchnorm_inference": ["batch_statistics"], "fold": ["mean_sign"]},
        "broken_file": ALL,
        "crash": {"batchnorm_inference": None},
        "ddof_one": {
            "batchnorm_forward": ["ddof_one"],
            "batchnorm_backward": ["ddof_one"],
            "batchnorm_backward_fast": ["ddof_one"],
            "scale_invariance_gap": [],
            "spatial_batchnorm_forward": ["ddof_one"],
            "spatial_batchnorm_backward": ["ddof_one"],
        },
        "doubled_cells": {},
        "endless_loop": {"scale_invariance_gap": None},
        "half_finished": {
            "update_running": None,
            "batchnorm_inference": None,
            "batchnorm_backward": None,
            "batchnorm_backward_fast": None,
            "population_statistics": None,
            "fold": None,
            "fold_into_linear": None,
            "naive_centering_step": None,
            "scale_invariance_gap": None,
            "spatial_batchnorm_forward": None,
            "spatial_batchnorm_backward": None,
        },
        "per_pixel": {"spatial_batchnorm_forward": ["per_pixel_statistics"], "spatial_batchnorm_backward": None},
        "statistics_as_constants": {"batchnorm_backward": ["constant_statistics"]},
        "swapped_momentum": {
            "update_running": ["momentum_swapped"],
            "population_statistics": ["correction_missing"],
        },
        "untouched": ALL,
        "unusual_style": {},
    },
}


@pytest.fixture(scope="module")
def graded(tmp_path_factory):
    """The demo's folder, its exit status and what it printed."""
    folder = tmp_path_factory.mktemp("demo") / "class"
    patch = pytest.MonkeyPatch()
    said = []
    patch.setattr("builtins.print", lambda *words, **_: said.append(" ".join(map(str, words))))
    try:
        status = demo.run(ROOT, folder)
    finally:
        patch.undo()
    return folder, status, "\n".join(said)


@pytest.fixture(scope="module")
def details(graded):
    folder, _, _ = graded
    course = Course.at(folder)
    book = Book(f"sqlite:///{folder / 'gradebook.db'}", course.course_id)
    yield {topic: book.details(topic) for topic in topics(ROOT)}
    book.close()


def test_there_are_ten_samples_at_least_and_each_has_its_due():
    for topic in topics(ROOT):
        files = {path.stem for path in (ROOT / "tests" / "submissions" / topic).iterdir()}
        assert files == set(DESERVED[topic])
        assert len(files) >= 10


@pytest.mark.slow
@pytest.mark.parametrize(("topic", "student"), [(t, s) for t in DESERVED for s in DESERVED[t]])
def test_each_sample_gets_the_grade_it_deserves(details, topic, student):
    found, deserved = details[topic][student], DESERVED[topic][student]
    checks = {name.removeprefix("check_"): name for name in Assignment.load(ROOT / "solutions", topic).checks}
    for exercise, cell in checks.items():
        verdict = found["verdicts"][exercise]
        points, possible = found["scores"][cell], verdict["max_points"]
        named = [known["name"] for known in verdict["known"]]
        if deserved == ALL or deserved.get(exercise, ...) is None:
            assert (points, named) == (0, []), exercise
        elif exercise in deserved:
            assert points < possible, exercise
            assert named == deserved[exercise], exercise
        else:
            assert (points, named) == (possible, []), exercise


@pytest.mark.slow
def test_the_demo_prints_the_table_the_mistakes_and_where_the_feedback_is(graded):
    _, status, said = graded
    assert status == 0
    assert re.search(r"^lr_inside_velocity +4\d\.\d+ ", said, re.MULTILINE)
    assert "momentum: lr inside velocity" in said
    assert "minibatches: drops last batch" in said
    place = re.search(r"^Open one: (.*)$", said, re.MULTILINE)[1]
    assert (Path(place)).read_text().startswith("<!DOCTYPE html>")


@pytest.mark.slow
def test_every_sample_has_a_feedback_page_without_scripts_or_loads(graded):
    folder, _, _ = graded
    for topic, students in DESERVED.items():
        for student in students:
            page = (folder / "feedback" / student / topic / f"{topic}.html").read_text()
            assert student in page
            assert not re.search(r"<script|<link|src=[\"']?http|url\(", page)


def test_the_demo_leaves_a_folder_alone_that_it_did_not_make(tmp_path):
    (tmp_path / "thesis.txt").write_text("mine")
    with pytest.raises(CourseError, match="holds something else"):
        make_class(ROOT, tmp_path)
    assert (tmp_path / "thesis.txt").read_text() == "mine"
