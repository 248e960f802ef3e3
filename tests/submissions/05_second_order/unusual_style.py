# base: released

# %% after setup_1
from collections import deque
from itertools import count, takewhile
from operator import matmul


def outer(a, b):
    return a.reshape(-1, 1) * b.reshape(1, -1)


def bent(s, y):
    return np.sum(s * y) > 1e-10 * (np.sum(s**2) * np.sum(y**2)) ** 0.5

# %% quadratic_model
def quadratic_model(f0, grad, H, d):
    return sum([f0, matmul(grad, d), 0.5 * np.einsum("i,ij,j", d, H, d)])

# %% newton_step
def newton_step(w, grad, H, *, damping=0.0):
    values, axes = np.linalg.eigh(H)
    return (w - axes @ ((axes.T @ grad) / (values + damping))).astype(w.dtype)

# %% bfgs_update
def bfgs_update(H_inv, s, y):
    if not bent(s, y):
        return H_inv.copy()
    sy, By = np.sum(s * y), H_inv @ y
    mixed = outer(By, s) + outer(s, By)
    return H_inv + ((sy + y @ By) / sy**2) * outer(s, s) - mixed / sy

# %% lbfgs_direction
def lbfgs_direction(grad, s_list, y_list):
    pairs = deque(zip(s_list, y_list))

    def half(q):
        if not pairs:
            return q if not s_list else q * ((s_list[-1] @ y_list[-1]) / (y_list[-1] @ y_list[-1]))
        s, y = pairs.pop()
        alpha = (s @ q) / (s @ y)
        q = half(q - alpha * y)
        return q + (alpha - (y @ q) / (s @ y)) * s

    return -half(1 * grad)

# %% backtracking
def backtracking(f, w, d, f0, slope, *, c1=1e-4):
    tried = ((0.5**k, f(w + 0.5**k * d)) for k in range(51))
    good = (step for step, value in tried if value - f0 <= c1 * step * slope)
    return next(good, 0.0)

# %% lbfgs_minimize
class Descent:
    def __init__(self, f_and_grad, w0, history):
        self.ask, self.w = f_and_grad, w0 + 0
        self.value, self.grad = f_and_grad(self.w)
        self.s, self.y = deque(maxlen=history), deque(maxlen=history)

    def look(self, point):
        self.last = self.ask(point)
        return self.last[0]

    def go(self):
        if np.linalg.norm(self.grad, np.inf) <= 1e-7:
            return False
        d = lbfgs_direction(self.grad, list(self.s), list(self.y))
        t = backtracking(self.look, self.w, d, self.value, d @ self.grad)
        if not t:
            return False
        value, grad = self.last
        s, y = t * d, grad - self.grad
        if bent(s, y):
            self.s.append(s)
            self.y.append(y)
        else:
            self.s.clear()
            self.y.clear()
        self.w, self.value, self.grad = self.w + s, value, grad
        return True


def lbfgs_minimize(f_and_grad, w0, *, history, max_iter):
    me = Descent(f_and_grad, w0, history)
    for _ in takewhile(lambda k: k < max_iter and me.go(), count()):
        pass
    return me.w

# %% why_noise_breaks_pairs
The step is short and the noise is not, so their ratio is what y shows.
