# Ignores every signal, and loops.
# base: solved
# ends: at a limit of time
# deserved: sgd=0

# %% sgd
def sgd(w, grad, state, *, lr):
    import signal

    for number in range(1, 65):
        try:
            signal.signal(number, signal.SIG_IGN)
        except (OSError, ValueError):
            pass
    while True:
        pass
