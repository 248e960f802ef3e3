# Reads address zero.
# base: solved

# %% after check_sgd
import ctypes

ctypes.string_at(0)
