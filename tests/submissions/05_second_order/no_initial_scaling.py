# base: solved

# %% lbfgs_direction
def lbfgs_direction(grad, s_list, y_list):
    q, alphas = grad.copy(), []
    for s, y in zip(s_list[::-1], y_list[::-1]):
        alphas.append(s @ q / (s @ y))
        q = q - alphas[-1] * y
    for s, y, alpha in zip(s_list, y_list, alphas[::-1]):
        q = q + (alpha - y @ q / (s @ y)) * s
    return -q

# %% bfgs_update
def bfgs_update(H_inv, s, y):
    if s @ y <= 1e-10:
        return H_inv
    rho = 1 / (s @ y)
    V = np.eye(len(s), dtype=s.dtype) - rho * np.outer(y, s)
    return V.T @ H_inv @ V + rho * np.outer(s, s)
