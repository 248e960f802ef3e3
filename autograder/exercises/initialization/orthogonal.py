"""orthogonal: gain times a matrix drawn uniformly from the orthogonal ones.

W, flattened to (out, rest), has orthonormal columns (tall, square) or rows (wide), times gain (Saxe et al. 2014). The Q of a
normal matrix's QR is uniform only if the diagonal of R is made positive (Mezzadri 2007). Reference:
torch.nn.init.orthogonal_, and what is known of the uniform (Haar) distribution:

- each entry of a 3 x 3 matrix, or of its first two rows or columns, is uniform on (-1, 1) (Archimedes), its determinant is 1
  or -1 with equal chances, and so for A Q B with fixed orthogonal A and B;
- Q R, with R triangular, its diagonal chi-distributed with n, n - 1, ... degrees of freedom and normal above it, drawn by the
  judge, is a matrix of independent normal numbers (Bartlett 1933).
"""

import itertools
import math

import numpy as np
from scipy import special, stats

from autograder.exercises.initialization._initializers import SENTENCES as KNOWN
from autograder.exercises.initialization._initializers import quietly, read, seed, uniform
from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script, Want
from autograder.judge.chance import (
    counts_are_off,
    distribution_is_off,
    generator_probe,
    mean_is_off,
    std_is_off,
)
from autograder.judge.exercise import in_words

DRAWS = 250
LONG = (500, 20)

SENTENCES = {
    **KNOWN,
    "gain_left_out": "`gain` is not used: multiply the orthogonal matrix by it.",
    "gain_squared": "`gain` arrives squared: W^T W is gain^2 I if the matrix is multiplied by gain once.",
    "gain_rooted": "Only the root of `gain` arrives. W^T W is gain^2 I if the matrix is multiplied by gain.",
    "reshaped_not_transposed": "A wide matrix is made by reshaping a tall one, which mixes its columns up. Transpose it: then "
    "the orthonormal columns become rows.",
    "transposed_shape": "The array has the shape turned round. For a wide matrix QR is taken of a tall one: transpose Q back.",
    "only_normalised": "Rows or columns have the right length, but they are not at right angles. QR does both.",
    "flattened_otherwise": "The kernel is flattened otherwise: it is the matrix (out, everything else), "
    "`W.reshape(shape[0], -1)`, that has to be orthogonal.",
    "padded_with_zeros": "A part of the matrix is always 0, so some inputs or units are cut off. Take the QR of a tall normal "
    "matrix of (larger, smaller) shape, and transpose Q where W is wide.",
    "positive_numbers": "The entries of the first column (row, where W is wide) all have the same sign: the matrix behind it is "
    "made of positive numbers, as `rng.random` draws them. Take `rng.standard_normal`.",
    "sign_bias": "The first entry always has the same sign: np.linalg.qr settles signs as it likes. Multiply the columns of Q "
    "by the signs of R's diagonal, so that every orthogonal matrix is equally likely.",
    "one_determinant": "The determinant is always the same, so reflections never come (or nothing else). All orthogonal matrices "
    "are equally likely, those of determinant -1 too.",
    "not_uniform": "The matrices are orthogonal, but not all are equally likely: take the Q of a *normal* matrix, and multiply "
    "its columns by the signs of R's diagonal.",
}


def named(name):
    return Finding(SENTENCES[name], name)


# Whether a matrix is orthogonal


def matrix(weights):
    """Flattened to (out, rest), turned so that the columns are orthonormal."""
    flat = weights.reshape(len(weights), -1)
    return flat if flat.shape[0] >= flat.shape[1] else flat.T


def is_orthogonal(columns, gain=1.0):
    """Whether columns^T columns = gain^2 I, to the digits that Gram and Schmidt keep where the columns lie badly."""
    gram = columns.T @ columns
    return bool((np.abs(gram - gain**2 * np.eye(len(gram))) <= 1e-5 * gain**2).all())


