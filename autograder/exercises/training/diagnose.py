"""diagnose: what the curves of a training run say.

The first that holds: the training loss is not finite somewhere; it ends above where it began; it has fallen by less
than 5 %; the validation accuracy jumps (standard deviation of its differences, second half) by more than 0.05; the gap
of the accuracies (mean of the last quarter) is above 0.1; else underfitting (lectures 001, 003; the thresholds are the
course's). The runs are far from each threshold, so other sensible ones pass. Reference: how a run was made.
"""

import numpy as np

from autograder.exercises.training._runs import RUNS
from autograder.judge import Case, Probe, Procedure, Script, Want, alternative, mistake, slips
from autograder.worker.calls import LAYOUTS

TOLD = "diagnosis"


def ask(case, rng):
    """Options: `runs`, names in RUNS, each drawn `times`; `mode`."""
    script, mode = Script(), case.get("mode", "plain")
    runs = [
        (name, RUNS[name][1](rng, int(rng.integers(20, 60))))
        for name in case.get("runs")
        for _ in range(case.get("times", 2))
    ]

    def call(name, run, role="value", layout=""):
        sent = script.put(run, layout)
        told = script.call(0, sent, note=name if mode == "plain" else layout)
        script.get(told, Want(f"{TOLD} ({name})", RUNS[name][0], role=role, result=name))
        return sent

    for number, (name, run) in enumerate(runs):
        if mode == "layout":
            call(name, run, layout=[*LAYOUTS][number % len(LAYOUTS)])
        elif mode == "inputs":
            script.get(call(name, run), Want("history", run, 0.0, 0.0, role="input"))
        else:
            call(name, run)
    for name, run in runs if mode == "again" else ():
        call(name, run, "again")
    return Probe(script, "diagnose(history)")


def shows(title, *runs, **options):
    return Case(title, runs=runs, **options)


FINITE = ("high", "low", "noisy", "over", "under")
EXERCISE = Procedure(
    ask=ask,
    section="2 · What curves say",
    cases=[
        shows("a loss that is nan", "nan", "nan at the end", weight=2),
        shows("a loss that is infinite", "inf", weight=0.5),
        shows("one that is no number on the way", "nan on the way", "inf on the way", weight=0.5),
        shows("a loss that grows: rate too high", "high", weight=3),
        shows("a loss that stands still: rate too low", "low", weight=3),
        shows("the same while the accuracy doubles", "accuracy doubles", "lecture", weight=3),
        shows("large losses: 400 that becomes 398 stands still", "large losses", weight=2),
        shows("small losses: 0.02 that becomes 0.008 is learning", "small losses", weight=2),
        shows("a validation accuracy that jumps", "noisy", weight=2),
        shows("one that rises far and evenly does not jump", "even rise", weight=4),
        shows("a gap: overfitting", "over", "over, small losses", "over, large losses", weight=2),
        shows("hardly a gap: underfitting", "under", "large losses learnt", "accuracy stands still", weight=3),
        shows("only the training accuracy jumps", "training jumps"),
        shows("jumps that have ended by the second half", "calm in the end"),
        shows("only the validation loss is no number", "infinite on validation", weight=0.5),
        shows("better on validation data: no overfitting", "better on validation", weight=2),
        shows("a spike on the way, and a last loss above the least", "a spike", "above its least"),
        shows("the first that holds", "noisy with a gap", "low, jumping", "high, jumping"),
        shows("all of them side by side", *RUNS, times=1, weight=18),
        shows("arrays that lie otherwise in memory", *FINITE, about="layout", mode="layout", weight=0.5),
        shows("leaves the history as it was", *FINITE, about="inputs", mode="inputs"),
        shows("gives the same answer when it is called again", *FINITE, about="again", mode="again"),
    ],
)


def right(history):
    loss = history["train_loss"]
    accuracy, val = history["train_accuracy"], history["val_accuracy"]
    half, quarter = len(loss) // 2, len(loss) // 4
    if not np.isfinite(loss).all():
        return "not a number"
    if loss[-1] > loss[0]:
        return "rate too high"
    if loss[0] - loss[-1] < 0.05 * loss[0]:
        return "rate too low"
    if np.diff(val[half:]).std() > 0.05:
        return "validation set too small"
    gap = (accuracy - val)[-quarter:].mean()
    return "overfitting" if gap > 0.1 else "underfitting"


