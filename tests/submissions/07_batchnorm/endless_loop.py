# base: solved

# %% scale_invariance_gap
def scale_invariance_gap(W, u, dout, a):
    gap = 1.0
    while gap > 0:
        gap = gap
    return gap, 1 / a
