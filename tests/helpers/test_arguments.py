"""Bad input gets an error that names the argument, its value and what is allowed; nothing strange is made of it."""

import inspect
import pkgutil
import re
from functools import partial

import numpy as np
import pytest

import helpers
from helpers import curves, data, gradients, landscapes, letters, plots, practice, samples, training

RNG = np.random.default_rng(0)
X, Y = np.zeros((4, 3)), np.array([0, 1, 2, 0])


def network(**options):
    return training.MLP([3, 4, 3], np.random.default_rng(0), **options)


def sgd(w, grad, state, *, lr):
    return w - lr * grad, state


def trained(**options):
    parts = data.Dataset(X, options.pop("y", Y), X, options.pop("y_val", Y), X, Y)
    given = {"step": sgd, "lr": 0.1, "epochs": 1, "rng": np.random.default_rng(0), "progress": False}
    return training.train(network(), parts, **{**given, **options})


BATCHNORM = partial(training.BatchNorm, abs, abs)
MOONS, LINEAR = partial(data.two_moons, 10), partial(data.linear_regression, 10, 2)
CASES = [
    # labels, wherever they go in
    (lambda: network().loss(X, -1 * (Y > 1)), ValueError, "y holds -1: labels count from 0"),
    (lambda: network().loss(X, Y + 1), ValueError, "y holds 3: for 3 classes the last label is 2"),
    (lambda: network().loss(X, np.eye(3)[Y]), ValueError, r"y has shape (4, 3): of one-hot rows take the labels"),
    (lambda: network().loss(X, Y.astype(float)), TypeError, "y must hold whole numbers, got float64: y.astype(int)"),
    (lambda: network().loss(X, Y[:3]), ValueError, "x has 4 samples, y has 3: they must be as many"),
    (lambda: network().accuracy(X, np.eye(3)[Y]), ValueError, "y has shape (4, 3)"),
    (lambda: trained(y=Y[:2]), ValueError, "x has 4 samples, data.y_train has 2"),
    (lambda: trained(y_val=np.eye(3)[Y]), ValueError, "data.y_val has shape (4, 3)"),
    (lambda: practice.calibration_error(np.ones((4, 10)) / 10, np.eye(10)[Y]), ValueError, "y has shape (4, 10)"),
    (lambda: letters.written(letters.alphabet(RNG), [10], RNG), ValueError, "for 10 classes the last label is 9"),
    # functions
    (lambda: gradients.numerical_gradient(None, X), TypeError, "f must be a function, got None"),
    (lambda: network(layers=training.Layers(*[abs] * 4, None)), TypeError, "loss must be a function, got None"),
    (lambda: BATCHNORM(abs, 3), TypeError, "update_running must be a function, got int (3)"),
    (lambda: training.WeightNorm(abs, None), TypeError, "backward must be a function, got None"),
    (lambda: training.Dropout(None, abs), TypeError, "forward must be a function, got None"),
    (lambda: training.grouped(abs, None, 2), TypeError, "backward must be a function, got None"),
    (lambda: training.mean_only(None, abs), TypeError, "forward must be a function, got None"),
    (lambda: network(penalty=0.1), TypeError, "penalty must be a function, got float (0.1)"),
    (lambda: trained(step=None), TypeError, "step must be a function, got None"),
    (lambda: trained(lr=None, schedule=0.1), TypeError, "schedule must be a function, got float (0.1)"),
    (lambda: training.seeds_summary(3, [1, 2]), TypeError, "run must be a function, got int (3)"),
    (lambda: practice.practice(None), TypeError, "train must be a function, got None"),
    (lambda: practice.practice(lambda x, y, rng: None, alphabets=[1], test=10), TypeError, "what train returns must"),
    # numbers
    (lambda: gradients.numerical_gradient(np.sum, None), TypeError, "x must be an array of real numbers, got None"),
    (lambda: gradients.numerical_gradient(lambda x: None, X), TypeError, "f(x) must be an array of real numbers, got"),
    (lambda: gradients.numerical_gradient(np.sum, "12"), TypeError, "x must be an array of real numbers, got str"),
    (lambda: gradients.numerical_gradient(np.sum, X, None), TypeError, "h must be a number, got None"),
    (lambda: gradients.relative_error(None, X), TypeError, "a must be an array of real numbers, got None"),
    (lambda: gradients.gradient_report(np.sum, X, None), TypeError, "grad must be an array of real numbers, got None"),
    (lambda: training.seeds_summary(lambda seed: None, [1, 2]), TypeError, "run(1) must be an array of real numbers"),
    (lambda: training.Dropout(abs, abs, p=-1), ValueError, "p=-1 must lie in [0, 1)"),
    (lambda: training.Dropout(abs, abs, p=1), ValueError, "p=1 must lie in [0, 1)"),
    (lambda: training.Dropout(abs, abs, p="0.5"), TypeError, "p must be a number, got str ('0.5')"),
    (lambda: BATCHNORM(momentum=2), ValueError, "momentum=2 must lie in [0, 1]"),
    (lambda: BATCHNORM(eps=-1e-5), ValueError, "eps=-1e-05 must not be negative"),
    (lambda: network(weight_decay=-1), ValueError, "weight_decay=-1 must not be negative"),
    (lambda: trained(lr=np.nan), ValueError, "lr=nan must be finite"),
    (lambda: landscapes.bowl(np.nan), ValueError, "condition=nan must be at least 1"),
    (lambda: landscapes.quadratic([1, 2, 3]), ValueError, "must be two numbers, along x and along y"),
    (lambda: LINEAR(condition=None), TypeError, "condition must be a number, got None"),
    (lambda: LINEAR(noise=-1), ValueError, "noise=-1 must not be negative"),
    (lambda: MOONS(noise=np.nan), ValueError, "noise=nan must not be negative"),
    (lambda: curves.curves("overfitting", RNG, doubt=2), ValueError, "doubt=2 must lie in [0, 1]"),
    (lambda: samples.bends((1, 1, 4, 4), -1, RNG), ValueError, "size=-1 must not be negative"),
    # whole numbers
    (lambda: training.init_mlp([64, 0, 10], RNG), ValueError, "sizes[1]=0 must be at least 1"),
    (lambda: training.init_mlp([64, 1.5, 10], RNG), TypeError, "sizes[1] must be a whole number, got float (1.5)"),
    (lambda: training.grouped(abs, abs, 0), ValueError, "groups=0 must be at least 1"),
    (lambda: trained(epochs=0), ValueError, "epochs=0 must be at least 1"),
    (lambda: trained(batch_size=2.5), TypeError, "batch_size must be a whole number, got float (2.5)"),
    (lambda: trained(watch_every=0), ValueError, "watch_every=0 must be at least 1"),
    (lambda: next(training.shuffled_minibatches(4, 0, RNG)), ValueError, "batch_size=0 must be at least 1"),
    (lambda: data.script(-1), ValueError, "seed=-1 must be at least 0"),
    (lambda: data.script(1, train=1.5), TypeError, "train must be a whole number, got float (1.5)"),
    (lambda: data.spirals(True), TypeError, "n must be a whole number, got bool (True)"),
    (lambda: data.spirals(9, 0), ValueError, "classes=0 must be at least 1"),
    (lambda: data.blobs(10, seed=-1), ValueError, "seed=-1 must be at least 0"),
    (lambda: data.linear_regression(5.0, 2), TypeError, "n must be a whole number, got float (5.0)"),
    (lambda: samples.melody(sample_rate=0), ValueError, "sample_rate=0 must be at least 1"),
    (lambda: landscapes.bowl().grid(1), ValueError, "n=1 must be at least 2"),
    (lambda: curves.curves("overfitting", RNG, epochs=5), ValueError, "epochs=5 must be at least 20"),
    # generators
    (lambda: training.init_mlp([3, 2], 0), TypeError, "rng must be a numpy.random.Generator, as np.random.default_rng"),
    (lambda: trained(rng=np.random), TypeError, "rng must be a numpy.random.Generator"),
    (lambda: samples.bends((1, 1, 4, 4), 1, None), TypeError, "rng must be a numpy.random.Generator"),
    (lambda: curves.curves("overfitting", 0), TypeError, "rng must be a numpy.random.Generator"),
    # samples and shares
    (lambda: data.split(3, Y), TypeError, "x must be an array of samples, got int (3)"),
    (lambda: data.split(X, None), TypeError, "y must be an array of samples, got None"),
    (lambda: data.split(X, Y, validation=None), TypeError, "validation must be a number, got None"),
    (lambda: data.digits(test=np.nan), ValueError, "test=nan must lie in [0, 1)"),
    (lambda: data.mnist("nowhere", validation=1), ValueError, "validation=1 must lie in [0, 1)"),
    (lambda: data.fetch(data.MNIST, ""), ValueError, "folder='' names no folder"),
    (lambda: samples.bends((4, 4), 1, RNG), ValueError, "shape=(4, 4) must be that of images, (N, C, H, W)"),
]


