"""The strong level's outer wall: a command line for bubblewrap.

The sandbox sees its own processes, no network, a read-only system, Python without torch and the judge, the worker, the
helpers, and a scratch folder in memory. Nothing of any home, of the course, or of other submissions is there at all.
"""

import os
import shutil
import site
import sys
import sysconfig
from collections.abc import Sequence
from pathlib import Path

from autograder.worker.absent import HIDDEN

# Where the worker's package and the helpers lie inside.
INSIDE = "/downhill"
SCRATCH = "/scratch"
# Of the system's settings, those that libraries need.
SETTINGS = ("/etc/ld.so.cache", "/etc/alternatives", "/etc/localtime", "/etc/fonts")

_ROOT = Path(__file__).resolve().parents[2]


def find() -> str | None:
    """bubblewrap's program, or None."""
    return shutil.which("bwrap", path=os.environ.get("PATH", "") + os.pathsep + os.defpath)


# What root's warm process does for each submission: namespaces and mounts, another uid, an empty bounding set.
_TO_WALL_IN = ("CAP_SYS_ADMIN", "CAP_SETPCAP")


def command(
    program: str,
    inner: Sequence[str],
    *,
    scratch_bytes: int,
    administrator: bool,
    warm: bool = False,
    hidden: Sequence[str] = (),
) -> list[str]:
    """The command that runs `inner` inside.

    Parameters
    ----------
    program : bubblewrap's
    inner : the command to run, with paths as they are inside
    scratch_bytes : how much the scratch folder may hold
    administrator : whether this process is root: then it needs no user namespace to make the others, and the worker is
        left the right to become another user, which it uses first of all
    warm : whether `inner` is a warm process, which is trusted: the first of its namespace, and it may make others
    hidden : packages that are masked besides those that always are
    """
    words = [program, "--die-with-parent", "--new-session"]
    words += ["--unshare-ipc", "--unshare-pid", "--unshare-net", "--unshare-uts", "--unshare-cgroup-try"]
    words += ["--cap-add", "CAP_SETUID", "--cap-add", "CAP_SETGID"] if administrator else ["--unshare-user"]
    if warm:
        words += ["--as-pid-1"]
        words += [word for name in _TO_WALL_IN for word in ("--cap-add", name)] if administrator else []
    words += _system()
    # bubblewrap makes what lies above a mount for its own user alone, and the worker is another one.
    above = {parent for place in [*python_places(), f"{INSIDE}/worker", "/etc/x"] for parent in Path(place).parents}
    for parent in sorted(above - {Path("/")}):
        words += ["--perms", "0755", "--dir", str(parent)]
    for place in python_places():
        words += ["--ro-bind", place, place]
    for place in hidden_places(hidden):
        words += ["--tmpfs", place, "--remount-ro", place]
    words += ["--ro-bind", str(_ROOT / "autograder" / "worker"), f"{INSIDE}/worker"]
    words += ["--ro-bind", str(_ROOT / "helpers"), f"{INSIDE}/helpers"]
    words += ["--proc", "/proc", "--dev", "/dev"]
    words += ["--size", str(scratch_bytes), "--perms", "1777", "--tmpfs", SCRATCH, "--chdir", SCRATCH]
    if Path("/tmp") not in above:
        words += ["--symlink", SCRATCH, "/tmp"]
    for fonts in _matplotlib_cache().glob("fontlist-*.json"):
        # Without its list of fonts, matplotlib spends seconds on making one.
        words += ["--perms", "1777", "--dir", f"{SCRATCH}/matplotlib"]
        words += ["--ro-bind", str(fonts), f"{SCRATCH}/matplotlib/{fonts.name}"]
    words += ["--remount-ro", "/", "--"]
    return [*words, *inner]


def _matplotlib_cache() -> Path:
    """The folder that `matplotlib.get_cachedir` names, without a quarter of a second for loading it."""
    given = os.environ.get("MPLCONFIGDIR")
    return Path(given) if given else Path(os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache") / "matplotlib"


def _system() -> list[str]:
    words = ["--ro-bind", "/usr", "/usr"]
    for name in ("/bin", "/sbin", "/lib", "/lib32", "/lib64", "/libx32"):
        path = Path(name)
        if path.is_symlink():
            words += ["--symlink", os.readlink(path), name]
        elif path.is_dir():
            words += ["--ro-bind", name, name]
    for name in SETTINGS:
        words += ["--ro-bind-try", name, name]
    return words


def python_places() -> list[str]:
    """Folders that this Python and its packages live in, apart from the system's own."""
    places = {os.path.realpath(sys.base_prefix), sys.prefix, os.path.realpath(sys.prefix)}
    return sorted(place for place in places if not Path(place).is_relative_to("/usr"))


def listed_places() -> list[str]:
    """Folders whose names may be listed, for Python's search of packages; that opens no file in them."""
    folders = [*site.getsitepackages(), sysconfig.get_path("stdlib")]
    return [folder for folder in folders if os.path.isdir(folder)]


def library_places() -> list[str]:
    """Python's own files, without the folders of packages."""
    stdlib = Path(sysconfig.get_path("stdlib"))
    places = [entry for entry in stdlib.iterdir() if entry.name not in ("site-packages", "dist-packages")]
    places += [entry for entry in stdlib.parent.iterdir() if entry != stdlib]
    binaries = {os.path.dirname(sys.executable), os.path.dirname(os.path.realpath(sys.executable))}
    return sorted({*map(str, places), *binaries, f"{sys.prefix}/pyvenv.cfg"})


def visible_packages(hidden: Sequence[str] = ()) -> list[str]:
    """Everything in the folders of packages but what is hidden, where it cannot be masked."""
    names = {*HIDDEN, *hidden}
    found = []
    for folder in filter(os.path.isdir, site.getsitepackages()):
        found += [entry.path for entry in os.scandir(folder) if entry.name.partition("-")[0] not in names]
    return found


def hidden_places(hidden: Sequence[str] = ()) -> list[str]:
    """Packages that are masked inside, those of the Python under this one and of the system among them.

    conda's store of packages and its other environments too, which hold copies of the same files.
    """
    folders = {*site.getsitepackages(), *site.getsitepackages([sys.base_prefix, os.path.realpath(sys.base_prefix)])}
    for top in ("/usr/lib", "/usr/lib64", "/usr/local/lib", "/usr/local/lib64"):
        folders |= {str(folder) for folder in Path(top).resolve().glob("python3*/*-packages")}
    found = [Path(folder) / name for folder in folders for name in (*HIDDEN, *hidden)]
    found += [Path(place) / name for place in python_places() for name in ("pkgs", "envs")]
    here = [Path(place) for place in python_places()]
    return sorted(str(place) for place in found if place.is_dir() and not any(p.is_relative_to(place) for p in here))
