"""Normalizations to play with: who shares a mean, who moves with whom, right angles, round clouds."""

from collections.abc import Callable, Mapping

from helpers.plots.normalization import norm_clouds, norm_neighbours, norm_right_angle, norm_sharing
from helpers.widgets.explorer import explore


def sharing_explorer(norm_axes: Callable, groupnorm_forward: Callable) -> None:
    """Show which pixels share a mean with a pixel, with sliders for the pixel and the number of groups.

    Parameters
    ----------
    norm_axes, groupnorm_forward : the student's
    """
    _explore(norm_sharing, (norm_axes, groupnorm_forward), _pixel, "groups, image, channel, row, column")


def neighbours_explorer(family: Mapping[str, Callable]) -> None:
    """Show what one sample that is dragged away does to the others, with sliders.

    Parameters
    ----------
    family : name -> forward, the student's; names as in `helpers.plots.normalization.NEIGHBOURS`
    """
    _explore(norm_neighbours, (family,), _drag, "batch size, dragged feature, distance, draw")


def weightnorm_explorer(weightnorm_forward: Callable, weightnorm_backward: Callable) -> None:
    """Show v and its gradient in the plane, with sliders for the start and for SGD's lr, momentum and steps.

    Parameters
    ----------
    weightnorm_forward, weightnorm_backward : the student's
    """
    _explore(norm_right_angle, (weightnorm_forward, weightnorm_backward), _walk, "lr, momentum, steps, angle, length")


def whitening_explorer(decorrelated_batchnorm_forward: Callable) -> None:
    """Show a cloud after BatchNorm, PCA, Cholesky and ZCA, with sliders for its correlation and eps.

    Parameters
    ----------
    decorrelated_batchnorm_forward : the student's
    """
    _explore(norm_clouds, (decorrelated_batchnorm_forward,), _slant, "correlation, eps")


def _explore(picture: Callable, functions: tuple, sliders: Callable, names: str) -> None:
    explore(
        picture.draw(*functions),
        picture.alt,
        _made(sliders),
        _panel,
        f"(Sliders stand here where the notebook runs in Jupyter: {names}.)",
        lambda **values: picture.draw(*functions, **values),
    )


def _made(sliders: Callable) -> dict | None:
    """Return the sliders, or None where there is no ipywidgets."""
    try:
        import ipywidgets
    except ImportError:
        return None
    wide = {"style": {"description_width": "110px"}, "layout": ipywidgets.Layout(width="360px")}
    return sliders(ipywidgets, {"continuous_update": False, **wide})


def _pixel(w, slow: dict) -> dict:
    place = {"min": 0, **slow}
    return {
        "groups": w.SelectionSlider(options=(1, 2, 4, 8), value=2, description="groups", **slow),
        "image": w.IntSlider(value=0, max=2, description="image n", **place),
        "channel": w.IntSlider(value=1, max=7, description="channel c", **place),
        "row": w.IntSlider(value=1, max=2, description="row", **place),
        "column": w.IntSlider(value=2, max=2, description="column", **place),
    }


def _drag(w, slow: dict) -> dict:
    return {
        "batch_size": w.SelectionSlider(options=(2, 4, 8, 16, 32), value=8, description="batch size", **slow),
        "feature": w.IntSlider(value=0, min=0, max=11, description="dragged feature", **slow),
        "distance": w.FloatSlider(value=20.0, min=2.0, max=100.0, step=2.0, description="distance", **slow),
        "draw": w.IntSlider(value=0, min=0, max=20, description="another batch", **slow),
    }


def _walk(w, slow: dict) -> dict:
    rates = (0.03, 0.1, 0.3, 1.0, 3.0, 10.0)
    return {
        "lr": w.SelectionSlider(options=rates, value=0.3, description="lr", **slow),
        "momentum": w.FloatSlider(value=0.0, min=0.0, max=0.95, step=0.05, description="momentum", **slow),
        "steps": w.IntSlider(value=30, min=1, max=100, description="steps", **slow),
        "angle": w.IntSlider(value=70, min=5, max=175, step=5, description="angle", **slow),
        "length": w.FloatSlider(value=1.0, min=0.2, max=5.0, step=0.1, description="length of v", **slow),
    }


def _slant(w, slow: dict) -> dict:
    sizes = (1e-5, 1e-3, 1e-2, 0.1, 0.3, 1.0)
    return {
        "correlation": w.FloatSlider(value=0.9, min=-0.95, max=0.95, step=0.05, description="correlation", **slow),
        "eps": w.SelectionSlider(options=sizes, value=1e-5, description="eps", **slow),
    }


def _panel(sliders: dict):
    import ipywidgets

    names = list(sliders)
    half = (len(names) + 1) // 2
    return ipywidgets.HBox([ipywidgets.VBox([sliders[name] for name in part]) for part in (names[:half], names[half:])])
