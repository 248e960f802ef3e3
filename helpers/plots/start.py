"""The first picture: the error of a line, slope by slope."""

from collections.abc import Callable

import numpy as np

from helpers.plots.ready import Notes, ask_array, picture
from helpers.plots.style import COLORS


@picture(
    "Left: points and three lines through the origin. Right: the error of every slope, a valley with one lowest point."
)
def start_error(notes: Notes, mean_squared_error: Callable):
    """Show the error of the line y = slope * x for each slope, measured with the student's function."""
    rng = np.random.default_rng(0)
    x = rng.uniform(0, 2, 12)
    y = 1.5 * x + 0.3 * rng.standard_normal(12)
    fig, (left, right) = notes.plt.subplots(1, 2, figsize=(9, 3.2))
    left.plot(x, y, "o", color="black", label="data")
    left.set(title="Three lines", xlabel="x", ylabel="y")
    right.set(title="The error of each slope", xlabel="slope", ylabel="mean squared error")
    marked = (0.5, 1.5, 2.2)
    for slope, color, style in zip(marked, COLORS, ("-", "--", "-."), strict=False):
        ends = np.array([0.0, 2.0])
        left.plot(ends, slope * ends, color=color, linestyle=style, label=f"slope {slope}")
    left.legend()
    with notes.collect():
        slopes = np.linspace(0, 3, 61)
        errors = [ask_array(mean_squared_error, slope * x, y, shape=()) for slope in slopes]
        right.plot(slopes, errors, color="0.5", linestyle="-")
        for slope, color, marker in zip(marked, COLORS, "os^", strict=False):
            right.plot(slope, ask_array(mean_squared_error, slope * x, y, shape=()), marker, color=color, markersize=8)
    return fig
