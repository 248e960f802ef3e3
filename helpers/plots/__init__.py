"""Every picture of the course, drawn with the student's own functions. Importing this package imports no plotting."""

from importlib import import_module

# public name -> module of this package that holds it
_TABLE = {
    # start
    "start_error": "start",
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
    # adam
    "adam_valley": "adam",
    "adam_effective_rates": "adam",
    "adam_adadelta": "adam",
    "adam_first_steps": "adam",
    "adam_correction": "adam",
    "adam_wrong_way": "adam",
    "adam_decay": "adam",
    "adam_dead_pixels": "adam",
    "adam_nadam": "adam",
    "adam_race": "adam",
    "adam_denominators": "adam",
    "adam_tiny_gradients": "adam",
    "adam_digits": "adam",
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
    # backprop
    "backprop_suspects": "backprop",
    "backprop_step_width": "backprop",
    "backprop_cost": "backprop",
    "backprop_gradient_check": "backprop",
    "backprop_collapse": "backprop",
    "backprop_activations": "backprop",
    "backprop_extremes": "backprop",
    "backprop_depth": "backprop",
    "backprop_dead_units": "backprop",
    "backprop_maxout": "backprop",
    "backprop_softmax": "backprop",
    "backprop_hinge": "backprop",
    "backprop_two_layer_check": "backprop",
    "backprop_weight_decay": "backprop",
    "backprop_boundary": "backprop",
    "backprop_twenty_lines": "backprop",
    "backprop_before_and_after": "backprop",
    # initialization
    "initialization_clouds": "initialization",
    "initialization_digits": "initialization",
    "initialization_symmetry": "initialization",
    "initialization_layers": "initialization",
    "initialization_variance": "initialization",
    "initialization_table": "initialization",
    "initialization_gain": "initialization",
    "initialization_both_ways": "initialization",
    "initialization_orthogonal": "initialization",
    "initialization_training": "initialization",
    "initialization_depth": "initialization",
    "initialization_before_and_after": "initialization",
    # augmentation
    "augmentation_shifts": "augmentation",
    "augmentation_warps": "augmentation",
    "augmentation_generations": "augmentation",
    "augmentation_labels": "augmentation",
    "augmentation_light": "augmentation",
    "augmentation_draws": "augmentation",
    "augmentation_mixup": "augmentation",
    "augmentation_pipeline": "augmentation",
    "augmentation_style": "augmentation",
    "augmentation_noise": "augmentation",
    "augmentation_compression": "augmentation",
    "augmentation_stretch": "augmentation",
    "augmentation_frames": "augmentation",
    "augmentation_few_images": "augmentation",
    "augmentation_recipes": "augmentation",
    # dropout
    "dropout_overfitting": "dropout",
    "dropout_forgotten_scale": "dropout",
    "dropout_two_modes": "dropout",
    "dropout_gradient": "dropout",
    "dropout_readings": "dropout",
    "dropout_connect": "dropout",
    "dropout_channels": "dropout",
    "dropout_gaussian": "dropout",
    "dropout_kl": "dropout",
    "dropout_uncertainty": "dropout",
    "dropout_linear_penalty": "dropout",
    "dropout_ensemble": "dropout",
    "dropout_before_and_after": "dropout",
}


def __getattr__(name: str):
    if name not in _TABLE:
        raise AttributeError(f"module {__name__!r} has no attribute {name!r}")
    return getattr(import_module(f"{__name__}.{_TABLE[name]}"), name)


def __dir__() -> list[str]:
    return sorted(_TABLE)
