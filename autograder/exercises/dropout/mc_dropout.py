"""mc_dropout: mean and standard deviation of predictions that are random because dropout stays on.

predict(x, rng) `samples` times, with rng itself; the mean, and the biased standard deviation, over the samples (Gal and
Ghahramani 2016, equations 6 and 7, without the noise of the data). Reference: torch's mean and std(correction=0) of the
same predictions, made here by the same function from a generator with the same seed; so the draws are the same too.
"""

import numpy as np

from autograder.judge import Case, Finding, Probe, Procedure, Script, alternative, in_torch, mistake, slips, torch
from autograder.judge.compare import difference
from autograder.judge.variants import LAYOUT_TITLE, want, watch_inputs
from autograder.worker.calls import LAYOUTS
from autograder.worker.functions import dropout_scores, noisy_copy, turned_rows

BOTH = ("mean", "std")


def solution(predict, x, samples, rng):
    return dict(zip(BOTH, right(predict, x.astype(np.float64), samples, rng), strict=True))


@in_torch(otherwise=solution)
def reference(predict, x, samples, rng):
    drawn = torch.tensor(np.stack([predict(x.astype(np.float64), rng) for _ in range(samples)]))
    return {"mean": drawn.mean(dim=0).numpy(), "std": drawn.std(dim=0, correction=0).numpy()}


def ask(case, rng):
    script, mode, samples = Script(), case.get("mode", ""), case.get("samples", 4)
    predict = case.get("predict", dropout_scores)
    function = script.named(predict)

    def drawn():
        x = rng.standard_normal(case.get("shape", (4, 5))) + case.get("offset", 0.3)
        return x.astype(case.get("dtype", "float64")), int(rng.integers(2**31))

    def call(x, seed, role="value", layout=""):
        sent, generator = script.put(x, layout), script.rng(seed)
        results = script.call(0, function, sent, samples, generator, unpack=2)
        tell(results, x, seed, role)
        return sent, generator, results

    def tell(results, x, seed, role):
        exact = reference(predict, x, samples, np.random.default_rng(seed))
        for slot, name in zip(results, BOTH, strict=True):
            if name in case.get("asks", BOTH):
                script.get(slot, want(name, exact[name], case, None, role))

    x, seed = drawn()
    if mode == "predictions":
        before = script.put(x)
        script.call(0, script.named(dropout_scores), before, samples, script.rng(seed), unpack=2)
        watch_inputs(script, {"x": before}, {"x": x})
    for layout in LAYOUTS if mode == "layout" else [""]:
        sent, generator, results = call(x, seed, layout=layout)
    if mode == "count":
        # A prediction of the judge's own, which tells how far the generator has come.
        twin = np.random.default_rng(seed)
        *_, following = [predict(x, twin) for _ in range(samples + 1)]
        ours = script.call(function, x, generator)
        script.get(ours, want("the next prediction from rng", following, case, None, "value"))
    if mode in ("inputs", "predictions"):
        watch_inputs(script, {"x": sent}, {"x": x})
    if mode == "again":
        call(*drawn(), role="other")
        tell(results, x, seed, "kept")
        for handle in call(x, seed, role="again")[2]:
            script.scribble(handle)
        tell(results, x, seed, "kept")
        call(x, seed, role="again")

    def findings(values):
        """The predictions are x itself, or share its memory."""
        before, *wrong, after = [difference(value, want) for value, want in zip(values, script.wants, strict=True)]
        if after and not before:
            return [Finding("what `predict` returned is written over", "writes_into_prediction")]
        return [Finding("the answer is wrong", hides=True)] if before or any(wrong) else []

    called = f"mc_dropout(predict, x, {samples}, rng)"
    return Probe(script, called, {"x": x}, findings if mode == "predictions" else None)


