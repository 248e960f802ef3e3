"""The kind Contest: a function that trains, judged by how well what it returns predicts what it has not seen.

There is no reference: each property is a measure, and its points grow linearly between rungs.
"""

import base64
import hashlib
import io
import math
import time
from collections.abc import Callable, Sequence
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Any, NamedTuple

import numpy as np
from PIL import Image

from autograder.judge import wording
from autograder.judge.exercise import Case, Exercise
from autograder.judge.script import Allowance, Caller, Elsewhere, Probe, Script, Want
from autograder.verdict import CaseResult, KnownMistake, Verdict
from autograder.worker.calls import Failure, Outcome
from autograder.worker.wire import Handle, Value

PARTS = ("accuracy", "shifted", "noisy", "calibration", "probabilities", "alone", "again", "inputs")
_CLASSES, _BINS, _SINGLES, _FEW = 10, 15, 10, 120
_TRAIN_SECONDS, _PREDICT_SECONDS = 60.0, 10.0
# Wall clock for what takes no processor time, such as waiting.
_PATIENCE = 10
# What the loop of `slowness` takes on the machine on which the budget was chosen, in seconds of processor time.
_LOOP_SECONDS = 0.045
_MOST_STRETCHED = 5.0
_COUNTS_FROM = 0.72


@dataclass(frozen=True, eq=False)
class Task:
    """What is trained on, and what is asked.

    Parameters
    ----------
    x, y : to train on
    clean, labels : unseen samples
    shifted, noisy : the same ones, spoilt
    rng : decides in which order and in what batches they are asked
    seed : of the generator that `train` is given
    neighbours : accuracy and seconds of other solutions on the same task, by their names
    """

    x: np.ndarray
    y: np.ndarray
    clean: np.ndarray
    labels: np.ndarray
    shifted: np.ndarray
    noisy: np.ndarray
    rng: np.random.Generator
    seed: int
    neighbours: dict[str, tuple[float, float]]

    @cached_property
    def images(self) -> np.ndarray:
        """Clean, shifted, noisy ones and those that were trained on, shuffled together."""
        return np.concatenate([self.clean, self.shifted, self.noisy, self.x])[self.order]

    @cached_property
    def order(self) -> np.ndarray:
        """Of all images, as they are asked."""
        return self.rng.permutation(3 * len(self.clean) + len(self.x))

    @cached_property
    def batches(self) -> list[np.ndarray]:
        """The images in batches of uneven size, none of a single one."""
        sizes: list[int] = []
        while sum(sizes) < len(self.order):
            sizes.append(int(self.rng.integers(50, 600)))
        return np.split(self.images, np.cumsum(sizes[:-1]))

    @cached_property
    def singles(self) -> np.ndarray:
        """Places in the first batch of images that were not trained on: they are asked alone, too."""
        unseen = self.order[: len(self.batches[0])] < 3 * len(self.clean)
        return np.flatnonzero(unseen)[:_SINGLES]

    def parts(self, answers: np.ndarray) -> list[np.ndarray]:
        """Answers in the order of the images: of the clean, shifted, noisy and known ones."""
        sorted_back = np.empty_like(answers)
        sorted_back[self.order] = answers
        return np.split(sorted_back, [len(self.clean) * k for k in (1, 2, 3)])


class Ladder:
    """Points that grow linearly from rung to rung, in whole points.

    Parameters
    ----------
    rungs : (value, points so far), by value
    """

    def __init__(self, *rungs: tuple[float, float]):
        self.rungs = rungs

    def points(self, value: float) -> float:
        """Whole points for a value."""
        values, points = zip(*self.rungs, strict=True)
        return math.floor(np.interp(value, values, points) + 1e-9)

    @property
    def most(self) -> float:
        """Points of the best rung."""
        return max(points for _, points in self.rungs)

    def above(self, value: float) -> float | None:
        """The value of the next rung with more points; None on the last one."""
        better = [rung for rung, points in self.rungs if points > self.points(value)]
        return min(better, key=lambda rung: abs(rung - value)) if better else None


class Measures(NamedTuple):
    """What a solution's answers are worth."""

    accuracy: float
    shifted: float
    noisy: float
    known: float
    ece: float
    nll: float
    confidence: float
    reliability: list[tuple[int, float, float]]
    confusion: np.ndarray


