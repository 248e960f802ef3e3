# Takes all memory, in a call.
# base: solved
# ends: at a limit of memory
# deserved: sgd=0 momentum<6 minibatches<7 double<3

# %% sgd
def sgd(w, grad, state, *, lr):
    kept = []
    while True:
        kept.append(bytearray(b'x') * 10**8)
