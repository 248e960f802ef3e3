# base: solved

# %% random_crop
def random_crop(x, padding, rng):
    n, c, h, w = x.shape
    padded = np.pad(x, ((0, 0), (0, 0), (padding, padding), (padding, padding)))
    i, j = rng.integers(0, 2 * padding + 1, size=2)
    return padded[:, :, i:i + h, j:j + w]

# %% cutout
def cutout(x, size, rng):
    x = x.copy()
    i, j = rng.integers(x.shape[2]), rng.integers(x.shape[3])
    top, left = i - size // 2, j - size // 2
    x[:, :, max(top, 0):max(top + size, 0), max(left, 0):max(left + size, 0)] = 0
    return x

# %% mixup
def mixup(x, y, alpha, rng):
    lam = float(rng.beta(alpha, alpha))
    perm = rng.permutation(len(x))
    return lam * x + (1 - lam) * x[perm], lam * y + (1 - lam) * y[perm]

# %% random_apply
def random_apply(transform, p, rng):
    def apply(x):
        return transform(x) if rng.random() < p else x.copy()
    return apply
