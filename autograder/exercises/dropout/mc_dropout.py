"""mc_dropout: mean and standard deviation of predictions that are random because dropout stays on.

predict(x, rng) `samples` times, with rng itself; the mean, and the biased standard deviation, over the samples (Gal and
Ghahramani 2016, equations 6 and 7, without the noise of the data). Reference: torch's mean and std(correction=0) of the
same predictions, made here by the same function from a generator with the same seed; so the draws are the same too.
"""

import numpy as np
import torch

from autograder.judge import Case, Mistake, Probe, Procedure, Script
from autograder.judge.function import want, watch_inputs
from autograder.worker.functions import dropout_scores, noisy_copy

FUNCTIONS = {"a network": dropout_scores, "a noisy copy": noisy_copy}
OUTPUTS = ("mean", "std")


def reference(predict, x, samples, rng):
    drawn = torch.tensor(np.stack([predict(x.astype(np.float64), rng) for _ in range(samples)]))
    return drawn.mean(dim=0).numpy(), drawn.std(dim=0, correction=0).numpy()


def ask(case, rng):
    script, mode = Script(), case.get("mode", "plain")
    predict, samples = FUNCTIONS[case.get("predict", "a network")], case.get("samples", 10)
    function = script.named(predict)

    def drawn():
        x = (rng.standard_normal(case.get("shape", (4, 5))) + case.get("offset", 0.3)).astype(
            case.get("dtype", "float64")
        )
        return x, int(rng.integers(2**31))

    def call(x, seed, role="value"):
        sent, shared, twin = script.put(x), script.rng(seed), np.random.default_rng(seed)
        results = script.call(0, function, sent, samples, shared, unpack=2)
        tell(results, reference(predict, x, samples, twin), role)
        if mode == "count":
            # A prediction of the judge's own, which tells how far the generator has come.
            following = predict(x.astype(np.float64), twin)
            script.get(
                script.call(function, x, shared), want("the next prediction from rng", following, case, None, role)
            )
        return sent, results

    def tell(results, values, role):
        for slot, name, value in zip(results, OUTPUTS, values, strict=True):
            script.get(slot, want(name, value, case, None, role))

    x, seed = drawn()
    sent, results = call(x, seed)
    if mode == "inputs":
        watch_inputs(script, {"x": sent}, {"x": x})
    if mode == "again":
        call(*drawn(), role="other")
        tell(results, reference(predict, x, samples, np.random.default_rng(seed)), "kept")
        call(x, seed, role="again")
    return Probe(script, f"mc_dropout(predict, x, {samples}, rng)", {"x": x})


def predictions(predict, x, samples, rng):
    return np.stack([predict(x, rng) for _ in range(samples)])


def unbiased(predict, x, samples, rng):
    drawn = predictions(predict, x, samples, rng)
    with np.errstate(all="ignore"):
        spread = ((drawn - drawn.mean(0)) ** 2).sum(0) / np.float64(samples - 1)
    return drawn.mean(0), np.sqrt(spread).astype(drawn.dtype)


def variance(predict, x, samples, rng):
    drawn = predictions(predict, x, samples, rng)
    return drawn.mean(0), drawn.var(0)


def of_the_mean(predict, x, samples, rng):
    drawn = predictions(predict, x, samples, rng)
    return drawn.mean(0), drawn.std(0) / samples**0.5


def over_the_batch_too(predict, x, samples, rng):
    drawn = predictions(predict, x, samples, rng)
    return drawn.mean((0, 1)), drawn.std((0, 1))


def over_the_batch(predict, x, samples, rng):
    drawn = predictions(predict, x, samples, rng)
    return drawn.mean(1), drawn.std(1)


def over_everything(predict, x, samples, rng):
    drawn = predictions(predict, x, samples, rng)
    return np.array(drawn.mean()), np.array(drawn.std())


def fixed_seed(predict, x, samples, rng):
    drawn = np.stack([predict(x, np.random.default_rng(0)) for _ in range(samples)])
    return drawn.mean(0), drawn.std(0)


