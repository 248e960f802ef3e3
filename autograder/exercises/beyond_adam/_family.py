"""What the successors of Adam share: their cases, and mistakes as edits of the lines that several of them have.

    RECTIFIED   the switch and the factor of radam and its two relatives
    FRICTION    the factor of diffgrad and its two relatives
    SCALED      the corrected gradient of adanorm and of all that take it in
    INJECTED    the injected gradient of inject and of all that take it in

Each block stands for lines that its exercises have word for word.
"""

from collections.abc import Callable
from typing import Any

from autograder.exercises._optimizers import STEP, common_cases, denominator, manners, only, without
from autograder.exercises.adam._family import LARGE_EPS, SHORT, USUAL, adams, counts, moments
from autograder.judge import Case, Mistake, Slip, slips


def cases(
    *own: Case,
    defaults: str = "the defaults are lr=1e-3, betas=(0.9, 0.999) and eps=1e-8",
    tiny: float | tuple[float, ...] = 1e-8,
    extremes: tuple[float, ...] = (1e-12, 1.0, 1e15),
    **extra: Any,
) -> list[Case]:
    """What each relative of Adam is asked, `own` in the middle.

    defaults : a case's title; its gradients are of the size `tiny`
    extra : hyper-parameters besides lr, betas and eps
    """
    return [
        Case("one step", steps=1, shape=(3,), lr=0.1, **USUAL, **extra),
        Case("two steps: what the state keeps carries over", steps=2, shape=(3,), lr=0.1, **USUAL, **extra),
        Case("60 steps with varying gradients", steps=60, shape=(5,), lr=0.05, weight=2, **USUAL, **extra),
        *own,
        Case("a large eps shows where it stands", steps=24, sizes=(1e-5, 1.0), lr=0.1, weight=2, **LARGE_EPS, **extra),
        Case(defaults, lr=None, steps=24, shape=(5,), sizes=tiny),
        *common_cases(steps=24, extremes=extremes, **SHORT, **extra),
    ]


def refilled(**hyper: Any) -> Case:
    """For those that need a gradient or a place of the last step."""
    title = "the caller's arrays are filled anew after each step"
    return Case(title, mode="refilled", steps=12, weight=2, **{"lr": 0.1, **hyper})


def whole(right: Callable, v: str = "v", *, first: str = "grad", square: str = "grad**2") -> list[Slip | Mistake]:
    """All mistakes of Adam, and those of the state."""
    late = "After some steps the correction is dropped. It fades by itself, and slowly. Correct always."
    dropped = [
        Slip(
            "correction_dropped",
            {f"1 - {beta}**t": f"1 - {beta}**t if t <= {last} else 1" for beta in ("beta1", "beta2")},
            late,
            degree="detail" if last > 5 else "",
        )
        for last in (1, 5, 10, 50)
    ]
    bank = without(adams(v, first=first, square=square), "correction_dropped", "t_fixed")
    return [*bank, *dropped, *counts(right), *manners(right, "memory")]


def usual(right: Callable, v: str = "v", *, first: str = "grad", square: str = "grad**2") -> list[Slip | Mistake]:
    """The commonest mistakes of Adam, for those that are Adam but for one piece."""
    names = (
        *("uphill", "returns_step", "eps_inside_root", "no_square_root", "eps_missing", "eps_before_correction"),
        *("betas_swapped", "not_squared", "not_averaged", "beta1_for_the_squares", "no_first_moment"),
        *("no_bias_correction", "only_m_corrected", "only_v_corrected", "t_fixed_at_one", "old_moments"),
    )
    return [*only(adams(v, first=first, square=square), *names), *counts(right), *manners(right, "memory")]


# Of them, those that the combinations of two pieces leave out: their relatives name them.
RARE = ("beta1_for_the_squares", "no_first_moment", "old_moments", "only_m_corrected", "only_v_corrected")


# ---------------------------------------------------------------------------- rectification

