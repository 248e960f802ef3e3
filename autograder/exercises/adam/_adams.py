"""Adam's family with one line wrong, and Adam's own mistakes in any member of it."""

from collections.abc import Callable

import numpy as np

from autograder.exercises.adam._slips import Remembering
from autograder.judge import Mistake


def average(old, new, beta):
    return beta * old + (1 - beta) * new


def average_of_squares(old, grad, beta):
    return average(old, grad**2, beta)


def corrected(t, m, v, grad, betas, eps):
    """Adam's step, in units of lr."""
    return m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[1] ** t)) + eps)


def uncorrected(t, m, v, grad, betas, eps):
    return m / (np.sqrt(v) + eps)


def adam_with(
    direction: Callable = corrected,
    *,
    first: Callable = average,
    second: Callable = average_of_squares,
    squares: Callable = lambda grad, m: grad,
    uses: Callable = lambda old, new: new,
    keeps: Callable = lambda moments, t, betas: moments,
    largest: bool = False,
) -> Callable:
    """An Adam, or an AMSGrad, with another line.

    Parameters
    ----------
    direction : direction(t, m, v, grad, betas, eps) -> the step in units of lr
    first, second : (old, grad, beta) -> the new moment; the second takes in `squares(grad, m)`
    uses : (old, new) -> the moments (m, v) that the step is made of
    keeps : ((m, v), t, betas) -> those that the state keeps
    largest : whether the step is divided by the largest v so far (AMSGrad)
    """

    def step(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
        t = state.get("t", 0) + 1
        old = state.get("moments", (0.0 * w, 0.0 * w))
        m = first(old[0], grad, betas[0])
        v = second(old[1], squares(grad, m), betas[1])
        used_m, used_v = uses(old, (m, v))
        v_max = np.maximum(state.get("v_max", 0.0 * w), used_v) if largest else used_v
        new = w - lr * direction(t, used_m, v_max, grad, betas, eps)
        return new, {"t": t, "moments": keeps((m, v), t, betas), "v_max": v_max}

    return step


def one_count_for_all(right: Callable) -> Callable:
    """A right function whose t is a global variable."""
    calls = [0]

    def step(w, grad, state, **hyper):
        new, kept = right(w, grad, {**state, "t": calls[0]}, **hyper)
        calls[0] += 1
        return new, kept

    return step


def one_count_since_an_empty_state(right: Callable) -> Callable:
    calls = [0]

    def step(w, grad, state, **hyper):
        calls[0] = calls[0] if state else 0
        new, kept = right(w, grad, {**state, "t": calls[0]}, **hyper)
        calls[0] += 1
        return new, kept

    return step


T_FROM_ZERO = (
    "In the first step t is 0, and the correction divides by 1 - beta^0 = 0. Count first: t is 1 in the first step."
)
T_OFF = "t counts the steps and is 1 in the first one, 2 in the second."
SHARED_T = (
    "t counts the steps of all parameters together, in a global variable. Each parameter has its own t: keep it in the "
    "`state` that came with it."
)
ONE_MOMENT = "Only {} is corrected. Both averages start at 0 and need it, each with its own beta."


def corrections(**kind) -> list[Mistake]:
    """What goes wrong with the bias correction; `kind` as in `adam_with`."""

    def wrong(direction):
        return adam_with(direction, **kind)

    def with_t(t_of):
        return wrong(lambda t, m, v, grad, betas, eps: corrected(t_of(t), m, v, grad, betas, eps))

    def factors(one, two):
        """Other corrections: m divided by one(beta1, t), v by two(beta2, t)."""

        def direction(t, m, v, grad, betas, eps):
            return m / one(betas[0], t) / (np.sqrt(v / two(betas[1], t)) + eps)

        return wrong(direction)

    none, usual = (lambda beta, t: 1.0), (lambda beta, t: 1 - beta**t)
    return [
        Mistake(
            "no_bias_correction",
            wrong(uncorrected),
            "The bias correction is missing. m and v start at 0 and are too small at first: divide m by 1 - beta1^t and v by "
            "1 - beta2^t.",
        ),
        Mistake("only_m_corrected", factors(usual, none), ONE_MOMENT.format("m")),
        Mistake("only_v_corrected", factors(none, usual), ONE_MOMENT.format("v")),
        Mistake("t_from_zero", with_t(lambda t: t - 1), T_FROM_ZERO),
        Mistake("t_one_behind", with_t(lambda t: max(t - 1, 1)), "t is one step behind. " + T_OFF),
        Mistake("t_one_ahead", with_t(lambda t: t + 1), "t is one step ahead. " + T_OFF),
        Mistake(
            "t_fixed_at_one",
            with_t(lambda t: 1),
            "t is 1 in every step, so the correction never fades. Keep t in the state and raise it by one each time (and "
            "raise beta to the power t).",
        ),
        *(
            Mistake(
                "correction_dropped",
                wrong(
                    lambda t, m, v, grad, betas, eps, last=last: (corrected if t <= last else uncorrected)(
                        t, m, v, grad, betas, eps
                    )
                ),
                "After some steps the correction is dropped. It fades by itself, and slowly: with beta2 = 0.999 it still "
                "matters at step 1000. Correct always.",
            )
            for last in (1, 2, 5, 10, 20, 50, 100)
        ),
        Mistake(
            "correction_multiplied",
            factors(lambda beta, t: 1 / (1 - beta**t), lambda beta, t: 1 / (1 - beta**t)),
            "The moments are multiplied by 1 - beta^t, which makes them smaller still. Divide by it.",
        ),
        Mistake(
            "beta_times_t",
            factors(lambda beta, t: 1 - beta * t, lambda beta, t: 1 - beta * t),
            "The correction has beta * t where it needs beta to the power t: `1 - beta**t`.",
        ),
        Mistake(
            "power_of_difference",
            factors(lambda beta, t: (1 - beta) ** t, lambda beta, t: (1 - beta) ** t),
            "The correction is 1 - beta to the power t, which soon is next to nothing. The power belongs to beta alone: "
            "`1 - beta**t`.",
        ),
        Mistake(
            "one_beta_for_both",
            wrong(lambda t, m, v, grad, betas, eps: m / (1 - betas[0] ** t) / (np.sqrt(v / (1 - betas[0] ** t)) + eps)),
            "Both moments are corrected with beta1. v fades with beta2: divide it by 1 - beta2^t.",
        ),
        Mistake(
            "correction_outside_root",
            wrong(lambda t, m, v, grad, betas, eps: m / (1 - betas[0] ** t) / (np.sqrt(v) / (1 - betas[1] ** t) + eps)),
            "The root of v is divided by 1 - beta2^t. Correct v first, then take the root (or divide by the root of "
            "1 - beta2^t).",
        ),
        Mistake(
            "keeps_corrected_moments",
            adam_with(
                keeps=lambda moments, t, betas: tuple(
                    moment / (1 - beta**t) for moment, beta in zip(moments, betas, strict=True)
                ),
                **kind,
            ),
            "The corrected moments go into the state and are averaged on, so they are corrected again and again. Keep m and "
            "v as they are; the corrected ones are for this step.",
        ),
    ]


def counts(right: Callable) -> list[Mistake]:
    """A t that all parameters share; `right` keeps its own in state["t"]."""
    return [
        Remembering("shared_t", lambda: one_count_for_all(right), SHARED_T),
        Mistake("shared_t", one_count_since_an_empty_state(right), SHARED_T),
    ]


def denominators(corrects: bool = True, **kind) -> list[Mistake]:
    """What goes wrong below the line; `corrects`: whether the exercise asks for the correction."""

    def wrong(below):
        """below(v, c, eps), c the correction of v."""

        def direction(t, m, v, grad, betas, eps):
            one, two = (1 - betas[0] ** t, 1 - betas[1] ** t) if corrects else (1.0, 1.0)
            return m / one / below(v, two, eps)

        return adam_with(direction, **kind)

    early = Mistake(
        "eps_before_correction",
        wrong(lambda v, c, eps: (np.sqrt(v) + eps) / c**0.5),
        "`eps` is added before the correction, which then makes it larger. Correct v first: sqrt(v_hat) + eps.",
    )
    return [
        Mistake(
            "eps_inside_root",
            wrong(lambda v, c, eps: np.sqrt(v / c + eps)),
            "`eps` is inside the root, as lecture 002 has it. Here, as in the paper and in PyTorch, it is added to the root.",
        ),
        *([early] if corrects else []),
        Mistake(
            "no_square_root",
            wrong(lambda v, c, eps: v / c + eps),
            "The step is divided by the second moment itself, as lecture 000 prints it. Take its square root.",
        ),
        Mistake(
            "eps_as_floor",
            wrong(lambda v, c, eps: np.maximum(np.sqrt(v / c), eps)),
            "`eps` is a lower bound of the root here. It has to be added to it.",
        ),
    ]


def moments(direction: Callable = corrected, **kind) -> list[Mistake]:
    """What goes wrong with the averages."""

    def wrong(**other):
        return adam_with(**{"direction": direction, **kind, **other})

    def swapped(old, new, beta):
        return (1 - beta) * old + beta * new

    def added(old, new, beta):
        return beta * old + new

    return [
        Mistake(
            "sign_of_gradient",
            wrong(direction=lambda t, m, v, grad, betas, eps: np.sign(grad)),
            "Every step is lr times the sign of the gradient. That is Adam's first step only: later ones depend on both "
            "moments.",
        ),
        Mistake(
            "squares_the_average",
            wrong(squares=lambda grad, m: m),
            "v averages the square of m. It averages the squares of the gradients themselves, grad**2, which is larger "
            "wherever they differ.",
        ),
        Mistake(
            "not_squared",
            wrong(second=lambda old, grad, beta: average(old, abs(grad), beta)),
            "v averages the sizes of the gradients, not their squares: grad**2.",
        ),
        Mistake(
            "shares_swapped",
            wrong(first=swapped, second=lambda old, grad, beta: swapped(old, grad**2, beta)),
            "beta and 1 - beta have changed places: beta is the share of the old moment that is kept, 1 - beta the weight of "
            "the new gradient.",
        ),
        Mistake(
            "not_averaged",
            wrong(first=added),
            "The new gradient goes into m in full, as in momentum. m is an average: weight the gradient with 1 - beta1.",
        ),
        Mistake(
            "not_averaged",
            wrong(second=lambda old, grad, beta: added(old, grad**2, beta)),
            "The new square goes into v in full. v is an average: weight the square with 1 - beta2.",
        ),
        Mistake(
            "not_averaged",
            wrong(first=added, second=lambda old, grad, beta: added(old, grad**2, beta)),
            "The new gradient and its square go into the moments in full. Both are averages: weight them with 1 - beta.",
        ),
        Mistake(
            "no_first_moment",
            wrong(direction=lambda t, m, v, grad, betas, eps: direction(t, grad, v, grad, (0.0, betas[1]), eps)),
            "The step follows the gradient itself, as RMSProp's does. Adam follows its average m.",
        ),
        Mistake(
            "old_moments",
            wrong(uses=lambda old, new: old),
            "The step uses the moments from before this gradient. Update m and v first.",
        ),
        Mistake(
            "one_rate_for_all",
            wrong(second=lambda old, grad, beta: average(old, np.mean(grad**2), beta)),
            "All weights share one second moment, the mean over elements. Each weight has its own average, over time.",
        ),
    ]


def betas_swapped(right: Callable) -> Mistake:
    return Mistake(
        "betas_swapped",
        lambda w, grad, state, *, betas=(0.9, 0.999), **hyper: right(w, grad, state, betas=betas[::-1], **hyper),
        "The two betas have changed places: the first belongs to m, the second to v.",
    )


def adams_own() -> list[tuple[str, Callable, str]]:
    """Adam's mistakes that an optimizer made of Adam inherits: (name, wrong Adam, sentence)."""
    inherited = [*corrections(), betas_swapped(adam_with()), *denominators(), *moments()]
    return [(mistake.name, mistake.functions[0], mistake.sentence) for mistake in inherited]
