"""What the activations' exercises share: where x lies, and what goes wrong in every backward."""

from autograder.judge import Case, slips

SECTION = "5 · Six ways to bend"


def shapes(**hyper):
    """Ordinary numbers, in the shapes that a network has."""
    return [
        Case("a few numbers", shape=(5,), size=1.5, **hyper),
        Case("a batch, (N, D)", shape=(6, 4), size=3.0, **hyper),
        Case("images, (N, C, H, W)", shape=(2, 3, 4, 5), **hyper),
    ]


MASK_OF_FLOATS = (
    "Float32 goes in and float64 comes out: np.where(x > 0, 1.0, 0.0), np.zeros(x.shape) and a bool mask times a "
    "number like 0.1 are float64. Let np.where pick from arrays like x, or multiply x or dout by the bool mask itself."
)

BACKWARD = slips("""
dout_forgotten (core): -> dout = np.ones_like(dout)
    The backward returns the derivative of the activation alone. The chain rule multiplies it, element by element, by
    `dout`, the slope of the loss in out.

arguments_swapped: -> dout, x = x, dout
    `dout` and `x` have changed places: the upstream gradient comes first, (dout, x).

averaged: -> dout = dout / dout.size
    or -> dout = dout / (dout.shape or (1,))[0]
    dx is divided by the number of elements or of samples. Each element has its own slope; the 1/N, if there is one,
    comes with `dout`, from the loss.
""")
