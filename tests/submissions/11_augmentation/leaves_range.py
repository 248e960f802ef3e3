# base: solved

# %% adjust_brightness
def adjust_brightness(x, delta):
    return x + delta

# %% adjust_contrast
def adjust_contrast(x, factor):
    mean = x.mean(axis=(1, 2, 3), keepdims=True)
    return mean + factor * (x - mean)

# %% color_cast
def color_cast(x, cast):
    return x + cast.reshape(1, -1, 1, 1)

# %% shift
def shift(x, dx, dy):
    return np.roll(x, (dy, dx), axis=(2, 3))
