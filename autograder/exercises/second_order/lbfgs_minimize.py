"""lbfgs_minimize: the point to which L-BFGS with backtracking leads.

Each iteration: d = -H grad from the pairs kept (Nocedal and Wright 2006, Algorithm 7.5), step 1 halved until f has
fallen by enough, and the pair of the step is kept if s.y > 1e-10 |s||y|; else the memory is emptied: backtracking does
not keep s.y > 0, and a memory that refuses every pair goes on with an old curvature for ever. Reference: the same with
the dense BFGS matrix in torch, gradients by autograd; calls are counted beside torch.optim.LBFGS with strong Wolfe.
"""

from types import FunctionType

import numpy as np

from autograder.exercises.second_order import _problems as problems
from autograder.exercises.second_order import backtracking, lbfgs_direction
from autograder.exercises.second_order._problems import Problem, calls_of_torch, walked
from autograder.judge import (
    Case,
    Finding,
    Mistake,
    Probe,
    Procedure,
    Script,
    Want,
    alternative,
    mistake,
    remembering,
    slips,
)
from autograder.judge.mistakes import Solution
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
        "almost 2": lambda: problems.steep(1.9999, np.ones(n)),
        "above 2": lambda: problems.steep(2.0001, np.ones(n)),
        "worth it": lambda: problems.steep(1.9985, np.ones(n)),
        "ramp": lambda: problems.steep(4200.0, np.ones(n)),
        "cliff": lambda: problems.steep(1.1e8, np.ones(n)),
        "short": lambda: problems.steep(1e4, 5e-9 * (1 + rng.uniform(size=n))),
        "canyon": lambda: problems.rosenbrock(np.array([2.0, 2.0]) if n == 2 else rng.uniform(-1.0, 2.0, n)),
        "bend": lambda: problems.rosenbrock(np.array([-1.2, 1.0])),
        "wells": lambda: problems.wells(rng.uniform(0.01, 0.05, n) * rng.choice([-1.0, 1.0], n)),
        "barrier": lambda: problems.barrier(rng.uniform(1.5, 3.0, n), 8.0),
        "lowest": lambda: problems.barrier(np.ones(n)),
        "logistic": lambda: problems.logistic(rng, 0.5 * start),
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
    """Options: `kinds`, the problems of `make`; `n`; `histories`, `iterations`: a call with each; `arrives`; `mode`."""
    script, mode, n = Script(), case.get("mode", "plain"), case.get("n", 4)
    drawn = [clear_cut(rng, case, kind, n) for kind in case.get("kinds", ("bowl",))]
    if case.get("arrives"):
        return arriving(script, [problem for problem, _ in drawn])

    def call(problem, history, iterations, layout="", note=""):
        w0 = script.put(problem.w0, layout)
        script.call(script.put(script.callback(lambda: problem.reset())))
        f_and_grad = script.callback(problem.f_and_grad)
        return w0, script.call(0, f_and_grad, w0, history=history, max_iter=iterations, note=note or layout)

    def report(result, problem, walk, iterations, role="value", which=""):
        exact = walk.iterates[min(iterations, len(walk.iterates) - 1)].astype(problem.w0.dtype)
        exactly = not problem.w0.any() or iterations == 0
        rtol = None if problem.w0.dtype == np.float32 else 0.0 if exactly else RTOL
        scale = float(np.abs(problem.w0).max())
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
            last = bool(problem.points) and problem.points[-1] == value.astype(np.float64).tobytes()
            if problem.small_enough < steepest <= 1e-2 and last and len(problem.points) < 100:
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


