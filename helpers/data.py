"""Data to train on: scikit-learn's digits, an invented script, small synthetic sets, CIFAR-10 and MNIST by download.

Everything but `cifar10` and `mnist` works without a network. Images are floats in [0, 1].
"""

import gzip
import hashlib
import io
import os
import pickle
import tarfile
import zlib
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import dataclass
from pathlib import Path

import numpy as np

from helpers import arguments


@dataclass(frozen=True, eq=False)
class Dataset:
    """Images or points with their labels, in three parts that share no sample.

    Attributes
    ----------
    x_train, x_val, x_test : ndarray of shape (N, D) or (N, C, H, W)
    y_train, y_val, y_test : ndarray of int, shape (N,)
    """

    x_train: np.ndarray
    y_train: np.ndarray
    x_val: np.ndarray
    y_val: np.ndarray
    x_test: np.ndarray
    y_test: np.ndarray

    def __repr__(self) -> str:
        sizes = f"{len(self.y_train)} train, {len(self.y_val)} val, {len(self.y_test)} test"
        return f"Dataset({sizes}, each sample {self.x_train.shape[1:]})"


class DataUnavailable(OSError):
    """A data set is neither on this machine nor can it be downloaded; the message says what to do."""


def split(
    x: np.ndarray,
    y: np.ndarray,
    *,
    validation: float = 0.2,
    test: float = 0.2,
    seed: int = 0,
) -> Dataset:
    """Return the samples in random order, cut into training, validation and test set.

    Parameters
    ----------
    x : ndarray of shape (N, ...), or a list of N samples
    y : ndarray of shape (N,), or a list
    validation, test : float in [0, 1); shares of N, together less than 1
    seed : int; the same seed gives the same three parts

    Raises
    ------
    ValueError
        If x and y differ in length, or nothing is left to train on.

    Examples
    --------
    >>> x, y = two_moons(100)
    >>> split(x, y)
    Dataset(60 train, 20 val, 20 test, each sample (2,))
    """
    x, y = arguments.samples("x", x), arguments.samples("y", y)
    arguments.whole("seed", seed, 0)
    n = len(x)
    if len(y) != n:
        raise ValueError(f"x has {n} samples, y has {len(y)}: they must be as many")
    for name, part in (("validation", validation), ("test", test)):
        arguments.share(name, part)
    if validation + test >= 1:
        raise ValueError(f"validation={validation} and test={test} must add up to less than 1")
    n_val, n_test = round(validation * n), round(test * n)
    if n_val + n_test >= n:
        raise ValueError(f"{n} samples leave none to train on")
    order = np.random.default_rng(seed).permutation(n)
    val, held, train = np.split(order, [n_val, n_val + n_test])
    return Dataset(x[train], y[train], x[val], y[val], x[held], y[held])


def digits(*, seed: int = 0, flat: bool = True, validation: float = 0.2, test: float = 0.2) -> Dataset:
    """Return scikit-learn's 1797 handwritten digits of 8 x 8 pixels, scaled to [0, 1].

    Parameters
    ----------
    seed : int; order of the samples, and so which of them go into which part
    flat : bool; rows (N, 64) if true, images (N, 1, 8, 8) if not
    validation, test : float in [0, 1); shares of all samples

    Returns
    -------
    Dataset
        float64 images, labels 0 to 9.

    Examples
    --------
    >>> digits()
    Dataset(1079 train, 359 val, 359 test, each sample (64,))
    """
    # scikit-learn's own copy, here: to import it takes a second, and where work is graded it may not be there.
    with np.load(Path(__file__).with_name("digits.npz")) as kept:
        x, y = kept["x"] / 16.0, kept["y"]
    if not flat:
        x = x.reshape(-1, 1, 8, 8)
    return split(x, y.astype(np.int64), validation=validation, test=test, seed=seed)


def script(seed: int = 0, *, train: int = 800, validation: int = 0, test: int = 4000) -> Dataset:
    """Return samples of an invented script: ten letters of three curved strokes, other ones for each seed.

    A sample wobbles its letter's strokes, then turns, slants, scales and moves it, and changes pen, ink and the noise
    of the paper. How many samples a part has changes nothing in the letters and in the other parts.

    Parameters
    ----------
    seed : int, not negative; the alphabet
    train, validation, test : int; samples of each part, every letter as often as any other, give or take one

    Returns
    -------
    Dataset
        float32 images of shape (N, 1, 16, 16), labels 0 to 9.

    Examples
    --------
    >>> script(7, test=1000)
    Dataset(800 train, 0 val, 1000 test, each sample (1, 16, 16))
    """
    from helpers import letters

    for name, value in (("seed", seed), ("train", train), ("validation", validation), ("test", test)):
        arguments.whole(name, value, 0)
    drawn, *parts = map(np.random.default_rng, np.random.SeedSequence(seed).spawn(4))
    alphabet = letters.alphabet(drawn)
    found = []
    for n, rng in zip((train, validation, test), parts, strict=True):
        y = rng.permutation(np.arange(n) % letters.LETTERS)
        found += [letters.written(alphabet, y, rng), y]
    return Dataset(*found)


