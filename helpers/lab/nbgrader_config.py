"""nbgrader's settings in a learner's JupyterLab: its Validate speaks in words."""

from autograder.validating import in_words

in_words()
