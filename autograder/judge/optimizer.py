"""The kind Optimizer: name(w, grad, state, *, lr, ...) -> (w, state), compared along whole trajectories."""

from collections.abc import Callable
from dataclasses import dataclass
from typing import Any, Protocol

import numpy as np
import torch

from autograder.judge.exercise import Case, Exercise, Words, in_words
from autograder.judge.script import Probe, Script, Want


class Stepper(Protocol):
    """The reference's side of a trajectory, in float64."""

    def step(self, w: np.ndarray, grad: np.ndarray, lr: float | None) -> np.ndarray: ...


def torch_optimizer(kind: type[torch.optim.Optimizer], **fixed: Any) -> Callable[..., Stepper]:
    """A reference that steps one of PyTorch's optimizers.

    Parameters
    ----------
    kind : the class in torch.optim
    fixed : the hyper-parameters' defaults in the student's signature, and switches such as nesterov=True
    """

    class TorchStepper:
        def __init__(self, w: np.ndarray, **hyper: Any):
            self.w = torch.nn.Parameter(torch.tensor(w, dtype=torch.float64))
            self.optimizer = kind([self.w], **{"lr": 1.0, **fixed, **hyper})

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


@dataclass(frozen=True, kw_only=True, eq=False)
class Optimizer(Exercise):
    """An exercise whose function makes one step of an optimizer.

    Options of its cases: `shape`, `steps`, `dtype`, `lr` (a number, or several that follow one another; None: left out
    of the call), `sizes` (factors of the gradients, likewise), `mode` ("plain"; "moved": the caller changes w on the
    way; "several": three parameters, each with its state; "inputs"; "again"), and the hyper-parameters, passed by
    keyword.

    Parameters
    ----------
    reference : made by `torch_optimizer` or `torch_steps`
    """

    reference: Callable[..., Stepper]

    def standard_cases(self) -> tuple[Case, ...]:
        return (
            Case("float32 in, float32 out", dtype="float32", steps=20, lr=0.05),
            Case("leaves w and grad as they were", mode="inputs", steps=4, lr=0.05),
            Case("gives the same answer when it is run again", mode="again", steps=4, lr=0.05),
        )

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        usual = {"shape": (4, 3), "steps": 60, "dtype": "float64", "mode": "plain", "lr": 0.1, "sizes": 1.0}
        options = {**usual, **case.options}
        shape, steps, dtype, mode, lr, sizes = (options.pop(key) for key in usual)
        rates = _phases(lr, steps)
        run = _Trajectories(self, Script(), rates, _phases(sizes, steps), np.dtype(dtype), options)
        inputs = run.draw(rng, shape)
        if mode == "moved":
            moves = {steps // 3, 2 * steps // 3}
            run.walk([inputs], moved={t: rng.standard_normal(shape).astype(dtype) for t in moves})
        elif mode == "several":
            other = (2, *shape)
            run.walk([inputs, run.draw(rng, shape), run.draw(rng, other)])
        elif mode == "again":
            run.walk([inputs])
            run.walk([run.draw(rng, shape)], role="other")
            run.walk([inputs], role="again")
        else:
            run.walk([inputs], watch=mode == "inputs")
        called = in_words(
            self.names[0],
            ["w", "grad", "state"],
            {**_rate(None if lr is None else Words(" then ".join(map(str, dict.fromkeys(rates))))), **options},
        )
        w, grads = inputs
        return Probe(run.script, called, {"w": w, "grad": grads[0]} if steps == 1 else {"w": w})


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

    def draw(self, rng: np.random.Generator, shape: tuple[int, ...]) -> tuple[np.ndarray, np.ndarray]:
        """Start and gradients: each step's of another size and with a drift, so that memory and its order show."""
        w = rng.standard_normal(shape)
        size = rng.uniform(0.3, 2.0, (len(self.rates),) + (1,) * len(shape))
        size = size * np.reshape(self.sizes, size.shape)
        grads = size * (rng.standard_normal((len(self.rates), *shape)) + 0.3)
        return w.astype(self.dtype), grads.astype(self.dtype)

    def walk(self, starts: list, *, moved: dict | None = None, watch: bool = False, role: str = "value") -> None:
        """All parameters in turn, step by step.

        moved : the caller's own w at some steps; watch : also report the arguments after each call.
        """
        script, several, given = self.script, len(starts) > 1, []
        current = [script.put(w) for w, _ in starts]
        exact = [w.astype(np.float64) for w, _ in starts]
        states = [script.put({}) for _ in starts]
        references = [self.exercise.reference(w, **self.hyper) for w in exact]
        for t, lr in enumerate(self.rates):
            for k, (_, grads) in enumerate(starts):
                if moved and t in moved:
                    current[k], exact[k] = script.put(moved[t]), moved[t].astype(np.float64)
                grad = script.put(grads[t]) if watch else grads[t]
                before, was = current[k], exact[k]
                note = f"step {t + 1}" + (f" of parameter {k + 1}" if several else "")
                current[k], states[k] = script.call(
                    0, before, grad, states[k], **_rate(lr), **self.hyper, unpack=2, note=note
                )
                exact[k] = references[k].step(exact[k], grads[t].astype(np.float64), lr)
                label = f"w after {note}" + {"other": " (another run)", "again": " (run again)"}.get(role, "")
                script.get(current[k], Want(label, exact[k].astype(self.dtype), role=role))
                if watch:
                    given += [
                        (before, Want("w", was.astype(self.dtype), role="input" if t == 0 else "kept")),
                        (grad, Want("grad", grads[t], role="input")),
                    ]
        # After the last step: a later one can write into an earlier one's arrays (v = grad, then v *= momentum).
        for array, want in given:
            script.get(array, want)
