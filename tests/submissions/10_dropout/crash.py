# base: solved

# %% after dropout_backward
%this_is_no_magic

# %% mc_dropout
def mc_dropout(predict, x, samples, rng):
    return mc_dropout(predict, x, samples, rng)

# %% after mc_dropout
import ctypes

ctypes.string_at(0)

# %% variational_dropout_kl
def variational_dropout_kl(log_alpha):
    import os
    import signal

    os.kill(os.getpid(), signal.SIGKILL)
