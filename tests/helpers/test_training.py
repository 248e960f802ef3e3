"""The network's gradients are autograd's, and the loop does what it says with the student's functions."""

from dataclasses import replace
from functools import partial

import numpy as np
import pytest
import torch
from torch.nn import functional as F

from helpers import data
from helpers.training import (
    BUILT_IN,
    MLP,
    QUANTILES,
    BatchNorm,
    Dropout,
    Layers,
    init_mlp,
    mlp_loss,
    mlp_scores,
    seeds_summary,
    shuffled_minibatches,
    train,
)

# ----------------------------------------------------------------- what a student would plug in


def sgd(w, grad, state, *, lr):
    return w - lr * grad, state


def momentum(w, grad, state, *, lr, momentum=0.9):
    state["v"] = momentum * state.get("v", 0.0) + grad  # in place, which is allowed
    return w - lr * state["v"], state


def batchnorm_forward(x, gamma, beta, *, eps=1e-5):
    std = np.sqrt(x.var(axis=0) + eps)
    normal = (x - x.mean(axis=0)) / std
    return gamma * normal + beta, (normal, gamma, std)


def batchnorm_backward(dout, cache):
    normal, gamma, std = cache
    g = dout * gamma
    dx = (g - g.mean(axis=0) - normal * (g * normal).mean(axis=0)) / std
    return dx, (dout * normal).sum(axis=0), dout.sum(axis=0)


def batchnorm_inference(x, gamma, beta, running_mean, running_var, *, eps=1e-5):
    return gamma * (x - running_mean) / np.sqrt(running_var + eps) + beta


def update_running(running_mean, running_var, x, *, momentum=0.1):
    mean = (1 - momentum) * running_mean + momentum * x.mean(axis=0)
    return mean, (1 - momentum) * running_var + momentum * x.var(axis=0, ddof=1)


BATCHNORM = BatchNorm(
    batchnorm_forward, batchnorm_backward, batchnorm_inference, update_running, eps=1e-3, momentum=0.3
)
PAIR = BatchNorm(batchnorm_forward, batchnorm_backward)


@pytest.fixture
def rng():
    return np.random.default_rng(0)


@pytest.fixture(scope="module")
def blobs():
    return data.split(*data.blobs(150, noise=0.2, seed=1))


def torch_mlp(params, running=None, train=True):
    """Return leaf tensors of params, and the network as a function of x; running statistics in place."""
    leaves = {name: torch.tensor(w, requires_grad=True) for name, w in params.items()}
    depth = sum(name.startswith("W") for name in params)

    def network(x):
        for i in range(1, depth):
            x = x @ leaves[f"W{i}"]
            if f"gamma{i}" in leaves:
                statistics = (running[f"mean{i}"], running[f"var{i}"]) if running else (None, None)
                scale = leaves[f"gamma{i}"], leaves[f"beta{i}"]
                x = F.batch_norm(x, *statistics, *scale, training=train, momentum=0.3, eps=1e-3)
            else:
                x = x + leaves[f"b{i}"]
            x = torch.relu(x)
        return x @ leaves[f"W{depth}"] + leaves[f"b{depth}"]

    return leaves, network


def random_params(sizes, rng, batchnorm):
    """Return parameters of which none is 0 or 1, as gradients may be right by accident there."""
    params = init_mlp(sizes, rng, batchnorm=batchnorm)
    return {name: w + 0.3 * rng.standard_normal(w.shape) for name, w in params.items()}


# -------------------------------------------------------------------------------------- network


@pytest.mark.parametrize("weight_decay", [0.0, 0.1])
@pytest.mark.parametrize("batchnorm", [None, PAIR, BATCHNORM])
@pytest.mark.parametrize("sizes", [(5, 3), (5, 8, 3), (5, 8, 7, 6, 3)])
def test_loss_and_every_gradient_are_autograds(rng, sizes, batchnorm, weight_decay):
    params = random_params(sizes, rng, batchnorm is not None)
    x, y = rng.standard_normal((16, 5)), rng.integers(0, 3, 16)
    if batchnorm is PAIR:
        batchnorm = BatchNorm(batchnorm_forward, batchnorm_backward, eps=1e-3)
    loss, grads = mlp_loss(params, x, y, batchnorm=batchnorm, weight_decay=weight_decay)

    leaves, network = torch_mlp(params)
    expected = F.cross_entropy(network(torch.tensor(x)), torch.tensor(y))
    expected = expected + weight_decay * sum((w**2).sum() for name, w in leaves.items() if name[0] == "W")
    expected.backward()
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    assert list(grads) == list(params)
    for name, leaf in leaves.items():
        np.testing.assert_allclose(grads[name], leaf.grad.numpy(), rtol=1e-7, atol=1e-12, err_msg=name)


