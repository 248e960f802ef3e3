"""The properties of blends: what `mixup` is judged by."""

import functools
import math

import numpy as np
from scipy import special

from autograder.exercises.augmentation._mixing import Wrong, as_array, draws_probe, probe, report, seeded
from autograder.judge import Script
from autograder.judge.chance import FALSE_ALARM, counts_are_off, distribution_is_off

# Of weights that are computed from images with values about 1.
ROUNDING = 1e-9


def drawn(rng, n, shape, kind, classes=None, dtype="float64"):
    """A batch: images that each light up a pixel of their own, or any; labels, each its own unless told."""
    pixels = math.prod(shape)
    x = np.eye(pixels)[rng.permutation(pixels)[:n]] if kind == "pixels" else rng.uniform(0.05, 0.95, (n, pixels))
    y = np.eye(n)[rng.permutation(n)] if classes is None else np.eye(classes)[rng.integers(classes, size=n)]
    return x.reshape(n, *shape).astype(dtype), y.astype(dtype)


# ---------------------------------------------------------------------------- a few blends, weight by weight


def blends(case, rng):
    """Some batches: what kind of blend comes, and with `labels` whether the labels follow."""
    asked = [drawn(rng, *options, dtype=case.get("dtype", "float64")) for options in case.get("batches")]
    script = Script()
    generator = seeded(script, rng)
    for x, y in asked:
        report(script, script.call(0, x, y, case.get("alpha"), generator, unpack=2))

    def check(values):
        found = []
        for got_x, got_y, (x, y) in zip(values[::2], values[1::2], asked, strict=True):
            weights = weights_of(as_array(got_x, x, "the blended x"), x)
            found.append((*own_and_partner(weights), as_array(got_y, y, "the blended y"), y))
        if all((np.abs(own - 1) < ROUNDING).all() for own, *_ in found) and len(asked[0][0]) > 1:
            raise Wrong(mistake="images_not_mixed")
        if case.get("labels"):
            labels_follow(found)

    return probe(script, f"mixup(x, y, {case.get('alpha')}, rng)", check, about=case.about)


def weights_of(out, x):
    """The weight of every image in every result, shape (N, N): the images are linearly independent."""
    images, results = (a.reshape(len(x), -1).astype(np.float64) for a in (x, out))
    weights = results @ np.linalg.pinv(images)
    if np.abs(weights @ images - results).max() > 1e-5:
        raise Wrong("a result is no blend of images of the batch")
    return np.where(np.abs(weights) < ROUNDING, 0.0, weights)


def own_and_partner(weights):
    """Own weight and partner of each image; of one that is alone (its own partner), itself."""
    others = weights - np.diag(np.diag(weights))
    if (np.count_nonzero(np.abs(others) > 1e-6, axis=1) > 1).any():
        raise Wrong("a result must hold the image of its place and one partner, and here it holds others")
    if np.abs(weights.sum(axis=1) - 1).max() > 1e-5 or weights.min() < -1e-6:
        raise Wrong(mistake="weights_do_not_add_up")
    return np.diag(weights), np.where(others.any(axis=1), np.abs(others).argmax(axis=1), np.arange(len(weights)))


def labels_follow(found):
    """Labels hold the weights of their images, `found` being own weight, partner, got and given labels of batches."""
    wrong = [batch for batch in found if not np.abs(blended_labels(*batch) - batch[2]).max() <= 1e-5]
    if not wrong:
        return
    for kind, labels in WRONG_LABELS.items():
        if all(np.abs(labels(*batch) - batch[2]).max() <= 1e-5 for batch in wrong):
            raise Wrong(mistake=kind)
    if any(np.abs(got.sum(1) - 1).max() > 1e-5 or got.min() < -1e-5 or y.sum(0).max() > 1 for _, _, got, y in wrong):
        # Where classes are shared a label does not tell whose it is.
        raise Wrong("the labels are not blended with the weights of their images")
    others = any((got * (y + y[partner] == 0)).max() > 1e-5 for _, partner, got, y in wrong)
    raise Wrong(mistake="labels_of_another_partner" if others else "labels_of_another_lam")


def blended_labels(own, partner, got, y):
    return own[:, None] * y + (1 - own[:, None]) * y[partner]


WRONG_LABELS = {
    "labels_not_mixed": lambda own, partner, got, y: y,
    "label_weights_swapped": lambda own, partner, got, y: blended_labels(1 - own, partner, got, y),
    "hard_labels": lambda own, partner, got, y: np.where(own[:, None] >= 0.5, y, y[partner]),
}


# ---------------------------------------------------------------------------- many blends, two pixels an image


def many_blends(case, rng, question):
    """Many blends of images on a parabola, (u, u^2): a chord's slope is the sum of its ends, which tells the partner.

    What is asked of them is question(lam, mixed, partner, alpha), arrays of shape (calls, N); `mixed` says which of
    the lam are known: that of an image which is its own partner is not.
    """
    n, calls, alpha = case.get("n"), case.get("calls"), case.get("alpha")
    u = rng.permutation(np.linspace(0.05, 0.95, n))
    x = np.stack([u, u**2], axis=1)[:, :, None, None]
    y = np.eye(n)[rng.permutation(n)] if n < 20 else np.eye(2)[rng.integers(2, size=n)]
    script = Script()
    generator, given = seeded(script, rng), [script.put(x), script.put(y)]
    for _ in range(calls):
        report(script, script.call(0, *map(script.copy, given), alpha, generator, unpack=2))

    def check(values):
        images = np.array([as_array(value, x, "the blended x") for value in values[::2]])
        labels = np.array([as_array(value, y, "the blended y") for value in values[1::2]])
        lam, mixed, partner = chords(images, u)
        if np.isin(labels, (0.0, 1.0)).all():
            raise Wrong(mistake="labels_not_mixed" if (labels == y).all() else "hard_labels")
        if (images == images[0]).all():
            raise Wrong(mistake="same_draw_each_call")
        question(lam, mixed, partner, alpha)

    return probe(script, f"mixup(x, y, {alpha}, rng), {calls} times", check)


