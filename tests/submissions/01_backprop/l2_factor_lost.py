# base: solved

# %% leaky_relu
def leaky_relu(x, slope=0.01):
    return np.maximum(slope * x, x)


def leaky_relu_backward(dout, x, slope=0.01):
    dx = dout.copy()
    dx[x <= 0] *= slope
    return dx

# %% two_layer_loss
def two_layer_loss(params, x, y, weight_decay):
    W1, b1, W2, b2 = params["W1"], params["b1"], params["W2"], params["b2"]
    z, c1 = linear_forward(x, W1, b1)
    h = relu(z)
    scores, c2 = linear_forward(h, W2, b2)
    loss, dscores = softmax_cross_entropy(scores, y)
    loss = loss + weight_decay * (np.sum(W1 * W1) + np.sum(W2 * W2))
    dh, dW2, db2 = linear_backward(dscores, c2)
    dx, dW1, db1 = linear_backward(relu_backward(dh, z), c1)
    return loss, {
        "W1": dW1 + weight_decay * W1,
        "b1": db1,
        "W2": dW2 + weight_decay * W2,
        "b2": db2,
    }
