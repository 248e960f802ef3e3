"""nesterov_lookahead: Nesterov's momentum with the gradient taken where the velocity is about to lead.

v <- momentum * v - lr * grad_fn(w + momentum * v);  w <- w + v (Nesterov 1983; Sutskever et al. 2013; lectures 000, 001).
Reference: the formula with autograd, on a quadratic and on Rosenbrock's function. Lecture 002 writes the velocity with
the other sign, w - v, and therefore looks ahead at w - momentum * v: the same point.
"""

import numpy as np
import torch

from autograder.judge import Case, Mistake, Probe, Procedure, Script, Want
from autograder.judge.exercise import Words, in_words


def quadratic(w):
    curvature = torch.linspace(1.0, 10.0, w.numel(), dtype=w.dtype).reshape(w.shape)
    return 0.5 * (curvature * w * w).sum() + (w.sum() - 1.0) ** 2 / 4


def rosenbrock(w):
    flat = w.reshape(-1)
    return (100 * (flat[1:] - flat[:-1] ** 2) ** 2 + (1 - flat[:-1]) ** 2).sum()


FUNCTIONS = {"quadratic": quadratic, "rosenbrock": rosenbrock}


def gradient(function, w):
    leaf = torch.tensor(w, dtype=torch.float64, requires_grad=True)
    (grad,) = torch.autograd.grad(function(leaf), leaf)
    return grad.numpy()


def grad_fn_of(function, shape, dtype):
    """What the student's function is given: it refuses what is no point, and keeps the dtype."""

    def grad_fn(*args):
        if len(args) != 1 or not isinstance(args[0], np.ndarray) or args[0].shape != shape:
            got = ", ".join(f"shape {np.shape(a)}" if isinstance(a, np.ndarray) else type(a).__name__ for a in args)
            raise ValueError(f"grad_fn takes one array of shape {shape}, got {got or 'nothing'}")
        return gradient(function, args[0]).astype(dtype)

    return grad_fn


