"""The data sets are what they claim, and a download is whole or not there at all."""

import functools
import gzip
import hashlib
import io
import os
import pickle
import socket
import struct
import tarfile
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer

import numpy as np
import pooch
import pytest

from helpers import data

# ------------------------------------------------------------------------------ digits and split


def test_digits_are_floats_from_0_to_1_in_three_parts():
    d = data.digits()
    assert [x.shape for x in (d.x_train, d.x_val, d.x_test)] == [(1079, 64), (359, 64), (359, 64)]
    assert d.x_train.dtype == np.float64 and d.y_train.dtype == np.int64
    assert d.x_train.min() == 0.0 and d.x_train.max() == 1.0
    assert set(d.y_test) == set(range(10))


def test_digits_are_the_same_for_the_same_seed_only():
    first, again, other = data.digits(seed=3), data.digits(seed=3), data.digits(seed=4)
    np.testing.assert_array_equal(first.x_train, again.x_train)
    np.testing.assert_array_equal(first.y_test, again.y_test)
    assert not np.array_equal(first.x_train, other.x_train)


def test_digits_as_images_are_the_rows_reshaped():
    rows, images = data.digits(), data.digits(flat=False)
    assert images.x_val.shape == (359, 1, 8, 8)
    np.testing.assert_array_equal(images.x_val.reshape(-1, 64), rows.x_val)
    np.testing.assert_array_equal(images.y_val, rows.y_val)


def test_digits_keep_each_label_with_its_image():
    from sklearn.datasets import load_digits

    x, y = load_digits(return_X_y=True)
    label = {(row / 16).tobytes(): target for row, target in zip(x, y, strict=True)}
    d = data.digits(seed=5)
    assert all(label[row.tobytes()] == target for row, target in zip(d.x_test, d.y_test, strict=True))


@pytest.mark.parametrize(("validation", "test", "sizes"), [(0.2, 0.3, (50, 20, 30)), (0, 0, (100, 0, 0))])
def test_split_puts_every_sample_into_exactly_one_part(validation, test, sizes):
    d = data.split(np.arange(100)[:, None], np.arange(100), validation=validation, test=test)
    parts = [d.y_train, d.y_val, d.y_test]
    assert tuple(map(len, parts)) == sizes
    assert sorted(np.concatenate(parts)) == list(range(100))
    for x, y in ((d.x_train, d.y_train), (d.x_val, d.y_val), (d.x_test, d.y_test)):
        np.testing.assert_array_equal(x[:, 0], y)


@pytest.mark.parametrize(
    ("n_x", "n_y", "shares", "message"),
    [
        (4, 5, {}, "x has 4 samples, y has 5"),
        (4, 4, {"validation": 0.5, "test": 0.5}, "less than 1"),
        (4, 4, {"test": -0.1}, r"test=-0.1 must lie in \[0, 1\)"),
        (1, 1, {"validation": 0.9, "test": 0.05}, "leave none to train on"),
    ],
)
def test_split_refuses_what_cannot_be_split(n_x, n_y, shares, message):
    with pytest.raises(ValueError, match=message):
        data.split(np.zeros((n_x, 2)), np.zeros(n_y), **shares)


# -------------------------------------------------------------------------------------- synthetic


@pytest.mark.parametrize("condition", [1.0, 10.0, 1e4])
def test_linear_regression_has_the_condition_asked_for_and_curvature_at_most_1(condition):
    x, y, w_true = data.linear_regression(200, 6, condition=condition, seed=1)
    assert (x.shape, y.shape, w_true.shape) == ((200, 6), (200,), (6,))
    eigenvalues = np.linalg.eigvalsh(x.T @ x / 200)
    np.testing.assert_allclose(eigenvalues[[0, -1]], [1 / condition, 1.0], rtol=1e-9)


def test_linear_regression_directions_are_not_the_axes():
    x, _, _ = data.linear_regression(200, 6, condition=100.0)
    hessian = x.T @ x / 200
    assert np.abs(hessian - np.diag(np.diag(hessian))).max() > 0.01


def test_linear_regression_noise_is_a_standard_deviation():
    x, y, w_true = data.linear_regression(20_000, 2, noise=0.0)
    np.testing.assert_allclose(y, x @ w_true, rtol=1e-12)
    x, y, w_true = data.linear_regression(20_000, 2, noise=3.0)
    assert np.std(y - x @ w_true) == pytest.approx(3.0, rel=0.03)