def ask_shapes(case, rng):
    script, calls = Script(), [(shape, case.get("options", {})) for shape in case.get("shapes")]
    if case.get("gains"):
        calls = [(shape, {"gain": gain}) for shape, _ in calls for gain in case.get("gains")]
    for shape, options in calls:
        script.get(
            script.call(0, shape, script.rng(seed(rng)), note=f"shape={shape}", **options), Want("weights", None)
        )

    def findings(values):
        arrays, wrong = read(values, [shape for shape, _ in calls])
        if wrong:
            return wrong
        for weights, (shape, options) in zip(arrays, calls, strict=True):
            gain = options.get("gain", 1.0)
            if not is_orthogonal(matrix(weights), gain):
                return [diagnosis(weights, shape, gain)]
        return []

    return Probe(script, in_words("orthogonal", [str(calls[0][0]), "rng"], calls[0][1]), findings=quietly(findings))


def diagnosis(weights, shape, gain):
    """What is wrong with a matrix that is not orthogonal."""
    columns = matrix(weights)
    rows, rest = len(weights), weights[0].size
    for name, other in (("gain_left_out", 1.0), ("gain_squared", gain**2), ("gain_rooted", gain**0.5)):
        if is_orthogonal(columns, other):
            return named(name)
    if rows < rest and is_orthogonal(weights.reshape(rest, rows), gain):
        return named("reshaped_not_transposed")
    other_ways = [weights.reshape(-1, n) for n in (shape[-1], math.prod(shape[2:])) if 1 < n < weights.size]
    if len(shape) > 2 and any(is_orthogonal(matrix(flat), gain) for flat in other_ways):
        return named("flattened_otherwise")
    if len(shape) > 2 and min(shape[-2:]) > 1:
        kernels = weights.reshape(-1, *shape[-2:])
        if all(is_orthogonal(matrix(kernel), gain) for kernel in kernels):
            return named("flattened_otherwise")
    flat = weights.reshape(rows, rest)
    lengths = [np.sqrt((flat**2).sum(axis)) for axis in (0, 1)]
    gram = columns.T @ columns
    askew = np.abs(gram - np.diag(np.diag(gram))).max() > 0.01 * gain**2
    if askew and any(np.allclose(length, gain, rtol=1e-7, atol=0.0) for length in lengths):
        return named("only_normalised")
    side = "columns" if rows >= rest else "rows"
    return Finding(f"the {side} of the matrix of shape {(rows, rest)} must be at right angles, each of length gain")


# Whether all orthogonal matrices are equally likely


def ask_signs(case, rng):
    """Many small matrices from one generator."""
    script, shapes = Script(), [(3, 3), (3, 2), (2, 3)]
    generator = script.rng(seed(rng))
    for shape in shapes:
        for _ in range(DRAWS):
            script.get(script.call(0, shape, generator), Want("weights", None))
    turns = [np.linalg.qr(rng.standard_normal((3, 3)))[0] for _ in range(2)]

    def findings(values):
        arrays, wrong = read(values, [shape for shape in shapes for _ in range(DRAWS)])
        if wrong:
            return wrong
        groups = [np.array([matrix(w) for w in arrays[k * DRAWS : (k + 1) * DRAWS]]) for k in range(len(shapes))]
        # Among so many some lie very badly; whether a method is exact is asked elsewhere.
        if np.mean([is_orthogonal(w) for group in groups for w in group]) < 0.9:
            return [Finding("the small matrices are not orthogonal")]
        if all(np.array_equal(w, groups[0][0]) for w in groups[0]):
            return [named("same_draw_each_call")]
        if any((group == 0).all(axis=0).any() for group in groups):
            return [named("padded_with_zeros")]
        if all(one_sign(group[:, :, 0]) for group in groups):
            return [named("positive_numbers")]
        if any(one_sign(group[:, 0, 0]) for group in groups):
            return [named("sign_bias")]
        determinants = np.linalg.det(groups[0]) > 0
        if determinants.all() or not determinants.any():
            return [named("one_determinant")]
        # A column may be turned over without the others, so the signs of two diagonal entries go together by chance.
        signs = [(group[:, i, i] * group[:, j, j] > 0).sum() for group, i, j in pairs_of_columns(groups)]
        square, *others = groups
        turned = turns[0] @ square @ turns[1]
        uneven = any(
            distribution_is_off(draws[:, i, j], uniform)
            for draws in (square, turned, *others)
            for i, j in np.ndindex(*draws.shape[1:])
        )
        if uneven or counts_are_off([determinants.sum(), *signs], DRAWS, 0.5):
            return [named("not_uniform")]
        return []

    return Probe(script, f"orthogonal({shapes[0]}, rng), {DRAWS} times", findings=quietly(findings))


