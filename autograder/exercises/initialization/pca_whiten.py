"""pca_whiten: data in their principal axes, each with variance 1.

out = xc U / sqrt(lambda + eps), cov = U diag(lambda) U^T, lambda decreasing. The sign of each axis is free, so columns are
compared up to their signs. Reference: torch.linalg.eigh.
"""

import numpy as np
import torch

from autograder.exercises.initialization import _whitening
from autograder.exercises.initialization._whitening import SENTENCES, axes_of, centre
from autograder.judge import Case, Finding, Mistake, Probe, Procedure, Script, Want
from autograder.judge.exercise import in_words

OVERWRITES = "An array that was returned earlier is overwritten by a later call. Return a new array each time."
REMEMBERS = "The same call gives another answer the second time: something survives between calls (a global variable)."
DTYPE = "Float32 goes in and another dtype comes out: keep the dtype of x, and numbers as Python floats."


def reference(x, eps=1e-5):
    xc, variances, axes = _whitening.reference(torch.tensor(x, dtype=torch.float64))
    return (xc @ axes / (variances.clamp(min=0.0) + eps).sqrt()).numpy()


def ask(case, rng):
    script, dtype, mode = Script(), case.get("dtype", "float64"), case.get("mode", "plain")
    drawn, keywords = _whitening.draw(rng, case)
    x = drawn["x"].astype(dtype)
    called = in_words("pca_whiten", ["x"], keywords)
    if mode == "inputs":
        sent = script.put(x)
        script.get(script.call(0, sent, **keywords), Want("out", None))
        script.get(sent, Want("x", x, rtol=0.0, atol=0.0, role="input"))
        return Probe(script, called, {"x": x})
    first = script.call(0, x, **keywords)
    script.get(first, Want("out", None))
    if mode == "again":
        script.call(0, _whitening.draw(rng, case)[0]["x"], **keywords)
        script.get(first, Want("out, later", None))
        script.get(script.call(0, x, **keywords), Want("out, again", None))
    expected, rtol = reference(x, **keywords), case.get("rtol", 1e-7)

    def findings(values):
        out = values[0]
        wrong = judged(out, expected, x, keywords, rtol)
        if wrong or mode != "again":
            return wrong
        _, later, again = values
        if not np.array_equal(out, later):
            return [Finding(OVERWRITES, "overwrites_earlier_result")]
        if judged(again, expected, x, keywords, rtol):
            return [Finding(REMEMBERS, "remembers_earlier_calls")]
        return []

    return Probe(script, called, {"x": x}, findings=findings)


def judged(out, expected, x, keywords, rtol):
    """What is wrong with an answer."""
    if not isinstance(out, np.ndarray):
        return [Finding("must return a NumPy array", got=type(out).__name__)]
    if out.dtype.kind not in "fiu":
        return [Finding("the result must be an array of floats", got=str(out.dtype))]
    with np.errstate(all="ignore"):
        values = out.astype(np.float64)
        if matches(values, expected, rtol):
            if out.dtype == x.dtype:
                return []
            return [Finding(DTYPE if x.dtype == np.float32 else "the dtype of x is not kept", "changes_dtype")]
        names = {}
        for mistake in EXERCISE.mistakes:
            answer = answer_of(mistake, x, keywords)
            if answer is not None and matches(values, answer, rtol) and not matches(answer, expected, rtol):
                names[mistake.name] = mistake
        if not names and in_another_order(values, expected, rtol):
            return [Finding(ORDER, "wrong_order")]
    if len(names) == 1:
        (mistake,) = names.values()
        return [Finding(mistake.sentence, mistake.name)]
    if out.shape != expected.shape:
        return [Finding(f"the result must have shape {expected.shape}", got=str(out.shape))]
    if not np.isfinite(values).all():
        return [Finding("the result is not finite")]
    return [Finding("the result differs from the reference in more than the signs of its columns")]


def answer_of(mistake, x, keywords):
    """What a mistake answers; None where it fails."""
    try:
        return np.asarray(mistake.wrong(x.astype(np.float64), **keywords), np.float64)
    except (ValueError, np.linalg.LinAlgError):
        return None


def matches(got, expected, rtol):
    """Whether two arrays are the same up to the signs of their columns; whitened data are of size 1."""
    if got.shape != expected.shape or not (np.isfinite(got).all() and np.isfinite(expected).all()):
        return False
    signs = np.where((got * expected).sum(axis=0) < 0, -1.0, 1.0)
    return bool((np.abs(got * signs - expected) <= rtol * (1 + np.abs(expected))).all())


