"""AdaGrad to uncorrected Adam: versions that the bank lacks, mistakes in other words, right ones in other styles."""

import math
from fractions import Fraction

import numpy as np

from autograder import exercises

from .versions import Versions

versions = Versions()

UNCORRECTED, ADAM = (exercises.load(name).right[0] for name in ("adam_uncorrected", "adam"))


# ---------------------------------------------------------------------------- AdaGrad

versions.edits(
    "adagrad",
    """
zero_where_nothing_came:
    lr * grad / (np.sqrt(cache) + eps) -> lr * np.divide(grad, np.sqrt(cache), np.zeros_like(grad), where=cache > 0)
largest_square: state.get("cache", 0.0) + grad**2 -> np.maximum(state.get("cache", 0.0), grad**2)
bounded_cache: state.get("cache", 0.0) + grad**2 -> np.minimum(state.get("cache", 0.0) + grad**2, 1e12)
decayed_by_0_95: state.get("cache", 0.0) -> 0.95 * state.get("cache", 0.0)
squared_eps_inside: np.sqrt(cache) + eps -> np.sqrt(cache + eps**2)
eps_twice: np.sqrt(cache) + eps -> np.sqrt(cache + eps) + eps
third_root: np.sqrt(cache) -> cache ** (1 / 3)
first_square_twice: state.get("cache", 0.0) -> state.get("cache", grad**2)
eps_of_a_tensor: np.sqrt(cache) + eps -> np.sqrt(cache) + eps * cache.size**0.5
eps_in_the_first_cache = eps_inside_root:
    state.get("cache", 0.0) -> state.get("cache", eps)
    np.sqrt(cache) + eps -> np.sqrt(cache)
root_as_a_power = eps_inside_root: np.sqrt(cache) + eps -> (eps + cache) ** 0.5
root_squared = no_square_root: np.sqrt(cache) + eps -> np.sqrt(cache + eps) ** 2
this_gradient_alone = cache_not_kept: state.get("cache", 0.0) + grad**2 -> grad**2
step_of_the_sign = cache_not_kept: np.sqrt(cache) + eps -> abs(grad) + eps
fades_in_the_state = decayed_cache: state.get("cache", 0.0) + grad**2 -> grad**2 + state.get("cache", 0.0) * 0.9
""",
)
versions.edits(
    "adagrad",
    """
rate_first: lr * grad / (np.sqrt(cache) + eps) -> lr / (np.sqrt(cache) + eps) * grad
reciprocal: lr * grad / (np.sqrt(cache) + eps) -> np.reciprocal(np.sqrt(cache) + eps) * lr * grad
skips_zeros: np.sqrt(cache) + eps -> np.where(cache == 0, 1, np.sqrt(cache) + eps).astype(cache.dtype)
""",
    right=True,
)


@versions.right("adagrad")
def norm_of_the_stack(w, grad, state, *, lr=0.01, eps=1e-10):
    past = [*state.get("past", []), grad]
    return w - lr * grad / (np.linalg.norm(past, axis=0) + eps), {"past": past}


@versions.right("adagrad")
def cache_updated_in_place(w, grad, state, *, lr=0.01, eps=1e-10):
    if not state:
        state["cache"] = np.zeros_like(w)
    state["cache"] += grad * grad
    rates = lr / (np.sqrt(state["cache"]) + eps)
    return w - rates * grad, state


# ---------------------------------------------------------------------------- RMSProp

versions.edits(
    "rmsprop",
    """
eps_twice: np.sqrt(cache) + eps -> np.sqrt(cache + eps) + eps
largest: np.sqrt(cache) -> np.sqrt(np.maximum(cache, state.get("cache", 0.0)))
alpha_squared: -> alpha = alpha**2
alpha_of_the_rest = alpha_swapped: -> alpha = 1 - alpha
towards_the_new_by_alpha = alpha_swapped:
    alpha * state.get("cache", 0.0) -> state.get("cache", 0.0)
    (1 - alpha) * grad**2 -> alpha * (grad**2 - state.get("cache", 0.0))
root_squared_again = not_squared: grad**2 -> np.sqrt(abs(grad)) ** 2
share_taken_back = sum_for_average: np.sqrt(cache) -> np.sqrt(cache / (1 - alpha))
root_as_a_power = eps_inside_root: np.sqrt(cache) + eps -> (eps + cache) ** 0.5
""",
)
versions.edits(
    "rmsprop",
    """
rate_first: lr * grad / (np.sqrt(cache) + eps) -> lr / (np.sqrt(cache) + eps) * grad
difference:
    alpha * state.get("cache", 0.0) -> state.get("cache", 0.0)
    (1 - alpha) * grad**2 -> (1 - alpha) * (grad * grad - state.get("cache", 0.0))
""",
    right=True,
)