def copied_generator(predict, x, samples, rng):
    import copy

    drawn = np.stack([predict(x, copy.deepcopy(rng)) for _ in range(samples)])
    return drawn.mean(0), drawn.std(0)


def seeds_of_its_own(predict, x, samples, rng):
    drawn = np.stack([predict(x, np.random.default_rng(k)) for k in range(samples)])
    return drawn.mean(0), drawn.std(0)


def one_sample_repeated(predict, x, samples, rng):
    drawn = np.stack([predict(x, rng)] * samples)
    return drawn.mean(0), drawn.std(0)


def one_call_more(predict, x, samples, rng):
    drawn = predictions(predict, x, samples + 1, rng)
    return drawn.mean(0), drawn.std(0)


def one_call_less(predict, x, samples, rng):
    drawn = predictions(predict, x, max(samples - 1, 1), rng)
    return drawn.mean(0), drawn.std(0)


def first_thrown_away(predict, x, samples, rng):
    predict(x, rng)
    drawn = predictions(predict, x, samples, rng)
    return drawn.mean(0), drawn.std(0)


def called_for_the_shape(predict, x, samples, rng):
    drawn = predictions(predict, x, samples, rng)
    out = np.empty_like(predict(x, rng))
    out[...] = drawn.mean(0)
    return out, drawn.std(0)


def drawn_twice(predict, x, samples, rng):
    return predictions(predict, x, samples, rng).mean(0), predictions(predict, x, samples, rng).std(0)


def one_large_batch(predict, x, samples, rng):
    drawn = predict(np.concatenate([x] * samples), rng)
    drawn = drawn.reshape(samples, len(x), *drawn.shape[1:])
    return drawn.mean(0), drawn.std(0)


def row_by_row(predict, x, samples, rng):
    drawn = [predictions(predict, x[n : n + 1], samples, rng) for n in range(len(x))]
    return np.concatenate([d.mean(0) for d in drawn]), np.concatenate([d.std(0) for d in drawn])


def one_pass(predict, x, samples, rng):
    total = squares = 0
    for _ in range(samples):
        y = predict(x, rng)
        total, squares = total + y, squares + y * y
    mean = total / samples
    return mean, np.sqrt(np.maximum(squares / samples - mean * mean, 0))


def std_first(predict, x, samples, rng):
    drawn = predictions(predict, x, samples, rng)
    return drawn.std(0), drawn.mean(0)


def median(predict, x, samples, rng):
    drawn = predictions(predict, x, samples, rng)
    return np.median(drawn, axis=0), drawn.std(0)


def welford(predict, x, samples, rng):
    """Mean and sum of squares in one pass, the stable way."""
    mean = squares = 0
    for count in range(1, samples + 1):
        y = predict(x, rng=rng)
        delta = y - mean
        mean = mean + delta / count
        squares = squares + delta * (y - mean)
    return mean, np.sqrt(squares / samples)


def listed(predict, x, samples, rng):
    drawn = []
    while len(drawn) < samples:
        drawn.append(predict(x=x, rng=rng))
    mean = sum(drawn) / len(drawn)
    return [mean, (sum((y - mean) ** 2 for y in drawn) / len(drawn)) ** 0.5]


def filled(predict, x, samples, rng):
    first = predict(x, rng)
    drawn = np.empty((*first.shape, samples), first.dtype)
    drawn[..., 0] = first
    for k in range(1, samples):
        drawn[..., k] = predict(x.copy(), rng)
    return np.mean(drawn, axis=-1), np.sqrt(np.mean(np.abs(drawn - drawn.mean(-1, keepdims=True)) ** 2, axis=-1))


