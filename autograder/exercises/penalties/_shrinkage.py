"""What the three exercises on shrinkage share: eigenvalues, and what is asked of one number for each."""

SIZES = {"n": "eigenvalues"}


def eigenvalues(rng, case):
    """Eigenvalues h >= 0 of a quadratic, lr * h below `most`; `zero` makes one 0, `small` goes down to 1e-6 of it."""
    n, lr, most = case.get("n", 6), case.get("lr", 0.1), case.get("most", 0.95)
    low = -6 if case.get("small") else -3
    h = most / lr * 10 ** rng.uniform(low, 0, n)
    if n:
        h[0] = most / lr * rng.uniform(0.9, 1.0)
    if case.get("zero") and n > 1:
        h[-1] = 0.0
    return h
