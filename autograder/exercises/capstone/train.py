"""train: the best network that you can train in NumPy, on letters that nobody has seen.

train(x, y, rng) -> predict, and predict(x) -> p, probabilities of ten letters. Judged by accuracy on unseen samples, on
shifted and noisy ones, by expected calibration error (Guo, Pleiss, Sun and Weinberger 2017), and by what a predictor
owes whoever uses it. The letters are drawn from the secret: there is nothing to memorise.
"""

import numpy as np

from autograder.exercises.capstone._script import neat_task, task
from autograder.judge import Case, Contest, Ladder, alternative, mistake, slips

EXERCISE = Contest(
    task=task,
    rehearsal=neat_task,
    ladders={
        "accuracy": Ladder((0.1, 0), (0.5, 10), (0.72, 20), (0.8, 30), (0.88, 40), (0.93, 50), (0.96, 60)),
        "shifted": Ladder((0.45, 0), (0.65, 5), (0.85, 10)),
        "noisy": Ladder((0.65, 0), (0.75, 5), (0.85, 10)),
        "calibration": Ladder((0.05, 10), (0.15, 0)),
    },
    hidden=("sklearn", "scipy"),
    submission_seconds=1800.0,
    memory_bytes=2 * 2**30,
    cases=[
        Case("accuracy on unseen samples", part="accuracy", weight=60),
        Case("shifted by up to 2 pixels", part="shifted", weight=10),
        Case("with noise of standard deviation 0.3", part="noisy", weight=10),
        Case("as sure as it is right (ECE)", part="calibration", weight=10),
        Case("probabilities: 0 or more, 1 in all", part="probabilities", weight=2.5),
        Case("an image's answer does not depend on the others of its batch", part="alone", weight=2.5),
        Case("the same `rng` gives the same predictions", part="again", weight=2.5),
        Case("images and labels are left as they were", part="inputs", weight=2.5),
    ],
)


def right(x, y, rng):
    """The nearest of all letters' means, at 25 places: for a script in a neat hand."""
    means = np.stack([x[y == k].mean(0)[0] for k in range(10)])
    places = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    moved = np.stack([np.roll(means, place, axis=(1, 2)) for place in places], axis=1)
    letters = moved.reshape(-1, 256)

    def predict(images):
        rows = images.reshape(-1, 256)
        distances = (rows**2).sum(1)[:, None] - 2 * rows @ letters.T + (letters**2).sum(1)
        scores = -2.5 * distances.reshape(len(rows), 10, -1).min(2)
        exponents = np.exp(scores - scores.max(1, keepdims=True))
        return exponents / exponents.sum(1, keepdims=True)

    return predict


MISTAKES = slips("""
scores_not_probabilities (core): exponents / exponents.sum(1, keepdims=True) -> scores
    or exponents / exponents.sum(1, keepdims=True) -> exponents
    `predict` returns scores. Each row has to be probabilities, none negative and 1 in all: a softmax of the scores.

labels_not_probabilities (core): exponents / exponents.sum(1, keepdims=True) -> scores.argmax(1)
    `predict` returns one number for each image, its letter. It has to say how sure it is: ten probabilities.

batch_statistics (detail):
    rows = images.reshape(-1, 256) -> rows = (images - images.mean(0) + means.mean(0)).reshape(-1, 256)
    An image's answer depends on the others of its batch: statistics of the batch are used at test time. Use running
    ones, from training.

one_image_squeezed (detail):
    exponents / exponents.sum(1, keepdims=True) -> (exponents / exponents.sum(1, keepdims=True)).squeeze()
    An image alone comes back without its first axis. There is one row for each image, for one as for many: no
    `squeeze`.

random_at_test_time (detail):
    rows = images.reshape(-1, 256) -> rows = images.reshape(-1, 256) * (rng.random(256) > 0.05)
    The same image gets another answer when it is asked again: dropout, or other noise, is active at test time.

not_reproducible (detail):
    letters = moved.reshape(-1, 256) -> letters = moved.reshape(-1, 256) * np.random.uniform(0.99, 1)
    Two runs with the same seed predict otherwise: not all that is random is drawn from `rng`. (`np.random.rand` and its
    kind draw from a state that all code shares.)

images_changed (detail): rows = images.reshape(-1, 256) -> images *= 0.99; rows = images.reshape(-1, 256)
    or -> x *= 0.99
    Images or labels are written into: something like `x -= x.mean()`. Make a new array instead.

over_confident:
    x[y == k].mean(0)[0] -> x[y == k][0, 0]
    -2.5 -> -500
    It is surer than it is right: its top probability is above its accuracy. Divide the scores by a temperature, chosen
    on samples that were held out.

timid (detail): -2.5 -> -0.05
    It is right more often than it is sure: its top probability lies below its accuracy. Divide the scores by a
    temperature below 1, chosen on samples that were held out; train longer; smooth labels less.

not_robust_to_shift (detail): [(down, right) for down in range(-2, 3) for right in range(-2, 3)] -> [(0, 0)]
    A letter that is moved by one or two pixels is another one for it: crop and shift at random while training.

not_robust_to_noise (detail):
    rows = images.reshape(-1, 256) -> rows = np.cos(6 * images.reshape(-1, 256))
    letters = moved.reshape(-1, 256) -> letters = np.cos(6 * moved.reshape(-1, 256))
    A little noise on the paper is enough to mislead it: add noise to the images while training.
""")


@mistake(
    "It knows every sample that it was trained on, and many others not: it has learnt them by heart. Show it more than "
    "there are: turned, shifted, scaled and noisy copies.",
    degree="core",
)
def memorised(x, y, rng):
    def predict(images):
        known = {image.tobytes(): label for image, label in zip(x, y, strict=True)}
        labels = np.array([known.get(image.tobytes(), 0) for image in images])
        return np.eye(10)[labels]

    return predict


@alternative
def all_samples_vote(x, y, rng):
    places = [(down, right) for down in range(-2, 3) for right in range(-2, 3)]
    samples = np.concatenate([np.roll(x, place, axis=(2, 3)).reshape(-1, 256) for place in places])
    votes = np.tile(np.eye(10, dtype=np.float32)[y], (len(places), 1))

    def predict(images):
        rows = images.reshape(-1, 256)
        distances = (samples**2).sum(1) - 2 * rows @ samples.T
        weights = np.exp(2.5 * (distances.min(1, keepdims=True) - distances))
        return weights @ votes / weights.sum(1, keepdims=True)

    return predict


HINTS = [
    "A network with two hidden layers soon knows every sample by heart, and five of six unseen ones: what is "
    "missing is samples.",
    "Turn, slant, scale, bend, shift each sample anew in every epoch, and add noise to some. Then train longer than "
    "seems needed, the rate falling to zero, and keep the average of the weights.",
    "Two hidden layers of 256 with BatchNorm and ReLU, Adam with a cosine from 0.002, 200 epochs of freshly warped "
    "samples in batches of 50, noise of a random strength up to 0.4, a running average of the weights: more than 95 "
    "points in about half of the time.",
]
