"""The verdict on one exercise: points, properties, recognised mistakes, advice."""

from dataclasses import asdict, dataclass, field
from typing import Any


@dataclass(frozen=True)
class CaseResult:
    """What came of one property.

    `inputs`, `index`, `got`, `expected` and `line` are empty where the inputs are secret; `called` never holds a drawn
    value.
    """

    title: str
    weight: float
    passed: bool
    message: str = ""
    called: str = ""
    inputs: str = ""
    index: str = ""
    got: str = ""
    expected: str = ""
    line: str = ""


@dataclass(frozen=True)
class KnownMistake:
    """A recognised mistake, as the student reads of it."""

    name: str
    sentence: str
    section: str = ""


@dataclass(frozen=True)
class Verdict:
    """Points, properties and recognised mistakes of one exercise.

    Shown as HTML in a notebook and as text by `print`; `float(verdict)` is the points earned, and so is its plain-text
    value, which is where nbgrader reads partial credit.
    """

    exercise: str
    points: float
    max_points: float
    cases: tuple[CaseResult, ...] = ()
    known: tuple[KnownMistake, ...] = ()
    advice: tuple[str, ...] = ()
    note: str = ""
    secret: bool = field(default=False, compare=False)

    @property
    def mistakes(self) -> list[str]:
        """Names of the recognised mistakes."""
        return [mistake.name for mistake in self.known]

    @property
    def passed(self) -> bool:
        """Whether every property holds."""
        return bool(self.cases) and all(case.passed for case in self.cases)

    def to_dict(self) -> dict[str, Any]:
        """Plain data, for JSON."""
        return asdict(self)

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Verdict":
        """The verdict that `to_dict` described."""
        return cls(
            **{
                **data,
                "cases": tuple(CaseResult(**case) for case in data["cases"]),
                "known": tuple(KnownMistake(**known) for known in data["known"]),
                "advice": tuple(data["advice"]),
            }
        )

    def to_json(self) -> str:
        """The verdict as JSON."""
        import json

        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1)

    def to_html(self) -> str:
        """The verdict as a fragment of HTML, readable in a light and in a dark theme."""
        from autograder.report.render import verdict_html

        return verdict_html(self)

    def to_text(self) -> str:
        """The verdict as text for a terminal."""
        from autograder.report.render import verdict_text

        return verdict_text(self)

    def __float__(self) -> float:
        return float(self.points)

    def __repr__(self) -> str:
        return repr(float(self.points))

    def __str__(self) -> str:
        return self.to_text()

    def _repr_html_(self) -> str:
        return self.to_html()


def earned(points: float, passed: float, total: float) -> float:
    """Points for the share of weight that passed, to the hundredth; full only when all passed."""
    if passed >= total:
        return float(points)
    share = points * passed / total
    rounded = round(share, 2)
    return rounded if rounded < points else share