def test_loss_leaves_everything_it_is_given_alone(rng):
    params = random_params((5, 8, 3), rng, True)
    x, y = rng.standard_normal((16, 5)), rng.integers(0, 3, 16)
    before = {name: w.copy() for name, w in params.items()}, x.copy(), y.copy()
    first = mlp_loss(params, x, y, batchnorm=BATCHNORM, weight_decay=0.1)
    second = mlp_loss(params, x, y, batchnorm=BATCHNORM, weight_decay=0.1)
    np.testing.assert_equal((params, x, y), before)
    np.testing.assert_equal(first, second)


def test_loss_of_huge_scores_is_finite_and_quiet(rng):
    params = init_mlp((2, 2), rng) | {"W1": np.diag([1e4, -1e4])}
    loss, grads = mlp_loss(params, np.ones((1, 2)), np.array([1]))
    assert loss == pytest.approx(2e4)
    np.testing.assert_allclose(grads["b1"], [1.0, -1.0])


def test_running_statistics_and_evaluation_are_pytorchs(rng):
    network = MLP((5, 8, 7, 3), rng, batchnorm=BATCHNORM)
    network.params = random_params((5, 8, 7, 3), rng, True)
    running = {name: torch.tensor(value) for name, value in network.running.items()}
    _, in_training = torch_mlp(network.params, running)
    _, in_evaluation = torch_mlp(network.params, running, train=False)
    for _ in range(3):
        x, y = rng.standard_normal((16, 5)) * 2 + 1, rng.integers(0, 3, 16)
        network.loss(x, y)
        in_training(torch.tensor(x))
    assert set(network.running) == {"mean1", "var1", "mean2", "var2"}
    for name, value in network.running.items():
        np.testing.assert_allclose(value, running[name].numpy(), rtol=1e-10, err_msg=name)
    expected = in_evaluation(torch.tensor(x)).detach().numpy()
    np.testing.assert_allclose(network.scores(x), expected, rtol=1e-9)
    np.testing.assert_allclose(network.scores(x[:1]), expected[:1], rtol=1e-9)
    np.testing.assert_array_equal(network.predict(x), expected.argmax(axis=1))
    assert network.accuracy(x, y) == np.mean(expected.argmax(axis=1) == y)


def test_evaluation_does_not_touch_the_running_statistics(rng):
    network = MLP((5, 8, 3), rng, batchnorm=BATCHNORM)
    network.scores(rng.standard_normal((9, 5)))
    network.activations(rng.standard_normal((9, 5)))
    np.testing.assert_equal(network.running, {"mean1": np.zeros(8), "var1": np.ones(8)})


def test_without_inference_the_network_is_evaluated_on_the_batch_itself(rng):
    network = MLP((5, 8, 3), rng, batchnorm=PAIR)
    x = rng.standard_normal((16, 5))
    z = batchnorm_forward(x @ network.params["W1"], 1.0, 0.0)[0]
    expected = np.maximum(z, 0) @ network.params["W2"]
    np.testing.assert_allclose(network.scores(x), expected, rtol=1e-12)
    assert network.running == {}


def test_a_batch_of_one_does_not_spoil_the_running_statistics(rng):
    network = MLP((5, 8, 3), rng, batchnorm=BATCHNORM)
    loss, grads = network.loss(np.ones((1, 5)), np.array([0]))
    assert np.isfinite(loss) and all(np.isfinite(grad).all() for grad in grads.values())
    np.testing.assert_equal(network.running, {"mean1": np.zeros(8), "var1": np.ones(8)})


def test_a_backward_gets_the_cache_of_its_own_forward_even_if_that_is_none(rng):
    seen = []

    def forward(x, gamma, beta, *, eps):
        return x + beta, None

    def backward(dout, cache):
        seen.append(cache)
        return dout, np.zeros(dout.shape[1]), dout.sum(axis=0)

    params = init_mlp((5, 8, 3), rng, batchnorm=True)
    mlp_loss(params, np.ones((2, 5)), np.array([0, 1]), batchnorm=BatchNorm(forward, backward))
    assert seen == [None]


def test_batchnorm_takes_inference_and_update_together():
    with pytest.raises(ValueError, match="give both or none"):
        BatchNorm(batchnorm_forward, batchnorm_backward, inference=batchnorm_inference)


def test_params_and_batchnorm_must_fit(rng):
    x, y = np.ones((2, 5)), np.array([0, 1])
    for params_have_it, batchnorm in ((True, None), (False, PAIR)):
        params = init_mlp((5, 8, 3), rng, batchnorm=params_have_it)
        with pytest.raises(ValueError, match="gamma and beta"):
            mlp_loss(params, x, y, batchnorm=batchnorm)
        with pytest.raises(ValueError, match="gamma and beta"):
            mlp_scores(params, x, batchnorm=batchnorm)


