"""How fast the worked solutions are beside PyTorch on the processor, one thread each, the same work, in turns.

They are written to be read; this shows that none of them is needlessly slow. Run alone: python -m bench.solutions
"""

import time
from collections.abc import Callable, Iterator
from pathlib import Path
from statistics import median
from typing import Any

import numpy as np
import torch
import torch.nn.functional as F
from threadpoolctl import threadpool_limits

from autograder.course.build import topics
from autograder.course.source import worked

_ROOT = Path(__file__).resolve().parents[1]
_LEAST_SECONDS = 0.05  # of one round: a short piece of work is repeated

Work = Callable[[], Any]


def solutions() -> dict[str, Any]:
    """Every worked solution of the course by name: the cells that students fill in, run in order."""
    names: dict[str, Any] = {}
    for topic in topics(_ROOT):
        names |= worked(topic, _ROOT)
    return names


def pieces(name: dict[str, Any]) -> Iterator[tuple[str, str, Work, Work]]:
    """(what, its size, our work, PyTorch's work) for each comparison whose solutions are there."""
    rng = np.random.default_rng(0)
    yield from _optimizers(name, rng)
    yield from _layers(name, rng)
    yield from _images(name, rng)


def _optimizers(name: dict[str, Any], rng: np.random.Generator) -> Iterator[tuple[str, str, Work, Work]]:
    w, grad = rng.standard_normal((2, 1_000_000)).astype(np.float32)
    for function, make, options in (
        ("momentum", torch.optim.SGD, {"lr": 1e-3, "momentum": 0.9}),
        ("adagrad", torch.optim.Adagrad, {"lr": 1e-3}),
        ("rmsprop", torch.optim.RMSprop, {"lr": 1e-3}),
        ("adam", torch.optim.Adam, {"lr": 1e-3}),
        ("adamw", torch.optim.AdamW, {"lr": 1e-3}),
    ):
        if function in name:
            yield (
                f"{function} step",
                "1e6",
                _stepper(name[function], w, grad, options),
                _torch_step(make, w, grad, options),
            )


def _stepper(function: Callable, w: np.ndarray, grad: np.ndarray, options: dict[str, float]) -> Work:
    kept = {"w": w, "state": {}}

    def step():
        kept["w"], kept["state"] = function(kept["w"], grad, kept["state"], **options)

    return step


def _torch_step(make: Callable, w: np.ndarray, grad: np.ndarray, options: dict[str, float]) -> Work:
    parameter = torch.nn.Parameter(torch.tensor(w))
    parameter.grad = torch.tensor(grad)
    return make([parameter], **options).step


def _layers(name: dict[str, Any], rng: np.random.Generator) -> Iterator[tuple[str, str, Work, Work]]:
    x, dout, weight = rng.standard_normal((3, 512, 512)).astype(np.float32)
    gamma, beta = rng.standard_normal((2, 512)).astype(np.float32)
    labels = rng.integers(0, 512, 512)

    def both(forward: str, backward: str, *arguments: Any, **options: Any) -> Work:
        def work():
            _, cache = name[forward](*arguments, **options)
            return name[backward](dout, cache)

        return work

    def autograd(function: Callable, *arrays: np.ndarray) -> Work:
        leaves = [torch.tensor(array, requires_grad=True) for array in arrays]
        upstream = torch.tensor(dout)
        return lambda: torch.autograd.grad(function(*leaves), leaves, upstream)

    def normalized(x, gamma, beta):
        return F.batch_norm(x, None, None, gamma, beta, training=True)

    size = "(512, 512)"
    for backward in ("batchnorm_backward", "batchnorm_backward_fast"):
        if backward in name:
            ours = both("batchnorm_forward", backward, x, gamma, beta)
            yield f"batchnorm_forward + {backward}", size, ours, autograd(normalized, x, gamma, beta)
    if "linear_backward" in name:
        ours = both("linear_forward", "linear_backward", x, weight, beta)
        yield "linear_forward + linear_backward", size, ours, autograd(lambda x, w, b: x @ w + b, x, weight, beta)
    for activation in ("relu", "elu", "softplus"):
        if activation in name:
            yield (
                f"{activation} + {activation}_backward",
                size,
                lambda a=activation: (name[a](x), name[f"{a}_backward"](dout, x)),
                autograd(getattr(F, activation), x),
            )
    if "softmax_cross_entropy" in name:
        scores, target = torch.tensor(x, requires_grad=True), torch.tensor(labels)
        yield (
            "softmax_cross_entropy",
            size,
            lambda: name["softmax_cross_entropy"](x, labels),
            lambda: torch.autograd.grad(F.cross_entropy(scores, target), scores),
        )
    if "dropout_backward" in name:
        ours = both("dropout_forward", "dropout_backward", x, 0.5, rng, train=True)
        yield "dropout_forward + dropout_backward", size, ours, autograd(lambda x: F.dropout(x, 0.5), x)


