"""What the tests of the pictures share: functions that are not written yet, and figures drawn down to their texts."""


def render(figure):
    """Draw a figure down to its texts, where matplotlib's own complaints would come; where it puts them is slow."""
    figure.set_layout_engine("none")
    figure.draw_without_rendering()


def in_turns(names, kinds):
    """Pairs in which every picture and every kind of broken function comes: not each with each, which takes minutes."""
    names, kinds = list(names), list(kinds)
    return [(names[k % len(names)], kinds[k % len(kinds)]) for k in range(max(len(names), len(kinds)))]


def named(name, function):
    """The function, called like the exercise."""
    function.__name__ = name
    return function


def unwritten(name):
    """The stub that a student starts from."""

    def stub(*args, **kwargs):
        raise NotImplementedError(f"{name}: write it")

    return named(name, stub)
