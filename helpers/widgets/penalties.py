"""The pictures of 09_penalties with sliders; where none works, each picture remains as it is first drawn."""

from collections.abc import Callable, Sequence

from helpers.plots import penalised_digits, penalties, stopping
from helpers.widgets.explorer import explore

_WORDS = "(Sliders for {} stand here where the notebook runs in Jupyter.)"


def moons_explorer(l2_penalty: Callable) -> None:
    """Show small and penalised networks among two moons, with sliders for lam and for the points that are learnt."""
    runs = penalties.MoonRuns(l2_penalty)
    _explore(
        penalties.penalties_boundary,
        [l2_penalty],
        {
            "lam": _choice("lambda", (0.0, 0.0003, 0.001, 0.003, 0.01, 0.03, 0.1), 0.001),
            "place": _whole("other points", 0, len(runs.seeds) - 1, 0),
        },
        runs=runs,
    )


def curvature_explorer(l2_penalty: Callable) -> None:
    """Show descent in a long valley with a penalty, with sliders for lam and the number of steps."""
    _explore(
        penalties.penalties_curvature,
        [l2_penalty],
        {
            "lam": _choice("lambda", (0.0, 0.01, 0.03, 0.1, 0.3, 1.0, 3.0, 10.0), 0.1),
            "steps": _whole("steps", 1, 200, 30),
        },
    )


def ball_explorer(l2_penalty: Callable, soft_threshold: Callable) -> None:
    """Show the minimum of a quadratic under three penalties, with sliders for lam and beta."""
    _explore(
        penalties.penalties_ball,
        [l2_penalty, soft_threshold],
        {"lam": _slide("lambda", 0.05, 2.5, 0.05, 0.5), "beta": _slide("beta", 0.0, 2.0, 0.1, 0.5)},
    )


def smoothing_explorer(smooth_labels: Callable, label_smoothing_loss: Callable) -> None:
    """Show how sure a network is, with a slider for the eps of the labels that it was trained on."""
    runs = penalised_digits.SmoothedRuns(label_smoothing_loss)
    options = (0.0, 0.02, 0.05, 0.1, 0.2, 0.4, 0.7)
    controls = {"eps": _choice("eps", options, 0.1)}
    _explore(penalised_digits.penalties_smoothing, [smooth_labels, label_smoothing_loss], controls, runs=runs)


def patience_explorer(early_stopping: Callable) -> None:
    """Show where training stops on a noisy curve, with sliders for patience, min_delta, noise and the curve."""
    _explore(
        stopping.penalties_patience,
        [early_stopping],
        {
            "patience": _whole("patience", 1, 30, 5),
            "min_delta": _slide("min_delta", 0.0, 0.1, 0.01, 0.0),
            "noise": _slide("noise", 0.0, 0.1, 0.01, 0.03),
            "curve": _whole("another curve", 0, 20, 0),
        },
    )


def stopping_explorer(gd_shrinkage: Callable, ridge_shrinkage: Callable, matching_lam: Callable) -> None:
    """Show stopping beside an L2 penalty, with sliders for the steps and their size."""
    _explore(
        stopping.penalties_stopping,
        [gd_shrinkage, ridge_shrinkage, matching_lam],
        {
            "steps": _choice("steps", (1, 2, 3, 5, 10, 20, 50, 100, 200), 10),
            "lr": _choice("lr", (0.01, 0.02, 0.05, 0.1), 0.1),
        },
    )


def adversarial_explorer(fgsm: Callable, adversarial_loss: Callable) -> None:
    """Show an attacked digit, with sliders for eps and the digit, and a choice of three networks."""
    _explore(
        penalised_digits.penalties_adversarial,
        [fgsm, adversarial_loss],
        {
            "eps": _slide("eps", 0.0, 0.3, 0.01, 0.1),
            "digit": _whole("digit", 0, 9, 3),
            "trained": _choice("trained", ("plain", "noise", "attacked"), "plain"),
        },
        runs=penalised_digits.AttackedRuns(adversarial_loss),
    )


def pruning_explorer(magnitude_prune: Callable, soft_threshold: Callable, l2_penalty: Callable) -> None:
    """Show what pruning leaves of a network, with a slider for sparsity and a choice of three starts."""
    functions = [magnitude_prune, soft_threshold, l2_penalty]
    _explore(
        penalised_digits.penalties_pruning,
        functions,
        {
            "sparsity": _choice("sparsity", (0.0, 0.25, 0.5, 0.7, 0.8, 0.9, 0.95, 0.98), 0.8),
            "start": _choice("network", ("L1", "L2", "untrained"), "L1"),
        },
        runs=penalised_digits.PrunedRuns(*functions),
    )


# ---------------------------------------------------------------------------------- controls

Control = tuple[str, dict]


def _choice(description: str, options: Sequence, value) -> Control:
    return "SelectionSlider", {"description": description, "options": options, "value": value}


def _whole(description: str, low: int, high: int, value: int) -> Control:
    return "IntSlider", {"description": description, "min": low, "max": high, "value": value}


def _slide(description: str, low: float, high: float, step: float, value: float) -> Control:
    return "FloatSlider", {"description": description, "min": low, "max": high, "step": step, "value": value}


def _explore(picture: Callable, functions: list[Callable], controls: dict[str, Control], **kept) -> None:
    """Show a picture with a control for each of these options; `kept` is handed over at every drawing."""

    def again(**values):
        return picture.draw(*functions, **kept, **values)

    names = ", ".join(options["description"] for _, options in controls.values())
    first = again(**{name: options["value"] for name, (_, options) in controls.items()})
    explore(first, picture.alt, _made(controls), _panel, _WORDS.format(names), again)


def _made(controls: dict[str, Control]) -> dict | None:
    """Return the ipywidgets, or None where there are none."""
    try:
        import ipywidgets
    except ImportError:
        return None
    wide = {"style": {"description_width": "90px"}, "layout": ipywidgets.Layout(width="330px")}
    return {
        name: getattr(ipywidgets, kind)(continuous_update=False, **options, **wide)
        for name, (kind, options) in controls.items()
    }


def _panel(sliders: dict):
    import ipywidgets

    return ipywidgets.HBox(list(sliders.values()), layout=ipywidgets.Layout(flex_flow="row wrap"))
