"""norm_axes: the axes of (N, C, H, W) that share a mean and a variance.

The three kinds of lecture 002's figure (Wu and He 2018, figure 2) that are a mean over whole axes; GroupNorm is none:
it needs a reshape. Judged by what x is when it is normalized over these axes, so their order and sign are free, and a
list does. References: batch_norm, group_norm with one group, and instance_norm of torch.nn.functional.
"""

import numpy as np

from autograder.judge import Case, F, Finding, Probe, Procedure, Script, Want, alternative, in_torch, slips, torch
from autograder.worker.functions import error_of
from autograder.worker.wire import Handle

KINDS = {
    "batch": lambda x: F.batch_norm(x, None, None, training=True),
    "layer": lambda x: F.group_norm(x, 1),
    "instance": lambda x: F.instance_norm(x),
}
WRONG = {
    "batch_and_layer_swapped": {"batch": {1, 2, 3}, "layer": {0, 2, 3}},
    "layer_and_instance_swapped": {"layer": {2, 3}, "instance": {1, 2, 3}},
    "batch_and_instance_swapped": {"batch": {2, 3}, "instance": {0, 2, 3}},
    "the_others": {"batch": {1}, "layer": {0}, "instance": {0, 1}},
    "channels_last": {"batch": {0, 1, 2}, "instance": {1, 2}},
    "layer_over_channels_alone": {"layer": {1}},
    "batch_per_pixel": {"batch": {0}},
}


# What a function raises that does not work at all: it says nothing about unknown kinds.
BROKEN = ("NameError", "UnboundLocalError", "RecursionError", "AttributeError")


@in_torch(otherwise=lambda x, kind: normalized(x, right(kind)))
def reference(x, kind):
    return KINDS[kind](torch.from_numpy(x)).numpy()


def normalized(x, axes):
    return (x - x.mean(axes, keepdims=True)) / np.sqrt(x.var(axes, keepdims=True) + 1e-5)


def read(value):
    """The axes of an answer, counted from the front; None where it is none."""
    if isinstance(value, int | np.integer | np.ndarray) and np.ndim(value) < 2:
        value = np.atleast_1d(value).tolist()
    numbers = value if isinstance(value, list | tuple) else []
    if not all(type(n) is int or isinstance(n, np.integer) for n in numbers) or not all(-4 <= n < 4 for n in numbers):
        return None
    axes = [int(n) % 4 for n in numbers]
    return axes if axes and len(set(axes)) == len(axes) else None


def not_refused(values):
    others = [raised for raised in values if not (isinstance(raised, str) and raised == "ValueError")]
    if others and all(isinstance(raised, str) and raised in BROKEN for raised in others):
        return [Finding("must raise ValueError", got=f"it raises {others[0]}")]
    return [Finding(mistake="unknown_accepted")] if others else []


def ask(case, rng):
    script, kind = Script(), case.get("kind")
    if kind is None:
        for name in case.get("unknown"):
            raised = script.call(script.named(error_of), Handle(0), name)
            script.get(raised, Want(f"norm_axes({name!r}) raises", None))
        return Probe(script, f"norm_axes({case.get('unknown')[0]!r})", findings=not_refused)
    for name in case.get("before", []):
        script.call(0, name)
    script.get(script.call(0, kind), Want("axes", None))
    x = rng.standard_normal((3, 4, 5, 6))

    def findings(values):
        axes = read(values[0])
        if axes is None:
            return [Finding("must be a tuple of axes, each an int from 0 to 3 and once", got=repr(values[0])[:60])]
        if np.allclose(normalized(x, tuple(axes)), reference(x, kind), atol=1e-6):
            return []
        names = [name for name, wrong in WRONG.items() if wrong.get(kind) == set(axes)]
        return [Finding(mistake=names[0] if names else None, got=str(tuple(axes)))]

    return Probe(script, f"norm_axes({kind!r})", findings=findings)


EXERCISE = Procedure(
    ask=ask,
    section="3 · Who shares a mean?",
    cases=[
        Case("batch: each channel, over all images", kind="batch", weight=2),
        Case("layer: each image, over all its channels", kind="layer", weight=2),
        Case("instance: each channel of each image", kind="instance", weight=2),
        Case("an unknown kind raises ValueError, group too", unknown=("group", "Batch", "")),
        Case("gives the same answer when it is called again", kind="batch", before=["batch", "layer"], weight=0.5),
    ],
)


