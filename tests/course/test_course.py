"""The course itself is sound: every proof of `autograder check`, on every assignment."""

from pathlib import Path

import pytest

from autograder.course.build import texts
from autograder.course.proofs import PROOFS, applies

ROOT = Path(__file__).parents[2]


@pytest.mark.slow
@pytest.mark.parametrize(
    ("topic", "proof"), [(topic, proof) for topic in texts(ROOT) for proof in PROOFS if applies(proof, topic)]
)
def test_the_proof_holds(topic, proof):
    claim, find = PROOFS[proof]
    complaints = list(find(ROOT, topic))
    assert not complaints, "\n".join([claim, *complaints])
