"""What the random exercises on images share: properties that have nothing to do with what is drawn."""

from dataclasses import replace

import numpy as np

from autograder.exercises.augmentation._images import as_images, distinct_images
from autograder.judge import Finding, Probe, Script, Want
from autograder.judge.chance import GLOBAL_GENERATOR, SAME_DRAW_EACH_CALL, counts_are_off, generator_probe

FEW = 8


def seeded(script, rng):
    """A generator for the student's function."""
    return script.rng(int(rng.integers(2**31)))


def each(name, calls, rng, check, dtype="float64", of_other_shape=None):
    """Calls of one generator, each judged by check(out, x, argument) -> finding or None.

    Parameters
    ----------
    calls : pairs of the images' shape and the second argument
    of_other_shape : of_other_shape(shape, x, argument) -> what is known of an array of another shape, or None
    """
    script, asked = Script(), []
    generator = seeded(script, rng)
    for shape, argument in calls:
        x = distinct_images(rng, shape).astype(dtype)
        script.get(script.call(0, x, argument, generator), Want("out", None))
        asked.append((x, argument))

    def findings(values):
        found = [judged(value, x, argument) for value, (x, argument) in zip(values, asked, strict=True)]
        return [item for item in found if item]

    def judged(value, x, argument):
        if of_other_shape and isinstance(value, np.ndarray) and value.shape != x.shape:
            known = of_other_shape(value.shape, x, argument)
            if known:
                return known
        out = as_images(value, x, name)
        found = out if isinstance(out, Finding) else check(out, x.astype(np.float64), argument)
        # A few images can look like another mistake than the one that made them.
        return replace(found, mistake=None) if found and len(x) < FEW else found

    return Probe(script, f"{name}(x, {calls[0][1]}, rng)", findings=findings)


def from_rng_alone(name, shape, argument, rng, content, places, unchanged=None):
    """Same generator, same draws; each call draws anew. Rows and columns each for themselves, where they can be read.

    Parameters
    ----------
    content : content(out, x, argument) -> what is wrong with the images, or None
    places : places(out, x, argument) -> the row and the column that each image drew, if nothing is wrong
    unchanged : what to say where all calls give x back, if that is no wrong content
    """
    x = distinct_images(rng, shape)
    probe = generator_probe(
        f"{name}(x, {argument}, rng)", lambda script, generator: script.call(0, x, argument, generator), rng
    )

    def findings(values):
        calls = [as_images(value, x, name) for value in values]
        for out in calls:
            if isinstance(out, Finding):
                return [out]
        if unchanged and all(np.array_equal(out, x) for out in calls):
            return [unchanged]
        wrong = [found for found in (content(out, x, argument) for out in calls) if found]
        if wrong:
            found = probe.findings(values)
            # Where nothing is drawn at all, answers are alike for another reason.
            return wrong[:1] if any(f.mistake == "same_draw_each_call" for f in found) else found
        drawn = list(zip(*(places(out, x, argument) for out in calls), strict=True))
        for one, again, _, other_seed in drawn:
            # One draw for the whole batch is told elsewhere, and may well be the same twice.
            if len(np.unique(one)) > 1 and (np.array_equal(one, again) or np.array_equal(one, other_seed)):
                return [Finding(SAME_DRAW_EACH_CALL, "same_draw_each_call")]
        if any(not np.array_equal(one, same_seed) for one, _, same_seed, _ in drawn):
            return [Finding(GLOBAL_GENERATOR, "global_generator")]
        return []

    return replace(probe, findings=findings)


def leaves_images(name, shape, argument, rng):
    """x is as it was after the call."""
    script, x = Script(), distinct_images(rng, shape)
    sent = script.put(x)
    script.get(script.call(0, sent, argument, seeded(script, rng)), Want("out", None))
    script.get(sent, Want("x", x, rtol=0.0, atol=0.0, role="input"))
    return Probe(script, f"{name}(x, {argument}, rng)")


def keeps_results(name, shape, argument, rng):
    """An earlier result is as it was after a later call."""
    script, images = Script(), [distinct_images(rng, shape) for _ in range(2)]
    generator = seeded(script, rng)
    first = script.call(0, images[0], argument, generator)
    script.get(first, Want("out", None))
    script.call(0, images[1], argument, generator)
    script.get(first, Want("out", None))

    def findings(values):
        before, after = (as_images(value, images[0], name) for value in values)
        if isinstance(before, Finding):
            return [before]
        if isinstance(after, Finding) or not np.array_equal(before, after):
            return [
                Finding(
                    f"An array that {name} returned earlier is overwritten by a later call. Return a new one each time.",
                    "overwrites_earlier_result",
                )
            ]
        return []

    return Probe(script, f"{name}(x, {argument}, rng), twice", findings=findings)


def draws_are_off(rows, columns, sizes):
    """Whether independent, uniform draws, a row and a column for each image, cannot look like this.

    Each row and each column, each pair of them, and two images in succession that have the same.
    """
    n, (height, width) = len(rows), sizes
    pairs = np.bincount(rows * width + columns, minlength=height * width)
    questions = pairs.size + height + width + 2
    return (
        counts_are_off(pairs, n, 1 / pairs.size, questions)
        or counts_are_off(np.bincount(rows, minlength=height), n, 1 / height, questions)
        or counts_are_off(np.bincount(columns, minlength=width), n, 1 / width, questions)
        or counts_are_off((rows[::2] == rows[1::2]).sum(), n // 2, 1 / height, questions)
        or counts_are_off((columns[::2] == columns[1::2]).sum(), n // 2, 1 / width, questions)
    )
