"""The pictures of 09_penalties with sliders; where none works, each picture remains as it is first drawn."""

from collections.abc import Callable

from helpers.plots import penalised_digits, penalties, stopping
from helpers.widgets.explorer import choice, explore_picture, slide, whole


def moons_explorer(l2_penalty: Callable) -> None:
    """Show small and penalised networks among two moons, with sliders for lam and for the points that are learnt."""
    runs = penalties.MoonRuns(l2_penalty)
    explore_picture(
        penalties.penalties_boundary,
        [l2_penalty],
        {
            "lam": choice("lambda", (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1), 0.001),
            "place": whole("other points", 0, len(runs.seeds) - 1, 0),
        },
        runs=runs,
    )


def curvature_explorer(l2_penalty: Callable) -> None:
    """Show descent in a long valley with a penalty, with sliders for lam and the number of steps."""
    explore_picture(
        penalties.penalties_curvature,
        [l2_penalty],
        {
            "lam": choice("lambda", (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0), 0.1),
            "steps": whole("steps", 1, 200, 30),
        },
    )


def ball_explorer(l2_penalty: Callable, soft_threshold: Callable) -> None:
    """Show the minimum of a quadratic under three penalties, with sliders for lam and beta."""
    explore_picture(
        penalties.penalties_ball,
        [l2_penalty, soft_threshold],
        {"lam": slide("lambda", 0.05, 2.5, 0.05, 0.5), "beta": slide("beta", 0.0, 2.0, 0.1, 0.5)},
    )


def smoothing_explorer(smooth_labels: Callable, label_smoothing_loss: Callable) -> None:
    """Show how sure a network is, with a slider for the eps of the labels that it was trained on."""
    runs = penalised_digits.SmoothedRuns(label_smoothing_loss)
    options = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7)
    controls = {"eps": choice("eps", options, 0.1)}
    explore_picture(penalised_digits.penalties_smoothing, [smooth_labels, label_smoothing_loss], controls, runs=runs)


def patience_explorer(early_stopping: Callable) -> None:
    """Show where training stops on a noisy curve, with sliders for patience, min_delta, noise and the curve."""
    explore_picture(
        stopping.penalties_patience,
        [early_stopping],
        {
            "patience": whole("patience", 1, 30, 5),
            "min_delta": slide("min_delta", 0.0, 0.1, 0.01, 0.0),
            "noise": slide("noise", 0.0, 0.1, 0.01, 0.03),
            "curve": whole("another curve", 0, 20, 0),
        },
    )


def stopping_explorer(gd_shrinkage: Callable, ridge_shrinkage: Callable, matching_lam: Callable) -> None:
    """Show stopping beside an L2 penalty, with sliders for the steps and their size."""
    explore_picture(
        stopping.penalties_stopping,
        [gd_shrinkage, ridge_shrinkage, matching_lam],
        {
            "steps": choice("steps", (1, 2, 3, 5, 10, 20, 50, 100, 200), 10),
            "lr": choice("lr", (0.01, 0.02, 0.05, 0.1), 0.1),
        },
    )


def adversarial_explorer(fgsm: Callable, adversarial_loss: Callable) -> None:
    """Show an attacked digit, with sliders for eps and the digit, and a choice of three networks."""
    explore_picture(
        penalised_digits.penalties_adversarial,
        [fgsm, adversarial_loss],
        {
            "eps": slide("eps", 0.0, 0.3, 0.01, 0.1),
            "digit": whole("digit", 0, 9, 3),
            "trained": choice("trained", ("plain", "noise", "attacked"), "plain"),
        },
        runs=penalised_digits.AttackedRuns(adversarial_loss),
    )


def pruning_explorer(magnitude_prune: Callable, soft_threshold: Callable, l2_penalty: Callable) -> None:
    """Show what pruning leaves of a network, with a slider for sparsity and a choice of three starts."""
    functions = [magnitude_prune, soft_threshold, l2_penalty]
    explore_picture(
        penalised_digits.penalties_pruning,
        functions,
        {
            "sparsity": choice("sparsity", (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98), 0.8),
            "start": choice("network", ("L1", "L2", "untrained"), "L1"),
        },
        runs=penalised_digits.PrunedRuns(*functions),
    )
