"""Every named mistake is rejected and named, on every assignment."""

from .proving import proofs

test_the_proof_holds = proofs(["rejected"])
