"""Tests of the course by its own proofs, in several files: pytest-xdist hands out whole files, and these take long."""

from collections.abc import Callable, Collection
from pathlib import Path

import pytest

from autograder.course.build import texts
from autograder.course.proofs import PROOFS, applies

ROOT = Path(__file__).parents[2]
# Those that run notebooks or graders; each has a file of its own.
LONG = ("solved", "untouched", "stock", "rejected")


def proofs(names: Collection[str]) -> Callable:
    """A test that these proofs hold on every assignment that they apply to."""
    pairs = [(topic, name) for topic in texts(ROOT) for name in names if applies(name, topic)]

    @pytest.mark.slow
    @pytest.mark.parametrize(("topic", "proof"), pairs)
    def test_the_proof_holds(topic, proof):
        claim, find = PROOFS[proof]
        complaints = list(find(ROOT, topic))
        assert not complaints, "\n".join([claim, *complaints])

    return test_the_proof_holds
