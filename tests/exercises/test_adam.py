"""Adam and its relatives: versions that the bank lacks, mistakes in other words, right ones in other styles."""

import math

import numpy as np
import pytest
import torch

from autograder import exercises
from autograder.judge import Case

from .versions import Versions, verdict_on

versions = Versions()

UNCORRECTED, ADAM, AMSGRAD, ADAM_L2, ADAMW = (
    exercises.load(name).right[0] for name in ("adam_uncorrected", "adam", "amsgrad", "adam_l2", "adamw")
)


# ---------------------------------------------------------------------------- Adam

versions.edits(
    "adam",
    """
counts_by_two:
    1 - beta1**t -> 1 - beta1 ** (2 * t)
    1 - beta2**t -> 1 - beta2 ** (2 * t)
count_capped:
    1 - beta1**t -> 1 - beta1 ** min(t, 100)
    1 - beta2**t -> 1 - beta2 ** min(t, 100)
exponential_correction: 1 - beta1**t -> 1 - math.exp(-t)
eps_twice: np.sqrt(v_hat) + eps -> np.sqrt(v_hat + eps) + eps
nesterov:
    lr * m_hat -> lr * (beta1 * m + (1 - beta1) * grad)
    np.sqrt(v_hat) -> np.sqrt(v)
sqrt_t_schedule: lr * m_hat -> lr * m_hat / math.sqrt(t)
centered: v / (1 - beta2**t) -> abs(v - m * m) / (1 - beta2**t)
sign_of_m: w - step -> w - (lr * np.sign(state["m"]) if state else step)
nan_guarded:
    1 - beta1**t -> 1 - beta1 ** (t - 1)
    1 - beta2**t -> 1 - beta2 ** (t - 1)
    w - step -> w - np.nan_to_num(step)
numpy_scalar = changes_dtype: lr * m_hat -> np.sqrt(lr * lr) * m_hat
from_zero = t_from_zero: state.get("t", 0) -> state.get("t", -1)
by_the_first_power = t_fixed_at_one: state.get("t", 0) + 1 -> 1
after_ten_steps = correction_dropped:
    1 - beta1**t -> 1 - beta1 ** (t if t < 11 else math.inf)
    1 - beta2**t -> 1 - beta2 ** (t if t < 11 else math.inf)
after_a_hundred = correction_dropped:
    m / (1 - beta1**t) -> m / (1 - beta1**t) if t <= 100 else m
    v / (1 - beta2**t) -> v / (1 - beta2**t) if t <= 100 else v
reversed = betas_swapped: -> betas = betas[::-1]
root_of_the_corrections = eps_before_correction:
    lr * m_hat -> lr * (1 - beta2**t) ** 0.5 * m_hat
    np.sqrt(v_hat) -> np.sqrt(v)
root_as_a_power = eps_inside_root: lr * m_hat / (np.sqrt(v_hat) + eps) -> lr * m_hat * (v_hat + eps) ** -0.5
sign_by_comparison = sign_of_gradient: w - step -> w - lr * ((grad > 0) * 1.0 - (grad < 0))
corrected_in_the_state = keeps_corrected_moments: {"t": t, "m": m, "v": v} -> {"t": t, "m": m_hat, "v": v_hat}
square_of_m = squares_the_average: (1 - beta2) * grad**2 -> (1 - beta2) * (m * m)
one_and_no_eps = t_fixed_at_one, eps_hard_coded:
    state.get("t", 0) + 1 -> 1
    np.sqrt(v_hat) + eps -> np.sqrt(v_hat) + 1e-8
uncorrected_and_no_root = no_bias_correction, no_square_root:
    lr * m_hat -> lr * m
    np.sqrt(v_hat) -> v
""",
)
versions.edits(
    "adam",
    """
log_of_beta:
    1 - beta1**t -> -math.expm1(t * math.log(beta1))
    1 - beta2**t -> -math.expm1(t * math.log(beta2))
geometric_sums:
    1 - beta1**t -> (1 - beta1) * sum(beta1**k for k in range(t))
    1 - beta2**t -> (1 - beta2) * sum(beta2**k for k in range(t))
eps_below_scaled:
    lr * m_hat -> lr * (1 - beta2**t) ** 0.5 * m_hat
    np.sqrt(v_hat) + eps -> np.sqrt(v) + (1 - beta2**t) ** 0.5 * eps
""",
    right=True,
)


