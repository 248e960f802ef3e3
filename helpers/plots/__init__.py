"""Every picture of the course, drawn with the student's own functions. Importing this package imports no plotting."""

from importlib import import_module

# public name -> module of this package that holds it
_TABLE = {
    # optimizers
    "step_sizes": "optimizers",
    "stability_threshold": "optimizers",
    "critical_points": "optimizers",
    "minibatch_jitter": "optimizers",
    "momentum_paths": "optimizers",
    "momentum_forms": "optimizers",
    "lookahead_signs": "optimizers",
    "nesterov_twins": "optimizers",
    "schedules": "optimizers",
    "schedule_floor": "optimizers",
    "race": "optimizers",
    "digits_before_and_after": "optimizers",
    # batchnorm
    "batchnorm_features": "batchnorm",
    "batchnorm_extremes": "batchnorm",
    "batchnorm_running": "batchnorm",
    "batchnorm_companions": "batchnorm",
    "batchnorm_population": "batchnorm",
    "batchnorm_gradient_check": "batchnorm",
    "batchnorm_timing": "batchnorm",
    "batchnorm_folding": "batchnorm",
    "batchnorm_centering": "batchnorm",
    "batchnorm_scale": "batchnorm",
    "batchnorm_negative_scale": "batchnorm",
    "batchnorm_shared": "batchnorm",
    "batchnorm_drift": "batchnorm",
    "batchnorm_learning_rates": "batchnorm",
    "batchnorm_batch_sizes": "batchnorm",
    "batchnorm_start_scales": "batchnorm",
    "batchnorm_shifted": "batchnorm",
    "batchnorm_before_and_after": "batchnorm",
}


def __getattr__(name: str):
    if name not in _TABLE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_TABLE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_TABLE)