def test_weights_start_with_variance_2_over_fan_in_and_biases_with_0(rng):
    params = init_mlp((400, 300, 10), rng)
    assert params["W1"].std() == pytest.approx(np.sqrt(2 / 400), rel=0.02)
    assert params["W2"].std() == pytest.approx(np.sqrt(2 / 300), rel=0.05)
    assert abs(params["W1"].mean()) < 1e-3
    assert not params["b1"].any() and not params["b2"].any()


def test_batchnorm_takes_the_place_of_the_hidden_biases(rng):
    params = init_mlp((4, 3, 2), rng, batchnorm=True)
    assert list(params) == ["W1", "gamma1", "beta1", "W2", "b2"]
    np.testing.assert_array_equal(params["gamma1"], np.ones(3))
    np.testing.assert_array_equal(params["beta1"], np.zeros(3))


def test_weights_can_start_from_a_function_of_shape_and_rng(rng):
    seen = []

    def init(shape, given):
        seen.append(shape)
        assert given is rng
        return np.full(shape, 7.0, dtype=np.float32)

    network = MLP((4, 3, 2), rng, init=init)
    assert seen == [(4, 3), (3, 2)]
    assert network.params["W2"].dtype == np.float64
    np.testing.assert_array_equal(network.params["W2"], np.full((3, 2), 7.0))


def test_what_cannot_start_a_network_is_refused(rng):
    with pytest.raises(ValueError, match="init='xavier' must be"):
        init_mlp((4, 3), rng, init="xavier")
    with pytest.raises(ValueError, match=r"W1 the shape \(3, 4\), it must be \(4, 3\)"):
        init_mlp((4, 3), rng, init=lambda shape, rng: np.ones(shape[::-1]))
    with pytest.raises(ValueError, match=r"sizes=\[4\]"):
        init_mlp((4,), rng)


def test_activations_are_what_the_relus_are_given_or_give(rng):
    network = MLP((5, 8, 7, 3), rng, batchnorm=BATCHNORM)
    network.params = random_params((5, 8, 7, 3), rng, True)
    x = rng.standard_normal((16, 5))
    inputs = network.activations(x)
    outputs = network.activations(x, at="relu_out")
    assert [a.shape for a in inputs] == [(16, 8), (16, 7)]
    z = batchnorm_forward(x @ network.params["W1"], network.params["gamma1"], network.params["beta1"], eps=1e-3)[0]
    np.testing.assert_allclose(inputs[0], z, rtol=1e-12)
    for before, after in zip(inputs, outputs, strict=True):
        np.testing.assert_array_equal(after, np.maximum(before, 0))
    evaluated = network.activations(x, at="relu_out", train=False)[-1]
    scores = evaluated @ network.params["W3"] + network.params["b3"]
    np.testing.assert_allclose(scores, network.scores(x), rtol=1e-12)
    with pytest.raises(ValueError, match="at='out' must be"):
        network.activations(x, at="out")


# ----------------------------------------------------------------------------------------- loop


def test_training_equals_pytorchs_with_the_same_batches(rng, blobs):
    network = MLP((2, 6, 5, 3), rng)
    leaves, reference = torch_mlp(network.params)
    optimizer = torch.optim.SGD(leaves.values(), lr=1.0, momentum=0.8)

    def schedule(t):
        return 0.1 / (1 + 0.2 * t)

    rngs = [np.random.default_rng(5) for _ in range(2)]
    history = train(
        network,
        blobs,
        step=partial(momentum, momentum=0.8),
        schedule=schedule,
        epochs=3,
        batch_size=16,
        rng=rngs[0],
        progress=False,
    )
    losses, t = [], 0
    for _ in range(3):
        for batch in shuffled_minibatches(len(blobs.x_train), 16, rngs[1]):
            optimizer.param_groups[0]["lr"] = schedule(t)
            optimizer.zero_grad()
            loss = F.cross_entropy(reference(torch.tensor(blobs.x_train[batch])), torch.tensor(blobs.y_train[batch]))
            loss.backward()
            optimizer.step()
            losses.append(loss.item())
            t += 1
    np.testing.assert_allclose(history.loss, losses, rtol=1e-9)
    np.testing.assert_allclose(history.lr, [schedule(t) for t in range(18)])
    for name, leaf in leaves.items():
        np.testing.assert_allclose(network.params[name], leaf.detach().numpy(), rtol=1e-8, err_msg=name)


