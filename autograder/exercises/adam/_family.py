"""The mistakes of Adam's family, as edits of the lines that its members share.

    beta1, beta2 = betas
    t = state.get("t", 0) + 1
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad
    v = beta2 * state.get("v", 0.0) + (1 - beta2) * grad**2
    m_hat = m / (1 - beta1**t)
    v_hat = v / (1 - beta2**t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v}

`adams()` is all of it. A relative with other lines takes the parts that fit: `STEP`, `moments`, `correction`,
`denominator`, `kept`, each `without` what does not; where m averages something else than the gradient, or v
something else than its square, `first` and `square` say what.
"""

from collections.abc import Callable

from autograder.exercises._optimizers import STEP, TINY, denominator
from autograder.judge import Mistake, Slip, slips

# Hyper-parameters of the cases: the paper's, and averages that are soon full.
USUAL = {"betas": (0.9, 0.999), "eps": TINY}
SHORT = {"betas": (0.8, 0.95), "eps": TINY}
LARGE_EPS = {"betas": (0.8, 0.99), "eps": 1e-2}


def moments(first: str = "grad", square: str = "grad**2", v: str = "v") -> list[Slip]:
    """What goes wrong with the two averages: m of `first`, and that of `square`, whose name is `v`."""
    root = f"abs({square.removesuffix('**2').removesuffix('** 2').strip()})"
    return slips(f"""
betas_swapped: beta1, beta2 = betas -> beta2, beta1 = betas
    The two betas have changed places: the first belongs to m, the second to {v}.
not_squared (core): {square} -> {root}
    {v} averages sizes, not their squares: {square}.

squares_the_average: {square} -> m**2
    {v} averages the square of m. It averages {square}, which is larger wherever the gradients differ.

not_averaged: (1 - beta1) * {first} -> {first}
    or (1 - beta2) * {square} -> {square}
    or (1 - beta1) * {first} -> {first}
    (1 - beta2) * {square} -> {square}
    or beta1 * state.get("m", 0.0) -> state.get("m", 0.0)
    or beta2 * state.get("{v}", 0.0) -> state.get("{v}", 0.0)
    A moment is a sum here. It is an average: the old one counts beta, the new gradient, or its square, 1 - beta.

shares_swapped (core):
    beta1 * state.get("m", 0.0) + (1 - beta1) * {first} -> (1 - beta1) * state.get("m", 0.0) + beta1 * {first}
    beta2 * state.get("{v}", 0.0) + (1 - beta2) * {square} -> (1 - beta2) * state.get("{v}", 0.0) + beta2 * {square}
    or beta1 * state.get("m", 0.0) + (1 - beta1) * {first} -> (1 - beta1) * state.get("m", 0.0) + beta1 * {first}
    or beta2 * state.get("{v}", 0.0) + (1 - beta2) * {square} -> (1 - beta2) * state.get("{v}", 0.0) + beta2 * {square}
    beta and 1 - beta have changed places: beta is the share of the old moment that is kept, 1 - beta the weight of the
    new gradient.

beta1_for_the_squares:
    beta2 * state.get("{v}", 0.0) -> beta1 * state.get("{v}", 0.0)
    (1 - beta2) * {square} -> (1 - beta1) * {square}
    or beta1, beta2 = betas -> beta1 = beta2 = betas[0]
    The squares are averaged with beta1. They have a beta of their own, the second one.

one_moment_not_kept: beta1 * state.get("m", 0.0) + (1 - beta1) * {first} -> (1 - beta1) * {first}
    or beta2 * state.get("{v}", 0.0) + (1 - beta2) * {square} -> (1 - beta2) * {square}
    One moment starts at 0 in every step. Read both from `state`, and put both into the state that you return.

no_first_moment (core): beta1 * state.get("m", 0.0) + (1 - beta1) * {first} -> {first}
    The step follows the gradient itself, as RMSProp's does. Here it follows their average m.

one_rate_for_all (core): {square} -> np.mean({square})
    or {square} -> np.sum({square})
    All weights share one second moment, over all elements. Each weight has its own, over time.

sign_of_gradient (core): w - step -> w - lr * np.sign(grad)
    Every step is lr times the sign of the gradient. That is Adam's first step only: later ones depend on both moments.
""")


