"""What a session on Binder gives a learner: one core and 2 GB, for JupyterLab and the kernels of all open notebooks."""

import re
from pathlib import Path

_SESSION_MB = 2048
# JupyterLab takes about 130 (`python -m bench.binder`); Binder's own login and memory display come on top.
_SERVER_MB = 256
KERNEL_MB = _SESSION_MB - _SERVER_MB


def peak_mb(pid: int) -> float | None:
    """Megabytes that a process has held at most until now; None where the system does not tell, or it has ended."""
    try:
        found = re.search(r"^VmHWM:\s+(\d+) kB", Path(f"/proc/{pid}/status").read_text(), re.MULTILINE)
    except OSError:
        return None
    return int(found[1]) / 1024 if found else None
