"""The course itself is sound: the quick proofs of `autograder check`, on every assignment."""

import pytest

from autograder.course.build import texts
from autograder.course.proofs import PROOFS, fair

from .proving import LONG, ROOT, proofs

test_the_proof_holds = proofs([name for name in PROOFS if name not in (*LONG, "fair")])


@pytest.mark.slow
@pytest.mark.parametrize("topic", texts(ROOT))
def test_every_right_solution_passes(topic):
    """Each exercise's with the seed that its mistakes do not have; `autograder check` takes both."""
    assert list(fair(ROOT, topic, in_turns=True)) == []
