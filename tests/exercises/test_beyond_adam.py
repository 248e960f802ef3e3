"""The successors of Adam: versions that the bank lacks, mistakes in other words, right ones in other styles."""

import math

import numpy as np
import pytest
import torch

from autograder import exercises

from .versions import Versions, verdict_on

versions = Versions()

ADAM, RADAM, DIFFGRAD, ADABELIEF, ADANORM, ADAMNORM = (
    exercises.load(name).right[0] for name in ("adam", "radam", "diffgrad", "adabelief", "adanorm", "adamnorm")
)
FACTOR = "(rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)"
XI = '1 / (1 + np.exp(-np.abs(state.get("g", 0.0) - grad)))'


# ---------------------------------------------------------------------------- RAdam

versions.edits(
    "rectification",
    f"""
at_four = threshold_four: rho > 5 -> rho >= 4
at_six_steps = threshold_on_t: rho > 5 -> t >= 6
no_minus_one = rho_inf_wrong: 2 / (1 - beta2) - 1 -> 2 * 1 / (1 - beta2)
squared_no_root = no_root: math.sqrt({FACTOR}) -> {FACTOR}
rho_less_one: 2 * t * faded -> 2 * (t - 1) * faded
factor_missing: {FACTOR} -> (rho - 2) * rho_inf / ((rho_inf - 2) * rho)
five_for_four: {FACTOR} -> (rho - 5) * (rho - 2) * rho_inf / ((rho_inf - 5) * (rho_inf - 2) * rho)
capped: math.sqrt({FACTOR}) -> min(0.99, math.sqrt({FACTOR}))
late_one: math.sqrt({FACTOR}) -> math.sqrt({FACTOR}) if t < 500 else 1.0
""",
)
versions.edits(
    "rectification",
    """
not_at_most: rho > 5 -> not rho <= 5
exponential: beta2**t -> math.exp(t * math.log(beta2))
closed_form: 2 / (1 - beta2) - 1 -> (1 + beta2) / (1 - beta2)
""",
    right=True,
)
versions.edits(
    "radam",
    f"""
at_four = threshold_four: rho > 5 -> rho > 4.0
count_for_rho = threshold_on_t: rho > 5 -> t >= 6
plain_at_first = m_uncorrected_at_first: step = lr * m_hat -> step = lr * m_hat * (1 - beta1**t)
nothing_at_first = no_step_at_first: step = lr * m_hat -> step = np.zeros_like(w)
eps_for_the_corrected = eps_after_correction: np.sqrt(v) + eps -> np.sqrt(v) + math.sqrt(1 - beta2**t) * eps
r_alone_squared = no_root: math.sqrt({FACTOR}) -> {FACTOR}
moments_wait: beta1 * state.get("m", 0.0) -> beta1 * state.get("m", 0.0) * (t > 5)
sign_at_first: step = lr * m_hat -> step = lr * np.sign(m_hat)
r_in_the_state: {{"t": t, "m": m, "v": v}} -> {{"t": t, "m": m if rho <= 5 else m * r, "v": v}}
half_at_first: step = lr * m_hat -> step = lr * m_hat / 2
all_of_beta1 = rho_inf_from_beta1:
    rho_inf = 2 / (1 - beta2) - 1 -> rho_inf = (1 + beta1) / (1 - beta1)
    faded = beta2**t -> faded = beta1**t
squares_below = no_square_root:
    lr * m_hat * r * math.sqrt(1 - beta2**t) -> lr * m_hat * r * (1 - beta2**t)
    np.sqrt(v) + eps -> v + eps
""",
)
versions.wrong("radam", "no_rectification", "eps_after_correction", label="adam")(ADAM)


