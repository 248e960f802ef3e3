"""mixup: every image blended with another one of the batch, labels with it.

x_i <- lam_i x_i + (1 - lam_i) x_j, y likewise, lam_i ~ Beta(alpha, alpha) for each image, j = perm[i] (Zhang, Cisse,
Dauphin and Lopez-Paz 2018, section 2; their code and torchvision's v2.MixUp draw one lam for the whole batch).

Judged by properties: images that no blend of others equals tell the weights and the partner of every result.
"""

import math
from dataclasses import replace

import numpy as np
from scipy import stats

from autograder.exercises.augmentation._mixing import as_batch, stays_probe
from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script, Want
from autograder.judge.chance import (
    FALSE_ALARM,
    GLOBAL_GENERATOR,
    SAME_DRAW_EACH_CALL,
    counts_are_off,
    distribution_is_off,
    generator_probe,
)

SENTENCES = {
    "labels_not_mixed": "The images are blended and the labels are not. Blend y too, with the same lam and partner: an "
    "image that is 30 % cat is labelled 30 % cat.",
    "hard_labels": "The labels stay one-hot: each image takes the label of its larger part. Blend them: lam of the one, "
    "1 - lam of the other.",
    "label_weights_swapped": "The labels are blended the wrong way round: lam belongs to the same image in x and in y.",
    "labels_of_another_lam": "Images and labels are blended with different lam. Draw once, use it for both.",
    "labels_of_another_partner": "The labels come from another partner than the image. Draw one permutation, use it for both.",
    "images_not_mixed": "The images are not blended: each result is one image alone.",
    "weights_do_not_add_up": "The weights of an image and its partner do not add up to 1: they are lam and 1 - lam, one lam "
    "for all pixels of the image.",
    "one_lam": "All images of a batch share one lam. Draw one for each: `size=len(x)`.",
    "uniform_lam": "lam is uniform on [0, 1], whatever alpha. Draw it with `rng.beta(alpha, alpha, ...)`.",
    "lam_folded": "Each image always keeps the larger (or the smaller) part: lam is folded at 1/2. Take Beta(alpha, alpha) "
    "as it comes.",
    "with_replacement": "Some images are the partner of several and others of none: draw a permutation, not random indices.",
    "same_partner": "An image has the same partner in every call (reversed or rolled order). Draw a new permutation each "
    "time.",
    "not_uniform": "Some pairs come far more often than others: every permutation is equally likely, one that leaves an "
    "image its own partner too.",
    "global_generator": GLOBAL_GENERATOR,
    "same_draw_each_call": SAME_DRAW_EACH_CALL,
}

# Of weights that are computed from images with values about 1; exact ones have zeros that are 0.
ROUNDING = 1e-9


def named(mistake):
    return Finding(SENTENCES[mistake], mistake)


def drawn(rng, n, shape, kind, classes=None, dtype="float64"):
    """A batch: images that each light up a pixel of their own, or any; labels, each its own unless told."""
    pixels = math.prod(shape)
    x = np.eye(pixels)[rng.permutation(pixels)[:n]] if kind == "pixels" else rng.uniform(0.05, 0.95, (n, pixels))
    y = np.eye(n)[rng.permutation(n)] if classes is None else np.eye(classes)[rng.integers(classes, size=n)]
    return x.reshape(n, *shape).astype(dtype), y.astype(dtype)


def weights_of(out, x):
    """The weight of every image in every result, shape (N, N), or a finding; the images are linearly independent."""
    images, results = (a.reshape(len(x), -1).astype(np.float64) for a in (x, out))
    if np.isin(images, (0.0, 1.0)).all():
        # Exact, however close to 0 or 1.
        weights = results @ images.T
    else:
        weights = np.linalg.lstsq(images.T, results.T, rcond=None)[0].T
        weights[np.abs(weights) < ROUNDING] = 0.0
    if np.abs(weights @ images - results).max() > 1e-5:
        return Finding("a result is no blend of images of the batch")
    return weights