@dataclass(frozen=True, kw_only=True, eq=False)
class Contest(Exercise):
    """An exercise whose points follow a ladder.

    Parameters
    ----------
    task : task(number) -> Task, drawn from that number alone
    rehearsal : an easy task, on which the file's own solutions are right in everything: for the proofs
    ladders : by part: accuracy, shifted, noisy, and calibration, whose values fall
    """

    task: Callable[[int], Task]
    rehearsal: Callable[[int], Task]
    ladders: dict[str, Ladder]

    def probe(self, case: Case, rng: np.random.Generator) -> Probe:
        return Probe(Script(), _CALLED)

    def rehearsed(self) -> "Contest":
        """The exercise with the easy task."""
        return replace(self, task=self.rehearsal, _cache={})

    def whole(self, caller: Caller, points: float, seed: str, secret: bool) -> Verdict:
        """The verdict; see `Exercise.whole`."""
        if isinstance(caller, Elsewhere) and caller.is_touched:
            caller = caller.untouched()
        return _Judging(self, caller, self._drawn(seed), points, secret).verdict()

    def _drawn(self, seed: str) -> Task:
        key = ("task", seed)
        if key not in self._cache:
            digest = hashlib.sha256(f"{seed}:{self.id}".encode()).digest()
            self._cache[key] = self.task(int.from_bytes(digest, "big"))
        return self._cache[key]


_CALLED = "train(x, y, rng)"
_X, _Y, _PREDICT, _FREE = 8, 9, 11, 20


