"""What `random_search` is asked: the judge answers for the objective, and knows what it was asked."""

import math
from dataclasses import replace

import numpy as np

from autograder.exercises.training._laws import OTHERS, fits, positions
from autograder.judge import Finding, Probe, Script, Want
from autograder.judge.chance import generator_probe

SPACE = {"lr": (1e-4, 1.0), "weight_decay": (1e-6, 1e-2), "width": (8.0, 500.0)}
# So many searches come before those that are out of the ordinary.
ORDINARY = 3
_SHAPE = Finding("random_search must return best, a dict, and results, a list of (params, value)")


class Objective:
    """What the student's function is given: it refuses what is no point of the space, and keeps what it was asked."""

    def __init__(self, space, values):
        self.space, self.values, self.asked = space, values, []

    def reset(self):
        self.asked = []

    def __call__(self, *args):
        params = args[0] if len(args) == 1 else None
        if not isinstance(params, dict) or set(params) != set(self.space):
            raise ValueError(f"objective takes one dict with the keys {', '.join(map(repr, self.space))}")
        if not all(isinstance(value, float | int | np.floating) for value in params.values()):
            raise ValueError("objective takes numbers: each parameter is one float")
        if len(self.asked) >= 2000:
            raise RuntimeError("objective has been asked 2000 times")
        self.asked.append({name: float(value) for name, value in params.items()})
        return float(self.values[min(len(self.asked), len(self.values)) - 1])


def ask(case, rng):
    """`values`: what the objective answers, one after the other, by name; or a `property`."""
    if case.get("property") == "rng":
        return _ask_generator(rng)
    if case.get("property") == "space":
        return _ask_space(rng)
    script, searches = Script(), [_values(kind, rng) for kind in case.get("values")]
    called = []
    for values in searches:
        space = dict(list(SPACE.items())[: int(rng.integers(1, 4))])
        called.append(_search(script, Objective(space, values), len(values), rng))

    def judged(values):
        chosen = []
        for number, objective in enumerate(called):
            found = _check(values[2 * number], _times(values[2 * number + 1]), objective)
            if isinstance(found, Finding):
                return [replace(found, hides=True)] if case.get("mistake") else [found]
            chosen.append(found)
        found = _wrong_choice(chosen, [objective.values for objective in called], case.get("mistake"))
        return [found] if found else []

    return Probe(script, "random_search(objective, space, trials, rng)", findings=judged)


