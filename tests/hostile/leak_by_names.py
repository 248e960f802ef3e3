# Inputs as names of types and functions.
# base: solved
# deserved: sgd<5 double<3

# %% sgd
def sgd(w, grad, state, *, lr):
    kind = type(f"T{w.tolist()}", (), {"__call__": lambda self: w})
    return kind(), {kind.__name__: kind}