def linear_regression(
    n: int, d: int, *, noise: float = 0.1, condition: float = 1.0, seed: int = 0
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return x, y and w_true of a least-squares problem whose curvature is known exactly.

    ``y = x @ w_true + noise * N(0, 1)``. The Hessian of the mean squared error / 2 is
    ``x.T @ x / n``. Its eigenvalues are spaced evenly on a log scale from ``1 / condition`` to 1,
    along random directions, so gradient descent is stable up to ``lr = 2`` whatever the condition.

    Parameters
    ----------
    n, d : int; samples and features, n >= d
    noise : float; standard deviation of the noise in y
    condition : float, at least 1; largest over smallest eigenvalue of the Hessian
    seed : int

    Returns
    -------
    x : ndarray of shape (n, d)
    y : ndarray of shape (n,)
    w_true : ndarray of shape (d,)

    Examples
    --------
    >>> x, y, w_true = linear_regression(200, 5, condition=100.0)
    >>> float(np.linalg.cond(x.T @ x / 200).round(6))
    100.0
    """
    for name, value in (("n", n), ("d", d)):
        arguments.whole(name, value, 1)
    arguments.not_negative("noise", noise)
    arguments.whole("seed", seed, 0)
    if not d <= n:
        raise ValueError(f"n={n}, d={d}: d must be at least 1 and n at least d")
    arguments.number("condition", condition, lambda value: 1 <= value < np.inf, "be at least 1")
    if d == 1 and condition != 1:
        raise ValueError(f"condition={condition}: one feature (d=1) has condition 1")
    rng = np.random.default_rng(seed)
    samples, _ = np.linalg.qr(rng.standard_normal((n, d)))
    directions, _ = np.linalg.qr(rng.standard_normal((d, d)))
    eigenvalues = np.geomspace(1.0, 1.0 / condition, d)
    x = np.sqrt(n) * (samples * np.sqrt(eigenvalues)) @ directions.T
    w_true = rng.standard_normal(d)
    y = x @ w_true + noise * rng.standard_normal(n)
    return x, y, w_true


def _balanced_labels(n: int, classes: int, rng: np.random.Generator) -> np.ndarray:
    """Return (n,) labels in random order, every class as often as any other, give or take one."""
    arguments.whole("n", n, 1)
    arguments.whole("classes", classes, 1)
    if not 1 <= classes <= n:
        raise ValueError(f"classes={classes} must lie between 1 and n={n}")
    return rng.permutation(np.arange(n) % classes)


def spirals(n: int, classes: int = 3, *, noise: float = 0.2, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return points on interleaved spiral arms, one arm a class: no straight line parts them.

    A point at distance r in [0, 1] from the centre has the angle
    ``2 pi y / classes + 4 r + noise * N(0, 1)``.

    Parameters
    ----------
    n : int; points in all, not per class
    classes : int; arms
    noise : float; standard deviation of the angle, in radians
    seed : int

    Returns
    -------
    x : ndarray of shape (n, 2)
    y : ndarray of int, shape (n,)
    """
    arguments.not_negative("noise", noise)
    arguments.whole("seed", seed, 0)
    rng = np.random.default_rng(seed)
    y = _balanced_labels(n, classes, rng)
    radius = rng.uniform(0.0, 1.0, n)
    angle = 2 * np.pi * y / classes + 4 * radius + noise * rng.standard_normal(n)
    return np.column_stack([radius * np.cos(angle), radius * np.sin(angle)]), y


def two_moons(n: int, *, noise: float = 0.1, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return points on two interleaved half circles of radius 1.

    Parameters
    ----------
    n : int; points in all
    noise : float; standard deviation of both coordinates
    seed : int

    Returns
    -------
    x : ndarray of shape (n, 2)
    y : ndarray of int, shape (n,); 0 for the upper moon about (0, 0), 1 for the lower about (1, 0.5)
    """
    arguments.not_negative("noise", noise)
    arguments.whole("seed", seed, 0)
    rng = np.random.default_rng(seed)
    y = _balanced_labels(n, 2, rng)
    angle = rng.uniform(0.0, np.pi, n)
    upper = np.column_stack([np.cos(angle), np.sin(angle)])
    lower = np.column_stack([1.0 - np.cos(angle), 0.5 - np.sin(angle)])
    x = np.where(y[:, None] == 0, upper, lower)
    return x + noise * rng.standard_normal((n, 2)), y


def blobs(n: int, classes: int = 3, *, noise: float = 0.3, seed: int = 0) -> tuple[np.ndarray, np.ndarray]:
    """Return Gaussian clouds whose centres lie evenly on the unit circle.

    Parameters
    ----------
    n : int; points in all
    classes : int; clouds
    noise : float; standard deviation of each cloud, in both coordinates
    seed : int

    Returns
    -------
    x : ndarray of shape (n, 2)
    y : ndarray of int, shape (n,)
    """
    arguments.not_negative("noise", noise)
    arguments.whole("seed", seed, 0)
    rng = np.random.default_rng(seed)
    y = _balanced_labels(n, classes, rng)
    angle = 2 * np.pi * y / classes
    centres = np.column_stack([np.cos(angle), np.sin(angle)])
    return centres + noise * rng.standard_normal((n, 2)), y


# ----------------------------------------------------------------------------------- downloads


@dataclass(frozen=True)
class Source:
    """Where a data set is published, and the checksums by which its files are known.

    Attributes
    ----------
    name : str; as a student knows it
    bases : tuple of str; addresses that end in "/", tried in this order
    files : dict; file name -> SHA-256 in hexadecimal, in the order in which they are read
    """

    name: str
    bases: tuple[str, ...]
    files: dict[str, str]


CIFAR10 = Source(
    "CIFAR-10",
    ("https://www.cs.toronto.edu/~kriz/",),
    {"cifar-10-python.tar.gz": ("6d958be074577803d12ecdefd02955f39262c83c16fe9348329d7fe0b5c001ce")},
)
CIFAR10_CLASSES = (
    "airplane",
    "automobile",
    "bird",
    "cat",
    "deer",
    "dog",
    "frog",
    "horse",
    "ship",
    "truck",
)
MNIST = Source(
    "MNIST",
    (
        "https://ossci-datasets.s3.amazonaws.com/mnist/",
        "https://storage.googleapis.com/cvdf-datasets/mnist/",
    ),
    {
        "train-images-idx3-ubyte.gz": ("440fcabf73cc546fa21475e81ea370265605f56be210a4024d2ca8f203523609"),
        "train-labels-idx1-ubyte.gz": ("3552534a0a558bbed6aed32b30c495cca23d567ec52cac8be1a0730e8010255c"),
        "t10k-images-idx3-ubyte.gz": ("8d422c7b0a1c1c79245a5bcf07fe86e33eeafee792b84584aec276f5a2dbc4e6"),
        "t10k-labels-idx1-ubyte.gz": ("f7ae60f92e00ec6debd23a6088c31dbd2371eca3ffa0defaefb259924204aec6"),
    },
)


def cifar10(
    folder: str | os.PathLike | None = None,
    *,
    flat: bool = False,
    validation: float = 0.1,
    seed: int = 0,
    dtype: type = np.float32,
    progress: bool = True,
    source: Source = CIFAR10,
) -> Dataset:
    """Return CIFAR-10: 50,000 training and 10,000 test images of 32 x 32 pixels in colour.

    Downloaded once (170 MB) and kept; `CIFAR10_CLASSES` names the labels. Krizhevsky (2009),
    *Learning multiple layers of features from tiny images*.

    Parameters
    ----------
    folder : path; where the archive lies or is put. None: the environment variable DOWNHILL_DATA,
        or else the user's cache
    flat : bool; rows (N, 3072) if true, images (N, 3, 32, 32) if not
    validation : float in [0, 1); share of the training images, drawn at random
    seed : int; order of the training images
    dtype : numpy dtype; float32 needs 0.7 GB, float64 twice that
    progress : bool; show a progress bar while downloading
    source : Source; another mirror

    Raises
    ------
    DataUnavailable
        If the archive is not in the folder and cannot be downloaded whole.
    """
    arguments.share("validation", validation)
    (path,) = fetch(source, folder, progress=progress)
    x, y, x_test, y_test = _read(path, _read_cifar10)
    return _prepare(x, y, x_test, y_test, flat, validation, seed, dtype)


def mnist(
    folder: str | os.PathLike | None = None,
    *,
    flat: bool = True,
    validation: float = 0.1,
    seed: int = 0,
    dtype: type = np.float32,
    progress: bool = True,
    source: Source = MNIST,
) -> Dataset:
    """Return MNIST: 60,000 training and 10,000 test images of handwritten digits, 28 x 28 pixels.

    Downloaded once (12 MB) and kept. LeCun, Bottou, Bengio and Haffner (1998).

    Parameters
    ----------
    folder : path; where the four files lie or are put. None: the environment variable
        DOWNHILL_DATA, or else the user's cache
    flat : bool; rows (N, 784) if true, images (N, 1, 28, 28) if not
    validation : float in [0, 1); share of the training images, drawn at random
    seed : int; order of the training images
    dtype : numpy dtype of the images
    progress : bool; show a progress bar while downloading
    source : Source; another mirror

    Raises
    ------
    DataUnavailable
        If a file is not in the folder and cannot be downloaded whole.
    """
    arguments.share("validation", validation)
    paths = fetch(source, folder, progress=progress)
    x, y, x_test, y_test = (_read(path, _read_idx) for path in paths)
    return _prepare(x[:, None], y, x_test[:, None], y_test, flat, validation, seed, dtype)


def fetch(source: Source, folder: str | os.PathLike | None = None, *, progress: bool = True) -> list[Path]:
    """Return the paths of a source's files, each downloaded if it is not there yet.

    A file counts only if its SHA-256 is right. A download is written under another name and moved
    into place when it is whole, so an interrupted one is never taken for the file.

    Parameters
    ----------
    source : Source
    folder : path; None: DOWNHILL_DATA, or else the user's cache
    progress : bool

    Raises
    ------
    DataUnavailable
        If a file is not there and cannot be downloaded whole from any address.
    """
    if folder is not None and not os.fspath(folder):
        raise ValueError("folder='' names no folder: None takes the user's cache, '.' this folder")
    if folder is None:
        # Empty as if it were not set: "" would be the folder in which one happens to be.
        folder = os.environ.get("DOWNHILL_DATA") or None
    if folder is None:
        import pooch

        folder = pooch.os_cache("downhill")
    folder = Path(folder).expanduser().absolute()
    return [_fetch_file(source, name, folder, progress) for name in source.files]


def _fetch_file(source: Source, name: str, folder: Path, progress: bool) -> Path:
    import pooch

    path = folder / name
    tried = []
    if path.is_file() and _sha256(path) != source.files[name]:
        tried.append(f"{path}: there, but damaged (its SHA-256 is not {source.files[name]})")
    elif not path.is_file():
        tried.append(f"{path}: not there")
    for base in source.bases:
        try:
            with _pooch_says(progress):
                found = pooch.retrieve(
                    base + name,
                    known_hash="sha256:" + source.files[name],
                    fname=name,
                    path=folder,
                    # pooch's default chunk of 1 kB flushes 170,000 times for CIFAR-10.
                    downloader=pooch.HTTPDownloader(progressbar=progress, chunk_size=2**16, timeout=(5, 30)),
                )
        except (OSError, ValueError) as error:  # requests' exceptions are OSErrors
            tried.append(f"{base}{name}: {_why(error)}")
        else:
            return Path(found)
    raise DataUnavailable(
        f"{source.name} is not available.\n"
        + "Tried:\n"
        + "".join(f"  - {line}\n" for line in tried)
        + "By hand: on any machine download\n"
        + "".join(
            f"  {source.bases[0]}{file}\n" for file in source.files if not (folder / file).is_file() or file == name
        )
        + f"and put it, as it is, into\n  {folder}\n"
        + "(another folder: pass folder=..., or set the environment variable DOWNHILL_DATA).\n"
        + "Every notebook works without it, and without a network, on data.digits()."
    )


@contextmanager
def _pooch_says(progress: bool) -> Iterator[None]:
    """Where no progress is to be shown, pooch does not say what it downloads either."""
    import pooch

    logger = pooch.get_logger()
    before = logger.disabled
    # Not by its level: this logger keeps in mind what it was once asked.
    logger.disabled = not progress
    try:
        yield
    finally:
        logger.disabled = before


def _why(error: Exception) -> str:
    """Return in a few words why a download failed; requests' own are long, and name no reason."""
    import requests

    match error:
        case requests.HTTPError():
            return f"the server answered {error.response.status_code}"
        case requests.exceptions.ChunkedEncodingError():
            return "the connection broke off, what had arrived is deleted"
        case requests.Timeout():
            return "no answer in time"
        case requests.ConnectionError():
            return "no connection"
        case ValueError() if "hash" in str(error):
            return "what arrived is another file (its SHA-256 is wrong), it is deleted"
    return f"{type(error).__name__}: {error}"


def _sha256(path: Path) -> str:
    with path.open("rb") as file:
        return hashlib.file_digest(file, "sha256").hexdigest()


def _read(path: Path, reader):
    """Return reader(path); what can only be a wrong file is reported as such."""
    try:
        return reader(path)
    except (
        tarfile.TarError,
        pickle.UnpicklingError,
        zlib.error,
        EOFError,
        KeyError,
        IndexError,
        TypeError,
        ValueError,
        gzip.BadGzipFile,
    ) as error:
        raise DataUnavailable(
            f"{path} cannot be read ({type(error).__name__}: {error}). Delete it and try again; "
            "every notebook works without it on data.digits()."
        ) from error


class _BatchUnpickler(pickle.Unpickler):
    """Reads arrays, lists, dicts and bytes; a pickle that names anything else runs nothing."""

    def find_class(self, module, name):
        if name == "_reconstruct" and module in (
            "numpy.core.multiarray",
            "numpy._core.multiarray",
        ):
            return _empty_array
        if (module, name) == ("numpy", "ndarray"):
            return np.ndarray
        if (module, name) == ("numpy", "dtype"):
            return _dtype
        raise pickle.UnpicklingError(f"{module}.{name} has no place in a batch of images")


def _empty_array(kind, shape, code):
    return np.empty(0, np.uint8)  # its shape, type and values follow as the pickle's state


def _dtype(code, align=False, copy=False):
    # Python 2 wrote align=0, of which NumPy 2.4.0 to 2.4.4 warn (numpy/numpy#31177).
    return np.dtype(code)


_CIFAR10_MEMBERS = (*(f"data_batch_{i}" for i in range(1, 6)), "test_batch")
_CIFAR10_MEMBER_BYTES = 64 * 2**20  # twice what a batch takes


def _read_cifar10(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Return uint8 images (N, 3, 32, 32) and labels of the archive; nothing is unpacked to disk."""
    batches = {}
    with tarfile.open(path, "r:gz") as archive:
        for member in archive:  # in the archive's order: a jump back would decompress it anew
            folder, _, name = member.name.rpartition("/")
            if folder != "cifar-10-batches-py" or name not in _CIFAR10_MEMBERS:
                continue
            if not member.isfile() or member.size > _CIFAR10_MEMBER_BYTES:
                raise ValueError(f"{member.name} is no batch of images")
            content = archive.extractfile(member).read()
            batches[name] = _read_batch(content)
    missing = [name for name in _CIFAR10_MEMBERS if name not in batches]
    if missing:
        raise ValueError(f"the archive has no {', '.join(missing)}")
    train = [batches[name] for name in _CIFAR10_MEMBERS[:-1]]
    x, y = (np.concatenate(part) for part in zip(*train, strict=True))
    return x, y, *batches["test_batch"]


def _read_batch(content: bytes) -> tuple[np.ndarray, np.ndarray]:
    batch = _BatchUnpickler(io.BytesIO(content), encoding="bytes").load()
    x, y = batch[b"data"], np.array(batch[b"labels"], dtype=np.int64)
    if x.dtype != np.uint8 or x.shape != (len(y), 3072):
        raise ValueError(f"{len(y)} labels, but images of shape {x.shape} and type {x.dtype}")
    return x.reshape(-1, 3, 32, 32), y


def _read_idx(path: Path) -> np.ndarray:
    """Return the array of a gzipped IDX file: uint8 images (N, H, W), or labels (N,)."""
    content = gzip.decompress(path.read_bytes())
    if content[:3] != b"\0\0\x08":
        raise ValueError("not an IDX file of bytes")
    dimensions = content[3]
    shape = np.frombuffer(content, ">u4", dimensions, offset=4)
    return np.frombuffer(content, np.uint8, offset=4 + 4 * dimensions).reshape(shape)


def _prepare(x, y, x_test, y_test, flat, validation, seed, dtype) -> Dataset:
    """Return the published test set as it is, and the training set shuffled and divided."""
    order = np.random.default_rng(seed).permutation(len(y))
    val, train = np.split(order, [round(validation * len(y))])

    def scaled(images):
        images = (images.reshape(len(images), -1) if flat else images).astype(dtype)
        images /= 255
        return images

    labels = (part.astype(np.int64) for part in (y[train], y[val], y_test))
    images = (scaled(part) for part in (x[train], x[val], x_test))
    (y_train, y_val, y_test), (x_train, x_val, x_test) = labels, images
    return Dataset(x_train, y_train, x_val, y_val, x_test, y_test)