def blend_of(weights):
    """Own weight and partner of each image, or a finding.

    A result that is one image alone (lam was 1, or it is its own partner) gets the partner that a permutation leaves.
    """
    n = len(weights)
    own, others = np.diag(weights).copy(), weights - np.diag(np.diag(weights))
    if (np.count_nonzero(np.abs(others) > 1e-6, axis=1) > 1).any():
        return Finding("a result must hold the image of its place and one partner, and here it holds others")
    partner = np.abs(others).argmax(axis=1)
    alone = np.flatnonzero(~others.any(axis=1))
    left = np.setdiff1d(np.arange(n), np.delete(partner, alone))
    partner[alone] = alone
    if len(left) == len(alone):
        theirs = np.intersect1d(alone, left)
        partner[np.setdiff1d(alone, theirs)] = np.setdiff1d(left, theirs)
    if np.abs(weights.sum(axis=1) - 1).max() > 1e-5 or weights.min() < -1e-6:
        return named("weights_do_not_add_up")
    return own, partner


def read(values, batches):
    """(own, partner) of every call, or the first finding."""
    blends = []
    for value, (x, _) in zip(values, batches, strict=True):
        x_mixed = as_batch(value, x, "the blended x")
        weights = x_mixed if isinstance(x_mixed, Finding) else weights_of(x_mixed, x)
        blend = weights if isinstance(weights, Finding) else blend_of(weights)
        if isinstance(blend, Finding):
            return blend
        blends.append(blend)
    if all((np.abs(own - 1) < ROUNDING).all() for own, _ in blends) and any(len(own) > 1 for own, _ in blends):
        return named("images_not_mixed")
    if len(blends) > 100 and all(np.array_equal(blend, blends[0]) for blend in blends):
        return named("same_draw_each_call")
    return blends


def ask_blend(case, rng):
    """Some batches: what kind of blend comes, and whether the labels follow."""
    script, generator = Script(), None
    batches = [drawn(rng, *options, dtype=case.get("dtype", "float64")) for options in case.get("batches")]
    generator = script.rng(int(rng.integers(2**31)))
    for x, y in batches:
        for handle in script.call(0, x, y, case.get("alpha"), generator, unpack=2):
            script.get(handle, Want("result", None))

    def findings(values):
        blends = read(values[::2], batches)
        if isinstance(blends, Finding):
            return [blends]
        labels = []
        for value, (_, y) in zip(values[1::2], batches, strict=True):
            labels.append(as_batch(value, y, "the blended y"))
        wrong = [item for item in labels if isinstance(item, Finding)]
        if wrong:
            return wrong[:1]
        return labels_follow(blends, labels, batches) if case.get("labels") else []

    return Probe(script, f"mixup(x, y, {case.get('alpha')}, rng)", findings=findings)


def labels_follow(blends, labels, batches):
    """What is wrong with labels that should hold the weights of their images."""
    kinds = set()
    for (own, partner), got, (_, y) in zip(blends, labels, batches, strict=True):
        y = y.astype(np.float64)
        lam = own[:, None]
        if np.abs(got - (lam * y + (1 - lam) * y[partner])).max() <= 1e-5:
            continue
        if np.abs(got - y).max() <= 1e-5:
            kinds.add("labels_not_mixed")
        elif np.abs(got - ((1 - lam) * y + lam * y[partner])).max() <= 1e-5:
            kinds.add("label_weights_swapped")
        elif np.abs(got - np.where(lam >= 0.5, y, y[partner])).max() <= 1e-5:
            kinds.add("hard_labels")
        elif np.abs(got.sum(1) - 1).max() > 1e-5 or got.min() < -1e-5 or y.sum(0).max() > 1:
            # Where classes are shared a label does not tell whose it is.
            kinds.add("")
        else:
            theirs = np.maximum(y, y[partner]) == 0
            kinds.add("labels_of_another_partner" if got[theirs].max() > 1e-5 else "labels_of_another_lam")
    if not kinds:
        return []
    (kind, *others) = kinds
    if kind and not others:
        return [named(kind)]
    return [Finding("the labels are not blended with the weights of their images")]


