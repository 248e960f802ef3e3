# base: released

# %% after setup_1
import itertools
import math

SLOPES = {"relu": 0.0, "leaky_relu": None}
FIXED = {"tanh": 5 / 3, "selu": 0.75, "sigmoid": 1}

# %% standardize
def standardize(x_train, x_test, eps=1e-8):
    centre = x_train.mean(0)
    moved = x_train - centre
    spread = np.hypot(np.linalg.norm(moved, axis=0) / len(x_train) ** 0.5, eps**0.5)
    return [part / spread for part in (moved, x_test - centre)]

# %% pca_whiten
def pca_whiten(x, eps=1e-5):
    n, d = x.shape
    U, s, _ = np.linalg.svd(x - x.mean(0), full_matrices=False)
    out = np.zeros_like(x)
    out[:, : min(n, d)] = -U * (s / np.sqrt(s * s / n + eps))
    return out

# %% zca_whiten
def zca_whiten(x, eps=1e-5):
    U, s, Vt = np.linalg.svd(x - x.mean(0), full_matrices=False)
    return np.einsum("nk,k,kd->nd", U, s / np.sqrt(s * s / len(x) + eps), Vt)

# %% fan_in_and_fan_out
def fan_in_and_fan_out(shape):
    weights = math.prod(shape)
    return [weights // shape[0], weights // shape[1]]

# %% gain
def gain(nonlinearity, param=None):
    if nonlinearity in SLOPES:
        slope = SLOPES[nonlinearity]
        if slope is None:
            slope = param if param is not None else 1e-2
        return math.sqrt(2) / math.hypot(1, slope)
    if nonlinearity.rstrip("d").rstrip("123") in ("linear", "conv", "conv_transpose"):
        return 1
    try:
        return FIXED[nonlinearity]
    except KeyError as error:
        raise ValueError(f"{nonlinearity}?") from error

# %% zeros
def zeros(shape, rng):
    return np.reshape([0.0] * math.prod(shape), shape)

# %% small_normal
def small_normal(shape, rng, std=0.01):
    # Box and Muller: a length and a direction.
    length = np.sqrt(-2 * np.log1p(-rng.random(shape)))
    return std * length * np.cos(2 * np.pi * rng.random(shape))

# %% lecun_normal
def lecun_normal(shape, rng):
    return small_normal(shape, rng, fan_in_and_fan_out(shape)[0] ** -0.5)

# %% xavier_uniform
def xavier_uniform(shape, rng, gain=1.0):
    mean_fan = sum(fan_in_and_fan_out(shape)) / 2
    return gain * (3 / mean_fan) ** 0.5 * (1 - 2 * rng.random(shape))

# %% xavier_normal
def xavier_normal(shape, rng, gain=1.0):
    mean_fan = sum(fan_in_and_fan_out(shape)) / 2
    return rng.normal(0, gain / math.sqrt(mean_fan), shape[::-1]).T

# %% kaiming_uniform
def kaiming_uniform(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan = fan_in_and_fan_out(shape)[["fan_in", "fan_out"].index(mode)]
    # The distribution's quantile function: a line.
    line = np.poly1d([2, -1])
    return gain(nonlinearity, a) * math.sqrt(3 / fan) * line(rng.random(math.prod(shape))).reshape(shape)

# %% kaiming_normal
def kaiming_normal(shape, rng, a=0.0, mode="fan_in", nonlinearity="leaky_relu"):
    fan = dict(zip(["fan_in", "fan_out"], fan_in_and_fan_out(shape)))[mode]
    halves = [small_normal(shape, rng, gain(nonlinearity, a) / math.sqrt(2 * fan)) for _ in "12"]
    return np.add(*halves)

# %% orthogonal
def orthogonal(shape, rng, gain=1.0):
    # The nearest orthogonal matrix to a normal one: as likely as any other.
    A = rng.standard_normal((shape[0], math.prod(shape[1:])))
    U, _, Vt = np.linalg.svd(A, full_matrices=False)
    return (gain * U @ Vt).reshape(shape)

# %% output_variance
def output_variance(var_x, var_w, fan_in, mean_x=0.0, mean_w=0.0):
    square_x = var_x + mean_x * mean_x
    return fan_in * (square_x * var_w + var_x * mean_w * mean_w)

# %% activation_statistics
def activation_statistics(x, weights, activation):
    layers = itertools.accumulate(weights, lambda h, W: activation(np.einsum("nd,md->nm", h, W)), initial=x)
    table = [(h.mean(), np.sqrt(np.square(h - h.mean()).mean())) for h in itertools.islice(layers, 1, None)]
    return [*np.array(table, dtype=x.dtype).T]

# %% distinct_rows
def distinct_rows(W, tol):
    like = abs(W[:, None] - W[None]).max(axis=2, initial=0) <= tol
    return int((~np.tril(like, -1).any(axis=1)).sum())