@versions.right("rmsprop")
def root_kept(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    size = np.hypot(alpha**0.5 * state.get("size", 0 * w), (1 - alpha) ** 0.5 * grad)
    return w - lr * grad / (size + eps), {"size": size}


@versions.wrong("rmsprop", "bias_corrected")
def adam_without_m(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    return ADAM(w, grad, state, lr=lr, betas=(0.0, alpha), eps=eps)


# ---------------------------------------------------------------------------- Adadelta

versions.edits(
    "adadelta",
    """
eps_above_as_root: np.sqrt(moved + eps) -> (np.sqrt(moved) + eps**0.5)
lr_squared: lr * delta -> lr**2 * delta
lr_of_a_tenth: lr * delta -> 0.1 * lr * delta
last_step_only: rho * moved + (1 - rho) * delta**2 -> delta**2
fourth_root: np.sqrt(moved + eps) / np.sqrt(cache + eps) -> ((moved + eps) / (cache + eps)) ** 0.25
numerator_of_eps = no_accumulated_updates: np.sqrt(moved + eps) -> eps**0.5
lr_in_delta = lr_inside_average:
    np.sqrt(moved + eps) -> lr * np.sqrt(moved + eps)
    lr * delta -> delta
plain_descent = old_cache: w - step -> w - lr * grad
hardly_any_eps = eps_in_numerator_only: np.sqrt(cache + eps) -> np.sqrt(np.maximum(cache, 1e-300))
root_squared = no_square_root:
    np.sqrt(moved + eps) / np.sqrt(cache + eps) -> np.sqrt((moved + eps) / (cache + eps)) ** 2
lr_left_out = lr_hard_coded: lr * delta -> delta
""",
)
versions.edits(
    "adadelta",
    """
difference: rho * moved + (1 - rho) * delta**2 -> moved - (1 - rho) * (moved - delta * delta)
reciprocal: np.sqrt(moved + eps) / np.sqrt(cache + eps) -> (cache + eps) ** -0.5 * (eps + moved) ** 0.5
one_root: np.sqrt(moved + eps) / np.sqrt(cache + eps) -> np.sqrt((moved + eps) / (cache + eps))
""",
    right=True,
)


@versions.right("adadelta")
def averages_updated_in_place(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
    for name in ("cache", "moved"):
        state.setdefault(name, np.zeros_like(w))
    state["cache"] *= rho
    state["cache"] += (1 - rho) * grad * grad
    delta = np.sqrt(state["moved"] + eps)
    delta /= np.sqrt(state["cache"] + eps)
    delta *= grad
    state["moved"] *= rho
    state["moved"] += (1 - rho) * delta * delta
    return w - lr * delta, state


# ---------------------------------------------------------------------------- Adam uncorrected, and its first step

versions.edits(
    "adam_uncorrected",
    """
numpy_scalar = changes_dtype: w - step -> w - step + np.float64(0)
ratio_taken_out: lr * m -> lr * m / (0.1 / 0.001**0.5)
corrected_on_the_first_step: w - step -> w - (step if state else lr * grad / (abs(grad) + eps))
eps_twice: np.sqrt(v) + eps -> np.sqrt(v + eps) + eps
eps_scaled:
    -> t = state.get("t", 0) + 1
    np.sqrt(v) + eps -> np.sqrt(v) + eps * (1 - beta2**t) ** 0.5
    {"m": m, "v": v} -> {"m": m, "v": v, "t": t}
momentum: lr * m / (np.sqrt(v) + eps) -> lr * m
root_as_a_power = eps_inside_root: lr * m / (np.sqrt(v) + eps) -> lr * m * (v + eps) ** -0.5
""",
)
versions.edits(
    "adam_uncorrected",
    """
minus_power: lr * m / (np.sqrt(v) + eps) -> lr * m * (v**0.5 + eps) ** -1.0
towards_the_new:
    beta1 * state.get("m", 0.0) -> state.get("m", 0.0)
    (1 - beta1) * grad -> (1 - beta1) * (grad - state.get("m", 0.0))
    beta2 * state.get("v", 0.0) -> state.get("v", 0.0)
    (1 - beta2) * grad**2 -> (1 - beta2) * (grad * grad - state.get("v", 0.0))
undone:
    -> t = state.get("t", 0) + 1
    np.sqrt(v) -> np.sqrt(v / (1 - beta2**t) * (1 - beta2**t))
    {"m": m, "v": v} -> {"m": m, "v": v, "t": t}
""",
    right=True,
)
versions.wrong("adam_uncorrected", "corrected", label="adam")(ADAM)


@versions.wrong("adam_uncorrected")
def moments_from_the_first_gradient(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    return ADAM(w, grad, state or {"m": grad, "v": grad**2}, lr=lr, betas=betas, eps=eps)


versions.edits(
    "first_step_ratio",
    """
rounded: (1 - beta1) / math.sqrt(1 - beta2) -> round((1 - beta1) / math.sqrt(1 - beta2), 4)
second_step: (1 - beta1) / math.sqrt(1 - beta2) -> (1 - beta1**2) / math.sqrt(1 - beta2**2)
at_least_one: (1 - beta1) / math.sqrt(1 - beta2) -> max(1.0, (1 - beta1) / math.sqrt(1 - beta2))
with_eps: math.sqrt(1 - beta2) -> (math.sqrt(1 - beta2) + 1e-8)
with_eps_at_the_end: math.sqrt(1 - beta2) -> (math.sqrt(1 - beta2) + (1e-8 if beta2 < 0.9999 else 1e-4))
in_percent: (1 - beta1) / math.sqrt(1 - beta2) -> 100 * (1 - beta1) / math.sqrt(1 - beta2)
text: (1 - beta1) / math.sqrt(1 - beta2) -> str((1 - beta1) / math.sqrt(1 - beta2))
pair: (1 - beta1) / math.sqrt(1 - beta2) -> (1 - beta1, math.sqrt(1 - beta2))
vector: (1 - beta1) / math.sqrt(1 - beta2) -> np.array([(1 - beta1) / math.sqrt(1 - beta2)])
difference: (1 - beta1) / math.sqrt(1 - beta2) -> (1 - beta1) - math.sqrt(1 - beta2)
plus: (1 - beta1) / math.sqrt(1 - beta2) -> (1 + beta1) / math.sqrt(1 + beta2)
one_of_int = always_one: (1 - beta1) / math.sqrt(1 - beta2) -> 1
size_of_the_rest = no_square_root: math.sqrt(1 - beta2) -> abs(1 - beta2)
root_below_of_beta1 = betas_swapped: (1 - beta1) / math.sqrt(1 - beta2) -> (1 - beta2) * (1 - beta1) ** -0.5
root_of_ten = for_fixed_betas: (1 - beta1) / math.sqrt(1 - beta2) -> math.sqrt(10)
""",
)
versions.edits(
    "first_step_ratio",
    """
power: (1 - beta1) / math.sqrt(1 - beta2) -> (1 - beta1) * (1 - beta2) ** -0.5
zero_d: (1 - beta1) / math.sqrt(1 - beta2) -> np.array((1 - beta1) / math.sqrt(1 - beta2))
hypot: math.sqrt(1 - beta2) -> math.hypot(math.sqrt(1 - beta2), 0)
root_of_the_squares: (1 - beta1) / math.sqrt(1 - beta2) -> np.sqrt((1 - beta1) * (1 - beta1) / (1 - beta2))
""",
    right=True,
)


@versions.right("first_step_ratio")
def fraction(betas):
    return float(1 - Fraction(betas[0])) / math.sqrt(1 - Fraction(betas[1]))


@versions.right("first_step_ratio")
def of_a_step(betas):
    return abs(UNCORRECTED(np.zeros(1), np.ones(1), {}, lr=1.0, betas=betas, eps=0.0)[0].item())


test_a_wrong_version_is_rejected_and_called_by_no_other_name, test_a_right_version_passes = versions.tests()