def ask_partners(case, rng):
    """Many small batches: partners are a permutation, and every one is as likely.

    Three questions of chance: all pairs; the step from the first image's partner to the second's; whether the first
    image is its partner's partner.
    """
    n, calls, alpha = 12, 350, 2.0
    batch = drawn(rng, n, (1, 3, 4), "pixels")
    script = Script()
    generator, x, y = script.rng(int(rng.integers(2**31))), script.put(batch[0]), script.put(batch[1])
    for _ in range(calls):
        blended, _ = script.call(0, x, y, alpha, generator, unpack=2)
        script.get(blended, Want("x", None))

    def findings(values):
        blends = read(values, [batch] * calls)
        if isinstance(blends, Finding):
            return [blends]
        partners = np.array([partner for _, partner in blends])
        if (partners == partners[0]).all():
            return [named("same_partner")]
        if (np.sort(partners, axis=1) != np.arange(n)).any():
            return [named("with_replacement")]
        pairs = (partners[:, :, None] == np.arange(n)).sum(axis=0)
        steps = np.bincount((partners[:, 1] - partners[:, 0]) % n, minlength=n)[1:]
        mutual = int((partners[np.arange(calls), partners[:, 0]] == 0).sum())
        if (
            counts_are_off(pairs, calls, 1 / n)
            or counts_are_off(steps, calls, 1 / (n - 1))
            or counts_are_off(mutual, calls, 2 / n)
        ):
            return [named("not_uniform")]
        return []

    return Probe(script, f"mixup(x, y, {alpha}, rng), {calls} times", findings=findings)


def ask_each(case, rng):
    """Six batches in which every image must have a lam of its own."""
    n, calls = 12, 6
    batch = drawn(rng, n, (3, 2, 2), "pixels")
    script = Script()
    generator = script.rng(int(rng.integers(2**31)))
    for _ in range(calls):
        blended, _ = script.call(0, *batch, 1.0, generator, unpack=2)
        script.get(blended, Want("x", None))

    def findings(values):
        blends = read(values, [batch] * calls)
        if isinstance(blends, Finding):
            return [blends]
        return [named("one_lam")] if share_one_lam(blends) else []

    return Probe(script, "mixup(x, y, 1.0, rng)", findings=findings)


def share_one_lam(blends):
    """Whether in every batch all that are blended have one lam, or that and 1 - lam."""
    folded = [np.abs(own[partner != np.arange(len(own))] - 0.5) for own, partner in blends]
    return all(np.ptp(lams) < ROUNDING for lams in folded if lams.size)


def ask_small_alpha(case, rng):
    """4,200 lam of Beta(0.4, 0.4), in batches of 12: those within 1e-16 of 1 are lost, 2 in ten million."""
    n, calls, alpha = 12, 350, 0.4
    batch = drawn(rng, n, (1, 3, 4), "pixels")
    script = Script()
    generator, x, y = script.rng(int(rng.integers(2**31))), script.put(batch[0]), script.put(batch[1])
    for _ in range(calls):
        blended, _ = script.call(0, x, y, alpha, generator, unpack=2)
        script.get(blended, Want("x", None))

    def findings(values):
        blends = read(values, [batch] * calls)
        if isinstance(blends, Finding):
            return [blends]
        if share_one_lam(blends):
            return [named("one_lam")]
        return lam_findings(np.concatenate([own[partner != np.arange(n)] for own, partner in blends]), alpha)

    return Probe(script, f"mixup(x, y, {alpha}, rng), {calls} times", findings=findings)


