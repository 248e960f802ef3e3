# base: solved

# %% diffgrad
def diffgrad(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    xi = np.abs(state.get("g", 0.0) - grad)
    m = b1 * state.get("m", 0) + (1 - b1) * grad
    v = b2 * state.get("v", 0) + (1 - b2) * grad**2
    step = lr * xi * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    return w - step, {"t": t, "m": m, "v": v, "g": grad.copy()}

# %% adaminject
def adaminject(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    m = b1 * state.get("m", 0) + (1 - b1) * grad
    v = b2 * state.get("v", 0) + (1 - b2) * grad**2
    return w - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps), {"t": t, "m": m, "v": v}