RECTIFIED = slips("""
rho_inf_wrong: 2 / (1 - beta2) - 1 -> 2 / (1 - beta2)
    rho_inf is 2 / (1 - beta2) - 1: the minus 1 is missing.
rho_inf_wrong: 2 / (1 - beta2) - 1 -> 2 / (1 - beta2) + 1
    rho_inf is 2 / (1 - beta2) minus 1.

threshold_four: rho > 5 -> rho > 4
    The step is rectified from rho_t > 4 on, as in the paper. Here, as in PyTorch, it is from rho_t > 5 on.

threshold_on_t (detail): rho > 5 -> t > 5
    The switch asks for t > 5. It asks for rho_t > 5, which is the same for large beta2 alone.

wrong_threshold: rho > 5 -> rho > 6
    The step is rectified where rho_t > 5, rho_t being that of this step.

rho_without_two: 2 * t * faded -> t * faded
    rho_t is rho_inf - 2 t beta2^t / (1 - beta2^t): the 2 is missing.
rho_without_t: 2 * t * faded -> 2 * faded
    rho_t is rho_inf - 2 t beta2^t / (1 - beta2^t): the t before the power is missing.
rho_not_divided: 2 * t * faded / (1 - faded) -> 2 * t * faded
    rho_t is rho_inf - 2 t beta2^t / (1 - beta2^t): the division by 1 - beta2^t is missing.
""")

# The factor itself: `{}` are what stands under the root.
_RATIO = "(rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho)"
RECTIFIED += slips(f"""
no_root: math.sqrt({_RATIO}) -> {_RATIO}
    r_t has no root: it is the square root of the whole fraction.
upside_down: math.sqrt({_RATIO}) -> 1 / math.sqrt({_RATIO})
    r_t is upside down: rho_t - 4 and rho_t - 2 stand above the line, and it is never larger than 1.
last_factor_missing: {_RATIO} -> (rho - 4) * (rho - 2) / ((rho_inf - 4) * (rho_inf - 2))
    The fraction is (rho_t - 4)(rho_t - 2) rho_inf over (rho_inf - 4)(rho_inf - 2) rho_t: the last factors are missing.
last_factor_inverted: {_RATIO} -> (rho - 4) * (rho - 2) * rho / ((rho_inf - 4) * (rho_inf - 2) * rho_inf)
    The last factors have changed places: it is rho_inf that stands above the line, and rho_t below.
""")


def rectified_steps(right: Callable, first: str = "grad", *, brief: bool = False) -> list[Slip | Mistake]:
    """What goes wrong with radam: the factor, the switch, the steps before it, and the parts of Adam.

    first : what m averages; brief : the commonest alone
    """
    text = """
no_rectification (core):
    rho > 5 -> True
    lr * m_hat * r * math.sqrt(1 - beta2**t) -> lr * m_hat * math.sqrt(1 - beta2**t)
    math.sqrt(RATIO) -> 1.0
    or math.sqrt(RATIO) -> 1.0
    There is no rectification: r_t is missing. Where rho_t > 5 the step is r_t times Adam's.

never_rectified (core): rho > 5 -> False
    No step is ever rectified: all are lr * m_hat. That is for the first ones alone, as long as rho_t <= 5. Look at
    rho_inf = 2 / (1 - beta2) - 1, and at rho_t.

no_step_at_first: step = lr * m_hat -> step = 0 * m_hat
    There is no step as long as rho_t <= 5. Then it is lr * m_hat, without the root of v.
m_uncorrected_at_first: step = lr * m_hat -> step = lr * m
    In the steps before the switch m is not corrected: they are lr * m_hat.
gradient_at_first: step = lr * m_hat -> step = lr * grad
    The steps before the switch follow the gradient itself. They are lr * m_hat, with the average.
adam_at_first: step = lr * m_hat -> step = lr * m_hat * math.sqrt(1 - beta2**t) / (np.sqrt(v) + eps)
    or step = lr * m_hat -> step = lr * m_hat / (np.sqrt(v / (1 - beta2**t)) + eps)
    The steps before the switch are Adam's. They are lr * m_hat: the root of v is not to be trusted yet.
rho_inf_from_beta1: 2 / (1 - beta2) - 1 -> 2 / (1 - beta1) - 1
    or 2 / (1 - beta2) - 1 -> 2 / (1 - beta1) - 1
    faded = beta2**t -> faded = beta1**t
    rho_inf is made of beta1. It tells how long the memory of v is: 2 / (1 - beta2) - 1.
eps_after_correction (detail): np.sqrt(v) + eps -> np.sqrt(v) + eps * math.sqrt(1 - beta2**t)
    `eps` is added after the correction of v, as Adam has it. RAdam, as in PyTorch, adds it to the root of v itself.
eps_inside_root (detail):
    lr * m_hat * r * math.sqrt(1 - beta2**t) -> lr * m_hat * r
    np.sqrt(v) + eps -> np.sqrt(v / (1 - beta2**t) + eps)
    `eps` is inside the root. Here, as in PyTorch, it is added to the root of v itself.
no_square_root (core):
    np.sqrt(v) -> v
    math.sqrt(1 - beta2**t) -> (1 - beta2**t)
    The step is divided by the squares themselves. Take the square root: only then does the size of the gradients
    cancel.
v_not_corrected: lr * m_hat * r * math.sqrt(1 - beta2**t) -> lr * m_hat * r
    v is not corrected: it is too small at first. Multiply the step by the root of 1 - beta2^t.
m_not_corrected: 1 - beta1**t -> 1
    m is not corrected: divide it by 1 - beta1^t.
t_fixed_at_one: state.get("t", 0) + 1 -> 1
    t is 1 in every step: keep it in the state and raise it by one each time.
t_one_ahead: state.get("t", 0) + 1 -> state.get("t", 1) + 1
    t is one step ahead: it is 1 in the first step, 2 in the second.
""".replace("RATIO", _RATIO)
    kept = (
        "betas_swapped",
        "not_squared",
        "not_averaged",
        "beta1_for_the_squares",
        "one_moment_not_kept",
        "one_rate_for_all",
    )
    below = [slip for slip in denominator("v") if slip.name != "no_square_root"]
    shared = [*STEP, *below, *only(moments(first), *kept), *counts(right), *manners(right, "memory")]
    whole_bank = [*slips(text), *RECTIFIED, *shared]
    rare = ("rho_without_two", "rho_without_t", "rho_not_divided", "last_factor_missing", "last_factor_inverted")
    rare += ("rho_inf_from_beta1", "eps_as_floor", "one_rate_for_all", "one_moment_not_kept", "t_one_ahead")
    return without(whole_bank, *rare) if brief else whole_bank


