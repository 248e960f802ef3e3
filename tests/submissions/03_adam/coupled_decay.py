# base: solved

# %% amsgrad
def amsgrad(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    m = b1 * state.get("m", 0) + (1 - b1) * grad
    v = b2 * state.get("v", 0) + (1 - b2) * grad**2
    m_hat = m / (1 - b1**t)
    v_hat = v / (1 - b2**t)
    v_max = np.maximum(state.get("v_max", 0), v_hat)
    return w - lr * m_hat / (np.sqrt(v_max) + eps), {"t": t, "m": m, "v": v, "v_max": v_max}

# %% adam_l2
def adam_l2(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    grad += weight_decay * w
    return adam(w, grad, state, lr=lr, betas=betas, eps=eps)

# %% adamw
def adamw(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=1e-2):
    return adam(w, grad + weight_decay * w, state, lr=lr, betas=betas, eps=eps)
