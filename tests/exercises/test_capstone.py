"""The capstone: points follow the ladder, who breaks the contract is called by name, time is the processor's."""

import dataclasses
import time
from functools import cache
from unittest import mock

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from autograder import exercises
from autograder.exercises.capstone import _script
from autograder.judge import contest, judge
from autograder.judge.contest import slowness
from autograder.judge.script import LocalCaller
from autograder.rendering import verdict_html, verdict_text
from bench import ladder
from bench.networks import Network, softmax
from helpers.letters import shifted

pytestmark = pytest.mark.usefixtures("machine_measured_once")

TRAIN = exercises.load("train")
NEAT = TRAIN.rehearsed()
(RIGHT,) = TRAIN.right
ALPHABET = "a test's alphabet"


# Names of what breaks the contract of a predictor, whatever it is worth otherwise.
CONTRACT = {
    "scores_not_probabilities", "labels_not_probabilities", "batch_statistics", "random_at_test_time",
    "not_reproducible", "images_changed",
}  # fmt: skip


@cache
def earned(name):
    """The verdict on a row of the ladder."""
    return ladder.verdict(name, ALPHABET)


def verdict_on(train, seed="public", exercise=NEAT):
    return judge(exercise, LocalCaller([train]), points=100, seed=seed)


def gained(verdict):
    return [case.weight if case.passed else case.gained for case in verdict.cases]


# Held-out versions: a right solution, spoilt from outside


def predicting(change):
    """A right solution whose predictions are changed: `change(p, images, rng)`."""

    def train(x, y, rng):
        predict = RIGHT(x, y, rng)
        return lambda images: change(predict(images), images, rng)

    return train


def log_probabilities(p, images, rng):
    return np.log(p + 1e-9)


def twice_as_much(p, images, rng):
    return 2 * p


def letters(p, images, rng):
    return p.argmax(1).astype(np.int32)


def of_the_whole_batch(p, images, rng):
    return p * 0.96 + 0.04 * p.mean(0)


def jittered(p, images, rng):
    p = p * rng.uniform(0.9, 1.0, p.shape)
    return p / p.sum(1, keepdims=True)


def without_axes_of_one(p, images, rng):
    return p[0] if len(p) == 1 else p


def brightened(p, images, rng):
    np.clip(images, 0.1, 1, out=images)
    return p


def hard(p, images, rng):
    blurred = np.where(images[:, 0, ::2, ::2].sum((1, 2))[:, None] % 0.01 < 0.002, np.roll(p, 1, axis=1), p)
    sure = np.eye(10)[blurred.argmax(1)]
    return 0.999 * sure + 0.0001


def shy(p, images, rng):
    return 0.5 * p + 0.05


@pytest.mark.parametrize(
    ("change", "name", "lost"),
    [
        (log_probabilities, "scores_not_probabilities", 100),
        (twice_as_much, "scores_not_probabilities", 100),
        (letters, "labels_not_probabilities", 100),
        (of_the_whole_batch, "batch_statistics", 2.5),
        (jittered, "random_at_test_time", 2.5),
        (without_axes_of_one, "one_image_squeezed", 2.5),
        (brightened, "images_changed", 2.5),
        (shy, "timid", 10),
    ],
)
def test_who_breaks_the_contract_is_called_by_name(change, name, lost):
    verdict = verdict_on(predicting(change), seed="held out")
    assert verdict.mistakes == [name]
    assert verdict.points == 100 - lost


def test_batch_statistics_are_noticed_behind_a_memory_of_images():
    known = {}

    def remembered(p, images, rng):
        p = of_the_whole_batch(p, images, rng)
        return np.stack([known.setdefault(image.tobytes(), row) for image, row in zip(images, p, strict=True)])

    assert verdict_on(predicting(remembered), seed="held out").mistakes == ["batch_statistics"]


def test_what_is_surer_than_it_is_right_is_called_over_confident():
    assert "over_confident" in verdict_on(predicting(hard), seed="held out").mistakes


def seeded_elsewhere(x, y, rng):
    return RIGHT(x + 1e-3 * np.random.default_rng().standard_normal(x.shape), y, rng)


def time_of_day(x, y, rng):
    return RIGHT(x * (1 - time.perf_counter() % 1 / 100), y, rng)


@pytest.mark.parametrize("train", [seeded_elsewhere, time_of_day])
def test_what_is_not_drawn_from_rng_is_not_reproducible(train):
    verdict = verdict_on(train, seed="held out")
    assert verdict.mistakes == ["not_reproducible"]
    assert verdict.points == 97.5


