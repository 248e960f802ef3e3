# base: solved

# %% clip_grad_norm
def clip_grad_norm(grads, max_norm):
    norms = {name: np.linalg.norm(g.astype(float)) for name, g in grads.items()}
    clipped = {name: g * min(1.0, max_norm / (float(norms[name]) + 1e-6)) for name, g in grads.items()}
    return clipped, float(np.sqrt(sum(v**2 for v in norms.values())))

# %% freeze
def freeze(grads, names):
    return {
        name: np.zeros_like(g) if name.startswith(tuple(names)) else g
        for name, g in grads.items()
    }

# %% linear_probe
def linear_probe(features, y, *, weight_decay=1e-2):
    x = features.astype(float)
    n, classes = len(y), y.max() + 1
    W, b = np.zeros((x.shape[1], classes)), np.zeros(classes)
    lr = 1 / (0.5 * np.linalg.eigvalsh(x.T @ x / n)[-1] + 2 * weight_decay + 0.5)
    for _ in range(10):
        p = np.exp(x @ W + b)
        p /= p.sum(1, keepdims=True)
        p[np.arange(n), y] -= 1
        W -= lr * (x.T @ p / n + 2 * weight_decay * W)
        b -= lr * p.mean(0)
    return W.astype(features.dtype), b.astype(features.dtype)

# %% transfer_plan
def transfer_plan(data, similarity):
    if data not in ("little", "lots") or similarity not in ("similar", "different"):
        raise ValueError(data, similarity)
    if similarity == "similar":
        return "linear classifier" if data == "little" else "trouble"
    return "finetune few" if data == "little" else "finetune many"