@pytest.mark.parametrize(("call", "error", "says"), CASES, ids=[says for _, _, says in CASES])
def test_bad_input_is_named(call, error, says):
    with pytest.raises(error, match=re.escape(says)):
        call()


def test_lists_are_split_as_arrays_are():
    found = data.split(X.tolist(), Y.tolist(), validation=0.25, test=0.25)
    whole = data.split(X, Y, validation=0.25, test=0.25)
    for name in ("x_train", "y_train", "x_val", "y_val", "x_test", "y_test"):
        np.testing.assert_array_equal(getattr(found, name), getattr(whole, name))


def test_the_packages_docstring_names_every_module():
    names = {module.name for module in pkgutil.iter_modules(helpers.__path__)}
    assert names == set(re.findall(r"`(\w+)`", helpers.__doc__)) - {"train"}


def test_a_picture_shows_no_argument_that_nobody_passes():
    assert len(dir(plots)) > 100
    for name in dir(plots):
        assert "notes" not in inspect.signature(getattr(plots, name)).parameters, name
    assert list(inspect.signature(plots.step_sizes).parameters) == ["sgd", "lrs", "steps"]


def test_of_several_moons_all_are_asked_the_same():
    for points in (data.spirals, data.two_moons, data.blobs):
        with pytest.raises(ValueError, match="noise=-1 must not be negative"):
            points(10, noise=-1)