PLAIN = {
    "ten samples of a network's scores": {"samples": 10, "shape": (5, 4), "weight": 2},
    "two samples": {"samples": 2, "shape": (3, 4)},
    "fifty samples": {"samples": 50, "shape": (2, 6)},
    "as many samples as rows and scores": {"samples": 3, "shape": (3, 4)},
    "images": {"samples": 7, "shape": (2, 3, 4, 5), "predict": noisy_copy},
    "predictions far from 0, 1e7": {"samples": 9, "shape": (8,), "predict": noisy_copy, "offset": 1e7},
}
EXERCISE = Procedure(
    ask=ask,
    section="9 · MC dropout: does it know what it does not know?",
    cases=[
        *(Case(f"{name}: {title}", asks=[name], **options) for name in BOTH for title, options in PLAIN.items()),
        Case("one sample has no spread", samples=1, shape=(1, 3)),
        Case("predict is called `samples` times and no more", samples=5, mode="count"),
        Case("float32 in, float32 out", about="dtype", samples=8, shape=(5, 4), dtype="float32"),
        Case(LAYOUT_TITLE, about="layout", mode="layout", weight=0.5),
        Case("leaves x as it was", about="inputs", mode="inputs"),
        Case("leaves what predict returned as it was", about="inputs", mode="predictions", predict=turned_rows),
        Case("gives the same answer when it is called again, in arrays that are yours", about="again", mode="again"),
    ],
)


def right(predict, x, samples, rng):
    drawn = np.stack([predict(x, rng) for _ in range(samples)])
    mean = drawn.mean(axis=0)
    std = drawn.std(axis=0)
    return mean, std


MISTAKES = slips("""
unbiased_std (detail): drawn.std(axis=0) -> drawn.std(axis=0, ddof=1)
    The standard deviation is divided by samples - 1. The biased one is asked for, `ddof=0`, which is 0 for one sample.
variance: drawn.std(axis=0) -> drawn.var(axis=0)
    This is the variance. The standard deviation is its square root.

std_of_the_mean: drawn.std(axis=0) -> drawn.std(axis=0) / samples**0.5
    The standard deviation is divided by sqrt(samples): that says how well the mean is known, not how far the
    predictions spread.

averaged_over_batch_too:
    drawn.mean(axis=0) -> drawn.mean(axis=(0, 1))
    drawn.std(axis=0) -> drawn.std(axis=(0, 1))
    The batch is averaged too. Each input has its own mean and spread: average over the samples alone, `axis=0`.

averaged_over_batch:
    drawn.mean(axis=0) -> drawn.mean(axis=1)
    drawn.std(axis=0) -> drawn.std(axis=1)
    The mean runs over the batch, not over the samples: after np.stack the samples are axis 0.

averaged_over_scores:
    drawn.mean(axis=0) -> drawn.mean(axis=-1)
    drawn.std(axis=0) -> drawn.std(axis=-1)
    The mean runs over the last axis, not over the samples: after np.stack the samples are axis 0.

one_number:
    drawn.mean(axis=0) -> drawn.mean()
    drawn.std(axis=0) -> drawn.std()
    All predictions are averaged into one number. Name the axis: `axis=0`.

same_seed_each_sample (core): predict(x, rng) -> predict(x, np.random.default_rng(0))
    Each prediction gets a new generator with the same seed: all samples are the same, and the spread is 0. Pass on
    `rng` itself.

copies_of_rng (core): predict(x, rng) -> predict(x, __import__("copy").deepcopy(rng))
    Each prediction gets a copy of `rng` in the same state: all samples are the same, and the spread is 0. Pass on `rng`
    itself.

seeds_of_its_own:
    [predict(x, rng) for _ in range(samples)] -> [predict(x, np.random.default_rng(k)) for k in range(samples)]
    Each prediction gets a generator of your own making. Pass on `rng` itself: then who calls decides the seed.

one_sample_repeated (core): [predict(x, rng) for _ in range(samples)] -> [predict(x, rng)] * samples
    One prediction is repeated: the spread is 0. Call `predict` anew for each sample.
one_call_more (detail): range(samples) -> range(samples + 1)
    `predict` is called once too often: exactly `samples` times.
one_call_less (detail): range(samples) -> range(max(samples - 1, 1))
    `predict` is called once too rarely: exactly `samples` times.

samples_hard_coded: range(samples) -> range(10)
    or range(samples) -> range(50)
    or range(samples) -> range(100)
    `samples` is not used: a number stands in its place.

first_thrown_away (detail): -> predict(x, rng)
    The first prediction is not used. Every call counts.

called_once_more (detail): return mean, std -> predict(x, rng); return mean, std
    After the samples `predict` is called once more, which costs a prediction and moves `rng` on: exactly `samples`
    calls.

samples_drawn_twice: drawn.std(axis=0) -> np.stack([predict(x, rng) for _ in range(samples)]).std(axis=0)
    Mean and standard deviation come from different samples. Keep the predictions, and use the same for both.
summed: drawn.mean(axis=0) -> drawn.sum(axis=0)
    The predictions are added up. Their mean is asked for: divide by `samples`.
order_swapped (detail): return mean, std -> return std, mean
    Mean and standard deviation come back in the wrong order.
median: drawn.mean(axis=0) -> np.median(drawn, axis=0)
    The first result is the median of the samples; the mean is asked for.
one_pass_variance (detail): drawn.std(axis=0) -> np.sqrt(np.maximum((drawn * drawn).mean(axis=0) - mean * mean, 0))
    The variance is E[y^2] - E[y]^2: two large numbers cancel when predictions are far from 0. Subtract the mean first.
""")


