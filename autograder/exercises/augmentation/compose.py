"""compose: several transforms as one, the first in the list first.

compose([f, g])(x) = g(f(x)), as torchvision.transforms.Compose. Reference: the transforms, called one after the other.
"""

import functools

import numpy as np

from autograder.exercises.augmentation._mixing import LAYOUT_TITLE, transform_of
from autograder.judge import Case, Probe, Procedure, Script, Want, alternative, slips
from autograder.worker.calls import LAYOUTS
from autograder.worker.functions import mirrored

# No two of them may change places, and none of them undoes another.
TRANSFORMS = {
    "darker": lambda x: 0.6 * x,
    "square": lambda x: x * x,
    "mirror": lambda x: x[:, :, :, ::-1] - 0.3 * x,
    "shift": lambda x: x + 0.25,
    "turn": lambda x: 0.5 * x + 0.5 * np.roll(x, 1, axis=2),
    "view": mirrored,
}


def ask(case, rng):
    names, mode, shape = case.get("transforms"), case.about, case.get("shape", (2, 3, 4, 5))
    script = Script()
    # Each is one object, also where it stands in the list twice.
    made = {name: script.put(script.callback(transform_of(shape[1:], TRANSFORMS[name]))) for name in names}
    made["view"] = script.named(mirrored)
    transforms = [made[name] for name in names]
    inner = case.get("nested")
    given = [*transforms[:inner], script.call(0, transforms[inner:], note="the inner compose")] if inner else transforms
    apply = script.call(0, tuple(given) if case.get("as_tuple") else given)

    def images():
        return rng.uniform(0.1, 0.9, shape).astype(case.get("dtype", "float64"))

    def apply_to(x, role="value", layout=""):
        out = functools.reduce(lambda x, name: TRANSFORMS[name](x), names, x)
        sent = script.put(x, layout)
        result = script.call(apply, sent, note="the function it returns")
        script.get(result, Want("out", out, role=role))
        return sent, result, out

    first = images()
    for layout in LAYOUTS if mode == "layout" else [""]:
        sent, result, out = apply_to(first, layout=layout)
    if mode == "inputs":
        script.get(sent, Want("x", first, rtol=0.0, atol=0.0, role="input"))
    if mode == "again":
        apply_to(images(), "other")
        script.get(result, Want("out", out, role="kept"))
        apply_to(first, "again")
        # What came back is the caller's: written over, it changes no later answer.
        script.scribble(result)
        apply_to(first, "again")
    return Probe(script, f"compose([{', '.join(names)}])(x)", {"x": first})


EXERCISE = Procedure(
    ask=ask,
    section="7 · Pipelines",
    cases=[
        Case("one transform", transforms=["darker"]),
        Case("two: the first in the list comes first", transforms=["darker", "shift"], weight=2),
        Case("the same two the other way round", transforms=["shift", "darker"]),
        Case("five of them", transforms=["turn", "shift", "square", "mirror", "darker"], weight=2),
        Case("the same one twice", transforms=["square", "shift", "square"]),
        Case("none: x as it is", transforms=[]),
        Case("a compose among the transforms", transforms=["shift", "mirror", "square"], nested=1),
        Case("a tuple of transforms, one image", transforms=["mirror", "square"], as_tuple=True, shape=(1, 1, 3, 2)),
        Case("all lengths equal", about="shapes", transforms=["turn", "mirror"], shape=(3, 3, 3, 3), weight=0.5),
        Case("one pixel", about="shapes", transforms=["shift", "square"], shape=(1, 1, 1, 1), weight=0.5),
        Case("float32 in, float32 out", about="dtype", transforms=["square", "shift"], dtype="float32"),
        Case(LAYOUT_TITLE, about="layout", transforms=["shift", "view", "turn"], weight=0.5),
        Case("leaves x as it was, a view of it too", about="inputs", transforms=["view", "shift", "turn"]),
        Case("can be called again", about="again", transforms=["darker", "shift", "square"], weight=3),
    ],
)


def right(transforms):
    def apply(x):
        for transform in transforms:
            x = transform(x)
        return x

    return apply


MISTAKES = slips("""
last_first: transforms -> reversed(transforms)
    The last transform of the list is applied first. compose([f, g])(x) is g(f(x)): in the order of the list. (In
    mathematics f o g means the other.)

only_the_last (core):
    x = transform(x) -> out = transform(x)
    return x -> return out if transforms else x
    Every transform is given the original x, so only the last one shows. Give each the result of the one before.

only_the_first (core): x = transform(x) -> return transform(x)
    Only the first transform is applied: is the `return` inside the loop?

mean_of_all (core):
    x = transform(x) -> pass
    return x -> return sum(transform(x) for transform in transforms) / len(transforms) if len(transforms) else x
    Each transform is applied to the original x and the results are averaged. Apply one *after* the other.

sum_of_changes (core):
    x = transform(x) -> pass
    return x -> return x + sum(transform(x) - x for transform in transforms)
    Each transform is applied to the original x and their changes are added up. Apply one *after* the other.

first_left_out: transforms -> transforms[1:]
    The first transform is never applied.
last_left_out: transforms -> transforms[:-1]
    The last transform is never applied.
never_kept (core): x = transform(x) -> transform(x)
    x comes back as it was: a transform returns a new array, which has to be kept: `x = transform(x)`.
first_twice: transforms -> [*transforms[:1], *transforms]
    The first transform is applied twice.
each_once (detail): transforms -> dict.fromkeys(transforms)
    A transform that stands in the list twice is applied once: a set, or the keys of a dict, hold nothing twice.

last_every_time: transforms -> list(transforms[-1:]) * len(transforms)
    The last transform is applied every time: a function made in a loop sees the variable's *last* value. Loop inside
    the function that you return.

remembers_earlier_calls (detail): -> transforms = iter(transforms)
    At the second call the transforms are used up or the first result goes on: an iterator, a list that is emptied, or a
    variable outside the inner function. Begin anew with the x and the list each time.

in_place (detail): x = transform(x) -> x[:] = transform(x)
    The results are written into the caller's array. A transform returns a new one: `x = transform(x)`.
changes_dtype (detail): return x -> return x.astype(float)
    Float32 goes in and float64 comes out. Return what the last transform returned, as it is.
""")


@alternative
def reduced(transforms):
    return functools.partial(functools.reduce, lambda x, transform: transform(x), tuple(transforms))


@alternative
def recursive(transforms):
    if not len(transforms):
        return lambda x: x
    rest = recursive(transforms[1:])
    return lambda x: rest(transforms[0](x))


HINTS = [
    "Return a function of x. What does the second transform have to be given?",
    "Inside that function loop over the transforms, and let each result be the next one's argument.",
    "`for transform in transforms: x = transform(x)`, then `return x`, all inside `def apply(x):`; outside, "
    "`return apply`.",
]
