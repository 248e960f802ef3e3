"""random_apply: a transform that each image gets with probability p.

A function that makes a function: the decision is drawn from rng for every image and at every call (the course's
convention: randomness is per sample; torchvision.transforms.RandomApply decides once for all that it is given).

Judged by properties: whether an image was transformed shows in the image.
"""

import copy
from dataclasses import replace

import numpy as np

from autograder.exercises.augmentation._mixing import as_batch, stays_probe, transform_of
from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script, Want
from autograder.judge.chance import GLOBAL_GENERATOR, SAME_DRAW_EACH_CALL, counts_are_off, generator_probe

SENTENCES = {
    "p_swapped": "p is the probability that an image is *transformed*; here it is left alone with p.",
    "always_applied": "Every image is transformed, whatever p.",
    "never_applied": "No image is ever transformed, whatever p.",
    "p_ignored": "Half of the images are transformed, whatever p: compare `rng.random(len(x))` with p.",
    "decides_for_batch": "The whole batch is transformed or left alone. Draw one number for each image: "
    "`rng.random(len(x))`.",
    "decides_once": "What is transformed is decided once and stays so in every call. Draw inside the function that you "
    "return, not outside.",
    "exact_share": "The same number of images is transformed in every call. Each image is decided on by itself, so the "
    "number varies.",
    "others_dropped": "Only the transformed images come back. The others belong to the result too, in their places.",
    "others_blank": "Images that are not transformed come out empty: begin with a copy of x, not with zeros.",
    "blended": "Every image is a blend of itself and its transformed version, with weight p. p is a probability: each "
    "image is either the one or the other.",
    "applied_twice": "Some images are transformed twice.",
    "global_generator": GLOBAL_GENERATOR,
    "same_draw_each_call": SAME_DRAW_EACH_CALL,
}

RETURNED = "the function it returns"


def named(mistake):
    return Finding(SENTENCES[mistake], mistake)


def change(images):
    """Mirrored and darker: no image is its own, nor what comes of it twice."""
    return 0.5 * images[:, :, :, ::-1] + 0.25 * images


def images(rng, n, shape, dtype="float64"):
    return rng.uniform(0.1, 1.0, (n, *shape)).astype(dtype)


def decisions(value, x, p):
    """Which images were transformed, or what else came."""
    if is_part(value, change(x)):
        return named("others_dropped")
    out = as_batch(value, x, "the result")
    if isinstance(out, Finding):
        return out

    def like(other):
        return (np.abs(out - other) < 1e-6).all(axis=(1, 2, 3))

    once, same = like(change(x)), like(x)
    if (once | same).all():
        return once
    if like(p * change(x) + (1 - p) * x).all():
        return named("blended")
    if (once | like(np.zeros_like(x))).all():
        return named("others_blank")
    if (once | same | like(change(change(x)))).all():
        return named("applied_twice")
    return Finding("an image is neither as it was nor as the transform makes it")


def is_part(value, images):
    """Whether what came are some of these images and no others."""
    if not isinstance(value, np.ndarray) or value.dtype != images.dtype or value.shape[1:] != images.shape[1:]:
        return False
    if len(value) >= len(images):
        return False
    return all((np.abs(images - image) < 1e-6).all(axis=(1, 2, 3)).any() for image in value)


def asked(script, rng, batches, p, generator=None):
    """One function of random_apply, called with each batch in turn; the results."""
    generator = generator or script.rng(int(rng.integers(2**31)))
    transform = script.callback(transform_of(batches[0].shape[1:], change))
    apply = script.call(0, transform, p, generator)
    results = [script.call(apply, x, note=RETURNED) for x in batches]
    for result in results:
        script.get(result, Want("result", None))
    return results


def read(values, batches, chances):
    """The decisions of each call, or the first finding."""
    found = [decisions(*item) for item in zip(values, batches, chances, strict=True)]
    wrong = [item for item in found if isinstance(item, Finding)]
    return wrong[0] if wrong else found


def ask_certain(case, rng):
    """p=0 and p=1: no luck involved."""
    dtype = case.get("dtype", "float64")
    script, batches, chances = Script(), [], []
    for p in (0.0, 1.0):
        some = [images(rng, n, shape, dtype) for n, shape in case.get("batches")]
        for x in some:
            asked(script, rng, [x], p)
        batches, chances = batches + some, chances + [p] * len(some)

    def findings(values):
        found = read(values, batches, chances)
        if isinstance(found, Finding):
            return [found]
        half = len(found) // 2
        none, every = np.concatenate(found[:half]), np.concatenate(found[half:])
        if not none.any() and every.all():
            return []
        for mistake, at_zero, at_one in (
            ("p_swapped", True, False),
            ("always_applied", True, True),
            ("never_applied", False, False),
        ):
            if (none == at_zero).all() and (every == at_one).all():
                return [named(mistake)]
        return [Finding("with p=0 no image is transformed, with p=1 every one")]

    return Probe(script, "random_apply(transform, p, rng)(x)", findings=findings)