EIGHT = (2, 5, 8)
EXERCISE = Procedure(
    ask=ask,
    section="6 · All together",
    cases=[
        Case("max_iter = 0: w0", kinds=("bowl",), iterations=(0,), weight=0.5),
        Case("one iteration: down the gradient", kinds=("mild", "steep"), iterations=(1,), weight=2),
        Case("the fall is worth the step", kinds=("almost 2", "above 2", "worth it"), n=1, iterations=(1,), weight=3),
        Case("many halvings", kinds=("cliff", "ramp"), n=2, iterations=(1, 2)),
        Case("two iterations: the first pair tells the curvature", kinds=("bowl", "steep"), iterations=(2,), weight=2),
        Case("up to eight iterations in a bowl", histories=(8,), n=6, iterations=EIGHT, kinds=("valley",), weight=3),
        Case("history 1, 2, 3: the oldest pair goes", histories=(1, 2, 3), n=6, iterations=(4, 7), weight=12),
        Case("a bent canyon", kinds=("canyon",), histories=(2, 5), n=6, iterations=EIGHT, weight=3),
        Case("logistic regression", kinds=("logistic",), iterations=EIGHT, weight=2),
        Case("where f is nan no step ends", kinds=("barrier",), iterations=(1, 3), weight=3),
        Case("a pair with s.y < 0 is refused", kinds=("wells",), iterations=(1, 2, 4, 6), weight=6),
        Case("a refused pair empties the memory", kinds=("bend",), histories=(2, 5), n=2, iterations=(3, 6, 8), weight=16),
        Case("short steps: s.y is small, and good", kinds=("short",), n=1, iterations=(1, 2), weight=2),
        Case("begins at the minimum, and stays", kinds=("lowest",), iterations=(5,)),
        Case("where no halving helps, the last w", kinds=("kink",), iterations=(3,)),
        Case("arrives, without asking more than needed", kinds=("valley", "canyon"), n=4, arrives=True, weight=2),
        Case("arrives: in two dimensions", kinds=("canyon", "bend", "wells", "barrier"), n=2, arrives=True),
        Case("arrives: logistic regression, a steep bowl", kinds=("logistic", "steep"), arrives=True),
        Case("float32 in, float32 out", about="dtype", kinds=("mild",), iterations=(1, 3), dtype="float32", clear=1e-4),
        Case("one parameter", about="shapes", kinds=("mild", "wells"), n=1, iterations=(1, 2), weight=0.5),
        Case("hundreds of parameters", about="range", kinds=("mild",), n=200, iterations=(3,), weight=0.5),
        Case("w0 that lies otherwise in memory", about="layout", mode="layout", iterations=(3,), weight=0.5),
        Case("leaves w0 as it was", about="inputs", mode="inputs", kinds=("bowl", "canyon"), iterations=(0, 1, 4)),
        Case("gives the same answer when it is called again", about="again", mode="again", kinds=("bowl", "canyon"),
             iterations=(3,), n=3),
    ],
)  # fmt: skip

directed = lbfgs_direction.right


def right(f_and_grad, w0, *, history, max_iter):
    w = w0.copy()
    f, grad = f_and_grad(w)
    s_list = []
    y_list = []
    for _ in range(max_iter):
        if np.abs(grad).max() <= 1e-6:
            break
        d = directed(grad, s_list, y_list)
        slope = grad @ d
        step = 1.0
        for _ in range(51):
            new = w + step * d
            f_new, grad_new = f_and_grad(new)
            if f_new <= f + 1e-4 * step * slope:
                break
            step = step / 2
        else:
            new = None
        if new is None:
            break
        s, y = new - w, grad_new - grad
        if s @ y > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y):
            s_list, y_list = [*s_list, s], [*y_list, y]
        else:
            s_list, y_list = [], []
        s_list, y_list = s_list[-history:], y_list[-history:]
        w, f, grad = new, f_new, grad_new
    return w


