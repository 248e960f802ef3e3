"""graph_backward: the gradients of f = (x + y) * max(y, z), node by node.

The chain rule on a graph (lecture 002): each node hands back its upstream gradient times its local one, and where a
value is used twice the gradients add up. Reference: autograd, y and z being apart: PyTorch's maximum gives half to each
where they are equal.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, mistake, slips, torch

NAMES = ("a", "b", "x", "y", "z")


def draw(rng, case):
    """Options: `shape`, None for plain numbers; `larger`: y, z, or now one and now the other."""
    shape = case.get("shape")
    x, middle = rng.standard_normal((2, *(shape or ())))
    gap = rng.uniform(0.1, 1.5, shape or ())
    sign = {"y": 1, "z": -1}.get(case.get("larger")) or rng.choice([-1, 1], shape or ())
    values = (x, middle + sign * gap, middle - sign * gap)
    return dict(zip("xyz", map(float, values) if shape is None else map(np.asarray, values), strict=True)), {}


def reference(x, y, z):
    leaves = [torch.as_tensor(value, dtype=torch.float64).clone().requires_grad_() for value in (x, y, z)]
    x, y, z = leaves
    a, b = x + y, torch.maximum(y, z)
    return dict(zip(NAMES, torch.autograd.grad((a * b).sum(), [a, b, *leaves]), strict=True))


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("grads",),
    section="2 · The graph of a computation",
    forms=[{"shape": (3, 3)}, {"shape": (1,)}, {"shape": (2, 1, 3)}, {"shape": ()}],
    typical={"shape": (2, 3)},
    # Where y and z are equal there is no slope.
    tied=("x",),
    cases=[
        Case("three numbers, y the larger: both ways lead to y", larger="y", weight=4),
        Case("three numbers, z the larger", larger="z"),
        Case("arrays: now y is larger, now z", shape=(4, 5), weight=3),
        Case("arrays, y always the larger", shape=(6,), larger="y", weight=2),
    ],
)


def right(x, y, z):
    a = x + y
    b = np.maximum(y, z)
    da = b
    db = a
    dx = 1 * da
    dy = da + db * (y > z)
    dz = db * (z > y)
    return {"a": da, "b": db, "x": dx, "y": dy, "z": dz}


MISTAKES = slips("""
one_way_only (core): da + db * (y > z) -> da
    or da + db * (y > z) -> db * (y > z)
    Only one of y's two ways counts. y is used twice, in the sum and in the maximum, and is to blame for both: the
    gradients of the two ways add up.
ways_multiplied (core): da + db * (y > z) -> da * db * (y > z)
    y's two gradients are multiplied. Along one way gradients are multiplied, over different ways they add up.
ways_averaged: da + db * (y > z) -> (da + db * (y > z)) / 2
    y's two gradients are averaged. Each way moves f by itself: they add up.

factors_not_swapped (core):
    da = b -> da = a
    db = a -> db = b
    Each factor gets itself. The slope of a * b by a is b, and by b it is a: a product hands each input the *other* one.
local_alone (core):
    da = b -> da = np.ones_like(b)
    db = a -> db = np.ones_like(a)
    or dx = 1 * da -> dx = np.ones_like(da)
    da + db * (y > z) -> np.ones_like(da) + (y > z)
    db * (z > y) -> np.ones_like(db) * (z > y)
    A local gradient alone comes back. The chain rule multiplies it by what comes from upstream, which is b for the sum
    and a for the maximum.

max_gives_to_both (core):
    da + db * (y > z) -> da + db
    db * (z > y) -> 1 * db
    The maximum hands its gradient to both inputs. Only the larger one has moved f: it gets all, the other one nothing.
max_gives_half (core):
    da + db * (y > z) -> da + db / 2
    db * (z > y) -> db / 2
    The maximum shares its gradient out. Only the larger input has moved f: it gets all, the other one nothing.
max_gives_to_the_smaller (core):
    da + db * (y > z) -> da + db * (y < z)
    db * (z > y) -> db * (z < y)
    The maximum hands its gradient to the smaller input. The larger one is what f was made of.
max_gives_values:
    da + db * (y > z) -> da + db * np.where(y > z, y, 0)
    db * (z > y) -> db * np.where(z > y, z, 0)
    The larger input itself stands where its slope belongs: the maximum's slope by the larger input is 1.
max_left_out:
    da + db * (y > z) -> da + b * (y > z)
    db * (z > y) -> b * (z > y)
    The maximum is handed b once more. Upstream of it is the product, whose slope by b is a.

sum_halves: dx = 1 * da -> dx = da / 2
    A sum shares its gradient out. Each of its inputs moves it one to one, and gets the whole.
sum_gives_values: dx = 1 * da -> dx = da * x
    The input of the sum stands where its slope belongs: a sum's slope by each of its inputs is 1.

shared_array: -> x = np.asarray(x)
    da + db * (y > z) -> np.add(da, db * (y > z), out=da if isinstance(da, np.ndarray) else None)
    dx = 1 * da -> dx = da
    or -> x = np.asarray(x)
    da + db * (y > z) -> np.add(da, db * (y > z), out=da if isinstance(da, np.ndarray) else None)
    `dy = da` and then `dy += ...` writes into da itself, of which dx and dy are other names: with arrays both are
    changed. `dy = da + ...` makes a new array.
""")


@mistake(
    "f is differentiated as if max(y, z) did not depend on anything: its inputs get a gradient too.", degree="core"
)
def max_is_a_constant(x, y, z):
    a, b = x + y, np.maximum(y, z)
    return {"a": b, "b": a, "x": 1 * b, "y": 1 * b, "z": 0 * a}


@alternative
def on_paper(x, y, z):
    y_wins = np.asarray(y > z)
    larger = np.where(y_wins, y, z)
    dy = np.where(y_wins, x + 2 * y, z)
    return {"a": larger, "b": x + y, "x": larger * 1.0, "y": dy, "z": np.where(y_wins, 0 * x, x + y)}


@alternative
def element_by_element(x, y, z):
    def one(x, y, z):
        a, b = x + y, max(y, z)
        grads = {"x": 0.0, "y": 0.0, "z": 0.0}
        for name in ("x", "y"):
            grads[name] += b
        grads["y" if y > z else "z"] += a
        return b, a, grads["x"], grads["y"], grads["z"]

    parts = np.vectorize(one, otypes=[np.asarray(x).dtype] * 5)(x, y, z)
    return dict(zip(NAMES, parts, strict=True))


HINTS = [
    "From the end to the beginning. f = a * b: if a grows by a little, by how much of that does f grow? Then ask the "
    "same of x, which moves a, and of y, which moves both.",
    "da = b and db = a. A sum hands its gradient to both inputs; a maximum hands it to the larger one, "
    "`(y > z)` being 1 there and 0 elsewhere. y gets something from both.",
    "`dx = da`, `dy = da + db * (y > z)`, `dz = db * (z > y)`.",
]