@pytest.mark.parametrize(
    "arguments",
    [{"n": 3, "d": 4}, {"n": 3, "d": 0}, {"n": 9, "d": 2, "condition": 0.5}, {"n": 9, "d": 1, "condition": 2}],
)
def test_linear_regression_refuses_what_it_cannot_make(arguments):
    with pytest.raises(ValueError, match=r"d=|condition="):
        data.linear_regression(**arguments)


POINTS = {
    "spirals": functools.partial(data.spirals, classes=3),
    "two_moons": data.two_moons,
    "blobs": functools.partial(data.blobs, classes=3),
}


@pytest.mark.parametrize("name", POINTS)
def test_points_are_n_in_all_in_balanced_classes_and_random_order(name):
    x, y = POINTS[name](301, seed=2)
    assert x.shape == (301, 2) and y.shape == (301,)
    counts = np.bincount(y)
    assert counts.max() - counts.min() <= 1
    assert not np.array_equal(y, np.sort(y)) and not np.array_equal(y, np.arange(301) % (y.max() + 1))


@pytest.mark.parametrize("name", POINTS)
def test_points_are_the_same_for_the_same_seed_only(name):
    make = POINTS[name]
    np.testing.assert_array_equal(make(50, seed=2)[0], make(50, seed=2)[0])
    assert not np.array_equal(make(50, seed=2)[0], make(50, seed=3)[0])


def test_points_without_noise_lie_on_their_curves():
    x, y = data.two_moons(200, noise=0.0)
    centre = np.where(y[:, None] == 0, [0.0, 0.0], [1.0, 0.5])
    np.testing.assert_allclose(np.linalg.norm(x - centre, axis=1), 1.0)
    assert (x[y == 0, 1] >= 0).all() and (x[y == 1, 1] <= 0.5).all()
    x, y = data.blobs(200, 4, noise=0.0)
    np.testing.assert_allclose(np.linalg.norm(x, axis=1), 1.0)
    assert len(np.unique(x.round(9), axis=0)) == 4
    x, y = data.spirals(200, 3, noise=0.0)
    radius = np.linalg.norm(x, axis=1)
    turned = np.arctan2(x[:, 1], x[:, 0]) - 4 * radius - 2 * np.pi * y / 3
    np.testing.assert_allclose(np.cos(turned), 1.0)


def test_noise_moves_the_points():
    for make in POINTS.values():
        assert np.abs(make(200, noise=0.5)[0] - make(200, noise=0.0)[0]).max() > 0.1


@pytest.mark.parametrize("classes", [0, 11])
def test_points_need_at_least_one_sample_a_class(classes):
    with pytest.raises(ValueError, match=f"classes={classes}"):
        data.spirals(10, classes)


# -------------------------------------------------------------------------------------- downloads


class Server:
    """A local web server: `files` maps a path to (body, headers); what is not there is a 404."""

    def __init__(self):
        self.files, self.requests = {}, []

        class Handler(BaseHTTPRequestHandler):
            def do_GET(handler):
                self.requests.append(handler.path)
                if handler.path not in self.files:
                    handler.send_error(404)
                    return
                body, headers = self.files[handler.path]
                handler.send_response(200)
                for name, value in headers.items():
                    handler.send_header(name, value)
                handler.end_headers()
                handler.wfile.write(body)

            def log_message(handler, *args):
                pass

        self.http = ThreadingHTTPServer(("127.0.0.1", 0), Handler)
        self.base = f"http://127.0.0.1:{self.http.server_port}/"
        self.thread = threading.Thread(target=self.http.serve_forever, kwargs={"poll_interval": 0.01})
        self.thread.start()

    def serve(self, name, body, *, claimed_length=None):
        length = len(body) if claimed_length is None else claimed_length
        self.files["/" + name] = (body, {"Content-Length": str(length)})

    def close(self):
        self.http.shutdown()
        self.http.server_close()
        self.thread.join()


@pytest.fixture
def server(monkeypatch):
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    server = Server()
    yield server
    server.close()


@pytest.fixture
def nowhere(monkeypatch):
    """An address where nobody answers: a machine without a network."""
    monkeypatch.setenv("NO_PROXY", "127.0.0.1")
    with socket.socket() as free:
        free.bind(("127.0.0.1", 0))
        port = free.getsockname()[1]
    return f"http://127.0.0.1:{port}/"