EXERCISE = Procedure(
    ask=ask,
    cases=[
        Case("two samples", samples=2, shape=(3, 4)),
        Case("ten samples of a network's scores", samples=10, shape=(5, 4), weight=2),
        Case("fifty samples", samples=50, shape=(2, 6)),
        Case("predictions of any shape: images", predict="a noisy copy", samples=7, shape=(2, 3, 4, 5)),
        Case("predictions of any shape: one number for each of x", predict="a noisy copy", samples=6, shape=(8,)),
        Case("one input alone", samples=5, shape=(1, 3)),
        Case("predict is called `samples` times and no more", samples=5, mode="count"),
        Case("one sample has no spread", samples=1, shape=(4, 3)),
        Case("predictions far from 0: 1e7", predict="a noisy copy", samples=9, shape=(4, 3), offset=1e7),
        Case("float32 in, float32 out", samples=8, shape=(5, 4), dtype="float32"),
        Case("leaves x as it was", samples=4, mode="inputs"),
        Case("gives the same answer when it is called again", samples=4, mode="again"),
    ],
    mistakes=[
        Mistake(
            "unbiased_std",
            unbiased,
            "The standard deviation is divided by samples - 1. The biased one is asked for, `ddof=0`, which is 0 for one sample.",
        ),
        Mistake("variance", variance, "This is the variance. The standard deviation is its square root."),
        Mistake(
            "std_of_the_mean",
            of_the_mean,
            "The standard deviation is divided by sqrt(samples): that says how well the mean is known, not how far the "
            "predictions spread.",
        ),
        Mistake(
            "averaged_over_batch_too",
            over_the_batch_too,
            "The batch is averaged too. Each input has its own mean and spread: average over the samples alone, `axis=0`.",
        ),
        Mistake(
            "averaged_over_batch",
            over_the_batch,
            "The mean runs over the batch, not over the samples: after np.stack the samples are axis 0.",
        ),
        Mistake(
            "one_number", over_everything, "All predictions are averaged into one number. Name the axis: `axis=0`."
        ),
        Mistake(
            "same_seed_each_sample",
            fixed_seed,
            "Each prediction gets a new generator with the same seed: all samples are the same, and the spread is 0. Pass on "
            "`rng` itself.",
        ),
        Mistake(
            "copies_of_rng",
            copied_generator,
            "Each prediction gets a copy of `rng` in the same state: all samples are the same, and the spread is 0. Pass on "
            "`rng` itself.",
        ),
        Mistake(
            "seeds_of_its_own",
            seeds_of_its_own,
            "Each prediction gets a generator of your own making. Pass on `rng` itself: then who calls decides the seed.",
        ),
        Mistake(
            "one_sample_repeated",
            one_sample_repeated,
            "One prediction is repeated: the spread is 0. Call `predict` anew for each sample.",
        ),
        Mistake("one_call_more", one_call_more, "`predict` is called once too often: exactly `samples` times."),
        Mistake("one_call_less", one_call_less, "`predict` is called once too rarely: exactly `samples` times."),
        Mistake("first_thrown_away", first_thrown_away, "The first prediction is not used. Every call counts."),
        Mistake(
            "called_once_more",
            called_for_the_shape,
            "After the samples `predict` is called once more, which costs a prediction and moves `rng` on: exactly `samples` "
            "calls.",
        ),
        Mistake(
            "samples_drawn_twice",
            drawn_twice,
            "Mean and standard deviation come from different samples. Keep the predictions, and use the same for both.",
        ),
        Mistake(
            "row_by_row",
            row_by_row,
            "`predict` gets single rows of x. Pass on x as it is, `samples` times.",
        ),
        Mistake(
            "one_large_batch",
            one_large_batch,
            "`predict` is called once, with copies of x in one large batch. Asked for: `samples` calls with x as it is (in a "
            "network with batch normalization the two differ).",
        ),
        Mistake(
            "one_pass_variance",
            one_pass,
            "The variance is E[y^2] - E[y]^2: two large numbers cancel when predictions are far from 0. Subtract the mean first.",
        ),
        Mistake("order_swapped", std_first, "Mean and standard deviation come back in the wrong order."),
        Mistake("median", median, "The first result is the median of the samples; the mean is asked for."),
    ],
    alternatives=[welford, listed, filled],
    hints=[
        "With dropout left on, each call of `predict` gives another answer. What do many answers together tell?",
        "Call `predict(x, rng)` `samples` times and stack the answers: the samples are then axis 0.",
        "`drawn = np.stack([predict(x, rng) for _ in range(samples)])`, then `drawn.mean(axis=0), drawn.std(axis=0)`.",
    ],
)
