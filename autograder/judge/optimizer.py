"""The kind Optimizer: name(w, grad, state, *, lr, ...) -> (w, state), compared along whole trajectories.

The kind Transform is the part of one that changes the gradient: name(grad, state, *, ...) -> (grad, state).
"""

from __future__ import annotations

import inspect
from collections.abc import Callable, Iterable, Mapping
from dataclasses import dataclass
from types import MethodType
from typing import Any, Protocol

import numpy as np

from autograder.judge.exercise import Case, Exercise, Words, in_words
from autograder.judge.references import by_solution, torch
from autograder.judge.script import Probe, Script, Want
from autograder.judge.variants import LAYOUT_TITLE, STANDARD, with_ties
from autograder.worker.calls import LAYOUTS


class Stepper(Protocol):
    """The reference's side of a trajectory, in float64."""

    def step(self, w: np.ndarray, grad: np.ndarray, lr: float | None) -> np.ndarray: ...


def without_compiler(
    kind: type[torch.optim.Optimizer], params: Iterable[torch.Tensor], **options: Any
) -> torch.optim.Optimizer:
    """One of PyTorch's optimizers that does not load PyTorch's compiler, which takes longer than PyTorch itself.

    It would be loaded at the first group of parameters, at the first step and where gradients are set to zero, to be
    told that it has no part in them.
    """
    add_group = inspect.unwrap(torch.optim.Optimizer.add_param_group)
    if not hasattr(add_group, "__dynamo_disable"):  # where torch._compile keeps what the compiler made of it
        setattr(add_group, "__dynamo_disable", add_group)  # mangled otherwise
    optimizer = kind(params, **options)
    optimizer.step = MethodType(torch.no_grad()(inspect.unwrap(kind.step)), optimizer)  # type: ignore[method-assign]
    optimizer.zero_grad = MethodType(inspect.unwrap(kind.zero_grad), optimizer)  # type: ignore[method-assign]
    return optimizer


def torch_optimizer(kind: str, **fixed: Any) -> Callable[..., Stepper]:
    """A reference that steps one of PyTorch's optimizers.

    Parameters
    ----------
    kind : the class's name in torch.optim
    fixed : the hyper-parameters' defaults in the student's signature, and switches such as nesterov=True
    """

    class TorchStepper:
        def __init__(self, w: np.ndarray, **hyper: Any):
            self.w = torch.nn.Parameter(torch.tensor(w, dtype=torch.float64))
            self.optimizer = without_compiler(getattr(torch.optim, kind), [self.w], **{"lr": 1.0, **fixed, **hyper})

        def step(self, w: np.ndarray, grad: np.ndarray, lr: float | None) -> np.ndarray:
            with torch.no_grad():
                self.w.copy_(torch.tensor(w, dtype=torch.float64))
            self.w.grad = torch.tensor(grad, dtype=torch.float64)
            if lr is not None:
                self.optimizer.param_groups[0]["lr"] = lr
            self.optimizer.step()
            return self.w.detach().numpy().copy()

    return TorchStepper


def torch_steps(update: Callable, **fixed: Any) -> Callable[..., Stepper]:
    """A reference written as `update(w, grad, state, *, lr, ...) -> (w, state)` on torch tensors.

    For the forms that torch.optim does not have; `fixed` holds the signature's defaults.
    """

    class FormulaStepper:
        def __init__(self, w: np.ndarray, **hyper: Any):
            self.state: dict = {}
            self.hyper = {**fixed, **hyper}

        def step(self, w: np.ndarray, grad: np.ndarray, lr: float | None) -> np.ndarray:
            tensors = torch.tensor(w, dtype=torch.float64), torch.tensor(grad, dtype=torch.float64)
            result, self.state = update(*tensors, self.state, **{**self.hyper, **_rate(lr)})
            return result.numpy().copy()

    return FormulaStepper


class SolutionStepper:
    """The reference's side where the right solution of an exercise answers."""

    def __init__(self, exercise: Optimizer, **hyper: Any):
        self.exercise, self.hyper = exercise, hyper
        self.state: dict = {}

    def step(self, w: np.ndarray, grad: np.ndarray, lr: float | None) -> np.ndarray:
        asked = self.exercise.asked
        last = asked(grad) if asked else grad
        given = [w, last] if "w" in self.exercise.given else [last]
        result, self.state = self.exercise.solution[0](*given, self.state, **_rate(lr), **self.hyper)
        return np.array(result, np.float64)


