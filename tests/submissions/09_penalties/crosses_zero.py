# base: solved

# %% l1_penalty
def l1_penalty(w, lam):
    sign = np.where(w >= 0, 1, -1).astype(w.dtype)
    return lam * np.sum(w * sign), lam * sign

# %% soft_threshold
def soft_threshold(w, lam):
    _, step = l1_penalty(w, lam)
    return w - lam * np.sign(w)

# %% max_norm
def max_norm(w, c, axis):
    norms = np.linalg.norm(w, axis=axis, keepdims=True)
    return w * (c / np.where(norms > 0, norms, 1))