MISTAKES = slips("""
memory_not_emptied: s_list, y_list = [], [] -> pass
    A refused pair is left out, and the old ones stay. When pair after pair is refused, the steps go on with a curvature
    of long ago, for ever. A pair that is refused empties the memory.
no_condition: s @ y > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> True
    or s @ y > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> abs(s @ y) > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y)
    Every pair is kept, whatever its curvature. With s.y <= 0 the direction can point uphill: keep a pair only where
    s.y > 1e-10 |s||y|.
absolute_threshold (detail): 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-10
    or 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-8
    s.y is held against a fixed number: near the minimum every step is short, and good pairs are refused. Compare with
    1e-10 |s||y|.

full_memory: [*s_list, s], [*y_list, y] -> [*s_list, s][:history], [*y_list, y][:history]
    A full memory refuses the new pair. The new one is kept, and the *oldest* goes.
history_plus_one: s_list[-history:], y_list[-history:] -> s_list[-history - 1:], y_list[-history - 1:]
    or s_list[-history:], y_list[-history:] -> s_list[-max(history - 1, 1):], y_list[-max(history - 1, 1):]
    The memory holds another number of pairs than `history`.
no_limit: s_list, y_list = s_list[-history:], y_list[-history:] ->
    or -> history = 10
    or -> history = 5
    `history` makes no difference: at most so many pairs are kept, and the oldest goes.
no_memory (core): directed(grad, s_list, y_list) -> -grad
    No pair is used: this is gradient descent with backtracking. Does `d` come from lbfgs_direction, and is s the step?
    (`w += step * d` changes the old w as well: then new - w is 0.)

any_decrease (detail): f + 1e-4 * step * slope -> f
    or f + 1e-4 * step * slope -> f + 1e-6 * step * slope
    Any decrease will do. Asked for is one that is worth the step: f + 1e-4 * step * slope.
slope_sign (detail): f + 1e-4 * step * slope -> f - 1e-4 * step * slope
    or grad @ d -> abs(grad @ d)
    `slope` is negative already: minus times minus lets f rise. The bound is f + 1e-4 * step * slope.
slope_without_step (detail): f + 1e-4 * step * slope -> f + 1e-4 * slope
    The bound does not shrink with the step: it is f + 1e-4 * step * slope.
other_c1 (detail): f + 1e-4 * step * slope -> f + 0.5 * step * slope
    or f + 1e-4 * step * slope -> f + 0.1 * step * slope
    or f + 1e-4 * step * slope -> f + 1e-2 * step * slope
    or f + 1e-4 * step * slope -> f + 1e-3 * step * slope
    Another c1 than 1e-4: too much, or too little, is asked of a step.
nan_accepted (detail): f_new <= f + 1e-4 * step * slope -> not f_new > f + 1e-4 * step * slope
    A value that is nan is accepted: nan > bound is False. Ask whether f_new <= bound is True.
no_backtracking (core): f_new <= f + 1e-4 * step * slope -> True
    The step is always 1, however f rises. Halve it until f has fallen by enough.
step_not_reset: step = 1.0 ->
    -> step = 1.0
    The step is not set back to 1: once halved, it stays short. Every iteration begins with the whole step.
other_factor: step / 2 -> step / 3
    or step / 2 -> step * 0.9
    or step / 2 -> step / 10
    or step / 2 -> step / 4
    A refused step is not halved but multiplied by another number.
first_step_short: step = 1.0 -> step = 1.0 if s_list else min(1.0, 1 / np.abs(grad).sum())
    or step = 1.0 -> step = 1.0 if s_list else min(1.0, 1 / np.linalg.norm(grad))
    or step = 1.0 -> step = 0.1
    or step = 1.0 -> step = 0.5
    The first step tried is not 1 (PyTorch's first is min(1, 1 / sum |grad|)). Here it is 1 in every iteration, the
    first included.
failed_step_taken (detail): new = None -> pass
    Where no halving helps the last try is taken all the same. It was refused: return the last accepted w.
gives_up_early (detail): range(51) -> range(21)
    or range(51) -> range(11)
    It gives up after a few halvings: at least 30 are tried before it returns.

s_is_direction: new - w -> d
    s is d here, whatever the step. It is what w really moved by: step * d, new - w.
pair_sign: grad_new - grad -> grad - grad_new
    or new - w -> w - new
    One of the pair has the wrong sign, so that good pairs are refused: the new w minus the old one, and the new gradient
    minus the old one.
y_is_gradient: grad_new - grad -> grad_new
    y is a gradient. It is the *change* of the gradient: the new one minus the old.
old_gradient: w, f, grad = new, f_new, grad_new -> w, f = new, f_new
    The gradient stays the first one: after each step it is that of the new point.
old_value: w, f, grad = new, f_new, grad_new -> w, grad = new, grad_new
    f stays the first one: after each step the bound begins from the new value.
pair_of_old_and_new: s, y = new - w, grad_new - grad -> s, y = new, grad_new - grad
    s is the new point. It is the step that led there: new - w.

off_by_one: range(max_iter) -> range(max_iter + 1)
    or range(max_iter) -> range(max_iter - 1)
    One iteration too many, or too few: `max_iter` counts accepted steps.
max_iter_ignored: range(max_iter) -> range(1000)
    or range(max_iter) -> range(100)
    `max_iter` makes no difference: after so many accepted steps it ends.
stops_early (detail): np.abs(grad).max() <= 1e-6 -> np.abs(grad).max() <= 1e-3
    or np.abs(grad).max() <= 1e-6 -> np.abs(grad).max() <= 1e-4
    It ends while the gradient is still large: the largest entry has to be at most 1e-6 in size.
signed_gradient: np.abs(grad).max() <= 1e-6 -> grad.max() <= 1e-6
    A gradient all of whose entries are negative counts as small. Look at its *sizes*, np.abs(grad).max().

returns_more: return w -> return w, f
    The value comes back too. Asked for is w alone.
in_place (detail):
    w = w0.copy() -> w = w0
    w, f, grad = new, f_new, grad_new -> w[...] = new; f, grad = f_new, grad_new
    w0 comes back changed: `w = w0` is the same array, and `w += ...` writes into it. Begin with w0.copy().
asks_twice (detail): f_new, grad_new = f_and_grad(new) -> f_new, grad_new = f_and_grad(new)[0], f_and_grad(new)[1]
    or s, y = new - w, grad_new - grad -> grad_new = f_and_grad(new)[1]; s, y = new - w, grad_new - grad
    f_and_grad is asked twice at the same point. The gradient comes with the value: one call at w0, and one for each
    try.
changes_dtype (detail): w0.copy() -> w0.astype(np.float64)
    Float32 goes in and float64 comes out. Begin with w0.copy(), and keep numbers as Python floats.
""")


