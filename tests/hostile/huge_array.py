# An array larger than a frame.
# base: solved
# deserved: sgd=0

# %% sgd
def sgd(w, grad, state, *, lr):
    import numpy as np

    return np.zeros(10**8), state
