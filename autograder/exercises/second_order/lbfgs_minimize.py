"""lbfgs_minimize: the point to which L-BFGS with backtracking leads.

Each iteration: d = -H grad from the pairs kept (Nocedal and Wright 2006, Algorithm 7.5), step 1 halved until f has
fallen by enough, and the pair of the step is kept if s.y > 1e-10 |s||y|; else the memory is emptied: backtracking does
not keep s.y > 0, and a memory that refuses every pair goes on with an old curvature for ever. Reference: the same with
the dense BFGS matrix in torch, gradients by autograd; calls are counted beside torch.optim.LBFGS with strong Wolfe.
"""

from collections import deque

import numpy as np

from autograder.exercises.second_order import backtracking, lbfgs_direction
from autograder.exercises.second_order._descents import ask
from autograder.judge import Case, Procedure, Slip, alternative, remembering, slips
from autograder.judge.mistakes import Solution

EIGHT = (3, 8)
SKEWED = ("skewed", "most skewed", "less skewed")
EXERCISE = Procedure(
    ask=ask,
    section="6 · All together",
    cases=[
        Case("max_iter = 0: w0", kinds=("bowl",), iterations=(0,), weight=0.5),
        Case("one iteration: down the gradient", kinds=("mild", "steep"), iterations=(1,), weight=2),
        Case(
            "the fall is worth the step",
            kinds=("almost 2", "not quite 2", "above 2", "worth it"),
            n=1,
            iterations=(1,),
            weight=3,
        ),
        Case("many halvings", kinds=("cliff", "ramp"), n=2, iterations=(1, 2)),
        Case("two iterations: the first pair tells the curvature", kinds=("bowl", "steep"), iterations=(2,), weight=2),
        Case("up to eight iterations in a bowl", histories=(8,), n=6, iterations=EIGHT, kinds=("valley",), weight=3),
        Case("history 1, 2, 3: the oldest pair goes", histories=(1, 2, 3), n=6, iterations=(4, 7), weight=12),
        Case("a bent canyon", kinds=("canyon",), histories=(2, 5), n=6, iterations=EIGHT, weight=3),
        Case("logistic regression", kinds=("logistic",), iterations=EIGHT, weight=2),
        Case("where f is nan no step ends", kinds=("barrier",), iterations=(1, 3), weight=3),
        Case("a pair with s.y < 0 is refused", kinds=("wells",), iterations=(1, 2, 4, 6), weight=6),
        Case("a refused pair empties the memory", kinds=("bend",), histories=(2, 5), n=2, iterations=(6, 8), weight=17),
        Case("short steps: s.y is small, and good", kinds=("short",), n=1, iterations=(1, 2), weight=2),
        Case("begins at the minimum, and stays", kinds=("lowest",), iterations=(5,)),
        Case("where no halving helps, the last w", kinds=("kink",), iterations=(3,)),
        Case("ends where nothing is left to gain", kinds=("lowest", "kink"), ends=True, weight=0.5),
        Case("s.y of 3e-11 |s||y| refused, of 5e-10 taken", kinds=SKEWED, iterations=(2,), clear=1e-15, weight=0.5),
        Case("arrives, without asking more than needed", kinds=("valley", "canyon"), n=4, arrives=True, weight=2),
        Case("arrives: in two dimensions", kinds=("bend", "wells", "barrier", "canyon"), n=2, arrives=True),
        Case("arrives: logistic regression, a steep bowl", kinds=("logistic", "steep"), arrives=True),
        Case("float32 in, float32 out", about="dtype", kinds=("mild",), iterations=(1, 3), dtype="float32", clear=1e-4),
        Case("one parameter", about="shapes", kinds=("mild", "wells"), n=1, iterations=(1, 2), weight=0.5),
        Case("hundreds of parameters", about="range", kinds=("mild",), n=200, iterations=(3,), weight=0.5),
        Case("w0 that lies otherwise in memory", about="layout", mode="layout", iterations=(3,), weight=0.5),
        Case("leaves w0 as it was", about="inputs", mode="inputs", kinds=("bowl", "canyon"), iterations=(0, 1, 4)),
        Case(
            "gives the same answer again", about="again", mode="again", kinds=("bowl", "canyon"), iterations=(3,), n=3
        ),
    ],
)

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
        least = 1e-10 * np.linalg.norm(s) * np.linalg.norm(y)
        if s @ y > least:
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
no_condition: s @ y > least -> True
    or s @ y > least -> abs(s @ y) > least
    Every pair is kept, whatever its curvature. With s.y <= 0 the direction can point uphill: keep a pair only where
    s.y > 1e-10 |s||y|.
only_positive (detail): s @ y > least -> s @ y > 0
    A pair is kept wherever s.y > 0. Just above 0 it is mostly rounding: the bound is 1e-10 |s||y|.
other_threshold (detail): 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-10 * np.linalg.norm(s)
    or 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-10 * np.linalg.norm(y)
    or 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-10 * (s @ s)
    or 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-10 * (y @ y)
    or 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-12 * np.linalg.norm(s) * np.linalg.norm(y)
    or 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) -> 1e-8 * np.linalg.norm(s) * np.linalg.norm(y)
    The bound is another one than 1e-10 |s||y|: the lengths of both, s and y, belong to it, each once.
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
    or -> history = 1
    or -> history = 2
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
other_c1: f + 1e-4 * step * slope -> f + 0.5 * step * slope
    or f + 1e-4 * step * slope -> f + 0.9 * step * slope
    Another c1 than 1e-4: far too much is asked of a step, and good ones are refused.
