"""distinct_rows: how many hidden units differ.

Two rows differ if an entry differs by more than tol; the groups of rows that do not are counted (lecture 000: from
zeros, all hidden units stay the same for ever). The groups of the cases lie well apart. Reference: the largest
difference of each pair of rows, in torch.
"""

import numpy as np

from autograder.judge import Case, Function, alternative, slips


def draw(rng, case):
    """Rows around drawn centres, in random order.

    Options: `groups`, sizes of the groups; `d`; `noise`, the largest difference within a group in units of tol; `kind`:
    how the centres lie to each other; `shift`, by which they are moved off the multiples of tol, in units of tol; or
    `W` itself.
    """
    if case.get("W"):
        return {"W": np.array(case.get("W")), "tol": case.get("tol")}, {}
    sizes, d, tol = case.get("groups"), case.get("d", 5), case.get("tol", 1e-3)
    k = len(sizes)
    centres = np.round(rng.uniform(-2.0, 2.0, (k, d)), 2) + case.get("offset", 0.0)
    same, number = np.tile(centres[0], (k, 1)), np.arange(k)
    kind = case.get("kind", "")
    if kind == "one entry":
        centres = same
        centres[number, rng.permutation(d)[:k]] += 4 * tol
    elif kind == "opposite":
        centres = np.concatenate([centres[: k // 2], -centres[: k // 2]])
    elif kind == "shuffled":
        centres = np.stack([np.roll(centres[0], shift) for shift in number])
    elif kind in ("multiples", "larger"):
        centres = same * (1 + number)[:, None] if kind == "multiples" else same + 5 * tol * number[:, None]
    elif kind:
        centres = same
        centres[:, {"first column": 0, "last column": -1}[kind]] += number
    rows = np.repeat(centres + case.get("shift", 0.0) * tol, sizes, axis=0)
    rows = rows + case.get("noise", 0.0) * tol * rng.uniform(-0.5, 0.5, rows.shape)
    return {"W": rng.permutation(rows), "tol": tol}, {}


def reference(W, tol):
    # A row is counted if no row before it is the same: in groups that lie apart, one in each.
    same = ((W[:, None] - W[None]).abs().amax(dim=2) <= tol).tril(diagonal=-1)
    return int((~same.any(dim=1)).sum())


EXERCISE = Function(
    draw=draw,
    reference=reference,
    returns=("count",),
    section="2 · All zeros",
    typical={"groups": (3, 1, 2), "d": 16, "noise": 0.9, "shift": 0.5, "kind": "one entry"},
    forms=[{"groups": (2, 1, 1), "d": 4}, {"groups": (1,)}, {"groups": (3, 2, 2), "d": 1, "kind": "first column"}],
    cases=[
        Case("all rows the same", groups=(6,)),
        Case("all rows different", groups=(1,) * 7, d=4),
        Case("some rows twice, in any order", groups=(3, 1, 2, 2), d=3, weight=2),
        Case("exact copies, tol=0", groups=(4, 2, 1), tol=0.0),
        Case("rows of a group differ a little", groups=(5, 3, 1), d=16, noise=0.9, tol=1e-2, weight=4),
        Case("copies on both sides of a rounding", groups=(5, 4), d=12, noise=0.9, tol=1e-2, shift=0.5, weight=2),
        Case("many entries differ a little", groups=(6, 4), d=200, noise=0.9, tol=1e-2, weight=3),
        Case("one entry is enough to differ", groups=(2, 1, 2), d=40, kind="one entry", weight=9),
        Case("larger in every entry, or smaller", groups=(2, 1, 2, 1), kind="larger", weight=10),
        Case("only the first column tells the rows apart", groups=(1, 2, 1, 1), kind="first column"),
        Case("only the last column tells the rows apart", groups=(2, 1, 1, 2), kind="last column"),
        Case("multiples of a row are other rows", groups=(1, 1, 2), kind="multiples"),
        Case("opposite rows are other rows", groups=(1, 2, 1, 2), kind="opposite", weight=2),
        Case("the same entries in another order", groups=(1, 1, 1, 1), kind="shuffled", weight=2),
        Case("large weights, small tol", groups=(2, 2, 1), offset=1e4, tol=1e-3, kind="larger"),
        Case("a difference of tol is none", W=[[0.5, 1.0], [0.75, 1.0], [2.0, 1.0], [2.0, 1.25]], tol=0.25),
    ],
)


def right(W, tol):
    groups = []
    for row in W:
        gaps = [np.abs(row - other).max() for other in groups]
        if all(gap > tol for gap in gaps):
            groups.append(row)
    return len(groups)


MISTAKES = slips("""
counts_columns (core): W -> W.T
    The columns are counted. Units are rows: W has shape (out, in).
tol_ignored: -> return len(np.unique(W, axis=0))
    Only exact copies count as the same. Rows that differ by no more than `tol` are one group.
counts_entries (core): -> return 1 + int((np.diff(np.sort(W.ravel())) > tol).sum())
    Different *entries* are counted. Two rows are compared as a whole.

neighbours_only: -> return 1 + int((np.abs(np.diff(W, axis=0)) > tol).any(axis=1).sum())
    or all(gap > tol for gap in gaps) -> all(gap > tol for gap in gaps[-1:])
    Each row is compared with one before it only. Copies may stand anywhere: compare with all rows counted so far.

from_the_first: all(gap > tol for gap in gaps) -> all(gap > tol for gap in gaps[:1])
    All rows are compared with the first one only: those that differ from it may still be copies of each other.

any_for_all: all(gap > tol for gap in gaps) -> not gaps or any(gap > tol for gap in gaps)
    A row counts as new as soon as it differs from *one* of those counted before (`any`). It has to differ from all of
    them.

rounded (detail): np.abs(row - other).max() -> (np.round(row / tol) != np.round(other / tol)).any()
    or np.abs(row - other).max() -> (np.round(row / (tol or 1e-9)) != np.round(other / (tol or 1e-9))).any()
    or np.abs(row - other).max() -> (np.floor(row / (tol or 1e-9)) != np.floor(other / (tol or 1e-9))).any()
    Rounded numbers are compared. Two that nearly agree can be rounded to different ones: compare the rows themselves,
    np.abs(a - b).max().

norm_for_max: np.abs(row - other).max() -> np.linalg.norm(row - other)
    or np.abs(row - other).max() -> np.abs(row - other).sum()
    The length of the difference is compared with `tol`. Many small differences add up in it: take the largest entry,
    np.abs(a - b).max().

mean_for_max: np.abs(row - other).max() -> np.abs(row - other).mean()
    The mean difference is compared with `tol`, so a single entry that differs is lost. Take the largest one.
all_entries: np.abs(row - other).max() -> np.abs(row - other).min()
    Rows count as different only if *all* their entries differ. One is enough: the largest difference decides.
sign: np.abs(row - other).max() -> (row - other).max()
    The difference has its sign: a row that is smaller in every entry counts as the same. Take the size, np.abs.

relative (detail): np.abs(row - other).max() -> not np.allclose(row, other, atol=tol)
    np.allclose adds a relative tolerance, 1e-5 of the weights, by itself. Here `tol` is all: pass rtol=0, or compare
    np.abs(a - b).max().

relative (detail): np.abs(row - other).max() -> not np.allclose(row, other, rtol=tol)
    `tol` is handed to np.allclose as relative tolerance. It is an absolute one: compare np.abs(a - b).max().
at_least (detail): gap > tol -> gap >= tol
    A difference of exactly `tol` counts as one. Different means *more* than `tol`.
sums: np.abs(row - other).max() -> abs(row.sum() - other.sum())
    Only the rows' sums are compared: other rows can have the same. Compare entry by entry.
norms: np.abs(row - other).max() -> abs(np.linalg.norm(row) - np.linalg.norm(other))
    Only the rows' lengths are compared: other rows can be as long. Compare entry by entry.
rank: -> return int(np.linalg.matrix_rank(W, tol=tol))
    That is the rank. Rows may be different and still depend on each other, as multiples do.
counts_singles: -> return int(((np.abs(W[:, None] - W[None]).max(axis=2) <= tol).sum(axis=1) == 1).sum())
    Only rows without a copy are counted. A group of copies counts as one.
counts_pairs: -> return int(np.triu(np.abs(W[:, None] - W[None]).max(axis=2) > tol).sum())
    Pairs that differ are counted. Asked for is the number of groups.
counts_copies: len(groups) -> len(W) - len(groups)
    The superfluous rows are counted. Asked for is how many different ones there are.
""")


@alternative
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


@alternative
def by_striking_out(W, tol):
    rows, number = np.asarray(W), 0
    while len(rows):
        rows = rows[np.any(np.abs(rows - rows[0]) > tol, axis=1)]
        number += 1
    return np.int64(number)


HINTS = [
    "Go through the rows and keep a list of those that you have not seen yet.",
    "A row is new if it differs from *every* row in the list, that is, by more than `tol` in its largest difference.",
    "`if all(np.abs(row - other).max() > tol for other in groups): groups.append(row)`; the answer is `len(groups)`.",
]
