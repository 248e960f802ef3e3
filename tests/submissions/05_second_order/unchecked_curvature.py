# base: solved

# %% newton_step
def newton_step(w, grad, H, *, damping=0.0):
    return w - np.linalg.solve(H + damping, grad)

# %% bfgs_update
def bfgs_update(H_inv, s, y):
    rho = 1 / (s @ y)
    I = np.eye(len(s), dtype=s.dtype)
    return (I - rho * np.outer(s, y)) @ H_inv @ (I - rho * np.outer(y, s)) + rho * np.outer(s, s)

# %% lbfgs_minimize
def lbfgs_minimize(f_and_grad, w0, *, history, max_iter):
    w, s_list, y_list, seen = w0.copy(), [], [], {}
    f, grad = f_and_grad(w)

    def value(point):
        seen["f"], seen["grad"] = f_and_grad(point)
        return seen["f"]

    for _ in range(max_iter):
        if np.max(np.abs(grad)) <= 1e-6:
            break
        d = lbfgs_direction(grad, s_list, y_list)
        step = backtracking(value, w, d, f, d @ grad)
        if step == 0:
            break
        s_list.append(step * d)
        y_list.append(seen["grad"] - grad)
        s_list, y_list = s_list[-history:], y_list[-history:]
        w, f, grad = w + step * d, seen["f"], seen["grad"]
    return w
