# base: solved

# %% smooth_labels
def smooth_labels(y, classes, eps):
    targets = np.full((len(y), classes), eps / (classes - 1))
    targets[np.arange(len(y)), y] = 1 - eps
    return targets

# %% label_smoothing_loss
def label_smoothing_loss(scores, y, eps):
    n = len(y)
    exp = np.exp(scores - scores.max(axis=1, keepdims=True))
    p = exp / exp.sum(axis=1, keepdims=True)
    t = (1 - eps) * np.eye(scores.shape[1])[y] + eps / scores.shape[1]
    t = t.astype(scores.dtype)
    loss = -(t * np.log(p + 1e-12)).sum() / n
    return loss, (p - t) / n

# %% multitask_gradient
def multitask_gradient(grads, weights):
    total = 0 * grads[0]
    for w, g in zip(weights, grads):
        total = total + w * g
    return total / sum(weights)
