# base: solved

# %% dropout_vanilla_test
def dropout_vanilla_test(x, p):
    return x

# %% spatial_dropout_forward
def spatial_dropout_forward(x, p, rng, *, train):
    keep = (rng.random(x.shape[:2]) >= p)[:, :, None, None]
    return x * keep / (1 - p), keep

# %% mc_dropout
def mc_dropout(predict, x, samples, rng):
    ys = np.array([predict(x, rng) for i in range(samples)])
    return ys.mean(0), ys.std(0, ddof=1)

# %% weight_scaling_softmax
def weight_scaling_softmax(x, W, b, p):
    scores = (x @ W + b) * (1 - p)
    e = np.exp(scores - scores.max(axis=1, keepdims=True))
    return e / e.sum(axis=1, keepdims=True)