@versions.wrong("adam")
def moments_from_the_first_gradient(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    return ADAM(w, grad, state or {"m": grad, "v": grad**2}, lr=lr, betas=betas, eps=eps)


@versions.wrong("adam")
def memorised(w, grad, state, **hyper):
    return np.full_like(w, 0.1), state


@versions.wrong("adam")
def decayed_too(w, grad, state, **hyper):
    return ADAMW(w, grad, state, weight_decay=1e-2, **hyper)


versions.wrong("adam", label="amsgrad")(AMSGRAD)
versions.wrong("adam", "no_bias_correction", label="uncorrected")(UNCORRECTED)


@versions.wrong("adam", "shared_t", remembers=True)
def count_in_a_global():
    t = 0

    def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        nonlocal t
        t += 1
        m = betas[0] * state.get("m", np.zeros_like(w)) + (1 - betas[0]) * grad
        v = betas[1] * state.get("v", np.zeros_like(w)) + (1 - betas[1]) * np.square(grad)
        step = m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)
        return w - lr * step, {"m": m, "v": v}

    return adam


@versions.wrong("adam", "shared_memory", remembers=True)
def moments_in_globals():
    m = v = t = 0

    def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        nonlocal m, v, t
        t += 1
        m = betas[0] * m + (1 - betas[0]) * grad
        v = betas[1] * v + (1 - betas[1]) * grad**2
        return w - lr * (m / (1 - betas[0] ** t)) / (np.sqrt(v / (1 - betas[1] ** t)) + eps), state

    return adam


@versions.wrong("adam", remembers=True)
def count_of_the_first_parameter():
    """Only one of the parameters raises t: the step count of a whole sweep, students say."""
    first, t = [], [0]

    def adam(w, grad, state, **hyper):
        if not first:
            first.append(w.shape)
        t[0] += w.shape == first[0]
        return ADAM(w, grad, {**state, "t": t[0] - 1}, **hyper)

    return adam


