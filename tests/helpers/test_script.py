"""The invented script: other letters for each seed, the same samples for the same one, learnable and no walk-over."""

import itertools

import numpy as np
import pytest

from helpers import data, letters


@pytest.fixture(scope="module")
def script():
    return data.script(3, train=200, validation=50, test=1000)


def test_samples_are_images_from_0_to_1_in_three_parts(script):
    shapes = [x.shape for x in (script.x_train, script.x_val, script.x_test)]
    assert shapes == [(200, 1, 16, 16), (50, 1, 16, 16), (1000, 1, 16, 16)]
    assert script.x_train.dtype == np.float32 and script.y_train.dtype == np.int64
    assert script.x_test.min() == 0.0 and 0.9 < script.x_test.max() <= 1.0
    for y in (script.y_train, script.y_val, script.y_test):
        assert np.ptp(np.bincount(y, minlength=10)) == 0
        assert (np.diff(y) < 0).any()


def test_the_same_seed_gives_the_same_samples_however_many_the_other_parts_have(script):
    again = data.script(3, train=200, test=1000)
    np.testing.assert_array_equal(again.x_train, script.x_train)
    np.testing.assert_array_equal(again.y_test, script.y_test)
    np.testing.assert_array_equal(again.x_test, script.x_test)
    assert again.x_val.shape == (0, 1, 16, 16)


def test_no_sample_comes_twice(script):
    images = np.concatenate([script.x_train, script.x_val, script.x_test])
    assert len({image.tobytes() for image in images}) == len(images)


def means(seed):
    d = data.script(seed, train=500, test=0)
    return np.stack([d.x_train[d.y_train == k].mean(0).ravel() for k in range(10)])


def test_another_seed_writes_other_letters():
    first, other = means(0), means(1)
    again = data.script(0, train=0, test=500)
    twin = np.stack([again.x_test[again.y_test == k].mean(0).ravel() for k in range(10)])
    correlation = np.corrcoef(first, twin)[:10, 10:]
    assert (correlation.argmax(1) == np.arange(10)).all() and correlation.diagonal().min() > 0.95
    assert np.corrcoef(first, other)[:10, 10:].max() < 0.95


@pytest.mark.parametrize("seed", [0, 1, 2**200])
def test_no_letter_is_like_another(seed):
    drawn = letters.alphabet(np.random.default_rng(seed))
    assert drawn.shape == (10, 3, 3, 2)
    images = letters.written(drawn, np.arange(10), Still()).reshape(10, -1)
    correlations = [np.corrcoef(a, b)[0, 1] for a, b in itertools.combinations(images, 2)]
    assert max(correlations) < 0.75


class Still:
    """A generator without chance: each hand is the middle one."""

    def standard_normal(self, size):
        return np.zeros(size)

    def uniform(self, low, high, size):
        return np.broadcast_to((np.asarray(low) + high) / 2, size)


def test_a_hand_without_chance_writes_the_strokes_where_they_are():
    """Curves in torch, by their definition: ink lies on them, and fades over the width of the pen."""
    torch = pytest.importorskip("torch")
    drawn = letters.alphabet(np.random.default_rng(5))
    images = torch.tensor(letters.written(drawn, np.arange(10), Still()))[:, 0] / 0.8
    t = torch.linspace(0, 1, 400, dtype=torch.float64)[:, None]
    start, bend, end = (torch.tensor(drawn)[:, :, k, None] for k in range(3))
    first, second = start + t * (bend - start), bend + t * (end - bend)
    curve = (first + t * (second - first)).reshape(10, 1, -1, 2) + 7.5
    rows, columns = torch.meshgrid(torch.arange(16.0), torch.arange(16.0), indexing="ij")
    pixels = torch.stack([columns, rows], -1).reshape(1, -1, 1, 2).double()
    distance = (curve - pixels).norm(dim=-1).amin(-1).reshape(10, 16, 16)
    expected = torch.exp(-(distance**2) / (2 * 1.2**2))
    # Twelve points make a curve: between two of a long one ink is a little thinner.
    off = (images - expected).abs()
    assert off.mean() < 0.01 and off.max() < 0.25


def test_a_class_mean_knows_three_quarters_and_a_shift_costs_it_much():
    """What the capstone's ladder begins with; accuracies of an alphabet move by 1 or 2 in 100."""
    clean, shifted = [], []
    for seed in range(3):
        d = data.script(seed, train=800, test=1000)
        centres = np.stack([d.x_train[d.y_train == k].mean(0).ravel() for k in range(10)])

        def right(images, centres=centres, y=d.y_test):
            distances = ((images.reshape(-1, 1, 256) - centres) ** 2).sum(-1)
            return (distances.argmin(1) == y).mean()

        clean.append(right(d.x_test))
        shifted.append(right(np.roll(d.x_test, (2, 1), axis=(2, 3))))
    assert 0.70 < np.mean(clean) < 0.81
    assert np.mean(shifted) < np.mean(clean) - 0.15


def test_sizes_must_not_be_negative():
    with pytest.raises(ValueError, match="train=-1"):
        data.script(0, train=-1)
