"""An invented script: ten letters of three curved strokes, drawn from a seed, and samples of them in many hands."""

import numpy as np

from helpers import arguments

SIZE = 16
LETTERS = 10
_STROKES, _POINTS = 3, 12
_REACH = 5.5  # pixels from the centre: what a stroke starts, bends and ends within
_SHORTEST = 4.0  # pixels from a stroke's start to its end
_ALIKE = 0.6  # correlation of two letters' images, at most
_NOISE = 0.3
_SHIFTS = [(down, right) for down in range(-2, 3) for right in range(-2, 3) if (down, right) != (0, 0)]


def alphabet(rng: np.random.Generator) -> np.ndarray:
    """Return ten letters as strokes, none like another.

    A stroke is a quadratic Bezier curve: start, control point and end, in pixels from the centre.

    Parameters
    ----------
    rng : numpy Generator

    Returns
    -------
    ndarray of shape (10, 3, 3, 2)
        Letter, stroke, point, (x, y).
    """
    letters: list[np.ndarray] = []
    images: list[np.ndarray] = []
    while len(letters) < LETTERS:
        strokes = rng.uniform(-_REACH, _REACH, (_STROKES, 3, 2))
        if np.linalg.norm(strokes[:, 0] - strokes[:, 2], axis=1).min() < _SHORTEST:
            continue
        image = _inked(strokes[None], np.full(1, 1.2)).ravel()
        image = (image - image.mean()) / np.linalg.norm(image - image.mean())
        if all(image @ other < _ALIKE for other in images):
            letters.append(strokes)
            images.append(image)
    return np.array(letters)


def written(letters: np.ndarray, y: np.ndarray, rng: np.random.Generator, *, untidy: float = 1.0) -> np.ndarray:
    """Return one image for each label, each in a hand of its own.

    The strokes wobble; the letter is turned (standard deviation 17 degrees), slanted, scaled and moved; pen, ink and
    paper differ.

    Parameters
    ----------
    letters : ndarray of shape (10, 3, 3, 2), as `alphabet` returns them
    y : ndarray of int, shape (N,)
    rng : numpy Generator
    untidy : float; how far hands differ in the shape of a letter, 0 being all in one hand

    Returns
    -------
    ndarray of float32, shape (N, 1, 16, 16)
        In [0, 1], ink being 1.
    """
    n = len(y)
    y = arguments.labels("y", y, n, LETTERS)
    strokes = letters[y] + 0.5 * untidy * rng.standard_normal((n, _STROKES, 3, 2))
    angle, slant = untidy * np.array([[np.radians(17)], [0.25]]) * rng.standard_normal((2, n))
    width, height = np.exp(0.13 * untidy * rng.standard_normal((2, n)))
    cos, sin = np.cos(angle), np.sin(angle)
    turn = np.stack([np.stack([cos, -sin]), np.stack([sin, cos])])
    shape = np.stack([np.stack([width, slant]), np.stack([np.zeros(n), height])])
    strokes = np.einsum("abn,bcn,nskc->nska", turn, shape, strokes)
    strokes += 0.9 * untidy * rng.standard_normal((n, 1, 1, 2))
    pen, ink, paper = rng.uniform([[0.9], [0.6], [0.05]], [[1.5], [1.0], [0.2]], (3, n))
    images = ink[:, None, None] * _inked(strokes, pen)
    images += paper[:, None, None] * rng.standard_normal(images.shape)
    return np.clip(images, 0, 1)[:, None].astype(np.float32)


def shifted(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return each image moved by up to 2 pixels, and by 1 at least, along either axis; paper without noise enters."""
    padded = np.pad(images, ((0, 0), (0, 0), (2, 2), (2, 2)))
    size = images.shape[-1]
    moved = np.empty_like(images)
    chosen = rng.integers(len(_SHIFTS), size=len(images))
    for k, (down, right) in enumerate(_SHIFTS):
        moved[chosen == k] = padded[chosen == k, :, 2 - down : 2 - down + size, 2 - right : 2 - right + size]
    return moved


def noisy(images: np.ndarray, rng: np.random.Generator) -> np.ndarray:
    """Return the images with noise of standard deviation 0.3, cut off at 0 and 1."""
    return np.clip(images + _NOISE * rng.standard_normal(images.shape), 0, 1).astype(images.dtype)


def _inked(strokes: np.ndarray, pen: np.ndarray) -> np.ndarray:
    """Return (N, 16, 16) images of strokes (N, S, 3, 2): 1 on a stroke, less further from it; `pen` is its width."""
    t = np.linspace(0, 1, _POINTS)[:, None]
    points = np.hstack([(1 - t) ** 2, 2 * t * (1 - t), t**2]) @ strokes + (SIZE - 1) / 2
    points = points.reshape(len(strokes), strokes.shape[1] * _POINTS, 2).astype(np.float32)
    dx, dy = ((np.arange(SIZE, dtype=np.float32) - points[..., axis, None]) ** 2 for axis in (0, 1))
    nearest = np.full((len(strokes), SIZE, SIZE), np.inf, np.float32)
    for k in range(points.shape[1]):
        np.minimum(nearest, dy[:, k, :, None] + dx[:, k, None, :], out=nearest)
    return np.exp(-nearest / (2 * pen[:, None, None] ** 2))