def test_history_holds_the_evaluation_after_each_epoch(rng, blobs):
    network = MLP((2, 8, 3), rng)
    seen = []
    history = train(
        network, blobs, step=sgd, lr=0.1, epochs=2, batch_size=20, rng=rng, progress=False,
        on_step=lambda t, network: seen.append((t, network.params)),
    )  # fmt: skip
    assert [t for t, _ in seen] == list(range(10))
    assert history.steps_per_epoch == 5 and not history.diverged and history.activations is None
    for epoch in range(2):
        network.params = seen[5 * epoch + 4][1]
        assert history.train_accuracy[epoch] == network.accuracy(blobs.x_train, blobs.y_train)
        assert history.val_accuracy[epoch] == network.accuracy(blobs.x_val, blobs.y_val)
        for loss, x, y in (
            (history.train_loss, blobs.x_train, blobs.y_train),
            (history.val_loss, blobs.x_val, blobs.y_val),
        ):
            assert loss[epoch] == pytest.approx(mlp_loss(network.params, x, y)[0], rel=1e-12)
    assert "10 steps, 2 epochs, finished" in repr(history)
    assert f"val accuracy {history.val_accuracy[-1]:.3f}" in repr(history)


@pytest.mark.parametrize("batchnorm", [None, PAIR, BATCHNORM])
def test_a_network_learns_the_digits(batchnorm):
    rng = np.random.default_rng(0)
    digits = data.digits()
    network = MLP((64, 32, 10), rng, batchnorm=batchnorm)
    history = train(network, digits, step=sgd, lr=0.3, epochs=6, rng=rng, progress=False)
    assert history.val_accuracy[-1] > 0.93
    assert history.loss[-30:].mean() < history.loss[:30].mean() / 3


def test_training_is_the_same_for_the_same_seed_only(blobs):
    def run(seed):
        rng = np.random.default_rng(seed)
        return train(MLP((2, 8, 3), rng), blobs, step=sgd, lr=0.1, epochs=2, rng=rng, progress=False).loss

    np.testing.assert_array_equal(run(3), run(3))
    assert not np.array_equal(run(3), run(4))


def test_the_students_minibatches_are_used(rng, blobs):
    calls, network = [], MLP((2, 3), rng)

    def minibatches(n, batch_size, given):
        calls.append((n, batch_size))
        assert given is rng
        return [np.array([0, 1]), np.array([2])]

    history = train(
        network, blobs, step=sgd, lr=0.1, epochs=3, batch_size=40, rng=rng, minibatches=minibatches, progress=False
    )
    assert calls == [(90, 40)] * 3
    assert len(history.loss) == 6


def test_own_minibatches_are_all_samples_once_in_a_new_order_each_epoch(rng):
    first, second = (list(shuffled_minibatches(10, 4, rng)) for _ in range(2))
    assert [len(batch) for batch in first] == [4, 4, 2]
    assert sorted(np.concatenate(first)) == sorted(np.concatenate(second)) == list(range(10))
    assert not np.array_equal(np.concatenate(first), np.concatenate(second))


def test_any_network_with_params_loss_and_scores_can_be_trained(rng, blobs):
    class Centres:
        """Scores are minus the distances to one centre a class; learns by pulling the centres."""

        def __init__(self):
            self.params = {"centres": np.zeros((3, 2))}

        def loss(self, x, y):
            pull = self.params["centres"][y] - x
            grad = np.zeros((3, 2))
            np.add.at(grad, y, pull / len(y))
            return 0.5 * np.mean(pull**2), {"centres": grad}

        def scores(self, x):
            return -np.linalg.norm(x[:, None] - self.params["centres"], axis=2)

    history = train(Centres(), blobs, step=sgd, lr=0.5, epochs=3, rng=rng, progress=False)
    assert history.val_accuracy[-1] > 0.9


@pytest.mark.parametrize("batchnorm", [None, BATCHNORM])
@pytest.mark.parametrize("lr", [1e150, 1e300])
def test_a_diverging_run_ends_early_and_quietly_with_finite_weights(rng, blobs, batchnorm, lr):
    network = MLP((2, 8, 8, 3), rng, batchnorm=batchnorm, weight_decay=0.1)
    history = train(network, blobs, step=sgd, lr=lr, epochs=50, rng=rng, progress=False, watch=blobs.x_val)
    assert history.diverged
    assert len(history.loss) == len(history.lr) < 10
    assert np.isnan(history.val_accuracy).all() and history.val_accuracy.shape == (50,)
    assert all(np.isfinite(w).all() for w in network.params.values())
    assert "diverged" in repr(history)


def test_a_loss_of_nan_ends_the_run_before_the_weights_move(rng, blobs):
    network = MLP((2, 8, 3), rng)
    before = network.params
    network.loss = lambda x, y: (np.nan, {name: np.ones_like(w) for name, w in before.items()})
    history = train(network, blobs, step=sgd, lr=0.1, rng=rng, progress=False)
    assert history.diverged and len(history.loss) == 1 and np.isnan(history.loss[0])
    assert network.params is before


