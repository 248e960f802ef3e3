# Recurses for ever.
# base: solved
# deserved: sgd=0

# %% sgd
def sgd(w, grad, state, *, lr):
    return sgd(w, grad, state, lr=lr)