def pairs_of_columns(groups):
    """Each group with each pair of its columns."""
    return [(g, i, j) for g in groups for i, j in itertools.combinations(range(g.shape[2]), 2)]


def one_sign(numbers):
    """Whether all are positive, or all negative."""
    return bool((numbers > 0).all() or (numbers < 0).all())


def ask_directions(case, rng):
    """One long matrix and one broad one: what they are made of has to be normal."""
    script, shapes = Script(), [LONG, LONG[::-1]]
    for shape in shapes:
        script.get(script.call(0, shape, script.rng(seed(rng)), note=f"shape={shape}"), Want("weights", None))
    n, k = LONG
    triangle = np.triu(rng.standard_normal((k, k)), 1) + np.diag(np.sqrt(rng.chisquare(n - np.arange(k))))

    def findings(values):
        arrays, wrong = read(values, shapes)
        if wrong:
            return wrong
        for weights in arrays:
            columns = matrix(weights)
            if not is_orthogonal(columns):
                return [Finding("the matrix is not orthogonal")]
            if not columns[k:].any():
                return [named("padded_with_zeros")]
            if one_sign(columns[:, 0]):
                return [named("positive_numbers")]
            z = columns @ triangle
            beyond = np.count_nonzero(np.abs(z) > 2.0)
            if (
                counts_are_off(beyond, z.size, 2 * stats.norm.sf(2.0))
                or mean_is_off(z, 0.0, 1.0)
                or std_is_off(z.sum(axis=1) / math.sqrt(k), 0.0, 1.0)
                or distribution_is_off(z, special.ndtr)
            ):
                return [named("not_uniform")]
        return []

    return Probe(script, f"orthogonal({LONG}, rng)", findings=quietly(findings))


def ask_later(case, rng):
    """An array that was returned earlier stays as it was."""
    script, shape = Script(), (6, 4)
    generator = script.rng(seed(rng))
    first = script.call(0, shape, generator)
    script.get(first, Want("weights", None))
    script.call(0, shape, generator)
    script.get(first, Want("weights, later", None))

    def findings(values):
        (weights, later), wrong = read(values, [shape, shape])
        if wrong:
            return wrong
        return [] if np.array_equal(weights, later) else [named("overwrites_earlier_result")]

    return Probe(script, f"orthogonal({shape}, rng), twice", findings=findings)


def ask_generator(case, rng):
    return generator_probe("orthogonal((8, 8), rng)", lambda script, generator: script.call(0, (8, 8), generator), rng)


ASK = {
    "shapes": ask_shapes,
    "signs": ask_signs,
    "directions": ask_directions,
    "later": ask_later,
    "generator": ask_generator,
}


def ask(case, rng):
    return ASK[case.get("property")](case, rng)


# Mistakes


def uniform_q(rows, cols, rng, draw=None):
    """A uniform Q, tall."""
    shape = max(rows, cols), min(rows, cols)
    Q, R = np.linalg.qr(draw(shape) if draw else rng.standard_normal(shape))
    return Q * np.sign(np.diag(R))


