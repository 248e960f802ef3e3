# Objects, text, records and dates.
# base: solved
# deserved: sgd=0

# %% sgd
def sgd(w, grad, state, *, lr):
    import numpy as np

    kinds = [object, "U10", "M8[s]", [("a", float)], ">f8", "longdouble"]
    return np.zeros(w.shape, kinds[len(state) % 6]), {**state, len(state): 0}