@versions.right("adam")
def corrected_average(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """The corrected moments averaged directly, with a share that falls from 1 to 1 - beta."""
    t, m, v = state.get("all", (0, 0.0, 0.0))
    one, two = ((1 - beta) / (1 - beta ** (t + 1)) for beta in betas)
    m, v = m + one * (grad - m), v + two * (grad * grad - v)
    return w - lr * m / (np.sqrt(v) + eps), {"all": (t + 1, m, v)}


@versions.right("adam")
def running_products(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """beta^t kept as a product, one factor a step; moments updated in place."""
    if "m" not in state:
        state.update(m=np.zeros_like(w), v=np.zeros_like(w), powers=[1.0, 1.0])
    state["powers"] = [power * beta for power, beta in zip(state["powers"], betas, strict=True)]
    for name, beta, new in (("m", betas[0], grad), ("v", betas[1], np.square(grad))):
        state[name] *= beta
        state[name] += (1 - beta) * new
    m_hat, v_hat = (state[name] / (1 - power) for name, power in zip("mv", state["powers"], strict=True))
    return [w - lr * (m_hat / (np.sqrt(v_hat) + eps)), state]


@versions.right("adam")
def element_by_element(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    t, memory = state.get("all", (0, [(0.0, 0.0)] * w.size))
    new, kept = w.copy(), []
    for i, (m, v) in enumerate(memory):
        g = float(grad.flat[i])
        m, v = betas[0] * m + (1 - betas[0]) * g, betas[1] * v + (1 - betas[1]) * g * g
        new.flat[i] -= lr * m / (1 - betas[0] ** (t + 1)) / (math.sqrt(v / (1 - betas[1] ** (t + 1))) + eps)
        kept.append((m, v))
    return new, {"all": (t + 1, kept)}


# ---------------------------------------------------------------------------- AMSGrad

versions.edits(
    "amsgrad",
    """
from_the_tenth_step: np.maximum(state.get("v_max", 0.0), v) -> np.maximum(state.get("v_max", 0.0), v) if t > 10 else v
largest_gradient_itself = largest_gradient, only_m_corrected:
    np.maximum(state.get("v_max", 0.0), v) -> np.maximum(state.get("v_max", 0.0), grad**2)
    v_max / (1 - beta2**t) -> v_max
maximum_fades: state.get("v_max", 0.0) -> 0.999 * state.get("v_max", 0.0)
never_below_the_first:
    {"t": t, "m": m, "v": v, "v_max": v_max} -> {"t": t, "m": m, "v": v, "v_max": state.get("v_max", v)}
at_least_1e_8: v_max / (1 - beta2**t) -> np.maximum(v_max, 1e-8) / (1 - beta2**t)
built_in_max = one_maximum_for_all:
    np.maximum(state.get("v_max", 0.0), v) -> np.maximum(state.get("v_max", 0.0), max(v.flat, default=0.0)) + 0 * v
where_of_the_corrected = maximum_of_corrected:
    np.maximum(state.get("v_max", 0.0), v) -> np.where((x := v / (1 - beta2**t)) > (y := state.get("v_max", 0.0)), x, y)
    v_max / (1 - beta2**t) -> v_max
v_takes_its_place = maximum_averaged_on:
    np.maximum(state.get("v_max", 0.0), v) -> np.maximum(state.get("v", 0.0), v)
    {"t": t, "m": m, "v": v, "v_max": v_max} -> {"t": t, "m": m, "v": v_max}
as_in_the_paper = no_bias_correction:
    m / (1 - beta1**t) -> m
    v_max / (1 - beta2**t) -> v_max
maximum_beside = no_maximum: v_hat = v_max / (1 - beta2**t) -> v_hat = v / (1 - beta2**t)
""",
)
versions.edits(
    "amsgrad",
    """
maximum_of_three: np.maximum(state.get("v_max", 0.0), v) -> np.maximum.reduce([state.get("v_max", 0 * v), v, 0 * v])
positive_part: np.maximum(state.get("v_max", 0.0), v) -> (x := state.get("v_max", 0.0)) + (v - x) * (v > x)
uncorrected_again:
    np.maximum(state.get("v_max", 0.0), v) -> np.maximum(state.get("v_max", 0.0), v / (1 - beta2**t) * (1 - beta2**t))
with_where: np.maximum(state.get("v_max", 0.0), v) -> np.where(v > (x := state.get("v_max", 0.0)), v, x)
""",
    right=True,
)
versions.wrong("amsgrad", "no_maximum", label="adam")(ADAM)


# ---------------------------------------------------------------------------- L2 and decoupled decay

versions.edits(
    "adam_l2",
    """
default_of_adamw: -> weight_decay = weight_decay or 0.01
matrices_only: weight_decay * w -> weight_decay * w * (w.ndim > 1)
normalised: weight_decay * w -> weight_decay * w / np.linalg.norm(w)
mean: weight_decay * w -> weight_decay * w / w.size
squared: weight_decay * w -> weight_decay * w * abs(w)
root: weight_decay * w -> weight_decay**0.5 * w
large_weights_only: weight_decay * w -> weight_decay * np.where(abs(w) > 0.1, w, 0)
last_w:
    weight_decay * w -> weight_decay * state.get("w", w)
    {"t": t, "m": m, "v": v} -> {"t": t, "m": m, "v": v, "w": w}
after_the_step = decoupled:
    grad = grad + weight_decay * w ->
    w - step -> (w - step) - lr * weight_decay * (w - step)
added_in_place = in_place: grad = grad + weight_decay * w -> np.add(grad, weight_decay * w, out=grad)
doubled = factor_two: weight_decay * w -> weight_decay * (w + w)
uncorrected = no_bias_correction:
    m / (1 - beta1**t) -> m
    v / (1 - beta2**t) -> v
a_hundredth = weight_decay_hard_coded: weight_decay * w -> 0.01 * w
""",
)
versions.edits(
    "adam_l2",
    """
as_a_gradient: weight_decay * w -> weight_decay * 0.5 * (w + w)
einsum: weight_decay * w -> np.einsum("...,->...", w, weight_decay).astype(w.dtype)
if_there_is_one: grad = grad + weight_decay * w -> grad = grad + weight_decay * w if weight_decay else grad
on_a_copy: grad = grad + weight_decay * w -> grad = grad.copy(); grad += weight_decay * w
""",
    right=True,
)
versions.edits(
    "adamw",
    """
exponential: w - lr * weight_decay * w -> w * math.exp(-lr * weight_decay)
root_of_lr: lr * weight_decay * w -> lr**0.5 * weight_decay * w
matrices_only: lr * weight_decay * w -> lr * weight_decay * w * (w.ndim > 1)
only_where_it_moves: lr * weight_decay * w -> lr * weight_decay * w * (grad != 0)
once: w - lr * weight_decay * w -> w - lr * weight_decay * w * (not state)
from_the_second_step: w - lr * weight_decay * w -> w - lr * weight_decay * w * bool(state)
half_and_half:
    w = w - lr * weight_decay * w -> w = w - lr * weight_decay / 2 * w; grad = grad + weight_decay / 2 * w
first_lr:
    lr * weight_decay * w -> state.get("lr", lr) * weight_decay * w
    {"t": t, "m": m, "v": v} -> {"t": t, "m": m, "v": v, "lr": state.get("lr", lr)}
on_w_itself = in_place: w = w - lr * weight_decay * w -> w *= 1 - lr * weight_decay
of_the_new = decay_after_step:
    w = w - lr * weight_decay * w ->
    w - step -> (x := w - step) - lr * weight_decay * x
m_alone = only_m_corrected: v / (1 - beta2**t) -> v
""",
)
versions.edits(
    "adamw",
    """
old_w_subtracted:
    w = w - lr * weight_decay * w ->
    w - step -> w - step - weight_decay * lr * w
factor: w - lr * weight_decay * w -> (1 - lr * weight_decay) * w
two_subtractions: w - lr * weight_decay * w -> w - w * weight_decay * lr
""",
    right=True,
)
for _id, _name, _other in (
    ("adam_l2", "decoupled", ADAMW),
    ("adamw", "coupled", ADAM_L2),
    ("adam_l2", "no_decay", ADAM),
    ("adamw", "no_decay", ADAM),
):
    versions.wrong(_id, _name, label=f"{_name}_{_other.__module__.split('.')[-1]}", remembers=True)(
        lambda other=_other: (
            lambda w, grad, state, *, weight_decay=None, **hyper: other(
                w, grad, state, **hyper, **({} if other is ADAM else {"weight_decay": weight_decay})
            )
        )
    )


# ---------------------------------------------------------------------------- Nadam

versions.edits(
    "nadam",
    """
other_base:
    0.96 ** (t * momentum_decay) -> 0.95 ** (t * momentum_decay)
    0.96 ** ((t + 1) * momentum_decay) -> 0.95 ** ((t + 1) * momentum_decay)
nothing_before_the_second: m_part + grad_part -> (m_part + grad_part if state else grad)
product_of_the_next: 1 - product * mu_next -> 1 - product * mu_next**2
product_starts_at_half: state.get("product", 1.0) -> state.get("product", 0.5)
gradient_in_full: (1 - mu) * grad / (1 - product) -> grad
minus: m_part + grad_part -> m_part - grad_part
warm_after_40_steps:
    t * momentum_decay -> min(t, 40) * momentum_decay
    (t + 1) * momentum_decay -> min(t + 1, 40) * momentum_decay
momentum_decay_at_least: -> momentum_decay = max(momentum_decay, 4e-3)
fixed_decay = momentum_decay_hard_coded:
    t * momentum_decay -> t / 250
    (t + 1) * momentum_decay -> (t + 1) / 250
one_more = mu_one_ahead:
    t * momentum_decay -> momentum_decay + t * momentum_decay
    (t + 1) * momentum_decay -> momentum_decay + (t + 1) * momentum_decay
product_with_the_next = next_mu_kept:
    {"t": t, "product": product, "m": m, "v": v} -> {"t": t, "product": mu_next * product, "m": m, "v": v}
""",
)
versions.edits(
    "nadam",
    """
half_of_beta: beta1 * (1 - 0.5 * 0.96 ** (t * momentum_decay)) -> beta1 - beta1 / 2 * 0.96 ** (momentum_decay * t)
one_denominator:
    mu_next * m / (1 - product * mu_next) -> mu_next * m * (1 - product) / ((1 - product) * (1 - product * mu_next))
""",
    right=True,
)
versions.wrong("nadam", "plain_adam", label="adam", remembers=True)(
    lambda: lambda w, grad, state, *, lr=2e-3, momentum_decay=4e-3, **hyper: ADAM(w, grad, state, lr=lr, **hyper)
)


@versions.right("nadam")
def mu_of_the_next_step_kept(w, grad, state, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
    """Each mu computed once: this step's next is the next one's this."""
    beta1, beta2 = betas
    t, mu, product, m, v = state.get("all", (0, beta1 * (1 - 0.5 * 0.96**momentum_decay), 1.0, 0 * w, 0 * w))
    t, product = t + 1, product * mu
    mu_next = beta1 * (1 - 0.96 ** ((t + 1) * momentum_decay) / 2)
    m, v = m + (1 - beta1) * (grad - m), v + (1 - beta2) * (np.square(grad) - v)
    m_bar = m * (mu_next / (1 - product * mu_next)) + grad * ((1 - mu) / (1 - product))
    root = (1 - beta2**t) ** 0.5
    return [w - lr * root * m_bar / (np.sqrt(v) + eps * root), {"all": (t, mu_next, product, m, v)}]


# ---------------------------------------------------------------------------- the tests

test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()


def test_nadams_reference_leaves_pytorchs_default_dtype_as_it_was():
    dtype = torch.get_default_dtype()
    stepper = exercises.load("nadam").reference(np.zeros(2), betas=(0.9, 0.99))
    stepper.step(np.zeros(2), np.ones(2), 0.1)
    assert torch.get_default_dtype() == dtype == torch.float32
    product = stepper.optimizer.state[stepper.w]["mu_product"]
    assert product.dtype == torch.float64


def test_a_case_can_leave_lr_out_and_set_the_size_of_the_gradients():
    exercise = exercises.load("adam")
    rng = np.random.default_rng(0)
    default = exercise.probe(Case("defaults", lr=None, steps=3), rng)
    assert default.called == "adam(w, grad, state)"
    assert all("lr" not in step[4] for step in default.script.steps if step[0] == "call")
    sized = exercise.probe(Case("sizes", lr=(0.1, 0.2), sizes=(0.0, 1e6), steps=4), rng)
    assert sized.called == "adam(w, grad, state, lr=0.1 then 0.2)"
    largest = [np.abs(step[3][1]).max() for step in sized.script.steps if step[0] == "call"]
    assert largest[:2] == [0.0, 0.0] and min(largest[2:]) > 1e4


@pytest.mark.parametrize("exercise_id", ["adagrad", "rmsprop", "adam", "adamw", "nadam"])
def test_the_place_of_eps_costs_a_quarter_at_most(exercise_id):
    wrong = next(m for m in exercises.load(exercise_id).mistakes if m.name == "eps_inside_root")
    verdict = verdict_on(exercise_id, *wrong.functions)
    crosses = [case.title for case in verdict.cases if case.failed]
    assert len(crosses) == 2 and crosses[0].startswith("a large eps") and "default" in crosses[1]
    assert verdict.points >= 7.5


def test_results_in_another_order_and_a_state_read_too_early_are_told():
    def swapped(w, grad, state, **hyper):
        return ADAM(w, grad, state, **hyper)[::-1]

    def too_early(w, grad, state, **hyper):
        return ADAM(w, grad, {"t": state["t"], "m": state["m"], "v": state["v"]}, **hyper)

    assert "in another order" in verdict_on("adam", swapped).facts[0]
    assert "`{}` before" in verdict_on("adam", too_early).facts[0]


def test_a_memory_that_an_earlier_check_left_is_told():
    (by_shape,) = next(m for m in exercises.load("adam").mistakes if "of one shape" in m.sentence).functions
    assert verdict_on("adam", by_shape).mistakes == ["shared_memory"]
    assert "when the same calls are made again" in verdict_on("adam", by_shape).facts[0]
