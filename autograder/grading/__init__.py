"""Grading: intake, one submission, a class, the gradebook."""

import sys

# nbformat validates with jsonschema, which builds a grammar for IRIs where it finds one, for over a second at each
# start; no notebook's schema asks for it, and jsonschema goes on without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # typeshed leaves out None: "no such module"
