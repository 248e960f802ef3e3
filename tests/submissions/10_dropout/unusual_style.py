# base: released

# %% after setup_1
import math
from dataclasses import dataclass


@dataclass
class Kept:
    where: np.ndarray
    times: float

    def __call__(self, array):
        return np.where(self.where, array * self.times, 0)

# %% dropout_vanilla_train
def dropout_vanilla_train(x, p, rng):
    # A lifetime outlasts -log(1 - p) with probability 1 - p.
    kept = rng.standard_exponential(x.shape) > -math.log1p(-p)
    out = np.zeros_like(x)
    out[kept] = x[kept]
    return [out, kept.astype(np.int8)]

# %% dropout_vanilla_test
def dropout_vanilla_test(x, p):
    return x - p * x

# %% dropout_forward
def dropout_forward(x, p, rng, *, train):
    if train is False:
        return x.copy(), lambda dout: dout
    kept = rng.choice([True, False], size=x.shape, p=[1 - p, p])
    layer = lambda array: np.where(kept, array / (1 - p), 0)
    return layer(x), layer

# %% dropout_backward
dropout_backward = lambda dout, cache: cache(dout)

# %% dropconnect_forward
def dropconnect_forward(x, W, b, p, rng, *, train):
    kept = Kept(rng.binomial(1, 1 - p, W.shape) == 1, 1 / (1 - p)) if train else Kept(W == W, 1.0)
    wide = np.concatenate([x, np.ones_like(x[:, :1])], axis=1)
    return wide @ np.concatenate([kept(W), b[None]]), dict(wide=wide, W=W, kept=kept)

# %% dropconnect_backward
def dropconnect_backward(dout, cache):
    wide, W, kept = cache["wide"], cache["W"], cache["kept"]
    *dW, db = wide.T @ dout
    return np.einsum("nm,dm->nd", dout, kept(W)), kept(np.array(dW)), db

# %% spatial_dropout_forward
def spatial_dropout_forward(x, p, rng, *, train):
    out = x.copy()
    if train:
        channels = out.reshape(-1, x.shape[2] * x.shape[3])
        lost = rng.uniform(size=len(channels)) < p
        channels[lost] = 0
        channels[~lost] /= 1 - p
    return out, "nothing"

# %% gaussian_dropout_forward
def gaussian_dropout_forward(x, p, rng):
    odds = p / (1 - p)
    blur = rng.normal(scale=odds**0.5, size=x.size).reshape(x.shape)
    return (x + x * blur).astype(x.dtype), None

# %% variational_dropout_kl
def variational_dropout_kl(log_alpha):
    k = 0.63576, 1.87320, 1.48695
    # 1 - sigmoid(z) is exp(-softplus(z)).
    flat = k[0] * np.exp(-np.logaddexp(0, k[1] + k[2] * log_alpha))
    return flat + np.logaddexp(0, -log_alpha) / 2

# %% mc_dropout
def mc_dropout(predict, x, samples, rng):
    # Welford's running mean and squares.
    mean = squares = 0
    for k in range(1, samples + 1):
        new = predict(x, rng)
        before = new - mean
        mean = mean + before / k
        squares = squares + before * (new - mean)
    return mean, (squares / samples) ** 0.5

# %% dropout_penalty
def dropout_penalty(x, w, p):
    gram = np.einsum("ij,ij->j", x, x) / len(x)
    return float(w @ np.diag(gram) @ w) * (1 / (1 - p) - 1)

# %% weight_scaling_softmax
def weight_scaling_softmax(x, W, b, p):
    scores = x @ ((1 - p) * W) + b
    return np.exp(scores - np.logaddexp.reduce(scores, axis=1, keepdims=True))
