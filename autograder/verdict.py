"""The verdict on one exercise: points, properties, recognised mistakes, advice."""

from dataclasses import dataclass, field
from typing import Any


@dataclass(frozen=True)
class CaseResult:
    """What came of one property.

    `open` says why it is not judged yet: something else that is wrong hides it, so it has neither a tick nor a cross.
    `inputs`, `index`, `got`, `expected`, `line` and `printed` are empty where the inputs are secret; `called` never
    holds a drawn value. `gained` is the weight that counts of one that holds in part.
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
    printed: str = ""
    open: str = ""
    gained: float = 0.0

    @property
    def failed(self) -> bool:
        """Whether it has a cross."""
        return not self.passed and not self.open and not self.gained


@dataclass(frozen=True)
class KnownMistake:
    """A recognised mistake, as the student reads of it.

    `partial`: it explains only some of what is wrong. `degree`: "detail", "core" or "".
    """

    name: str
    sentence: str
    section: str = ""
    partial: bool = False
    degree: str = ""


@dataclass(frozen=True)
class Verdict:
    """Points, properties and recognised mistakes of one exercise.

    Parameters
    ----------
    known : the recognised mistakes
    facts : what can be said of the answers where no mistake is recognised
    eased : whether only details are wrong, so that the points are more than the properties' share
    measured : numbers by name, where the points follow from how good something is: accuracy, processor time
    """

    exercise: str
    points: float
    max_points: float
    cases: tuple[CaseResult, ...] = ()
    known: tuple[KnownMistake, ...] = ()
    facts: tuple[str, ...] = ()
    advice: tuple[str, ...] = ()
    note: str = ""
    eased: bool = False
    secret: bool = field(default=False, compare=False)
    measured: dict[str, Any] = field(default_factory=dict, compare=False)

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
        # All fields of these are plain: dataclasses.asdict would copy each of them deeply.
        data = {name: getattr(self, name) for name in Verdict.__dataclass_fields__}
        data["cases"] = tuple(dict(vars(case)) for case in self.cases)
        data["known"] = tuple(dict(vars(known)) for known in self.known)
        return data

    @classmethod
    def from_dict(cls, data: dict[str, Any]) -> "Verdict":
        """The verdict that `to_dict` described."""
        return cls(
            **{
                **data,
                "cases": tuple(CaseResult(**case) for case in data["cases"]),
                "known": tuple(KnownMistake(**known) for known in data["known"]),
                "facts": tuple(data.get("facts", ())),
                "advice": tuple(data["advice"]),
            }
        )

    def to_json(self) -> str:
        """The verdict as JSON."""
        import json

        return json.dumps(self.to_dict(), ensure_ascii=False, indent=1)

    def __float__(self) -> float:
        return float(self.points)

    def __repr__(self) -> str:
        return repr(float(self.points))


def earned(points: float, passed: float, total: float) -> float:
    """Points for the share of weight that passed, to the hundredth; full only when all passed."""
    if passed >= total:
        return float(points)
    share = points * passed / total
    rounded = round(share, 2)
    return rounded if rounded < points else share
