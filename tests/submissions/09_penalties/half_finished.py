# base: released

# %% l2_penalty
def l2_penalty(w, lam):
    value = lam * np.sum(w ** 2)
    grad = 2 * lam * w
    return value, grad

# %% l1_penalty
def l1_penalty(w, lam):
    value = lam * np.sum(np.abs(w))
    grad = lam * w / np.abs(w)
    return value, grad

# %% elastic_net
def elastic_net(w, lam, beta):
    a = l2_penalty(w, lam * beta)
    b = l1_penalty(w, lam)
    return

# %% soft_threshold
def soft_threshold(w, lam):
    return np.where(w > lam, w - lam, 0)

# %% decayed_sgd
def decayed_sgd(w, grad, state, *, lr, weight_decay):
    w = w - lr * grad
    w = w - lr * weight_decay * w
    return w, state

# %% smooth_labels
def smooth_labels(y, classes, eps):
    t = np.zeros((len(y), classes)) + eps / classes
    t[range(len(y)), y] = 1 - eps + eps / classes
    return t
