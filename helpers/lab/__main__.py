"""`python -m helpers.lab`: JupyterLab on `notebooks/`, with learners' menus, the start notebook open.

Further arguments are JupyterLab's own, such as `--no-browser`.
"""

import os
import sys
from collections.abc import Sequence
from pathlib import Path

SETTINGS = Path(__file__).parent
_NOTEBOOKS = Path(__file__).parents[2] / "notebooks"


def options(further: Sequence[str] = ()) -> list[str]:
    """JupyterLab's arguments."""
    # To the superuser of a container it says no.
    root = ["--allow-root"] if hasattr(os, "geteuid") and os.geteuid() == 0 else []
    return [f"--notebook-dir={_NOTEBOOKS}", "--LabApp.default_url=/lab/tree/00_start.ipynb", *root, *further]


def configure() -> None:
    """Let Jupyter find the learners' settings, before others."""
    others = os.environ.get("JUPYTER_CONFIG_PATH")
    os.environ["JUPYTER_CONFIG_PATH"] = os.pathsep.join([str(SETTINGS), *([others] if others else [])])


if __name__ == "__main__":
    configure()
    # Where Jupyter looks is decided as it is loaded.
    from jupyterlab.labapp import main

    sys.exit(main(options(sys.argv[1:])))
