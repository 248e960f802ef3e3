"""Recognition: by result, several at once, pairs, what overflows, and facts where no name is found."""

import numpy as np
import pytest
import torch

from autograder.judge import Case, Function, Optimizer, judge, mistake, remembering, slips, torch_optimizer
from autograder.judge.exercise import assembled
from autograder.judge.script import LocalCaller

SEEDS = ("public", "secret")


def draw(rng, case):
    n, d = case.get("n"), case.get("d")
    return {"x": case.get("size", 1.0) * rng.standard_normal((n, d)), "w": rng.standard_normal(d)}, {}


def reference(x, w):
    return torch.log(torch.exp(x).sum(axis=0)), x.T @ x @ w, (x**2).sum(axis=1)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("top", "pull", "size"),
    sizes={"n": "samples", "d": "features"},
    standard=("float32", "shapes"),
    cases=[
        Case("a few", n=5, d=3),
        Case("more", n=7, d=2),
        Case("square", n=4, d=4),
        Case("large numbers", n=5, d=3, size=1000.0, rounding=True, rtol=1e-5),
        # torch's own logsumexp of these is finite where exp overflows.
    ],
)


def stable_reference(x, w):
    return torch.logsumexp(x, 0), x.T @ x @ w, (x**2).sum(axis=1)


def right(x, w):
    high = x.max(axis=0)
    top = high + np.log(np.exp(x - high).sum(axis=0))
    pull = x.T @ (x @ w)
    size = (x**2).sum(axis=1)
    return top, pull, size


@mistake("The largest is not subtracted.")
def no_max(x, w):
    return np.log(np.exp(x).sum(axis=0)), x.T @ (x @ w), (x**2).sum(axis=1)


MISTAKES = slips("""
mean_for_sum: (x**2).sum(axis=1) -> (x**2).mean(axis=1)
    The size is a mean.

transposed: x.T @ (x @ w) -> x.T @ (x @ w) / 2
    The pull is half.

no_square: x**2 -> abs(x)
    The square is missing.

high_lost: high + np.log(np.exp(x - high).sum(axis=0)) -> np.log(np.exp(x - high).sum(axis=0))
    What was subtracted is not added again.

natural: np.log(np.exp(x - high).sum(axis=0)) -> np.log2(np.exp(x - high).sum(axis=0))
    The logarithm has base 2.
""")


@pytest.fixture(scope="module")
def exercise():
    names = {"__name__": __name__, "EXERCISE": EXERCISE, "right": right, "MISTAKES": MISTAKES, "no_max": no_max}
    found = assembled(names, "f")
    object.__setattr__(found, "reference", stable_reference)
    return found


def verdict(exercise, *functions, seed="public"):
    return judge(exercise, LocalCaller(functions), points=10, seed=seed)


def parts(x, w, top=None, pull=None, size=None):
    good = right(x, w)
    return tuple(other if other is not None else mine for other, mine in zip((top, pull, size), good, strict=True))


@pytest.mark.parametrize("seed", SEEDS)
def test_a_right_function_gets_no_name_and_no_fact(exercise, seed):
    found = verdict(exercise, right, seed=seed)
    assert found.passed and found.known == found.facts == ()


@pytest.mark.parametrize("seed", SEEDS)
def test_each_mistake_is_named_alone(exercise, seed):
    for known in exercise.mistakes:
        assert verdict(exercise, *known.functions, seed=seed).mistakes == [known.name]


@pytest.mark.parametrize("seed", SEEDS)
def test_two_mistakes_in_different_results_are_both_named(exercise, seed):
    found = verdict(
        exercise,
        lambda x, w: parts(x, w, pull=x.T @ x @ w / 2, size=np.abs(x).sum(axis=1)),
        seed=seed,
    )
    assert set(found.mistakes) == {"transposed", "no_square"}


@pytest.mark.parametrize("seed", SEEDS)
def test_a_mistake_is_named_beside_an_unknown_one_only_as_a_part(exercise, seed):
    found = verdict(
        exercise,
        lambda x, w: parts(x, w, pull=x.T @ x @ w / 2, size=(x**2).sum(axis=1) ** 0.7),
        seed=seed,
    )
    assert [(known.name, known.partial) for known in found.known] == [("transposed", True)]
    # Told as a part; what else is true of the answers is told too.
    assert found.facts