@mistake("`predict` gets single rows of x. Pass on x as it is, `samples` times.")
def row_by_row(predict, x, samples, rng):
    rows = [right(predict, x[n : n + 1], samples, rng) for n in range(len(x))]
    return tuple(np.concatenate(part) for part in zip(*rows, strict=True))


@mistake(
    "`predict` is called once, with copies of x in one large batch. Asked for: `samples` calls with x as it is (in a "
    "network with batch normalization the two differ)."
)
def one_large_batch(predict, x, samples, rng):
    drawn = predict(np.concatenate([x] * samples), rng)
    drawn = drawn.reshape(samples, len(x), *drawn.shape[1:])
    return drawn.mean(axis=0), drawn.std(axis=0)


@mistake(
    "The sum is written into the first prediction (`total = predict(x, rng)`, then `total += ...`). That array belongs "
    "to `predict`, which may still need it, or have returned x itself: `total = total + ...`.",
    degree="detail",
)
def writes_into_prediction(predict, x, samples, rng):
    total = predict(x, rng)
    drawn = [total.copy()]
    for _ in range(samples - 1):
        drawn.append(predict(x, rng))
        total += drawn[-1]
    return total / samples, np.std(drawn, axis=0)


@alternative
def welford(predict, x, samples, rng):
    """Mean and sum of squares in one pass, the stable way."""
    mean = squares = 0
    for count in range(1, samples + 1):
        y = predict(x, rng=rng)
        delta = y - mean
        mean = mean + delta / count
        squares = squares + delta * (y - mean)
    return mean, np.sqrt(squares / samples)


@alternative
def listed(predict, x, samples, rng):
    drawn = []
    while len(drawn) < samples:
        drawn.append(predict(x=x, rng=rng))
    mean = sum(drawn) / len(drawn)
    return [mean, (sum((y - mean) ** 2 for y in drawn) / len(drawn)) ** 0.5]


HINTS = [
    "With dropout left on, each call of `predict` gives another answer. What do many answers together tell?",
    "Call `predict(x, rng)` `samples` times and stack the answers: the samples are then axis 0.",
    "`drawn = np.stack([predict(x, rng) for _ in range(samples)])`, then `drawn.mean(axis=0), drawn.std(axis=0)`.",
]