_USUAL = {"shape": (4, 3), "steps": 60, "dtype": "float64", "mode": "plain", "lr": 0.1, "sizes": 1.0}
_SHAPES = ((4, 4), (1, 5), (3, 1), (1,), (), (0,))


@dataclass(frozen=True, kw_only=True, eq=False)
class Optimizer(Exercise):
    """An exercise whose function makes one step of an optimizer.

    Options of its cases: `shape`, `steps`, `dtype`, `lr` (a number, or several that follow one another; None: left out
    of the call), `sizes` (factors of the gradients, likewise), `mode` ("plain"; "moved": the caller changes w on the
    way; "several": three parameters, each with its state; "refilled": the caller's arrays of w and grad are the same in
    all steps, filled anew; the others are the standard cases'), and the hyper-parameters, passed by keyword.

    Parameters
    ----------
    reference : made by `torch_optimizer` or `torch_steps`
    typical : the hyper-parameters of the standard cases; the first case's where it is left out
    standard : which of the cases that all optimizers have are asked of this one
    asked : where the exercise takes a function of the place instead of a gradient, name(w, grad_fn, state, ...): makes
        that function of the gradient drawn for a step, `asked(grad) -> grad_fn`
    """

    reference: Callable[..., Stepper]
    typical: Mapping[str, Any] | None = None
    standard: tuple[str, ...] = (*STANDARD, "resumed")
    asked: Callable[[np.ndarray], Callable] | None = None

    def standard_cases(self) -> tuple[Case, ...]:
        first = self.cases[0].options
        hyper = {name: value for name, value in first.items() if name not in _USUAL}
        hyper = {**(hyper if self.typical is None else self.typical), "lr": 0.05}

        def case(title: str, about: str, weight: float = 1.0, **options: Any) -> Case:
            return Case(title, about=about, weight=weight, **{**hyper, "mode": about, **options})

        given = "w" if self.asked else "w and grad"
        cases = {
            "float32": case("float32 in, float32 out", "dtype", dtype="float32", steps=20, mode="plain"),
            "shapes": case("any shape: square, one row, one number, none", "shapes", steps=6),
            "layout": case(LAYOUT_TITLE, "layout", 0.5, steps=4),
            "ties": case(f"zeros and equal numbers among {given}", "ties", 0.5, steps=12),
            "range": case("gradients from 1e-3 to 1e3, some hundreds", "range", 0.5, steps=12, shape=(300,)),
            "inputs": case(f"leaves {given} as {'it was' if self.asked else 'they were'}", "inputs", steps=4),
            "again": case("gives the same answer when it is run again", "again", steps=4),
            "resumed": case("goes on from a state that was kept", "again", 0.5, steps=8, mode="resumed"),
        }
        return tuple(cases[name] for name in cases if name in self.standard)

    def exact(self, w: np.ndarray, **hyper: Any) -> Stepper:
        """What steps along from w, in float64."""
        return SolutionStepper(self, **hyper) if by_solution() else self.reference(w, **hyper)

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        options = {**_USUAL, **case.options}
        shape, steps, dtype, mode, lr, sizes = (options.pop(key) for key in _USUAL)
        rates = _phases(lr, steps)
        run = _Trajectories(self, Script(), rates, _phases(sizes, steps), np.dtype(dtype), options)
        inputs = run.draw(rng, () if mode == "shapes" else shape, mode)
        if mode == "moved":
            moves = {steps // 3, 2 * steps // 3}
            run.walk([inputs], moved={t: rng.standard_normal(shape).astype(dtype) for t in moves})
        elif mode == "several":
            other = (2, *shape)
            run.walk([inputs, run.draw(rng, shape), run.draw(rng, other)])
        elif mode == "refilled":
            run.refill(inputs)
        elif mode == "again":
            run.walk([inputs])
            run.walk([run.draw(rng, shape)], role="other")
            # What came back is the caller's: written over, it changes no later run.
            run.script.scribble(run.walk([inputs], role="again")[0])
            run.walk([inputs], role="again")
        elif mode == "resumed":
            run.resume(inputs, steps // 2)
        elif mode == "shapes":
            for each in _SHAPES:
                run.walk([run.draw(rng, each)], about=f"shape {each}")
        elif mode == "layout":
            for layout in LAYOUTS:
                run.walk([inputs], layout=layout, about=layout)
        else:
            run.walk([inputs], watch=mode == "inputs")
            for each in _SHAPES if mode == "inputs" else ():
                run.walk([run.draw(rng, each)], watch=True, about=f"shape {each}")
        rate = _rate(None if lr is None else Words(" then ".join(map(str, dict.fromkeys(rates)))))
        called = in_words(self.names[0], [*self.given, "state"], {**rate, **options})
        w, grads = run.at(inputs, 0)
        drawn = {"w": w, "grad": grads} if steps == 1 and not self.asked else {"w": w}
        return Probe(run.script, called, {name: value for name, value in drawn.items() if name in self.given})

    @property
    def given(self) -> tuple[str, ...]:
        """The arguments before the state, as the student calls them."""
        return "w", "grad_fn" if self.asked else "grad"


@dataclass(frozen=True, kw_only=True, eq=False)
class Transform(Optimizer):
    """An exercise whose function changes the gradient of a step: name(grad, state, *, ...) -> (grad, state).

    Its cases are an optimizer's, without `lr` and "moved". Where it takes w too, each step is at a place of its own.

    Parameters
    ----------
    reference : as for `Optimizer`; its steps give the changed gradient
    takes : the arguments before the state: ("grad",) or ("w", "grad")
    returns : what comes back, in the student's words
    """

    takes: tuple[str, ...]
    returns: str

    @property
    def given(self) -> tuple[str, ...]:
        return self.takes

    def standard_cases(self) -> tuple[Case, ...]:
        return tuple(replace_options(case, lr=None) for case in super().standard_cases())


def replace_options(case: Case, **options: Any) -> Case:
    """A case with other options."""
    title = case.title.replace("w and grad", "the arguments")
    return Case(title, weight=case.weight, about=case.about, **{**case.options, **options})


def _phases(value: Any, steps: int) -> list:
    """One value for each step: the same for all, or several that follow one another."""
    values = value if isinstance(value, tuple | list) else (value,)
    return [values[t * len(values) // steps] for t in range(steps)]


def _rate(lr: Any) -> dict[str, Any]:
    """The keyword lr, or none where the default is asked for."""
    return {} if lr is None else {"lr": lr}


class _Trajectories:
    """Writes trajectories into a script, the reference stepping along."""

    def __init__(
        self, exercise: Optimizer, script: Script, rates: list, sizes: list[float], dtype: np.dtype, hyper: dict
    ):
        self.exercise, self.script, self.dtype, self.hyper = exercise, script, dtype, hyper
        self.rates, self.sizes = rates, sizes
        self.transform = exercise if isinstance(exercise, Transform) else None

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...], mode: str = "") -> tuple[np.ndarray, np.ndarray]:
        """Start and gradients: each step's of another size and with a drift, so that memory and its order show."""
        w = rng.standard_normal((len(self.rates), *shape) if self.transform else shape)
        size = rng.uniform(0.3, 2.0, (len(self.rates),) + (1,) * len(shape))
        size = size * np.reshape(self.sizes, size.shape)
        grads = size * (rng.standard_normal((len(self.rates), *shape)) + 0.3)
        if mode == "range":
            grads = grads * 10 ** rng.uniform(-3, 3, shape)
        if mode == "ties":
            w, grads = with_ties(w, rng), with_ties(grads, rng)
        return w.astype(self.dtype), grads.astype(self.dtype)

    def at(self, start: tuple, t: int) -> tuple[np.ndarray, np.ndarray]:
        """Where a walk begins, or a step of a Transform is made, and the gradient there, arrays of shape () too."""
        w, grads = start
        return np.asarray(w[t] if self.transform else w), np.asarray(grads[t])

    def walk(
        self,
        starts: list,
        *,
        moved: dict | None = None,
        watch: bool = False,
        layout: str = "",
        role: str = "value",
        about: str = "",
    ) -> list:
        """All parameters in turn, step by step; the handles of where they end.

        moved : the caller's own w at some steps; watch : also report the arguments after each call; about : what tells
        this walk from the others of the case.
        """
        script, several, given = self.script, len(starts) > 1, []
        firsts = [self.at(start, 0)[0] for start in starts]
        current = [script.put(w, layout) for w in firsts]
        exact = [w.astype(np.float64) for w in firsts]
        states = [script.put({}) for _ in starts]
        references = [self.exercise.exact(w, **self.hyper) for w in exact]
        for t, lr in enumerate(self.rates):
            for k, start in enumerate(starts):
                w, drawn = self.at(start, t)
                if moved and t in moved:
                    current[k], exact[k] = script.put(moved[t]), moved[t].astype(np.float64)
                elif self.transform and t:
                    current[k], exact[k] = script.put(w, layout), w.astype(np.float64)
                grad = self._given(drawn, watch, layout)
                before, was = current[k], exact[k]
                note = f"step {t + 1}" + (f" of parameter {k + 1}" if several else "")
                note += f" ({about})" if about else ""
                current[k], states[k] = self._call(before, grad, states[k], lr, note)
                exact[k] = references[k].step(exact[k], drawn.astype(np.float64), lr)
                self._report(current[k], exact[k], note, role)
                if watch and "w" in self.exercise.given:
                    given.append((before, Want("w", was.astype(self.dtype), role="input" if t == 0 else "kept")))
                if watch and not self.exercise.asked:
                    given.append((grad, Want("grad", drawn, role="input")))
        # After the last step: a later one can write into an earlier one's arrays (v = grad, then v *= momentum).
        for array, want in given:
            script.get(array, want)
        return current

    def resume(self, start: tuple, kept_after: int) -> None:
        """A whole walk, then its second half once more from the state that was kept on the way."""
        script, w = self.script, self.at(start, 0)[0]
        current, state, exact = script.put(w), script.put({}), w.astype(np.float64)
        reference = self.exercise.exact(exact, **self.hyper)
        seen = []
        for t, lr in enumerate(self.rates):
            w, grad = self.at(start, t)
            if t == kept_after:
                kept = script.copy(current), script.copy(state)
            if self.transform:
                current, exact = script.put(w), w.astype(np.float64)
            current, state = self._call(current, self._given(grad), state, lr, f"step {t + 1}")
            exact = reference.step(exact, grad.astype(np.float64), lr)
            seen.append(exact)
            self._report(current, exact, f"step {t + 1}", "value")
        current, state = kept
        for t in range(kept_after, len(self.rates)):
            note = f"step {t + 1}, from the kept state"
            w, grad = self.at(start, t)
            current = script.put(w) if self.transform else current
            current, state = self._call(current, self._given(grad), state, self.rates[t], note)
            self._report(current, seen[t], note, "again")

    def refill(self, start: tuple) -> None:
        """A walk whose w and grad lie in the same two arrays all the time, as those of a training loop may."""
        script, (w, grad) = self.script, self.at(start, 0)
        place, slope, state, exact = script.put(w), script.put(grad), script.put({}), w.astype(np.float64)
        reference = self.exercise.exact(exact, **self.hyper)
        for t, lr in enumerate(self.rates):
            w, grad = self.at(start, t)
            if self.transform:
                exact = w.astype(np.float64)
            script.fill(place, exact.astype(self.dtype))
            script.fill(slope, grad)
            note = f"step {t + 1}"
            new, state = self._call(place, slope, state, lr, note)
            exact = reference.step(exact, grad.astype(np.float64), lr)
            self._report(new, exact, note, "value")

    def _call(self, w: Any, grad: Any, state: Any, lr: float | None, note: str) -> list:
        """One step; the handles of what it returns and of the state."""
        given = [w, grad] if "w" in self.exercise.given else [grad]
        return self.script.call(0, *given, state, **_rate(lr), **self.hyper, unpack=2, note=note)

    def _given(self, grad: np.ndarray, watch: bool = False, layout: str = "") -> Any:
        """What a step is given: the gradient, or the function that is asked for it."""
        if self.exercise.asked:
            return self.script.callback(self.exercise.asked(grad))
        return self.script.put(grad, layout) if watch or layout else grad

    def _report(self, w: Any, exact: np.ndarray, note: str, role: str) -> None:
        name, when = (self.transform.returns, "of") if self.transform else ("w", "after")
        label = f"{name} {when} {note}" + {"other": " (another run)", "again": " (run again)"}.get(role, "")
        self.script.get(w, Want(label, exact.astype(self.dtype), role=role, result=name))