@pytest.mark.parametrize("seed", SEEDS)
def test_two_slips_in_one_result_are_both_named(exercise, seed):
    found = verdict(exercise, lambda x, w: parts(x, w, size=np.abs(x).mean(axis=1)), seed=seed)
    assert set(found.mistakes) == {"mean_for_sum", "no_square"}


@pytest.mark.parametrize("seed", SEEDS)
def test_what_overflows_is_named_beside_a_wrong_formula(exercise, seed):
    found = verdict(
        exercise,
        lambda x, w: parts(x, w, top=np.log(np.exp(x).sum(axis=0)), size=(x**2).mean(axis=1)),
        seed=seed,
    )
    assert set(found.mistakes) == {"no_max", "mean_for_sum"}


@pytest.mark.parametrize("seed", SEEDS)
def test_signs_and_patterns_of_what_is_not_finite_do_not_count(exercise, seed):
    def other_overflow(x, w):
        with np.errstate(all="ignore"):
            top = np.log(np.exp(x).sum(axis=0))
        return parts(x, w, top=np.where(np.isfinite(top), top, np.nan))

    assert verdict(exercise, other_overflow, seed=seed).mistakes == ["no_max"]


WRONG = {
    "a little too much": lambda x, w: parts(x, w, size=1.01 * (x**2).sum(axis=1)),
    "half of it": lambda x, w: parts(x, w, top=right(x, w)[0] + (x.T @ x @ w) / 2),
    "a mistake in half of the places": lambda x, w: parts(
        x, w, size=np.where(np.arange(len(x)) % 2, (x**2).sum(axis=1), np.abs(x).sum(axis=1))
    ),
    "nan everywhere": lambda x, w: tuple(np.nan * part for part in right(x, w)),
    "zeros": lambda x, w: tuple(0 * part for part in right(x, w)),
    "a mistake for some shapes": lambda x, w: parts(
        x, w, pull=x.T @ x @ w / (2 if len(x) == 5 else 3), size=(x**2).sum(axis=1)
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("name", WRONG)
def test_another_mistake_gets_no_name(exercise, name, seed):
    found = verdict(exercise, WRONG[name], seed=seed)
    assert not found.passed and found.mistakes == []


FACTS = {
    "Right: `top`, `pull`. Wrong: `size`.": lambda x, w: parts(x, w, size=(x**2).sum(axis=1) + 1),
    "`pull` is 3 times too large everywhere.": lambda x, w: parts(x, w, pull=3 * (x.T @ x @ w)),
    "`pull` is 2 times too large everywhere.": lambda x, w: parts(x, w, pull=2 * (x.T @ x @ w)),
    "`pull` is N times too small, N being the number of samples.": lambda x, w: parts(x, w, pull=x.T @ x @ w / len(x)),
    "`size` is D times too large, D being the number of features.": lambda x, w: parts(
        x, w, size=(x**2).sum(axis=1) * len(w)
    ),
    "`size` has the wrong sign, and is right otherwise.": lambda x, w: parts(x, w, size=-(x**2).sum(axis=1)),
    "`size` is 0 everywhere.": lambda x, w: parts(x, w, size=0 * (x**2).sum(axis=1)),
    "The numbers of `size` are right, its shape is not.": lambda x, w: parts(
        x, w, size=(x**2).sum(axis=1, keepdims=True)
    ),
    "In float64 every answer is right; in float32 alone it is not.": lambda x, w: parts(
        x, w, size=(x**2).sum(axis=1) * (1.01 if x.dtype == np.float32 else 1)
    ),
}


@pytest.mark.parametrize("seed", SEEDS)
@pytest.mark.parametrize("sentence", FACTS)
def test_a_fact_is_told_where_no_name_is_found(exercise, sentence, seed):
    found = verdict(exercise, FACTS[sentence], seed=seed)
    assert found.mistakes == [] and sentence in found.facts


def test_no_fact_is_told_that_does_not_hold_everywhere(exercise):
    found = verdict(exercise, lambda x, w: parts(x, w, pull=(2 if len(x) == 5 else 3) * (x.T @ x @ w)))
    assert found.facts == ("Right: `top`, `size`. Wrong: `pull`.",)


# Optimizers: a result is a whole trajectory, and memory outside the state is found too


def descent(w, grad, state, *, lr=0.1, momentum=0.9):
    v = momentum * state.get("v", 0.0) + grad
    return w - lr * v, {"v": v}


@remembering("One velocity for all.")
def shared():
    kept = {}

    def step(w, grad, state, *, lr=0.1, momentum=0.9):
        w, kept["state"] = descent(w, grad, kept.get("state", {}) if state else {}, lr=lr, momentum=momentum)
        return w, {"begun": True}

    return step


@pytest.fixture(scope="module")
def optimizer():
    names = {
        "__name__": __name__,
        "EXERCISE": Optimizer(
            reference=torch_optimizer("SGD", lr=0.1, momentum=0.9),
            cases=[
                Case("one step", steps=1, momentum=0.9),
                Case("many steps", momentum=0.8),
                Case("the defaults are lr=0.1 and momentum=0.9", lr=None, steps=5),
                Case("several parameters", mode="several", steps=5, momentum=0.5),
            ],
        ),
        "right": descent,
        "MISTAKES": slips(
            """
        damped: + grad -> + (1 - momentum) * grad
            The gradient is damped.
        uphill: w - lr * v -> w + lr * v
            Uphill.
        friction_hard_coded (detail): -> momentum = 0.9
            0.9 stands there.
        other_default (detail): momentum=0.9 -> momentum=0.5
            The default is 0.9.
        no_default (detail): lr=0.1 ->
            `lr` has a default.
        """.replace("+ grad ->", "momentum * state.get('v', 0.0) + grad -> momentum * state.get('v', 0.0)")
        ),
        "shared": shared,
    }
    return assembled(names, "descent")


@pytest.mark.parametrize("seed", SEEDS)
def test_mistakes_of_an_optimizer_are_named(optimizer, seed):
    for known in optimizer.mistakes:
        if known.name != "no_default":
            assert verdict(optimizer, *known.functions, seed=seed).mistakes == [known.name]


@pytest.mark.parametrize("seed", SEEDS)
def test_two_slips_of_an_optimizer_are_both_named(optimizer, seed):
    def both(w, grad, state, *, lr=0.1, momentum=0.9):
        v = 0.9 * state.get("v", 0.0) + (1 - 0.9) * grad
        return w + lr * v, {"v": v}

    def two(w, grad, state, *, lr=0.1, momentum=0.9):
        v = momentum * state.get("v", 0.0) + (1 - momentum) * grad
        return w + lr * v, {"v": v}

    assert set(verdict(optimizer, two, seed=seed).mistakes) == {"damped", "uphill"}
    assert verdict(optimizer, both, seed=seed).mistakes == []


@pytest.mark.parametrize("seed", SEEDS)
def test_a_missing_default_costs_what_the_default_is_worth_and_says_so(optimizer, seed):
    def no_default(w, grad, state, *, lr, momentum=0.9):
        return descent(w, grad, state, lr=lr, momentum=momentum)

    found = verdict(optimizer, no_default, seed=seed)
    assert [case.title for case in found.cases if case.failed] == ["the defaults are lr=0.1 and momentum=0.9"]
    assert not [case for case in found.cases if case.open]


def test_a_detail_costs_a_quarter_at_most_and_two_cost_half(optimizer):
    detail = next(m for m in optimizer.mistakes if m.name == "friction_hard_coded")
    found = verdict(optimizer, *detail.functions)
    assert found.points >= 7.5
    other = next(m for m in optimizer.mistakes if m.name == "other_default")
    two = verdict(optimizer, *detail.with_too(other))
    assert set(two.mistakes) <= {"friction_hard_coded", "other_default"} and two.points >= 5


def test_a_state_that_is_read_before_it_exists_is_told(optimizer):
    def reads(w, grad, state, *, lr=0.1, momentum=0.9):
        v = momentum * state["v"] + grad
        return w - lr * v, {"v": v}

    (fact, *_) = verdict(optimizer, reads).facts
    assert "the state is `{}` before it" in fact


def test_a_wrong_function_that_gives_the_same_again_is_not_said_to_remember(optimizer):
    def wrong(w, grad, state, *, lr=0.1, momentum=0.9):
        return w - 0.3 * lr * np.sin(grad), state

    assert not any("made again" in fact for fact in verdict(optimizer, wrong).facts)