def correction(first: str = "grad", v: str = "v") -> list[Slip]:
    """What goes wrong with the correction of m, the average of `first`, and of `v`."""
    return slips(f"""
no_bias_correction (core):
    1 - beta1**t -> 1
    1 - beta2**t -> 1
    The bias correction is missing. m and {v} start at 0 and are too small at first: divide m by 1 - beta1^t and {v} by
    1 - beta2^t.

only_m_corrected: 1 - beta2**t -> 1
    Only m is corrected. Both averages start at 0 and need it, each with its own beta.
only_v_corrected: 1 - beta1**t -> 1
    Only {v} is corrected. Both averages start at 0 and need it, each with its own beta.

t_from_zero:
    1 - beta1**t -> 1 - beta1 ** (t - 1)
    1 - beta2**t -> 1 - beta2 ** (t - 1)
    In the first step t is 0, and the correction divides by 1 - beta^0 = 0. Count first: t is 1 in the first step.

t_one_behind (detail):
    1 - beta1**t -> 1 - beta1 ** max(t - 1, 1)
    1 - beta2**t -> 1 - beta2 ** max(t - 1, 1)
    t is one step behind. t counts the steps and is 1 in the first one, 2 in the second.

t_one_ahead (detail):
    1 - beta1**t -> 1 - beta1 ** (t + 1)
    1 - beta2**t -> 1 - beta2 ** (t + 1)
    t is one step ahead. t counts the steps and is 1 in the first one, 2 in the second.

t_fixed_at_one:
    1 - beta1**t -> 1 - beta1
    1 - beta2**t -> 1 - beta2
    t is 1 in every step, so the correction never fades. Keep t in the state and raise it by one each time (and raise
    beta to the power t).

one_beta_for_both: 1 - beta2**t -> 1 - beta1**t
    Both moments are corrected with beta1. {v} fades with beta2: divide it by 1 - beta2^t.

corrections_swapped:
    1 - beta1**t -> 1 - beta2**t
    1 - beta2**t -> 1 - beta1**t
    The corrections have changed places: m is divided by 1 - beta1^t and {v} by 1 - beta2^t.

correction_outside_root: np.sqrt({v}_hat) -> np.sqrt({v}_hat) / (1 - beta2**t) ** 0.5
    The root of {v} is divided by 1 - beta2^t. Correct {v} first, then take the root (or divide by
    the root of 1 - beta2^t).

correction_multiplied:
    1 - beta1**t -> 1 / (1 - beta1**t)
    1 - beta2**t -> 1 / (1 - beta2**t)
    The moments are multiplied by 1 - beta^t, which makes them smaller still. Divide by it.

beta_times_t:
    1 - beta1**t -> 1 - beta1 * t
    1 - beta2**t -> 1 - beta2 * t
    The correction has beta * t where it needs beta to the power t: `1 - beta**t`.

power_of_difference:
    1 - beta1**t -> (1 - beta1) ** t
    1 - beta2**t -> (1 - beta2) ** t
    The correction is 1 - beta to the power t, which soon is next to nothing. The power belongs to beta alone:
    `1 - beta**t`.

no_first_moment (core):
    beta1 * state.get("m", 0.0) + (1 - beta1) * {first} -> {first}
    1 - beta1**t -> 1
    The step follows the gradient itself, as RMSProp's does. Here it follows their average m.

eps_before_correction (detail): np.sqrt({v}_hat) + eps -> np.sqrt({v}_hat) + eps / (1 - beta2**t) ** 0.5
    `eps` is added before the correction, which then makes it larger. Correct {v} first: sqrt({v}_hat) + eps.
""")


