# base: solved

# %% adagrad
def adagrad(w, grad, state, *, lr=0.01, eps=1e-10):
    state["cache"] = state.get("cache", 0) + grad * grad
    return w - lr * grad / (state["cache"] + eps), state

# %% rmsprop
def rmsprop(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    cache = (1 - alpha) * state.get("cache", 0) + alpha * grad**2
    return w - lr * grad / (np.sqrt(cache) + eps), {"cache": cache}

# %% nadam
def nadam(w, grad, state, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
    return adam(w, grad, state, lr=lr, betas=betas, eps=eps)
