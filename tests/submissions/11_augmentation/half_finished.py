# base: released

# %% horizontal_flip
def horizontal_flip(x):
    return np.flip(x, axis=-1)

# %% shift
def shift(x, dx, dy):
    out = np.roll(x, (dy, dx), axis=(2, 3))
    # TODO: what came back in on the other side

# %% adjust_brightness
def adjust_brightness(x, delta):
    return np.clip(x + delta, 0, 1)

# %% adjust_contrast
def adjust_contrast(x, factor):
    mean = x.mean(axis=(1, 2, 3))
    return np.clip(mean + factor * (x - mean), 0, 1)

# %% elastic_distort
def elastic_distort(x, flow):
    raise NotImplementedError("tomorrow")

# %% compose
def compose(transforms):
    def apply(x):
        for f in transforms:
            x = f(x)
        return x
    return apply

# %% gram_matrix
def gram_matrix(f):
    n, c, h, w = f.shape
    return np.einsum("nahw,nbhw->nab", f, f) / (c * h * w)

# %% add_noise
def add_noise(x, snr_db, rng):
    power = np.mean(x ** 2) / 10 ** (snr_db / 10)
    return x + rng.normal(0, np.sqrt(power), x.shape
