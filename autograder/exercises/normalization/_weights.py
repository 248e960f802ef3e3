"""What the two halves of weight normalization share: drawn weights and the size of rounding."""

import numpy as np


def draw(rng, case):
    """Rows v of very different length, and a length g for each.

    Options: `out` rows of `d` numbers; `norms` the smallest and largest length of a row; `g` "any" (of either sign, one
    0), "norms" (the rows' own lengths, so that w = v) or "ones".
    """
    out, d = case.get("out"), case.get("d")
    v = rng.standard_normal((out, d))
    v = np.where(np.abs(v) < 0.1, 0.1, v)
    low, high = case.get("norms", (0.5, 4.0))
    lengths = np.exp(rng.uniform(np.log(low), np.log(high), out))
    if case.get("norms"):
        lengths[0], lengths[1] = low, high
    v = v / np.linalg.norm(v, axis=1, keepdims=True) * lengths[:, None]
    g = rng.uniform(0.5, 2.0, out) * rng.choice([-1.0, 1.0], out)
    if case.get("g") == "any":
        g[0], g[-1] = -abs(g[0]), 0.0
    elif case.get("g") == "norms":
        g = lengths
    elif case.get("g") == "ones":
        g = np.ones(out)
    return {"v": v, "g": g}, {}
