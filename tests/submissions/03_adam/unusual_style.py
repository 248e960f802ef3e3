# base: released

# %% after setup_2
from collections import ChainMap, deque, namedtuple
from functools import partial

Moments = namedtuple("Moments", "steps first second largest")


def fade(old, new, keep):
    return new + keep * (old - new)


def moments(state, grad, betas):
    old = state.get("moments", Moments(0, 0 * grad, 0 * grad, 0 * grad))
    second = fade(old.second, np.square(grad), betas[1])
    return Moments(old.steps + 1, fade(old.first, grad, betas[0]), second, np.fmax(old.largest, second))

# %% adagrad
def adagrad(w, grad, state, *, lr=0.01, eps=1e-10):
    past = state.setdefault("past", [])
    past.append(grad.copy())
    length = np.sqrt(np.sum(np.square(past), axis=0))
    return [w + -lr * (grad / (eps + length)), state]

# %% rmsprop
def rmsprop(w, grad, state, *, lr=0.01, alpha=0.99, eps=1e-8):
    # The root of the average is kept, and squared again.
    rms = np.hypot(alpha**0.5 * state.get("rms", 0), (1 - alpha) ** 0.5 * grad)
    return (w - grad * (lr / (rms + eps))).astype(w.dtype), dict(rms=rms)

# %% adadelta
def adadelta(w, grad, state, *, lr=1.0, rho=0.9, eps=1e-6):
    cache, moved = state.get("both") or (0 * w, 0 * w)
    cache = fade(cache, grad**2, rho)
    delta = -grad * ((moved + eps) / (cache + eps)) ** 0.5
    return w + lr * delta, {"both": (cache, fade(moved, delta**2, rho))}

# %% adam_uncorrected
def adam_uncorrected(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    now = moments(state, grad, betas)
    return w - lr * now.first / (now.second**0.5 + eps), {"moments": now}

# %% first_step_ratio
def first_step_ratio(betas):
    import math

    shares = [math.log1p(-beta) for beta in betas]
    return math.exp(shares[0] - shares[1] / 2)

# %% adam
def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    now = moments(state, grad, betas)
    left = [1 - beta**now.steps for beta in betas]
    # PyTorch's own order: both corrections moved into the rate and into eps.
    root = left[1] ** 0.5
    return w - (lr * root / left[0]) * now.first / (np.sqrt(now.second) + eps * root), {"moments": now}

# %% amsgrad
def amsgrad(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    now = moments(state, grad, betas)
    m_hat = now.first / (1 - betas[0] ** now.steps)
    v_hat = now.largest / (1 - betas[1] ** now.steps)
    return w - lr * m_hat / (np.sqrt(v_hat) + eps), ChainMap({"moments": now}, state).maps[0]

# %% adam_l2
def adam_l2(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, weight_decay=0.0):
    step = partial(adam, lr=lr, betas=betas, eps=eps)
    return step(w, sum([grad, weight_decay * w]), state)

# %% adamw
def adamw(w, grad, state, *, weight_decay=1e-2, **others):
    lr = others.get("lr", 1e-3)
    new, state = adam(w, grad, state, **others)
    return new - lr * weight_decay * w, state

# %% nadam
class Nadam:
    def __init__(self, w):
        self.t, self.m, self.v = 0, np.zeros_like(w), np.zeros_like(w)
        self.mus = deque([])

    def step(self, w, grad, lr, betas, eps, momentum_decay):
        self.t += 1
        now, after = (betas[0] * (1 - 0.96 ** (k * momentum_decay) / 2) for k in (self.t, self.t + 1))
        self.mus.append(now)
        self.m += (1 - betas[0]) * (grad - self.m)
        self.v += (1 - betas[1]) * (grad * grad - self.v)
        product = np.prod(self.mus).item()
        ahead = after / (1 - product * after) * self.m + (1 - now) / (1 - product) * grad
        return w - lr * ahead / (np.sqrt(self.v / (1 - betas[1] ** self.t)) + eps)


def nadam(w, grad, state, *, lr=2e-3, betas=(0.9, 0.999), eps=1e-8, momentum_decay=4e-3):
    me = state["me"] if "me" in state else Nadam(w)
    return me.step(w, grad, lr, betas, eps, momentum_decay), {"me": me}

# %% why_strength_cancels
Because the penalty's slope is divided by a root that it stands in itself.