def centred_in_place(x, y, rng):
    x -= x.mean()
    return RIGHT(x, y, rng)


def labels_in_place(x, y, rng):
    predict = RIGHT(x, y, rng)
    y[:] = 0
    return predict


@pytest.mark.parametrize("train", [centred_in_place, labels_in_place])
def test_what_writes_into_its_arguments_is_told_so(train):
    assert "images_changed" in verdict_on(train, seed="held out").mistakes


def one_hot(p, images, rng):
    return np.eye(10, dtype=np.float32)[p.argmax(1)]


def as_float16(p, images, rng):
    return (p / p.sum(1, keepdims=True)).astype(np.float16)


@pytest.mark.parametrize("change", [one_hot, as_float16])
def test_probabilities_of_any_kind_pass(change):
    assert verdict_on(predicting(change), seed="held out").points == 100


def nothing(x, y, rng):
    return None


def a_list(x, y, rng):
    return lambda images: [[0.1] * 10] * len(images)


def raises(x, y, rng):
    raise ZeroDivisionError("of mine")


def raises_later(x, y, rng):
    return lambda images: images[:, 7]


def unfinished(x, y, rng):
    raise NotImplementedError("train: ...")


def not_numbers(x, y, rng):
    return lambda images: np.full((len(images), 10), np.nan)


@pytest.mark.parametrize("train", [nothing, a_list, raises, raises_later, not_numbers])
def test_what_gives_no_probabilities_gets_nothing_and_is_told_why(train):
    verdict = verdict_on(train)
    assert verdict.points == 0 and not {*verdict.mistakes} - {"over_confident", "timid", "memorised"}
    assert verdict.cases[0].message and all(case.open for case in verdict.cases[1:])
    assert verdict_text(verdict) and verdict_html(verdict)


def test_a_stub_is_not_written_yet():
    assert verdict_on(unfinished).note == "train: not written yet"


# The ladder


@pytest.mark.parametrize(
    ("part", "value", "points"),
    [
        ("accuracy", 0.05, 0),
        ("accuracy", 0.5, 10),
        ("accuracy", 0.76, 25),
        ("accuracy", 0.7599, 24),
        ("accuracy", 0.93, 50),
        ("accuracy", 0.9599, 59),
        ("accuracy", 0.96, 60),
        ("accuracy", 1.0, 60),
        ("shifted", 0.55, 2),
        ("shifted", 0.85, 10),
        ("noisy", 0.75, 5),
        ("calibration", 0.15, 0),
        ("calibration", 0.10, 5),
        ("calibration", 0.05, 10),
        ("calibration", 0.0, 10),
    ],
)
def test_points_grow_linearly_between_rungs_in_whole_points(part, value, points):
    assert TRAIN.ladders[part].points(value) == points


@pytest.mark.parametrize("name", ladder.SOLUTIONS)
def test_plain_solutions_earn_what_the_ladder_says(name):
    """All rows of `python -m bench.ladder`, each on one alphabet."""
    _, least, most = ladder.SOLUTIONS[name]
    verdict = earned(name)
    assert least <= verdict.points <= most and not {*verdict.mistakes} & CONTRACT
    assert verdict.points == sum(gained(verdict))


@pytest.mark.parametrize(("channels", "hidden"), [((), (20, 16)), ((4, 6), (12,))], ids=["dense", "convolutions"])
def test_the_ladders_networks_have_pytorchs_scores_and_gradients(channels, hidden):
    rng = np.random.default_rng(0)
    net = Network(rng, channels, hidden, drop=0.0)
    net.vector += 0.1 * rng.standard_normal(net.vector.shape, dtype=np.float32)
    images, labels = rng.random((30, 1, 16, 16), dtype=np.float32), np.arange(30) % 10
    caches = []
    scores = net.scores(images, caches)
    net.backward((softmax(scores.T).T - np.eye(10, dtype=np.float32)[labels].T) / 30, caches)

    theirs = [[torch.tensor(part, requires_grad=True) for part in parts] for parts in (net.w, net.beta, net.gamma)]
    w, beta, gamma = theirs
    a = torch.tensor(images)
    for k in range(len(gamma)):
        if k < len(channels):
            kernels = w[k].reshape(len(w[k]), 3, 3, -1).permute(0, 3, 1, 2)
            a = F.max_pool2d(F.conv2d(a, kernels, padding=1), 2)
        else:
            a = a.flatten(1) @ w[k].T
        a = torch.relu(F.batch_norm(a, None, None, gamma[k][:, 0], beta[k][:, 0], training=True))
    wanted = a @ w[-1].T + beta[-1].T
    F.cross_entropy(wanted, torch.tensor(labels)).backward()
    np.testing.assert_allclose(scores.T, wanted.detach(), atol=1e-4)
    for ours, parts in zip((net.dw, net.dbeta, net.dgamma), theirs, strict=True):
        for slope, part in zip(ours, parts, strict=True):
            np.testing.assert_allclose(slope, part.grad, rtol=1e-3, atol=1e-5)


