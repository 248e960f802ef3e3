"""What all tests share."""

import os

from hypothesis import settings

# A check of the tests is no learner's: nothing is kept, in nobody's home.
os.environ["DOWNHILL_PROGRESS"] = ""

# A machine that is busy is slow, not wrong.
settings.register_profile("downhill", deadline=None)
settings.load_profile("downhill")
