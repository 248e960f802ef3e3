# base: solved

# %% diffgrad
def diffgrad(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    b1, b2 = betas
    if not state:
        state = {"step": 0, "exp_avg": 0 * w, "exp_avg_sq": 0 * w, "previous_grad": 0 * w}
    state["step"] += 1
    state["exp_avg"] = b1 * state["exp_avg"] + (1 - b1) * grad
    state["exp_avg_sq"] = b2 * state["exp_avg_sq"] + (1 - b2) * grad * grad
    dfc = 1 / (1 + np.exp(-abs(state["previous_grad"] - grad)))
    state["previous_grad"] = grad
    denom = np.sqrt(state["exp_avg_sq"] / (1 - b2 ** state["step"])) + eps
    return w - lr * dfc * state["exp_avg"] / (1 - b1 ** state["step"]) / denom, state

# %% radamnorm
def radamnorm(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    return radam(w, grad, state, lr=lr, betas=betas, eps=eps)

# %% adabeliefnorm
def adabeliefnorm(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16, gamma=0.95):
    kept = dict(state)
    s, norms = adanorm(grad, kept, gamma=gamma)
    w, state = adabelief(w, s, kept, lr=lr, betas=betas, eps=eps)
    return w, {**state, **norms}

# %% radaminject
def radaminject(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    s = grad if t <= 2 else (grad + (state["w"] - w) * grad**2) / k
    m = b1 * state.get("m", 0) + (1 - b1) * s
    v = b2 * state.get("v", 0) + (1 - b2) * grad**2
    r = rectification(t, b2)
    step = lr * m / (1 - b1**t)
    if r:
        step = step * r * (1 - b2**t) ** 0.5 / (np.sqrt(v) + eps)
    return w - step, {"t": t, "m": m, "v": v, "w": w.copy()}

# %% moment_centralized_sgd
def moment_centralized_sgd(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0) + grad
    return w - lr * (v - np.mean(v) if v.size else v), {"v": v}