def test_calibration_and_contract_count_from_72_percent():
    verdict = earned("constant")
    assert [bool(case.open) for case in verdict.cases] == [False] * 3 + [True] * 5


def test_the_same_solution_gets_the_same_points_again():
    """All but the line that tells processor time: a budget is stretched by what the machine takes at that moment."""
    first, again = earned("class mean"), ladder.verdict("class mean", ALPHABET)
    assert [line for line in first.advice if "processor time" not in line] == [first.advice[0]]
    assert first.advice[0] == again.advice[0]
    assert dataclasses.replace(first, advice=again.advice) == again
    assert first.measured["confusion"] == again.measured["confusion"]


def test_measures_are_what_their_definitions_say():
    """Guo et al. 2017, equation 3, bin by bin; the confusion matrix sample by sample."""
    task = _script.neat_task(5)
    rng = np.random.default_rng(0)
    p = rng.dirichlet(np.full(10, 2.0), len(task.images))
    clean = torch.tensor(p[np.argsort(task.order)][: len(task.clean)])
    labels = torch.tensor(task.labels)
    top, chosen = clean.max(1)
    ece = 0.0
    for k in range(15):
        inside = (top >= k / 15) & ((top < (k + 1) / 15) | (k == 14))
        if inside.any():
            ece += float(
                inside.double().mean() * (top[inside].mean() - (chosen == labels)[inside].double().mean()).abs()
            )
    found = contest.measures(task, p)
    assert found.ece == pytest.approx(ece, abs=1e-12)
    assert found.nll == pytest.approx(float(torch.nn.functional.nll_loss(clean.log(), labels)), rel=1e-6)
    for truth, guess in zip(task.labels, chosen.tolist(), strict=True):
        found.confusion[truth, guess] -= 1
    assert not found.confusion.any()


def test_images_are_shifted_by_one_or_two_pixels_never_by_none():
    image = np.zeros((400, 1, 16, 16), np.float32)
    image[:, 0, 8, 8] = 1
    moved = shifted(image, np.random.default_rng(0))
    places = {tuple(np.argwhere(one[0])[0] - 8) for one in moved}
    assert places == {(a, b) for a in range(-2, 3) for b in range(-2, 3)} - {(0, 0)}


# Time


def busy(seconds):
    def train(x, y, rng):
        end = time.process_time() + (seconds if len(x) > 120 else 0)
        while time.process_time() < end:
            pass
        return RIGHT(x, y, rng)

    return train


def test_what_takes_more_processor_time_than_allowed_gets_nothing():
    with mock.patch.object(contest, "_TRAIN_SECONDS", 0.2), mock.patch.object(contest, "slowness", lambda: 1.0):
        verdict = verdict_on(busy(0.21))
    assert verdict.points == 0
    assert verdict.cases[0].message == "no answer in time: the limit is 0 s of processor time"


def test_to_wait_takes_no_processor_time():
    def patient(x, y, rng):
        time.sleep(0.5)
        return RIGHT(x, y, rng)

    with mock.patch.object(contest, "_TRAIN_SECONDS", 0.2), mock.patch.object(contest, "slowness", lambda: 1.0):
        assert verdict_on(patient).points == 100


def test_more_than_half_of_the_budget_is_warned_of():
    with mock.patch.object(contest, "_TRAIN_SECONDS", 0.5), mock.patch.object(contest, "slowness", lambda: 1.0):
        verdict = verdict_on(busy(0.3))
    assert verdict.points == 100 and "more than half" in verdict.advice[-1]


def test_a_slow_machine_stretches_the_budget_and_a_fast_one_does_not_shrink_it():
    with mock.patch.object(contest, "_LOOP_SECONDS", 1e9):
        assert slowness() == 1.0
    with mock.patch.object(contest, "_LOOP_SECONDS", 1e-9):
        assert slowness() == contest._MOST_STRETCHED
