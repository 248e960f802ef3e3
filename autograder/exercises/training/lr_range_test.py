"""lr_range_test: the loss while the learning rate grows from step to step.

lr_t = lr_min (lr_max / lr_min)^(t / (steps - 1)), t = 0 .. steps - 1, plain SGD; losses[t] is the loss before the step
with lr_t; ends after a loss that is not finite or above 4 times the least so far, the last recorded (Smith 2017, whose
rate grows linearly; the geometric growth and the 4 are fast.ai's LRFinder). Reference: torch.optim.SGD with
lr_scheduler.ExponentialLR.
"""

import numpy as np

from autograder.exercises.training._ranges import ask
from autograder.judge import Case, Mistake, Procedure, alternative, mistake, slips

SLOW = {"lr_min": 1e-3, "lr_max": 0.3, "steps": 8}
EXERCISE = Procedure(
    ask=ask,
    section="3 · The rate first",
    cases=[
        Case("rates that grow by equal factors, from lr_min to lr_max", asks=SLOW, steep=1.0, weight=3),
        Case("30 steps, from 1e-4 to 0.5", asks={"lr_min": 1e-4, "lr_max": 0.5, "steps": 30}, steep=2.0, weight=3),
        Case(
            "ends after a loss above 4 times the least so far",
            asks={"lr_min": 1e-3, "lr_max": 50.0, "steps": 40},
            early=True,
            weight=4,
        ),
        Case(
            "the same where the loss falls far, then rises little by little",
            asks={"lr_min": 0.63, "lr_max": 1.0, "steps": 150},
            shape=(12,),
            even=True,
            early=True,
            weight=7,
        ),
        Case("ends after a loss that is nan", asks={**SLOW, "steps": 12}, steep=1.0, ends=5, early=True, weight=2),
        Case("ends after a loss that is infinite", asks={**SLOW, "steps": 12}, steep=1.0, bursts=7, early=True),
        Case("two steps: lr_min, then lr_max", asks={"lr_min": 0.02, "lr_max": 0.2, "steps": 2}, steep=1.0),
        Case("a matrix of weights", asks=SLOW, shape=(3, 2), steep=1.0),
        Case("by default 100 steps from 1e-5 to 1", asks={}, steep=0.6, weight=0.5),
        Case("w may lie otherwise in memory", asks=SLOW, about="layout", mode="layout", shape=(3, 2), weight=0.5),
        Case("leaves w as it was", asks=SLOW, about="inputs", mode="inputs"),
        Case("gives the same answer when it is called again", asks=SLOW, about="again", mode="again"),
    ],
)


