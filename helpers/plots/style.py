"""One look for every picture: colours that survive printing and colour blindness."""

from contextlib import contextmanager

# Okabe and Ito (2008), ordered so that neighbours differ in lightness as well as in hue.
COLORS = ("#0072B2", "#E69F00", "#009E73", "#D55E00", "#CC79A7", "#56B4E9", "#000000")
LINES = ("-", "--", "-.", ":", (0, (5, 1)), (0, (3, 1, 1, 1)), (0, (1, 1)))

_RC = {
    # A white card with black ink, whatever style the reader has set; `ready` says what a dark theme makes of it.
    "figure.facecolor": "white",
    "savefig.facecolor": "white",
    "axes.facecolor": "white",
    "axes.edgecolor": "black",
    "axes.labelcolor": "black",
    "axes.titlecolor": "black",
    "text.color": "black",
    "xtick.color": "black",
    "ytick.color": "black",
    "grid.color": "#b0b0b0",
    "figure.dpi": 100,
    "figure.constrained_layout.use": True,
    # Inches around each part: the card has a margin, and titles keep their distance.
    "figure.constrained_layout.h_pad": 0.09,
    "figure.constrained_layout.w_pad": 0.09,
    "axes.grid": True,
    "axes.spines.top": False,
    "axes.spines.right": False,
    "grid.alpha": 0.3,
    "font.size": 10.5,
    "axes.titlesize": 11.5,
    # Right above its axes: to see whether something is in a title's way takes an eighth of the time of a drawing.
    "axes.titley": 1.0,
    "legend.frameon": False,
    "lines.linewidth": 1.8,
}


@contextmanager
def course_style():
    """Apply the course's look to the figures made inside the block; restore what was set before."""
    import matplotlib.pyplot as plt
    from cycler import cycler

    cycle = cycler(color=COLORS) + cycler(linestyle=LINES)
    with plt.rc_context({**_RC, "axes.prop_cycle": cycle}):
        yield plt