def test_a_step_to_infinity_is_not_taken(rng, blobs):
    network, seen = MLP((2, 8, 3), rng), []

    def leap(w, grad, state, *, lr):
        state["t"] = state.get("t", 0) + 1
        return (w - lr * grad if state["t"] < 3 else np.full_like(w, np.inf)), state

    history = train(
        network, blobs, step=leap, lr=0.1, rng=rng, progress=False,
        on_step=lambda t, network: seen.append(network.params),
    )  # fmt: skip
    assert history.diverged and len(history.loss) == 3 and len(seen) == 2
    assert network.params is seen[-1]


def test_scores_that_overflow_in_evaluation_end_the_run(rng, blobs):
    network = MLP((2, 8, 3), rng)
    network.scores = lambda x: np.full((len(x), 3), np.inf)
    history = train(network, blobs, step=sgd, lr=0.1, epochs=5, batch_size=45, rng=rng, progress=False)
    assert history.diverged and len(history.loss) == 2 and np.isnan(history.train_accuracy).all()


def test_epochs_before_the_divergence_are_kept(rng, blobs):
    history = train(
        MLP((2, 8, 3), rng), blobs, step=sgd, schedule=lambda t: 0.1 if t < 7 else 1e300,
        epochs=4, batch_size=30, rng=rng, progress=False,
    )  # fmt: skip
    assert history.diverged
    np.testing.assert_array_equal(np.isnan(history.val_accuracy), [False, False, True, True])


def test_warnings_are_on_again_after_training(rng, blobs):
    train(MLP((2, 8, 3), rng), blobs, step=sgd, lr=1e300, rng=rng, progress=False)
    with pytest.raises(RuntimeWarning):
        np.float64(1e300) * np.float64(1e300)


def test_no_validation_samples_are_no_error(rng):
    d = data.split(*data.blobs(60), validation=0, test=0)
    history = train(MLP((2, 3), rng), d, step=sgd, lr=0.1, epochs=2, rng=rng, progress=False)
    assert np.isnan(history.val_accuracy).all() and not history.diverged
    assert np.isfinite(history.train_accuracy).all()


def test_watched_activations_are_recorded_before_the_first_step_to_after_the_last(rng, blobs):
    network = MLP((2, 8, 6, 3), rng)
    at_start = network.activations(blobs.x_val)
    history = train(
        network,
        blobs,
        step=sgd,
        lr=0.1,
        epochs=3,
        batch_size=30,
        rng=rng,
        watch=blobs.x_val,
        watch_every=4,
        progress=False,
    )
    record = history.activations
    np.testing.assert_array_equal(record.step, [0, 4, 8, 9])
    assert record.mean.shape == record.std.shape == (4, 2) and record.quantiles.shape == (4, 2, 3)
    for row, layers in ((0, at_start), (-1, network.activations(blobs.x_val))):
        for layer, values in enumerate(layers):
            assert record.mean[row, layer] == values.mean() and record.std[row, layer] == values.std()
            np.testing.assert_array_equal(record.quantiles[row, layer], np.quantile(values, QUANTILES))


def test_the_progress_bar_counts_every_step_and_is_shown_only_if_asked_for(rng, blobs, capsys):
    run = partial(train, MLP((2, 3), rng), blobs, step=sgd, lr=0.1, epochs=2, batch_size=30, rng=rng)
    run(progress=False)
    assert capsys.readouterr().err == ""
    run(progress=True)
    assert "6/6" in capsys.readouterr().err


@pytest.mark.parametrize("given", [{}, {"lr": 0.1, "schedule": lambda t: 0.1}])
def test_exactly_one_of_lr_and_schedule_is_needed(rng, blobs, given):
    with pytest.raises(ValueError, match="give one of them"):
        train(MLP((2, 3), rng), blobs, step=sgd, rng=rng, progress=False, **given)


def test_a_step_that_breaks_its_contract_is_named(rng, blobs):
    def forgot_state(w, grad, state, *, lr):
        return w - lr * grad

    def squared(w, grad, state, *, lr):
        return w.sum(), state

    run = partial(train, MLP((2, 3), rng), blobs, lr=0.1, rng=rng, progress=False)
    with pytest.raises(TypeError, match=r"forgot_state must return \(w, state\), it returned ndarray"):
        run(step=partial(forgot_state))
    with pytest.raises(ValueError, match=r"squared returned w of shape \(\) for W1 of shape \(2, 3\)"):
        run(step=squared)


def test_a_function_not_written_yet_says_so_through_the_loop(rng, blobs):
    def unwritten(w, grad, state, *, lr):
        raise NotImplementedError("momentum: ...")

    with pytest.raises(NotImplementedError, match=r"momentum: \.\.\."):
        train(MLP((2, 3), rng), blobs, step=unwritten, lr=0.1, rng=rng, progress=False)


