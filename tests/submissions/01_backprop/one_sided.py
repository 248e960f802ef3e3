# base: solved

# %% numerical_gradient
def numerical_gradient(f, x, h=1e-5):
    x = np.array(x, dtype=float)
    grad = np.zeros_like(x)
    f0 = f(x)
    for i in np.ndindex(x.shape):
        old = x[i]
        x[i] = old + h
        grad[i] = (f(x) - f0) / h
        x[i] = old
    return grad

# %% relative_error
def relative_error(a, b):
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.maximum(np.abs(a), np.abs(b))))

# %% multiclass_hinge
def multiclass_hinge(scores, y, margin=1.0):
    n = len(y)
    correct = scores[np.arange(n), y][:, None]
    margins = np.maximum(0, scores - correct + margin)
    loss = margins.sum() / n
    d = (margins > 0).astype(scores.dtype)
    d[np.arange(n), y] -= d.sum(axis=1)
    return loss, d / n

# %% what_a_check_proves
It proves that my gradient is right.
