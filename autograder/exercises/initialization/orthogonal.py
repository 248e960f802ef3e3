"""orthogonal: gain times a matrix drawn uniformly from the orthogonal ones.

W, flattened to (out, rest), has orthonormal columns (tall, square) or rows (wide), times gain (Saxe et al. 2014). The Q
of a normal matrix's QR is uniform only if the diagonal of R is made positive (Mezzadri 2007). Reference:
torch.nn.init.orthogonal_, and what is known of the uniform (Haar) distribution:

- each entry of a 3 x 3 matrix, or of its first two rows or columns, is uniform on (-1, 1) (Archimedes), its determinant
  is 1 or -1 with equal chances, and so for A Q B with fixed orthogonal A and B;
- Q R, with R triangular, its diagonal chi-distributed with n, n - 1, ... degrees of freedom and normal above it, drawn
  by the judge, is a matrix of independent normal numbers (Bartlett 1933).
"""

import itertools
import math
from dataclasses import replace

import numpy as np
from scipy import special

from autograder.exercises.initialization._initializers import ASK, question
from autograder.exercises.initialization._laws import Law, called, uniform
from autograder.exercises.initialization._manners import of_randomness
from autograder.judge import Case, Finding, Procedure, alternative, slips
from autograder.judge.chance import counts_are_off, distribution_is_off, mean_is_off, std_is_off

DRAWS, GROUPS = 250, [(3, 3), (3, 2), (2, 3)]
LONG = (500, 20)
LAW = Law(
    "orthogonal", "normal", lambda shape, gain=1.0: gain / max(shape[0], math.prod(shape[1:])) ** 0.5, {"gain": 1.0}
)


def matrix(weights):
    """Flattened to (out, rest), turned so that the columns are orthonormal."""
    flat = weights.reshape(len(weights), -1)
    return flat if flat.shape[0] >= flat.shape[1] else flat.T


def is_orthogonal(columns, gain=1.0):
    """Whether columns^T columns = gain^2 I, to the digits that Gram and Schmidt keep where the columns lie badly."""
    gram = columns.T @ columns
    return bool((np.abs(gram - gain**2 * np.eye(len(gram))) <= 1e-5 * gain**2).all())


@question(lambda law, case: [(s, {"gain": gain}) for s in case.get("shapes") for gain in case.get("gains", [1.0])])
def ask_angles(law, arrays, calls, rng):
    off = [
        replace(diagnosis(weights, shape, options["gain"]), called=called(law, (shape, options)))
        for weights, (shape, options) in zip(arrays, calls, strict=True)
        if not is_orthogonal(matrix(weights), options["gain"])
    ]
    # Where gain is asked about, a matrix that has other angles waits.
    about_gain = calls[0][1]["gain"] != 1.0
    return [replace(f, hides=about_gain and not (f.mistake or "").startswith("gain")) for f in off[:1]]


def diagnosis(weights, shape, gain):
    """What is wrong with a matrix that is not orthogonal."""
    columns, rows, rest = matrix(weights), len(weights), weights[0].size
    for name, other in (("gain_left_out", 1.0), ("gain_squared", gain**2), ("gain_rooted", gain**0.5)):
        if is_orthogonal(columns, other):
            return Finding(mistake=name)
    if rows < rest and is_orthogonal(weights.reshape(rest, rows), gain):
        return Finding(mistake="reshaped_not_transposed")
    other_ways = [weights.reshape(-1, n) for n in (shape[-1], math.prod(shape[2:])) if 1 < n < weights.size]
    kernels = weights.reshape(-1, *shape[-2:])
    if len(shape) > 2 and (
        any(is_orthogonal(matrix(flat), gain) for flat in other_ways)
        or (min(shape[-2:]) > 1 and all(is_orthogonal(matrix(kernel), gain) for kernel in kernels))
    ):
        return Finding(mistake="flattened_otherwise")
    lengths = [np.sqrt((weights.reshape(rows, rest) ** 2).sum(axis)) for axis in (0, 1)]
    gram = columns.T @ columns
    askew = np.abs(gram - np.diag(np.diag(gram))).max() > 0.01 * gain**2
    if askew and any(np.allclose(length, gain, rtol=1e-6, atol=0.0) for length in lengths):
        return Finding(mistake="only_normalised")
    side = "columns" if rows >= rest else "rows"
    return Finding(f"the {side} of the matrix of shape {(rows, rest)} must be at right angles, each of length gain")


