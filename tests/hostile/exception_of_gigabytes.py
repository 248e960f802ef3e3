# An exception whose text is enormous.
# base: solved
# deserved: sgd=0

# %% sgd
def sgd(w, grad, state, *, lr):
    class Giant(Exception):
        def __str__(self):
            return "x" * 10**9


    raise Giant