def in_another_order(got, expected, rtol):
    """Whether the columns are right, but not where they should be."""
    if got.shape != expected.shape:
        return False
    left = list(range(got.shape[1]))
    for column in expected.T:
        found = next((k for k in left if matches(got[:, [k]], column[:, None], rtol)), None)
        if found is None:
            return False
        left.remove(found)
    return True


def scores(z, variances, axes):
    return z @ axes / np.sqrt(variances)


def uncentred(x, eps=1e-5):
    variances, axes = axes_of(x, centred=False)
    return scores(x, variances + eps, axes)


def uncentred_covariance(x, eps=1e-5):
    variances, axes = axes_of(x, centred=False)
    return scores(centre(x), variances + eps, axes)


def uncentred_product(x, eps=1e-5):
    variances, axes = axes_of(x)
    return scores(x, variances + eps, axes)


def divides_by_lambda(x, eps=1e-5):
    variances, axes = axes_of(x)
    return scores(centre(x), (variances + eps) ** 2, axes)


def multiplies_by_root(x, eps=1e-5):
    variances, axes = axes_of(x)
    return scores(centre(x), 1 / (variances + eps), axes)


def increasing_order(x, eps=1e-5):
    variances, axes = axes_of(x, decreasing=False)
    return scores(centre(x), variances + eps, axes)


def only_variances_sorted(x, eps=1e-5):
    variances, axes = axes_of(x, decreasing=False)
    return scores(centre(x), variances[::-1] + eps, axes)


def rows_for_axes(x, eps=1e-5):
    variances, axes = axes_of(x)
    return scores(centre(x), variances + eps, axes.T)


def rows_of_increasing_axes(x, eps=1e-5):
    variances, axes = axes_of(x, decreasing=False)
    return scores(centre(x), variances[::-1] + eps, axes[::-1].T)


def rotated_back(x, eps=1e-5):
    variances, axes = axes_of(x)
    return scores(centre(x), variances + eps, axes) @ axes.T


def not_scaled(x, eps=1e-5):
    variances, axes = axes_of(x)
    return scores(centre(x), np.ones_like(variances), axes)


def eps_outside(x, eps=1e-5):
    variances, axes = axes_of(x)
    return scores(centre(x), (np.sqrt(np.maximum(variances, 0)) + eps) ** 2, axes)


def eps_as_floor(x, eps=1e-5):
    variances, axes = axes_of(x)
    return scores(centre(x), np.maximum(variances, eps), axes)


def other_default(x, eps=1e-8):
    variances, axes = axes_of(x)
    return scores(centre(x), variances + eps, axes)


def unbiased(x, eps=1e-5):
    variances, axes = axes_of(x, ddof=1)
    return scores(centre(x), variances + eps, axes)


def sum_for_mean(x, eps=1e-5):
    variances, axes = axes_of(x)
    return scores(centre(x), len(x) * variances + eps, axes)


def mean_added_back(x, eps=1e-5):
    variances, axes = axes_of(x)
    return scores(centre(x), variances + eps, axes) + x.mean(0)


def correlation(x, eps=1e-5):
    z = centre(x) / np.sqrt(x.var(0) + eps)
    variances, axes = axes_of(z)
    return scores(z, variances + eps, axes)


def thin(x, eps=1e-5):
    _, S, Vt = np.linalg.svd(centre(x), full_matrices=False)
    return scores(centre(x), S**2 / len(x) + eps, Vt.T)


def one_pass_covariance(x, eps=1e-5):
    mean = x.mean(0)
    variances, axes = np.linalg.eigh(x.T @ x / len(x) - np.outer(mean, mean))
    return scores(centre(x), np.maximum(variances[::-1], 0) + eps, axes[:, ::-1])


def by_svd_of_the_data(x, eps=1e-5):
    """x = P S V^T: the singular values are in decreasing order already."""
    xc = x - x.mean(axis=0, keepdims=True)
    _, S, Vt = np.linalg.svd(xc)
    lam = np.zeros(x.shape[1], x.dtype)
    lam[: len(S)] = S**2 / len(x)
    return np.einsum("nd,kd->nk", xc, Vt) / np.sqrt(lam + eps)