@question(lambda law, case: [law.call(shape) for shape in GROUPS for _ in range(DRAWS)], one_generator=True)
def ask_signs(law, arrays, calls, rng):
    """Many small matrices from one generator: whether all orthogonal ones are equally likely."""
    groups = [np.array([matrix(w) for w in arrays[k : k + DRAWS]]) for k in range(0, len(arrays), DRAWS)]
    # Among so many some lie very badly; whether a method is exact is asked elsewhere.
    if np.mean([is_orthogonal(w) for group in groups for w in group]) < 0.9:
        return [Finding("the small matrices are not orthogonal", hides=True)]
    square, *others = groups
    upright = np.linalg.det(square) > 0
    known = {
        "same_draw_each_call": (square == square[0]).all(),
        "padded_with_zeros": any((group == 0).all(axis=0).any() for group in groups),
        "positive_numbers": all(one_sign(group[:, :, 0]) for group in groups),
        "sign_bias": any(one_sign(group[:, 0, 0]) for group in groups),
        "one_determinant": upright.all() or not upright.any(),
    }
    for name, seen in known.items():
        if seen:
            return [Finding(mistake=name)]
    # A column may be turned over without the others, so the signs of two diagonal entries go together by chance.
    pairs = [(g, i, j) for g in groups for i, j in itertools.combinations(range(g.shape[2]), 2)]
    signs = [(group[:, i, i] * group[:, j, j] > 0).sum() for group, i, j in pairs]
    turns = [np.linalg.qr(rng.standard_normal((3, 3)))[0] for _ in range(2)]
    uneven = any(
        distribution_is_off(matrices[:, i, j], uniform)
        for matrices in (square, turns[0] @ square @ turns[1], *others)
        for i, j in np.ndindex(*matrices.shape[1:])
    )
    uneven = uneven or counts_are_off([upright.sum(), *signs], DRAWS, 0.5)
    return [Finding(mistake="not_uniform")] if uneven else []


def one_sign(numbers):
    """Whether all are positive, or all negative."""
    return bool((numbers > 0).all() or (numbers < 0).all())


@question(lambda law, case: [law.call(LONG), law.call(LONG[::-1])])
def ask_directions(law, arrays, calls, rng):
    """One long matrix and one broad one: what they are made of has to be normal."""
    n, k = LONG
    triangle = np.triu(rng.standard_normal((k, k)), 1) + np.diag(np.sqrt(rng.chisquare(n - np.arange(k))))
    for columns in map(matrix, arrays):
        if not is_orthogonal(columns):
            return [Finding("the matrix is not orthogonal", hides=True)]
        if not columns[k:].any():
            return [Finding(mistake="padded_with_zeros")]
        if one_sign(columns[:, 0]):
            return [Finding(mistake="positive_numbers")]
        z = columns @ triangle
        if (
            counts_are_off(np.count_nonzero(np.abs(z) > 2.0), z.size, 2 * special.ndtr(-2.0))
            or mean_is_off(z, 0.0, 1.0)
            or std_is_off(z.sum(axis=1) / math.sqrt(k), 0.0, 1.0)
            or distribution_is_off(z, special.ndtr)
        ):
            return [Finding(mistake="not_uniform")]
    return []


ASKED = {**ASK, "angles": ask_angles, "signs": ask_signs, "directions": ask_directions}
SHAPES = [(2, 2), (5, 3), (3, 5), (1, 1), (1, 4), (4, 1), (4, 3, 5, 2), (3, 3, 3, 3), (2, 3, 5)]
KERNELS = [(6, 3, 5, 4), (30, 2, 3, 2), (3, 3, 3, 3), (4, 2, 9), (3, 2, 2, 3, 2)]

EXERCISE = Procedure(
    ask=lambda case, rng: ASKED[case.get("property")](LAW, case, rng),
    section="8 · Orthogonal",
    # In percent.
    cases=[
        Case("an array of the given shape, float64", property="shape", shapes=SHAPES, weight=1.5),
        Case(
            "square: columns at right angles, of length 1", property="angles", shapes=[(2, 2), (7, 7), (1, 1)], weight=6
        ),
        Case("tall: orthonormal columns", property="angles", shapes=[(12, 5), (40, 3), (6, 1)], weight=8),
        Case("wide: orthonormal rows", property="angles", shapes=[(5, 12), (3, 40), (1, 6)], weight=12),
        Case("kernels, flattened to (out, everything else)", property="angles", shapes=KERNELS, weight=10),
        Case(
            "gain multiplies",
            property="angles",
            shapes=[(6, 6), (9, 4), (4, 9), (5, 2, 3, 2)],
            gains=[2.5, 0.3],
            weight=25.5,
        ),
        Case("the default is gain=1.0", property="defaults", shape=(6, 4), weight=1.5),
        Case("every orthogonal matrix is equally likely: signs", property="signs", weight=25.5),
        Case("every orthogonal matrix is equally likely: directions", property="directions", weight=3),
        Case("earlier weights stay as they were", property="kept", about="again", weight=1),
        Case("all randomness comes from rng", property="generator", weight=6),
    ],
)


