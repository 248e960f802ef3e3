# base: solved

# %% decayed_sgd
def decayed_sgd(w, grad, state, *, lr, weight_decay):
    return w - weight_decay * w - lr * grad, state

# %% fgsm
def fgsm(x, grad_x, eps):
    return np.clip(x - eps * np.sign(grad_x), 0, 1)

# %% two_head_loss
def two_head_loss(params, x, y, z, weight):
    pre = x @ params["W1"] + params["b1"]
    h = np.maximum(pre, 0)
    loss, da = softmax_cross_entropy(h @ params["Wa"] + params["ba"], y)
    error = h @ params["Wb"] + params["bb"] - z
    db = 2 * weight * error / len(x)
    dpre = da @ params["Wa"].T * (pre > 0)
    grads = {
        "W1": x.T @ dpre, "b1": dpre.sum(0),
        "Wa": h.T @ da, "ba": da.sum(0),
        "Wb": h.T @ db, "bb": db.sum(0),
    }
    return loss + weight * np.sum(error**2) / len(x), grads

# %% magnitude_prune
def magnitude_prune(w, sparsity):
    count = int(sparsity * w.size)
    out = w.copy()
    out.flat[np.argsort(w, axis=None)[:count]] = 0
    return out