# ---------------------------------------------------------------------------- friction

_XI = '1 / (1 + np.exp(-np.abs(state.get("g", 0.0) - grad)))'
FRICTION = slips(
    f"""
no_friction (core): lr * xi * m_hat -> lr * m_hat
    The friction is missing: the step is lr * xi * m_hat over the root of v_hat.
no_abs: -np.abs(state.get("g", 0.0) - grad) -> -(state.get("g", 0.0) - grad)
    or -np.abs(state.get("g", 0.0) - grad) -> state.get("g", 0.0) - grad
    The friction has no absolute value: xi is the sigmoid of |g_(t-1) - g_t|, never below 1/2.

previous_not_kept: state.get("g", 0.0) -> 0.0
    The last gradient is not kept: the friction sees |g_t| alone. Put a copy of `grad` into the state, and compare.

no_change_seen (core): state.get("g", 0.0) - grad -> grad - grad
    or lr * xi * m_hat -> lr * m_hat / 2
    xi is 1/2 in every step: the gradient is compared with itself, as in the first code of diffGrad's authors. Read the
    last one from the state before you put this one there.

sigmoid_missing (core): {_XI} -> np.abs(state.get("g", 0.0) - grad)
    The sigmoid is missing: xi is the change itself. It is 1 / (1 + exp(-|change|)), between 1/2 and 1.
other_sigmoid: {_XI} -> np.tanh(np.abs(state.get("g", 0.0) - grad))
    xi is the tanh of the change. It is the sigmoid, 1 / (1 + exp(-|change|)), between 1/2 and 1.
friction_of_the_negative: np.exp(-np.abs(state.get("g", 0.0) - grad)) -> np.exp(np.abs(state.get("g", 0.0) - grad))
    xi is the sigmoid of minus the change: large changes brake. They have to let go: exp(-|change|).
friction_divides: lr * xi * m_hat -> lr / xi * m_hat
    The step is divided by xi. It is multiplied by it.
starts_with_this_gradient (detail): state.get("g", 0.0) -> state.get("g", grad)
    The first xi is 1/2: the first gradient is compared with itself. Before it the gradient counts as 0.

friction_kept_in_m:
    (1 - beta1) * FIRST -> (1 - beta1) * FIRST * xi
    lr * xi * m_hat -> lr * m_hat
    or (1 - beta1) * FIRST -> (1 - beta1) * FIRST * xi
    or m_hat = m / (1 - beta1**t) -> m = xi * m; m_hat = m / (1 - beta1**t)
    lr * xi * m_hat -> lr * m_hat
    The friction goes into m and is averaged on. It scales this step alone; m is Adam's.

change_of_m: state.get("g", 0.0) - grad -> (1 - beta1) * (state.get("m", 0.0) - grad)
    xi sees the change of m. It is the change of the gradient: the last one against this one.

one_friction_for_all: np.abs(state.get("g", 0.0) - grad) -> np.mean(np.abs(state.get("g", 0.0) - grad))
    or np.abs(state.get("g", 0.0) - grad) -> np.linalg.norm(state.get("g", 0.0) - grad)
    or np.abs(state.get("g", 0.0) - grad) -> np.max(np.abs(state.get("g", 0.0) - grad), initial=0.0)
    All weights share one friction. Each has its own, from the change of its own gradient.

sums_for_differences: state.get("g", 0.0) - grad -> state.get("g", 0.0) + grad
    xi sees the sum of two gradients. It is their difference.
change_squared: np.abs(state.get("g", 0.0) - grad) -> (state.get("g", 0.0) - grad) ** 2
    xi sees the squared change. It is the absolute value.

kept_as_an_alias (detail): grad.copy() -> grad
    The state keeps the caller's own array of gradients. Filled with new ones it is no longer the last gradient: xi is
    1/2 for ever, as in the first code of diffGrad's authors. Keep `grad.copy()`.
""".replace("FIRST", "grad")
)