@versions.right("radam")
def corrected_second_moment(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    """eps scaled, v corrected: the root of what is corrected, and eps over the same root."""
    t = state["t"] = state.get("t", 0) + 1
    m = state["m"] = betas[0] * state.get("m", np.zeros_like(w)) + (1 - betas[0]) * grad
    v = state["v"] = betas[1] * state.get("v", np.zeros_like(w)) + (1 - betas[1]) * grad * grad
    left = 1 - betas[1] ** t
    rho_inf = 2 / (1 - betas[1]) - 1
    rho = rho_inf - 2 * t * (1 - left) / left
    move = m / (1 - betas[0] ** t)
    if rho > 5:
        above, below = (rho - 4) * (rho - 2) * rho_inf, (rho_inf - 4) * (rho_inf - 2) * rho
        move = move * (above / below) ** 0.5 / (np.sqrt(v / left) + eps / left**0.5)
    return [w - lr * move, state]


# ---------------------------------------------------------------------------- diffGrad

versions.edits(
    "diffgrad",
    f"""
minus_for_plus = friction_of_the_negative:
    np.exp(-np.abs(state.get("g", 0.0) - grad)) -> np.exp(abs(state.get("g", 0.0) - grad))
half_for_ever = no_change_seen: {XI} -> 0.5
sign_kept = no_abs: -np.abs(state.get("g", 0.0) - grad) -> grad - state.get("g", 0.0)
bare_change = sigmoid_missing: {XI} -> abs(grad - state.get("g", 0.0))
first_to_itself = starts_with_this_gradient: state.get("g", 0.0) -> state.get("g", grad + 0)
friction_on_both = one_friction_for_all:
    np.abs(state.get("g", 0.0) - grad) -> np.mean(np.abs(grad - state.get("g", 0.0)))
relative_change: np.abs(state.get("g", 0.0) - grad) -> np.abs(state.get("g", 0.0) - grad) / (np.abs(grad) + 1e-12)
two_before: grad.copy() -> (grad.copy() + state.get("g", 0.0)) / 2
change_of_squares: state.get("g", 0.0) - grad -> state.get("g", 0.0) ** 2 - grad**2
sigmoid_rescaled: lr * xi * m_hat -> lr * (2 * xi - 1) * m_hat
root_of_xi: lr * xi * m_hat -> lr * np.sqrt(xi) * m_hat
v_too: (1 - beta2) * grad**2 -> (1 - beta2) * (xi * grad) ** 2
""",
)
versions.edits(
    "diffgrad",
    f"""
by_expit: {XI} -> (1 + np.tanh(np.abs(state.get("g", 0.0) - grad) / 2)) / 2
exponential_above: {XI} -> 1 - 1 / (1 + np.exp(np.minimum(np.abs(state.get("g", 0.0) - grad), 40.0)))
zeros_before: state.get("g", 0.0) -> state.get("g", np.zeros_like(grad))
array_for_copy: grad.copy() -> np.array(grad)
""",
    right=True,
)
versions.wrong("diffgrad", "no_friction", label="adam")(ADAM)


@versions.wrong("diffgrad", "kept_as_an_alias", remembers=True)
def the_papers_own():
    def diffgrad(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        last = state.get("previous_grad", np.zeros_like(grad))
        new, kept = DIFFGRAD(w, grad, {**state, "g": last}, lr=lr, betas=betas, eps=eps)
        return new, {"t": kept["t"], "m": kept["m"], "v": kept["v"], "previous_grad": grad}

    return diffgrad


# ---------------------------------------------------------------------------- AdaBelief

SURPRISE = 'beta2 * state.get("s", 0.0) + (1 - beta2) * (grad - m) ** 2'
versions.edits(
    "adabelief",
    f"""
variance = old_and_new_m: (grad - m) ** 2 -> (grad - m) * (grad - state.get("m", 0.0))
square_of_g = squares_of_gradients: (grad - m) ** 2 -> grad * grad
before = old_m: (grad - m) ** 2 -> np.square(state.get("m", 0.0) - grad)
default = eps_of_adam: eps=1e-16 -> eps=0.00000001
share_of_eps = eps_not_kept: {SURPRISE} + eps -> {SURPRISE} + eps * (1 - beta2)
no_eps_in_s = eps_not_in_s: {SURPRISE} + eps -> {SURPRISE}
eps_squared: {SURPRISE} + eps -> {SURPRISE} + eps**2
eps_under_the_root = eps_inside_root: np.sqrt(s_hat) + eps -> np.sqrt(s_hat + eps)
m_hat_for_m = corrected_m: (grad - m) ** 2 -> (m / (1 - beta1**t) - grad) ** 2
largest: s / (1 - beta2**t) -> np.maximum(s, state.get("s", 0.0)) / (1 - beta2**t)
""",
)
versions.edits(
    "adabelief",
    f"""
other_way_round: (grad - m) ** 2 -> (m - grad) * (m - grad)
eps_first: {SURPRISE} + eps -> eps + {SURPRISE}
""",
    right=True,
)
versions.wrong("adabelief", label="adam")(ADAM)


# ---------------------------------------------------------------------------- AdaNorm

versions.edits(
    "adanorm",
    """
sum_of_sizes = one_norm: np.linalg.norm(grad) -> np.sum(np.abs(grad))
rises_only: (1 - gamma) * n -> (1 - gamma) * max(n, state.get("e", 0.0))
at_least: e > n > 0 -> e > 2 * n > 0
capped: e / n -> min(e / n, 2.0)
corrected_in_the_history: {"e": e} -> {"e": gamma * state.get("e", 0.0) + (1 - gamma) * max(n, e)}
e_for_all_of_it: grad * (e / n) -> np.sign(grad) * e
first_norm_in_full = starts_with_the_norm: state.get("e", 0.0) -> state.get("e", float(n))
""",
)
versions.edits(
    "adanorm",
    """
mean_square: np.linalg.norm(grad) -> np.sqrt(np.sum(grad * grad))
frobenius: np.linalg.norm(grad) -> np.linalg.norm(grad.ravel())
maximum: grad * (e / n) if e > n > 0 else grad -> grad * (max(e, n) / n) if n > 0 else grad
a_copy: grad * (e / n) if e > n > 0 else grad -> grad * (e / n) if e > n > 0 else grad.copy()
rms_throughout: np.linalg.norm(grad) -> np.sqrt(np.mean(grad * grad)) if grad.size else 0.0
""",
    right=True,
)
for _id in ("adamnorm", "radamnorm"):
    versions.edits(
        _id,
        """
both_corrected = v_corrected_too: grad**2 -> corrected * corrected
start = starts_with_the_norm: state.get("e", 0.0) -> state.get("e", float(n))
always = always_scaled: e > n > 0 -> n > 0
cut_too: grad * (e / n) if e > n > 0 else grad -> grad * min(e / n, 3.0) if n > 0 else grad
no_memory_of_m = no_first_moment: beta1 * state.get("m", 0.0) + (1 - beta1) * corrected -> corrected
"""
        if _id != "radamnorm"
        else """
both_corrected = v_corrected_too: grad**2 -> corrected * corrected
start = starts_with_the_norm: state.get("e", 0.0) -> state.get("e", float(n))
radam_itself = never_scaled: gamma * state.get("e", 0.0) -> gamma * 0.0
only_later = corrected_once_rectified: (1 - beta1) * corrected -> (1 - beta1) * (corrected if rho > 5.0 else grad)
""",
    )
versions.edits(
    "adabeliefnorm",
    """
as_published = surprise_of_the_corrected: (grad - m) ** 2 -> np.square(m - corrected)
shorter = scaled_the_other_way: grad * (e / n) -> grad * (n / e)
""",
)
versions.wrong("adamnorm", "never_scaled", label="adam", remembers=True)(
    lambda: lambda w, grad, state, *, gamma=0.95, **hyper: ADAM(w, grad, state, **hyper)
)


@versions.wrong("adamnorm", "moment_corrected_after")
def of_the_average(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    """adanorm is given m, and what it gives back is kept."""
    t, m, v, norms = state.get("all", (0, 0.0, 0.0, {}))
    m, norms = ADANORM(betas[0] * m + (1 - betas[0]) * grad, norms, gamma=gamma)
    t, v = t + 1, betas[1] * v + (1 - betas[1]) * grad * grad
    return w - lr * m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps), {"all": (t, m, v, norms)}


@versions.right("adamnorm")
def by_pieces(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    """adanorm has a state within the state."""
    longer, norms = ADANORM(grad, state.get("norms", {}), gamma=gamma)
    t, m, v = state.get("adam", (0, 0.0, 0.0))
    t, m = t + 1, betas[0] * m + (1 - betas[0]) * longer
    v = betas[1] * v + (1 - betas[1]) * np.square(grad)
    below = np.sqrt(v / (1 - betas[1] ** t)) + eps
    return w - lr * m / (1 - betas[0] ** t) / below, {"norms": norms, "adam": (t, m, v)}


# ---------------------------------------------------------------------------- AdaInject

PUSH = '(grad + (state["w"] - w) * grad * grad) / k'
for _id in ("inject", "adaminject"):
    versions.edits(
        _id,
        f"""
turned = wrong_sign: (state["w"] - w) -> -(state["w"] - w)
undivided = k_missing: {PUSH} -> grad + (state["w"] - w) * grad**2
half_of_it = k_on_the_injection: {PUSH} -> (state["w"] - w) * grad**2 / k + grad
always_two = k_hard_coded: {PUSH} -> (grad + (state["w"] - w) * grad * grad) / 2
cubed: (state["w"] - w) * grad * grad -> (state["w"] - w) * grad**3
at_first_too = divided_at_first: {PUSH} if "w" in state else grad -> (grad + (state.get("w", w) - w) * grad**2) / k
""",
    )
    versions.edits(
        _id,
        f"""
factored: {PUSH} -> grad * (1 + (state["w"] - w) * grad) / k
two_quotients: {PUSH} -> grad / k - (w - state["w"]) * grad**2 / k
""",
        right=True,
    )
versions.edits(
    "adaminject",
    """
slide = v_from_the_second: (1 - beta2) * grad**2 -> (1 - beta2) * grad**2 * min(t - 1, 1)
own_step = new_w_kept: w.copy() -> (w - step) + (state["w"] - w if "w" in state else 0) * 0
""",
)


@versions.wrong("inject", "injected_from_the_third")
def two_steps_of_nothing(w, grad, state, *, k=2.0):
    before, count = state.get("last", (w, 0))
    taken = (grad + (before - w) * grad**2) / k if count > 1 else grad
    return taken, {"last": (w.copy(), count + 1)}


@versions.wrong("adaminject", remembers=True)
def step_kept_for_the_change():
    """dw is the last step, whoever moved w in between."""
    right = exercises.load("adaminject").right[0]

    def adaminject(w, grad, state, **hyper):
        given = {**state, "w": w + state["step"]} if "step" in state else state
        new, kept = right(w, grad, {name: value for name, value in given.items() if name != "step"}, **hyper)
        return new, {**kept, "step": w - new}

    return adaminject


# ---------------------------------------------------------------------------- moment centralization

MEAN = "v.mean(axis=tuple(range(1, v.ndim)), keepdims=True)"
versions.edits(
    "moment_centralized_sgd",
    f"""
global_mean = mean_over_everything: {MEAN} -> np.mean(v)
of_columns = first_axis: {MEAN} -> v.mean(axis=0)
convolutions_only = matrices_left_out: v.ndim > 1 -> v.ndim >= 3
plain = not_centred: v.ndim > 1 -> False
median: {MEAN} -> np.median(v, axis=tuple(range(1, v.ndim)), keepdims=True)
half: {MEAN} -> {MEAN} / 2
not_those_of_one: v.ndim > 1 -> v.ndim > 1 and v[0].size > 1
""",
)
versions.edits(
    "moment_centralized_sgd",
    f"""
kept_centred: {{"v": v}} -> {{"v": u}}
flattened: {MEAN} -> v.reshape(len(v), -1).mean(axis=1).reshape(-1, *[1] * (v.ndim - 1))
sum_over_count: {MEAN} -> v.sum(axis=tuple(range(1, v.ndim)), keepdims=True) / v[0].size
by_w: v.ndim > 1 -> w.ndim >= 2
""",
    right=True,
)
versions.edits(
    "adam_mc",
    """
centred_once_more: np.sqrt(v_hat) + eps -> np.sqrt(v_hat) + eps + 0.01
v_of_u = gradient_centred_for_both:
    grad**2 -> (grad - (grad.mean(axis=tuple(range(1, grad.ndim)), keepdims=True) if grad.ndim > 1 else 0)) ** 2
""",
)
versions.wrong("adam_mc", "not_centred", label="adam")(ADAM)


# ---------------------------------------------------------------------------- a learnt rate

SUM = 'np.sum(grad * state.get("g", 0.0))'
versions.edits(
    "learned_sgd_lr",
    f"""
minus = wrong_sign: hyper_lr * {SUM} -> -hyper_lr * {SUM}
before = old_rate_used: rate * grad -> grad * state.get("rate", lr)
averaged = mean_for_sum: {SUM} -> {SUM} / max(grad.size, 1)
not_below_zero = clipped: rate * grad -> (rate if rate > 0 else 0.0) * grad
of_signs: {SUM} -> np.sum(np.sign(grad * state.get("g", 0.0)))
decaying: state.get("rate", lr) -> 0.99 * state.get("rate", lr)
never_learns = plain_sgd: hyper_lr * {SUM} -> 0 * {SUM}
at_most_one: rate * grad -> min(rate, 1.0) * grad
largest_product: {SUM} -> np.max(grad * state.get("g", 0.0), initial=0.0)
""",
)
versions.edits(
    "learned_sgd_lr",
    f"""
dot: {SUM} -> np.dot(grad.ravel(), (state.get("g", 0.0) + 0 * grad).ravel())
vdot: {SUM} -> float(np.vdot(grad, state.get("g", np.zeros_like(grad))))
times_minus: hyper_lr * {SUM} -> hyper_lr * -np.sum(-grad * state.get("g", 0.0))
""",
    right=True,
)


# ---------------------------------------------------------------------------- the tests

test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()


@pytest.fixture(scope="module")
def pytorch_optimizer():
    """Loaded by the process that needs it: it takes longer than the rest of this file."""
    return pytest.importorskip("pytorch_optimizer")


def against(kind, exercise_id, *, eps, steps=40, size=1.0, shape=(4, 3), **options):
    """The largest difference between a reference and an optimizer of pytorch_optimizer, over a walk."""
    draw = np.random.default_rng(0)
    own = {name: options[name] for name in ("gamma",) if name in options}
    theirs = {"r" if name == "gamma" else name: value for name, value in options.items()}
    start = draw.standard_normal(shape)
    w = torch.nn.Parameter(torch.tensor(start))
    other = kind([w], lr=0.05, betas=(0.9, 0.99), eps=eps, **theirs)
    reference = exercises.load(exercise_id).reference(start, betas=(0.9, 0.99), eps=eps, **own)
    worst, at = 0.0, start
    for t in range(steps):
        grad = size * draw.uniform(0.2, 2) * (draw.standard_normal(shape) + 0.3) * (0.1 if t % 7 == 6 else 1)
        w.grad = torch.tensor(grad)
        other.step()
        at = reference.step(at, grad, 0.05)
        worst = max(worst, float(np.abs(at - w.detach().numpy()).max()))
    return worst


@pytest.mark.parametrize(
    ("kind", "exercise_id", "options"),
    [
        ("DiffGrad", "diffgrad", {"eps": 1e-13}),
        ("AdaNorm", "adamnorm", {"eps": 1e-13, "gamma": 0.8}),
        ("AdaBelief", "adabelief", {"eps": 1e-16}),
        ("AdaBelief", "adabelief", {"eps": 1e-3}),
        ("RAdam", "radam", {"eps": 1e-8, "degenerated_to_sgd": True}),
    ],
)
def test_the_references_agree_with_pytorch_optimizer_where_it_is_one(pytorch_optimizer, kind, exercise_id, options):
    # At gradients near 1 and this eps its 1e-15 under the root does not show.
    assert against(getattr(pytorch_optimizer, kind), exercise_id, **options) < 1e-9


def test_where_it_is_none_they_part(pytorch_optimizer):
    assert against(pytorch_optimizer.DiffGrad, "diffgrad", eps=1e-2) > 1e-4
    assert against(pytorch_optimizer.AdaNorm, "adamnorm", eps=1e-13, size=1e-8, gamma=0.8) > 1e-4


def test_rectification_is_the_factor_of_pytorchs_steps():
    r = exercises.load("rectification").right[0]
    assert [next(t for t in range(1, 20) if r(t, beta2) > 0) for beta2 in (0.9, 0.99, 0.999, 0.8)] == [6, 6, 6, 7]
    assert all(r(t, beta2) == 0.0 for beta2 in (0.5, 2 / 3) for t in (1, 10, 100, 1000))


def test_centring_a_gradient_a_velocity_or_a_step_is_one_function_and_a_row_of_one_entry_stands_still():
    step = exercises.load("moment_centralized_sgd").right[0]
    w, grad = np.ones((5, 1)), np.arange(5.0)[:, None]
    assert np.array_equal(step(w, grad, {}, lr=0.1)[0], w)
    moved, _ = step(np.zeros((3, 4)), np.arange(12.0).reshape(3, 4), {}, lr=0.1)
    np.testing.assert_allclose(moved.mean(axis=1), 0, atol=1e-15)


def test_the_published_radamnorm_is_radam():
    mistake = next(m for m in exercises.load("radamnorm").mistakes if m.name == "never_scaled")
    (published,) = mistake.functions
    draw = np.random.default_rng(1)
    one, other, states = np.ones(4), np.ones(4), [{}, {}]
    for t in range(30):
        grad = draw.standard_normal(4) * (10.0 if t % 5 else 0.1)
        one, states[0] = published(one, grad, states[0], lr=0.1)
        other, states[1] = RADAM(other, grad, states[1], lr=0.1)
    np.testing.assert_array_equal(one, other)
    assert math.isfinite(float(one.sum()))


@pytest.mark.parametrize("exercise_id", ["adanorm", "inject"])
def test_a_transform_is_asked_without_a_rate_and_told_of_in_its_own_words(exercise_id):
    def raw(*arguments, **options):
        return 2 * arguments[-2], arguments[-1]

    verdict = verdict_on(exercise_id, raw)
    first = next(case for case in verdict.cases if case.failed)
    assert first.called.startswith(f"{exercise_id}({'w, ' if exercise_id == 'inject' else ''}grad, state, ")
    assert "lr" not in first.called
    assert "of step 1" in first.message
