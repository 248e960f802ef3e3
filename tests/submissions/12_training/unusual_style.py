# base: released

# %% after initial_loss
import math
from itertools import chain

# %% initial_loss
def initial_loss(classes):
    scores = np.zeros(classes)
    return math.log(np.exp(scores).sum()) - float(scores[0])

# %% diagnose
def diagnose(history):
    loss, val = map(np.asarray, (history["train_loss"], history["val_accuracy"]))
    gap = np.mean(np.subtract(history["train_accuracy"], val)[-math.ceil(len(val) / 4) :])
    half = val[math.ceil(len(val) / 2) :]
    rules = (
        ("not a number", lambda: np.isnan(loss).any() or np.isinf(loss).any()),
        ("rate too high", lambda: loss[-1] / loss[0] > 1),
        ("rate too low", lambda: loss[-1] / loss[0] > 0.95),
        ("validation set too small", lambda: np.std(half[1:] - half[:-1]) > 0.05),
        ("overfitting", lambda: gap > 0.1),
        ("underfitting", lambda: True),
    )
    return next(name for name, holds in rules if holds())

# %% lr_range_test
def lr_range_test(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    met, least = [], math.inf
    for lr in np.geomspace(lr_min, lr_max, steps):
        loss, grad = loss_and_grad(w)
        met.append((lr, loss))
        least = min(least, loss)
        if not loss <= 4 * least or math.isinf(loss):
            break
        w = np.subtract(w, lr * grad)
    lrs, losses = np.array(met).T
    return lrs, losses

# %% log_uniform
def log_uniform(low, high, rng, size):
    return low * (high / low) ** rng.random(size)

# %% random_search
def random_search(objective, space, trials, rng):
    def point():
        return {name: low * (high / low) ** rng.random() for name, (low, high) in space.items()}

    results = [(params, objective(dict(params))) for params in (point() for _ in range(trials))]
    values = np.array([value for _, value in results], float)
    return dict(results[int(np.where(np.isnan(values), np.inf, values).argmin())][0]), results

# %% kfold
def kfold(n, k, rng):
    order = np.arange(n)
    rng.shuffle(order)
    return [(np.delete(order, np.s_[i::k]), order[i::k]) for i in range(k)]

# %% clip_grad_norm
def clip_grad_norm(grads, max_norm):
    total = math.hypot(*chain.from_iterable(g.ravel().tolist() for g in grads.values()))
    if total <= max_norm:
        return dict(grads), total
    return {name: g * (max_norm / (total + 1e-6)) for name, g in grads.items()}, total

# %% ema_update
def ema_update(avg, w, decay=0.995):
    return w + decay * (avg - w)

# %% ema_debiased
def ema_debiased(avg, decay, t):
    return avg / -math.expm1(t * math.log(decay))

# %% average_checkpoints
def average_checkpoints(checkpoints):
    share = 1 / len(checkpoints)
    params = {name: 0 * w for name, w in checkpoints[0].items()}
    for each in checkpoints:
        params = {name: w + share * each[name] for name, w in params.items()}
    return params

# %% ensemble_predict
def ensemble_predict(probs):
    return np.einsum("mnk->nk", probs).argmax(axis=-1)

# %% freeze
def freeze(grads, names):
    return {**grads, **{name: np.zeros(grads[name].shape, grads[name].dtype) for name in names}}

# %% linear_probe
def linear_probe(features, y, *, weight_decay=1e-2):
    # Newton's method.
    n, d = features.shape
    x = np.c_[features.astype(float), np.ones(n)]
    classes = int(y.max()) + 1
    theta = np.zeros((d + 1, classes))
    price = np.r_[np.full(d, 2 * weight_decay), 1e-9][:, None]
    onehot = (y[:, None] == np.arange(classes)).astype(float)
    for _ in range(50):
        s = x @ theta
        p = np.exp(s - s.max(1, keepdims=True))
        p /= p.sum(1, keepdims=True)
        grad = x.T @ (p - onehot) / n + price * theta
        if np.abs(grad).max() < 1e-9:
            break
        middle = p[:, :, None] * np.eye(classes) - p[:, :, None] * p[:, None, :]
        H = np.einsum("ni,nab,nj->iajb", x, middle, x) / n
        H = H.reshape(theta.size, -1) + np.diag((price * np.ones(classes)).ravel())
        theta = theta - np.linalg.solve(H, grad.ravel()).reshape(theta.shape)
    return theta[:-1].astype(features.dtype), theta[-1].astype(features.dtype)

# %% transfer_plan
def transfer_plan(data, similarity):
    rows = {
        "little": {"similar": "linear classifier", "different": "trouble"},
        "lots": {"similar": "finetune few", "different": "finetune many"},
    }
    try:
        return rows[data][similarity]
    except (KeyError, TypeError):
        raise ValueError("no such plan") from None