def ask_large_alpha(case, rng):
    """40,000 lam of Beta(10, 10). The two pixels of an image lie on a parabola, u and u^2: where a chord leaves it
    tells the other end."""
    n, calls, alpha = 1_000, 40, 10.0
    u = rng.permutation(np.linspace(0.05, 0.95, n))
    x = np.stack([u, u**2], axis=1)[:, :, None, None]
    y = np.eye(2)[rng.integers(2, size=n)]
    script = Script()
    generator, images, labels = script.rng(int(rng.integers(2**31))), script.put(x), script.put(y)
    for _ in range(calls):
        blended, _ = script.call(0, images, labels, alpha, generator, unpack=2)
        script.get(blended, Want("x", None))

    def findings(values):
        lam, own = [], 0
        for value in values:
            got = as_batch(value, x, "the blended x")
            if isinstance(got, Finding):
                return [got]
            along, up = got[:, 0, 0, 0] - u, got[:, 1, 0, 0] - u**2
            mixed = np.abs(along) > 1e-10
            if not mixed.any():
                return [named("images_not_mixed")]
            own += np.count_nonzero(~mixed)
            way = up[mixed] / along[mixed] - 2 * u[mixed]
            place = (u[mixed] + way - 0.05) / 0.9 * (n - 1)
            with np.errstate(all="ignore"):
                lam.append(1 - along[mixed] / way)
            if not (np.abs(place - np.rint(place)) < 0.2).all() or not np.isfinite(lam[-1]).all():
                return [Finding("a result is no blend of two images")]
        if own > 150:
            # One image of a batch is its own partner on average, and no lam comes so close to 1.
            return [Finding("lam does not come from Beta(alpha, alpha)")]
        if all(np.ptp(of_batch) < 1e-5 for of_batch in lam):
            return [named("one_lam")]
        return lam_findings(np.concatenate(lam), alpha)

    return Probe(script, f"mixup(x, y, {alpha}, rng), {calls} times", findings=findings)


def lam_findings(lam, alpha):
    """What is wrong with many lam; two questions of chance."""
    if lam.min() >= 0.5 or lam.max() <= 0.5:
        return [named("lam_folded")]
    if not distribution_is_off(lam, stats.beta(alpha, alpha).cdf) and not spread_is_off(lam, alpha):
        return []
    if not distribution_is_off(lam, stats.uniform.cdf):
        return [named("uniform_lam")]
    return [Finding("lam does not come from Beta(alpha, alpha)")]


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


def ask_draws(case, rng):
    x, y = drawn(rng, 12, (1, 3, 4), "pixels")
    probe = generator_probe(
        "mixup(x, y, 1.0, rng)", lambda script, generator: script.call(0, x, y, 1.0, generator, unpack=2), rng
    )

    def findings(values):
        unmixed = all(isinstance(value, np.ndarray) and np.array_equal(value, x) for value in values[::2])
        return [named("images_not_mixed")] if unmixed else probe.findings(values)

    return replace(probe, findings=findings)


def ask_inputs(case, rng):
    x, y = drawn(rng, 6, (2, 2, 3), "any")
    script = Script()
    given = script.put(x), script.put(y)
    script.call(0, *given, 1.0, script.rng(int(rng.integers(2**31))), unpack=2)
    for label, handle, value in zip("xy", given, (x, y), strict=True):
        script.get(handle, Want(label, value, rtol=0.0, atol=0.0, role="input"))
    return Probe(script, "mixup(x, y, 1.0, rng)", {"x": x, "y": y})


def ask_stays(case, rng):
    x, y = drawn(rng, 6, (2, 2, 3), "any")
    seed = int(rng.integers(2**31))
    generator = None

    def ask(script):
        nonlocal generator
        generator = generator or script.rng(seed)
        return script.call(0, x, y, 1.0, generator, unpack=2)

    return stays_probe("mixup(x, y, 1.0, rng)", ask)


ASK = {
    "blend": ask_blend,
    "each": ask_each,
    "partners": ask_partners,
    "small_alpha": ask_small_alpha,
    "large_alpha": ask_large_alpha,
    "draws": ask_draws,
    "inputs": ask_inputs,
    "stays": ask_stays,
}


def ask(case, rng):
    return ASK[case.get("property")](case, rng)


def blended(x, lam, perm, partners_lam=None):
    lam = np.asarray(lam, x.dtype)
    lam = lam.reshape(lam.shape + (1,) * (x.ndim - lam.ndim))
    return lam * x + (1 - lam if partners_lam is None else partners_lam.astype(x.dtype)) * x[perm]


def both(x, y, lam, perm):
    return blended(x, lam, perm), blended(y, lam, perm)


def labels_left(x, y, alpha, rng):
    lam, perm = rng.beta(alpha, alpha, len(x)), rng.permutation(len(x))
    return blended(x, lam, perm), y.copy()


