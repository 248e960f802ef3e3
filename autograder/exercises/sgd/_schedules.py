"""What the schedules' exercises share: the check, and mistakes that fit every schedule."""

from autograder.judge import Function, slips, torch, without_compiler


def schedule(make, cases, *, ends=None):
    """An exercise that asks for the rates of one of torch.optim.lr_scheduler's classes, t in random order.

    Parameters
    ----------
    make : make(optimizer, ...) -> the scheduler, with the case's keywords
    cases : each asks for all t in `ts`, with a learning rate drawn once; the other options are keywords
    ends : the keyword that says after how many steps the rate stays, where PyTorch's does not
    """

    def draw(rng, case):
        lr0 = float(rng.uniform(0.05, 2.0))
        keywords = {name: value for name, value in case.options.items() if name not in ("ts", "mode")}
        return [({"lr0": lr0, "t": t}, keywords) for t in case.get("ts")]

    def reference(lr0, t, **keywords):
        steps = min(t, keywords[ends]) if ends else t
        return torch_schedule(lr0, steps, lambda optimizer: make(optimizer, **keywords))

    return Function(
        draw=draw,
        reference=reference,
        returns=("lr",),
        # A schedule ends at or near 0: rounding is relative to where it starts.
        scale=lambda lr0, **_: {"lr": lr0},
        sweep="t",
        section="7 · Schedules: large first, small later",
        # Numbers go in and a number comes out: there is no array to lay out, to change or to keep in its precision.
        standard=("again",),
        cases=cases,
    )


def torch_schedule(lr0, t, make):
    """The learning rate after t steps of one of torch.optim.lr_scheduler's classes, from 0."""
    parameter = torch.nn.Parameter(torch.zeros(1, dtype=torch.float64))
    optimizer = without_compiler(torch.optim.SGD, [parameter], lr=lr0)
    scheduler = make(optimizer)
    for _ in range(t):
        optimizer.step()
        scheduler.step()
    return float(optimizer.param_groups[0]["lr"])


LR0_MISSING = slips("""
lr0_missing: -> lr0 = 1.0
    `lr0` makes no difference: this is the share that is left of it. Multiply `lr0` by it.
""")

OFF_BY_ONE = slips("""
off_by_one: -> t = t + 1
    One step ahead: t counts from 0, and at t = 0 the rate is lr0. No t + 1.

off_by_one: -> t = t - 1
    or -> t = max(t - 1, 0)
    One step behind: t counts from 0, and at t = 0 the rate is lr0. No t - 1.
""")
