"""What the worker gives up before it runs a student's first line: its uid, files, network, dangerous system calls.

Each layer stands by itself: Landlock (files, TCP, signals), seccomp (system calls), rlimits. Outside it there may be
bubblewrap's namespaces. Applied in the process itself, for good: neither it nor its children can take it back.
"""

import ctypes
import ctypes.util
import os
import resource
import signal
import sys
from collections.abc import Mapping
from typing import Any

_PR_SET_PDEATHSIG = 1
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2


def apply(settings: Mapping[str, Any]) -> None:
    """Lock this process down.

    Parameters
    ----------
    settings : `uid` to become (None to keep it), `rlimits` by name, `landlock` (the version that is needed; None where
        it is not to be used), `list`, `read` and `write` (its paths), `seccomp` (a compiled filter in hexadecimal, or
        nothing)

    Raises
    ------
    OSError : Landlock is older than what is needed, or something else cannot be given up
    """
    uid = settings["uid"]
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    for name, value in settings["rlimits"].items():
        resource.setrlimit(getattr(resource, name), (value, value))
    # A change of the uid clears it.
    end_with_parent()
    if sys.platform == "linux":
        _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    if settings["landlock"] is not None:
        _landlock(settings["landlock"], settings["list"], settings["read"], settings["write"])
    if settings["seccomp"]:
        _seccomp(bytes.fromhex(settings["seccomp"]))


def end_with_parent() -> None:
    """Let this process be killed when its parent is: where no namespace of processes ends it with its grader."""
    if sys.platform == "linux":
        _prctl(_PR_SET_PDEATHSIG, signal.SIGKILL)


def _prctl(option: int, *arguments: Any) -> None:
    if ctypes.CDLL(None, use_errno=True).prctl(option, *arguments, *[0] * (4 - len(arguments))) != 0:
        raise OSError(ctypes.get_errno(), f"prctl {option}")


def landlock_version() -> int:
    """The version of Landlock in this kernel; 0 where there is none.

    Raises
    ------
    ImportError : landlockpy is not there
    """
    from landlockpy import abi_version

    # landlockpy asks where libc lies; to tell it, ctypes starts ldconfig, a compiler and a linker.
    find, ctypes.util.find_library = ctypes.util.find_library, lambda name: None
    try:
        return abi_version()
    finally:
        ctypes.util.find_library = find


def _landlock(needed: int, listed: list[str], read: list[str], write: list[str]) -> None:
    """Files: read what Python needs, write the scratch folder. No TCP; signals and sockets of this domain alone."""
    from landlockpy import AccessFS, Ruleset, Scope

    # Ruleset leaves out what the kernel does not know.
    if landlock_version() < needed:
        raise OSError(f"Landlock is of version {landlock_version()}, and {needed} is needed")
    reading = AccessFS.READ_FILE | AccessFS.READ_DIR | AccessFS.EXECUTE
    writing = (
        AccessFS.READ_FILE | AccessFS.READ_DIR | AccessFS.WRITE_FILE | AccessFS.TRUNCATE | AccessFS.REMOVE_FILE
    ) | (AccessFS.REMOVE_DIR | AccessFS.MAKE_REG | AccessFS.MAKE_DIR | AccessFS.MAKE_SYM | AccessFS.REFER)
    with Ruleset(scoped=Scope.SIGNAL | Scope.ABSTRACT_UNIX_SOCKET) as rules:
        for path in filter(os.path.isdir, listed):
            rules.allow_path(path, AccessFS.READ_DIR)
        for path in read:
            if os.path.exists(path):
                rules.allow_path(path, reading if os.path.isdir(path) else AccessFS.READ_FILE)
        for path in write:
            rules.allow_path(path, writing if os.path.isdir(path) else AccessFS.READ_FILE | AccessFS.WRITE_FILE)
        rules.restrict()


def _seccomp(program: bytes) -> None:
    """Load a filter of system calls that the judge compiled; it holds for all children too."""

    class Filter(ctypes.Structure):
        _fields_ = [("length", ctypes.c_ushort), ("instructions", ctypes.c_char_p)]

    filter_ = Filter(len(program) // 8, program)
    _prctl(_PR_SET_SECCOMP, _SECCOMP_MODE_FILTER, ctypes.byref(filter_))