# ---------------------------------------------------------------------------------------- seeds


def test_seeds_summary_is_mean_and_sample_deviation():
    mean, std = seeds_summary(lambda seed: np.array([seed, -seed]), seeds=iter([1, 2, 6]))
    np.testing.assert_allclose(mean, [3.0, -3.0])
    np.testing.assert_allclose(std, [np.sqrt(7.0)] * 2)
    assert seeds_summary(float, seeds=[1, 3])[0] == 2.0


def test_seeds_summary_shows_a_diverged_seed():
    mean, std = seeds_summary(lambda seed: [seed, np.nan if seed else 1.0], seeds=[0, 2])
    np.testing.assert_array_equal(mean, [1.0, np.nan])
    assert np.isnan(std[1])


def test_seeds_summary_refuses_too_few_seeds_and_mixed_shapes():
    with pytest.raises(ValueError, match="1 seeds"):
        seeds_summary(float, seeds=[0])
    with pytest.raises(ValueError, match="different shapes"):
        seeds_summary(np.ones, seeds=[2, 3])


# --------------------------------------------------------------------------------------- layers


def linear_forward(x, W, b):
    return W.T.dot(x.T).T + b[None], {"x": x, "W": W}


def linear_backward(dout, cache):
    return [np.einsum("nm,dm->nd", dout, cache["W"]), np.einsum("nd,nm->dm", cache["x"], dout), dout.sum(axis=0)]


def relu(x):
    return np.where(x > 0, x, 0)


def relu_backward(dout, x):
    return np.where(x > 0, dout, 0)


def softmax_cross_entropy(scores, y):
    log_p = scores - np.logaddexp.reduce(scores, axis=1, keepdims=True)
    one_hot = np.eye(scores.shape[1])[y]
    return -np.mean(np.sum(one_hot * log_p, axis=1)), (np.exp(log_p) - one_hot) / len(y)


LAYERS = Layers(linear_forward, linear_backward, relu, relu_backward, softmax_cross_entropy)


@pytest.mark.parametrize("batchnorm", [None, BATCHNORM])
@pytest.mark.parametrize("sizes", [(5, 3), (5, 8, 7, 3)])
def test_a_network_of_the_students_layers_gives_what_the_built_in_one_gives(rng, sizes, batchnorm):
    theirs, own = (
        MLP(sizes, np.random.default_rng(1), batchnorm=batchnorm, weight_decay=0.1, layers=layers)
        for layers in (LAYERS, BUILT_IN)
    )
    x, y = rng.standard_normal((16, 5)), rng.integers(0, 3, 16)
    (loss, grads), (expected, expected_grads) = theirs.loss(x, y), own.loss(x, y)
    assert loss == pytest.approx(expected, rel=1e-12)
    assert list(grads) == list(theirs.params)
    for name, grad in expected_grads.items():
        np.testing.assert_allclose(grads[name], grad, rtol=1e-9, atol=1e-12, err_msg=name)
    np.testing.assert_allclose(theirs.scores(x), own.scores(x), rtol=1e-9)


def test_every_one_of_the_students_functions_is_used(rng):
    seen = set()

    def spy(function):
        def spied(*args):
            seen.add(function.__name__)
            return function(*args)

        return spied

    functions = [getattr(LAYERS, name) for name in Layers.__dataclass_fields__]
    network = MLP((5, 8, 3), rng, layers=Layers(*map(spy, functions)))
    network.loss(np.ones((2, 5)), np.array([0, 1]))
    assert seen == {function.__name__ for function in functions}
    seen.clear()
    network.scores(np.ones((2, 5)))
    network.activations(np.ones((2, 5)), at="relu_out")
    assert seen == {"linear_forward", "relu"}


def test_another_activation_takes_the_place_of_the_relu(rng):
    def tanh_backward(dout, x):
        return dout * (1 - np.tanh(x) ** 2)

    layers = replace(LAYERS, activation=np.tanh, activation_backward=tanh_backward)
    network = MLP((5, 8, 3), rng, layers=layers)
    x, y = rng.standard_normal((16, 5)), rng.integers(0, 3, 16)
    leaves = {name: torch.tensor(w, requires_grad=True) for name, w in network.params.items()}
    hidden = torch.tanh(torch.tensor(x) @ leaves["W1"] + leaves["b1"])
    F.cross_entropy(hidden @ leaves["W2"] + leaves["b2"], torch.tensor(y)).backward()
    _, grads = network.loss(x, y)
    for name, leaf in leaves.items():
        np.testing.assert_allclose(grads[name], leaf.grad.numpy(), rtol=1e-9, atol=1e-14, err_msg=name)
    (out,) = network.activations(x, at="relu_out")
    np.testing.assert_allclose(out, np.tanh(network.activations(x)[0]))


