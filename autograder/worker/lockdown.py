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
_PR_SET_DUMPABLE = 4
_PR_CAPBSET_DROP = 24
_PR_SET_NO_NEW_PRIVS = 38
_PR_SET_SECCOMP = 22
_SECCOMP_MODE_FILTER = 2
_CAPABILITIES_VERSION_3 = 0x20080522


def apply(settings: Mapping[str, Any]) -> None:
    """Lock this process down.

    Parameters
    ----------
    settings : `trusted` (whether to keep capabilities), `uid` to become (None to keep it), `rlimits` by name,
        `landlock` (the version that is needed; None where it is not to be used), `list`, `read` and `write` (its
        paths), `seccomp` (a compiled filter in hexadecimal, or nothing)

    Raises
    ------
    OSError : Landlock is older than what is needed, or something else cannot be given up
    """
    uid = settings["uid"]
    gives_up = not settings["trusted"] and sys.platform == "linux"
    if gives_up:
        _empty_bounding_set()
    if uid is not None:
        os.setgroups([])
        os.setresgid(uid, uid, uid)
        os.setresuid(uid, uid, uid)
    if gives_up:
        _give_up_capabilities()
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


def keep_nothing() -> None:
    """Give up all that a process can do beyond its own account, for one that goes on to wait and runs nothing."""
    _empty_bounding_set()
    _give_up_capabilities()
    _prctl(_PR_SET_NO_NEW_PRIVS, 1)
    # Nobody of the same account looks into it.
    _prctl(_PR_SET_DUMPABLE, 0)


def _empty_bounding_set() -> None:
    """No program that is started gives a capability back; who may not say so has none to lose."""
    libc = ctypes.CDLL(None, use_errno=True)
    number = 0
    while libc.prctl(_PR_CAPBSET_DROP, number, 0, 0, 0) == 0:
        number += 1


def _give_up_capabilities() -> None:
    """Those that are in force and those that could be; in a user namespace a change of the uid does not."""
    header, nothing = (ctypes.c_uint32 * 2)(_CAPABILITIES_VERSION_3, 0), (ctypes.c_uint32 * 6)()
    if ctypes.CDLL(None, use_errno=True).capset(header, nothing) != 0:
        raise OSError(ctypes.get_errno(), "capset")


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
