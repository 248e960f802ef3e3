# base: released

# %% numerical_gradient
def numerical_gradient(f, x, h=1e-5):
    x = x.astype(float)
    grad = np.zeros(x.shape)
    for i in np.ndindex(*x.shape):
        step = np.zeros(x.shape)
        step[i] = h
        grad[i] = (f(x + step) - f(x - step)) / (2 * h)
    return grad

# %% relative_error
def relative_error(a, b):
    return np.max(np.abs(a - b) / np.maximum(1e-8, np.abs(a) + np.abs(b)))

# %% linear_forward
def linear_forward(x, W, b):
    return x @ W + b, (x, W)

# %% linear_backward
def linear_backward(dout, cache):
    x, W = cache
    dW = x.T @ dout
    # TODO: dx, db

# %% sigmoid
def sigmoid(x):
    return 1 / (1 + np.exp(-x))


def sigmoid_backward(dout, x):
    raise NotImplementedError("later")

# %% relu
def relu(x):
    return np.maximum(0, x)


def relu_backward(dout, x):
    dx = dout.copy()
    dx[x <= 0] = 0
    return dx

# %% softmax_cross_entropy
def softmax_cross_entropy(scores, y):
    scores = scores - scores.max(axis=1, keepdims=True)
    p = np.exp(scores) / np.exp(scores).sum(axis=1, keepdims=True)
    loss = -np.log(p[range(len(y)), y].mean()
    return loss, p