def chords(images, u):
    """lam, whether it is known, and the partner of every result."""
    along, up = images[:, :, 0, 0, 0] - u, images[:, :, 1, 0, 0] - u**2
    mixed = np.abs(along) > 1e-10
    if not mixed.any():
        raise Wrong(mistake="images_not_mixed")
    with np.errstate(all="ignore"):
        other = np.where(mixed, up / along - u, u)
        lam = 1 - along / (other - u)
    order = np.argsort(u)
    place = (other - 0.05) / 0.9 * (len(u) - 1)
    if not (np.abs(place - np.rint(place).clip(0, len(u) - 1)) < 0.2).all() or not np.isfinite(lam[mixed]).all():
        raise Wrong("a result is no blend of two images")
    return lam, mixed, order[np.rint(place).astype(int)]


def lam_of_its_own(lam, mixed, partner, alpha):
    """In some batch those that are blended have more than one lam, and more than that and 1 - lam."""
    folded = [np.abs(of_batch[known] - 0.5) for of_batch, known in zip(lam, mixed, strict=True)]
    if all(np.ptp(lams) < 1e-5 for lams in folded if lams.size):
        raise Wrong(mistake="one_lam")


def lam_of_beta(lam, mixed, partner, alpha):
    """Two questions of chance on all lam together."""
    lam_of_its_own(lam, mixed, partner, alpha)
    known = lam[mixed]
    if known.min() >= 0.5 - ROUNDING or known.max() <= 0.5 + ROUNDING:
        raise Wrong(mistake="lam_folded")
    # One image of a batch is its own partner on average, and next to no lam comes too close to 1 to be known.
    if np.count_nonzero(~mixed) > 4 * len(lam):
        raise Wrong("lam does not come from Beta(alpha, alpha)")
    inside = np.clip(known, 0, 1)
    if distribution_is_off(inside, lambda x: special.betainc(alpha, alpha, x)) or spread_is_off(known, alpha):
        if not distribution_is_off(inside, lambda x: x):
            raise Wrong(mistake="uniform_lam")
        raise Wrong("lam does not come from Beta(alpha, alpha)")


def spread_is_off(lam, alpha):
    """Whether draws from Beta(alpha, alpha) cannot spread like this; sharper than a distance between distributions.

    Beta(a, a) about 1/2 is strictly sub-Gaussian (Marchal and Arbel 2017), so that the mean square r, in units of the
    variance, exceeds its mean no more easily than a normal sample's: at most exp(-n (r - 1 - log r) / 2). Its fourth
    moment is below 3 variances squared, so E exp(-s X^2) <= exp(-s + 3 s^2 / 2), and r falls to 1 - d with at most
    exp(-n d^2 / 6).
    """
    ratio = float(np.mean((lam - 0.5) ** 2)) * 4 * (2 * alpha + 1)
    rate = (ratio - 1 - math.log(ratio)) / 2 if ratio > 1 else (1 - ratio) ** 2 / 6
    return len(lam) * rate > math.log(2 / FALSE_ALARM)


def permutations(lam, mixed, partner, alpha):
    """Three questions of chance: all pairs; the step from the first image's partner to the second's; whether the first
    image is its partner's partner."""
    calls, n = partner.shape
    if (partner == partner[0]).all():
        raise Wrong(mistake="same_partner")
    for row, known in zip(partner, mixed, strict=True):
        alone, left = np.flatnonzero(~known), np.setdiff1d(np.arange(n), row[known])
        if len(left) > len(alone):
            raise Wrong(mistake="with_replacement")
        # Who is alone is its own partner, or a lam next to 1 hides that it has another: one that is left.
        row[np.setdiff1d(alone, left)] = np.setdiff1d(left, alone)
    pairs = (partner[:, :, None] == np.arange(n)).sum(axis=0)
    steps = np.bincount((partner[:, 1] - partner[:, 0]) % n, minlength=n)[1:]
    mutual = int((partner[np.arange(calls), partner[:, 0]] == 0).sum())
    if (
        counts_are_off(pairs, calls, 1 / n)
        or counts_are_off(steps, calls, 1 / (n - 1))
        or counts_are_off(mutual, calls, 2 / n)
    ):
        raise Wrong(mistake="not_uniform")


own_lams = functools.partial(many_blends, question=lam_of_its_own)
lams = functools.partial(many_blends, question=lam_of_beta)
partners = functools.partial(many_blends, question=permutations)


# ---------------------------------------------------------------------------- where the draws come from


def batches(rng):
    named = ("pixels", 12, (1, 3, 4)), ("any", 4, (4, 4, 4))
    return [dict(zip("xy", drawn(rng, n, shape, kind), strict=True)) for kind, n, shape in named]


def blended(script, function, sent, generator):
    return script.call(function, sent["x"], sent["y"], 1.0, generator, unpack=2)


def draws(case, rng):
    given = batches(rng)[0]

    def is_random(values):
        return not all(isinstance(value, np.ndarray) and np.array_equal(value, given["x"]) for value in values[::2])

    return draws_probe("mixup(x, y, 1.0, rng)", lambda script, g: blended(script, 0, given, g), rng, is_random)
