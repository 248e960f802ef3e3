"""random_search: the best of so many points that are drawn log-uniformly.

space {name: (low, high)}; a fresh dict of parameters for each trial, each drawn by itself; objective(params) -> float,
asked `trials` times and no more, less is better; returns best, the params of the least value (the first at ties, nan
never), and results, (params, value) in order (Bergstra and Bengio 2012; lecture 001). Reference: scipy.stats.loguniform
and properties; the judge answers for the objective.
"""

import math

import numpy as np

from autograder.exercises.training._searches import ask
from autograder.judge import Case, Procedure, alternative, mistake, slips

USUAL = ["plain", "negative", "plain"]
EXERCISE = Procedure(
    ask=ask,
    section="4 · Where to look",
    cases=[
        Case("best is the least, and results tell what was tried", values=USUAL, weight=5),
        Case("each parameter log-uniform, and by itself", property="space", weight=7),
        Case(
            "a value that is nan never wins",
            values=[*USUAL, "nan", "nan first", "nan last"],
            mistake="nan_wins",
            weight=7,
        ),
        Case("an infinite value loses", values=[*USUAL, "inf"], mistake="infinity_wins", weight=0.5),
        Case("the first of equally good ones", values=[*USUAL, "ties", "ties"], mistake="last_of_ties", weight=0.5),
        Case("one trial", values=["one"], weight=0.5),
        Case("all randomness comes from rng, anew at each call", property="rng", weight=7),
    ],
)


def right(objective, space, trials, rng):
    results = []
    for _ in range(trials):
        params = {name: float(np.exp(rng.uniform(np.log(low), np.log(high)))) for name, (low, high) in space.items()}
        value = objective(params)
        results.append((params, value))
    numbers = [math.inf if math.isnan(value) else value for _, value in results]
    best = results[numbers.index(min(numbers))][0]
    return best, results


MISTAKES = slips("""
uniform: np.exp(rng.uniform(np.log(low), np.log(high))) -> rng.uniform(low, high)
    The parameters are uniform: of rates between 0.0001 and 1 nine of ten are above 0.1. Draw the logarithms.
logs_mixed: np.exp(rng.uniform(np.log(low), np.log(high))) -> 10 ** rng.uniform(np.log(low), np.log(high))
    or np.exp(rng.uniform(np.log(low), np.log(high))) -> np.exp(rng.uniform(np.log10(low), np.log10(high)))
    Two logarithms are mixed: `np.exp` belongs to `np.log`, `10 **` to `np.log10`.
largest_wins: min(numbers) -> max(numbers)
    or min(numbers) -> max(number for number in numbers if number < math.inf)
    The largest value wins. Less is better.
nan_wins: math.inf if math.isnan(value) else value -> -math.inf if math.isnan(value) else value
    or numbers.index(min(numbers)) -> int(np.argmin([value for _, value in results]))
    or math.inf if math.isnan(value) else value -> value
    A value that is nan wins, or keeps another from winning: a diverged run. `min` and `argmin` are misled by nan; skip
    it.
last_of_ties (detail): numbers.index(min(numbers)) -> len(numbers) - 1 - numbers[::-1].index(min(numbers))
    Of equally good ones the last wins. It is the first.
first_wins: numbers.index(min(numbers)) -> 0
    What was tried first wins.
last_wins: numbers.index(min(numbers)) -> -1
    What was tried last wins.
asked_again: return best, results -> objective(best); return best, results
    or value = objective(params) -> value = objective(params); objective(params)
    or results.append((params, value)) -> results.append((params, objective(params)))
    The objective is asked again for what has been tried: a whole training run more each time. It is called `trials`
    times, and its values are in the results.
one_trial_less: range(trials) -> range(trials - 1) if trials > 1 else range(1)
    The objective is called once too rarely: exactly `trials` times.
one_trial_more: range(trials) -> range(trials + 1)
    The objective is called once too often: exactly `trials` times.
results_sorted (detail): return best, results -> return best, sorted(results, key=lambda pair: pair[1])
    The results come sorted. They are asked for in the order in which they were tried.
pair_for_best (detail): results[numbers.index(min(numbers))][0] -> results[numbers.index(min(numbers))]
    best is a pair of params and value. It is the params alone.
order_swapped (detail): return best, results -> return results, best
    The results come back in another order than asked for: best, results.
global_generator: rng.uniform(np.log(low), np.log(high)) -> np.random.uniform(np.log(low), np.log(high))
    or rng.uniform(np.log(low), np.log(high)) -> np.random.default_rng().uniform(np.log(low), np.log(high))
    Two generators with the same seed give different trials: the randomness does not come from `rng` alone.
same_draw_each_call: -> rng = np.random.default_rng(0)
    or -> rng = __import__("copy").deepcopy(rng)
    A second search tries the same points. Draw from `rng` itself: no new generator with a fixed seed, no copy.
""")


