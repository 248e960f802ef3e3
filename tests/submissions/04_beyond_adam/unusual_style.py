# base: released

# %% after setup_2
from collections import namedtuple

Past = namedtuple("Past", "steps first second place slope length", defaults=(0, 0.0, 0.0, None, 0.0, 0.0))


def fade(old, new, keep):
    return new + keep * (old - new)


def past(state):
    return state.get("past", Past())


def longer(old, grad, gamma):
    size = float(np.sqrt(np.vdot(grad, grad)))
    history = fade(old.length, size, gamma)
    return (grad * (history / size) if 0 < size < history else grad), history


def pushed(old, w, grad, k):
    return grad if old.place is None else grad / k + (old.place - w) / k * np.square(grad)


def follow(w, grad, state, taken, length, lr, betas, eps, belief=False, rectified=False, friction=False):
    old = past(state)
    t, first = old.steps + 1, fade(old.first, taken, betas[0])
    seen = np.square(grad - first) if belief else np.square(grad)
    second = fade(old.second, seen, betas[1]) + (eps if belief else 0)
    left = 1 - betas[1] ** t
    step = first / (1 - betas[0] ** t)
    if rectified:
        trust = rectification(t, betas[1])
        step = step * (trust * left**0.5 / (np.sqrt(second) + eps)) if trust else step
    else:
        step = step / (np.sqrt(second / left) + eps)
    if friction:
        step = step / (1 + np.exp(-np.abs(grad - old.slope)))
    return w - lr * step, {"past": Past(t, first, second, np.array(w), np.array(grad), length)}

# %% rectification
def rectification(t, beta2):
    longest = (1 + beta2) / (1 - beta2)
    length = longest - 2 * t * beta2**t / (1 - beta2**t)
    if not length > 5:
        return 0
    parts = ((length - 4) / (longest - 4), (length - 2) / (longest - 2), longest / length)
    return float(np.prod(parts)) ** 0.5

# %% radam
def radam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    return follow(w, grad, state, grad, 0.0, lr, betas, eps, rectified=True)

# %% diffgrad
def diffgrad(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    return follow(w, grad, state, grad, 0.0, lr, betas, eps, friction=True)

# %% adabelief
def adabelief(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16):
    return follow(w, grad, state, grad, 0.0, lr, betas, eps, belief=True)

# %% adanorm
def adanorm(grad, state, *, gamma=0.95):
    corrected, length = longer(past(state), grad, gamma)
    return [corrected, {"past": Past(length=length)}]

# %% adamnorm
def adamnorm(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    return follow(w, grad, state, *longer(past(state), grad, gamma), lr, betas, eps)

# %% diffgradnorm
def diffgradnorm(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    return follow(w, grad, state, *longer(past(state), grad, gamma), lr, betas, eps, friction=True)

# %% radamnorm
def radamnorm(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, gamma=0.95):
    return follow(w, grad, state, *longer(past(state), grad, gamma), lr, betas, eps, rectified=True)

# %% adabeliefnorm
def adabeliefnorm(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16, gamma=0.95):
    return follow(w, grad, state, *longer(past(state), grad, gamma), lr, betas, eps, belief=True)

# %% inject
def inject(w, grad, state, *, k=2.0):
    return pushed(past(state), w, grad, k), {"past": Past(place=w + 0)}

# %% adaminject
def adaminject(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    return follow(w, grad, state, pushed(past(state), w, grad, k), 0.0, lr, betas, eps)

# %% diffgradinject
def diffgradinject(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    return follow(w, grad, state, pushed(past(state), w, grad, k), 0.0, lr, betas, eps, friction=True)

# %% radaminject
def radaminject(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8, k=2.0):
    return follow(w, grad, state, pushed(past(state), w, grad, k), 0.0, lr, betas, eps, rectified=True)

# %% adabeliefinject
def adabeliefinject(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-16, k=2.0):
    return follow(w, grad, state, pushed(past(state), w, grad, k), 0.0, lr, betas, eps, belief=True)

# %% moment_centralized_sgd
def moment_centralized_sgd(w, grad, state, *, lr, momentum=0.9):
    g = grad - grad.reshape(len(grad), -1).mean(1).reshape(-1, *[1] * (grad.ndim - 1)) if grad.ndim > 1 else grad
    v = g + momentum * state.get("v", 0.0)
    return w - lr * v, {"v": v}

# %% adam_mc
def adam_mc(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    rows = [row - row.mean() for row in grad] if grad.ndim > 1 else grad
    return follow(w, grad, state, np.array(rows), 0.0, lr, betas, eps)

# %% learned_sgd_lr
def learned_sgd_lr(w, grad, state, *, lr=0.01, hyper_lr=1e-4):
    rate = state.setdefault("rates", [lr])
    if "slope" in state:
        rate.append(rate[-1] + hyper_lr * float(np.vdot(state["slope"], grad)))
    state["slope"] = grad + 0
    return w - rate[-1] * grad, state

# %% which_table
The second: a rate for each, with standard errors and the row against itself below it.
