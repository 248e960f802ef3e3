"""The course itself is sound: every proof of `autograder check`, on every assignment."""

from pathlib import Path

import pytest

from autograder.course.build import topics
from autograder.course.proofs import PROOFS

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize("proof", PROOFS)
@pytest.mark.parametrize("topic", topics(ROOT))
def test_the_proof_holds(topic, proof):
    claim, find = PROOFS[proof]
    complaints = list(find(ROOT, topic))
    assert not complaints, "\n".join([claim, *complaints])
