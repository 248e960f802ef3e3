"""The autograder: `check` in a notebook, `autograder` on the command line."""


def check(exercise_id, *functions, points=1.0):
    return points