def _images(name: dict[str, Any], rng: np.random.Generator) -> Iterator[tuple[str, str, Work, Work]]:
    x = rng.random((256, 3, 32, 32), dtype=np.float32)
    images, size = torch.tensor(x), "256 × 3 × 32 × 32"
    flow = rng.standard_normal((256, 2, 32, 32)).astype(np.float32)
    turn = torch.tensor([[0.9, -0.4, 0.0], [0.4, 0.9, 0.0]]).repeat(256, 1, 1)

    def warped(theta: torch.Tensor) -> torch.Tensor:
        grid = F.affine_grid(theta, images.shape, align_corners=False)
        return F.grid_sample(images, grid, align_corners=False)

    def displaced() -> torch.Tensor:
        straight = F.affine_grid(torch.eye(2, 3).repeat(256, 1, 1), images.shape, align_corners=False)
        return F.grid_sample(images, straight + torch.tensor(flow).permute(0, 2, 3, 1) / 16, align_corners=False)

    theirs = {
        "horizontal_flip": ((x,), lambda: torch.flip(images, [3])),
        "adjust_contrast": (
            (x, 1.5),
            lambda: torch.lerp(images.mean((1, 2, 3), keepdim=True), images, 1.5).clamp(0, 1),
        ),
        "rotate": ((x, 24.0), lambda: warped(turn)),
        "zoom": ((x, 1.3), lambda: warped(turn)),
        "elastic_distort": ((x, flow), displaced),
    }
    for function, (arguments, work) in theirs.items():
        if function in name:
            yield function, size, lambda f=function, a=arguments: name[f](*a), work


def compare(ours: Work, theirs: Work, rounds: int) -> tuple[float, float]:
    """Median seconds of each, measured in turns; in a single round, a trial, none is repeated."""
    times: tuple[list[float], list[float]] = [], []
    repeats = []
    least = _LEAST_SECONDS if rounds > 1 else 0.0
    for work in (ours, theirs):
        work()
        began = time.perf_counter()
        work()
        repeats.append(max(1, round(least / max(time.perf_counter() - began, 1e-6))))
    for _ in range(rounds):
        for work, count, found in zip((ours, theirs), repeats, times, strict=True):
            began = time.perf_counter()
            for _ in range(count):
                work()
            found.append((time.perf_counter() - began) / count)
    return median(times[0]), median(times[1])


def main(rounds: int = 7) -> None:
    """Print the table."""
    torch.set_num_threads(1)
    print(f"{'Solutions beside PyTorch, one thread each':<44} {'of':<18} {'ours':>9} {'PyTorch':>9} {'ratio':>7}")
    with threadpool_limits(1):
        for what, size, ours, theirs in pieces(solutions()):
            one, other = compare(ours, theirs, rounds)
            print(f"{what:<44} {size:<18} {1e3 * one:6.2f} ms {1e3 * other:6.2f} ms {one / other:5.1f} ×", flush=True)


if __name__ == "__main__":
    main()
