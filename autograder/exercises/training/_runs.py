"""The runs that `diagnose` is asked about: what each shows is known from how it was made."""

import numpy as np

from helpers.curves import curves, drawn

# Lecture 001's printed run, a rate of 1e-6: cost, training and validation accuracy. The validation loss is not printed.
PRINTED = {
    "train_loss": "2.302576 2.302582 2.302558 2.302519 2.302517 2.302518 2.302466 2.302452 2.302459 2.302420",
    "val_loss": "2.302576 2.302582 2.302558 2.302519 2.302517 2.302518 2.302466 2.302452 2.302459 2.302420",
    "train_accuracy": "0.080 0.121 0.119 0.127 0.158 0.179 0.180 0.175 0.206 0.190",
    "val_accuracy": "0.103 0.124 0.138 0.151 0.171 0.172 0.176 0.185 0.192 0.192",
}


def printed(rng, epochs):
    return {name: np.array(numbers.split(), float) for name, numbers in PRINTED.items()}


def of(kind, **options):
    return lambda rng, epochs: curves(kind, rng, epochs=epochs, **options)


def with_features(**options):
    usual = {"first": 2.3, "left": 0.5, "top": 0.6, "gap": 0.02, "jumps": 0.008}
    return lambda rng, epochs: drawn(rng, epochs, **{**usual, **options})


def spoilt(value, where):
    """A learning run, one loss of which is no number: at the end, or on the way."""

    def make(rng, epochs):
        run = with_features(left=0.3, top=0.8)(rng, epochs)
        run["train_loss"][-1 if where == "end" else epochs // 3] = value
        return run

    return make


def rising(rng, epochs):
    """A validation accuracy that rises far and evenly: its values are spread, and it does not jump."""
    return with_features(bottom=0.1, top=0.95, bend=0.3, jumps=0.004)(rng, 3 * epochs)


def with_a_spike(rng, epochs):
    run = with_features(left=0.4)(rng, epochs)
    run["train_loss"][epochs // 3] *= 4
    run["val_loss"][epochs // 3] *= 4
    return run


def jumping_in_training(rng, epochs):
    """A training accuracy that jumps, and ends far above the validation accuracy by luck of the last epoch."""
    run = with_features(bottom=0.3)(rng, epochs)
    jumps = 0.12 * (-1.0) ** np.arange(epochs)[::-1]
    run["train_accuracy"] = run["train_accuracy"] + jumps - jumps[-(epochs // 4) :].mean()
    return run


def ends_above_its_least(rng, epochs):
    run = with_features(left=0.4)(rng, epochs)
    run["train_loss"][-3:] *= [1.0, 1.1, 1.25]
    return run


def calm_in_the_end(rng, epochs):
    """A validation accuracy that jumps in the first third and never again."""
    run = with_features(bottom=0.3, jumps=0.004)(rng, epochs)
    early = np.arange(epochs) < epochs // 3
    run["val_accuracy"] = run["val_accuracy"] + early * 0.25 * (-1.0) ** np.arange(epochs)
    return run


def infinite_on_validation(rng, epochs):
    run = with_features(left=0.3, top=0.8)(rng, epochs)
    run["val_loss"][epochs // 3] = np.inf
    return run


def worse_on_validation(rng, epochs):
    """Overfitting so far that the validation loss ends above where it began."""
    return curves("overfitting", rng, epochs=epochs)


# What is shown: the diagnosis, and how such a run is drawn.
RUNS = {
    "nan": ("not a number", of("not a number")),
    "nan at the end": ("not a number", spoilt(np.nan, "end")),
    "nan on the way": ("not a number", spoilt(np.nan, "way")),
    "inf": ("not a number", spoilt(np.inf, "end")),
    "inf on the way": ("not a number", spoilt(np.inf, "way")),
    "high": ("rate too high", of("rate too high")),
    "high, jumping": ("rate too high", with_features(left=3.0, top=0.3, bottom=0.4, jumps=0.14)),
    "low": ("rate too low", of("rate too low")),
    "accuracy doubles": ("rate too low", with_features(left=0.996, bottom=0.1, top=0.4)),
    "large losses": ("rate too low", with_features(first=400.0, left=0.996, top=0.12)),
    "lecture": ("rate too low", printed),
    "low, jumping": ("rate too low", with_features(left=0.996, top=0.3, bottom=0.3, jumps=0.14)),
    "noisy": ("validation set too small", of("validation set too small")),
    "noisy with a gap": ("validation set too small", with_features(left=0.1, top=0.95, gap=0.35, jumps=0.15)),
    "over": ("overfitting", of("overfitting")),
    "over, large losses": ("overfitting", of("overfitting", first=60.0)),
    "over, small losses": ("overfitting", of("overfitting", first=0.02)),
    "under": ("underfitting", of("underfitting")),
    "accuracy stands still": ("underfitting", with_features(left=0.5, bottom=0.5, top=0.52)),
    "large losses learnt": ("underfitting", with_features(first=60.0, left=0.5)),
    "small losses": ("underfitting", with_features(first=0.02, left=0.4)),
    "better on validation": ("underfitting", with_features(gap=-0.28, top=0.6)),
    "even rise": ("underfitting", rising),
    "training jumps": ("underfitting", jumping_in_training),
    "a spike": ("underfitting", with_a_spike),
    "above its least": ("underfitting", ends_above_its_least),
    "calm in the end": ("underfitting", calm_in_the_end),
    "infinite on validation": ("underfitting", infinite_on_validation),
}