MISTAKES = slips("""
nan_compared: not np.isfinite(loss).all() -> (loss == np.nan).any()
    or not np.isfinite(loss).all() -> (loss == np.nan).any() or np.isinf(loss).any()
    or not np.isfinite(loss).all() -> loss[-1] == np.inf
    or "not a number" -> "overfitting"
    or "not a number" -> "rate too high"
    or "not a number" -> "rate too low"
    or "not a number" -> "validation set too small"
    or "not a number" -> "overfitting" if np.isnan(loss).any() else "not a number"
    or "not a number" -> "rate too low" if np.isnan(loss).any() else "not a number"
    or "not a number" -> "rate too high" if np.isnan(loss).any() else "not a number"
    A loss that is nan is not noticed: nan equals nothing, not even itself, and every comparison with it is False. Ask
    `np.isfinite`.
infinity_missed (detail): not np.isfinite(loss).all() -> np.isnan(loss).any()
    An infinite loss is not noticed. It is no number either: `np.isfinite`.
last_loss_alone (detail): not np.isfinite(loss).all() -> not np.isfinite(loss[-1])
    Only the last loss is asked whether it is a number. Any of them may not be.
accuracy_for_low_rate: loss[0] - loss[-1] < 0.05 * loss[0] -> accuracy[-1] - accuracy[0] < 0.05
    or loss[0] - loss[-1] < 0.05 * loss[0] -> accuracy[-1] < 1.5 * accuracy[0]
    or loss[0] - loss[-1] < 0.05 * loss[0] -> val[-1] - val[0] < 0.05
    or loss[0] - loss[-1] < 0.05 * loss[0] -> accuracy[-1] - accuracy[0] < 0.02
    or loss[0] - loss[-1] < 0.05 * loss[0] -> accuracy[-1] - accuracy[0] < 0.01
    or loss[0] - loss[-1] < 0.05 * loss[0] -> accuracy[-1] - accuracy[0] < 0.1
    or loss[0] - loss[-1] < 0.05 * loss[0] -> accuracy[-1] - accuracy[0] < 0.05 * accuracy[0]
    or loss[0] - loss[-1] < 0.05 * loss[0] -> accuracy[-1] < 0.2
    The rate is judged by the accuracy. In lecture 001's run that doubles while the loss stands still: judge by how far
    the loss has fallen.
absolute_fall: loss[0] - loss[-1] < 0.05 * loss[0] -> loss[0] - loss[-1] < 0.05
    or loss[0] - loss[-1] < 0.05 * loss[0] -> loss[0] - loss[-1] < 0.1
    or loss[0] - loss[-1] < 0.05 * loss[0] -> loss[0] - loss[-1] < 0.02
    or loss[0] - loss[-1] < 0.05 * loss[0] -> loss[0] - loss[-1] < 0.01
    or loss[0] - loss[-1] < 0.05 * loss[0] -> loss[0] - loss[-1] < 0.005
    or loss[0] - loss[-1] < 0.05 * loss[0] -> loss[0] - loss[-1] < 0.001
    or loss[0] - loss[-1] < 0.05 * loss[0] -> loss[0] - loss[-1] < 0.5
    or loss[0] - loss[-1] < 0.05 * loss[0] -> loss[0] - loss[-1] < 1.0
    The fall of the loss is compared with a fixed number. How much is much depends on where it began: 5 % of the first.
fall_turned_round: loss[0] - loss[-1] < 0.05 * loss[0] -> loss[-1] < 0.05 * loss[0]
    or loss[0] - loss[-1] < 0.05 * loss[0] -> loss[0] - loss[-1] > 0.05 * loss[0]
    The comparison for a low rate is turned round: it is low where the loss has fallen by *less* than 5 %.
any_gap: gap > 0.1 -> gap > 0
    or gap > 0.1 -> gap > 0.01
    or gap > 0.1 -> gap > 0.005
    or gap > 0.1 -> (accuracy - val)[-1] > 0
    Any gap is called overfitting. A small one is no harm: 0.1 and more.
gap_sign: accuracy - val -> val - accuracy
    or gap > 0.1 -> gap < -0.1
    The gap has the wrong sign: it is training accuracy minus validation accuracy.
gap_size: accuracy - val -> np.abs(accuracy - val)
    or gap > 0.1 -> abs(gap) > 0.1
    The sign of the gap is lost: a network that does better on validation data does not overfit.
gap_of_the_last_epoch (detail): (accuracy - val)[-quarter:].mean() -> (accuracy - val)[-1]
    The gap is that of the last epoch alone, which may be luck. It is the mean of the last quarter.
gap_of_losses: (accuracy - val)[-quarter:].mean() -> (history["val_loss"] - loss)[-quarter:].mean()
    or (accuracy - val)[-quarter:].mean() -> history["val_loss"][-1] - loss[-1]
    The gap is that of the losses, which has no scale of its own. It is that of the accuracies.
spread_for_jumps: np.diff(val[half:]).std() -> val[half:].std()
    or np.diff(val[half:]).std() -> val.std()
    or np.diff(val[half:]).std() -> np.ptp(val[half:])
    or np.diff(val[half:]).std() -> np.ptp(val)
    or np.diff(val[half:]).std() > 0.05 -> val.std() > 0.1
    or np.diff(val[half:]).std() > 0.05 -> val[half:].std() > 0.1
    The spread of the validation accuracy is taken for its jumps. A curve that rises evenly is spread too: take the
    differences from epoch to epoch, `np.diff`.
jumps_of_the_whole_run: np.diff(val[half:]).std() -> np.diff(val).std()
    The jumps of the whole run count. It is the second half that tells: in the beginning every accuracy moves.
jumps_of_training: np.diff(val[half:]).std() -> np.diff(accuracy[half:]).std()
    The jumps are those of the training accuracy. A small validation set makes the validation accuracy jump.
jumps_missed: np.diff(val[half:]).std() -> np.diff(val[half:]).mean()
    The jumps of the validation accuracy are not noticed. (Averaged with their signs, up and down cancel: take the
    standard deviation of the differences.)
high_and_low_swapped (core):
    "rate too high" -> "rate too low"
    "rate too low" -> "rate too high"
    High and low are swapped: a rate that is too high makes the loss grow, one that is too low leaves it where it was.
over_and_under_swapped (core): gap > 0.1 -> not gap > 0.1
    Over- and underfitting are swapped: a large gap is overfitting.
validation_not_finite (detail): not np.isfinite(loss).all() -> not np.isfinite([*loss, *history["val_loss"]]).all()
    or not np.isfinite(loss).all() -> not all(np.isfinite(curve).all() for curve in history.values())
    A validation loss that is not finite is called *not a number*. The training loss alone is asked.
largest_loss: loss[-1] > loss[0] -> loss.max() > loss[0]
    A spike on the way is taken for a rate that is too high. It is the last loss that counts, against the first.
last_rise: loss[-1] > loss[0] -> loss[-1] > loss[-2]
    or loss[-1] > loss[0] -> loss[-1] > loss.min()
    The last loss is compared with the one before, or with the least. It is compared with the first.
validation_loss: loss = history["train_loss"] -> loss = history["val_loss"]
    The validation loss is looked at. The rate shows in the training loss: a validation loss that grows may be
    overfitting.
never_overfitting: gap > 0.1 -> False
    Overfitting is never told.
""")


