# Inputs in an exception's text, class name, notes and attributes.
# base: solved
# deserved: sgd<5 double<3

# %% sgd
def sgd(w, grad, state, *, lr):
    error = type(f"E{w.tolist()}", (ValueError,), {"__str__": lambda self: str(w.tolist())})(w.tolist())
    error.add_note(str(grad.tolist()))
    raise error
