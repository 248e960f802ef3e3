"""Stock nbgrader gives the same points, on every assignment."""

from pathlib import Path

import pytest

from autograder.course.build import texts
from autograder.course.proofs import applies, stock

ROOT = Path(__file__).parents[2]
TOPICS = [topic for topic in texts(ROOT) if applies("stock", topic)]


@pytest.mark.slow
@pytest.mark.parametrize(("turn", "topic"), list(enumerate(TOPICS)))
def test_stock_gives_the_same_points(turn, topic):
    """To one of two samples, in turns; `autograder check` takes both."""
    assert list(stock(ROOT, topic, ["unusual_style" if turn % 2 else "half_finished"])) == []
