"""What collecting came to, as a list: who has handed in, whose file was not taken and why, who is missing."""

from collections.abc import Sequence

from autograder.grading.collect import Collected, Line
from autograder.report.table import printable


def collected_text(found: Collected) -> str:
    """The list.

    Parameters
    ----------
    found : what `collect` gave back
    """
    blocks = [
        _block("Collected", found.new),
        _block("Collected in place of an earlier one", found.replaced),
        _block("Not taken, for what lies there is not older", found.kept),
        f"There already, unchanged: {len(found.unchanged)}" if found.unchanged else "",
        "\n".join(f"  {printable(line.who)}: {printable(line.what)}" for line in found.unchanged if ";" in line.what),
        _block("Not collected", found.missed),
        _block("In the roster, and nothing handed in", found.nothing),
    ]
    if not found.has_roster:
        blocks.append(
            "Nobody is in the gradebook, so that who is missing is not known: `nbgrader db student import roster.csv`."
        )
    taken = len(found.new) + len(found.replaced)
    there = len(found.unchanged) + len(found.kept)
    end = f"{found.assignment}: {taken} collected, {there} lay there already, {len(found.missed)} not collected"
    blocks.append(f"{end}, {len(found.nothing)} with nothing." if found.has_roster else f"{end}.")
    return "\n\n".join(filter(None, blocks))


def _block(heading: str, lines: Sequence[Line]) -> str:
    if not lines:
        return ""
    width = min(max(len(printable(line.who)) for line in lines), 32)
    rows = [f"  {printable(line.who):<{width}}  {printable(line.what)}".rstrip() for line in lines]
    return "\n".join([f"{heading}: {len(lines)}", *rows])