@mistake("An infinite value wins. It is the worst there is.", degree="detail")
def infinity_wins(objective, space, trials, rng):
    best, results = right(objective, space, trials, rng)
    return next((params for params, value in results if value == math.inf), best), results


def _searched(objective, trials, draw):
    """A search whose params `draw` makes, one trial after the other."""
    results = [(params, objective(params)) for params in (draw(k) for k in range(trials))]
    numbers = [math.inf if math.isnan(value) else value for _, value in results]
    return results[numbers.index(min(numbers))][0], results


@mistake(
    "One number is drawn for all parameters: they move together, and most of the space is never tried. Each needs a "
    "draw of its own.",
)
def one_draw_for_all(objective, space, trials, rng):
    def draw(k):
        u = rng.random()
        return {name: float(low * (high / low) ** u) for name, (low, high) in space.items()}

    return _searched(objective, trials, draw)


@mistake("Every trial has the same parameters. Draw them anew for each.")
def same_params(objective, space, trials, rng):
    params = {name: float(low * (high / low) ** rng.random()) for name, (low, high) in space.items()}
    return _searched(objective, trials, lambda k: dict(params))


@mistake(
    "A parameter takes a few values from a grid, or values that are spread evenly. Each trial draws values of its own: "
    "that is what random search is for."
)
def grid(objective, space, trials, rng):
    side = max(2, round(trials ** (1 / len(space))))
    values = {name: np.geomspace(low, high, side) for name, (low, high) in space.items()}
    return _searched(objective, trials, lambda k: {name: float(rng.choice(values[name])) for name in space})


@mistake(
    "A parameter takes a few values from a grid, or values that are spread evenly. Each trial draws values of its own: "
    "that is what random search is for.",
    name="grid",
)
def shuffled_grid(objective, space, trials, rng):
    columns = {name: rng.permutation(np.geomspace(low, high, trials)) for name, (low, high) in space.items()}
    return _searched(objective, trials, lambda k: {name: float(column[k]) for name, column in columns.items()})


@mistake(
    "One dict is filled again for each trial, so that all results, and best, are the last one in the end. Make a new "
    "dict each time."
)
def one_dict(objective, space, trials, rng):
    params = {}

    def draw(k):
        params.update({name: float(low * (high / low) ** rng.random()) for name, (low, high) in space.items()})
        return params

    return _searched(objective, trials, draw)


@alternative
def with_a_running_best(objective, space, trials, rng):
    best, least, results = None, math.inf, []
    while len(results) < trials:
        params = {}
        for name in space:
            low, high = np.log10(space[name])
            params[name] = 10 ** (low + (high - low) * rng.random())
        results.append([params, objective(params)])
        if results[-1][1] < least:
            best, least = params, results[-1][1]
    return best, results


@alternative
def all_drawn_first(objective, space, trials, rng):
    ends = np.log(np.array([space[name] for name in space]))
    points = np.exp(rng.uniform(ends[:, 0], ends[:, 1], (trials, len(space))))
    tried = [dict(zip(space, map(float, point), strict=True)) for point in points]
    values = np.array([objective(dict(params)) for params in tried])
    best = int(np.argmin(np.where(np.isnan(values), np.inf, values)))
    return dict(tried[best]), [(params, value) for params, value in zip(tried, values.tolist(), strict=True)]


HINTS = [
    "A trial is a dict with a value for each name. Where in the loop is it made, if all of them are to be kept?",
    "For each trial make a new dict, `exp` of a uniform draw between the logarithms for each name; call `objective` "
    "once; append the pair. Then the pair of the least value, nan left out.",
    "Keep `best` and `least = math.inf`; `if value < least: best, least = params, value`. nan < least is False: it "
    "never wins.",
]
