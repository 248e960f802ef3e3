"""Mistakes that every optimizer invites, whatever its formula.

`STEP` and `denominator` are edits of lines that the right solutions share:

    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {...}
"""

from collections.abc import Callable, Iterable
from typing import Any

from autograder.judge import Case, Mistake, Slip, slips

# So small that its place does not show: one case of each exercise has a large eps, the others have this one.
TINY = 1e-20

STEP = slips("""
uphill (core): w - step -> w + step
    The step goes uphill: it has to be subtracted from `w`.

returns_step (core): w - step -> -step
    or w - step -> step
    What comes back is the step alone. Return where it leads, w minus the step.

no_step (core): w - step -> w
    What comes back is `w` as it was. Return where the step leads, w minus the step.
""")


def common_cases(
    *,
    lr: float = 0.1,
    rates: tuple[float, ...] = (0.1, 0.003, 0.05),
    steps: int = 60,
    extremes: tuple[float, ...] = (1e-12, 1.0, 1e15),
    **hyper: Any,
) -> list[Case]:
    """What every optimizer with a memory is asked.

    `rates` follow one another, over `steps`; so do the sizes of the gradients in `extremes`; `hyper` are all others.
    """
    smaller = {"eps": hyper["eps"] ** 2} if "eps" in hyper else {}
    return [
        Case("the learning rate changes on the way", shape=(1,), steps=steps, lr=rates, **hyper),
        Case("gradients of 0, at first and on the way: no nan", steps=20, sizes=(0.0, 1.0, 0.0, 1.0), lr=lr, **hyper),
        Case(
            f"gradients from {extremes[0]:g} to {extremes[-1]:g}".replace("+", ""),
            shape=(5,),
            steps=min(steps, 30),
            sizes=extremes,
            lr=lr,
            **hyper | smaller,
        ),
        Case("the caller changes w on the way", mode="moved", steps=steps, lr=lr, **hyper),
        Case("several parameters in turn, each with its state", mode="several", steps=12, lr=lr, weight=2, **hyper),
    ]


def without(bank: Iterable[Slip], *names: str) -> list[Slip]:
    """Slips that others share, but for those that do not fit."""
    return [slip for slip in bank if slip.name not in names]


def only(bank: Iterable[Slip], *names: str) -> list[Slip]:
    """Those of the slips that others share which fit."""
    return [slip for slip in bank if slip.name in names]


def denominator(v: str) -> list[Slip]:
    """What goes wrong below the line; `v` is what stands under the root there ("v_hat")."""
    return slips(f"""
eps_inside_root (detail): np.sqrt({v}) + eps -> np.sqrt({v} + eps)
    `eps` is inside the root, as lecture 002 has it. Here, as in PyTorch, it is added to the root.

no_square_root (core): np.sqrt({v}) -> {v}
    The step is divided by the squares themselves, as lecture 000 prints it. Take the square root: only then does the
    size of the gradients cancel.

eps_missing (detail): np.sqrt({v}) + eps -> np.sqrt({v})
    `eps` is not used: where all gradients were 0, the step is 0 / 0, which is nan. Add it to the root.

eps_as_floor (detail): np.sqrt({v}) + eps -> np.maximum(np.sqrt({v}), eps)
    `eps` is a lower bound of the root here. It has to be added to it.
""")


def hard_coded(**numbers: Any) -> list[Slip]:
    """A number in the place of a hyper-parameter: its name, and what stands there instead, one or several."""
    return [
        Slip(
            f"{name}_hard_coded",
            {"": f"{name} = {number!r}"},
            f"`{name}` makes no difference to the step: a number stands in its place, or nothing. Use what is passed "
            "in; the default in the signature is enough.",
            degree="detail" if name == "eps" else "",
        )
        for name, values in numbers.items()
        for number in (values if isinstance(values, list) else [values])
    ]


def manners(right: Callable, memory: str) -> list[Mistake]:
    """What goes wrong with the state, made of a right function; `memory` is what its state holds ("cache")."""

    def forgets(w, grad, state, **hyper):
        return right(w, grad, {}, **hyper)[0], state

    def own_w(w, grad, state, **hyper):
        w, kept = state.get("at", (w, {}))
        w, kept = right(w, grad, kept, **hyper)
        return w, {"at": (w, kept)}

    own = f"Each parameter has its own {memory}: keep it in the `state` that came with it."
    return [
        Mistake(
            f"{memory}_not_kept",
            forgets,
            f"Each step is like the first: nothing is left of the step before. Read the {memory} from `state`, and put "
            f"the new {memory} into the state that you return.",
            degree="core",
        ),
        Mistake(
            "keeps_own_w",
            own_w,
            "The step starts from a `w` kept in the state. The `w` that is passed in counts: the caller may have "
            "changed it since.",
            degree="detail",
        ),
        Mistake(
            "shared_memory",
            lambda: _one_memory(right),
            f"All parameters share their {memory}, in a global variable or a default argument. {own}",
            remembers=True,
        ),
        Mistake(
            "shared_memory",
            lambda: _one_memory_for_each_shape(right),
            f"Parameters of one shape share their {memory}, in a global variable or a default argument. {own}",
            remembers=True,
        ),
        Mistake(
            "shared_memory",
            lambda: _one_memory_since_an_empty_state(right),
            f"Parameters share their {memory}, and an empty `state` starts it anew for all of them. {own}",
            degree="detail",
            remembers=True,
        ),
    ]


def _one_memory(right: Callable) -> Callable:
    """The state in a global variable."""
    memory: dict = {}

    def step(w, grad, state, **hyper):
        try:
            w, kept = right(w, grad, memory, **hyper)
        except ValueError:
            # Of another shape than before: the step was counted before that showed.
            memory.update(t=memory.get("t", 0) + 1)
            raise
        memory.update(kept)
        return w, state

    return step


def _one_memory_for_each_shape(right: Callable) -> Callable:
    """The state in a global dictionary, under the shape of w."""
    memories: dict = {}

    def step(w, grad, state, **hyper):
        w, memories[w.shape] = right(w, grad, memories.get(w.shape, {}), **hyper)
        return w, state

    return step


def _one_memory_since_an_empty_state(right: Callable) -> Callable:
    """The state in a global dictionary, under the shape of w, emptied when a parameter starts."""
    memories: dict = {}

    def step(w, grad, state, **hyper):
        memory = memories.get(w.shape, {}) if state else {}
        w, memories[w.shape] = right(w, grad, memory, **hyper)
        return w, {"started": True}

    return step
