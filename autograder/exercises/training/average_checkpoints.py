"""average_checkpoints: one network whose weights are the mean of several.

The plain mean, name by name (Izmailov et al. 2018; lecture 001: several checkpoints of one model). Reference:
torch.optim.swa_utils.AveragedModel. BatchNorm's running statistics are measured anew afterwards, not averaged
(torch.optim.swa_utils.update_bn).
"""

import numpy as np

from autograder.judge import Case, Function, alternative, mistake, slips, torch


def draw(rng, case):
    """`n` checkpoints with arrays of these `shapes`, by name; with `turned` each has its names in another order."""
    shapes = case.get("shapes", {"W1": (4, 3), "b1": (3,)})
    checkpoints = []
    for k in range(case.get("n", 3)):
        names = list(shapes)
        if case.get("turned"):
            names = names[k % len(names) :] + names[: k % len(names)]
        checkpoints.append({name: np.asarray(rng.standard_normal(shapes[name]) + 0.5) for name in names})
    return {"checkpoints": checkpoints}, {}


def reference(checkpoints):
    """Modules that hold the weights in one order of the names."""
    names = sorted(checkpoints[0])
    modules = [torch.nn.ParameterList([each[name] for name in names]) for each in checkpoints]
    averaged = torch.optim.swa_utils.AveragedModel(modules[0])
    for module in modules:
        averaged.update_parameters(module)
    return dict(zip(names, averaged.module, strict=True))


THREE = {"W1": (3, 5), "b1": (5,), "W2": (5, 2)}
ALIKE = {"W1": (3, 3), "W2": (3, 3), "W3": (3, 3)}
EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("params",),
    section="7 · Averages of weights",
    typical={"n": 3, "shapes": {"W1": (4, 3), "b1": (3,)}},
    forms=[
        {"n": 4, "shapes": {"W": (4, 4), "V": (4, 4)}},
        {"n": 3, "shapes": {"W": (1, 5), "b": (1,)}},
        {"n": 2, "shapes": {"scale": (), "b": (2,)}},
        {"n": 2, "shapes": {"kernel": (2, 3, 2, 2), "b": (2,)}},
    ],
    standard=("float32", "shapes", "layout", "inputs", "again"),
    cases=[
        Case("two checkpoints", n=2, shapes=THREE),
        Case("five checkpoints", n=5, shapes=THREE, weight=4),
        Case("as many as rows and columns", n=3, shapes=ALIKE, weight=2),
        Case("the names come in another order", n=4, shapes=ALIKE, turned=True, weight=5),
        Case("one checkpoint", n=1, shapes=THREE, weight=0.5),
    ],
)


def right(checkpoints):
    chosen = list(checkpoints)
    params = {}
    for name in checkpoints[0]:
        stacked = np.stack([each[name] for each in chosen])
        params[name] = stacked.mean(axis=0)
    return params


MISTAKES = slips("""
summed: stacked.mean(axis=0) -> stacked.sum(axis=0)
    The checkpoints are added up. Divide by how many there are.
first_and_last: list(checkpoints) -> [checkpoints[0], checkpoints[-1]]
    Only the first and the last checkpoint are averaged.
last_alone (core): list(checkpoints) -> [checkpoints[-1]]
    The last checkpoint comes back: nothing is averaged.
first_alone (core): list(checkpoints) -> [checkpoints[0]]
    The first checkpoint comes back: nothing is averaged.
first_left_out: list(checkpoints) -> checkpoints[1:] or checkpoints
    The first checkpoint is left out. It counts as much as the others.
last_left_out: list(checkpoints) -> checkpoints[:-1] or checkpoints
    The last checkpoint is left out. It counts as much as the others.
one_too_few: stacked.mean(axis=0) -> stacked.sum(axis=0) / max(len(stacked) - 1, 1)
    It is divided by one less than there are.
one_too_many: stacked.mean(axis=0) -> stacked.sum(axis=0) / (len(stacked) + 1)
    It is divided by one more than there are.
median: stacked.mean(axis=0) -> np.median(stacked, axis=0).astype(stacked.dtype)
    This is the median. The mean is asked for.
of_the_weights: stacked.mean(axis=0) -> stacked.mean(axis=-1)
    or stacked.mean(axis=0) -> stacked.mean()
    or stacked.mean(axis=0) -> stacked.mean(axis=min(1, stacked.ndim - 1))
    The mean runs over an axis of the weights. It runs over the checkpoints, and each weight stays by itself.
by_order_of_keys: each[name] -> list(each.values())[list(checkpoints[0]).index(name)]
    The arrays are matched by the order in which they stand. Another checkpoint may have its names in another order:
    match them by name.
in_place (detail): return params -> checkpoints[0].update(params); return params
    The average is written into the first checkpoint. Make a new dict of new arrays.
""")


@mistake(
    "Each checkpoint is averaged with the mean so far, (avg + new) / 2: the later ones count more. All count alike."
)
def pairwise(checkpoints):
    params = dict(checkpoints[0])
    for each in checkpoints[1:]:
        params = {name: (params[name] + each[name]) / 2 for name in params}
    return params


@mistake("The weights are averaged as an EMA: the later ones count more. All checkpoints count alike.")
def as_an_ema(checkpoints):
    params = dict(checkpoints[0])
    for each in checkpoints[1:]:
        params = {name: 0.995 * params[name] + 0.005 * each[name] for name in params}
    return params


@mistake(
    "The average is added up in the first checkpoint's own arrays, `total += ...`, which the caller still needs. Start "
    "from a copy, or from zeros.",
    name="in_place",
    degree="detail",
)
def into_the_first(checkpoints):
    params = checkpoints[0]
    for name in params:
        for each in checkpoints[1:]:
            params[name] += each[name]
        params[name] /= len(checkpoints)
    return params


@alternative
def running_mean(checkpoints):
    """AveragedModel's own way: avg + (w - avg) / (n + 1)."""
    params = {name: value.copy() for name, value in checkpoints[0].items()}
    for n, each in enumerate(checkpoints[1:], start=1):
        for name, value in each.items():
            params[name] = params[name] + (value - params[name]) / (n + 1)
    return params


@alternative
def added_up(checkpoints):
    names = sorted(checkpoints[-1])
    return {name: sum(each[name] for each in checkpoints) / len(checkpoints) for name in names}


HINTS = [
    "Each weight has a value in every checkpoint. By what do you find it there?",
    "For each name collect `checkpoint[name]` of all checkpoints, and take the mean over these, weight by weight.",
    "`{name: np.mean([c[name] for c in checkpoints], axis=0) for name in checkpoints[0]}`; in float32 the mean of "
    "float32 arrays stays float32.",
]
