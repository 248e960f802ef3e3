# base: solved

# %% momentum
def momentum(w, grad, state, *, lr, momentum=0.9):
    v = state.get("v", 0)
    v = momentum * v + (1 - momentum) * grad
    return w - lr * v, {"v": v}

# %% cosine_decay
def cosine_decay(lr0, t, *, t_max, lr_min=0.0):
    return lr_min + 0.5 * (lr0 - lr_min) * (1 + np.cos(np.pi * t / t_max))
