"""The other normalizations in a network: gradients by autograd, evaluation, the same start."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from autograder import exercises
from helpers.training import MLP, BatchNorm, WeightNorm, grouped, mean_only

SIZES = (5, 6, 4, 3)


def both(name):
    return exercises.load(f"{name}_backward").right


WEIGHTS = WeightNorm(*both("weightnorm"))
MEAN_ONLY = mean_only(*both("mean_only_batchnorm"))
WAYS = {
    "weight": {"weightnorm": WEIGHTS},
    "mean": {"batchnorm": MEAN_ONLY},
    "weight and mean": {"weightnorm": WEIGHTS, "batchnorm": MEAN_ONLY},
    "groups": {"batchnorm": grouped(*both("groupnorm"), 2)},
    "layer": {"batchnorm": BatchNorm(*both("layernorm"))},
}


def torch_loss(params, way, x, y):
    for i in (1, 2):
        if f"v{i}" in params:
            v = params[f"v{i}"]
            x = x @ (params[f"g{i}"][:, None] * v / v.norm(dim=1, keepdim=True)).T
        else:
            x = x @ params[f"W{i}"]
        if "mean" in way:
            x = x - x.mean(0) + params[f"beta{i}"]
        elif way == "weight":
            x = x + params[f"b{i}"]
        elif way == "groups":
            x = F.group_norm(x, 2, params[f"gamma{i}"], params[f"beta{i}"])
        else:
            x = F.layer_norm(x, x.shape[1:], params[f"gamma{i}"], params[f"beta{i}"])
        x = torch.relu(x)
    return F.cross_entropy(x @ params["W3"] + params["b3"], y)


@pytest.mark.parametrize("way", WAYS)
def test_loss_and_every_gradient_are_autograds(way):
    rng = np.random.default_rng(0)
    network = MLP(SIZES, rng, **WAYS[way])
    network.params = {name: w + 0.3 * rng.standard_normal(w.shape) for name, w in network.params.items()}
    x, y = rng.standard_normal((7, 5)), rng.integers(0, 3, 7)
    loss, grads = network.loss(x, y)
    params = {name: torch.tensor(w, requires_grad=True) for name, w in network.params.items()}
    expected = torch_loss(params, way, torch.tensor(x), torch.tensor(y))
    expected.backward()
    assert loss == pytest.approx(expected.item())
    assert set(grads) == set(params)
    for name, w in params.items():
        known = np.zeros(w.shape) if w.grad is None else w.grad.numpy()
        np.testing.assert_allclose(grads[name], known, atol=1e-10, err_msg=name)


def test_directions_and_lengths_start_as_the_weights_they_stand_for():
    plain, split = (MLP(SIZES, np.random.default_rng(1), weightnorm=way) for way in (None, WEIGHTS))
    x = np.random.default_rng(2).standard_normal((4, 5))
    np.testing.assert_allclose(split.scores(x), plain.scores(x))
    np.testing.assert_allclose(split.activations(x)[1], plain.activations(x)[1])
    assert set(split.params) == {"v1", "g1", "b1", "v2", "g2", "b2", "W3", "b3"}


def test_each_sample_is_evaluated_alone_once_the_statistics_are_those_of_the_training_set():
    rng = np.random.default_rng(3)
    network = MLP(SIZES, rng, batchnorm=MEAN_ONLY)
    x = 2 + rng.standard_normal((50, 5))
    network.calibrate(x)
    np.testing.assert_allclose(network.running["mean1"], (x @ network.params["W1"]).mean(0))
    # On the training set itself the two modes agree.
    np.testing.assert_allclose(network.activations(x, train=False)[1], network.activations(x)[1])
    np.testing.assert_allclose(network.scores(x)[:1], network.scores(x[:1]))
    plain = MLP(SIZES, rng)
    plain.calibrate(x)
    assert plain.running == {}