def ask_each(case, rng):
    """Twenty functions, three calls each of eight images: two questions of chance, on every image and on every two."""
    n, functions, p = 8, 20, 0.5
    calls = 3 * functions
    script, batches = Script(), [images(rng, n, (2, 2, 3)) for _ in range(calls)]
    for k in range(functions):
        asked(script, rng, batches[3 * k : 3 * k + 3], p)

    def findings(values):
        found = read(values, batches, [p] * calls)
        if isinstance(found, Finding):
            return [found]
        chosen = np.array(found)
        if not chosen.any():
            return [named("never_applied")]
        if chosen.all():
            return [named("always_applied")]
        if (chosen == chosen[0]).all() and not (chosen == chosen[0, 0]).all():
            return [named("same_draw_each_call")]
        of_each = chosen.reshape(functions, 3, n)
        if (of_each == of_each[:, :1]).all():
            return [named("decides_once")]
        if (chosen == chosen[:, :1]).all():
            return [named("decides_for_batch")]
        if (chosen.sum(axis=1) == chosen[0].sum()).all():
            return [named("exact_share")]
        first, second = np.triu_indices(n, 1)
        alike = (chosen[:, first] == chosen[:, second]).sum(axis=0)
        if counts_are_off(chosen.sum(axis=0), calls, p) or counts_are_off(alike, calls, 0.5):
            return [Finding("what is drawn for one image hangs together with its place or with another image")]
        return []

    return Probe(script, f"random_apply(transform, {p}, rng)(x), {calls} times", findings=findings)


def ask_rate(case, rng):
    """Many images: one question of chance for each p."""
    wanted = case.get("rates")
    script = Script()
    batches = [images(rng, n, (1, 1, 2)) for _, n in wanted]
    for x, (p, _) in zip(batches, wanted, strict=True):
        asked(script, rng, [x], p)

    def findings(values):
        found = read(values, batches, [p for p, _ in wanted])
        if isinstance(found, Finding):
            return [found]
        counts = [int(chosen.sum()) for chosen in found]
        if not off(counts, wanted, lambda p: p):
            return []
        if not off(counts, wanted, lambda p: 1 - p):
            return [named("p_swapped")]
        if not off(counts, wanted, lambda p: 0.5):
            return [named("p_ignored")]
        return [Finding("the share of the images that are transformed is not p")]

    return Probe(script, f"random_apply(transform, {wanted[0][0]}, rng)(x)", findings=findings)


def off(counts, wanted, chance):
    return any(counts_are_off(count, n, chance(p), len(wanted)) for count, (p, n) in zip(counts, wanted, strict=True))


def ask_draws(case, rng):
    """Draws are compared where there are any: who draws nothing for each image is told so elsewhere."""
    x, called = images(rng, 128, (1, 1, 2)), "random_apply(transform, 0.5, rng)(x)"

    def one(script, generator):
        transform = script.callback(transform_of(x.shape[1:], change))
        return script.call(script.call(0, transform, 0.5, generator), x, note=RETURNED)

    probe = generator_probe(called, one, rng)

    def findings(values):
        found = read(values, [x] * len(values), [0.5] * len(values))
        if isinstance(found, Finding):
            return [found]
        if any(chosen.all() or not chosen.any() for chosen in found):
            return [Finding("nothing is drawn for each image")]
        return probe.findings(values)

    return replace(probe, findings=findings)


def ask_inputs(case, rng):
    script = Script()
    x = images(rng, 6, (2, 3, 2))
    given = script.put(x)
    for p in (0.0, 1.0):
        transform = script.callback(transform_of(x.shape[1:], change))
        apply = script.call(0, transform, p, script.rng(int(rng.integers(2**31))))
        script.call(apply, given, note=RETURNED)
        script.get(given, Want("x", x, rtol=0.0, atol=0.0, role="input"))
    return Probe(script, "random_apply(transform, p, rng)(x)", {"x": x})


def ask_stays(case, rng):
    x, other = (images(rng, 64, (1, 2, 2)) for _ in range(2))
    batches, seed, apply = iter([x, other]), int(rng.integers(2**31)), None

    def ask(script):
        nonlocal apply
        transform = script.callback(transform_of(x.shape[1:], change))
        apply = apply or script.call(0, transform, 0.5, script.rng(seed))
        return [script.call(apply, next(batches), note=RETURNED)]

    return stays_probe("random_apply(transform, 0.5, rng)(x)", ask)


ASK = {
    "certain": ask_certain,
    "each": ask_each,
    "rate": ask_rate,
    "draws": ask_draws,
    "inputs": ask_inputs,
    "stays": ask_stays,
}


def ask(case, rng):
    return ASK[case.get("property")](case, rng)


def chosen_by(choose):
    """random_apply with another choice: choose(n, p, rng) -> which of n images, as booleans."""

    def wrong(transform, p, rng):
        def apply(x):
            chosen = np.asarray(choose(len(x), p, rng))
            return np.where(chosen[..., None, None, None], transform(x), x)

        return apply

    return wrong