def test_the_penalty_changes_no_array_that_the_students_backward_keeps(rng):
    kept = []

    def keeping_backward(dout, cache):
        gradients = linear_backward(dout, cache)
        kept.append((gradients[1], gradients[1].copy()))
        return gradients

    network = MLP((5, 8, 3), rng, layers=replace(LAYERS, linear_backward=keeping_backward), weight_decay=0.1)
    network.loss(np.ones((2, 5)), np.array([0, 1]))
    for now, before in kept:
        np.testing.assert_array_equal(now, before)


@pytest.mark.parametrize("sizes", [(2, 3), (2, 8, 3)])
def test_a_network_of_the_students_layers_learns(blobs, sizes):
    rng = np.random.default_rng(0)
    network = MLP(sizes, rng, layers=LAYERS)
    history = train(network, blobs, step=sgd, lr=0.3, epochs=20, batch_size=20, rng=rng, progress=False)
    assert history.val_accuracy[-1] > 0.9


# ------------------------------------------------------------------------------------- dropout


def dropout_forward(x, p, rng, *, train):
    if not train:
        return x, np.ones_like(x)
    scaled = (rng.random(x.shape) >= p) / (1 - p)
    return x * scaled, scaled


def dropout_backward(dout, cache):
    return dout * cache


DROPOUT = Dropout(dropout_forward, dropout_backward, 0.4)


@pytest.mark.parametrize("batchnorm", [None, BATCHNORM])
def test_with_dropout_loss_and_every_gradient_are_autograds_with_the_same_masks(rng, batchnorm):
    masks = []

    def recorded(x, p, rng, *, train):
        out, scaled = dropout_forward(x, p, rng, train=train)
        masks.append(torch.tensor(scaled))
        return out, scaled

    params = random_params((6, 9, 8, 4), rng, batchnorm is not None)
    x, y = rng.standard_normal((16, 6)), rng.integers(0, 4, 16)
    layer = replace(DROPOUT, forward=recorded)
    loss, grads = mlp_loss(params, x, y, batchnorm=batchnorm, dropout=layer, rng=rng)
    leaves = {name: torch.tensor(w, requires_grad=True) for name, w in params.items()}
    hidden = torch.tensor(x)
    for i, mask in enumerate(masks, start=1):
        hidden = hidden @ leaves[f"W{i}"]
        if batchnorm is None:
            hidden = hidden + leaves[f"b{i}"]
        else:
            gamma, beta = leaves[f"gamma{i}"], leaves[f"beta{i}"]
            hidden = F.batch_norm(hidden, None, None, gamma, beta, training=True, eps=batchnorm.eps)
        hidden = torch.relu(hidden) * mask
    expected = F.cross_entropy(hidden @ leaves["W3"] + leaves["b3"], torch.tensor(y))
    expected.backward()
    assert len(masks) == 2
    assert loss == pytest.approx(expected.item(), rel=1e-12)
    for name, leaf in leaves.items():
        np.testing.assert_allclose(grads[name], leaf.grad.numpy(), rtol=1e-8, atol=1e-13, err_msg=name)


def test_each_step_and_each_layer_has_draws_of_its_own_and_each_seed_has_its_own(rng):
    masks = []

    def recorded(x, p, rng, *, train):
        out, scaled = dropout_forward(x, p, rng, train=train)
        masks.append(scaled)
        return out, scaled

    for seed in (0, 0, 1):
        network = MLP((5, 8, 8, 3), np.random.default_rng(seed), dropout=replace(DROPOUT, forward=recorded))
        for _ in range(2):
            network.loss(np.ones((4, 5)), np.zeros(4, dtype=int))
    first, again, other = masks[:4], masks[4:8], masks[8:]
    assert all(np.array_equal(a, b) for a, b in zip(first, again, strict=True))
    assert not np.array_equal(first[0], other[0])
    assert len({mask.tobytes() for mask in first}) == 4


def test_evaluation_drops_nothing_unless_it_is_given_a_generator(rng):
    network = MLP((5, 8, 3), rng, dropout=DROPOUT)
    x = rng.standard_normal((6, 5))
    state = network.rng.bit_generator.state
    plain = mlp_scores(network.params, x)
    np.testing.assert_array_equal(network.scores(x), plain)
    np.testing.assert_allclose(network.activations(x)[0], x @ network.params["W1"] + network.params["b1"])
    dropped, again = (network.scores(x, drop_with=np.random.default_rng(3)) for _ in range(2))
    np.testing.assert_array_equal(dropped, again)
    assert not np.allclose(dropped, plain)
    assert network.rng.bit_generator.state == state