MOMENTS, CORRECTION = moments(), correction()

NOT_PASSED_ON = Slip(
    "betas_and_eps_not_passed_on",
    {"": "betas, eps = (0.9, 0.999), 1e-8"},
    "`betas` and `eps` make no difference: whoever calls `adam` has to pass them on, `betas=betas, eps=eps`.",
)


def adams(v: str = "v", *, first: str = "grad", square: str = "grad**2") -> list[Slip]:
    """All of Adam's mistakes; `v` is what is corrected below the line ("v_max" of AMSGrad, "s" of AdaBelief)."""
    second = v.removesuffix("_max")
    own = moments(first, square, second), correction(first, second), kept(v)
    return [*STEP, *denominator(f"{second}_hat"), *(slip for part in own for slip in part), *_wrong_counts()]


def kept(v: str) -> list[Slip]:
    """What goes wrong with the moments that the state keeps."""
    second = v.removesuffix("_max")
    return slips(f"""
old_moments:
    m / (1 - beta1**t) -> state.get("m", 0 * m) / (1 - beta1**t)
    {v} / (1 - beta2**t) -> state.get("{v}", 0 * {v}) / (1 - beta2**t)
    The step uses the moments from before this gradient. Update them first.

keeps_corrected_moments:
    m_hat = m / (1 - beta1**t) -> m_hat = m = m / (1 - beta1**t)
    {second}_hat = {v} / (1 - beta2**t) -> {second}_hat = {v} = {v} / (1 - beta2**t)
    or m_hat = m / (1 - beta1**t) -> m_hat = m = m / (1 - beta1**t)
    or {second}_hat = {v} / (1 - beta2**t) -> {second}_hat = {v} = {v} / (1 - beta2**t)
    The corrected moments go into the state and are averaged on, so they are corrected again and again. Keep m and
    {second} as they are; the corrected ones are for this step.
""")


def _wrong_counts() -> list[Slip]:
    """A t that is the same in all steps, and a correction that ends."""
    fixed = (
        "t is the same number in every step, so the correction never fades. t is 1 in the first step, 2 in the second."
    )
    dropped = (
        "After some steps the correction is dropped. It fades by itself, and slowly: with beta2 = 0.999 it still "
        "matters at step 1000. Correct always."
    )

    def slip(name: str, correction: str, sentence: str, degree: str = "") -> Slip:
        edits = {f"1 - {beta}**t": correction.replace("beta", beta) for beta in ("beta1", "beta2")}
        return Slip(name, edits, sentence, degree=degree)

    return [
        *(slip("t_fixed", f"1 - beta**{t}", fixed) for t in (2, 10, 100, 1000)),
        *(slip("correction_dropped", f"1 - beta**t if t <= {last} else 1", dropped) for last in (1, 2, 5, 10, 20, 50)),
        slip("correction_dropped", "1 - beta**t if t <= 100 else 1", dropped, "detail"),
    ]


def counts(right: Callable) -> list[Mistake]:
    """A t that all parameters share; `right` keeps its own in state["t"]."""
    sentence = (
        "t counts the steps of all parameters together, in a global variable. Each parameter has its own t: keep it in "
        "the `state` that came with it."
    )
    return [
        Mistake("shared_t", lambda: _one_count(right), sentence, remembers=True),
        Mistake("shared_t", lambda: _one_count(right, starts_anew=True), sentence, degree="detail", remembers=True),
    ]


def _one_count(right: Callable, starts_anew: bool = False) -> Callable:
    """A right function whose t is a global variable; `starts_anew`: 0 where a parameter starts."""
    calls = [0]

    def step(w, grad, state, **hyper):
        if starts_anew and not state:
            calls[0] = 0
        new, kept = right(w, grad, {**state, "t": calls[0]}, **hyper)
        calls[0] += 1
        return new, kept

    return step
