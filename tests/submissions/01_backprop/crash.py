# base: solved

# %% after relative_error
raise RuntimeError("this cell was only a try")

# %% collapse
def collapse(W1, b1, W2, b2):
    import ctypes

    return ctypes.string_at(0)

# %% after relu
x = np.zeros(3
print(relu(x))

# %% elu
def elu(x, alpha=1.0):
    import signal

    signal.raise_signal(signal.SIGKILL)


def elu_backward(dout, x, alpha=1.0):
    return dout * np.where(x > 0, 1, alpha * np.exp(np.minimum(x, 0)))