def test_the_mode_is_told_to_the_students_function(rng):
    modes = []

    def recorded(x, p, rng, *, train):
        modes.append(train)
        return dropout_forward(x, p, rng, train=train)

    network = MLP((5, 8, 3), rng, dropout=replace(DROPOUT, forward=recorded))
    network.loss(np.ones((2, 5)), np.array([0, 1]))
    network.scores(np.ones((2, 5)))
    network.scores(np.ones((2, 5)), drop_with=rng)
    assert modes == [True, False, True]


def test_weights_and_batches_are_the_same_with_and_without_dropout(blobs):
    orders = []

    def recorded(n, batch_size, rng):
        batches = list(shuffled_minibatches(n, batch_size, rng))
        orders.append(np.concatenate(batches))
        return batches

    starts = []
    for layer in (None, DROPOUT):
        rng = np.random.default_rng(0)
        network = MLP((2, 8, 3), rng, dropout=layer)
        starts.append(network.params["W1"])
        train(network, blobs, step=sgd, lr=0.1, epochs=2, rng=rng, minibatches=recorded, progress=False)
    np.testing.assert_array_equal(*starts)
    np.testing.assert_array_equal(orders[:2], orders[2:])


def test_p_of_zero_is_the_network_without_dropout(blobs):
    losses = []
    for layer in (None, replace(DROPOUT, p=0.0)):
        rng = np.random.default_rng(0)
        network = MLP((2, 8, 3), rng, dropout=layer)
        losses.append(train(network, blobs, step=sgd, lr=0.1, epochs=2, rng=rng, progress=False).loss)
    np.testing.assert_allclose(*losses)


def test_a_network_with_dropout_learns(blobs):
    rng = np.random.default_rng(0)
    network = MLP((2, 32, 3), rng, dropout=DROPOUT)
    history = train(network, blobs, step=sgd, lr=0.3, epochs=20, batch_size=20, rng=rng, progress=False)
    assert history.val_accuracy[-1] > 0.9


def test_a_penalty_is_added_to_loss_and_weights_and_biases_pay_nothing(rng):
    params = random_params([4, 6, 3], rng, batchnorm=False)
    x, y = rng.standard_normal((5, 4)), rng.integers(3, size=5)
    loss, grads = mlp_loss(params, x, y)
    priced, slopes = mlp_loss(params, x, y, penalty=lambda w: (float(np.abs(w).sum()), np.sign(w)))
    assert priced == pytest.approx(loss + sum(np.abs(params[name]).sum() for name in ("W1", "W2")))
    for name in params:
        np.testing.assert_allclose(
            slopes[name] - grads[name], np.sign(params[name]) if name[0] == "W" else 0, atol=1e-12
        )


def stop_at_the_third(val_losses):
    """Stop after three epochs, and call the second the best; one loss more is asked of than epochs were run."""
    epochs = len(val_losses) - 1
    return min(2, epochs), min(1, epochs - 1)


def test_a_run_that_is_stopped_keeps_the_weights_of_its_best_epoch(rng, blobs):
    def run(**how):
        network = MLP([2, 5, 3], np.random.default_rng(3))
        given = {"step": sgd, "lr": 0.1, "rng": np.random.default_rng(4), "progress": False} | how
        return network, train(network, blobs, **given)

    stopped, history = run(epochs=6, stop=stop_at_the_third)
    assert history.best_epoch == 1
    assert np.isfinite(history.val_loss).sum() == 3 and not history.diverged
    two_epochs, plain = run(epochs=2)
    assert plain.best_epoch is None
    for name in stopped.params:
        np.testing.assert_array_equal(stopped.params[name], two_epochs.params[name])


def test_a_run_that_ends_before_it_is_stopped_keeps_its_best_epoch_too(rng, blobs):
    network = MLP([2, 5, 3], rng)
    history = train(
        network, blobs, step=sgd, lr=0.1, epochs=3, rng=rng, progress=False, stop=lambda losses: (len(losses) - 1, 0)
    )
    assert history.best_epoch == 0 and np.isfinite(history.val_loss).all()


@pytest.mark.parametrize(
    ("stop", "error", "said"),
    [
        (lambda losses: None, TypeError, "must return"),
        (lambda losses: (len(losses), 7), ValueError, "best_epoch=7"),
    ],
)
def test_a_stop_that_breaks_its_contract_is_named(rng, blobs, stop, error, said):
    with pytest.raises(error, match=said):
        train(MLP([2, 3], rng), blobs, step=sgd, lr=0.1, epochs=2, rng=rng, progress=False, stop=stop)


def test_nothing_stops_without_validation_samples(rng):
    dataset = data.split(*data.blobs(30), validation=0.0)
    with pytest.raises(ValueError, match="validation"):
        train(MLP([2, 3], rng), dataset, step=sgd, lr=0.1, rng=rng, progress=False, stop=lambda losses: (0, 0))
