"""Normalizations to play with: who shares a mean, who moves with whom, right angles, round clouds."""

from collections.abc import Callable, Mapping

from helpers.plots.normalization import norm_clouds, norm_neighbours, norm_right_angle, norm_sharing
from helpers.widgets.explorer import choice, explore_picture, slide, whole


def sharing_explorer(norm_axes: Callable, groupnorm_forward: Callable) -> None:
    """Show which pixels share a mean with a pixel, with sliders for the pixel and the number of groups.

    Parameters
    ----------
    norm_axes, groupnorm_forward : the student's
    """
    controls = {
        "groups": choice("groups", (1, 2, 4, 8), 2),
        "image": whole("image n", 0, 2, 0),
        "channel": whole("channel c", 0, 7, 1),
        "row": whole("row", 0, 2, 1),
        "column": whole("column", 0, 2, 2),
    }
    explore_picture(norm_sharing, (norm_axes, groupnorm_forward), controls)


def neighbours_explorer(family: Mapping[str, Callable]) -> None:
    """Show what one sample that is dragged away does to the others, with sliders.

    Parameters
    ----------
    family : name -> forward, the student's; names as in `helpers.plots.normalization.NEIGHBOURS`
    """
    controls = {
        "batch_size": choice("batch size", (2, 4, 8, 16, 32), 8),
        "feature": whole("dragged feature", 0, 11, 0),
        "distance": slide("distance", 2.0, 100.0, 2.0, 20.0),
        "draw": whole("another batch", 0, 20, 0),
    }
    explore_picture(norm_neighbours, (family,), controls)


def weightnorm_explorer(weightnorm_forward: Callable, weightnorm_backward: Callable) -> None:
    """Show v and its gradient in the plane, with sliders for the start and for SGD's lr, momentum and steps.

    Parameters
    ----------
    weightnorm_forward, weightnorm_backward : the student's
    """
    controls = {
        "lr": choice("lr", (0.03, 0.1, 0.3, 1.0, 3.0, 10.0), 0.3),
        "momentum": slide("momentum", 0.0, 0.95, 0.05, 0.0),
        "steps": whole("steps", 1, 100, 30),
        "angle": whole("angle", 5, 175, 70, step=5),
        "length": slide("length of v", 0.2, 5.0, 0.1, 1.0),
    }
    explore_picture(norm_right_angle, (weightnorm_forward, weightnorm_backward), controls)


def whitening_explorer(decorrelated_batchnorm_forward: Callable) -> None:
    """Show a cloud after BatchNorm, PCA, Cholesky and ZCA, with sliders for its correlation and eps.

    Parameters
    ----------
    decorrelated_batchnorm_forward : the student's
    """
    controls = {
        "correlation": slide("correlation", -0.95, 0.95, 0.05, 0.9),
        "eps": choice("eps", (1e-5, 1e-3, 1e-2, 0.1, 0.3, 1.0), 1e-5),
    }
    explore_picture(norm_clouds, (decorrelated_batchnorm_forward,), controls)
