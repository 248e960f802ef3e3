# A loop in C: a power of a thousand million digits.
# base: solved
# ends: at a limit of time
# deserved: sgd=0

# %% sgd
def sgd(w, grad, state, *, lr):
    return 7 ** (7 ** 7 ** 7) - w, state
