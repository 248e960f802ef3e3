# base: solved

# %% sgd
def sgd(w, grad, state, *, lr):
    w -= lr * grad
    return w, state

# %% linear_regression_gradient
def linear_regression_gradient(w, x, y):
    return x.T @ (x @ w - y)
