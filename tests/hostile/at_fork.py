# Every fork sleeps.
# base: solved
# ends: at a limit of time
# deserved: sgd<5 momentum=0 minibatches=0 double=0

# %% after check_sgd
import os
import time

os.register_at_fork(before=lambda: time.sleep(1000))
