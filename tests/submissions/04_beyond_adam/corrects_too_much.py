# base: solved

# %% adanorm
def adanorm(grad, state, *, gamma=0.95):
    n = np.linalg.norm(grad)
    e = gamma * state.get("e", n) + (1 - gamma) * n
    return (grad * (e / n) if e > n > 0 else grad), {"e": e}

# %% adamnorm
def adamnorm(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    n = np.linalg.norm(grad)
    e = gamma * state.get("e", 0.0) + (1 - gamma) * n
    s = grad * (e / n) if e > n > 0 else grad
    m = b1 * state.get("m", 0) + (1 - b1) * s
    v = b2 * state.get("v", 0) + (1 - b2) * s**2
    w = w - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    return w, {"t": t, "m": m, "v": v, "e": e}

# %% adabelief
def adabelief(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    m, s = state.get("m", 0 * w), state.get("s", 0 * w)
    s = b2 * s + (1 - b2) * (grad - m) ** 2 + eps
    m = b1 * m + (1 - b1) * grad
    w = w - lr * (m / (1 - b1**t)) / (np.sqrt(s / (1 - b2**t)) + eps)
    return w, {"t": t, "m": m, "s": s}

# %% adaminject
def adaminject(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    s = grad if t == 1 else grad + (state["w"] - w) * grad**2
    m = b1 * state.get("m", 0) + (1 - b1) * s
    v = b2 * state.get("v", 0) + (1 - b2) * grad**2
    new = w - lr * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    return new, {"t": t, "m": m, "v": v, "w": w.copy()}

# %% learned_sgd_lr
def learned_sgd_lr(w, grad, state, *, lr=0.01, hyper_lr=1e-4):
    rate = state.get("rate", lr) - hyper_lr * np.sum(grad * state.get("g", 0.0))
    return w - rate * grad, {"rate": rate, "g": grad.copy()}
