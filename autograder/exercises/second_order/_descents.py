"""How lbfgs_minimize is asked: walks of so many iterations beside the reference's, and the whole way down."""

import numpy as np

from autograder.exercises.second_order import _problems as problems
from autograder.exercises.second_order._problems import Problem, calls_of_torch, walked
from autograder.judge import Finding, Probe, Script, Want
from autograder.worker.calls import LAYOUTS

# Independent right forms agree to 1e-9 over eight iterations; 1e-6 leaves room for other orders of adding.
RTOL = 1e-6
CLEAR = 1e-9


def make(rng, kind, n):
    start = rng.standard_normal(n)
    return {
        "bowl": lambda: problems.bowl(rng, start + np.sign(start)),
        "mild": lambda: problems.bowl(rng, start + np.sign(start), (0.5, 2.5)),
        "valley": lambda: problems.bowl(rng, start + np.sign(start), (0.1, 100.0)),
        "steep": lambda: problems.bowl(rng, start + np.sign(start), (20.0, 2000.0)),
        "almost 2": lambda: problems.steep(1.99995, np.ones(n)),
        "not quite 2": lambda: problems.steep(1.99985, np.ones(n)),
        "above 2": lambda: problems.steep(2.0001, np.ones(n)),
        "worth it": lambda: problems.steep(1.9997, np.ones(n)),
        "ramp": lambda: problems.steep(4200.0, np.ones(n)),
        "cliff": lambda: problems.steep(1.1e8, np.ones(n)),
        "short": lambda: problems.steep(1e4, 5e-9 * (1 + rng.uniform(size=n))),
        "canyon": lambda: problems.rosenbrock(np.array([2.0, 2.0]) if n == 2 else rng.uniform(-1.0, 2.0, n)),
        "bend": lambda: problems.rosenbrock(np.array([-1.2, 1.0])),
        "wells": lambda: problems.wells(rng.uniform(0.01, 0.05, n) * rng.choice([-1.0, 1.0], n)),
        "barrier": lambda: problems.barrier(rng.uniform(1.5, 3.0, n), 8.0),
        "lowest": lambda: problems.barrier(np.ones(n)),
        "logistic": lambda: problems.logistic(rng, 0.5 * start),
        "skewed": lambda: problems.skewed(np.zeros(2)),
        "most skewed": lambda: problems.skewed(np.zeros(2), 3e-13),
        "less skewed": lambda: problems.skewed(np.zeros(2), 5e-10),
        "kink": lambda: problems.kink(np.zeros(n)),
    }[kind]()


def clear_cut(rng, case, kind, n):
    """A problem none of whose decisions hangs on the last bits, and its walk for each history."""
    for _ in range(200):
        problem = make(rng, kind, n)
        problem.w0 = problem.w0.astype(case.get("dtype", "float64"))
        walks = {m: walked(problem, m, max(case.get("iterations", (0,)))) for m in case.get("histories", (5,))}
        if min(walk.margin for walk in walks.values()) > case.get("clear", CLEAR):
            return problem, walks
    raise AssertionError(f"no clear-cut {kind}")


