"""What a verdict has measured is drawn, and told in words; nothing in it is markup of somebody else's."""

import xml.etree.ElementTree as ET

import numpy as np
import pytest

from autograder import exercises
from autograder.charts import charts_html
from autograder.judge import judge
from autograder.judge.script import LocalCaller
from autograder.rendering import verdict_html
from autograder.verdict import Verdict


def train(x, y, rng):
    predict = exercises.load("train").right[0](x, y, rng)
    return lambda images: np.roll(predict(images), 3 * (images[:, 0, 0, 0] > 0.1).sum() % 2, axis=1)


@pytest.fixture(scope="module")
def verdicts():
    exercise = exercises.load("train").rehearsed()
    return {seed: judge(exercise, LocalCaller([train]), points=100, seed=seed) for seed in ("public", "secret")}


def test_every_drawing_is_there_and_says_in_words_what_it_shows(verdicts):
    verdict = verdicts["public"]
    shown = charts_html(verdict.measured)
    root = ET.fromstring(shown.replace(" · ", " "))
    captions = [caption.text for caption in root.iter("figcaption")]
    assert [text.split(":")[0].split(",")[0] for text in captions] == [
        "The ladder", "Reliability", "Budget against accuracy", "Confusions",
    ]  # fmt: skip
    assert f"{verdict.measured['accuracy']:.1%}" in captions[0]
    truth, guess = verdict.measured["worst"]
    confusion = verdict.measured["confusion"]
    assert confusion[truth][guess] == max(confusion[i][j] for i in range(10) for j in range(10) if i != j) > 0
    assert f"letter {truth} is read as {guess}: {confusion[truth][guess]} of {sum(confusion[truth])}" in captions[3]
    assert len(list(root.iter("td"))) == 101 and len(list(root.iter("img"))) == 1
    assert shown in verdict_html(verdict)


def test_images_are_shown_where_they_are_no_secret(verdicts):
    assert verdicts["public"].measured["pair"].startswith("data:image/png;base64,")
    assert "pair" not in verdicts["secret"].measured
    assert "<img" not in charts_html(verdicts["secret"].measured)


def test_what_is_kept_in_the_gradebook_draws_the_same(verdicts):
    import json

    verdict = verdicts["secret"]
    again = Verdict.from_dict(json.loads(verdict.to_json()))
    assert verdict_html(again) == verdict_html(verdict)


def test_nothing_is_drawn_of_other_verdicts():
    assert charts_html({}) == charts_html({"train_seconds": 3.0}) == ""
