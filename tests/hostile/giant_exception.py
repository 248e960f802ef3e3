# An exception of a hundred million characters, chained.
# base: solved

# %% after check_sgd
try:
    raise ValueError("y" * 10**8)
except ValueError as error:
    raise type("E" * 10**6, (Exception,), {})("z" * 10**8) from error
