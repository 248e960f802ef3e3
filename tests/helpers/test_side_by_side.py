"""Networks that learn side by side: each is what PyTorch makes of the same weights."""

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from autograder.course.source import worked
from helpers.plots.side_by_side import Networks, inverted_dropout, learn
from helpers.plots.stacks import gradients, stacked
from helpers.training import BatchNorm

SIZES = (5, 4, 6, 3)
NAMES = ("batchnorm_forward", "batchnorm_backward", "batchnorm_inference", "update_running")


@pytest.fixture(scope="module")
def layer(request):
    solved = worked("07_batchnorm", request.config.rootpath)
    return BatchNorm(*(solved[name] for name in NAMES))


def batch(rng, networks=2, n=7):
    return rng.normal(size=(networks, n, 5)).astype(np.float32), rng.integers(0, 3, (networks, n))


def torch_scores(params, x, statistics=None):
    for i in (1, 2):
        x = x @ params[f"W{i}"] + params.get(f"b{i}", 0)
        if "gamma1" in params:
            mean, var = (None, None) if statistics is None else statistics[i]
            x = F.batch_norm(x, mean, var, params[f"gamma{i}"], params[f"beta{i}"], statistics is None)
        x = F.relu(x)
    return x @ params["W3"] + params["b3"]


@pytest.mark.parametrize("normalized", [False, True])
def test_losses_and_gradients_are_those_of_autograd(layer, normalized):
    networks = Networks(SIZES, range(2), norm=layer if normalized else None)
    x, y = batch(np.random.default_rng(0))
    losses, grads = networks.loss(x, y)
    for k in range(2):
        params = {name: torch.tensor(w[k], requires_grad=True) for name, w in networks.params.items()}
        loss = F.cross_entropy(torch_scores(params, torch.tensor(x[k])), torch.tensor(y[k]))
        loss.backward()
        assert losses[k] == pytest.approx(loss.item(), rel=1e-5)
        for name, w in params.items():
            np.testing.assert_allclose(grads[name][k], w.grad, rtol=1e-3, atol=1e-6, err_msg=name)


def test_in_evaluation_batch_norm_has_the_statistics_of_the_images_seen(layer):
    networks = Networks(SIZES, range(2), norm=layer)
    rng = np.random.default_rng(0)
    seen, x = batch(rng, n=20)[0], batch(rng, n=1)[0]
    scores = networks.scores(x, seen)
    for k in range(2):
        params = {name: torch.tensor(w[k]) for name, w in networks.params.items()}
        statistics, h = {}, torch.tensor(seen[k])
        for i in (1, 2):
            h = h @ params[f"W{i}"]
            statistics[i] = h.mean(0), h.var(0, correction=0)
            h = F.relu(F.batch_norm(h, None, None, params[f"gamma{i}"], params[f"beta{i}"], True))
        np.testing.assert_allclose(scores[k], torch_scores(params, torch.tensor(x[k]), statistics), rtol=1e-4)


def test_running_statistics_are_those_of_torch(layer):
    networks = Networks(SIZES, range(2), norm=layer, running=True)
    rng = np.random.default_rng(0)
    seen, y = batch(rng, n=20)
    x = batch(rng, n=3)[0]
    networks.loss(seen, y)
    networks.relu_inputs(x)  # a look leaves no trace
    scores = networks.scores(x)
    for k in range(2):
        params = {name: torch.tensor(w[k]) for name, w in networks.params.items()}
        h, statistics = torch.tensor(seen[k]), {}
        for i in (1, 2):
            h = h @ params[f"W{i}"]
            statistics[i] = torch.zeros(h.shape[1]), torch.ones(h.shape[1])
            h = F.relu(F.batch_norm(h, *statistics[i], params[f"gamma{i}"], params[f"beta{i}"], True))
        np.testing.assert_allclose(scores[k], torch_scores(params, torch.tensor(x[k]), statistics), rtol=1e-4)


def test_what_is_dropped_in_the_forward_has_no_gradient():
    networks = Networks(SIZES, range(2), drop=inverted_dropout(0.99, np.random.default_rng(0)))
    x, y = batch(np.random.default_rng(1), n=3)
    _, grads = networks.loss(x, y)
    assert not grads["W1"].any() and grads["b3"].any()
    # None is dropped when a network is evaluated.
    assert networks.scores(x)[0].std() > 0


def test_what_takes_the_place_of_dropout_in_evaluation_does_so_there_alone():
    networks = Networks(SIZES, range(2), at_test=lambda x: 0 * x)
    x, y = batch(np.random.default_rng(1))
    np.testing.assert_array_equal(networks.scores(x), np.zeros((2, 7, 3)))
    assert networks.loss(x, y)[1]["W1"].any()


def test_gradients_for_shares_of_classes_are_those_of_autograd():
    rng = np.random.default_rng(0)
    x, shares = batch(rng)[0], rng.dirichlet(np.ones(3), (2, 7)).astype(np.float32)
    made = stacked(SIZES, range(2))
    grads = gradients(made, x, shares)
    for k in range(2):
        params = {name: torch.tensor(w[k], requires_grad=True) for name, w in made.items()}
        F.cross_entropy(torch_scores(params, torch.tensor(x[k])), torch.tensor(shares[k])).backward()
        for name, w in params.items():
            np.testing.assert_allclose(grads[name][k], w.grad, rtol=1e-3, atol=1e-6, err_msg=name)


@pytest.mark.parametrize("momentum", [0.0, 0.9])
def test_steps_are_those_of_torch_with_a_rate_for_each_network(momentum):
    rates, rng = (0.1, 0.5), np.random.default_rng(0)
    x, y = batch(rng, n=8)
    networks = Networks(SIZES, (3, 3))
    start = {name: w.copy() for name, w in networks.params.items()}
    learn(networks, x, y, lr=np.array(rates), steps=6, batch=8, momentum=momentum, rng=np.random.default_rng(1))
    for k, lr in enumerate(rates):
        params = {name: torch.tensor(w[k], requires_grad=True) for name, w in start.items()}
        optimizer = torch.optim.SGD(params.values(), lr=lr, momentum=momentum)
        for _ in range(6):
            optimizer.zero_grad()
            F.cross_entropy(torch_scores(params, torch.tensor(x[k])), torch.tensor(y[k])).backward()
            optimizer.step()
        for name, w in params.items():
            np.testing.assert_allclose(networks.params[name][k], w.detach(), rtol=1e-3, atol=1e-5, err_msg=name)