def right(shape, rng, gain=1.0):
    rows, cols = shape[0], math.prod(shape[1:])
    Q = uniform_q(rows, cols, rng)
    return gain * (Q if rows >= cols else Q.T).reshape(shape)


def signs_of_qr(shape, rng, gain=1.0):
    rows, cols = shape[0], math.prod(shape[1:])
    Q, _ = np.linalg.qr(rng.standard_normal((max(rows, cols), min(rows, cols))))
    return gain * (Q if rows >= cols else Q.T).reshape(shape)


def positive_diagonal_of_q(shape, rng, gain=1.0):
    rows, cols = shape[0], math.prod(shape[1:])
    Q = uniform_q(rows, cols, rng)
    Q = Q * np.sign(np.diag(Q))
    return gain * (Q if rows >= cols else Q.T).reshape(shape)


def reshaped(shape, rng, gain=1.0):
    return gain * uniform_q(shape[0], math.prod(shape[1:]), rng).reshape(shape)


def turned_shape(shape, rng, gain=1.0):
    rows, cols = shape[0], math.prod(shape[1:])
    Q = gain * uniform_q(rows, cols, rng)
    return Q.reshape(shape) if rows >= cols else Q.reshape(shape[::-1])


def square_and_zeros(shape, rng, gain=1.0):
    rows, cols = shape[0], math.prod(shape[1:])
    Q, flat = uniform_q(rows, cols, rng), np.zeros((rows, cols))
    if rows >= cols:
        return gain * Q.reshape(shape)
    flat[:, :rows] = uniform_q(rows, rows, rng)
    return gain * flat.reshape(shape)


def columns_normalised(shape, rng, gain=1.0):
    flat = rng.standard_normal((shape[0], math.prod(shape[1:])))
    return gain * (flat / np.linalg.norm(flat, axis=0)).reshape(shape)


def rows_normalised(shape, rng, gain=1.0):
    flat = rng.standard_normal((shape[0], math.prod(shape[1:])))
    return gain * (flat / np.linalg.norm(flat, axis=1, keepdims=True)).reshape(shape)


def by_last_axis(shape, rng, gain=1.0):
    return right((math.prod(shape[:-1]), shape[-1]), rng, gain).reshape(shape)


def each_kernel(shape, rng, gain=1.0):
    if len(shape) < 4:
        return right(shape, rng, gain)
    kernels = [right(shape[-2:], rng, gain) for _ in range(math.prod(shape[:-2]))]
    return np.array(kernels).reshape(shape)


def gain_left_out(shape, rng, gain=1.0):
    return right(shape, rng)


def gain_squared(shape, rng, gain=1.0):
    return right(shape, rng, gain**2)


def gain_rooted(shape, rng, gain=1.0):
    return right(shape, rng, gain**0.5)


def rotations(shape, rng, gain=1.0):
    weights = right(shape, rng, gain)
    if len(shape) == 2 and shape[0] == shape[1] and np.linalg.det(weights) < 0:
        weights[:, 0] *= -1
    return weights


def of_positive_numbers(shape, rng, gain=1.0):
    rows, cols = shape[0], math.prod(shape[1:])
    Q = uniform_q(rows, cols, rng, rng.random)
    return gain * (Q if rows >= cols else Q.T).reshape(shape)


def of_uniform_numbers(shape, rng, gain=1.0):
    rows, cols = shape[0], math.prod(shape[1:])
    Q = uniform_q(rows, cols, rng, lambda size: rng.uniform(-1.0, 1.0, size))
    return gain * (Q if rows >= cols else Q.T).reshape(shape)


def global_generator(shape, rng, gain=1.0):
    return right(shape, np.random.mtrand._rand, gain)


def fixed_seed(shape, rng, gain=1.0):
    return right(shape, np.random.default_rng(0), gain)


def in_float32(shape, rng, gain=1.0):
    return right(shape, rng, gain).astype(np.float32)


# Right solutions


