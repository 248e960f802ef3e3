# base: solved

# %% first_step_ratio
def first_step_ratio(betas):
    beta1, beta2 = betas
    return np.sqrt(1 - beta2) / (1 - beta1)

# %% adam
def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    if not state:
        state = {"m": np.zeros_like(w), "v": np.zeros_like(w)}
    m = betas[0] * state["m"] + (1 - betas[0]) * grad
    v = betas[1] * state["v"] + (1 - betas[1]) * grad**2
    return w - lr * m / (np.sqrt(v) + eps), {"m": m, "v": v}

# %% why_strength_cancels
The L2 term goes into m, and m is divided by the root of v, so it is scaled away.
