# base: solved

# %% radam
def radam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    m = b1 * state.get("m", 0) + (1 - b1) * grad
    v = b2 * state.get("v", 0) + (1 - b2) * grad**2
    step = lr * m / (1 - b1**t)
    return w - step, {"t": t, "m": m, "v": v}

# %% adam_mc
def adam_mc(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    m = b1 * state.get("m", 0) + (1 - b1) * grad
    v = b2 * state.get("v", 0) + (1 - b2) * grad**2
    u = m - m.mean() if m.ndim > 1 else m
    return w - lr * (u / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps), {"t": t, "m": m, "v": v}
