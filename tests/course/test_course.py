"""The course itself is sound: the quick proofs of `autograder check`, on every assignment."""

from autograder.course.proofs import PROOFS

from .proving import LONG, proofs

test_the_proof_holds = proofs([name for name in PROOFS if name not in LONG])
