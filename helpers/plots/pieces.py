"""What the pictures of several assignments are made of: grounds and walks, legends, means over seeds, progress."""

import inspect
import time
from collections.abc import Callable, Iterable, Sequence
from contextlib import contextmanager

import numpy as np

from helpers.landscapes import Landscape
from helpers.training import MLP, History

TINY = 1e-17
# Of ten digits.
GUESSING = 0.1


def terrain(ax, landscape: Landscape, levels: int = 14) -> None:
    """Draw the ground: pale contours and the minima, in greys that leave every colour to the walks."""
    x, y, height = landscape.grid(160)
    height = height - landscape.floor
    if landscape.log_levels:
        high = height.max()
        height, bounds = np.maximum(height, 1e-12), np.geomspace(high * 1e-5, high, levels)
        bounds = np.concatenate([[0.0], bounds])
    else:
        # The square root spaces a bowl's contours evenly, as a map does.
        bounds = np.linspace(0, np.sqrt(height.max()), levels) ** 2
    shades = np.linspace(0.83, 1.0, len(bounds) - 1)
    ax.contourf(x, y, height, bounds, colors=[(s, s, s) for s in shades])
    ax.contour(x, y, height, bounds[1:-1], colors="0.68", linewidths=0.5)
    for minimum in landscape.minima:
        ax.plot(*minimum, "*", color="black", markersize=11, markeredgecolor="white", zorder=5)
    ax.set(xlim=landscape.xlim, ylim=landscape.ylim, xlabel="$w_1$", ylabel="$w_2$")
    ax.grid(False)


def trail(ax, path: np.ndarray, *, dots: bool = True, **style) -> None:
    """Draw a walk with its start."""
    marker = {"marker": ".", "markersize": 5} if dots else {}
    (line,) = ax.plot(path[:, 0], path[:, 1], **({"linewidth": 1.3} | marker | style))
    ax.plot(*path[0], "o", color=line.get_color(), markersize=6, markeredgecolor="black", zorder=4)


def above_floor(landscape: Landscape, path: np.ndarray) -> np.ndarray:
    return np.maximum(landscape.value(path) - landscape.floor, TINY)


def tiles(ax, images: np.ndarray, titles: Sequence[str], *, columns: int, **shades) -> None:
    """Draw small images of one size side by side, each under its title; on one axes, since many are slow to draw."""
    _, high, wide = images.shape
    across, down = 1.25 * wide, 1.5 * high
    ax.set_axis_off()
    corners = [(k % columns * across, -(k // columns) * down) for k in range(len(images))]
    for image, title, (x, y) in zip(images, titles, corners, strict=True):
        ax.imshow(image, extent=(x, x + wide, y - high, y), **shades)
        ax.text(x + wide / 2, y + 0.06 * high, title, ha="center", va="bottom", fontsize="medium")
    # An image may be as white as the card.
    edges = np.array([edge for x, y in corners for edge in _edges(x, y, wide, high)])
    ax.plot(*edges.T, color="0.75", linewidth=0.6, linestyle="-")
    ax.set(xlim=(-0.1, (columns - 1) * across + wide + 0.1), ylim=(corners[-1][1] - high - 0.1, 0.4 * high))


def _edges(x: float, y: float, wide: float, high: float) -> list[tuple[float, float]]:
    """Return the corners of a frame, with a gap behind them."""
    return [(x, y), (x + wide, y), (x + wide, y - high), (x, y - high), (x, y), (np.nan, np.nan)]


def stacked(plt, rows: int, *, heights: Sequence[float] | None = None, **figure):
    """Return a figure with long narrow grounds one above the other, both axes on one scale, and one axes beside them.

    At right angles to the contours, as a step against the gradient is, looks so only where the axes have one scale.
    """
    fig = plt.figure(**figure)
    grid = fig.add_gridspec(rows, 2, width_ratios=(1.25, 1), height_ratios=heights)
    grounds = [fig.add_subplot(grid[k, 0], aspect="equal") for k in range(rows)]
    return fig, grounds, fig.add_subplot(grid[:, 1])


def legend(ax, **where) -> None:
    """Add a legend, if there is anything to tell apart."""
    if ax.get_legend_handles_labels()[0]:
        ax.legend(**({"fontsize": "small"} | where))


def seed_std(values: np.ndarray) -> float:
    return float(np.std(values, ddof=1)) if len(values) > 1 else 0.0


def error_bars(ax, x: list[float], values: np.ndarray, color: str, label: str) -> None:
    """Draw the mean over the last axis, with bars from the lowest to the highest; 0 stands at 1e-3."""
    values = np.maximum(values, 1e-3)
    mean = values.mean(axis=1)
    bars = np.array([mean - values.min(axis=1), values.max(axis=1) - mean])
    ax.errorbar(x, mean, np.maximum(bars, 0), color=color, label=label, marker="o", markersize=4, capsize=3)


def final_accuracy(network: MLP, history: History, x: np.ndarray, y: np.ndarray) -> float:
    """Return the accuracy of a finished run; a diverged one counts as guessing."""
    if history.diverged:
        return GUESSING
    with np.errstate(all="ignore"):
        accuracy = network.accuracy(x, y)
    return accuracy if np.isfinite(accuracy) else GUESSING


def counted(jobs: Iterable, **kwargs) -> Iterable:
    """Return the jobs under a progress bar that goes away when they are done."""
    from tqdm.auto import tqdm

    return tqdm(list(jobs), leave=False, **kwargs)


@contextmanager
def progress_bar(total: int, shown: bool):
    """Give a function to call once a run; in a notebook a bar shows how many are done.

    The bar is a plain output that is updated in place, so that a notebook without widgets keeps no half-drawn one.
    """
    from IPython import get_ipython
    from IPython.display import display
    from tqdm import tqdm

    if not shown or get_ipython() is None:
        yield lambda: None
        return
    begun, done = time.perf_counter(), 0
    handle = display({"text/plain": ""}, raw=True, display_id=True)

    def show(text: str) -> None:
        if handle is not None:
            handle.update({"text/plain": text}, raw=True)

    def tick() -> None:
        nonlocal done
        done += 1
        show(tqdm.format_meter(done, total, time.perf_counter() - begun, unit="run", ncols=70, ascii=True))

    yield tick
    show(f"{done} training runs in {time.perf_counter() - begun:.0f} s" if done else "")


def takes(function: Callable, parameter: str) -> bool:
    try:
        return parameter in inspect.signature(function).parameters
    except (TypeError, ValueError):
        return False
