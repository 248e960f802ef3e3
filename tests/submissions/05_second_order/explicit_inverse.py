# base: solved

# %% quadratic_model
def quadratic_model(f0, grad, H, d):
    return f0 + grad @ d + d @ H @ d

# %% newton_step
def newton_step(w, grad, H, *, damping=0.0):
    H_inv = np.linalg.inv(H + damping * np.eye(len(w), dtype=H.dtype))
    return w - H_inv @ grad
