"""What the activations' exercises share: where x lies, and the mistakes that all backwards can make."""

from autograder.judge import Case, Mistake, any_function

SHAPES = [
    Case("a few numbers", shape=(5,), size=1.5),
    Case("a batch, (N, D)", shape=(6, 4), size=3.0),
    Case("a single number, shape ()", shape=()),
    Case("images, (N, C, H, W)", shape=(2, 3, 4, 5)),
]


MASK_OF_FLOATS = (
    "Float32 goes in and float64 comes out: np.where(x > 0, 1.0, 0.0), np.zeros(x.shape) and a bool mask times a number "
    "like 0.1 are float64. Let np.where pick from arrays like x, or multiply x or dout by the bool mask itself."
)


def backward_mistakes(backward):
    """Mistakes that have nothing to do with the formula, made of a right backward."""

    def without_dout(dout, x, **hyper):
        return backward(dout * 0 + 1, x, **hyper)

    def swapped(dout, x, **hyper):
        return backward(x, dout, **hyper)

    return [
        Mistake(
            "dout_forgotten",
            (any_function, without_dout),
            "The backward returns the derivative of the activation alone. The chain rule multiplies it, element by "
            "element, by `dout`, the slope of the loss in out.",
        ),
        Mistake(
            "arguments_swapped",
            (any_function, swapped),
            "`dout` and `x` have changed places: the upstream gradient comes first, (dout, x).",
        ),
    ]