def right(shape, rng, gain=1.0):
    rows, cols = shape[0], math.prod(shape[1:])
    size = max(rows, cols), min(rows, cols)
    A = rng.standard_normal(size)
    Q, R = np.linalg.qr(A)
    Q = Q * np.sign(np.diag(R))
    if rows < cols:
        Q = Q.T
    return gain * Q.reshape(shape)


MISTAKES = of_randomness(right) + slips("""
sign_bias: Q = Q * np.sign(np.diag(R)) ->
    or np.diag(R) -> np.diag(Q)
    The first entry always has the same sign: np.linalg.qr settles signs as it likes. Multiply the columns of Q by the
    signs of R's diagonal, so that every orthogonal matrix is equally likely.

one_determinant:
    Q = Q * np.sign(np.diag(R)) -> Q = Q * np.sign(np.diag(R)); Q[:, 0] *= np.linalg.det(Q) if rows == cols else 1
    The determinant is always the same, so reflections never come (or nothing else). All orthogonal matrices are equally
    likely, those of determinant -1 too.

not_uniform (detail): rng.standard_normal(size) -> rng.uniform(-1.0, 1.0, size)
    The matrices are orthogonal, but not all are equally likely: take the Q of a *normal* matrix, and multiply its
    columns by the signs of R's diagonal.

positive_numbers: rng.standard_normal(size) -> rng.random(size)
    The entries of the first column (row, where W is wide) all have the same sign: the matrix behind it is made of
    positive numbers, as `rng.random` draws them. Take `rng.standard_normal`.

reshaped_not_transposed: rows < cols -> False
    A wide matrix is made by reshaping a tall one, which mixes its columns up. Transpose it: then the orthonormal
    columns become rows.

transposed_shape:
    rows < cols -> False
    Q.reshape(shape) -> Q.reshape(shape if rows >= cols else shape[::-1])
    The array has the shape turned round. For a wide matrix QR is taken of a tall one: transpose Q back.

padded_with_zeros: Q = Q.T -> Q = np.pad(np.linalg.qr(A[:rows])[0], [(0, 0), (0, cols - rows)])
    A part of the matrix is always 0, so some inputs or units are cut off. Take the QR of a tall normal matrix of
    (larger, smaller) shape, and transpose Q where W is wide.

only_normalised (core): np.linalg.qr(A) -> A / np.linalg.norm(A, axis=0), np.eye(len(A.T))
    or np.linalg.qr(A) -> A / np.linalg.norm(A, axis=1, keepdims=True), np.eye(len(A.T))
    Rows or columns have the right length, but they are not at right angles. QR does both.

flattened_otherwise: rows, cols = shape[0], math.prod(shape[1:]) -> rows, cols = math.prod(shape[:-1]), shape[-1]
    or -> if len(shape) > 3: return np.reshape([right(shape[2:], rng, gain) for _ in range(shape[0] * shape[1])], shape)
    The kernel is flattened otherwise: it is the matrix (out, everything else), `W.reshape(shape[0], -1)`, that has to
    be orthogonal.

gain_left_out: gain * Q.reshape(shape) -> Q.reshape(shape)
    `gain` is not used: multiply the orthogonal matrix by it.
gain_squared: gain * Q.reshape(shape) -> gain**2 * Q.reshape(shape)
    `gain` arrives squared: W^T W is gain^2 I if the matrix is multiplied by gain once.
gain_rooted: gain * Q.reshape(shape) -> gain**0.5 * Q.reshape(shape)
    Only the root of `gain` arrives. W^T W is gain^2 I if the matrix is multiplied by gain.
default_gain (detail): gain=1.0 -> gain=math.sqrt(2)
    The default of `gain` is 1.
not_float64 (detail): gain * Q.reshape(shape) -> (gain * Q.reshape(shape)).astype(np.float32)
    The weights are of another dtype: initialisers return float64, which is what `rng` gives by itself.
""")


@alternative
def polar_factor(shape, rng, gain=1.0):
    """U V^T of the singular value decomposition: the nearest orthogonal matrix, tall or wide."""
    A = rng.standard_normal((shape[0], math.prod(shape[1:])))
    U, _, Vt = np.linalg.svd(A, full_matrices=False)
    return gain * (U @ Vt).reshape(shape)


@alternative
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


HINTS = [
    "Which factorisation makes orthonormal columns of any matrix? And what does a wide matrix need in their place?",
    "Take `np.linalg.qr` of a tall normal matrix, (larger, smaller); transpose Q where W is wide; `reshape` to the "
    "kernel's shape comes last.",
    "To test yours: `W @ W.T` (wide) or `W.T @ W` (tall) is gain^2 times I, and over many draws `W[0, 0]` is as often "
    "positive as negative. After `np.linalg.qr` alone it never is: look at the signs of R's diagonal.",
]
