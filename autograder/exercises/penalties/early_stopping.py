"""early_stopping: when to stop, and which epoch to keep.

best starts at infinity; epoch e is better if loss < best - min_delta, strictly, best being the last accepted loss;
stop_epoch is the first e with e - best_epoch >= patience, else the last epoch (Prechelt 1998; Goodfellow et al. 2016,
algorithm 7.1, in the reading of Keras). NaN and infinity are not better, and cost patience. Reference: the definition,
epoch by epoch, on curves whose losses are multiples of 1/8.
"""

import math

import numpy as np

from autograder.judge import Case, Function, alternative, mistake, slips


def draw(rng, case):
    """Several curves. Options: `patience`, `min_delta` (None: not passed), `length`, `kind`, `form` ("array")."""
    kind, calls = case.get("kind", "walk"), []
    for k in range(case.get("curves", 10)):
        n = int(rng.integers(*case.get("length", (6, 14))))
        steps = {"walk": (-2, 3), "falling": (-3, 0), "rising": (1, 4), "flat": (0, 1)}[kind]
        losses = (24 + np.cumsum(rng.integers(*steps, n))) / 8
        if case.get("ties"):
            losses = np.repeat(losses, 2)[:n]
        for value in case.get("odd", ()):
            losses[rng.integers(1, n, max(1, n // 4))] = value
        curve = losses if case.get("form") == "array" else [float(loss) for loss in losses]
        options = {"patience": case.get("patience") or 1 + k % 4}
        if case.get("min_delta", 0.0) is not None:
            options["min_delta"] = case.get("min_delta", 0.0)
        calls.append(({"val_losses": curve}, options))
    return calls


def reference(val_losses, patience, min_delta=0.0):
    """Which epochs are accepted, then how far each is from the last accepted one."""
    accepted, best = [], math.inf
    for epoch, loss in enumerate(float(loss) for loss in val_losses):
        if math.isfinite(loss) and loss < best - min_delta:
            accepted, best = [*accepted, epoch], loss
        if epoch - accepted[-1] >= patience:
            return epoch, accepted[-1]
    return len(val_losses) - 1, accepted[-1]


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("stop_epoch", "best_epoch"),
    section="7 · When to stop",
    # Epochs, no arrays of floats: no shapes, no precision.
    standard=("again",),
    cases=[
        Case("curves that rise and fall", patience=3, weight=3),
        Case("a patience of 1", patience=1, weight=2),
        Case("any patience", weight=2),
        Case("equal losses are no gain", patience=2, ties=True, weight=2),
        Case("min_delta: a gain of exactly that is none", patience=2, min_delta=0.125, weight=2),
        Case(
            "a large min_delta: small gains do not add up to one", patience=3, min_delta=0.25, kind="falling", weight=2
        ),
        Case("losses that never rise: the last epoch", patience=2, kind="falling"),
        Case("losses that only rise", patience=3, kind="rising"),
        Case("nan is not better, and costs patience", patience=2, odd=(math.nan,), weight=2),
        Case("infinity neither", patience=2, odd=(math.inf,), weight=0.5),
        Case("the default min_delta is 0", patience=2, min_delta=None),
        Case("one epoch", length=(1, 2), patience=2, weight=0.5),
        Case("an array in place of a list", patience=2, form="array", weight=0.5),
    ],
)


def right(val_losses, *, patience, min_delta=0.0):
    best, best_epoch, epoch = math.inf, 0, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, best_epoch = loss, epoch
        if epoch - best_epoch >= patience:
            break
    return epoch, best_epoch


MISTAKES = slips("""
stops_late: epoch - best_epoch >= patience -> epoch - best_epoch > patience
    It stops one epoch late: patience=1 means that one epoch without a gain is enough.
stops_early: epoch - best_epoch >= patience -> epoch - best_epoch >= patience - 1 and epoch > best_epoch
    or epoch - best_epoch >= patience -> epoch - best_epoch >= max(patience - 1, 1)
    It stops one epoch early: `patience` epochs without a gain are waited for.
epochs_from_one: return epoch, best_epoch -> return epoch + 1, best_epoch + 1
    The epochs are counted from 1. The first one is 0.
ties_are_better: loss < best - min_delta -> loss <= best - min_delta
    An equal loss (or a gain of exactly min_delta) counts as better. It has to be lower: strictly.
sign_of_min_delta (detail): best - min_delta -> best + min_delta
    The sign of min_delta is wrong: a loss that is a little *higher* counts as better.
min_delta_ignored (detail): loss < best - min_delta -> loss < best
    `min_delta` is not used: a gain has to be larger than it.
best_starts_at_zero: math.inf -> 0.0
    No epoch after the first is ever better: best starts at 0, which no loss goes below, or the comparison is the wrong
    way round. It starts at infinity, and lower is better.
compared_with_the_last: loss < best - min_delta -> epoch == 0 or loss < val_losses[epoch - 1] - min_delta
    Each loss is compared with the epoch before. It is compared with the best so far.
nan_is_better (detail): loss < best - min_delta -> not loss >= best - min_delta
    NaN counts as better: comparisons with it are false, so `not (loss >= ...)` is true. It is no gain.
order_swapped: return epoch, best_epoch -> return best_epoch, epoch
    The results come back in another order than asked for: stop_epoch, best_epoch.
stop_for_best: return epoch, best_epoch -> return epoch, epoch
    The epoch of the stop comes back twice. What is kept are the weights of the best epoch, `patience` epochs before.
never_stops (core): epoch - best_epoch >= patience -> False
    It never stops: `patience` epochs without a gain are enough.
""")


@mistake("The epochs without a gain are counted, and the count is not set back at a gain: only those in a row count.")
def wait_never_reset(val_losses, *, patience, min_delta=0.0):
    best, best_epoch, wait, epoch = math.inf, 0, 0, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best, best_epoch = loss, epoch
        else:
            wait += 1
        if wait >= patience:
            break
    return epoch, best_epoch


@mistake(
    "best moves with losses that were not accepted: small gains below min_delta lower it. It is the last accepted one.",
    degree="detail",
)
def smallest_so_far(val_losses, *, patience, min_delta=0.0):
    best, best_epoch, epoch = math.inf, 0, 0
    for epoch, loss in enumerate(val_losses):
        if loss < best - min_delta:
            best_epoch = epoch
        best = min(best, loss) if loss == loss else best
        if epoch - best_epoch >= patience:
            break
    return epoch, best_epoch


@mistake("The best epoch is that of the whole curve. What comes after the stop is never seen.")
def best_after_the_stop(val_losses, *, patience, min_delta=0.0):
    stop, _ = right(val_losses, patience=patience, min_delta=min_delta)
    losses = [loss if loss == loss else math.inf for loss in map(float, val_losses)]
    return stop, losses.index(min(losses))


@alternative
def with_a_counter(val_losses, *, patience, min_delta=0.0):
    best, best_epoch, waited = float("inf"), 0, 0
    for epoch in range(len(val_losses)):
        if np.isfinite(val_losses[epoch]) and best - val_losses[epoch] > min_delta:
            best, best_epoch, waited = val_losses[epoch], epoch, 0
        else:
            waited += 1
            if waited == patience:
                return epoch, best_epoch
    return len(val_losses) - 1, best_epoch


@alternative
def recursive(val_losses, *, patience, min_delta=0.0):
    """From one accepted epoch to the next."""
    losses = list(val_losses)
    here = 0
    while True:
        window = range(here + 1, min(here + patience + 1, len(losses)))
        better = [e for e in window if losses[e] < losses[here] - min_delta]
        if not better:
            return [min(here + patience, len(losses) - 1), here]
        here = better[0]


HINTS = [
    "Two numbers are remembered: the best loss so far, and when it was. When has it been too long ago?",
    "In each epoch first ask whether the loss is better (lower than best - min_delta), then whether epoch - "
    "best_epoch has reached `patience`. Comparisons with NaN are false: that is what you want here.",
    "`if loss < best - min_delta: best, best_epoch = loss, epoch`, then `if epoch - best_epoch >= patience: break`.",
]
