# base: solved

# %% newton_step
def newton_step(w, grad, H, *, damping=0.0):
    H[np.diag_indices(len(w))] += damping
    return w - np.linalg.solve(H, grad)

# %% lbfgs_minimize
def lbfgs_minimize(f_and_grad, w0, *, history, max_iter):
    w, s_list, y_list, seen = w0.copy(), [], [], {}
    f, grad = f_and_grad(w)

    def value(point):
        seen["f"], seen["grad"] = f_and_grad(point)
        return seen["f"]

    for _ in range(max_iter):
        if np.abs(grad).max() <= 1e-8:
            break
        d = lbfgs_direction(grad, s_list, y_list)
        step = backtracking(value, w, d, f, grad @ d)
        if step == 0.0:
            break
        s, y = step * d, seen["grad"] - grad
        if s @ y > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y):
            if len(s_list) < history:
                s_list.append(s)
                y_list.append(y)
        else:
            s_list.clear()
            y_list.clear()
        w, f, grad = w + s, seen["f"], seen["grad"]
    return w

# %% why_noise_breaks_pairs
Because y is noisy.
