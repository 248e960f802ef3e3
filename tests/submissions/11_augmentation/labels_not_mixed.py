# base: solved

# %% mixup
def mixup(x, y, alpha, rng):
    lam = rng.beta(alpha, alpha, size=(len(x), 1, 1, 1)).astype(x.dtype)
    perm = rng.permutation(len(x))
    return lam * x + (1 - lam) * x[perm], y.copy()

# %% gram_matrix
def gram_matrix(f):
    n, c, h, w = f.shape
    flat = f.reshape(n, c, h * w)
    return flat @ flat.transpose(0, 2, 1)

# %% add_noise
def add_noise(x, snr_db, rng):
    power = np.mean(x**2) / 10 ** (snr_db / 20)
    noise = rng.standard_normal(x.shape) * np.sqrt(power)
    return x + noise.astype(x.dtype)

# %% compress_dynamic_range
def compress_dynamic_range(x, threshold_db, ratio):
    t = 10 ** (threshold_db / 20)
    out = x.copy()
    loud = np.abs(x) > t
    out[loud] = t * (np.abs(x[loud]) / t) ** (1 / ratio)
    return out

# %% pitch_shift
def pitch_shift(x, semitones):
    factor = 2 ** (semitones / 12)
    places = np.arange(len(x)) * factor
    return np.interp(places, np.arange(len(x)), x, right=0).astype(x.dtype)
