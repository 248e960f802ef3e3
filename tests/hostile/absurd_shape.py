# No elements, and an absurd shape.
# base: solved
# deserved: sgd=0

# %% sgd
def sgd(w, grad, state, *, lr):
    import numpy as np

    return np.empty((0, 2**40)), state