def outside(transform, p, rng):
    chosen = rng.random() < p
    return lambda x: transform(x) if chosen else x.copy()


def remembered_mask(transform, p, rng):
    masks = {}

    def apply(x):
        chosen = masks.setdefault(len(x), rng.random(len(x)) < p)
        return np.where(chosen[:, None, None, None], transform(x), x)

    return apply


def exact_number(n, p, rng):
    return np.isin(np.arange(n), rng.choice(n, round(p * n), replace=False))


def only_the_chosen(transform, p, rng):
    return lambda x: transform(x[rng.random(len(x)) < p])


def into_zeros(transform, p, rng):
    def apply(x):
        out, chosen = np.zeros_like(x), rng.random(len(x)) < p
        out[chosen] = transform(x[chosen])
        return out

    return apply


def expected(transform, p, rng):
    return lambda x: ((p + 0 * rng.random()) * transform(x) + (1 - p) * x).astype(x.dtype)


def twice(transform, p, rng):
    def apply(x):
        once = np.where((rng.random(len(x)) < p)[:, None, None, None], transform(x), x)
        return np.where((rng.random(len(x)) < p)[:, None, None, None], transform(once), once)

    return apply


def seeded_inside(transform, p, rng):
    def apply(x):
        seeded = np.random.default_rng(int(1e9 * float(x.sum())))
        return np.where((seeded.random(len(x)) < p)[:, None, None, None], transform(x), x)

    return apply


def copied(transform, p, rng):
    kept = copy.deepcopy(rng)
    return one_by_one(transform, p, kept)


def one_by_one(transform, p, rng):
    def apply(x):
        out = np.empty_like(x)
        for i in range(len(x)):
            out[i] = transform(x[i : i + 1])[0] if rng.random() < p else x[i]
        return out

    return apply


def all_then_some(transform, p, rng):
    return lambda x: np.where(rng.binomial(1, p, (len(x), 1, 1, 1)).astype(bool), transform(x), x)


def by_indices(transform, p, rng):
    def apply(x):
        out = np.array(x)
        (places,) = np.nonzero(rng.uniform(size=len(x)) >= 1 - p)
        out[places] = transform(x[places])
        return out

    return apply


class Applied:
    """A function that is an object."""

    def __init__(self, transform, p, rng):
        self.transform, self.p, self.rng = transform, p, rng

    def __call__(self, x):
        chosen = self.rng.choice([True, False], len(x), p=[self.p, 1 - self.p])
        parts = [self.transform(x[i][None]) if yes else x[i][None] for i, yes in enumerate(chosen)]
        return np.concatenate(parts)


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name])


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case(
            "p=0 leaves every image, p=1 transforms every one",
            property="certain",
            batches=[(5, (3, 2, 4)), (4, (1, 3, 3))],
            weight=2,
        ),
        Case("a batch of one image", property="certain", batches=[(1, (3, 4, 2)), (1, (1, 1, 2))] * 6),
        Case("each image is decided on by itself, anew in each call", property="each", weight=3),
        Case("a share p of the images is transformed", property="rate", rates=[(0.8, 3000), (0.2, 1500)], weight=3),
        Case("all randomness comes from rng", property="draws", weight=2),
        Case("float32 in, float32 out", property="certain", batches=[(6, (2, 2, 3))], dtype="float32"),
        Case("leaves x as it was", property="inputs"),
        Case("leaves an earlier result as it was", property="stays"),
    ],
    mistakes=[
        mistake("p_swapped", chosen_by(lambda n, p, rng: rng.random(n) > p)),
        mistake("p_ignored", chosen_by(lambda n, p, rng: rng.random(n) < 0.5)),
        mistake("always_applied", lambda transform, p, rng: lambda x: transform(x)),
        mistake("never_applied", lambda transform, p, rng: lambda x: x),
        mistake("decides_for_batch", chosen_by(lambda n, p, rng: rng.random() < p)),
        mistake("decides_once", outside),
        mistake("decides_once", remembered_mask),
        mistake("exact_share", chosen_by(exact_number)),
        mistake("others_dropped", only_the_chosen),
        mistake("others_blank", into_zeros),
        mistake("blended", expected),
        mistake("applied_twice", twice),
        mistake("global_generator", chosen_by(lambda n, p, rng: np.random.random(n) < p)),  # noqa: NPY002
        mistake("global_generator", lambda transform, p, rng: one_by_one(transform, p, np.random.default_rng())),
        mistake("same_draw_each_call", seeded_inside),
        mistake("same_draw_each_call", copied),
    ],
    alternatives=[one_by_one, all_then_some, by_indices, Applied],
    hints=[
        "What you return is a function of x. What has to be drawn inside it, at each call, and what is known outside?",
        "`chosen = rng.random(len(x)) < p` is one decision for each image. `x[chosen]` are those to transform; the others "
        "stay in their places in a copy of x.",
        "Inside `def apply(x):` draw `chosen`, then `out = x.copy()`, `out[chosen] = transform(x[chosen])`, `return out`; "
        "outside, `return apply`.",
    ],
)
