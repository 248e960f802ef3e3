"""Mistakes that every optimizer with a memory invites, made from a right one."""

from collections.abc import Callable
from typing import Any

from autograder.judge import Mistake


class Remembering(Mistake):
    """A mistake that remembers earlier calls outside the state; `wrong` makes it, anew for each judging."""

    @property
    def functions(self) -> tuple[Callable, ...]:
        return (self.wrong(),)


def slips(right: Callable, memory: str, **defaults: Any) -> list[Mistake]:
    """The mistakes that have nothing to do with the formula.

    Parameters
    ----------
    right : a right function, written in NumPy
    memory : what its state holds, in the student's words ("cache")
    defaults : hyper-parameters of the signature with the numbers that stand in their place where they are not used,
        one or several
    """

    def uphill(w, grad, state, **hyper):
        new, state = right(w, grad, state, **hyper)
        return 2 * w - new, state

    def step_alone(w, grad, state, **hyper):
        new, state = right(w, grad, state, **hyper)
        return new - w, state

    def forgets(w, grad, state, **hyper):
        return right(w, grad, {}, **hyper)[0], state

    def own_w(w, grad, state, **hyper):
        w, memory = state.get("at", (w, {}))
        w, memory = right(w, grad, memory, **hyper)
        return w, {"at": (w, memory)}

    def fixed(name, number):
        return lambda w, grad, state, **hyper: right(w, grad, state, **{**hyper, name: number})

    return [
        Mistake("uphill", uphill, "The step goes uphill: it has to be subtracted from `w`."),
        Mistake(
            "returns_step", step_alone, "What comes back is the step alone. Return where it leads, w minus the step."
        ),
        Mistake(
            f"{memory}_not_kept",
            forgets,
            f"Each step is like the first: nothing is left of the step before. Read the {memory} from `state`, and put the "
            f"new {memory} into the state that you return.",
        ),
        Mistake(
            "keeps_own_w",
            own_w,
            "The step starts from a `w` kept in the state. The `w` that is passed in counts: the caller may have changed "
            "it since.",
        ),
        Remembering(
            "shared_memory",
            lambda: one_memory_for_each_shape(right),
            f"Parameters of one shape share their {memory}, in a global variable or a default argument. Each parameter has "
            "its own: keep it in the `state` that came with it.",
        ),
        Mistake(
            "shared_memory",
            one_memory_since_an_empty_state(right),
            f"Parameters share their {memory}, and an empty `state` starts it anew for all of them. Each parameter has its "
            "own: keep it in the `state` that came with it.",
        ),
        *(
            Mistake(
                f"{name}_hard_coded",
                fixed(name, number),
                f"`{name}` makes no difference to the step: a number stands in its place. Use what is passed in; the "
                "default in the signature is enough.",
            )
            for name, numbers in defaults.items()
            for number in (numbers if isinstance(numbers, list) else [numbers])
        ),
    ]


def one_memory_for_each_shape(right: Callable) -> Callable:
    """The state in a global dictionary, under the shape of w."""
    memories: dict = {}

    def step(w, grad, state, **hyper):
        w, memories[w.shape] = right(w, grad, memories.get(w.shape, {}), **hyper)
        return w, state

    return step


def one_memory_since_an_empty_state(right: Callable) -> Callable:
    """The state in a global dictionary, under the shape of w, emptied when a parameter starts."""
    memories: dict = {}

    def step(w, grad, state, **hyper):
        memory = memories.get(w.shape, {}) if state else {}
        w, memories[w.shape] = right(w, grad, memory, **hyper)
        return w, {"started": True}

    return step
