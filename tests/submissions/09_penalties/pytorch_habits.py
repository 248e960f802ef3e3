# base: solved

# %% l2_penalty
def l2_penalty(w, lam):
    return lam / 2 * np.sum(w**2), lam * w

# %% elastic_net
def elastic_net(w, lam, beta):
    value = lam * np.sum(beta * w**2 + (1 - beta) * np.abs(w))
    return value, lam * (2 * beta * w + (1 - beta) * np.sign(w))

# %% max_norm
def max_norm(w, c, axis):
    norms = np.linalg.norm(w, axis=axis, keepdims=True)
    return np.where(norms > c, w * (c / (norms + 1e-7)), w).astype(w.dtype)

# %% equivalent_l2
def equivalent_l2(weight_decay, lr):
    return weight_decay
