# base: released

# %% adagrad
def adagrad(w, grad, state, *, lr=0.01, eps=1e-10):
    G = state.get("G", 0) + grad * grad
    return w - lr * grad / (np.sqrt(G) + eps), {"G": G}

# %% rmsprop
def rmsprop(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    s = alpha * state.get("s", 0) + (1 - alpha) * grad * grad
    return w - lr * grad / (np.sqrt(s) + eps), {"s": s}

# %% adam_uncorrected
def adam_uncorrected(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    b1, b2 = betas
    m = b1 * state["m"] + (1 - b1) * grad
    v = b2 * state["v"] + (1 - b2) * grad**2
    return w - lr * m / (np.sqrt(v) + eps), {"m": m, "v": v}

# %% first_step_ratio
def first_step_ratio(betas):
    return (1 - betas[0]) / np.sqrt(1 - betas[1])

# %% adam
def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    m = b1 * state.get("m", 0) + (1 - b1) * grad
    v = b2 * state.get("v", 0) + (1 - b2) * grad**2
    mhat = m / (1 - b1**t)
    vhat = v / (1 - b2**t)
    w = w - lr * mhat / (np.sqrt(vhat) + eps)

# %% adamw
def adamw(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
    w = w - lr * weight_decay * w
    w, state = adam(w, grad, state, lr=lr, betas=betas, eps=eps)
    return w, state
