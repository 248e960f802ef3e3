# base: released

# %% rectification
def rectification(t, beta2):
    rho_inf = 2 / (1 - beta2)
    rho = rho_inf - 2 * t * beta2**t / (1 - beta2**t)
    if rho <= 5:
        return 0.0
    return np.sqrt((rho - 4) * (rho - 2) * rho_inf / ((rho_inf - 4) * (rho_inf - 2) * rho))

# %% diffgrad
def diffgrad(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    b1, b2 = betas
    t = state.get("t", 0) + 1
    m = b1 * state.get("m", 0) + (1 - b1) * grad
    v = b2 * state.get("v", 0) + (1 - b2) * grad**2
    xi = 1 / (1 + np.exp(state.get("old", 0) - grad))
    step = lr * xi * (m / (1 - b1**t)) / (np.sqrt(v / (1 - b2**t)) + eps)
    return w - step, {"t": t, "m": m, "v": v, "old": np.array(grad)}

# %% adanorm
def adanorm(grad, state, *, gamma=0.95):
    n = np.sqrt(np.sum(grad**2))
    e = gamma * state.get("e", 0) + (1 - gamma) * n
    if e > n and n > 0:
        return grad * (e / n), {"e": e}
    return grad, {"e": e}

# %% adamnorm
def adamnorm(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    s, state = adanorm(grad, state, gamma=gamma)
    return adam(w, s, state, lr=lr, betas=betas, eps=eps)
