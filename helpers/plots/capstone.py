"""Pictures of the capstone: the script."""

import numpy as np

from helpers import data
from helpers.plots.ready import Notes, picture


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
