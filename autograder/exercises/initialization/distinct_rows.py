"""distinct_rows: how many hidden units differ.

Two rows differ if an entry differs by more than tol; the groups of rows that do not are counted (lecture 000: from zeros,
all hidden units stay the same for ever). The groups of the cases lie well apart. Reference: the largest difference of each
pair of rows, in torch.
"""

import numpy as np

from autograder.judge import Case, Function, Mistake


def draw(rng, case):
    """Rows around drawn centres, in random order.

    Options: `groups`, sizes of the groups; `d`; `noise`, the largest difference within a group in units of tol; `kind`:
    how the centres lie to each other; `shift`, by which they are moved off the multiples of tol, in units of tol; or `W`
    itself.
    """
    if case.get("W"):
        return {"W": np.array(case.get("W")), "tol": case.get("tol")}, {}
    sizes, d, tol = case.get("groups"), case.get("d", 5), case.get("tol", 1e-3)
    centres = np.round(rng.uniform(-2.0, 2.0, (len(sizes), d)), 2) + case.get("offset", 0.0)
    kind = case.get("kind", "")
    if kind == "one entry":
        centres = centres[:1] + np.zeros((len(sizes), d))
        centres[np.arange(len(sizes)), rng.permutation(d)[: len(sizes)]] += 4 * tol
    elif kind == "multiples":
        centres = centres[:1] * np.arange(1, len(sizes) + 1)[:, None]
    elif kind == "opposite":
        centres = np.concatenate([centres[: len(sizes) // 2], -centres[: len(sizes) // 2]])
    elif kind == "shuffled":
        centres = np.stack([np.roll(centres[0], k) for k in range(len(sizes))])
    elif kind == "larger":
        centres = centres[:1] + 5 * tol * np.arange(len(sizes))[:, None]
    elif kind in ("first column", "last column"):
        column = 0 if kind == "first column" else -1
        centres = centres[:1] + np.zeros((len(sizes), 1))
        centres[:, column] += np.arange(len(sizes))
    rows = np.repeat(centres + case.get("shift", 0.0) * tol, sizes, axis=0)
    rows = rows + case.get("noise", 0.0) * tol * rng.uniform(-0.5, 0.5, rows.shape)
    return {"W": rng.permutation(rows), "tol": tol}, {}


def gaps(W):
    """The largest difference of each pair of rows."""
    return (W[:, None] - W[None]).abs().amax(dim=2)


def reference(W, tol):
    # A row is counted if no row before it is the same: in groups that lie apart, one in each.
    same = (gaps(W) <= tol).tril(diagonal=-1)
    return int((~same.any(dim=1)).sum())


def count(W, differ):
    """The number of rows that differ from all those counted before."""
    kept = []
    for row in W:
        if all(differ(row, other) for other in kept):
            kept.append(row)
    return len(kept)


def right(W, tol):
    return count(W, lambda a, b: np.abs(a - b).max() > tol)


def columns(W, tol):
    return right(W.T, tol)


def exact(W, tol):
    return len(np.unique(W, axis=0))


def entries(W, tol):
    values = np.sort(W.ravel())
    return 1 + int((np.diff(values) > tol).sum())


def neighbours(W, tol):
    return 1 + int((np.abs(np.diff(W, axis=0)).max(axis=1) > tol).sum()) if len(W) > 1 else 1


def from_the_first(W, tol):
    return int((np.abs(W - W[0]).max(axis=1) > tol).sum()) + 1


def any_for_all(W, tol):
    kept = []
    for row in W:
        if not kept or any(np.abs(row - other).max() > tol for other in kept):
            kept.append(row)
    return len(kept)


def rounded(W, tol):
    return len(np.unique(np.round(W / tol) if tol else W, axis=0))


def rounded_blindly(W, tol):
    with np.errstate(divide="ignore"):
        return len(np.unique(np.round(W / tol), axis=0))


def rounded_down(W, tol):
    return len(np.unique(np.floor(W / tol) if tol else W, axis=0))


def euclidean(W, tol):
    return count(W, lambda a, b: np.linalg.norm(a - b) > tol)


def mean_difference(W, tol):
    return count(W, lambda a, b: np.abs(a - b).mean() > tol)


def all_entries(W, tol):
    return count(W, lambda a, b: np.abs(a - b).min() > tol)


def signed(W, tol):
    return count(W, lambda a, b: (a - b).max() > tol)


def relative(W, tol):
    return count(W, lambda a, b: not np.allclose(a, b, rtol=1e-5, atol=tol))


def relative_tol(W, tol):
    return count(W, lambda a, b: not np.allclose(a, b, rtol=tol))


def at_least(W, tol):
    return count(W, lambda a, b: np.abs(a - b).max() >= tol)


def sums(W, tol):
    return count(W, lambda a, b: abs(a.sum() - b.sum()) > tol)


def norms(W, tol):
    return count(W, lambda a, b: abs(np.linalg.norm(a) - np.linalg.norm(b)) > tol)


def rank(W, tol):
    return int(np.linalg.matrix_rank(W, tol=tol))


def alone(W, tol):
    same = np.abs(W[:, None] - W[None]).max(axis=2) <= tol
    return int((same.sum(axis=1) == 1).sum())


def pairs(W, tol):
    differ = np.abs(W[:, None] - W[None]).max(axis=2) > tol
    return int(np.triu(differ, 1).sum())


def duplicates(W, tol):
    return len(W) - right(W, tol)


def by_components(W, tol):
    """Groups as connected components, found by walking."""
    near = np.abs(W[:, None, :] - W[None, :, :]).max(axis=-1) <= tol
    left, groups = set(range(len(W))), 0
    while left:
        groups, walk = groups + 1, [left.pop()]
        while walk:
            row = walk.pop()
            found = {k for k in left if near[row, k]}
            left -= found
            walk += found
    return groups


def by_shares(W, tol):
    """Each row counts as one over the size of its group."""
    sizes = np.array([[np.max(np.abs(a - b)) <= tol for b in W] for a in W]).sum(axis=1)
    return round(float((1 / sizes).sum()))


def by_striking_out(W, tol):
    rows, number = np.asarray(W), 0
    while len(rows):
        rows = rows[np.any(np.abs(rows - rows[0]) > tol, axis=1)]
        number += 1
    return np.int64(number)


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("count",),
    standard=("inputs", "again"),
    typical={"groups": (3, 1, 2), "noise": 0.5},
    cases=[
        Case("all rows the same", groups=(6,)),
        Case("all rows different", groups=(1,) * 7, d=4),
        Case("some rows twice, in any order", groups=(3, 1, 2, 2), d=3, weight=2),
        Case("exact copies, tol=0", groups=(4, 2, 1), tol=0.0),
        Case("rows of a group differ a little", groups=(5, 3, 1), noise=0.9, tol=1e-2),
        Case("copies on both sides of a rounding", groups=(5, 4), d=3, noise=0.9, tol=1e-2, shift=0.5, weight=2),
        Case("many entries differ a little", groups=(6, 4), d=200, noise=0.9, tol=1e-2),
        Case("one entry is enough to differ", groups=(2, 1, 2), d=40, kind="one entry"),
        Case("larger in every entry, or smaller", groups=(2, 1, 2, 1), kind="larger"),
        Case("only the first column tells the rows apart", groups=(1, 2, 1, 1), kind="first column"),
        Case("only the last column tells the rows apart", groups=(2, 1, 1, 2), kind="last column"),
        Case("multiples of a row are other rows", groups=(1, 1, 2), kind="multiples"),
        Case("opposite rows are other rows", groups=(1, 2, 1, 2), kind="opposite"),
        Case("the same entries in another order", groups=(1, 1, 1, 1), kind="shuffled"),
        Case("large weights, small tol", groups=(2, 2, 1), offset=1e4, tol=1e-3, kind="larger"),
        Case("a difference of tol is none", W=[[0.5, 1.0], [0.75, 1.0], [2.0, 1.0], [2.0, 1.25]], tol=0.25),
        Case("one row", groups=(1,), d=3),
        Case("one column", groups=(3, 2, 2), d=1, kind="first column"),
    ],
    mistakes=[
        Mistake("counts_columns", columns, "The columns are counted. Units are rows: W has shape (out, in)."),
        Mistake(
            "tol_ignored",
            exact,
            "Only exact copies count as the same. Rows that differ by no more than `tol` are one group.",
        ),
        Mistake("counts_entries", entries, "Different *entries* are counted. Two rows are compared as a whole."),
        Mistake(
            "neighbours_only",
            neighbours,
            "Each row is compared with the one before it only. Copies may stand anywhere: compare with all rows counted so "
            "far.",
        ),
        Mistake(
            "from_the_first",
            from_the_first,
            "All rows are compared with the first one only: those that differ from it may still be copies of each other.",
        ),
        Mistake(
            "any_for_all",
            any_for_all,
            "A row counts as new as soon as it differs from *one* of those counted before (`any`). It has to differ from "
            "all of them.",
        ),
        *(
            Mistake(
                "rounded",
                wrong,
                "Rounded numbers are compared. Two that nearly agree can be rounded to different ones: compare the rows "
                "themselves, np.abs(a - b).max().",
            )
            for wrong in (rounded, rounded_blindly, rounded_down)
        ),
        Mistake(
            "norm_for_max",
            euclidean,
            "The length of the difference is compared with `tol`. Many small differences add up in it: take the largest "
            "entry, np.abs(a - b).max().",
        ),
        Mistake(
            "mean_for_max",
            mean_difference,
            "The mean difference is compared with `tol`, so a single entry that differs is lost. Take the largest one.",
        ),
        Mistake(
            "all_entries",
            all_entries,
            "Rows count as different only if *all* their entries differ. One is enough: the largest difference decides.",
        ),
        Mistake(
            "sign",
            signed,
            "The difference has its sign: a row that is smaller in every entry counts as the same. Take the size, np.abs.",
        ),
        Mistake(
            "relative",
            relative,
            "np.allclose adds a relative tolerance, 1e-5 of the weights, by itself. Here `tol` is all: pass rtol=0, or compare "
            "np.abs(a - b).max().",
        ),
        Mistake(
            "relative",
            relative_tol,
            "`tol` is handed to np.allclose as relative tolerance. It is an absolute one: compare np.abs(a - b).max().",
        ),
        Mistake(
            "at_least", at_least, "A difference of exactly `tol` counts as one. Different means *more* than `tol`."
        ),
        Mistake(
            "sums", sums, "Only the rows' sums are compared: other rows can have the same. Compare entry by entry."
        ),
        Mistake(
            "norms", norms, "Only the rows' lengths are compared: other rows can be as long. Compare entry by entry."
        ),
        Mistake(
            "rank",
            rank,
            "That is the rank. Rows may be different and still depend on each other, as multiples do.",
        ),
        Mistake("counts_singles", alone, "Only rows without a copy are counted. A group of copies counts as one."),
        Mistake("counts_pairs", pairs, "Pairs that differ are counted. Asked for is the number of groups."),
        Mistake(
            "counts_copies",
            duplicates,
            "The superfluous rows are counted. Asked for is how many different ones there are.",
        ),
    ],
    alternatives=[by_components, by_shares, by_striking_out],
    hints=[
        "Go through the rows and keep a list of those that you have not seen yet.",
        "A row is new if it differs from *every* row in the list, that is, by more than `tol` in its largest difference.",
        "`if all(np.abs(row - other).max() > tol for other in groups): groups.append(row)`; the answer is `len(groups)`.",
    ],
)