def source_of(files, *bases):
    return data.Source("Tiny", bases, {name: hashlib.sha256(body).hexdigest() for name, body in files.items()})


class Python2Pickler(pickle._Pickler):
    """Writes strings and bytes as Python 2 did, and arrays under NumPy's old names."""

    dispatch = dict(pickle._Pickler.dispatch)

    def save_string(self, value):
        value = value.encode("latin1") if isinstance(value, str) else value
        self.write(b"T" + struct.pack("<i", len(value)) + value)
        self.memoize(value)

    dispatch[bytes] = dispatch[str] = save_string

    def save_global(self, value, name=None):
        module = "numpy.core.multiarray" if value.__name__ == "_reconstruct" else value.__module__
        self.write(f"c{module}\n{value.__name__}\n".encode())
        self.memoize(value)

    dispatch[type] = dispatch[type(len)] = dispatch[type(pickle.dumps)] = save_global

    def reducer_override(self, value):
        if isinstance(value, np.dtype):
            return np.dtype, (value.str[1:], 0, 1), (3, "|", None, None, None, -1, -1, 0)
        return NotImplemented


def python2_pickle(value):
    file = io.BytesIO()
    Python2Pickler(file, protocol=2).dump(value)
    return file.getvalue()


BATCHES = [*(f"data_batch_{i}" for i in range(1, 6)), "test_batch"]


def cifar_batches(n=4):
    """Return for each batch n images and labels, every pixel of its own."""
    rng = np.random.default_rng(0)
    return {name: (rng.integers(0, 256, (n, 3072), np.uint8), rng.integers(0, 10, n).tolist()) for name in BATCHES}


def cifar_pickles(batches, dump=python2_pickle):
    return {name: dump({b"batch_label": b"training", b"labels": y, b"data": x}) for name, (x, y) in batches.items()}


def archive(members):
    """Return a tar.gz of name -> bytes, or name -> TarInfo."""
    file = io.BytesIO()
    with tarfile.open(fileobj=file, mode="w:gz") as tar:
        for name, content in members.items():
            info = content if isinstance(content, tarfile.TarInfo) else tarfile.TarInfo(name)
            info.size = 0 if info is content else len(content)
            tar.addfile(info, None if info is content else io.BytesIO(content))
    return file.getvalue()


def cifar_archive(pickles, **more):
    # In an order of its own, as the published archive is.
    return archive({f"cifar-10-batches-py/{name}": pickles[name] for name in reversed(pickles)} | more)


CIFAR = "cifar-10-python.tar.gz"


def cifar_source(server, body):
    server.serve(CIFAR, body)
    return source_of({CIFAR: body}, server.base)


def idx(values):
    return gzip.compress(
        bytes([0, 0, 8, values.ndim]) + struct.pack(f">{values.ndim}I", *values.shape) + values.tobytes()
    )


def test_cifar10_is_downloaded_decoded_and_kept(server, tmp_path):
    batches = cifar_batches()
    source = cifar_source(server, cifar_archive(cifar_pickles(batches)))
    d = data.cifar10(tmp_path, source=source, validation=0, progress=False)
    assert d.x_train.shape == (20, 3, 32, 32) and d.x_train.dtype == np.float32
    x_test, y_test = batches["test_batch"]
    np.testing.assert_allclose(d.x_test * 255, x_test.reshape(-1, 3, 32, 32), rtol=1e-6)
    np.testing.assert_array_equal(d.y_test, y_test)
    published = {x.tobytes(): y for name in BATCHES[:-1] for x, y in zip(*batches[name], strict=True)}
    decoded = {(x * 255).round().astype(np.uint8).tobytes(): y for x, y in zip(d.x_train, d.y_train, strict=True)}
    assert decoded == published

    server.files.clear()
    again = data.cifar10(tmp_path, source=source, validation=0, progress=False)
    np.testing.assert_array_equal(again.x_train, d.x_train)
    assert server.requests == ["/" + CIFAR]
    assert [path.name for path in tmp_path.iterdir()] == [CIFAR], "something was unpacked, or left behind"


def test_cifar10_can_be_rows_of_another_type_with_a_validation_set(server, tmp_path):
    source = cifar_source(server, cifar_archive(cifar_pickles(cifar_batches())))
    d = data.cifar10(tmp_path, source=source, flat=True, validation=0.25, dtype=np.float64, progress=False)
    assert (d.x_train.shape, d.x_val.shape, d.x_test.shape) == ((15, 3072), (5, 3072), (4, 3072))
    assert d.x_val.dtype == np.float64
    rows = {row.tobytes() for part in (d.x_train, d.x_val) for row in part}
    assert len(rows) == 20, "an image is in both parts, or in none"
    other = data.cifar10(tmp_path, source=source, flat=True, validation=0.25, dtype=np.float64, progress=False, seed=1)
    assert not np.array_equal(other.x_val, d.x_val)


