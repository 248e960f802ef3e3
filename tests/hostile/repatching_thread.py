# A thread that patches NumPy again and again.
# deserved: none

# %% after setup_1
import threading

import numpy as np


def patch():
    while True:
        np.allclose = np.array_equal = lambda *args, **kwargs: True
        np.testing.assert_allclose = lambda *args, **kwargs: None


threading.Thread(target=patch, daemon=True).start()
