"""training_loop: parameters after training, and the loss of each batch.

Sample a batch, forward, backward, update (lectures 001 and 003: the four steps of mini-batch SGD). Reference: the same
loop in PyTorch: zero_grad, backward, torch.optim.SGD's step, with its lr set before each. The judge answers
loss_and_grads, by autograd.
"""

import itertools

from autograder.exercises.sgd._training import Problem, slopes
from autograder.judge import (
    Case,
    Finding,
    Probe,
    Procedure,
    Script,
    Want,
    alternative,
    in_torch,
    mistake,
    remembering,
    slips,
    torch,
    without_compiler,
)
from autograder.judge.compare import difference
from autograder.worker.functions import read_once


def by_solution(problem):
    return right(problem.params, lambda *args: slopes(problem, *args), problem.step, problem.batches, problem.schedule)


@in_torch(otherwise=by_solution)
def trained(problem):
    """Parameters and losses of the same loop in PyTorch."""
    leaves = {name: torch.tensor(value, requires_grad=True) for name, value in problem.params.items()}
    optimizer = without_compiler(torch.optim.SGD, list(leaves.values()), lr=1.0, momentum=problem.momentum)
    losses = []
    for t, batch in enumerate(problem.batches):
        for group in optimizer.param_groups:
            group["lr"] = float(problem.rates[t])
        optimizer.zero_grad()
        loss = problem.loss(leaves, batch)
        loss.backward()
        optimizer.step()
        losses.append(loss.item())
    return {name: leaf.detach().numpy() for name, leaf in leaves.items()}, losses


def ask(case, rng):
    """Options: `names` of the parameters; `batches`, how many; `rates`: they change; `step`; `once`; `mode`."""
    script, mode = Script(), case.get("mode", "plain")

    def call(problem):
        params = script.put(problem.params)
        batches = script.call(script.named(read_once), problem.batches) if case.get("once") else problem.batches
        answers = script.callback(problem.loss_and_grads), script.named(problem.step), script.callback(problem.schedule)
        results = script.call(0, params, answers[0], answers[1], batches, answers[2], unpack=2)
        return params, results

    def report(results, problem, role="value"):
        params, losses = trained(problem)
        script.get(results[0], Want("params", params, role=role))
        script.get(results[1], Want("losses", losses, scale=max(losses, default=1.0), role=role))

    problem = Problem(rng, case)
    # Asked again, or after a call that was broken off, it counts from 0.
    script.call(script.put(script.callback(problem.asked.clear)))
    params, results = call(problem)
    called = "training_loop(params, loss_and_grads, step, batches, schedule)"
    if mode == "count":
        return counting(script, called, problem, results)
    if mode == "inputs":
        script.get(params, Want("params", problem.params, 0.0, 0.0, role="input"))
    else:
        report(results, problem)
    if mode == "again":
        other = Problem(rng, case)
        report(call(other)[1], other, "other")
        report(results, problem, "kept")
        script.scribble(results[0])
        report(call(problem)[1], problem, "again")
    return Probe(script, called, {"params": problem.params})


def counting(script, called, problem, results):
    """How often loss_and_grads was asked, where all else is right."""
    for name, handle in zip(("params", "losses"), results, strict=True):
        script.get(handle, Want(name, None))
    script.get(script.call(script.put(script.callback(lambda: len(problem.asked)))), Want("calls", None))
    wants = [Want(name, value) for name, value in zip(("params", "losses"), trained(problem), strict=True)]

    def findings(values):
        *answers, calls = values
        if any(difference(answer, want) for answer, want in zip(answers, wants, strict=True)):
            return [Finding("the answer is wrong", hides=True)]
        return [Finding(mistake="asks_twice")] if calls > len(problem.batches) else []

    return Probe(script, called, findings=findings)


