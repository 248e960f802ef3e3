"""The solutions earn full points, on every assignment."""

from .proving import proofs

test_the_proof_holds = proofs(["solved"])
