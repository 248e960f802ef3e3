"""What the schedules' exercises share: how PyTorch is asked, and how a sweep over t is drawn."""

import torch

from autograder.judge import Mistake


def torch_schedule(lr0: float, t: int, make) -> float:
    """The learning rate after t steps of one of torch.optim.lr_scheduler's classes, from 0."""
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = torch.optim.SGD([parameter], lr=lr0)
    scheduler = make(optimizer)
    for _ in range(t):
        optimizer.step()
        scheduler.step()
    return float(optimizer.param_groups[0]["lr"])


def sweep(rng, case, **keywords):
    """One call for each t of the case, with a learning rate drawn once."""
    lr0 = float(rng.uniform(0.05, 2.0))
    return [({"lr0": lr0, "t": t}, keywords) for t in case.get("ts")]


def scale(lr0, **_):
    """A schedule ends at or near 0: rounding is relative to where it starts."""
    return {"lr": lr0}


def off_by_one(schedule, section):
    """The mistakes of a schedule that starts at lr0: t is one too large, or one too small."""
    sentence = "t counts from 0, and at t = 0 the rate is lr0. No t {}."

    def shifted(t_of):
        return lambda lr0, t, **keywords: schedule(lr0, t_of(t), **keywords)

    return [
        Mistake("off_by_one", shifted(lambda t: t + 1), "One step ahead: " + sentence.format("+ 1"), section),
        Mistake("off_by_one", shifted(lambda t: t - 1), "One step behind: " + sentence.format("- 1"), section),
        Mistake("off_by_one", shifted(lambda t: max(t - 1, 0)), "One step behind: " + sentence.format("- 1"), section),
    ]