EXERCISE = Procedure(
    ask=ask,
    section="9 · A real network",
    cases=[
        Case("one batch, one parameter: a step", names=("b",), batches=1),
        Case("six batches, one after the other", batches=6, weight=3),
        Case("three parameters, each with its own gradient", batches=1),
        Case("schedule(t) at each step, from t = 0", rates=True, weight=3),
        Case("an optimizer that remembers: the state goes on", names=("c",), step="heavy", weight=3),
        Case("each parameter has a state of its own", step="heavy", rates=True, weight=3),
        Case("parameters of one shape, each its own state", names=("b", "c"), step="heavy", weight=2),
        Case("twenty batches", batches=20, step="heavy", rates=True),
        Case("no batch: params as they were, and no losses", batches=0, weight=0.5),
        Case("batches that can be read once, as from a generator", once=True, batches=3, weight=0.5),
        Case("loss_and_grads is asked once for each batch", mode="count", weight=0.5),
        Case("leaves params as it was", about="inputs", mode="inputs", step="heavy"),
        Case("gives the same answer when it is called again", about="again", mode="again", step="heavy"),
    ],
)


def right(params, loss_and_grads, step, batches, schedule):
    params = dict(params)
    states = {name: {} for name in params}
    losses = []
    for t, batch in enumerate(batches):
        loss, grads = loss_and_grads(params, batch)
        lr = schedule(t)
        for name in params:
            w, grad, state = params[name], grads[name], states[name]
            w, state = step(w, grad, state, lr=lr)
            params[name] = w
            states[name] = state
        losses.append(loss)
    return params, losses


MISTAKES = slips("""
not_updated (core): params[name] = w ->
    The parameters stay what they were: `step` returns the new w, and nobody keeps it. Put it back: params[name] = ...
always_from_the_start (core):
    -> start = params
    w, grad, state = params[name], grads[name], states[name] -> w, grad, state = start[name], grads[name], states[name]
    Each step starts from the first parameters. It starts from where the last one has led.
gradient_of_the_start (core):
    -> start = params
    loss_and_grads(params, batch) -> loss_and_grads(start, batch)
    Loss and gradient are those of the first parameters, at every step. Ask at the parameters of now.

state_not_kept: states[name] = state ->
    The optimizer forgets: each step gets an empty state. Keep the state that `step` returns, and hand it back at the
    next step.
one_state_for_all: states[name] = state -> states = dict.fromkeys(states, state)
    Parameters share a state, so one's velocity pushes another. Each name has a state of its own, {} at first.

first_rate_for_ever: lr = schedule(t) -> lr = schedule(0)
    The rate is that of t = 0 at every step. Ask `schedule(t)` anew each time.
t_from_one: lr = schedule(t) -> lr = schedule(t + 1)
    The rate is one step ahead: t counts the steps taken so far, 0 at the first.
t_one_behind: lr = schedule(t) -> lr = schedule(max(t - 1, 0))
    The rate is one step behind: at step t, with t from 0, it is schedule(t).
t_counts_parameters: step(w, grad, state, lr=lr) -> step(w, grad, state, lr=schedule(3 * t + [*params].index(name)))
    t goes up with every parameter. It counts batches: all parameters of one step have the same rate.

gradients_one_batch_late:
    losses = [] -> losses, late = [], None
    params[name], grads[name], states[name] -> params[name], (late or grads)[name], states[name]
    losses.append(loss) -> losses.append(loss); late = grads
    The gradients are those of the batch before. Update with the gradients that came with this loss.

loss_after_the_step: losses.append(loss) -> losses.append(loss_and_grads(params, batch)[0])
    The loss is asked again after the step. Take the one that came with the gradients, before it: it costs nothing.
asks_twice (detail):
    loss, grads = loss_and_grads(params, batch) -> loss = loss_and_grads(params, batch)[0]
    lr = schedule(t) -> lr = schedule(t); grads = loss_and_grads(params, batch)[1]
    `loss_and_grads` is asked twice for a batch, and is what takes the time. Loss and gradients come with one call.
last_loss_alone: return params, losses -> return params, losses[-1:]
    Only the last loss comes back. Asked for is one for each batch.
mean_loss: return params, losses -> return params, float(np.mean(losses)) if losses else 0.0
    One number comes back, the mean of the losses. Asked for is a list with one for each batch.
ends_after_one_batch (core): losses.append(loss) -> losses.append(loss); break
    It ends after the first batch: a `return` or `break` stands inside the loop.
last_batch_left_out: enumerate(batches) -> enumerate(list(batches)[:-1])
    The last batch is left out.
batches_used_up (detail): losses = [] -> losses, number = [], len(list(batches))
    `batches` is read twice. A generator gives its batches once, and then there are none: loop over it directly.

in_place (detail): params = dict(params) ->
    The dict that came in is changed: the caller's `params` are the trained ones now. Work on a copy, `dict(params)`.
swapped: return params, losses -> return losses, params
    The results have changed places: the parameters come first, then the losses.
""")