class _Judging:
    """One solution on its way through the questions."""

    def __init__(self, exercise: Contest, caller: Caller, task: Task, points: float, secret: bool):
        self.exercise, self.caller, self.task, self.secret = exercise, caller, task, secret
        self.points = points
        self.named: list[str] = []
        self.told: list[str] = []
        self.measured: dict[str, Any] = {}
        self.stretch = slowness()

    def verdict(self) -> Verdict:
        trained = self._train()
        if trained.failure:
            return self._nothing(*self._why(trained.failure, _CALLED), trained.failure)
        predict = trained.values[0] if trained.values else None
        if not (isinstance(predict, Handle) and predict.is_callable):
            return self._nothing("`train` must return a function, `predict`", "")
        asked = self._predict()
        if asked.failure:
            return self._nothing(*self._why(asked.failure, "predict(x)"))
        answers = asked.values[: len(self.task.batches)]
        for answer, batch in zip(answers, self.task.batches, strict=True):
            if wrong := _no_probabilities(answer, len(batch)):
                self.named += wrong[1:]
                return self._nothing(wrong[0], "")
        p = np.concatenate([np.asarray(answer, float) for answer in answers])
        return self._weigh(measures(self.task, p), trained, asked, p)

    def _train(self) -> Outcome:
        script = Script()
        x, y, rng = script.put(self.task.x), script.put(self.task.y), script.rng(self.task.seed)
        predict = script.call(0, x, y, rng, note=_CALLED)
        assert (x.slot, y.slot, predict.slot) == (_X, _Y, _PREDICT)
        for handle in (predict, x, y):
            script.get(handle, Want("", None))
        return self._within(script, _TRAIN_SECONDS, "train")

    def _predict(self) -> Outcome:
        """All batches; the first three once more with what became of them; ten images alone."""
        script, predict = Script(_FREE), Handle(_PREDICT)
        batches = self.task.batches
        for batch in batches:
            script.get(script.call(predict, script.put(batch), note="predict(x)"), Want("", None))
        for batch in batches[:3]:
            again = script.put(batch)
            script.get(script.call(predict, again, note="predict(x)"), Want("", None))
            script.get(again, Want("", None))
        for image in batches[0][self.task.singles]:
            # Not to be recognised by its bytes.
            alone = np.clip(image[None] + np.float32(1e-6), 0, 1)
            script.get(script.call(predict, script.put(alone), note="predict(x)"), Want("", None))
        return self._within(script, _PREDICT_SECONDS, "predict")

    def _train_on_few(self) -> Outcome:
        script = Script(_FREE)
        few = np.argsort(self.task.y, kind="stable").reshape(_CLASSES, -1)[:, : _FEW // _CLASSES].ravel()
        predict = script.call(0, self.task.x[few], self.task.y[few], script.rng(7), note=f"{_CALLED}, 120 samples")
        script.get(script.call(predict, self.task.clean[:50], note="predict(x)"), Want("", None))
        return self._within(script, _PREDICT_SECONDS, "again")

    def _within(self, script: Script, seconds: float, name: str) -> Outcome:
        seconds *= self.stretch
        script.allowance = Allowance(seconds, _PATIENCE * seconds)
        outcome = self.caller.run(script)
        self.measured[f"{name}_seconds"], self.measured[f"{name}_budget"] = round(outcome.seconds, 2), round(seconds, 1)
        return outcome

    def _weigh(self, found: Measures, trained: Outcome, asked: Outcome, p: np.ndarray) -> Verdict:
        counts = found.accuracy >= _COUNTS_FROM
        values = {"accuracy": found.accuracy, "shifted": found.shifted, "noisy": found.noisy}
        values["calibration"] = found.ece
        gained: dict[str, tuple[float, str]] = {}
        for part, value in values.items():
            ladder = self.exercise.ladders[part]
            gained[part] = ladder.points(value), _on_the_ladder(part, value, ladder)
        gained["probabilities"] = math.inf, ""
        gained["alone"] = self._alone(asked)
        gained["inputs"] = self._inputs(trained, asked)
        gained["again"] = self._again() if counts else (0.0, "")
        if counts:
            self._name(found)
        waits = {part for part in PARTS[3:] if not counts}
        self.measured.update(
            accuracy=round(found.accuracy, 4),
            shifted=round(found.shifted, 4),
            noisy=round(found.noisy, 4),
            ece=round(found.ece, 3),
            nll=round(found.nll, 3),
            reliability=found.reliability,
            confusion=found.confusion.tolist(),
            neighbours={name: list(told) for name, told in self.task.neighbours.items()},
            worst=_worst(found.confusion),
            rungs=[list(rung) for rung in self.exercise.ladders["accuracy"].rungs],
        )
        if not self.secret:
            self.measured["pair"] = _pair(self.task, self.measured["worst"], self.task.parts(p)[0].argmax(1))
        if found.known >= 0.995 and found.accuracy < 0.85:
            self.named.append("memorised")
        return self._told(gained, waits, self._remarks())

    def _alone(self, asked: Outcome) -> tuple[float, str]:
        together = [np.asarray(value, float) for value in asked.values[:3]]
        rest = asked.values[len(self.task.batches) :]
        again, singles = rest[0:6:2], list(zip(together[0][self.task.singles], rest[6:], strict=True))
        if any(_apart(a, b, 1e-6) for a, b in zip(together, again, strict=True)):
            self.named.append("random_at_test_time")
            return 0.0, "the same batch, asked again, gets another answer"
        shapes = [alone.shape for _, alone in singles if isinstance(alone, np.ndarray) and alone.shape != (1, _CLASSES)]
        if shapes:
            self.named.append("one_image_squeezed")
            return 0.0, f"an image alone gets an answer of shape {shapes[0]}, expected (1, {_CLASSES})"
        if any(_apart(one[None], alone, 1e-3) for one, alone in singles):
            self.named.append("batch_statistics")
            return 0.0, "an image alone gets another answer than in a batch"
        return math.inf, ""

    def _inputs(self, trained: Outcome, asked: Outcome) -> tuple[float, str]:
        kept = zip((self.task.x, self.task.y), trained.values[1:3], strict=True)
        batches = asked.values[len(self.task.batches) :][1:6:2]
        kept_too = zip(self.task.batches[:3], batches, strict=True)
        for place, pairs in (("train", kept), ("predict", kept_too)):
            if not all(isinstance(now, np.ndarray) and np.array_equal(before, now) for before, now in pairs):
                self.named.append("images_changed")
                return 0.0, f"`{place}` changes what it was given"
        return math.inf, ""

    def _again(self) -> tuple[float, str]:
        first = self._train_on_few()
        if isinstance(self.caller, Elsewhere):
            # In a process that has nothing to remember of the first time.
            self.caller = self.caller.untouched()
        again = self._train_on_few()
        for outcome in (first, again):
            if outcome.failure:
                return 0.0, self._why(outcome.failure, _CALLED)[0]
        if _apart(first.values[0], again.values[0], 1e-6):
            self.named.append("not_reproducible")
            return 0.0, "two runs with the same seed predict otherwise"
        return math.inf, ""

    def _name(self, found: Measures) -> None:
        off, rung = found.confidence - found.accuracy, self.exercise.ladders["calibration"].rungs[0][0]
        if found.ece > rung and abs(off) > rung:
            self.named.append("over_confident" if off > 0 else "timid")
        for part, name in (("shifted", "not_robust_to_shift"), ("noisy", "not_robust_to_noise")):
            ladder = self.exercise.ladders[part]
            # Of a weak solution the first thing to say is another.
            if found.accuracy >= 0.88 and ladder.points(getattr(found, part)) < ladder.most / 2:
                self.named.append(name)

    def _told(self, gained: dict[str, tuple[float, str]], waits: set[str], advice: Sequence[str] = ()) -> Verdict:
        results, total = [], 0.0
        for case in self.exercise.all_cases():
            got, message = gained.get(case.get("part"), (0.0, ""))
            got = 0.0 if case.get("part") in waits else min(got, case.weight)
            full = got >= case.weight
            total += got
            results.append(
                CaseResult(
                    case.title,
                    case.weight,
                    full,
                    message="" if full else message,
                    called=_CALLED if not full and case.get("part") in ("accuracy", "again") else "",
                    open=f"it counts from {_COUNTS_FROM:.0%} of unseen images" if case.get("part") in waits else "",
                    gained=0.0 if full else got,
                )
            )
        possible = sum(case.weight for case in self.exercise.all_cases())
        bank = {mistake.name: mistake for mistake in self.exercise.mistakes}
        known = tuple(
            KnownMistake(name, bank[name].sentence, bank[name].section, degree=bank[name].degree)
            for name in dict.fromkeys(self.named)
        )
        share = self.points if total >= possible else self.points * total / possible
        return Verdict(
            self.exercise.id,
            round(share, 2) if share < self.points else share,
            self.points,
            tuple(results),
            known,
            advice=tuple(advice),
            secret=self.secret,
            measured=self.measured,
        )

    def _remarks(self) -> list[str]:
        m = self.measured
        told = [
            f"Right: {m['accuracy']:.1%} of unseen images, {m['shifted']:.1%} shifted, {m['noisy']:.1%} noisy; "
            f"ECE {m['ece']:.3f}.",
            f"`train` took {m['train_seconds']:.1f} s of the {m['train_budget']:.0f} s of processor time that it may "
            f"take, `predict` {m['predict_seconds']:.1f} of {m['predict_budget']:.0f}.",
        ]
        if 2 * m["train_seconds"] > m["train_budget"]:
            told.append("That is more than half: on a busy machine it takes longer.")
        return told

    def _nothing(self, message: str, line: str = "", failure: Failure | None = None) -> Verdict:
        verdict = self._told({"accuracy": (0.0, message)}, set())
        first, *others = verdict.cases
        cases = (replace(first, line=line), *(replace(case, open=wording.HIDDEN) for case in others))
        unwritten = failure is not None and failure.type_name == "NotImplementedError"
        note = f"{self.exercise.id}: not written yet" if unwritten else ""
        return replace(verdict, points=0.0, cases=cases, note=note)

    def _why(self, failure: Failure, called: str) -> tuple[str, str]:
        return wording.failure(self.exercise, Probe(Script(), called), failure, self.secret)


def measures(task: Task, p: np.ndarray) -> Measures:
    """What probabilities for all images of a task are worth.

    ECE is Guo et al. 2017's expected calibration error: 15 equal bins of the top probability.
    """
    clean, shifted, noisy, known = task.parts(p)
    right, top = clean.argmax(1) == task.labels, clean.max(1)
    places = np.minimum((top * _BINS).astype(int), _BINS - 1)
    bins = [
        (int(inside.sum()), float(top[inside].mean()), float(right[inside].mean()))
        for inside in (places == k for k in range(_BINS))
        if inside.any()
    ]
    confusion = np.zeros((_CLASSES, _CLASSES), int)
    np.add.at(confusion, (task.labels, clean.argmax(1)), 1)
    chosen = clean[np.arange(len(clean)), task.labels]
    return Measures(
        accuracy=float(right.mean()),
        shifted=float((shifted.argmax(1) == task.labels).mean()),
        noisy=float((noisy.argmax(1) == task.labels).mean()),
        known=float((known.argmax(1) == task.y).mean()),
        ece=sum(n * abs(confidence - accuracy) for n, confidence, accuracy in bins) / len(clean),
        nll=float(-np.log(np.maximum(chosen, 1e-12)).mean()),
        confidence=float(top.mean()),
        reliability=[(n, round(confidence, 4), round(accuracy, 4)) for n, confidence, accuracy in bins],
        confusion=confusion,
    )


def slowness() -> float:
    """By how much a fixed loop takes longer here and now than where the budget was chosen: from 1 on."""
    # So small that BLAS takes no second thread, whose waiting would count.
    a = np.linspace(0, 1, 32 * 64, dtype=np.float32).reshape(32, 64)
    w = np.linspace(-1, 1, 64 * 64, dtype=np.float32).reshape(64, 64)
    seconds = []
    for _ in range(3):
        began = time.thread_time()
        for _ in range(3000):
            h = np.maximum(a @ w, 0)
            np.exp(-h).sum(0)
        seconds.append(time.thread_time() - began)
    return min(max(min(seconds) / _LOOP_SECONDS, 1.0), _MOST_STRETCHED)


def _worst(confusion: np.ndarray) -> list[int]:
    """Which letter is most often read as which other; nothing where none is."""
    wrong = confusion * (1 - np.eye(_CLASSES, dtype=int))
    return [int(k) for k in np.unravel_index(wrong.argmax(), wrong.shape)] if wrong.any() else []


def _pair(task: Task, worst: list[int], guesses: np.ndarray) -> str:
    """Samples of a letter that are read as another, above samples of that other; a PNG as an address."""
    if not worst:
        return ""
    truth, guess = worst
    size, strips = task.clean.shape[-1], []
    for chosen in ((task.labels == truth) & (guesses == guess), task.labels == guess):
        strip = np.ones((size, 8 * size))
        for k, image in enumerate(task.clean[chosen][:8, 0]):
            strip[:, k * size : (k + 1) * size] = 1 - image
        strips.append(strip)
    picture = Image.fromarray((255 * np.vstack(strips)).astype(np.uint8))
    picture = picture.resize((32 * size, 8 * size), Image.Resampling.NEAREST)
    file = io.BytesIO()
    picture.save(file, "png")
    return "data:image/png;base64," + base64.b64encode(file.getvalue()).decode()


def _on_the_ladder(part: str, value: float, ladder: Ladder) -> str:
    rung = ladder.above(value)
    shown, goal = (f"ECE {value:.3f}", "{:.2f}") if part == "calibration" else (f"{value:.1%} right", "{:.0%}")
    more = "" if rung is None else f"; the next rung is {goal.format(rung)}"
    return f"{shown}: {ladder.points(value):g} of {ladder.most:g} points{more}"


def _no_probabilities(answer: Value, n: int) -> tuple[str, ...]:
    """What is wrong with an answer that is no probabilities, and the mistake's name; nothing where they are."""
    if not isinstance(answer, np.ndarray) or answer.dtype.kind not in "fiub":
        return ("`predict` must return an array of shape (N, 10)",)
    if answer.shape == (n,):
        return "`predict` returns one number for each image, not ten", "labels_not_probabilities"
    if answer.shape != (n, _CLASSES):
        return ("`predict` must return an array of shape (N, 10)",)
    if not np.isfinite(answer).all():
        return ("`predict` returns nan or infinity",)
    values = answer.astype(float)
    if (values < 0).any() or (np.abs(values.sum(1) - 1) > 1e-3).any():
        return "the rows of `predict` are no probabilities: 0 or more, and 1 in all", "scores_not_probabilities"
    return ()


def _apart(one: Any, other: Any, tolerance: float) -> bool:
    """Whether two answers differ by more than a tolerance, or are no arrays of one shape."""
    if not (isinstance(one, np.ndarray) and isinstance(other, np.ndarray)) or one.shape != other.shape:
        return True
    return not bool((np.abs(np.asarray(one, float) - np.asarray(other, float)) <= tolerance).all())
