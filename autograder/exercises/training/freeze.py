"""freeze: gradients with those of some parameters put to zero.

Transfer learning keeps layers as they are (lecture 003): a zero gradient, with which plain SGD leaves them alone.
Zeros also where the gradient is nan or infinite. Reference: requires_grad_(False) and autograd, zeros where PyTorch has
None; its optimizers skip those.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, mistake, slips, torch


def draw(rng, case):
    """Gradients of these `shapes`, by name; `names` of the frozen ones, as a `form`; `odd` numbers among these."""
    shapes = case.get("shapes", {"W1": (4, 3), "b1": (3,), "W2": (3, 2), "b2": (2,)})
    grads = {name: np.asarray(rng.standard_normal(shape) + 0.3) for name, shape in shapes.items()}
    names = case.get("names", ["W1", "b1"])
    for name in names if case.get("odd") else ():
        grads[name].flat[: len(case.get("odd"))] = case.get("odd")
    return {"grads": grads, "names": case.get("form", list)(names)}, {}


def reference(grads, names):
    leaves = {name: torch.zeros_like(grad, requires_grad=True) for name, grad in grads.items()}
    for name in names:
        leaves[name].requires_grad_(False)
    with torch.enable_grad():
        loss = sum((grads[name] * leaf).sum() for name, leaf in leaves.items() if leaf.requires_grad)
    if isinstance(loss, torch.Tensor):
        loss.backward()
    return {name: torch.zeros_like(leaf) if leaf.grad is None else leaf.grad for name, leaf in leaves.items()}


DEEP = {"W1": (3, 3), "W10": (3, 3), "W11": (3, 3), "W2": (3, 3), "dW1": (3, 3), "b1": (3,), "b10": (3,)}
EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("grads",),
    section="9 · Borrowed features",
    typical={"names": ["W1", "b1"]},
    forms=[
        {"shapes": {"W": (4, 4), "V": (4, 4)}, "names": ["V"]},
        {"shapes": {"W": (1, 5), "b": (1,)}, "names": ["b"]},
        {"shapes": {"scale": (1,), "shift": (1,)}, "names": ["scale"]},
        {"shapes": {"kernel": (2, 3, 2, 2), "b": (2,)}, "names": ["kernel"]},
    ],
    cases=[
        Case("the first layer", names=["W1", "b1"], weight=4),
        Case("the biases", names=["b1", "b2"]),
        Case("a tuple of names", names=["W2"], form=tuple, weight=0.5),
        Case("exactly that name: W1 is not W10, nor dW1", shapes=DEEP, names=["W1", "b10"], weight=5.5),
        Case("no names: nothing is frozen", names=[], weight=1.5),
        Case("all names", names=["b2", "W2", "b1", "W1"], weight=0.5),
        Case(
            "zeros also where the gradient is nan or infinite", names=["W1"], odd=(np.nan, np.inf), mode="odd", weight=2
        ),
    ],
)


def right(grads, names):
    frozen = {}
    for name, grad in grads.items():
        keeps = name in names
        frozen[name] = np.zeros_like(grad) if keeps else grad.copy()
    return frozen


MISTAKES = slips("""
others_frozen (core): name in names -> name not in names
    The others are frozen. `names` are those that stay as they are, so theirs become zero.
prefix: name in names -> name.startswith(tuple(names))
    Names that only begin like one in `names` are frozen too: W1 is not W10. Compare whole names.
part_of_the_name: name in names -> any(part in name for part in names)
    Names that only contain one of `names` are frozen too: W1 is not dW1. Compare whole names.
suffix: name in names -> name.endswith(tuple(names))
    Names that only end like one in `names` are frozen too: W1 is not dW1. Compare whole names.
part_of_the_name: name in names -> name in str(names)
    or name in names -> name in " ".join(names)
    The name is looked for in a text, where W1 is also found in W10. Compare whole names.
left_out: return frozen -> return {name: grad for name, grad in frozen.items() if name not in names}
    The frozen names are left out. All names come back, with zeros for those.
only_the_frozen: return frozen -> return {name: grad for name, grad in frozen.items() if name in names}
    Only the frozen names come back. All do.
none_in_place_of_zeros: np.zeros_like(grad) -> None
    The frozen ones are None, as in PyTorch. Here they are zeros of the same shape.
number_in_place_of_zeros: np.zeros_like(grad) -> 0.0
    or np.zeros_like(grad) -> 0
    or np.zeros_like(grad) -> np.zeros(1)
    A frozen gradient is one number. It is an array of zeros, of the same shape.
times_zero (detail): np.zeros_like(grad) -> grad * 0
    or np.zeros_like(grad) -> grad * 0.0
    Frozen gradients are multiplied by 0, and nan times 0 is nan. Make zeros, `np.zeros_like`.
only_the_first: name in names -> name in list(names)[:1]
    Only the first of the names is frozen.
nothing_frozen (core): name in names -> False
    Nothing is frozen.
all_frozen (core): name in names -> True
    Everything is frozen.
weights_alone: name in names -> name in names and not name.startswith("b")
    Biases are never frozen. All of `names` are.
changes_dtype (detail): np.zeros_like(grad) -> np.zeros(grad.shape)
    The zeros are float64, whatever the gradient is: `np.zeros_like` keeps its dtype.
ones: np.zeros_like(grad) -> np.ones_like(grad)
    The frozen gradients are ones. With zeros SGD leaves the weights alone.
in_place (detail): frozen = {} -> frozen = grads
    The caller's dict is changed. Make a new one.
""")


@mistake(
    "The zeros are written into the caller's arrays, `grad[...] = 0`. Make new ones.", name="in_place", degree="detail"
)
def zeros_written(grads, names):
    for name in names:
        grads[name][...] = 0
    return dict(grads)


@alternative
def copied_and_replaced(grads, names):
    frozen = dict(grads)
    frozen.update((name, np.full(grads[name].shape, 0, grads[name].dtype)) for name in names)
    return frozen


@alternative
def by_where(grads, names):
    frozen = set(names)
    return {name: np.where(name in frozen, grad.dtype.type(0), grad) for name, grad in grads.items()}


HINTS = [
    "With which gradient does plain SGD leave a weight alone?",
    "Go through the names of `grads`. Those in `names` get `np.zeros_like(grad)`, the others keep their gradient. "
    "Put them into a new dict.",
    "`{name: np.zeros_like(g) if name in names else g for name, g in grads.items()}`.",
]
