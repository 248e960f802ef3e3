# A thread changes what was returned, later.
# base: solved
# deserved: sgd<5

# %% sgd
def sgd(w, grad, state, *, lr):
    import threading
    import time

    new = w - lr * grad


    def change():
        time.sleep(0.001)
        new[...] = 0


    threading.Thread(target=change).start()
    return new, state
