# base: solved

# %% sgd
import operator


def sgd(w, grad, state, *, lr):
    step = map(operator.mul, grad.ravel().tolist(), [lr] * grad.size)
    moved = [a - b for a, b in zip(w.ravel().tolist(), step)]
    return [np.array(moved, dtype=w.dtype).reshape(w.shape), state]

# %% minibatches
def minibatches(n, batch_size, rng):
    queue = sorted(range(n), key=lambda _: rng.random())
    return [np.array(queue[k:k + batch_size]) for k in range(0, n, batch_size)]

# %% momentum
class Ball:
    __slots__ = ("v",)

    def __init__(self, shape, dtype):
        self.v = np.zeros(shape, dtype)


def momentum(w, grad, state, *, lr, momentum=0.9):
    ball = state.setdefault("ball", Ball(w.shape, w.dtype))
    np.multiply(ball.v, momentum, out=ball.v)
    np.add(ball.v, grad, out=ball.v)
    return w - lr * ball.v, state

# %% nesterov
def nesterov(w, grad, state, *, lr, momentum=0.9):
    old = state or {"v": w * 0}
    new = {"v": momentum * old["v"] + grad}
    return w + lr * (momentum * old["v"] - (1 + momentum) * new["v"]), new

# %% step_decay
def step_decay(lr0, t, *, step_size, gamma):
    return lr0 if t < step_size else gamma * step_decay(lr0, t - step_size, step_size=step_size, gamma=gamma)

# %% cosine_decay
import cmath


def cosine_decay(lr0, t, *, t_max, lr_min=0.0):
    turn = cmath.exp(1j * cmath.pi * min(t, t_max) / t_max)
    return lr_min + (lr0 - lr_min) * (1 + turn.real) / 2

# %% classify_critical_point
def classify_critical_point(H):
    d = np.linalg.eigh(H).eigenvalues
    small = 1e-8 * max(map(abs, d))
    match any(d > small), any(d < -small), any(abs(d) <= small):
        case True, True, _:
            return "saddle"
        case _, _, True:
            return "degenerate"
        case True, False, False:
            return "minimum"
    return "maximum"

# %% training_loop
def training_loop(params, loss_and_grads, step, batches, schedule):
    kept, losses = {name: (w, {}) for name, w in params.items()}, []
    for batch in batches:
        loss, grads = loss_and_grads({name: w for name, (w, _) in kept.items()}, batch)
        lr = schedule(len(losses))
        kept = {n: step(w, grads[n], state, lr=lr) for n, (w, state) in kept.items()}
        losses.append(loss)
    return {name: w for name, (w, _) in kept.items()}, losses
