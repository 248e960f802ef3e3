# base: solved

# %% nesterov_lookahead
def nesterov_lookahead(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", np.zeros_like(w))
    v_next = momentum * v - lr * grad_fn(w)
    return w + v_next, {"v": v_next}

# %% nesterov
def nesterov(w, grad, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0) + grad
    return w - lr * v, {"v": v}
