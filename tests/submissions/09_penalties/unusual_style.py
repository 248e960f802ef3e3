# base: released

# %% after setup_2
from dataclasses import dataclass
from functools import reduce
from itertools import accumulate
from operator import add

# %% l2_penalty
def elastic(w, sizes, squares):
    flat = w.reshape(-1)
    value = squares * np.dot(flat, flat) + sizes * np.linalg.norm(flat, 1)
    return value, squares * (w + w) + sizes * np.sign(w)


l2_penalty = lambda w, lam: elastic(w, 0.0, lam)

# %% l1_penalty
l1_penalty = lambda w, lam: elastic(w, lam, 0.0)

# %% elastic_net
elastic_net = lambda w, lam, beta: elastic(w, lam, lam * beta)

# %% soft_threshold
def soft_threshold(w, lam):
    return np.clip(w - lam, 0, None) - np.clip(-w - lam, 0, None)

# %% max_norm
def max_norm(w, c, axis):
    squares = np.add.reduce(np.square(w), axis=axis, keepdims=True)
    far = squares > c * c
    return np.where(far, w * c / np.sqrt(np.where(far, squares, 1)), w).astype(w.dtype)

# %% decayed_sgd
class Decay:
    def __call__(self, w, grad, state, *, lr, weight_decay):
        keep = 1 - lr * weight_decay
        return keep * w - lr * grad, {}


decayed_sgd = Decay()

# %% equivalent_l2
equivalent_l2 = lambda weight_decay, lr: 0.5 * weight_decay

# %% smooth_labels
def smooth_labels(y, classes, eps):
    return np.stack([np.where(np.arange(classes) == k, 1 - eps, 0) for k in y]) + eps / classes

# %% label_smoothing_loss
def label_smoothing_loss(scores, y, eps):
    n, k = scores.shape
    log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    own = np.take_along_axis(log_p, np.asarray(y, np.int64)[:, None], 1)
    d = np.exp(log_p) - eps / k
    for row, label in enumerate(y):
        d[row, label] -= 1 - eps
    return -((1 - eps) * own.mean() + eps * log_p.mean()), d / n

# %% early_stopping
@dataclass
class Watch:
    patience: int
    min_delta: float
    best: float = np.inf
    waited: int = 0
    at: int = 0

    def tired(self, epoch, loss):
        self.waited += 1
        if self.best - loss > self.min_delta:
            self.best, self.at, self.waited = loss, epoch, 0
        return self.waited >= self.patience


def early_stopping(val_losses, *, patience, min_delta=0.0):
    watch = Watch(patience, min_delta)
    tired = (e for e, loss in enumerate(val_losses) if watch.tired(e, loss))
    return next(tired, len(val_losses) - 1), watch.at

# %% gd_shrinkage
def gd_shrinkage(eigenvalues, lr, steps):
    left = accumulate(range(steps), lambda q, _: q * (1 - lr * eigenvalues), initial=np.ones_like(eigenvalues))
    return 1 - list(left)[-1]

# %% ridge_shrinkage
def ridge_shrinkage(eigenvalues, lam):
    return np.divide(1, 1 + lam / np.where(eigenvalues > 0, eigenvalues, np.inf)) * (eigenvalues > 0)

# %% matching_lam
def matching_lam(eigenvalues, lr, steps):
    # 1 - q = lr h (1 + r + ... + r^(steps - 1)) with r = 1 - lr h: no division by 0.
    r = 1 - lr * eigenvalues
    return r**steps / (lr * sum(r**k for k in range(steps)))

# %% multitask_gradient
def multitask_gradient(grads, weights):
    return reduce(add, map(lambda pair: pair[0] * pair[1], zip(weights, grads)))

# %% two_head_loss
def two_head_loss(params, x, y, z, weight):
    g, n = {}, len(x)
    pre = x.dot(params["W1"]) + params["b1"]
    h = pre * (pre > 0)
    loss, back = 0, np.zeros_like(h)
    for head in "ab":
        out = h.dot(params["W" + head]) + params["b" + head]
        if head == "a":
            value, d = softmax_cross_entropy(out, y)
        else:
            value, d = weight * ((out - z) ** 2).sum(1).mean(), 2 * weight / n * (out - z)
        loss = loss + value
        g["W" + head], g["b" + head] = h.T.dot(d), d.sum(0)
        back += d.dot(params["W" + head].T)
    back[pre <= 0] = 0
    g["W1"], g["b1"] = x.T.dot(back), back.sum(0)
    return loss, g

# %% fgsm
def fgsm(x, grad_x, eps):
    return np.minimum(np.maximum(x + np.copysign(eps, grad_x) * (grad_x != 0), 0), 1)

# %% adversarial_loss
def adversarial_loss(loss_and_grad, x, eps, *, alpha=0.5):
    there = [x]
    losses = []
    for share in (alpha, 1 - alpha):
        loss, slope = loss_and_grad(there[-1])
        losses.append(share * loss)
        there.append(fgsm(x, slope, eps))
    return sum(losses)

# %% magnitude_prune
def magnitude_prune(w, sparsity):
    rank = np.abs(w).argsort(axis=None).argsort().reshape(w.shape)
    return np.where(rank < int(sparsity * w.size), 0, w)

# %% three_ways
A fence forbids, a price persuades.