def ask(case, rng):
    """Options: `kinds`, of `make`; `n`; `histories`, `iterations`: a call with each; `arrives`; `ends`; `mode`."""
    script, mode, n = Script(), case.get("mode", "plain"), case.get("n", 4)
    drawn = [clear_cut(rng, case, kind, n) for kind in case.get("kinds", ("bowl",))]
    if case.get("arrives"):
        return arriving(script, [problem for problem, _ in drawn])
    if case.get("ends"):
        return ending(script, [problem for problem, _ in drawn])

    def call(problem, history, iterations, layout="", note=""):
        w0 = script.put(problem.w0, layout)
        script.call(script.put(script.callback(lambda: problem.reset())))
        f_and_grad = script.callback(problem.f_and_grad)
        return w0, script.call(0, f_and_grad, w0, history=history, max_iter=iterations, note=note or layout)

    def report(result, problem, walk, iterations, role="value", which=""):
        exact = walk.iterates[min(iterations, len(walk.iterates) - 1)].astype(problem.w0.dtype)
        rtol = None if problem.w0.dtype == np.float32 else 0.0 if iterations == 0 else RTOL
        scale = float(np.abs(problem.w0).max() or np.abs(exact).max())
        script.get(result, Want(f"w{which}", exact, rtol, None, scale, role, "w"))

    if mode == "again":
        first, other = drawn
        for (problem, walks), role in ((first, "value"), (other, "other"), (first, "again")):
            report(call(problem, 5, 3)[1], problem, walks[5], 3, role)
        kept = call(first[0], 5, 3)[1]
        script.scribble(kept)
        report(call(first[0], 5, 3)[1], *(first[0], first[1][5]), 3, "again")
    elif mode == "layout":
        for layout in LAYOUTS:
            report(call(drawn[0][0], 5, 3, layout)[1], drawn[0][0], drawn[0][1][5], 3, which=f" ({layout})")
    else:
        for problem, walks in drawn:
            for history, walk in walks.items():
                for iterations in case.get("iterations", (0,)):
                    # Where the gradient is nearly small enough, a smaller tolerance goes on and a larger one does not.
                    if min(walk.steepest[1:iterations], default=1.0) < 3e-6:
                        continue
                    note = f"history={history}, max_iter={iterations}"
                    w0, result = call(problem, history, iterations, note=note)
                    if mode == "inputs":
                        script.get(w0, Want("w0", problem.w0, 0.0, 0.0, role="input"))
                    else:
                        report(result, problem, walk, iterations, which=f" ({note})")
    return Probe(script, "lbfgs_minimize(f_and_grad, w0, history=..., max_iter=...)", {"w0": drawn[0][0].w0})


def ending(script, drawn: list[Problem]):
    """Where nothing is left to gain it ends: at a slope of 0, and where no halving helps."""
    for problem in drawn:
        script.call(script.put(script.callback(lambda p=problem: p.reset())))
        iterations = 4 if problem.gradient(problem.w0).any() else 40
        f_and_grad = script.callback(problem.f_and_grad)
        called = script.call(0, f_and_grad, problem.w0, history=5, max_iter=iterations)
        script.get(called, Want("w", None))
        script.get(script.call(script.put(script.callback(lambda p=problem: len(p.points)))), Want("calls", None))

    def findings(values):
        for value, calls, problem in zip(values[::2], values[1::2], drawn, strict=True):
            # Where a failed step is taken it does not stand still: that is another mistake, which has its own case.
            stays = isinstance(value, np.ndarray) and np.array_equal(value, problem.w0)
            if stays and calls > (150 if problem.gradient(problem.w0).any() else 12):
                return [Finding(mistake="never_ends")]
        return []

    return Probe(script, "lbfgs_minimize(f_and_grad, w0, history=5, max_iter=40)", findings=findings)


def arriving(script, drawn: list[Problem]):
    """All the way down: how small the gradient is there, and how often f_and_grad was asked until then."""
    allowed = []
    for problem in drawn:
        script.call(script.put(script.callback(lambda p=problem: p.reset())))
        f_and_grad = script.callback(problem.f_and_grad)
        script.get(script.call(0, f_and_grad, problem.w0, history=10, max_iter=100), Want("w", None))
        allowed.append(max(walked(problem, 10, 100).calls + 5, 2.5 * calls_of_torch(problem)))

    def findings(values):
        for value, problem, most in zip(values, drawn, allowed, strict=True):
            if not isinstance(value, np.ndarray) or value.dtype.kind != "f" or value.shape != problem.w0.shape:
                return [Finding("what comes back is no point w", hides=True)]
            with np.errstate(all="ignore"):
                steepest = float(np.abs(problem.gradient(value.astype(np.float64))).max())
            # It ends at the point that it asked for last, and not because no step from an earlier one helped.
            last = problem.points[-1:] == [value.astype(np.float64).tobytes()]
            last = last and problem.points.count(problem.points[-1]) == 1
            if problem.small_enough < steepest <= 2e-3 and last and len(problem.points) < 100:
                return [Finding(mistake="stops_early")]
            if not steepest <= problem.small_enough:
                return [Finding("the gradient is not small where it ends")]
            calls = problem.arrived or len(problem.points)
            if calls > most and len(set(problem.points[:calls])) <= most:
                return [Finding(mistake="asks_twice")]
            if calls > most:
                return [Finding("it arrives, but f_and_grad is asked far more often than needed")]
        return []

    called = "lbfgs_minimize(f_and_grad, w0, history=10, max_iter=100)"
    return Probe(script, called, findings=findings)
