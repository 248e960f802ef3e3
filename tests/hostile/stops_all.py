# Stops whatever it may signal: its own kept states too.
# base: solved
# ends: at a limit of time
# deserved: sgd<5

# %% after check_sgd
import os
import signal

os.kill(-1, signal.SIGSTOP)
os.kill(os.getpid(), signal.SIGSTOP)