def polar_factor(shape, rng, gain=1.0):
    """U V^T of the singular value decomposition: the nearest orthogonal matrix, tall or wide."""
    A = rng.standard_normal((shape[0], math.prod(shape[1:])))
    U, _, Vt = np.linalg.svd(A, full_matrices=False)
    return gain * (U @ Vt).reshape(shape)


def gram_schmidt(shape, rng, gain=1.0):
    rows, cols = shape[0], math.prod(shape[1:])
    vectors = []
    for v in rng.standard_normal((min(rows, cols), max(rows, cols))):
        for _ in range(2):  # once more, for the digits that the first pass loses
            for u in vectors:
                v = v - (u @ v) * u
        vectors.append(v / np.sqrt(v @ v))
    Q = np.array(vectors)
    return np.ascontiguousarray(gain * (Q.T if rows >= cols else Q)).reshape(shape)


def random_signs(shape, rng, gain=1.0):
    """QR's own signs do no harm where fair ones are drawn on top."""
    rows, cols = shape[0], math.prod(shape[1:])
    A = rng.standard_normal((rows, cols))
    if rows < cols:
        return random_signs_of(A.T, rng).T.reshape(shape) * gain
    return random_signs_of(A, rng).reshape(shape) * gain


def random_signs_of(A, rng):
    Q = np.linalg.qr(A).Q
    return Q * rng.choice([-1.0, 1.0], Q.shape[1])


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name])


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case(
            "square: rows and columns at right angles, of length 1", property="shapes", shapes=[(2, 2), (7, 7), (1, 1)]
        ),
        Case("tall: orthonormal columns", property="shapes", shapes=[(12, 5), (40, 3), (6, 1)]),
        Case("wide: orthonormal rows", property="shapes", shapes=[(5, 12), (3, 40), (1, 6)], weight=2),
        Case(
            "kernels, flattened to (out, everything else)",
            property="shapes",
            shapes=[(6, 3, 5, 4), (30, 2, 3, 2), (4, 2, 9), (3, 2, 2, 3, 2)],
        ),
        Case("gain multiplies", property="shapes", shapes=[(6, 6), (9, 4), (4, 9), (5, 2, 3, 2)], gains=[2.5, 0.3]),
        Case("every orthogonal matrix is equally likely: signs", property="signs", weight=2),
        Case("every orthogonal matrix is equally likely: directions", property="directions"),
        Case("earlier weights stay as they were", property="later", weight=0.5),
        Case("all randomness comes from rng", property="generator"),
    ],
    mistakes=[
        mistake("sign_bias", signs_of_qr),
        mistake("sign_bias", positive_diagonal_of_q),
        mistake("one_determinant", rotations),
        mistake("reshaped_not_transposed", reshaped),
        mistake("transposed_shape", turned_shape),
        mistake("padded_with_zeros", square_and_zeros),
        mistake("only_normalised", columns_normalised),
        mistake("only_normalised", rows_normalised),
        mistake("flattened_otherwise", by_last_axis),
        mistake("flattened_otherwise", each_kernel),
        mistake("gain_left_out", gain_left_out),
        mistake("gain_squared", gain_squared),
        mistake("gain_rooted", gain_rooted),
        mistake("positive_numbers", of_positive_numbers),
        mistake("not_uniform", of_uniform_numbers),
        mistake("global_generator", global_generator),
        mistake("same_draw_each_call", fixed_seed),
        mistake("not_float64", in_float32),
    ],
    alternatives=[polar_factor, gram_schmidt, random_signs],
    hints=[
        "Which factorisation makes orthonormal columns of any matrix? And what does a wide matrix need in their place?",
        "Take `np.linalg.qr` of a tall normal matrix, (larger, smaller); transpose Q where W is wide; `reshape` to the kernel's "
        "shape comes last.",
        "After `Q, R = np.linalg.qr(A)`: `Q = Q * np.sign(np.diag(R))`, else QR chooses the signs. Then transpose if wide, "
        "reshape, times `gain`.",
    ],
)
