# base: solved

# %% adagrad
def adagrad(w, grad, state, *, lr=0.01, eps=1e-10):
    cache = state.get("cache", 0) + grad**2
    return w - lr / np.sqrt(cache + eps) * grad, {"cache": cache}

# %% rmsprop
def rmsprop(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    cache = alpha * state.get("cache", 0) + (1 - alpha) * grad**2
    return w - lr / np.sqrt(cache + eps) * grad, {"cache": cache}

# %% adadelta
def adadelta(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
    cache = rho * state.get("cache", 0) + (1 - rho) * grad**2
    moved = state.get("moved", np.zeros_like(w))
    delta = (np.sqrt(moved) + eps) / (np.sqrt(cache) + eps) * grad
    moved = rho * moved + (1 - rho) * delta**2
    return w - lr * delta, {"cache": cache, "moved": moved}
