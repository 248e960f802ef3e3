"""Every named mistake is rejected and named, on every assignment."""

from pathlib import Path

import pytest

from autograder.course.build import texts
from autograder.course.proofs import rejected

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.usefixtures("machine_measured_once")
@pytest.mark.parametrize("topic", texts(ROOT))
def test_every_mistake_is_rejected_and_named(topic):
    """Each exercise's with one of the two seeds, in turns; `autograder check` takes both, and asks mistakes anew."""
    assert list(rejected(ROOT, topic, in_turns=True)) == []