def _values(kind, rng):
    """What the objective answers: drawn values, with what `kind` says of them."""
    n = 1 if kind == "one" else int(rng.integers(6, 10))
    # Neither the least nor the largest is tried first or last.
    inside = rng.permutation(np.arange(1, n - 1))
    order = np.r_[inside[0], rng.permutation(np.r_[inside[1:-1], 0, n - 1]), inside[-1]] if n > 1 else [0]
    values = np.empty(n)
    values[np.asarray(order, int)] = np.arange(n) + rng.uniform(0.2, 0.8, n)
    if kind == "negative":
        values = values - n / 2
    if kind == "ties":
        values = values + 1
        values[np.sort(rng.permutation(n)[:3])] = 0.5
    if kind == "nan":
        values[rng.permutation(n)[: n // 3]] = np.nan
    if kind == "nan first":
        values[0] = np.nan
    if kind == "nan last":
        values[-1] = np.nan
    if kind == "inf":
        values[rng.permutation(n)[: n // 3]] = np.inf
    return values


def _search(script, objective, trials, rng):
    """One search, its answer reported and how often the objective was asked."""
    script.call(script.put(script.callback(objective.reset)))
    sent = script.callback(objective)
    result = script.call(0, sent, script.put(objective.space), trials, script.rng(int(rng.integers(2**31))))
    script.get(result, Want("best, results", None))
    script.get(script.call(script.put(script.callback(lambda: list(objective.asked)))), Want("asked", None))
    return objective


def _times(asked):
    return asked if isinstance(asked, list) else []


def _parts(value):
    """best and results, as dicts and numbers; None where they are none."""
    if not isinstance(value, list | tuple) or len(value) != 2:
        return None
    best, results = value
    if isinstance(best, list) and isinstance(results, dict):
        return None
    if not isinstance(best, dict) or not isinstance(results, list | tuple):
        return None
    pairs = []
    for pair in results:
        if not isinstance(pair, list | tuple) or len(pair) != 2 or not isinstance(pair[0], dict):
            return None
        if not isinstance(pair[1], float | int | np.number) or not _numbers(pair[0]):
            return None
        pairs.append(({name: float(x) for name, x in pair[0].items()}, float(pair[1])))
    return ({name: float(x) for name, x in best.items()}, pairs) if _numbers(best) else None


def _numbers(params):
    return all(isinstance(value, float | int | np.number) and np.isrealobj(value) for value in params.values())


def _check(value, asked, objective):
    """What is wrong with one search; where nothing is, the trials that best may be."""
    told, trials = objective.values, len(objective.values)
    parts = _parts(value)
    if parts is None:
        pair = isinstance(value, list | tuple) and len(value) == 2
        if pair and isinstance(value[1], dict) and isinstance(value[0], list | tuple):
            return Finding("the results come back in another order: best, results", "order_swapped")
        if pair and isinstance(value[0], list | tuple):
            return Finding("best is a pair: it is the params alone", "pair_for_best")
        return _SHAPE
    best, results = parts
    if len(asked) > trials == len(_distinct(asked)):
        return Finding("objective is called more often than `trials`, for what has been tried", "asked_again")
    if len(asked) != trials:
        name = {trials - 1: "one_trial_less", trials + 1: "one_trial_more"}.get(len(asked))
        return Finding("objective is not called exactly `trials` times", name)
    if [params for params, _ in results] != asked:
        if len(results) == trials > 1 and all(params == results[-1][0] for params, _ in results):
            return Finding(mistake="one_dict")
        ordered = sorted(map(_key, [p for p, _ in results])) == sorted(map(_key, asked))
        return Finding("results are not what objective was asked, in order", "results_sorted" if ordered else None)
    if not np.array_equal([value for _, value in results], told, equal_nan=True):
        return Finding("the values in results are not those of objective, in order")
    return [k for k in range(trials) if asked[k] == best]


def _distinct(asked):
    """What was asked, without what had been asked before."""
    return list({_key(params): params for params in asked}.values())


def _wrong_choice(chosen, told, mistake):
    """What is wrong with the choice of best in several searches, the first of which are ordinary ones."""
    rules = {
        None: lambda values: int(np.nanargmin(values)),
        "largest_wins": lambda values: int(np.nanargmax(values)),
        "last_wins": lambda values: len(values) - 1,
        "first_wins": lambda values: 0,
    }

    def follows(rule, searches):
        return all(rule(values) in best for best, values in searches)

    searches = list(zip(chosen, told, strict=True))
    if follows(rules[None], searches):
        return None
    message = "best is not the params of the least value"
    if mistake:
        # What is asked besides: judged only where ordinary searches are right.
        known = follows(rules[None], searches[:ORDINARY])
        return Finding(message, mistake) if known else Finding(message, hides=True)
    return Finding(message, next((name for name, rule in rules.items() if name and follows(rule, searches)), None))


def _key(params):
    return tuple(sorted(params.items()))


def _ask_space(rng):
    """300 trials in three parameters: each log-uniform, none a function of another, hardly two alike."""
    script, trials = Script(), 300
    objective = _search(script, Objective(SPACE, rng.uniform(0, 1, trials)), trials, rng)

    def judged(values):
        asked = _times(values[1])
        if len(asked) > trials == len(_distinct(asked)):
            asked = _distinct(asked)  # named where the calls are counted
        if len(asked) < trials // 2:
            return [Finding("objective is called fewer than `trials` times", hides=True)]
        drawn = {name: np.array([params[name] for params in asked]) for name in objective.space}
        return _law(drawn, objective.space)

    return Probe(script, f"random_search(objective, space, {trials}, rng)", findings=judged)


def _law(drawn, space):
    n = len(next(iter(drawn.values())))
    if all(np.ptp(x) <= 1e-12 * abs(x[0]) for x in drawn.values()):
        return [Finding("every trial has the same params", "same_params")]
    few = [name for name, x in drawn.items() if len(np.unique(np.round(np.log(np.maximum(x, 1e-300)), 9))) < 0.5 * n]
    if few:
        return [Finding("a parameter takes few values", "grid")]
    with np.errstate(all="ignore"):
        shares = [(x - low) / (high - low) for x, (low, high) in zip(drawn.values(), space.values(), strict=True)]
        logs = [positions(x, *space[name]) for name, x in drawn.items()]
    for places in (logs, shares):
        if np.abs(places[0] - places[1]).max() < 1e-9 or np.abs(places[1] - places[2]).max() < 1e-9:
            found = [Finding(mistake="one_draw_for_all")]
            return [*found, Finding(mistake="uniform")] if places is shares else found
    ranks = np.argsort(np.argsort([np.nan_to_num(x) for x in logs], axis=1), axis=1)
    # Spearman's correlation of independent draws has a standard deviation of 1 / sqrt(n - 1).
    if np.abs(np.corrcoef(ranks)[np.triu_indices(3, 1)]).max() > 8 / math.sqrt(n):
        return [Finding("the parameters depend on one another: each is drawn by itself")]
    if all(map(fits, logs)):
        gaps = [np.sort(np.clip(u, 0, 1)) * n for u in logs]
        if all(len(np.unique(np.floor(gap))) > 0.9 * n for gap in gaps):
            return [Finding("the values are spread more evenly than independent draws", "grid")]
        return []
    if all(map(fits, shares)):
        return [Finding(mistake="uniform")]
    return [Finding("a parameter is not log-uniform between its ends", _other(drawn, space))]


def _other(drawn, space):
    """The mistake of log_uniform that all parameters make."""
    for name in ("logs_mixed", "ends_are_exponents"):
        for ends, scale in OTHERS[name]:
            with np.errstate(all="ignore"):
                places = [
                    (scale(x) - ends(*space[key])[0]) / (ends(*space[key])[1] - ends(*space[key])[0])
                    for key, x in drawn.items()
                ]
            if all(map(fits, places)):
                return name
    return None


def _ask_generator(rng):
    def search(script, generator):
        sent = script.callback(lambda params: float(sum(params.values())))
        return script.call(0, sent, dict(SPACE), 4, generator, unpack=2)

    return generator_probe("random_search(objective, space, 4, rng)", search, rng)
