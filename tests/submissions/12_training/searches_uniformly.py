# base: solved

# %% lr_range_test
def lr_range_test(loss_and_grad, w, *, lr_min=1e-5, lr_max=1.0, steps=100):
    lrs, losses = [], []
    for lr in np.linspace(lr_min, lr_max, steps):
        loss, grad = loss_and_grad(w)
        lrs.append(lr)
        losses.append(loss)
        if not np.isfinite(loss) or loss > 4 * np.min(losses):
            break
        w = w - lr * grad
    return np.array(lrs), np.array(losses)

# %% log_uniform
def log_uniform(low, high, rng, size):
    return 10 ** rng.uniform(np.log(low), np.log(high), size)

# %% random_search
def random_search(objective, space, trials, rng):
    results = []
    for _ in range(trials):
        u = rng.random()
        params = {name: low * (high / low) ** u for name, (low, high) in space.items()}
        results.append((params, objective(params)))
    return min(results, key=lambda pair: np.nan_to_num(pair[1], nan=np.inf))[0], results

# %% kfold
def kfold(n, k, rng):
    order = rng.permutation(n)
    size = n // k
    for i in range(k):
        val = order[i * size : (i + 1) * size]
        yield np.setdiff1d(order, val), val
