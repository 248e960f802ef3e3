"""The pictures of 12_training with sliders; where none works, each picture remains as it is first drawn."""

from collections.abc import Callable

from helpers.curves import KINDS
from helpers.plots import averages, diagnosis, search
from helpers.widgets.explorer import choice, explore_picture, slide, whole


def guess_explorer(diagnose: Callable) -> None:
    """Show a run to be guessed, with a slider for the run, one for the guess, and one that makes it less clear."""
    explore_picture(
        diagnosis.training_guess,
        [diagnose],
        {
            "number": whole("run", 0, 29, 0),
            "guess": choice("your guess", ("?", *KINDS), "?"),
            "doubt": slide("doubt", 0.0, 1.0, 0.1, 0.0),
        },
    )


def range_explorer(lr_range_test: Callable) -> None:
    """Show a range test, with a slider for the rate at which short runs are made."""
    rates = (0.001, 0.003, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0)
    explore_picture(search.training_range, [lr_range_test], {"lr": choice("lr", rates, 0.01)})


def search_explorer(random_search: Callable) -> None:
    """Show a grid beside a random search, with sliders for the trials and for other draws."""
    controls = {"trials": choice("trials", (4, 9, 16, 25), 9), "seed": whole("other draws", 0, 20, 0)}
    explore_picture(search.training_search, [random_search], controls)


def validation_explorer(diagnose: Callable) -> None:
    """Show a run scored with few samples, with sliders for their number and for other ones."""
    controls = {"n": choice("samples", search.SIZES, 20), "part": whole("other samples", 0, 3, 0)}
    explore_picture(search.training_validation_size, [diagnose], controls)


def average_explorer(ema_update: Callable, ema_debiased: Callable) -> None:
    """Show a running average of weights, with a slider for its decay."""
    controls = {"decay": choice("decay", (0.0, 0.5, 0.9, 0.98, 0.99, 0.995, 0.999), 0.99)}
    explore_picture(averages.training_average, [ema_update, ema_debiased], controls)