def friction(first: str = "grad") -> list[Slip]:
    """What goes wrong with diffgrad's factor, in one whose m averages `first`."""
    return [
        slip
        if first == "grad"
        else Slip(
            slip.name,
            {
                a.replace("(1 - beta1) * grad", f"(1 - beta1) * {first}"): b.replace(
                    "(1 - beta1) * grad", f"(1 - beta1) * {first}"
                )
                for a, b in slip.edits.items()
            },
            slip.sentence,
            degree=slip.degree,
        )
        for slip in FRICTION
    ]


# ---------------------------------------------------------------------------- the corrected gradient

NORM = {**SHORT, "gamma": 0.6}


def falling(*own: Case, defaults: str = "", tiny: float = 1e-7) -> list[Case]:
    """What each optimizer with AdaNorm is asked: norms that fall, and rise again; gamma is one of the defaults."""
    title = defaults or "the defaults are lr=1e-3, betas=(0.9, 0.999), eps=1e-8 and gamma=0.95"
    return cases(
        Case("norms that fall tenfold", steps=12, sizes=(3.0, 0.3), lr=0.1, weight=3, **NORM),
        Case("norms that fall and rise", steps=30, sizes=(1.0, 0.1, 2.0, 0.02, 1.0), lr=0.05, weight=3, **NORM),
        *own,
        defaults=title,
        tiny=(tiny, tiny / 10),
        gamma=0.8,
    )


SCALED = slips("""
always_scaled: e > n > 0 -> n > 0
    The gradient is scaled in every step. It is only where e > n: a norm above its history stays as it is.
scaled_the_other_way: e / n -> n / e
    The gradient is scaled by n / e, which makes small ones smaller. Scale by e / n: then its norm is e.
condition_turned: e > n > 0 -> 0 < e < n
    The condition is turned round: large gradients are cut. It is small ones, e > n, that are lengthened.
never_scaled (core): e > n > 0 -> False
    The gradient is never corrected: where e > n > 0 it has to be e / n times as long. (An e that starts at 0 in every
    step is never above n: that was the published code of RadamNorm.)

starts_with_the_norm: state.get("e", 0.0) -> state.get("e", n)
    e starts with the first norm. It starts at 0, and is not corrected for that.

old_history: grad * (e / n) if e > n > 0 else grad -> grad * (was / n) if (was := state.get("e", 0.0)) > n > 0 else grad
    The gradient is compared with the history before it. Average its norm in first.
gamma_swapped: gamma * state.get("e", 0.0) + (1 - gamma) * n -> (1 - gamma) * state.get("e", 0.0) + gamma * n
    `gamma` and 1 - gamma have changed places: gamma is the share of the history that is kept.
norm_not_averaged: (1 - gamma) * n -> n
    The new norm counts in full. An average gives it the weight 1 - gamma.
nan_at_zero (detail): e > n > 0 -> e > n
    Where the gradient is 0 this is 0 / 0, which is nan. A zero gradient stays zero: scale where e > n > 0.
one_norm: np.linalg.norm(grad) -> np.abs(grad).sum()
    The norm is the sum of absolute values. It is the L2 norm, the root of the sum of squares.
norm_squared: np.linalg.norm(grad) -> np.sum(grad * grad)
    n is the squared norm. It is the L2 norm: take the root.
largest_entry: np.linalg.norm(grad) -> np.abs(grad).max(initial=0.0)
    n is the largest entry. It is the L2 norm of the whole array.
spectral_norm: np.linalg.norm(grad) -> np.linalg.norm(grad, 2 if grad.ndim == 2 and grad.size else None)
    Of a matrix this is the spectral norm. It is the L2 norm of all its entries.

norm_per_row:
    np.linalg.norm(grad) -> np.sqrt(np.sum(grad * grad, axis=-1, keepdims=True)) if grad.ndim else abs(grad)
    grad * (e / n) if e > n > 0 else grad -> grad * np.where(e > n, e / np.where(n > 0, n, 1), 1)
    or np.linalg.norm(grad) -> np.sqrt(np.sum(grad * grad, axis=tuple(range(grad.ndim > 1, grad.ndim)), keepdims=True))
    grad * (e / n) if e > n > 0 else grad -> grad * np.where(e > n, e / np.where(n > 0, n, 1), 1)
    The norm is taken row by row. It is one number for the whole array.

norm_per_entry:
    np.linalg.norm(grad) -> np.abs(grad)
    grad * (e / n) if e > n > 0 else grad -> grad * np.where(e > n, e / np.where(n > 0, n, 1), 1)
    Each entry has a history of its own. The norm is one number for the whole array.

root_of_the_ratio: e / n -> (e / n) ** 0.5
    The factor is e / n itself, not its root.
norm_set_to_e: grad * (e / n) -> grad / n
    The corrected gradient has the norm 1. It has to have the norm e.
""")