def test_cifar10_written_by_todays_numpy_is_read_too(server, tmp_path):
    dump = functools.partial(pickle.dumps, protocol=4)
    source = cifar_source(server, cifar_archive(cifar_pickles(cifar_batches(), dump)))
    assert len(data.cifar10(tmp_path, source=source, progress=False).y_test) == 4


def test_mnist_is_downloaded_and_decoded(server, tmp_path):
    rng = np.random.default_rng(0)
    x, x_test = rng.integers(0, 256, (10, 28, 28), np.uint8), rng.integers(0, 256, (3, 28, 28), np.uint8)
    y, y_test = np.arange(10, dtype=np.uint8), np.arange(3, dtype=np.uint8)
    files = dict(zip(data.MNIST.files, map(idx, (x, y, x_test, y_test)), strict=True))
    for name, body in files.items():
        server.serve(name, body)
    source = source_of(files, server.base)
    images = data.mnist(tmp_path, source=source, flat=False, progress=False)
    np.testing.assert_allclose(images.x_test[:, 0] * 255, x_test, rtol=1e-6)
    np.testing.assert_array_equal(images.y_test, y_test)
    assert images.x_train.shape == (9, 1, 28, 28) and images.x_val.shape == (1, 1, 28, 28)
    np.testing.assert_allclose(images.x_train[:, 0] * 255, x[images.y_train], rtol=1e-6)
    assert data.mnist(tmp_path, source=source, progress=False).x_train.shape == (9, 784)


def test_the_environment_says_where_the_data_lie(server, tmp_path, monkeypatch):
    monkeypatch.setenv("DOWNHILL_DATA", str(tmp_path / "shared"))
    source = cifar_source(server, cifar_archive(cifar_pickles(cifar_batches())))
    data.cifar10(source=source, progress=False)
    assert (tmp_path / "shared" / CIFAR).is_file()


@pytest.mark.parametrize("setting", [None, ""])
def test_without_folder_and_environment_the_users_cache_is_taken(server, tmp_path, monkeypatch, setting):
    import pooch

    monkeypatch.delenv("DOWNHILL_DATA", raising=False)
    if setting is not None:
        monkeypatch.setenv("DOWNHILL_DATA", setting)
    monkeypatch.setattr(pooch, "os_cache", lambda project: tmp_path / project)
    data.fetch(cifar_source(server, b"content"), progress=False)
    assert (tmp_path / "downhill" / CIFAR).read_bytes() == b"content"


@pytest.mark.parametrize("progress", [True, False])
def test_the_progress_bar_is_shown_if_asked_for(server, tmp_path, capsys, monkeypatch, progress):
    heard = io.StringIO()
    (handler,) = pooch.get_logger().handlers
    monkeypatch.setattr(handler, "stream", heard)
    data.fetch(cifar_source(server, bytes(200_000)), tmp_path, progress=progress)
    assert ("100%" in capsys.readouterr().err) is progress
    # pooch's own line.
    assert ("Downloading data from" in heard.getvalue()) is progress


def test_the_second_mirror_is_asked_if_the_first_fails(server, nowhere, tmp_path):
    server.serve(CIFAR, b"content")
    source = source_of({CIFAR: b"content"}, nowhere, server.base + "gone/", server.base)
    (path,) = data.fetch(source, tmp_path, progress=False)
    assert path.read_bytes() == b"content"
    assert server.requests == ["/gone/" + CIFAR, "/" + CIFAR]


def refused(source, folder):
    with pytest.raises(data.DataUnavailable) as caught:
        data.cifar10(folder, source=source, progress=False)
    return str(caught.value)


def test_without_a_network_the_message_says_what_to_do(nowhere, tmp_path):
    folder = tmp_path / "data"
    message = refused(source_of({CIFAR: b"content"}, nowhere), folder)
    assert issubclass(data.DataUnavailable, OSError)
    assert f"{folder / CIFAR}: not there" in message
    assert f"{nowhere}{CIFAR}: no connection" in message
    assert f"download\n  {nowhere}{CIFAR}\n" in message and f"  {folder}\n" in message
    assert "DOWNHILL_DATA" in message and "data.digits()" in message
    assert list(folder.iterdir()) == []