other_c1 (detail): f + 1e-4 * step * slope -> f + 0.1 * step * slope
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
    or new = None -> new = w + step * d
    Where no halving helps the last try is taken all the same. It was refused: return the last accepted w.
gives_up_early (detail): range(51) -> range(21)
    or range(51) -> range(11)
    It gives up after a few halvings: at least 30 are tried before it returns.

s_is_direction: new - w -> d
    or new - w -> d
    w, f, grad = new, f_new, grad_new -> w, f, grad = w + d, f_new, grad_new
    s is d here, whatever the step. It is what w really moved by: step * d, new - w.
pair_sign: grad_new - grad -> grad - grad_new
    or new - w -> w - new
    One of the pair has the wrong sign, so that good pairs are refused: new w minus old w, new gradient minus old one.
y_is_gradient: grad_new - grad -> grad_new
    y is a gradient. It is the *change* of the gradient: the new one minus the old.
old_gradient: w, f, grad = new, f_new, grad_new -> w, f = new, f_new
    or w, f, grad = new, f_new, grad_new -> w, f = new, f_new
    new - w -> step * d
    The gradient stays the first one: after each step it is that of the new point.
old_value: w, f, grad = new, f_new, grad_new -> w, grad = new, grad_new
    f stays the first one: after each step the bound begins from the new value.
pair_of_old_and_new: s, y = new - w, grad_new - grad -> s, y = new, grad_new - grad
    s is the new point. It is the step that led there: new - w.

off_by_one: range(max_iter) -> range(max_iter + 1)
    or range(max_iter) -> range(max_iter - 1)
    One iteration too many, or too few: `max_iter` counts accepted steps.
counts_calls:
    -> calls = 1
    f_new, grad_new = f_and_grad(new) -> f_new, grad_new = f_and_grad(new); calls += 1
    if np.abs(grad).max() <= 1e-6: break -> if np.abs(grad).max() <= 1e-6 or calls >= max_iter: break
    or -> calls = 0
    f_new, grad_new = f_and_grad(new) -> f_new, grad_new = f_and_grad(new); calls += 1
    if np.abs(grad).max() <= 1e-6: break -> if np.abs(grad).max() <= 1e-6 or calls >= max_iter: break
    `max_iter` counts the calls of f_and_grad. It counts accepted steps, whatever the number of tries.
max_iter_ignored: range(max_iter) -> range(1000)
    or range(max_iter) -> range(100)
    `max_iter` makes no difference: after so many accepted steps it ends.
stops_early (detail): np.abs(grad).max() <= 1e-6 -> np.abs(grad).max() <= 1e-3
    or np.abs(grad).max() <= 1e-6 -> np.abs(grad).max() <= 1e-4
    It ends while the gradient is still large: the largest entry has to be at most 1e-6 in size.
never_ends (detail): np.abs(grad).max() <= 1e-6 -> False
    or if new is None: break -> if new is None: continue
    It goes on where nothing is left to gain, and asks at the same points again. It ends where the largest |gradient| is
    at most 1e-6, and where no halving helps.
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


# The direction is the student's own, and what is wrong with it shows here too: each of its mistakes under a name that
# an edit can write.
OF_THE_DIRECTION = (
    *("loops_in_wrong_order", "first_loop_order", "second_loop_order", "alphas_in_wrong_order", "newest_first"),
    *("no_scaling", "scale_of_oldest", "scale_of_s", "scale_upside_down", "scale_outside_the_loops", "uphill"),
    *("newest_for_scale_alone", "first_loop_adds", "second_loop_sign", "beta_missing", "alpha_missing"),
)
for number, slip in enumerate(lbfgs_direction.MISTAKES):
    if slip.name in OF_THE_DIRECTION:
        (globals()[f"directed_{number}"],) = Solution((lbfgs_direction.right,)).bound(slip).functions
        edits = {"directed(grad, s_list, y_list)": f"directed_{number}(grad, s_list, y_list)"}
        MISTAKES.append(Slip(slip.name, edits, f"In `lbfgs_direction`: {slip.sentence}", degree=slip.degree))


KEPT = "The pairs are kept from an earlier call, of another function: make new lists in every call."


def keeping(of_this_length):
    kept = []

    def minimize(f_and_grad, w0, *, history, max_iter):
        w, (f, grad) = w0.copy(), f_and_grad(w0)
        for _ in range(max_iter):
            if np.abs(grad).max() <= 1e-6:
                break
            pairs = [pair for pair in kept if len(pair[0]) == len(w) or not of_this_length]
            d = directed(grad, [s for s, _ in pairs], [y for _, y in pairs])
            last = {}

            def value(point, last=last):
                last["f"], last["grad"] = f_and_grad(point)
                return last["f"]

            step = backtracking.right(value, w, d, f, grad @ d)
            if step == 0.0:
                break
            w, f, new = w + step * d, last["f"], last["grad"]
            s, y, grad = step * d, new - grad, new
            kept[:] = [*kept, (s, y)][-history:] if s @ y > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y) else []
        return w

    return minimize


@remembering(KEPT, name="remembers_earlier_calls")
def pairs_kept():
    return keeping(of_this_length=True)


@remembering(KEPT, name="remembers_earlier_calls")
def pairs_in_globals():
    return keeping(of_this_length=False)


@alternative
def with_a_deque(f_and_grad, w0, *, history, max_iter):
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
    "`def f(point): last[:] = f_and_grad(point); return last[0]`, then `step = backtracking(f, w, d, f0, grad @ d)`; "
    "0.0 ends it. `s, y = step * d, last[1] - grad`. Keep `s_list[-history:]` of `[*s_list, s]`.",
]
