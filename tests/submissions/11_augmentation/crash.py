# base: solved

# %% after rotate
1 / 0


# %% elastic_distort
def elastic_distort(x, flow):
    import os

    os.abort()

# %% after gram_matrix
from PIL import ImageMagic

# %% time_stretch
def time_stretch(x, rate, n_fft=1024, hop=256):
    import ctypes

    ctypes.memset(0, 0, n_fft)