def right(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    lrs, losses = [], []
    for t in range(steps):
        lr = lr_min * (lr_max / lr_min) ** (t / (steps - 1))
        loss, grad = loss_and_grad(w)
        lrs.append(lr)
        losses.append(loss)
        if not np.isfinite(loss) or loss > 4 * min(losses):
            break
        w = w - lr * grad
    return np.array(lrs), np.array(losses)


MISTAKES = slips("""
linear: lr_min * (lr_max / lr_min) ** (t / (steps - 1)) -> lr_min + (lr_max - lr_min) * t / (steps - 1)
    The rate grows by equal steps, so that nearly all of them are large. It grows by equal factors.
lr_max_not_reached: t / (steps - 1) -> t / steps
    lr_max is never reached: t ends at steps - 1, so that is what it is divided by.
lr_min_left_out: t / (steps - 1) -> (t + 1) / steps
    The first rate is not lr_min: t begins at 0.
falling: lr_min * (lr_max / lr_min) ** (t / (steps - 1)) -> lr_max * (lr_min / lr_max) ** (t / (steps - 1))
    The rate falls. It grows from lr_min to lr_max.
weights_never_move (core): w = w - lr * grad ->
    The weights never move: every loss is that of the start. Take an SGD step after each loss.
starts_anew:
    -> start = w
    w - lr * grad -> start - lr * grad
    Each rate is tried from the start again. The weights go on: one run, in which the rate grows.
uphill (core): w - lr * grad -> w + lr * grad
    The steps lead uphill: the gradient is subtracted.
never_stops: if not np.isfinite(loss) or loss > 4 * min(losses): break ->
    It never stops. It ends after a loss that is not finite, or above 4 times the least so far.
stops_at_nan_alone (detail): not np.isfinite(loss) or loss > 4 * min(losses) -> not np.isfinite(loss)
    It only stops where the loss is no number. A loss above 4 times the least so far ends it too.
nan_goes_on (detail): not np.isfinite(loss) or loss > 4 * min(losses) -> loss > 4 * min(losses)
    or not np.isfinite(loss) or loss > 4 * min(losses) -> loss > 4 * np.nanmin(losses)
    It goes on after a loss that is nan: nan > 4 is False. Ask `np.isfinite`.
infinity_goes_on (detail): not np.isfinite(loss) -> np.isnan(loss)
    loss > 4 * min(losses) -> np.inf > loss > 4 * min(losses)
    It goes on after a loss that is infinite.
other_factor (detail): 4 * min(losses) -> 2 * min(losses)
    or 4 * min(losses) -> 10 * min(losses)
    or 4 * min(losses) -> 3 * min(losses)
    or 4 * min(losses) -> 5 * min(losses)
    or 4 * min(losses) -> min(losses)
    It ends at another multiple of the least loss than 4.
compared_with_the_first: 4 * min(losses) -> 4 * losses[0]
    or 4 * min(losses) -> 4 * losses[max(len(losses) - 2, 0)]
    The loss is compared with the first, or with the one before. It is compared with the least so far.
last_not_recorded (detail): break -> lrs.pop(); losses.pop(); break
    The loss that ends the test is not recorded. It is the last one.
one_step_too_few: range(steps) -> range(steps - 1)
    There is one step too few: `steps` rates, the last is lr_max.
default_lr_min (detail): lr_min=1e-5 -> lr_min=1e-6
    or lr_min=1e-5 -> lr_min=1e-7
    or lr_min=1e-5 -> lr_min=1e-4
    The default of `lr_min` is another one than 1e-5.
default_lr_max (detail): lr_max=1.0 -> lr_max=10.0
    or lr_max=1.0 -> lr_max=0.1
    or lr_max=1.0 -> lr_max=100.0
    The default of `lr_max` is another one than 1.
default_steps (detail): steps=100 -> steps=50
    or steps=100 -> steps=200
    or steps=100 -> steps=10
    or steps=100 -> steps=1000
    The default of `steps` is another one than 100.
order_swapped: return np.array(lrs), np.array(losses) -> return np.array(losses), np.array(lrs)
    The results come back in another order than asked for: lrs, losses.
lists (detail): return np.array(lrs), np.array(losses) -> return lrs, losses
    Lists come back. Arrays are asked for, `np.array(lrs)`.
in_place (detail): w = w - lr * grad -> w -= lr * grad
    The caller's weights are moved: `w -= ...` writes into them. Make a new array.
logarithms (detail): return np.array(lrs), np.array(losses) -> return np.log10(lrs), np.array(losses)
    The logarithms of the rates come back. The rates themselves are asked for.
signs_alone: w - lr * grad -> w - lr * np.sign(grad)
    The step is as long as the rate, whatever the gradient: that is its sign alone. Plain SGD steps by lr * grad.
""")


@mistake("The loss recorded is that after the step. losses[t] is the one before the step with lr_t.")
def loss_after_the_step(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    lrs, losses = lr_min * (lr_max / lr_min) ** (np.arange(steps) / (steps - 1)), []
    loss, grad = loss_and_grad(w)
    for lr in lrs:
        w = w - lr * grad
        loss, grad = loss_and_grad(w)
        losses.append(loss)
        if not np.isfinite(loss) or loss > 4 * min(losses):
            break
    return lrs[: len(losses)], np.array(losses)


@mistake("The loss recorded is that after the step. losses[t] is the one before.", name="loss_after_the_step")
def asked_twice_a_step(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    lrs, losses = lr_min * (lr_max / lr_min) ** (np.arange(steps) / (steps - 1)), []
    for lr in lrs:
        w = w - lr * loss_and_grad(w)[1]
        losses.append(loss_and_grad(w)[0])
        if not np.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
    return lrs[: len(losses)], np.array(losses)


@mistake("loss_and_grad is asked more than once a step. It gives both, and costs a forward and a backward pass.")
def asked_for_each(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    lrs, losses = lr_min * (lr_max / lr_min) ** (np.arange(steps) / (steps - 1)), []
    for lr in lrs:
        losses.append(loss_and_grad(w)[0])
        if not np.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
        w = w - lr * loss_and_grad(w)[1]
    return lrs[: len(losses)], np.array(losses)


START = "Each rate is tried from the start again. The weights go on: one run, in which the rate grows."


@mistake(START)
def starts_anew(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    lrs, losses = lr_min * (lr_max / lr_min) ** (np.arange(steps) / (steps - 1)), []
    _, grad = loss_and_grad(w)
    for lr in lrs:
        loss, _ = loss_and_grad(w - lr * grad)
        losses.append(loss)
        if not np.isfinite(loss) or loss > 4 * min(losses):
            break
    return lrs[: len(losses)], np.array(losses)


@mistake(START, name="starts_anew")
def starts_anew_with_its_gradient(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    lrs, losses = lr_min * (lr_max / lr_min) ** (np.arange(steps) / (steps - 1)), []
    for lr in lrs:
        losses.append(loss_and_grad(w - lr * loss_and_grad(w)[1])[0])
        if not np.isfinite(losses[-1]) or losses[-1] > 4 * min(losses):
            break
    return lrs[: len(losses)], np.array(losses)


def _smoothed(beta, corrected):
    def made(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
        lrs, losses = right(loss_and_grad, w, lr_min=lr_min, lr_max=lr_max, steps=steps)
        smooth, average = [], 0.0
        for t, loss in enumerate(losses, start=1):
            average = beta * average + (1 - beta) * loss if corrected or t > 1 else loss
            smooth.append(average / (1 - beta**t) if corrected else average)
        return lrs, np.array(smooth)

    return made


SMOOTH = "The losses are smoothed. They are asked for as they are; smooth them where you draw them."
MISTAKES += [
    Mistake("smoothed", _smoothed(beta, corrected), SMOOTH)
    for beta in (0.98, 0.9, 0.95, 0.99, 0.5)
    for corrected in (True, False)
]


@alternative
def with_rates_made_first(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    lrs, losses, least = np.geomspace(lr_min, lr_max, steps), np.empty(steps), np.inf
    for t, lr in enumerate(lrs):
        losses[t], grad = loss_and_grad(w)
        least = min(least, losses[t])
        if not losses[t] <= 4 * least or losses[t] == np.inf:
            return lrs[: t + 1], losses[: t + 1]
        w = w - lr * grad
    return lrs, losses


@alternative
def by_a_factor(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    point, lr, factor = w.copy(), lr_min, (lr_max / lr_min) ** (1 / (steps - 1))
    told = []
    while len(told) < steps:
        loss, grad = loss_and_grad(point)
        told.append((lr, loss))
        if np.isnan(loss) or np.isinf(loss) or any(loss > 4 * earlier for _, earlier in told):
            break
        point -= lr * grad
        lr *= factor
    return [np.array(column) for column in zip(*told, strict=True)]


HINTS = [
    "One short run of plain SGD whose rate grows by the same factor at every step. Which factor leads from lr_min to "
    "lr_max in steps - 1 steps?",
    "At each step: the rate, then loss and gradient at w, record both numbers, ask whether it is over, and only then "
    "move w.",
    "`lr = lr_min * (lr_max / lr_min) ** (t / (steps - 1))`; `if not np.isfinite(loss) or loss > 4 * min(losses): "
    "break`; `w = w - lr * grad`.",
]