def _minimiser(wrong):
    """The right one with another direction."""
    return FunctionType(right.__code__, {**right.__globals__, "directed": wrong}, "lbfgs_minimize")


# The direction is the student's own, and what is wrong with it shows here too.
OF_THE_DIRECTION = (
    *("loops_in_wrong_order", "first_loop_order", "second_loop_order", "alphas_in_wrong_order", "newest_first"),
    *("no_scaling", "scale_of_oldest", "scale_of_s", "scale_upside_down", "scale_outside_the_loops", "uphill"),
    *("newest_for_scale_alone", "first_loop_adds", "second_loop_sign", "beta_missing", "alpha_missing"),
)
MISTAKES += [
    Mistake(slip.name, _minimiser(*Solution((lbfgs_direction.right,)).bound(slip).functions),
            f"In `lbfgs_direction`: {slip.sentence}", degree=slip.degree)
    for slip in lbfgs_direction.MISTAKES if slip.name in OF_THE_DIRECTION
]  # fmt: skip


@mistake("`max_iter` counts the calls of f_and_grad. It counts accepted steps, whatever the number of tries.")
def counts_calls(f_and_grad, w0, *, history, max_iter):
    calls, best = 0, [w0.copy()]

    class Enough(Exception):
        pass

    def counted(w):
        nonlocal calls
        if calls > max_iter:
            raise Enough
        calls += 1
        value, grad = f_and_grad(w)
        if value <= min(seen, default=np.inf):
            best[0] = w.copy()
        seen.append(value)
        return value, grad

    seen = []
    try:
        return right(counted, w0, history=history, max_iter=max_iter)
    except Enough:
        return best[0]


@remembering(
    "The pairs are kept from an earlier call, of another function: make new lists in every call.",
    name="remembers_earlier_calls",
)
def pairs_kept():
    kept = [[], []]

    def directed_too(grad, s_list, y_list):
        old = [list(pairs) for pairs in kept]
        usable = old[0] and old[0][0].shape == grad.shape
        if s_list:
            kept[0], kept[1] = s_list, y_list
        return directed(grad, *((s_list, y_list) if s_list or not usable else old))

    return _minimiser(directed_too)


@alternative
def with_dense_matrix(f_and_grad, w0, *, history, max_iter):
    w, pairs = np.array(w0), []
    f, grad = f_and_grad(w)
    for _ in range(max_iter):
        if np.linalg.norm(grad, np.inf) <= 1e-9:
            return w
        H = np.eye(len(w), dtype=w.dtype)
        if pairs:
            H *= pairs[-1][0] @ pairs[-1][1] / (pairs[-1][1] @ pairs[-1][1])
        for s, y in pairs:
            V = np.eye(len(w), dtype=w.dtype) - np.outer(y, s) / (y @ s)
            H = V.T @ H @ V + np.outer(s, s) / (y @ s)
        d = -(H @ grad)
        for k in range(31):
            f_new, grad_new = f_and_grad(w + d / 2**k)
            if f_new - f <= 1e-4 * (d @ grad) / 2**k:
                break
        else:
            return w
        s, y = d / 2**k, grad_new - grad
        pairs = [*pairs, (s, y)][-history:] if s @ y > 1e-10 * np.sqrt((s @ s) * (y @ y)) else []
        w, f, grad = w + s, f_new, grad_new
    return w


@alternative
def with_a_deque(f_and_grad, w0, *, history, max_iter):
    from collections import deque

    w, memory, steps = w0 + 0, deque(maxlen=history), 0
    f, grad = f_and_grad(w)
    while steps < max_iter and np.max(np.abs(grad)) > 1e-6:
        d = directed(grad, [s for s, _ in memory], [y for _, y in memory])
        tried = {}

        def value(point, tried=tried):
            tried["f"], tried["grad"] = f_and_grad(point)
            return tried["f"]

        step = backtracking.right(value, w, d, f, grad.dot(d))
        if step == 0:
            break
        old, w, f = grad, w + step * d, tried["f"]
        grad = tried["grad"]
        s, y = step * d, grad - old
        if not s @ y > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y):
            memory.clear()
        else:
            memory.append((s, y))
        steps += 1
    return w


HINTS = [
    "Three calls: a direction, a step along it, and the pair that the step leaves. What has to be remembered from one "
    "iteration to the next?",
    "`backtracking` takes a function of the point alone: give it one that keeps what `f_and_grad` said last. Then s is "
    "new - w, y the change of the gradient; keep the pair where s.y > 1e-10 |s||y|, else empty both lists.",
    "`def f(point): last[:] = f_and_grad(point); return last[0]`, then `step = backtracking(f, w, d, value, grad @ d)`; "
    "0.0 ends it. `s, y = step * d, last[1] - grad`. Keep `s_list[-history:]` of `[*s_list, s]`.",
]
