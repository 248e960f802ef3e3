"""The untouched notebooks run to the end and earn nothing, on every assignment."""

from .proving import proofs

test_the_proof_holds = proofs(["untouched"])