def scaled(kept: str, right: Callable, *, brief: bool = False) -> list[Slip | Mistake]:
    """What goes wrong with the history of norms; `kept` is the state that `right` returns; `brief`: the commonest."""
    longer = kept.replace('"e": e', '"e": gamma * state.get("e", 0.0) + (1 - gamma) * np.linalg.norm(corrected)')
    corrected = "grad * (e / n) if e > n > 0 else grad"
    hat = corrected.replace("e /", "e_hat /").replace("if e >", "if (e_hat := e / (1 - gamma**t)) >")
    hat_edits = {corrected: hat}
    if '"t"' not in kept:
        hat_edits |= {"": 't = state.get("t", 0) + 1', kept: kept.replace("}", ', "t": t}')}
    rare = (
        "largest_entry",
        "root_of_the_ratio",
        "norm_set_to_e",
        "norm_squared",
        "norm_per_entry",
        "norm_not_averaged",
    )
    return [
        *without(SCALED, *(rare if brief else ())),
        Slip(
            "corrected_norm_averaged",
            {kept: longer},
            "The history averages the norms of the corrected gradients. It averages those of `grad` as it came.",
        ),
        Slip("history_bias_corrected", hat_edits, "e is divided by 1 - gamma^t. Its start at 0 is not corrected."),
        Mistake(
            "shared_history",
            lambda: _one_history(right),
            "All parameters share one history of norms, in a global variable. Each has its own: keep e in the `state`.",
            remembers=True,
        ),
    ]


def _one_history(right: Callable) -> Callable:
    memory = {"e": 0.0}

    def step(*given, **hyper):
        *before, state = given
        new, kept = right(*before, {**state, **memory}, **hyper)
        memory["e"] = kept["e"]
        return new, kept

    return step


V_CORRECTED = slips(
    """
v_corrected_too: grad**2 -> corrected**2
    v takes the corrected gradient as well. Only m does: v keeps the squares of the gradients as they came.
moment_corrected_after: (1 - beta1) * corrected -> (1 - beta1) * grad
    m / (1 - beta1**t) -> m * (e / n if e > n > 0 else 1) / (1 - beta1**t)
    or (1 - beta1) * corrected -> (1 - beta1) * grad
    m_hat = m / (1 - beta1**t) -> m = m * (e / n if e > n > 0 else 1); m_hat = m / (1 - beta1**t)
    or n = np.linalg.norm(grad) -> m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad; n = np.linalg.norm(m)
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * corrected ->
    m / (1 - beta1**t) -> m * (e / n if e > n > 0 else 1) / (1 - beta1**t)
    or n = np.linalg.norm(grad) -> m = beta1 * state.get("m", 0.0) + (1 - beta1) * grad; n = np.linalg.norm(m)
    m = beta1 * state.get("m", 0.0) + (1 - beta1) * corrected ->
    m_hat = m / (1 - beta1**t) -> m = m * (e / n if e > n > 0 else 1); m_hat = m / (1 - beta1**t)
    The correction is applied to m, after the averaging. It is the gradient that is corrected, before it goes into m.

only_v_corrected_by_norm:
    (1 - beta1) * corrected -> (1 - beta1) * grad
    grad**2 -> corrected**2
    v takes the corrected gradient, and m the one that came. It is the other way round.
""".replace("moment_corrected_after: (1", "moment_corrected_after:\n    (1")
)


