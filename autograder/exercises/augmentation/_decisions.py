"""The properties of decisions: what `random_apply` is judged by."""

import numpy as np

from autograder.exercises.augmentation._mixing import (
    Wrong,
    as_array,
    draws_probe,
    manner_cases,
    probe,
    report,
    seeded,
    transform_of,
)
from autograder.judge import Script
from autograder.judge.chance import counts_are_off
from autograder.worker.functions import mirrored

# So many images of a batch are looked for among all of them.
SOME = 20


def change(images):
    """Mirrored and darker: no image is its own, nor what comes of it twice."""
    return 0.5 * images[:, :, :, ::-1] + 0.25 * images


def images(rng, shape, dtype="float64"):
    """Images with some black pixels, the first one not among them: a black image would be its own."""
    black = rng.random(shape) < 0.2
    black[:, 0, 0, 0] = False
    return np.where(black, 0.0, rng.uniform(0.1, 1.0, shape)).astype(dtype)


def made(script, p, generator, x):
    """A function of random_apply, for images like x."""
    return script.call(0, script.callback(transform_of(x.shape[1:], change)), p, generator)


def applied(script, function, x):
    return [script.call(function, x, note="the function it returns")]


def decisions(value, x, p):
    """Which images were transformed."""
    changed = change(x)
    if is_part(value, changed):
        raise Wrong(mistake="others_dropped")
    out = as_array(value, x)

    def like(other):
        return (np.abs(out - other) < 1e-6).all(axis=(1, 2, 3))

    once, same = like(changed), like(x)
    if (once | same).all():
        return once
    if like(p * changed + (1 - p) * x).all():
        raise Wrong(mistake="blended")
    if (once | like(np.zeros_like(x))).all():
        raise Wrong(mistake="others_blank")
    if (once | same | like(change(changed))).all():
        raise Wrong(mistake="applied_twice")
    if ((np.abs(out - changed) < 1e-6) | (np.abs(out - x) < 1e-6)).all():
        raise Wrong(mistake="decides_for_pixels")
    if all(near(np.concatenate([x, changed]), image) for image in out[:SOME]):
        raise Wrong(mistake="order_changed")
    raise Wrong("an image is neither as it was nor as the transform makes it")


def near(images, image):
    """Whether an image is among others."""
    return bool((np.abs(images - image) < 1e-6).all(axis=(1, 2, 3)).any())


def is_part(value, images):
    """Whether what came are some of these images and no others."""
    fits = isinstance(value, np.ndarray) and value.dtype == images.dtype and value.shape[1:] == images.shape[1:]
    return fits and len(value) < len(images) and all(near(images, image) for image in value[:SOME])


def certain(case, rng):
    """p=0 and p=1: no luck involved."""
    script, asked = Script(), []
    for p in (0.0, 1.0):
        for shape in case.get("shapes"):
            x = images(rng, shape, case.get("dtype", "float64"))
            report(script, applied(script, made(script, p, seeded(script, rng), x), x))
            asked.append((x, p))

    def check(values):
        found = [(p, decisions(value, x, p)) for value, (x, p) in zip(values, asked, strict=True)]
        none, every = (np.concatenate([chosen for p, chosen in found if p == which]) for which in (0.0, 1.0))
        if not none.any() and every.all():
            return
        kinds = {(True, False): "p_swapped", (True, True): "always_applied", (False, False): "never_applied"}
        for (at_zero, at_one), kind in kinds.items():
            if (none == at_zero).all() and (every == at_one).all() and max(len(chosen) for _, chosen in found) > 1:
                raise Wrong(mistake=kind)
        raise Wrong("with p=0 no image is transformed, with p=1 every one")

    called = "random_apply(transform, p, rng)(x)"
    return probe(script, called, check, about=case.about)


def each(case, rng):
    """Twenty functions, three calls each of eight images: two questions of chance, on every image and on every two."""
    n, functions, p = 8, 20, 0.5
    script, batches = Script(), [images(rng, (n, 2, 2, 3)) for _ in range(3 * functions)]
    for k in range(functions):
        function = made(script, p, seeded(script, rng), batches[0])
        for x in batches[3 * k : 3 * k + 3]:
            report(script, applied(script, function, x))

    def check(values):
        chosen = np.array([decisions(value, x, p) for value, x in zip(values, batches, strict=True)])
        of_each = chosen.reshape(functions, 3, n)
        if chosen.all() or not chosen.any():
            raise Wrong(f"with p={p} some images are transformed and some are not")
        known = {
            "same_draw_each_call": (of_each == of_each[0]).all() and not (chosen == chosen[0, 0]).all(),
            "decides_once": (of_each == of_each[:, :1]).all(),
            "decides_for_batch": (chosen == chosen[:, :1]).all(),
            "exact_share": (chosen.sum(axis=1) == chosen[0].sum()).all(),
        }
        for kind, holds in known.items():
            if holds:
                raise Wrong(mistake=kind)
        first, second = np.triu_indices(n, 1)
        alike = (chosen[:, first] == chosen[:, second]).sum(axis=0)
        if counts_are_off(chosen.sum(axis=0), len(chosen), p) or counts_are_off(alike, len(chosen), 0.5):
            raise Wrong("what is drawn for one image hangs together with its place or with another image")

    return probe(script, f"random_apply(transform, {p}, rng)(x), {len(batches)} times", check)


def rates(case, rng):
    """Many images: one question of chance for each p."""
    wanted = case.get("rates")
    script = Script()
    batches = [images(rng, (n, 1, 1, 2)) for _, n in wanted]
    for x, (p, _) in zip(batches, wanted, strict=True):
        report(script, applied(script, made(script, p, seeded(script, rng), x), x))

    def check(values):
        counts = [decisions(value, x, p).sum() for value, x, (p, _) in zip(values, batches, wanted, strict=True)]

        def fit(chance):
            return not any(
                counts_are_off(k, n, chance(p), len(wanted)) for k, (p, n) in zip(counts, wanted, strict=True)
            )

        if fit(lambda p: p):
            return
        if fit(lambda p: 1 - p):
            raise Wrong(mistake="p_swapped")
        if fit(lambda p: 0.5):
            raise Wrong(mistake="p_ignored")
        raise Wrong("the share of the images that are transformed is not p")

    return probe(script, f"random_apply(transform, {wanted[0][0]}, rng)(x)", check)


def draws(case, rng):
    x = images(rng, (128, 1, 1, 2))

    def is_random(values):
        chosen = [decisions(value, x, 0.5) for value in values]
        return all(one.any() and not one.all() for one in chosen)

    def call(script, generator):
        return applied(script, made(script, 0.5, generator, x), x)

    return draws_probe("random_apply(transform, 0.5, rng)(x)", call, rng, is_random)


def manners():
    """The transform returns a view: who writes into what it returned writes into x."""
    return manner_cases(
        "random_apply(transform, 0.5, rng)(x)",
        lambda script, function, sent, generator: applied(script, function, sent["x"]),
        lambda rng: [{"x": images(rng, shape)} for shape in ((12, 2, 3, 2), (8, 8, 8, 8))],
        made=lambda script, generator, arrays: script.call(0, script.named(mirrored), 0.5, generator),
    )
