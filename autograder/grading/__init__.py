"""Grading: intake, one submission, a class, the gradebook."""

import sys

# nbformat validates with jsonschema, which for IRIs, URIs and durations builds a grammar and more where it finds them,
# for over a second at each start; no notebook's schema asks for it, and jsonschema goes on without.
for _name in ("isoduration", "rfc3986_validator", "rfc3987_syntax"):
    sys.modules.setdefault(_name, None)  # type: ignore[arg-type]  # typeshed leaves out None: "no such module"