def test_the_message_lists_every_file_that_is_missing_and_no_other(nowhere, tmp_path):
    (tmp_path / "whole").write_bytes(b"1")
    (tmp_path / "damaged").write_bytes(b"?")
    source = source_of({"whole": b"1", "damaged": b"2", "missing": b"3"}, nowhere)
    with pytest.raises(data.DataUnavailable) as caught:
        data.fetch(source, tmp_path, progress=False)
    assert f"download\n  {nowhere}damaged\n  {nowhere}missing\nand put" in str(caught.value)


def test_a_file_put_there_by_hand_needs_no_network(server, nowhere, tmp_path):
    body = cifar_archive(cifar_pickles(cifar_batches()))
    (tmp_path / CIFAR).write_bytes(body)
    assert len(data.cifar10(tmp_path, source=source_of({CIFAR: body}, nowhere)).y_test) == 4


def test_a_refusal_of_the_server_is_reported(server, tmp_path):
    message = refused(source_of({CIFAR: b"content"}, server.base), tmp_path)
    assert "the server answered 404" in message


@pytest.mark.parametrize("claims_its_length", [True, False])
def test_half_a_download_leaves_nothing_behind(server, tmp_path, claims_its_length):
    body = cifar_archive(cifar_pickles(cifar_batches()))
    half = body[: len(body) // 2]
    source = source_of({CIFAR: body}, server.base)
    server.serve(CIFAR, half, claimed_length=len(body))
    if not claims_its_length:
        server.files["/" + CIFAR] = (half, {})
    message = refused(source, tmp_path)
    assert ("broke off" if claims_its_length else "another file") in message
    assert list(tmp_path.iterdir()) == []

    server.serve(CIFAR, body)
    assert len(data.cifar10(tmp_path, source=source, progress=False).y_test) == 4


def test_an_interrupted_download_leaves_nothing_behind(server, tmp_path, monkeypatch):
    import pooch

    def interrupted(self, url, output_file, pooch):
        with open(output_file, "wb") as file:
            file.write(b"half")
        raise KeyboardInterrupt

    monkeypatch.setattr(pooch.HTTPDownloader, "__call__", interrupted)
    with pytest.raises(KeyboardInterrupt):
        data.fetch(cifar_source(server, b"content"), tmp_path, progress=False)
    assert list(tmp_path.iterdir()) == []


def test_a_login_page_is_not_taken_for_the_file(server, tmp_path):
    server.serve(CIFAR, b"<html>Please log in</html>")
    assert "another file" in refused(source_of({CIFAR: b"content"}, server.base), tmp_path)
    assert list(tmp_path.iterdir()) == []


def test_a_damaged_file_is_replaced_or_named(server, nowhere, tmp_path):
    body = cifar_archive(cifar_pickles(cifar_batches()))
    (tmp_path / CIFAR).write_bytes(body[:-100])
    message = refused(source_of({CIFAR: body}, nowhere), tmp_path)
    assert f"{tmp_path / CIFAR}: there, but damaged" in message

    data.cifar10(tmp_path, source=cifar_source(server, body), progress=False)
    assert (tmp_path / CIFAR).read_bytes() == body


def test_a_folder_that_cannot_be_made_is_reported(server, tmp_path):
    (tmp_path / "file").write_text("not a folder")
    assert "Error" in refused(cifar_source(server, b"content"), tmp_path / "file" / "data")


# ---------------------------------------------------------------------- files that are not to be trusted


class Attack:
    """Pickles to a call of a function with arguments."""

    def __init__(self, function, *arguments):
        self.call = function, arguments

    def __reduce__(self):
        return self.call


@pytest.mark.parametrize("function", [os.mkdir, exec])
def test_a_pickle_that_calls_something_is_refused_and_calls_nothing(server, tmp_path, function):
    marker = tmp_path / "marker"
    argument = f"__import__('os').mkdir({str(marker)!r})" if function is exec else str(marker)
    evil = pickle.dumps(Attack(function, argument), protocol=2)
    pickles = cifar_pickles(cifar_batches()) | {"data_batch_3": evil}
    message = refused(cifar_source(server, cifar_archive(pickles)), tmp_path / "data")
    assert "has no place in a batch of images" in message
    assert not marker.exists()
    pickle.loads(evil)  # the attack is a real one
    assert marker.exists()


def link(name, target):
    info = tarfile.TarInfo(name)
    info.type, info.linkname = tarfile.SYMTYPE, target
    return info


def test_members_with_other_paths_are_neither_read_nor_unpacked(server, tmp_path):
    more = {
        "../../escaped": b"x",
        "/tmp/escaped": b"x",
        "other/test_batch": b"no pickle",
        "cifar-10-batches-py/../escaped": b"x",
        "cifar-10-batches-py/readme.html": b"x",
        "cifar-10-batches-py/link": link("cifar-10-batches-py/link", "/etc/passwd"),
    }
    body = cifar_archive(cifar_pickles(cifar_batches()), **more)
    folder = tmp_path / "a" / "b" / "data"
    assert len(data.cifar10(folder, source=cifar_source(server, body), progress=False).y_test) == 4
    assert [path for path in tmp_path.rglob("*") if path.is_file()] == [folder / CIFAR]


def not_a_batch(**changes):
    x, y = np.zeros((2, 3072), np.uint8), [0, 1]
    return python2_pickle({b"data": x, b"labels": y} | {name.encode(): value for name, value in changes.items()})


@pytest.mark.parametrize(
    ("batch", "reason"),
    [
        (None, "the archive has no data_batch_2"),
        (link("cifar-10-batches-py/data_batch_2", "/etc/passwd"), "is no batch of images"),
        (b"", "EOFError"),
        (b"no pickle", "UnpicklingError"),
        (python2_pickle({b"labels": [0]}), "b'data'"),
        (python2_pickle([1]), "TypeError"),
        (not_a_batch(labels=[0, 1, 2]), "3 labels, but images of shape"),
        (not_a_batch(data=np.zeros((2, 3072))), "type float64"),
    ],
)
def test_an_archive_that_is_not_cifar10_is_named(server, tmp_path, batch, reason):
    pickles = cifar_pickles(cifar_batches())
    del pickles["data_batch_2"]
    more = {} if batch is None else {"cifar-10-batches-py/data_batch_2": batch}
    message = refused(cifar_source(server, cifar_archive(pickles, **more)), tmp_path)
    assert reason in message and str(tmp_path / CIFAR) in message and "data.digits()" in message


GARBAGE = gzip.compress(b"")[:10] + b"\xff" * 99  # a gzip header, and nothing that can be inflated


def test_a_member_too_large_for_a_batch_is_not_read(server, tmp_path, monkeypatch):
    monkeypatch.setattr(data, "_CIFAR10_MEMBER_BYTES", 1000)
    message = refused(cifar_source(server, cifar_archive(cifar_pickles(cifar_batches()))), tmp_path)
    assert "is no batch of images" in message


# Named: pytest makes ids of bytes, and gzip writes the time into them, so that two processes would not agree.
@pytest.mark.parametrize(
    "body",
    [b"no gzip", gzip.compress(b"no tar"), archive({"readme": b"x"})[:-20], GARBAGE],
    ids=["no gzip", "no tar", "cut off", "garbage"],
)
def test_a_file_that_is_no_archive_is_named(server, tmp_path, body):
    assert f"{tmp_path / CIFAR} cannot be read" in refused(cifar_source(server, body), tmp_path)


@pytest.mark.parametrize(
    "body",
    [
        b"no gzip",
        GARBAGE,
        *map(gzip.compress, (b"", b"\0\0\x08", b"\0\0\x08\x01\0\0\0\x09short", b"\0\0\x09\x01\0\0\0\x02ab")),
        idx(np.zeros((2, 3), np.uint8))[:-9],
    ],
    ids=["no gzip", "garbage", "empty", "no shape", "too short", "wrong type", "cut off"],
)
def test_a_file_that_is_not_mnist_is_named(server, tmp_path, body):
    source = source_of(dict.fromkeys(data.MNIST.files, body), server.base)
    for name in source.files:
        server.serve(name, body)
    with pytest.raises(data.DataUnavailable, match=r"train-images-idx3-ubyte\.gz cannot be read"):
        data.mnist(tmp_path, source=source, progress=False)


def test_the_published_sources_are_encrypted_and_checked():
    for source in (data.CIFAR10, data.MNIST):
        assert all(base.startswith("https://") and base.endswith("/") for base in source.bases)
        assert all(len(bytes.fromhex(checksum)) == 32 for checksum in source.files.values())
