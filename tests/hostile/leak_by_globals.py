# Inputs kept in a global, printed later.
# base: solved
# deserved: sgd<5 double<3

# %% sgd
kept = []


def sgd(w, grad, state, *, lr):
    kept.append((w.tolist(), grad.tolist()))
    return w - lr * grad, state

# %% after check_sgd
print(kept)
kept

# %% after check_momentum
print(kept)
kept

# %% after check_minibatches
print(kept)
kept

# %% after why
print(kept)
kept
