"""compose: several transforms as one, the first in the list first.

compose([f, g])(x) = g(f(x)), as torchvision.transforms.Compose. Reference: the transforms, called one after the other.
"""

import functools

import numpy as np

from autograder.exercises.augmentation._mixing import transform_of
from autograder.judge import Case, Mistake, Probe, Procedure, Script, Want

# No two of them may change places, and none of them undoes another.
TRANSFORMS = {
    "darker": lambda x: 0.6 * x,
    "square": lambda x: x * x,
    "mirror": lambda x: x[:, :, :, ::-1] - 0.3 * x,
    "shift": lambda x: x + 0.25,
    "turn": lambda x: 0.5 * x + 0.5 * np.roll(x, 1, axis=2),
}


def ask(case, rng):
    names, mode = case.get("transforms"), case.get("mode", "plain")
    shape, dtype = case.get("shape", (2, 3, 4, 5)), case.get("dtype", "float64")
    script = Script()
    transforms = [script.callback(transform_of(shape[1:], TRANSFORMS[name])) for name in names]
    given = transforms
    if case.get("nested"):
        inner = case.get("nested")
        given = [*transforms[:inner], script.call(0, transforms[inner:], note="the inner compose")]
    apply = script.call(0, tuple(given) if case.get("as_tuple") else given)

    def images():
        return rng.uniform(0.1, 0.9, shape).astype(dtype)

    def apply_to(x, role="value"):
        out = functools.reduce(lambda images, name: TRANSFORMS[name](images), names, x)
        sent = script.put(x)
        result = script.call(apply, sent, note="the function it returns")
        script.get(result, Want("out", out, role=role))
        return sent, result, out

    first = images()
    sent, result, out = apply_to(first)
    if mode == "inputs":
        script.get(sent, Want("x", first, rtol=0.0, atol=0.0, role="input"))
    if mode == "again":
        apply_to(images(), "other")
        script.get(result, Want("out", out, role="kept"))
        apply_to(first, "again")
    return Probe(script, f"compose([{', '.join(names)}])(x)", {"x": first})


def last_first(transforms):
    return lambda x: functools.reduce(lambda y, transform: transform(y), reversed(transforms), x)


def only_the_last(transforms):
    def apply(x):
        out = x
        for transform in transforms:
            out = transform(x)
        return out

    return apply


def only_the_first(transforms):
    def apply(x):
        for transform in transforms:
            return transform(x)
        return x

    return apply


def mean_of_all(transforms):
    return lambda x: sum(transform(x) for transform in transforms) / len(transforms) if transforms else x


def first_left_out(transforms):
    return lambda x: functools.reduce(lambda y, transform: transform(y), transforms[1:], x)


def last_left_out(transforms):
    return lambda x: functools.reduce(lambda y, transform: transform(y), transforms[:-1], x)


def never_kept(transforms):
    def apply(x):
        for transform in transforms:
            transform(x)
        return x

    return apply


def first_twice(transforms):
    def apply(x):
        out = transforms[0](x) if transforms else x
        for transform in transforms:
            out = transform(out)
        return out

    return apply


def used_up(transforms):
    left = iter(transforms)
    return lambda x: functools.reduce(lambda y, transform: transform(y), left, x)


def goes_on_with_the_last_result(transforms):
    kept = {}

    def apply(x):
        y = kept.get(x.shape, x)
        for transform in transforms:
            y = transform(y)
        kept[x.shape] = y
        return y

    return apply


def reduced(transforms):
    return functools.partial(functools.reduce, lambda y, transform: transform(y), tuple(transforms))


def recursive(transforms):
    if not len(transforms):
        return lambda x: x
    rest = recursive(transforms[1:])
    return lambda x: rest(transforms[0](x))


def built_up(transforms):
    def after(f, g):
        return lambda x: g(f(x))

    whole = np.copy
    for transform in transforms:
        whole = after(whole, transform)
    return whole


class Composed:
    """A function that is an object."""

    def __init__(self, transforms):
        self.transforms = list(transforms)[::-1]

    def __call__(self, x):
        left = self.transforms.copy()
        while left:
            x = left.pop()(x)
        return x


def reduce_in_order(transforms):
    return lambda x: reduced(transforms)(x)


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case("one transform", transforms=["darker"]),
        Case("two: the first in the list comes first", transforms=["darker", "shift"], weight=2),
        Case("the same two the other way round", transforms=["shift", "darker"]),
        Case("five of them", transforms=["turn", "shift", "square", "mirror", "darker"], weight=2),
        Case("the same one twice", transforms=["square", "shift", "square"]),
        Case("none: x as it is", transforms=[]),
        Case("a compose among the transforms", transforms=["shift", "mirror", "square"], nested=1),
        Case("a tuple of transforms, one image", transforms=["mirror", "square"], as_tuple=True, shape=(1, 1, 3, 2)),
        Case("float32 in, float32 out", transforms=["square", "shift"], dtype="float32"),
        Case("leaves x as it was", transforms=["shift", "turn"], mode="inputs"),
        Case("can be called again", transforms=["darker", "shift", "square"], mode="again", weight=3),
    ],
    mistakes=[
        Mistake(
            "last_first",
            last_first,
            "The last transform of the list is applied first. compose([f, g])(x) is g(f(x)): in the order of the list. "
            "(In mathematics f o g means the other.)",
        ),
        Mistake(
            "only_the_last",
            only_the_last,
            "Every transform is given the original x, so only the last one shows. Give each the result of the one before.",
        ),
        Mistake(
            "only_the_first",
            only_the_first,
            "Only the first transform is applied: is the `return` inside the loop?",
        ),
        Mistake(
            "mean_of_all",
            mean_of_all,
            "Each transform is applied to the original x and the results are averaged. Apply one *after* the other.",
        ),
        Mistake("first_left_out", first_left_out, "The first transform is never applied."),
        Mistake("last_left_out", last_left_out, "The last transform is never applied."),
        Mistake(
            "never_kept",
            never_kept,
            "x comes back as it was: a transform returns a new array, which has to be kept: `x = transform(x)`.",
        ),
        Mistake("first_twice", first_twice, "The first transform is applied twice."),
        Mistake(
            "remembers_earlier_calls",
            used_up,
            "At the second call the transforms are used up or the first result goes on: an iterator, a list that is "
            "emptied, or a variable outside the inner function. Begin anew with the x and the list each time.",
        ),
        Mistake(
            "remembers_earlier_calls",
            goes_on_with_the_last_result,
            "The second call goes on from the first one's result. Begin with the x that comes in each time.",
        ),
    ],
    alternatives=[reduce_in_order, recursive, built_up, Composed],
    hints=[
        "Return a function of x. What does the second transform have to be given?",
        "Inside that function loop over the transforms, and let each result be the next one's argument.",
        "`for transform in transforms: x = transform(x)`, then `return x`, all inside `def apply(x):`; outside, "
        "`return apply`.",
    ],
)
