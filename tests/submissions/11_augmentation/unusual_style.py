# base: released

# %% after setup_1
import functools
import math


def tent(distance):
    return np.maximum(0, 1 - abs(distance))


def fetch(x, rows, columns):
    # Each sample is a sum over all pixels, most of them with weight 0.
    h, w = x.shape[2:]
    R = tent(rows[..., None] - np.arange(h)).astype(x.dtype)
    C = tent(columns[..., None] - np.arange(w)).astype(x.dtype)
    return np.einsum("ncab,nija,nijb->ncij", x, R, C, optimize=True)


def turned(x, matrix):
    h, w = x.shape[2:]
    centre = complex((w - 1) / 2, (h - 1) / 2)
    grid = np.arange(w) + 1j * np.arange(h)[:, None] - centre
    there = matrix * grid + centre
    repeat = lambda a: np.broadcast_to(a, (len(x), h, w))
    return fetch(x, repeat(there.imag), repeat(there.real))

# %% horizontal_flip
def horizontal_flip(x):
    w = x.shape[-1]
    return x @ np.eye(w, dtype=x.dtype)[::-1]

# %% shift
def shift(x, dx, dy):
    h, w = x.shape[2:]
    down = np.eye(h, k=-dy, dtype=x.dtype)
    right = np.eye(w, k=dx, dtype=x.dtype)
    return down @ x @ right

# %% random_crop
def random_crop(x, padding, rng):
    moves = np.floor((2 * padding + 1) * rng.random((len(x), 2))).astype(int) - padding
    return np.concatenate([shift(x[k : k + 1], int(b), int(a)) for k, (a, b) in enumerate(moves)])

# %% cutout
def cutout(x, size, rng):
    out = np.array(x)
    for image in out:
        start, stop = [], []
        for length in image.shape[1:]:
            first = int(rng.integers(length)) - size // 2
            start.append(max(first, 0))
            stop.append(max(first + size, 0))
        image[:, start[0] : stop[0], start[1] : stop[1]] = 0
    return out

# %% adjust_brightness
def adjust_brightness(x, delta):
    return np.minimum(np.maximum(x + delta, 0), 1)

# %% adjust_contrast
def adjust_contrast(x, factor):
    flat = x.reshape(len(x), -1)
    m = flat.mean(axis=-1)[:, None]
    return (flat * factor + m * (1 - factor)).clip(0, 1).reshape(x.shape)

# %% color_cast
def color_cast(x, cast):
    channels = [adjust_brightness(x[:, c], cast[c]) for c in range(len(cast))]
    return np.stack(channels, axis=1)

# %% shade
def shade(x, strength):
    w = x.shape[-1]
    out = x.copy()
    for j in range(1, w):
        out[..., j] *= 1 - strength * j / (w - 1)
    return out

# %% elastic_distort
def elastic_distort(x, flow):
    rows, columns = np.indices(x.shape[2:])
    return fetch(x, rows + flow[:, 1], columns + flow[:, 0])

# %% zoom
def zoom(x, factor):
    return turned(x, 1 / factor)

# %% rotate
def rotate(x, degrees):
    return turned(x, np.exp(1j * math.radians(degrees)))

# %% mixup
def mixup(x, y, alpha, rng):
    n = len(x)
    order = sorted(range(n), key=lambda _: rng.random())
    # The share of one of two gamma variables is beta distributed.
    a, b = rng.gamma(alpha, size=(2, n))
    share = a / (a + b)

    def blend(v):
        mine = share.astype(v.dtype).reshape([n] + [1] * (v.ndim - 1))
        return np.take(v, order, axis=0) + mine * (v - np.take(v, order, axis=0))

    return [blend(v) for v in (x, y)]

# %% random_apply
def random_apply(transform, p, rng):
    class Apply:
        def __call__(self, x):
            return np.concatenate([transform(one) if rng.random() < p else one for one in np.split(x, len(x))])

    return Apply()

# %% compose
def compose(transforms):
    return lambda x: functools.reduce(lambda image, transform: transform(image), transforms, x)

# %% gram_matrix
def gram_matrix(f):
    n, c = f.shape[:2]
    gram = np.empty((n, c, c), dtype=f.dtype)
    for i, a, b in np.ndindex(n, c, c):
        gram[i, a, b] = np.vdot(f[i, a], f[i, b]) / f[i].size
    return gram

# %% adain
def adain(content, style, eps=1e-5):
    pixels = (-2, -1)
    ratio = (style.var(pixels) + eps) / (content.var(pixels) + eps)
    centred = content - content.mean(pixels)[..., None, None]
    return centred * np.sqrt(ratio)[..., None, None] + style.mean(pixels, keepdims=True)

# %% add_noise
def add_noise(x, snr_db, rng):
    root_mean_square = np.linalg.norm(x) / max(len(x), 1) ** 0.5
    return (x + root_mean_square * 10 ** (-snr_db / 20) * rng.normal(size=len(x))).astype(x.dtype)

# %% compress_dynamic_range
def compress_dynamic_range(x, threshold_db, ratio):
    knee = 10 ** (threshold_db / 20)
    size = abs(x)
    louder = np.maximum(size / knee, 1)
    return np.sign(x) * np.minimum(size, knee) * louder ** (1 / ratio)

# %% time_stretch
def time_stretch(x, rate, n_fft=1024, hop=256):
    length = round(len(x) / rate)
    turn = 2 * np.pi * np.arange(n_fft // 2 + 1) * hop / n_fft
    window = np.sin(np.pi * np.arange(n_fft) / n_fft) ** 2
    padded = np.concatenate([np.zeros(n_fft // 2 + hop), x, np.zeros(2 * n_fft)])
    out, weight = np.zeros(length + 3 * n_fft), np.zeros(length + 3 * n_fft)
    spectrum = lambda place: np.fft.rfft(window * padded[place : place + n_fft])
    phase = None
    for k in range((length + n_fft) // hop + 1):
        place = hop + round(k * hop * rate)
        if place + n_fft > len(padded):
            break
        before, now = spectrum(place - hop), spectrum(place)
        if phase is None:
            phase = np.angle(now)
        else:
            drift = np.angle(now) - np.angle(before) - turn
            phase = phase + turn + np.angle(np.exp(1j * drift))
        frame = np.fft.irfft(abs(now) * np.exp(1j * phase))
        out[k * hop : k * hop + n_fft] += window * frame
        weight[k * hop : k * hop + n_fft] += window * window
    middle = slice(n_fft // 2, n_fft // 2 + length)
    return (out[middle] / np.maximum(weight[middle], 1e-8)).astype(x.dtype)

# %% pitch_shift
def pitch_shift(x, semitones):
    factor = math.exp2(semitones / 12)
    longer = time_stretch(x, 1 / factor)
    places = factor * np.arange(len(x))
    left = np.minimum(places.astype(int), len(longer) - 2)
    share = np.clip(places - left, 0, 1)
    return ((1 - share) * longer[left] + share * longer[left + 1]).astype(x.dtype)
