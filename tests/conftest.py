"""What all tests share."""

from hypothesis import settings

# A machine that is busy is slow, not wrong.
settings.register_profile("downhill", deadline=None)
settings.load_profile("downhill")
