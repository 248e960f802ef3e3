"""What the exercises on mixing share: answers read with care, and transforms as they are handed to a student's function."""

import numpy as np

from autograder.judge import Finding, Probe, Script, Want

DTYPE = (
    "Float32 goes in and float64 comes out: a draw of `rng` or a new array is float64 and takes the result along. Turn it "
    "with `.astype(x.dtype)`, or make new arrays with `np.empty_like(x)`."
)

OVERWRITES = "An array that an earlier call returned is overwritten by a later one. Make a new array each time."


def as_batch(value, like, label):
    """What came as a float64 array like another one, or the finding that says what else came."""
    if not isinstance(value, np.ndarray):
        return Finding(f"{label} must be a NumPy array", got=type(value).__name__)
    if value.shape != like.shape:
        return Finding(f"{label} must have shape {like.shape}", got=str(value.shape))
    if value.dtype != like.dtype:
        if like.dtype == np.float32 and value.dtype == np.float64:
            return Finding(DTYPE, "changes_dtype")
        return Finding(f"{label} must have the dtype of x, {like.dtype}", got=str(value.dtype))
    if not np.isfinite(value).all():
        return Finding(f"{label} is not finite")
    if value.size and np.abs(value).max() > 1e6:
        return Finding(f"{label} holds values far outside [0, 1]")
    return value.astype(np.float64)


def stays_probe(called, ask):
    """The property that an earlier result stays as it was when a later call has been made.

    ask(script) -> the results of one call, each time with other draws
    """
    script = Script()
    first = ask(script)
    for handle in first:
        script.get(handle, Want("result", None))
    ask(script)
    for handle in first:
        script.get(handle, Want("result", None))

    def findings(values):
        at_once, later = values[: len(first)], values[len(first) :]
        pairs = [(a, b) for a, b in zip(at_once, later, strict=True) if isinstance(a, np.ndarray)]
        if len(pairs) < len(first):
            return [Finding("the result must be a NumPy array")]
        same = all(isinstance(b, np.ndarray) and np.array_equal(a, b, equal_nan=a.dtype.kind in "fc") for a, b in pairs)
        return [] if same else [Finding(OVERWRITES, "overwrites_earlier_result")]

    return Probe(script, called, findings=findings)


def transform_of(shape, change):
    """A transform for images of shape (C, H, W): `change` where images come, an error where anything else does."""

    def transform(*args):
        images = args[0] if len(args) == 1 else None
        if not isinstance(images, np.ndarray) or images.ndim != 4 or images.shape[1:] != shape:
            got = ", ".join(f"shape {a.shape}" if isinstance(a, np.ndarray) else type(a).__name__ for a in args)
            c, h, w = shape
            raise ValueError(f"a transform takes one array of images, (k, {c}, {h}, {w}); got {got or 'nothing'}")
        return change(images)

    return transform