@mistake("Only one of the parameters is updated: the loop over their names ends too early, or is not there.")
def first_parameter_alone(params, loss_and_grads, step, batches, schedule):
    params, losses, name = dict(params), [], next(iter(params))
    state = {}
    for t, batch in enumerate(batches):
        loss, grads = loss_and_grads(params, batch)
        params[name], state = step(params[name], grads[name], state, lr=schedule(t))
        losses.append(loss)
    return params, losses


@mistake("Every step sees the same batch. `for batch in batches` gives the next one each time.")
def one_batch_for_ever(params, loss_and_grads, step, batches, schedule):
    batches = list(batches)
    return right(params, loss_and_grads, step, [batches[0] for _ in batches], schedule)


@mistake(
    "The gradient is asked anew for each parameter, when some have moved already. One call of `loss_and_grads` gives "
    "all gradients at one place; then all parameters step."
)
def one_parameter_after_the_other(params, loss_and_grads, step, batches, schedule):
    params, states, losses = dict(params), {name: {} for name in params}, []
    for t, batch in enumerate(batches):
        losses.append(loss_and_grads(params, batch)[0])
        for name in params:
            grad = loss_and_grads(params, batch)[1][name]
            params[name], states[name] = step(params[name], grad, states[name], lr=schedule(t))
    return params, losses


@remembering(
    "States are left from an earlier call: begin with empty ones in every call.", name="remembers_earlier_calls"
)
def states_kept():
    kept = {}

    def loop(params, loss_and_grads, step, batches, schedule):
        params, losses = dict(params), []
        for t, batch in enumerate(batches):
            loss, grads = loss_and_grads(params, batch)
            for name, w in params.items():
                params[name], kept[name] = step(w, grads[name], kept.get(name, {}), lr=schedule(t))
            losses.append(loss)
        return params, losses

    return loop


@alternative
def with_pairs(params, loss_and_grads, step, batches, schedule):
    kept = {name: (w, {}) for name, w in params.items()}
    history = ()
    for t, batch in zip(itertools.count(), batches, strict=False):
        loss, grads = loss_and_grads({name: w for name, (w, _) in kept.items()}, batch)
        history += (loss,)
        rate = schedule(t)
        kept = {name: step(w, grads[name], state, lr=rate) for name, (w, state) in kept.items()}
    return {name: w for name, (w, _) in kept.items()}, list(history)


@alternative
def on_copies(params, loss_and_grads, step, batches, schedule):
    params = {name: w.copy() for name, w in params.items()}
    losses, states = [], {}
    for batch in batches:
        loss, grads = loss_and_grads(params, batch)
        for name, grad in grads.items():
            new, states[name] = step(params[name], grad, states.get(name, {}), lr=schedule(len(losses)))
            params[name][...] = new
        losses = [*losses, loss]
    return params, losses


HINTS = [
    "Four things happen at each batch: loss and gradients at the parameters of now, the rate of this step, a step for "
    "each parameter, a note of the loss. What has to survive until the next batch?",
    "Two dicts survive: the parameters and, for each of their names, the optimizer's state, {} at first. "
    "`enumerate(batches)` gives t beside the batch.",
    "Before the loop `params = dict(params)` and `states = {name: {} for name in params}`. Inside, for each name, "
    "`params[name], states[name] = step(params[name], grads[name], states[name], lr=lr)`: both are replaced.",
]
