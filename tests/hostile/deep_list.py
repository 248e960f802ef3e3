# A list ten thousand deep.
# base: solved
# deserved: sgd=0

# %% sgd
def sgd(w, grad, state, *, lr):
    deep = []
    for _ in range(10_000):
        deep = [deep]
    return deep, state