def right(kind):
    if kind == "batch":
        return 0, 2, 3
    if kind == "layer":
        return 1, 2, 3
    if kind == "instance":
        return 2, 3
    raise ValueError(f"kind={kind!r}: batch, layer or instance")


MISTAKES = slips("""
batch_and_layer_swapped (core):
    return 0, 2, 3 -> return 1, 2, 3
    return 1, 2, 3 -> return 0, 2, 3
    Batch and layer have changed places. BatchNorm takes one channel over all images, LayerNorm one image over all its
    channels.

layer_and_instance_swapped:
    return 1, 2, 3 -> return 2, 3
    return 2, 3 -> return 1, 2, 3
    or return 2, 3 -> return 1, 2, 3
    or return 1, 2, 3 -> return 2, 3
    Layer and instance have changed places, or are one. LayerNorm takes all channels of an image together, InstanceNorm
    each channel by itself.

batch_and_instance_swapped:
    return 0, 2, 3 -> return 2, 3
    return 2, 3 -> return 0, 2, 3
    or return 2, 3 -> return 0, 2, 3
    or return 0, 2, 3 -> return 2, 3
    Batch and instance have changed places, or are one. BatchNorm takes a channel over all images, InstanceNorm each
    image by itself.

the_others:
    return 0, 2, 3 -> return (1,)
    return 1, 2, 3 -> return (0,)
    return 2, 3 -> return 0, 1
    or return 0, 2, 3 -> return (1,)
    or return 1, 2, 3 -> return (0,)
    or return 2, 3 -> return 0, 1
    These are the axes that are kept, each with a mean of its own. Asked for are the axes that the mean goes over.

channels_last:
    return 0, 2, 3 -> return 0, 1, 2
    return 2, 3 -> return 1, 2
    or return 0, 2, 3 -> return 0, 1, 2
    or return 2, 3 -> return 1, 2
    The axes are those of (N, H, W, C), channels last. Here they are (N, C, H, W).

layer_over_channels_alone: return 1, 2, 3 -> return (1,)
    LayerNorm goes over the channels alone here, so each pixel has its own mean. An image's channels and pixels all
    share one: axes 1, 2 and 3.

batch_per_pixel: return 0, 2, 3 -> return (0,)
    BatchNorm goes over the images alone here, so each pixel has its own mean. All pixels of a channel share one: axes
    0, 2 and 3.

unknown_accepted (detail): raise ValueError(f"kind={kind!r}: batch, layer or instance") -> return ()
    or raise ValueError(f"kind={kind!r}: batch, layer or instance") -> return 0, 2, 3
    or raise ValueError(f"kind={kind!r}: batch, layer or instance") -> return None
    or raise ValueError(f"kind={kind!r}: batch, layer or instance") -> return 2, 3
    or raise ValueError(f"kind={kind!r}: batch, layer or instance") -> raise KeyError(kind)
    or raise ValueError(f"kind={kind!r}: batch, layer or instance") -> raise TypeError(kind)
    An unknown kind must raise ValueError, "group" too, of which no axes of x are the answer.
""")


@alternative
def from_a_table(kind):
    table = {"instance": [-1, -2], "layer": [3, 2, 1], "batch": [0, -2, -1]}
    if kind not in table:
        raise ValueError(kind)
    return table[kind]


@alternative
def as_an_array(kind):
    kept = {"batch": {1}, "layer": {0}, "instance": {0, 1}}
    try:
        return np.array([axis for axis in range(4) if axis not in kept[kind]])
    except KeyError as error:
        raise ValueError("unknown kind") from error


HINTS = [
    "Ask of each kind: which pixels share one mean? The axes along which they lie are the answer; the others are kept.",
    "BatchNorm keeps the channels, LayerNorm the images, InstanceNorm both. And GroupNorm is a mean over no whole "
    "axes of x: what should happen then?",
    "`(0, 2, 3)` for batch, `(1, 2, 3)` for layer, `(2, 3)` for instance, else `raise ValueError(...)`.",
]
