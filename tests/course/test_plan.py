"""The plan of the course follows from its headers: minutes, what needs what, and the syllabuses for instructors."""

from pathlib import Path

import pytest

from autograder.course import plan
from autograder.course.build import topics
from autograder.course.source import parse, parse_text
from autograder.progress import contents

ROOT = Path(__file__).parents[2]
HEADER = """# %% [markdown]
# # 05 · A title
#
# **You need** 02_sgd, [numbers](https://example.org/07/2019), and 03 from section 10 on; 04 is of use.
#
# **Time:** about 155 minutes.
#
# **Core path:** sections 1 to 3: about 75 minutes.
"""


def test_a_header_tells_minutes_and_what_comes_first():
    told = plan.told(parse_text(HEADER, "05_second_order", "05_second_order.py"))
    assert told == {"minutes": 155, "core_minutes": 75, "core_points": 0, "needs": ["02", "03"]}


def test_a_header_that_needs_what_comes_later_is_refused():
    source = parse_text(HEADER.replace("02_sgd", "11_augmentation"), "05_second_order", "05_second_order.py")
    (error,) = plan.out_of_order(source, ["02_sgd", "03_adam", "05_second_order", "11_augmentation"])
    assert "needs 11" in str(error)


@pytest.mark.parametrize("weeks", [plan.SIX_WEEKS, plan.TWELVE_WEEKS], ids=["six", "twelve"])
def test_no_week_needs_a_later_one(weeks):
    week_of = {number: week for week, numbers in enumerate(weeks) for number in numbers}
    table = {name[:2]: about for name, about in contents().items()}
    for number, week in week_of.items():
        for need in table[number]["needs"] if number in table else ():
            assert week_of.get(need, week) <= week, (number, need)


def test_twelve_weeks_hold_every_assignment_once():
    numbers = [number for week in plan.TWELVE_WEEKS for number in week]
    assert len(plan.TWELVE_WEEKS) == 12 and len(plan.SIX_WEEKS) == 6
    assert len(numbers) == len(set(numbers)) and {topic[:2] for topic in topics(ROOT)} <= set(numbers)


def test_the_syllabus_that_instructors_read_adds_up():
    """Counted anew from the texts: all points, and all minutes."""
    rows = [line for line in (ROOT / "docs" / "instructors.md").read_text().splitlines() if "**together**" in line]
    everything = [parse(ROOT / "solutions" / f"{topic}.py", ROOT) for topic in topics(ROOT)]
    points = sum(cell.points or 0 for source in everything for cell in source.cells if cell.counts)
    minutes = sum(plan.told(source)["minutes"] for source in everything)
    hours, told = (float(cell.strip(" *")) for cell in rows[1].split("|")[3:5])
    assert told == points and 0 <= 60 * hours - minutes < 30