def larger_label(x, y, alpha, rng):
    lam, perm = rng.beta(alpha, alpha, len(x)), rng.permutation(len(x))
    return blended(x, lam, perm), np.where(lam[:, None] >= 0.5, y, y[perm])


def labels_the_other_way(x, y, alpha, rng):
    lam, perm = rng.beta(alpha, alpha, len(x)), rng.permutation(len(x))
    return blended(x, lam, perm), blended(y, 1 - lam, perm)


def labels_drawn_again(x, y, alpha, rng):
    perm = rng.permutation(len(x))
    return blended(x, rng.beta(alpha, alpha, len(x)), perm), blended(y, rng.beta(alpha, alpha, len(x)), perm)


def labels_permuted_again(x, y, alpha, rng):
    lam = rng.beta(alpha, alpha, len(x))
    return blended(x, lam, rng.permutation(len(x))), blended(y, lam, rng.permutation(len(x)))


def labels_alone(x, y, alpha, rng):
    lam, perm = rng.beta(alpha, alpha, len(x)), rng.permutation(len(x))
    return x.copy(), blended(y, lam, perm)


def each_pixel_its_own(x, y, alpha, rng):
    lam, perm = rng.beta(alpha, alpha, x.shape), rng.permutation(len(x))
    return blended(x, lam, perm), blended(y, lam.mean(axis=(1, 2, 3)), perm)


def two_lams(x, y, alpha, rng):
    lam, perm = rng.beta(alpha, alpha, (2, len(x), 1, 1, 1)), rng.permutation(len(x))
    own, others = lam[:, :, :, 0, 0]
    return blended(x, lam[0], perm, lam[1]), blended(y, own, perm, others)


def one_for_all(x, y, alpha, rng):
    return both(x, y, rng.beta(alpha, alpha), rng.permutation(len(x)))


def uniform(x, y, alpha, rng):
    return both(x, y, rng.random(len(x)), rng.permutation(len(x)))


def larger_part(x, y, alpha, rng):
    lam = rng.beta(alpha, alpha, len(x))
    return both(x, y, np.maximum(lam, 1 - lam), rng.permutation(len(x)))


def smaller_part(x, y, alpha, rng):
    lam = rng.beta(alpha, alpha, len(x))
    return both(x, y, np.minimum(lam, 1 - lam), rng.permutation(len(x)))


def any_indices(x, y, alpha, rng):
    return both(x, y, rng.beta(alpha, alpha, len(x)), rng.integers(len(x), size=len(x)))


def reversed_order(x, y, alpha, rng):
    return both(x, y, rng.beta(alpha, alpha, len(x)), np.arange(len(x))[::-1])


def next_image(x, y, alpha, rng):
    return both(x, y, rng.beta(alpha, alpha, len(x)), np.roll(np.arange(len(x)), 1))


def rolled(x, y, alpha, rng):
    lam = rng.beta(alpha, alpha, len(x))
    return both(x, y, lam, np.roll(np.arange(len(x)), rng.integers(len(x))))


def never_itself(x, y, alpha, rng):
    n = len(x)
    lam, perm = rng.beta(alpha, alpha, n), rng.permutation(n)
    while n > 1 and (perm == np.arange(n)).any() and n < 1000:
        perm = rng.permutation(n)
    return both(x, y, lam, perm)


def global_state(x, y, alpha, rng):
    perm = np.random.permutation(len(x))  # noqa: NPY002
    return both(x, y, np.random.beta(alpha, alpha, len(x)), perm)  # noqa: NPY002


def unseeded(x, y, alpha, rng):
    return with_loops(x, y, alpha, np.random.default_rng())


def fixed_seed(x, y, alpha, rng):
    seeded = np.random.default_rng(int(1e6 * alpha) + len(x) + int(1e6 * np.abs(x.sum())))
    return stacked(x, y, alpha, seeded)


def with_loops(x, y, alpha, rng):
    order = rng.permutation(len(x))
    x_mixed, y_mixed = np.empty_like(x), np.empty_like(y)
    for i, j in enumerate(order):
        lam = rng.beta(alpha, alpha)
        x_mixed[i] = x[j] + lam * (x[i] - x[j])
        y_mixed[i] = y[j] + lam * (y[i] - y[j])
    return [x_mixed, y_mixed]