def by_sorting(x, eps=1e-5):
    xc = x - np.mean(x, 0)
    lam, U = np.linalg.eigh((xc[:, :, None] * xc[:, None]).mean(0))
    order = sorted(range(len(lam)), key=lambda k: -lam[k])
    return np.stack([-(xc @ U[:, k]) / np.sqrt(lam[k] + eps) for k in order], axis=1)


def by_deflation(x, eps=1e-5):
    """One axis after the other, each taken out of the covariance; no sign is as eigh's."""
    xc = x - x.mean(0)
    lam, U = np.linalg.eigh(xc.T @ xc / len(x))
    out = xc @ U[:, ::-1] @ np.diag(1 / np.sqrt(np.maximum(lam[::-1], 0) + eps))
    return (out * np.where(out[:1] > 0, -1, 1)).astype(x.dtype)


def mistake(name, wrong):
    return Mistake(name, wrong, SENTENCES[name])


ROWS = (
    "The rows of U are taken for the axes. np.linalg.eigh gives them in the *columns*: `U[:, k]` belongs to `lam[k]`, and "
    "the data in these axes are xc @ U."
)
ORDER = (
    "The axes come in another order: the largest variance is wanted first. np.linalg.eigh gives it last, np.linalg.eig anywhere. "
    "Reorder eigenvalues and columns of U together."
)

EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case("three features", n=12, d=3),
        Case("six features", n=40, d=6),
        Case("one feature", n=8, d=1, eps=0.1),
        Case("a large eps shows where it stands", n=20, d=4, eps=0.5),
        Case("eps is 1e-5 where it is left out", n=20, d=3, smallest=2e-5, eps=None),
        Case("a constant feature", n=20, d=4, constant=True),
        Case("more features than samples", n=5, d=9, eps=1e-3, weight=2),
        Case("one sample: nothing is left of it", n=1, d=3),
        Case("a large offset, x + 1e6", n=30, d=4, offset=1e6),
        Case("variances from 1e4 to 1e-2", n=30, d=4, largest=1e4, smallest=1e-2),
        Case("float32 in, float32 out", n=30, d=3, dtype="float32", rtol=1e-4),
        Case("leaves its arguments as they were", n=12, d=3, mode="inputs"),
        Case("gives the same answer when it is called again", n=12, d=3, mode="again"),
    ],
    mistakes=[
        mistake("no_centring", uncentred),
        mistake("no_centring", uncentred_covariance),
        mistake("no_centring", uncentred_product),
        mistake("divides_by_lambda", divides_by_lambda),
        mistake("multiplies_by_root", multiplies_by_root),
        Mistake("wrong_order", increasing_order, ORDER),
        Mistake(
            "only_lambda_reversed",
            only_variances_sorted,
            "Only the eigenvalues are put in decreasing order, and each axis is divided by another one's root. Turn the "
            "columns of U round with them.",
        ),
        Mistake("rows_for_axes", rows_for_axes, ROWS),
        Mistake("rows_for_axes", rows_of_increasing_axes, ROWS),
        Mistake(
            "rotated_back",
            rotated_back,
            "The data are turned back into the axes of x: that is ZCA whitening. PCA whitening stays in the principal axes.",
        ),
        mistake("not_scaled", not_scaled),
        mistake("eps_outside_root", eps_outside),
        mistake("eps_as_floor", eps_as_floor),
        mistake("default_eps", other_default),
        mistake("ddof", unbiased),
        mistake("sum_for_mean", sum_for_mean),
        mistake("mean_added_back", mean_added_back),
        mistake("correlation", correlation),
        Mistake(
            "axes_dropped",
            thin,
            "Axes are missing where there are more features than samples: the thin SVD leaves out those without variance. "
            "The result has shape (N, D).",
        ),
        mistake("one_pass_covariance", one_pass_covariance),
    ],
    alternatives=[by_svd_of_the_data, by_sorting, by_deflation],
    hints=[
        "In which directions do the data vary independently of each other, and how much in each?",
        "`np.linalg.eigh` of the covariance gives variances (increasing: turn them round) and axes in its columns. Turn the "
        "centred x into them, divide by the spread.",
        "`lam, U = np.linalg.eigh(xc.T @ xc / len(x))`, reverse `lam` and `U[:, ::-1]`, then `xc @ U / np.sqrt(lam + eps)`.",
    ],
)
