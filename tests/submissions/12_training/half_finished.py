# base: released

# %% initial_loss
def initial_loss(classes):
    return np.log(classes)

# %% diagnose
def diagnose(history):
    loss = history["train_loss"]
    val = history["val_accuracy"]
    if np.any(loss == np.nan):
        return "not a number"
    if loss[-1] > loss[0]:
        return "rate too high"
    if loss[-1] > 0.95 * loss[0]:
        return "rate too low"
    if np.diff(val[len(val) // 2:]).std() > 0.05:
        return "validation set too small"
    n = len(val) // 4
    if np.mean(history["train_accuracy"][-n:] - val[-n:]) > 0.1:
        return "overfitting"
    return "underfitting"

# %% lr_range_test
def lr_range_test(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    lrs = lr_min * (lr_max / lr_min) ** (np.arange(steps) / (steps - 1))
    losses = []
    for lr in lrs:
        loss, grad = loss_and_grad(w)
        losses.append(loss)
        w = w - lr * grad
    return lrs, np.array(losses)

# %% log_uniform
def log_uniform(low, high, rng, size):
    return rng.uniform(low, high, size)

# %% random_search
def random_search(objective, space, trials, rng):
    results = []
    for _ in range(trials):
        params = {}

# %% clip_grad_norm
def clip_grad_norm(grads, max_norm):
    total = np.sqrt(sum((g ** 2).sum() for g in grads.values()))
    return {k: g * max_norm / (total + 1e-6) for k, g in grads.items()}, float(total)

# %% ema_update
def ema_update(avg, w, decay=0.995):
    return decay * avg + (1 - decay) * w
