"""Grading: intake, one submission, a class, the gradebook."""

import importlib.util
import sys
from typing import Any

# nbformat validates with jsonschema, which builds a grammar for IRIs where it finds one, for over a second at each
# start; no notebook's schema asks for it, and jsonschema goes on without.
sys.modules.setdefault("rfc3987_syntax", None)  # type: ignore[arg-type]  # typeshed leaves out None: "no such module"


def _put_off(name: str) -> None:
    """Let a package's parts be imported without its `__init__`, which runs when somebody asks for a name of its own."""
    spec = None if name in sys.modules else importlib.util.find_spec(name)
    loader = spec.loader if spec else None
    if spec is None or loader is None:
        return
    module = importlib.util.module_from_spec(spec)

    def ask(attribute: str) -> Any:
        if attribute in ("__path__", "__file__", "__wrapped__"):
            raise AttributeError(attribute)
        del vars(module)["__getattr__"]
        loader.exec_module(module)
        return getattr(module, attribute)

    vars(module)["__getattr__"] = ask
    sys.modules[name] = module


# It loads JupyterLab's server, which takes longer than all that grading needs.
_put_off("nbgrader")
