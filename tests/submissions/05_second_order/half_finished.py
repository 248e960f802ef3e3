# base: released

# %% quadratic_model
def quadratic_model(f0, grad, H, d):
    return f0 + np.dot(grad, d) + 0.5 * np.dot(d, np.dot(H, d))

# %% newton_step
def newton_step(w, grad, H, *, damping=0.0):
    return w + np.linalg.solve(H + damping * np.eye(len(w), dtype=H.dtype), grad)

# %% bfgs_update
def bfgs_update(H_inv, s, y):
    rho = 1 / s @ y

# %% backtracking
def backtracking(f, w, d, f0, slope, *, c1=1e-4):
    step = 1.0
    for k in range(51):
        if f(w + step * d) <= f0 + c1 * step * slope:
            return step
        step = step / 2
    return 0.0
