# base: solved

# %% linear_backward
def linear_backward(dout, cache):
    x, W = cache
    dx = dout @ W.T
    dW = x.T @ dout
    db = np.mean(dout, axis=0)
    return dx, dW, db

# %% collapse
def collapse(W1, b1, W2, b2):
    return W1 @ W2, b2

# %% maxout_backward
def maxout_backward(dout, cache):
    x, W1, W2, mask = cache
    d1 = dout * mask
    d2 = dout * (1 - mask)
    dx = d1 @ W1.T + d2 @ W2.T
    return dx, x.T @ d1, dout.sum(0), x.T @ d2, dout.sum(0)
