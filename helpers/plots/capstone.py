"""Pictures of the capstone: the script, and what each step of the arc is worth."""

from collections.abc import Callable

import numpy as np

from helpers import data
from helpers.plots.ready import Notes, ask, picture
from helpers.plots.style import COLORS
from helpers.practice import FEW, MANY, arc, practice


@picture("Two alphabets of the invented script: a row for each letter, in twelve hands.")
def capstone_script(notes: Notes, seeds: tuple[int, int] = (0, 1), hands: int = 12):
    """Show every letter of two alphabets in many hands."""
    fig, axes = notes.plt.subplots(1, 2, figsize=(9, 4.1))
    for ax, seed in zip(axes, seeds, strict=True):
        d = data.script(seed, test=0)
        rows = [np.hstack(d.x_train[d.y_train == letter][:hands, 0]) for letter in range(10)]
        ax.imshow(1 - np.vstack(rows), cmap="gray", vmin=0, vmax=1)
        ax.set(title=f"data.script({seed})", xlabel="hand", ylabel="letter")
        ax.set_yticks(16 * np.arange(10) + 8, range(10))
        ax.set_xticks([])
        ax.grid(False)
    return fig


@picture(
    "The steps of the arc as a staircase. Above, accuracy on unseen, shifted and noisy letters: warped samples are by "
    "far the highest stair, for unseen and shifted ones; the last steps lift noisy ones. Below, the calibration error: "
    "it grows with warped samples and falls with the temperature. Left with 800 samples, right with 200, with your own "
    "as a star."
)
def capstone_arc(notes: Notes, train: Callable | None = None):
    """Show what each step of the arc is worth, as measured on five alphabets, and the student's `train` beside it.

    `train` is tried on 200 samples of one alphabet, which takes seconds: it stands in the right half alone.
    """
    fig, axes = notes.plt.subplots(2, 2, figsize=(9.4, 5.6), sharex="col", sharey="row", height_ratios=(2, 1))
    shown = (("unseen", 0, COLORS[0], "o-"), ("shifted", 1, COLORS[1], "s--"), ("noisy", 2, COLORS[3], "^-."))
    for column, samples in enumerate((MANY, FEW)):
        table = arc(samples)
        rows = np.array(list(table.values()))
        places = np.arange(1, len(rows) + 1)
        above, below = axes[:, column]
        for label, k, color, style in shown:
            mean, spread = 100 * rows[:, :, k].mean(1), 100 * rows[:, :, k].std(1, ddof=1)
            above.errorbar(places, mean, spread, fmt=style, color=color, label=label, markersize=4, capsize=2)
        below.errorbar(places, rows[:, :, 3].mean(1), rows[:, :, 3].std(1, ddof=1), fmt="ok-", markersize=4, capsize=2)
        names = [f"{n} {name}" for n, name in zip(places, table, strict=True)]
        own = ["9 yours"] if samples == FEW else []
        below.set_xticks(range(1, len(names) + len(own) + 1), names + own, rotation=40, ha="right", fontsize=8)
        above.set(title=f"{samples} samples")
    axes[0, 0].set(ylabel="right, %")
    axes[1, 0].set(ylabel="ECE")
    axes[0, 0].legend()
    if train is not None:
        with notes.collect():
            found = ask(practice, train, alphabets=(1,), samples=FEW, test=1000).rows[0]
            for _, k, color, _ in shown:
                axes[0, 1].plot(9, 100 * found[k], "*", color=color, markersize=11)
            axes[1, 1].plot(9, found[3], "k*", markersize=11)
            notes.add(
                f"Yours, on 200 samples of alphabet 1: {found[0]:.1%} of unseen letters, {found[1]:.1%} shifted, "
                f"{found[2]:.1%} noisy, ECE {found[3]:.3f}, in {found[4]:.1f} s."
            )
    return fig
