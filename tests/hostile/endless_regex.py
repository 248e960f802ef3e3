# A loop in C: a regular expression.
# base: solved
# ends: at a limit of time

# %% after check_sgd
import re

re.match(r"(a+)+$", "a" * 60 + "b")