@mistake("The gap is asked for before the jumps. The first that holds is told: what jumps says little of a gap.")
def gap_before_jumps(history):
    found = right(history)
    gap = (history["train_accuracy"] - history["val_accuracy"])[-(len(history["val_loss"]) // 4) :].mean()
    return "overfitting" if found == "validation set too small" and gap > 0.1 else found


@mistake("The jumps are asked for before the loss. The first that holds is told: a rate that is wrong comes first.")
def jumps_before_loss(history):
    val = history["val_accuracy"]
    jumps = np.diff(val[len(val) // 2 :]).std() > 0.05
    return "validation set too small" if jumps and np.isfinite(history["train_loss"]).all() else right(history)


@alternative
def other_thresholds(history):
    """In relative terms, by medians, with thresholds of its own."""
    loss, n = np.asarray(history["train_loss"]), len(history["train_loss"])
    if np.isnan(np.sum(loss)) or np.max(np.abs(loss)) == np.inf:
        return "not a number"
    share = loss[-1] / loss[0]
    if share > 1:
        return "rate too high"
    if share > 0.97:
        return "rate too low"
    val = history["val_accuracy"][n // 2 :]
    if np.mean(np.abs(val[1:] - val[:-1])) > 0.05:
        return "validation set too small"
    return "overfitting" if history["train_accuracy"][-1] - np.mean(val[-n // 4 :]) > 0.15 else "underfitting"


@alternative
def with_lists(history):
    run = {name: [float(value) for value in values] for name, values in history.items()}
    first, last = run["train_loss"][0], run["train_loss"][-1]
    jumps = [b - a for a, b in zip(run["val_accuracy"], run["val_accuracy"][1:], strict=False)][
        len(run["val_loss"]) // 2 :
    ]
    middle = sum(jumps) / len(jumps)
    gaps = [a - b for a, b in zip(run["train_accuracy"], run["val_accuracy"], strict=True)][
        -len(run["val_loss"]) // 4 :
    ]
    rules = {
        "not a number": any(abs(value) == float("inf") or value != value for value in run["train_loss"]),
        "rate too high": last > first,
        "rate too low": last > 0.95 * first,
        "validation set too small": (sum((j - middle) ** 2 for j in jumps) / len(jumps)) ** 0.5 > 0.06,
        "overfitting": sum(gaps) / len(gaps) > 0.08,
    }
    return next((name for name, holds in rules.items() if holds), "underfitting")


HINTS = [
    "Six questions in a row. Which of them makes all later ones meaningless?",
    "`np.isfinite(loss).all()`; last loss against first; the fall against 5 % of the first; `np.diff` of the second "
    "half of the validation accuracy, and its `std()`; the mean gap in the last quarter.",
    '`if not np.isfinite(loss).all(): return "not a number"`, `if loss[-1] > loss[0]: return "rate too high"`, '
    '`if loss[0] - loss[-1] < 0.05 * loss[0]: return "rate too low"`, and so on.',
]