# ---------------------------------------------------------------------------- the injected gradient

_INJECTED = '(grad + (state["w"] - w) * grad * grad) / k if "w" in state else grad'
_DW = '(state["w"] - w)'
INJECTED = slips(f"""
nothing_injected (core): {_INJECTED} -> grad
    or {_DW} * grad * grad -> 0 * grad
    Nothing is injected: from the second step on m takes (g + dw g^2) / k.

injected_at_first: {_INJECTED} -> (grad + (state.get("w", 0 * w) - w) * grad * grad) / k
    The first step injects too, as if w had been 0 before. There is no last w yet: m takes g as it is.
divided_at_first (detail): {_INJECTED} -> (grad + (state.get("w", w) - w) * grad * grad) / k
    The first step is divided by k too. In the first step m takes g as it is.

wrong_sign: {_DW} -> (w - state["w"])
    dw has the wrong sign: it is the last w minus this one.
k_missing: (grad + (state["w"] - w) * grad * grad) / k -> grad + (state["w"] - w) * grad * grad
    The sum is not divided by k.
k_on_the_injection: (grad + (state["w"] - w) * grad * grad) / k -> grad + (state["w"] - w) * grad * grad / k
    Only the injection is divided by k. The whole sum is: (g + dw g^2) / k.
k_on_the_gradient: (grad + (state["w"] - w) * grad * grad) / k -> grad / k + (state["w"] - w) * grad * grad
    Only the gradient is divided by k. The whole sum is: (g + dw g^2) / k.
gradient_for_its_square: {_DW} * grad * grad -> {_DW} * grad
    dw is multiplied by g. It is multiplied by g^2.
dw_alone: {_DW} * grad * grad -> {_DW}
    dw is added by itself. It is multiplied by g^2.
size_of_the_gradient: {_DW} * grad * grad -> {_DW} * grad * np.abs(grad)
    dw is multiplied by g |g|. It is multiplied by g^2, which has no sign.
gradient_missing: grad + (state["w"] - w) * grad * grad -> (state["w"] - w) * grad * grad
    Only the injection goes into m. It is added to the gradient.
absolute_change: {_DW} -> np.abs(state["w"] - w)
    dw has lost its sign: it is the last w minus this one.
kept_as_an_alias (detail): w.copy() -> w
    The state keeps the caller's own array of weights. Filled with new ones it is no longer the last w, and dw is 0.
    Keep `w.copy()`.
""")


def injected_into(kept: str, *, brief: bool = False) -> list[Slip]:
    """What goes wrong with the injection, in an optimizer; `kept` is the state it returns; `brief`: the commonest."""
    own = kept.replace('"w": w.copy()', '"w": w - step')
    from_the_third = _INJECTED.replace('if "w" in state', "if t > 2")
    bank = [
        *INJECTED,
        *slips(f"""
injected_from_the_third (detail): {_INJECTED} -> {from_the_third}
    The injection begins in the third step, as in the published code of RadamInject. It begins in the second.
dw_times_lr: {_DW} -> lr * (state["w"] - w)
    dw is multiplied by lr. It is the plain difference of the two w.
dw_over_lr: {_DW} -> (state["w"] - w) / lr
    dw is divided by lr. It is the plain difference of the two w.
new_w_kept: {kept} -> {own}
    The state keeps the new w, so that dw is 0 as long as nobody else moves it. Keep the w that was given to this step.
"""),
    ]
    rare = (
        "gradient_missing",
        "absolute_change",
        "size_of_the_gradient",
        "dw_alone",
        "dw_over_lr",
        "k_on_the_gradient",
    )
    return without(bank, *rare) if brief else bank


V_INJECTED = slips(f"""
v_injected_too: grad**2 -> injected**2
    v takes the injected gradient as well. Only m does: v keeps the squares of the gradients themselves.
v_from_the_second: (1 - beta2) * grad**2 -> (1 - beta2) * grad**2 * ("w" in state)
    In the first step v is left out, as the slide's layout has it: then the step is divided by eps. v takes g^2 in every
    step.
v_for_the_square: {_DW} * grad * grad -> {_DW} * state.get("v", 0.0)
    dw is multiplied by v. It is multiplied by this gradient's own square.
""")
