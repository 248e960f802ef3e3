# base: solved

# %% momentum
def momentum(w, grad, state, *, lr, momentum=0.9):
    if "v" not in state:
        state["v"] = np.zeros_like(w)
    v = momentum * state["v"] + lr * grad
    state["v"] = v
    return w - v, state

# %% why_jitter
Plain SGD takes the slope of a few samples for the slope of all. Each batch pulls a little elsewhere.
