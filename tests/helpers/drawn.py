"""What the tests of the pictures share: functions that are not written yet, and figures drawn down to their texts."""

import inspect

from helpers import widgets
from helpers.plots.style import course_style
from helpers.widgets import explorer


def render(figure):
    """Draw a figure down to its texts, where matplotlib's own complaints would come; where it puts them is slow."""
    figure.set_layout_engine("none")
    with course_style():  # ticks are made as they are drawn
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


def controls_of(explorers, functions, monkeypatch):
    """The controls that a module's explorers show, by picture; each begins at its option's default."""
    seen = {}

    def note(picture, functions, controls, **kept):
        seen[picture.__name__] = controls
        defaults = inspect.signature(picture.__wrapped__).parameters
        for name, (_, options) in controls.items():
            assert options["value"] == defaults[name].default

    monkeypatch.setattr(explorers, "explore_picture", note)
    names = {name for name in vars(explorers) if name.endswith("_explorer")}
    assert names <= set(dir(widgets))
    for name in names:
        show = getattr(widgets, name)
        show(*(functions[each] for each in inspect.signature(show).parameters))
    assert len(seen) == len(names)
    return seen


def watched(monkeypatch):
    """Figures shown, and the controls that are made, as the explorers show and make them from here on."""
    figures, made, make = [], {}, explorer.made
    monkeypatch.setattr(explorer, "show_figure", lambda f, alt, handle=None, display_id=False: figures.append(f) or "h")
    monkeypatch.setattr(explorer, "display_with_fallback", lambda *args: None)
    monkeypatch.setattr(explorer, "made", lambda *told: made.update(make(*told)) or made)
    return figures, made
