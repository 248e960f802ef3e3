# base: solved

# %% numerical_gradient
def numerical_gradient(f, x, h=1e-5):
    here = np.asarray(x, dtype=float)

    def slope(direction):
        e = h * direction.reshape(here.shape)
        return (f(here + e) - f(here - e)) / h / 2

    return np.array([slope(e) for e in np.eye(here.size)], dtype=float).reshape(here.shape)

# %% relative_error
def relative_error(a, b):
    pairs = zip(np.ravel(a).tolist(), np.ravel(b).tolist())
    return max(abs(p - q) / max(abs(p) + abs(q), 1e-8) for p, q in pairs)

# %% graph_backward
def graph_backward(x, y, z):
    a, y_wins = x + y, np.asarray(y) > z
    b = np.where(y_wins, y, z)
    return dict(zip("zyxba", [np.where(y_wins, 0, a), np.where(y_wins, a + b, b), b * 1, a, b]))

# %% backpropagate
def backpropagate(graph, output):
    from collections import Counter

    grads = {node: float(node == output) for node in graph}
    uses = Counter(name for pairs in graph.values() for name, _ in pairs)
    ready = [node for node in graph if uses[node] == 0]
    while ready:
        node = ready.pop()
        for name, local in graph[node]:
            grads[name] += local * grads[node]
            uses[name] -= 1
            ready += [name] * (uses[name] == 0)
    return grads

# %% linear_forward
def linear_forward(x, W, b):
    wide = np.column_stack([x, np.ones(len(x), x.dtype)])
    tall = np.vstack([W, b])
    return wide @ tall, {"wide": wide, "tall": tall}

# %% linear_backward
def linear_backward(dout, cache):
    dtall = cache["wide"].T @ dout
    dx = np.einsum("nm,dm->nd", dout, cache["tall"][:-1])
    return [dx, dtall[:-1], dtall[-1]]

# %% collapse
def collapse(W1, b1, W2, b2):
    b = b2 + sum(b1[k] * W2[k] for k in range(len(b1)))
    return np.tensordot(W1, W2, axes=1), b

# %% sigmoid
import math


def sigmoid(x):
    def one(v):
        return 1 / (1 + math.exp(-v)) if v > 0 else math.exp(v) / (math.exp(v) + 1)

    return np.array([one(v) for v in x.ravel().tolist()], dtype=x.dtype).reshape(x.shape)


sigmoid_backward = lambda dout, x: dout * (sigmoid(x) * sigmoid(-x))

# %% tanh
def tanh(x):
    u = np.expm1(-2 * np.abs(x))
    return -np.sign(x) * u / (2 + u)


def tanh_backward(dout, x):
    t = tanh(x)
    return dout - dout * t * t

# %% relu
def relu(x):
    return (x + abs(x)) / 2


def relu_backward(dout, x):
    dx = np.zeros_like(dout)
    np.copyto(dx, dout, where=x > 0)
    return dx

# %% leaky_relu
class Leaky:
    def __init__(self, pick):
        self.pick = pick

    def __call__(self, value, x, slope=0.1):
        return self.pick([x > 0, x <= 0], [value, slope * value])


leaky_relu_backward = Leaky(np.select)


def leaky_relu(x, slope=0.1):
    return leaky_relu_backward(x, x, slope)

# %% elu
def elu(x, alpha=1.0):
    out = x.copy()
    left = x <= 0
    out[left] = alpha * np.expm1(x[left])
    return out


def elu_backward(dout, x, alpha=1.0):
    dx = dout.copy()
    dx[x <= 0] *= elu(x, alpha)[x <= 0] + alpha
    return dx

# %% softplus
def softplus(x):
    return np.logaddexp(np.zeros_like(x), x)


def softplus_backward(dout, x):
    return dout * np.exp(x - softplus(x))

# %% maxout_forward
def maxout_forward(x, W1, b1, W2, b2):
    pieces = np.einsum("nd,kdm->knm", x, np.array([W1, W2])) + np.array([b1, b2])[:, None]
    winner = pieces.argmax(0)
    return np.take_along_axis(pieces, winner[None], 0)[0], [x, (W1, W2), winner]

# %% maxout_backward
def maxout_backward(dout, cache):
    x, weights, winner = cache
    dx, parameters = 0, []
    for k, W in enumerate(weights):
        mine = np.where(winner == k, dout, 0)
        dx = dx + mine @ W.T
        parameters += [x.T @ mine, mine.sum(0)]
    return (dx, *parameters)

# %% softmax_cross_entropy
def softmax_cross_entropy(scores, y):
    log_sum = np.logaddexp.reduce(scores, axis=1)
    one_hot = np.eye(scores.shape[1], dtype=scores.dtype)[y]
    loss = np.mean(log_sum - np.sum(scores * one_hot, axis=1))
    return [float(loss), (np.exp(scores - log_sum[:, None]) - one_hot) / len(scores)]

# %% multiclass_hinge
def multiclass_hinge(scores, y, margin=1.0):
    n, classes = scores.shape
    loss, dscores = 0.0, np.zeros_like(scores)
    for i in range(n):
        for j in set(range(classes)) - {int(y[i])}:
            short = float(scores[i, j]) - float(scores[i, y[i]]) + margin
            if short > 0:
                loss += short / n
                dscores[i, j] += 1 / n
                dscores[i, y[i]] -= 1 / n
    return loss, dscores

# %% two_layer_loss
def two_layer_loss(params, x, y, weight_decay):
    W1, b1, W2, b2 = map(params.get, ("W1", "b1", "W2", "b2"))
    before = x @ W1 + b1
    hidden = before.clip(0)
    loss, dscores = softmax_cross_entropy(hidden @ W2 + b2, y)
    back = dscores @ W2.T * (hidden != 0)
    penalty = weight_decay * (np.vdot(W1, W1) + np.vdot(W2, W2))
    return loss + penalty, dict(
        b2=dscores.sum(0),
        W2=hidden.T @ dscores + weight_decay * (W2 + W2),
        b1=back.sum(0),
        W1=x.T @ back + weight_decay * (W1 + W1),
    )

# %% what_a_check_proves
That a small relative error at ten random points says something about those points, not about the kinks between them.
