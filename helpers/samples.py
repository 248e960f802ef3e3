"""Two photographs, a melody, and random bends: small things to augment, and to augment with."""

import functools

import numpy as np

from helpers import arguments

SAMPLE_RATE = 8000


def photos() -> np.ndarray:
    """Return scikit-learn's two sample photographs, china.jpg and flower.jpg, as (2, 3, 96, 128) in [0, 1].

    The middle of each, shrunk to a quarter: every pixel is the mean of 4 x 4.

    Examples
    --------
    >>> photos().shape
    (2, 3, 96, 128)
    """
    return _photos().copy()


@functools.cache
def _photos() -> np.ndarray:
    from sklearn.datasets import load_sample_image

    images = np.stack([load_sample_image(name) for name in ("china.jpg", "flower.jpg")]) / 255
    images = images[:, 21:405, 64:576].reshape(2, 96, 4, 128, 4, 3).mean(axis=(2, 4))
    return np.ascontiguousarray(images.transpose(0, 3, 1, 2))


def melody(*, sample_rate: int = SAMPLE_RATE, seed: int = 0) -> np.ndarray:
    """Return five plucked notes, loud and soft in turn, 1.5 seconds of them, in [-1, 1].

    Parameters
    ----------
    sample_rate : int; samples a second, in Hz
    seed : int; decides on the notes, all of one pentatonic scale

    Returns
    -------
    sound : ndarray of shape (round(1.5 * sample_rate),)

    Examples
    --------
    >>> len(melody())
    12000
    """
    arguments.whole("sample_rate", sample_rate, 1)
    arguments.whole("seed", seed, 0)
    scale = 220 * 2 ** (np.array([0, 3, 5, 7, 10, 12]) / 12)
    notes = np.random.default_rng(seed).permutation(scale)[:5]
    time = np.arange(round(1.5 * sample_rate)) / sample_rate
    sound = np.zeros(len(time))
    for k, (note, loudness) in enumerate(zip(notes, (1.0, 0.2, 0.7, 0.15, 0.9), strict=True)):
        since = np.maximum(time - 0.3 * k, 0)
        swell = loudness * (1 - np.exp(-since / 0.004)) * np.exp(-since / 0.1)
        sound += sum(swell * np.sin(2 * np.pi * i * note * since) / i**1.5 for i in (1, 2, 3, 4))
    return 0.9 * sound / np.abs(sound).max()


def bends(shape: tuple[int, ...], size: float, rng: np.random.Generator) -> np.ndarray:
    """Return a smooth random flow (N, 2, H, W) for `elastic_distort`, another one for each image.

    Noise on a grid of 3 x 3 with standard deviation `size` pixels, carried smoothly over the pixels between. (Simard
    et al. 2003 smooth the noise of every pixel with a Gaussian: the same idea.)

    Parameters
    ----------
    shape : shape of the images, (N, C, H, W)
    size : float; standard deviation in pixels
    rng : numpy.random.Generator
    """
    if len(shape) != 4:
        raise ValueError(f"shape={shape} must be that of images, (N, C, H, W)")
    arguments.not_negative("size", size)
    arguments.generator("rng", rng)
    n, _, h, w = shape
    return _tents(h) @ rng.normal(0, size, (n, 2, 3, 3)) @ _tents(w).T


@functools.cache
def _tents(length: int) -> np.ndarray:
    """Weights (length, 3) of three values along a line of pixels, smooth and adding up to 1."""
    away = np.abs(np.linspace(0, 2, length)[:, None] - np.arange(3))
    return np.where(away < 1, 0.5 + 0.5 * np.cos(np.pi * np.minimum(away, 1)), 0)
