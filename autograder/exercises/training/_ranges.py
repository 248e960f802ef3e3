"""How lr_range_test is asked: bowls whose losses the judge answers, and the same run by torch."""

import numpy as np

from autograder import exercises
from autograder.judge import Probe, Script, Want, in_torch, torch, without_compiler
from autograder.judge.exercise import in_words
from autograder.worker.calls import LAYOUTS

STOP = 4.0


def value(w, curvatures, floor):
    """A bowl above `floor`: a gradient step of rate lr multiplies w by 1 - lr curvature."""
    return floor + 0.5 * (curvatures * w**2).sum()


def solution(problem, **asks):
    return exercises.load("lr_range_test").right[0](Loss(problem), problem["w"], **asks)


@in_torch(otherwise=solution)
def reference(problem, lr_min=1e-5, lr_max=1.0, steps=100):
    """The rates and losses as far as the test goes."""
    w = torch.nn.Parameter(torch.tensor(problem["w"]))
    optimizer = without_compiler(torch.optim.SGD, [w], lr=lr_min)
    schedule = torch.optim.lr_scheduler.ExponentialLR(optimizer, (lr_max / lr_min) ** (1 / (steps - 1)))
    curvatures = torch.tensor(problem["curvatures"])
    lrs, losses = [], []
    for t in range(steps):
        optimizer.zero_grad()
        loss = value(w, curvatures, problem["floor"])
        loss = loss * (np.nan if problem.get("ends") == t else np.inf if problem.get("bursts") == t else 1.0)
        lrs.append(schedule.get_last_lr()[0])
        losses.append(loss.item())
        if not np.isfinite(losses[-1]) or losses[-1] > STOP * min(losses):
            break
        loss.backward()
        optimizer.step()
        schedule.step()
    return np.array(lrs), np.array(losses)


def margin(losses):
    """The least distance of a loss from where the test would end."""
    finite = losses[np.isfinite(losses)]
    return np.abs(finite / (STOP * np.minimum.accumulate(finite)) - 1).min(initial=np.inf)


class Loss:
    """What the student's function is given: it refuses what is no point, and counts."""

    def __init__(self, problem):
        self.problem, self.calls = problem, 0

    def reset(self):
        self.calls = 0

    def __call__(self, *args):
        w = args[0] if len(args) == 1 else None
        shape = self.problem["w"].shape
        if not isinstance(w, np.ndarray) or w.shape != shape or w.dtype.kind != "f":
            raise ValueError(f"loss_and_grad takes one array of floats, of shape {shape} like w")
        if self.calls >= 1500:
            raise RuntimeError("loss_and_grad has been asked 1500 times")
        with np.errstate(all="ignore"):
            loss = float(value(w.astype(float), self.problem["curvatures"], self.problem["floor"]))
            grad = self.problem["curvatures"] * w.astype(float)
        loss *= np.nan if self.problem.get("ends") == self.calls else 1.0
        loss *= np.inf if self.problem.get("bursts") == self.calls else 1.0
        self.calls += 1
        return loss, grad.astype(w.dtype)


def ask(case, rng):
    """Options: `shape`; `steep`, the largest curvature; `floor`; `asks`, keywords; `ends`, `bursts`: nan, inf there;
    `even`: all curvatures are the largest.
    """
    script, mode, asks = Script(), case.get("mode", "plain"), case.get("asks", {})

    def drawn():
        while True:
            w = np.asarray(rng.standard_normal(case.get("shape", (4,))))
            curvatures = rng.uniform(1.0 if case.get("even") else 0.3, 1.0, w.shape)
            curvatures *= case.get("steep", 3.0) / curvatures.max()
            problem = {"w": w, "curvatures": curvatures, "floor": case.get("floor", 0.5)}
            problem |= {name: case.get(name) for name in ("ends", "bursts") if case.get(name) is not None}
            lrs, losses = reference(problem, **asks)
            # No verdict hangs on the last bits, and where it is to end early it does.
            if margin(losses) > 1e-3 and (len(lrs) < asks.get("steps", 100)) == case.get("early", False):
                return problem, lrs, losses

    def call(item, role="value", layout=""):
        problem, lrs, losses = item
        sent, loss = script.put(problem["w"], layout), Loss(problem)
        script.call(script.put(script.callback(loss.reset)))
        results = script.call(0, script.callback(loss), sent, unpack=2, note=layout, **asks)
        for handle, name, exact in zip(results, ("lrs", "losses"), (lrs, losses), strict=True):
            # A loss that is not finite is compared by its place: the number of losses, and all that come before.
            seen, wanted = handle, exact
            if not np.isfinite(exact).all():
                seen, wanted = script.call(script.put(script.callback(_before_the_end)), handle), exact[:-1]
            script.get(seen, Want(name, wanted, 1e-6, scale=np.abs(wanted), role=role, result=name))
        asked = script.call(script.put(script.callback(lambda: loss.calls)))
        script.get(asked, Want("calls of loss_and_grad", float(len(lrs)), 0.0, 0.0, role=role, result="calls"))
        return sent, results

    item = drawn()
    for layout in LAYOUTS if mode == "layout" else [""]:
        sent, results = call(item, layout=layout)
    if mode == "inputs":
        script.get(sent, Want("w", item[0]["w"], 0.0, 0.0, role="input"))
    if mode == "again":
        call(drawn(), "other")
        for handle in results:
            script.scribble(handle)
        call(item, "again")
    return Probe(script, in_words("lr_range_test", ["loss_and_grad", "w"], asks), {"w": item[0]["w"]})


def _before_the_end(losses):
    """All but the last of losses that end with one that is not finite."""
    good = isinstance(losses, np.ndarray) and losses.ndim == 1 and losses.size and not np.isfinite(losses[-1])
    return losses[:-1] if good else losses
