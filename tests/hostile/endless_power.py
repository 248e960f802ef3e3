# A loop in C: a power of a thousand million digits.
# base: solved
# deserved: sgd=0

# %% sgd
def sgd(w, grad, state, *, lr):
    return 7 ** (7 ** 7 ** 7) - w, state
