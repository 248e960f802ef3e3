"""Every interactive picture of the course. Importing this package imports neither ipywidgets nor matplotlib."""

from importlib import import_module

# public name -> module of this package that holds it
_TABLE = {
    "optimizer_race": "optimizers",
    "adam_explorer": "adam",
    "beyond_explorer": "beyond_adam",
    "newton_explorer": "second_order",
    "batchnorm_explorer": "batchnorm",
    "sharing_explorer": "normalization",
    "neighbours_explorer": "normalization",
    "weightnorm_explorer": "normalization",
    "whitening_explorer": "normalization",
    "backprop_playground": "backprop",
    "initialization_explorer": "initialization",
    "moons_explorer": "penalties",
    "curvature_explorer": "penalties",
    "ball_explorer": "penalties",
    "smoothing_explorer": "penalties",
    "patience_explorer": "penalties",
    "stopping_explorer": "penalties",
    "adversarial_explorer": "penalties",
    "pruning_explorer": "penalties",
    "augmentation_gallery": "augmentation",
    "dropout_explorer": "dropout",
    "guess_explorer": "training",
    "range_explorer": "training",
    "search_explorer": "training",
    "validation_explorer": "training",
    "average_explorer": "training",
}


def __getattr__(name: str):
    if name not in _TABLE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_TABLE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_TABLE)