def ask(case, rng):
    """Trajectories whose gradients depend on where the student's function looks."""
    options = {"shape": (3,), "steps": 60, "dtype": "float64", "mode": "plain", **case.options}
    shape, dtype, mode = options["shape"], options["dtype"], options["mode"]
    function = FUNCTIONS[options["function"]]
    rates, steps, keyword = options["lr"], options["steps"], options.get("momentum")
    rates = [rates] * steps if isinstance(rates, float) else [rates[t * len(rates) // steps] for t in range(steps)]
    hyper = {} if keyword is None else {"momentum": keyword}
    script = Script()
    grad_fn = script.callback(grad_fn_of(function, shape, dtype))

    def drawn():
        return rng.uniform(-1.0, 1.0, shape).astype(dtype)

    def walk(starts, role="value", watch=False, moved=()):
        walkers = [[script.put(w), script.put({}), w.astype(np.float64), 0.0] for w in starts]
        mu = hyper.get("momentum", 0.9)
        for t, lr in enumerate(rates):
            for k, walker in enumerate(walkers):
                before, state, was, v = walker
                if t in moved:
                    elsewhere = drawn()
                    before, was = script.put(elsewhere), elsewhere.astype(np.float64)
                note = f"step {t + 1}" + (f" of parameter {k + 1}" if len(starts) > 1 else "")
                w, state = script.call(0, before, grad_fn, state, lr=lr, **hyper, unpack=2, note=note)
                v = mu * v - lr * gradient(function, was + mu * v)
                walker[:] = w, state, was + v, v
                script.get(w, Want(f"w after {note}", (was + v).astype(dtype), role=role))
                if watch:
                    script.get(before, Want("w", was.astype(dtype), role="input" if t == 0 else "kept"))

    first = drawn()
    if mode == "several":
        walk([first, drawn(), drawn()])
    else:
        walk([first], watch=mode == "inputs", moved=(steps // 3, 2 * steps // 3) if mode == "moved" else ())
    if mode == "again":
        walk([drawn()], role="other")
        walk([first], role="again")
    called = in_words(
        "nesterov_lookahead",
        ["w", "grad_fn", "state"],
        {"lr": Words(" then ".join(map(str, dict.fromkeys(rates)))), **hyper},
    )
    return Probe(script, called, {"w": first})


def gradient_at_w(w, grad_fn, state, *, lr, momentum=0.9):
    v = momentum * state.get("v", 0.0) - lr * grad_fn(w)
    return w + v, {"v": v}


def looks_back(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0)
    v = momentum * v - lr * grad_fn(w - momentum * v)
    return w + v, {"v": v}


def looks_the_whole_velocity_ahead(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0)
    v = momentum * v - lr * grad_fn(w + v)
    return w + v, {"v": v}


def returns_the_look_ahead(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0)
    v = momentum * v - lr * grad_fn(w + momentum * v)
    return w + momentum * v, {"v": v}


def steps_from_the_look_ahead(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0)
    ahead = w + momentum * v
    v = momentum * v - lr * grad_fn(ahead)
    return ahead + v, {"v": v}


def velocity_never_kept(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0)
    v = momentum * v - lr * grad_fn(w + momentum * v)
    return w + v, state


def lr_outside(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", 0.0)
    v = momentum * v + grad_fn(w - lr * momentum * v)
    return w - lr * v, {"v": v}


def from_its_own_w(w, grad_fn, state, *, lr, momentum=0.9):
    w, v = state.get("at", (w, 0.0))
    v = momentum * v - lr * grad_fn(w + momentum * v)
    return w + v, {"at": (w + v, v)}


def positive_velocity(w, grad_fn, state, *, lr, momentum=0.9):
    """Lecture 002's sign: v points uphill, so ahead is w - momentum v."""
    u = state["u"] if state else np.zeros_like(w)
    u = momentum * u + lr * grad_fn(w - momentum * u)
    return w - u, {"u": u}


def from_the_previous_point(w, grad_fn, state, *, lr, momentum=0.9):
    last = state.get("move", w * 0)
    ahead = w + momentum * last
    new = ahead - lr * grad_fn(ahead)
    return new, {"move": new - w}


def element_by_element(w, grad_fn, state, *, lr, momentum=0.9):
    v = state.get("v", [0.0] * w.size)
    point = w + momentum * np.array(v, w.dtype).reshape(w.shape)
    v = [momentum * a - lr * b for a, b in zip(v, grad_fn(point).ravel().tolist(), strict=True)]
    return w + np.reshape(v, w.shape).astype(w.dtype), {"v": v}


SECTION = "Nesterov: look before you leap"

EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case("one step from rest", function="quadratic", steps=1, lr=0.1, momentum=0.9),
        Case("two steps on a quadratic", function="quadratic", steps=2, lr=0.05, momentum=0.9),
        Case("60 steps on a quadratic", function="quadratic", shape=(2, 2), lr=0.02, momentum=0.8),
        Case("60 steps on Rosenbrock's function", function="rosenbrock", shape=(2,), lr=2e-4, momentum=0.9),
        Case("the default momentum is 0.9", function="quadratic", steps=15, lr=0.02),
        Case("the learning rate changes on the way", function="quadratic", lr=(0.05, 0.002, 0.02), momentum=0.9),
        Case("the caller changes w on the way", function="quadratic", steps=30, lr=0.02, momentum=0.8, mode="moved"),
        Case("several parameters in turn", function="quadratic", steps=12, lr=0.02, momentum=0.8, mode="several"),
        Case("float32 in, float32 out", function="quadratic", steps=15, lr=0.02, dtype="float32"),
        Case("leaves w as it was", function="quadratic", steps=4, lr=0.02, mode="inputs"),
        Case("gives the same answer when it is run again", function="quadratic", steps=4, lr=0.02, mode="again"),
    ],
    mistakes=[
        Mistake(
            "gradient_at_w",
            gradient_at_w,
            "The gradient is taken at `w`, where the ball is: that is plain momentum. Nesterov asks at "
            "w + momentum * v, where the velocity is about to take it.",
            SECTION,
        ),
        Mistake(
            "look_ahead_sign",
            looks_back,
            "The look-ahead has the wrong sign: with v = momentum * v - lr * grad the ball moves along +v, so ahead is "
            "w + momentum * v. (Lecture 002 writes w - momentum * v because its velocity has the other sign.)",
            SECTION,
        ),
        Mistake(
            "whole_velocity_ahead",
            looks_the_whole_velocity_ahead,
            "The gradient is taken at w + v. Friction comes first: the ball will only move by momentum * v.",
            SECTION,
        ),
        Mistake(
            "returns_look_ahead",
            returns_the_look_ahead,
            "What comes back is a look-ahead point. The look-ahead only serves the gradient; the step is w + v.",
            SECTION,
        ),
        Mistake(
            "steps_from_look_ahead",
            steps_from_the_look_ahead,
            "The step starts from the look-ahead point, so momentum * v is walked twice. Step from `w`.",
            SECTION,
        ),
        Mistake(
            "velocity_not_kept",
            velocity_never_kept,
            "Each step starts from velocity 0: the new velocity has to go into the returned state.",
            SECTION,
        ),
        Mistake(
            "lr_outside_velocity",
            lr_outside,
            "The learning rate is outside the velocity. Asked for here: v = momentum * v - lr * gradient, w = w + v; the "
            "two part when `lr` changes.",
            SECTION,
        ),
        Mistake(
            "keeps_own_w",
            from_its_own_w,
            "The step starts from a `w` kept in the state. The `w` that is passed in counts: the caller may have changed it "
            "since.",
            SECTION,
        ),
    ],
    alternatives=[positive_velocity, from_the_previous_point, element_by_element],
    hints=[
        "You know the velocity before you know the gradient. Where would the ball be if the slope did nothing?",
        "That point is `w + momentum * v`. Ask `grad_fn` there, then update the velocity as in `velocity_momentum`.",
        '`v = state.get("v", 0.0)`, then `v = momentum * v - lr * grad_fn(w + momentum * v)`, and `w + v`.',
    ],
)
