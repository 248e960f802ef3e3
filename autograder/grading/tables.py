"""What this grader keeps in nbgrader's gradebook, in tables of its own beside nbgrader's."""

from sqlalchemy import Boolean, Column, DateTime, Float, MetaData, String, Table, Text

METADATA = MetaData()

# What a result follows from, and the verdicts.
VERDICTS = Table(
    "downhill_verdict",
    METADATA,
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column("key", String(64), nullable=False),
    Column("graded_at", DateTime, nullable=False),
    Column("details", Text, nullable=False),
)

# A student's own deadline: nbgrader has a place for it only once something was handed in, and only as a distance from
# the due date, which may move. `written` is what was entered there, so that another's entry is known from ours.
EXTENSIONS = Table(
    "downhill_extension",
    METADATA,
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column("until", DateTime),
    Column("seconds", Float),
    Column("written", Float),
)

# Exercises that were voided, "full" or "out".
VOIDED = Table(
    "downhill_voided",
    METADATA,
    Column("assignment", String(128), primary_key=True),
    Column("cell", String(128), primary_key=True),
    Column("kind", String(8), nullable=False),
)

# What a person gave for an exercise that was voided or removed since: it counts again when the exercise does.
SET_ASIDE = Table(
    "downhill_set_aside",
    METADATA,
    Column("assignment", String(128), primary_key=True),
    Column("student", String(128), primary_key=True),
    Column("cell", String(128), primary_key=True),
    Column("manual_score", Float),
    Column("extra_credit", Float),
    Column("waits", Boolean),
    Column("comment", Text),
)
