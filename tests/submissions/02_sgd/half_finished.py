# base: released

# %% sgd
def sgd(w, grad, state, *, lr):
    return w - lr * grad, state

# %% largest_stable_lr
def largest_stable_lr(H):
    return 2 / max(np.linalg.eigvals(H))

# %% linear_regression_gradient
def linear_regression_gradient(w, x, y):
    residual = x @ w - y
    return x.T @ residual / len(y)

# %% momentum
def momentum(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state["v"] + grad