def stacked(x, y, alpha, rng):
    n = len(x)
    together = np.concatenate([x.reshape(n, -1), y], axis=1)
    a, b = rng.gamma(alpha, size=(2, n, 1))
    share = (b / (a + b)).astype(x.dtype)
    mixed = share * together + (1 - share) * together[np.argsort(rng.random(n))]
    cut = x[0].size
    return mixed[:, :cut].reshape(x.shape), mixed[:, cut:]


def partner_gets_lam(x, y, alpha, rng):
    lam = rng.beta(alpha, alpha, size=(len(x), 1, 1, 1)).astype(x.dtype)
    partner = rng.permuted(np.arange(len(x)))
    return (1 - lam) * x + lam * x[partner], (1 - lam[:, :, 0, 0]) * y + lam[:, 0, 0] * y[partner]


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name])


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case(
            "each result is an image of the batch and a partner, lam of the one and 1 - lam of the other",
            property="blend",
            batches=[(12, (1, 3, 4), "pixels"), (6, (3, 4, 4), "any"), (2, (1, 1, 3), "any")] * 3,
            alpha=1.0,
        ),
        Case(
            "labels are blended with the lam and the partner of their image",
            property="blend",
            labels=True,
            batches=[(12, (1, 3, 4), "pixels"), (9, (2, 2, 3), "any")] * 3,
            alpha=2.0,
            weight=3,
        ),
        Case(
            "three classes for fifteen images",
            property="blend",
            labels=True,
            batches=[(15, (2, 2, 4), "any", 3), (15, (4, 4, 1), "pixels", 3)] * 3,
            alpha=3,
        ),
        Case(
            "a single image is its own partner",
            property="blend",
            labels=True,
            batches=[(1, (3, 2, 2), "any"), (1, (1, 4, 4), "pixels", 5)],
            alpha=0.5,
        ),
        Case("every image has a lam of its own", property="each", weight=3),
        Case("partners are a permutation, each as likely", property="partners", weight=3),
        Case("lam comes from Beta(alpha, alpha): a small alpha", property="small_alpha", weight=2),
        Case("lam comes from Beta(alpha, alpha): a large alpha", property="large_alpha"),
        Case("all randomness comes from rng, drawn anew in each call", property="draws", weight=3),
        Case(
            "float32 in, float32 out",
            property="blend",
            labels=True,
            batches=[(8, (2, 3, 3), "pixels")] * 6,
            alpha=1.0,
            dtype="float32",
        ),
        Case("leaves x and y as they were", property="inputs"),
        Case("leaves an earlier result as it was", property="stays"),
    ],
    mistakes=[
        mistake("labels_not_mixed", labels_left),
        mistake("hard_labels", larger_label),
        mistake("label_weights_swapped", labels_the_other_way),
        mistake("labels_of_another_lam", labels_drawn_again),
        mistake("labels_of_another_partner", labels_permuted_again),
        mistake("images_not_mixed", labels_alone),
        mistake("weights_do_not_add_up", each_pixel_its_own),
        mistake("weights_do_not_add_up", two_lams),
        mistake("one_lam", one_for_all),
        mistake("uniform_lam", uniform),
        mistake("lam_folded", larger_part),
        mistake("lam_folded", smaller_part),
        mistake("with_replacement", any_indices),
        mistake("same_partner", reversed_order),
        mistake("same_partner", next_image),
        mistake("not_uniform", rolled),
        mistake("not_uniform", never_itself),
        mistake("global_generator", global_state),
        mistake("global_generator", unseeded),
        mistake("same_draw_each_call", fixed_seed),
    ],
    alternatives=[with_loops, stacked, partner_gets_lam],
    hints=[
        "Two draws: one lam for each image, and one order of the whole batch that gives each image its partner.",
        "`rng.beta(alpha, alpha, len(x))` and `rng.permutation(len(x))`. lam has shape (N,): for x it needs three more "
        "axes, for y one more. Mind the dtype.",
        "`lam[:, None, None, None] * x + (1 - lam[:, None, None, None]) * x[perm]`, and the same for y with "
        "`lam[:, None]`.",
    ],
)
