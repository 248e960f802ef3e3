"""The filter of system calls, compiled once in the judge's process and loaded by each worker."""

import errno
import tempfile
from functools import cache
from typing import Any

_CLONE_NEW = 0x7E020080  # every CLONE_NEW... flag: namespaces are made outside, or not at all

# System calls that no course work needs: other processes' memory, namespaces, mounts, keys, kernel interfaces.
_DENIED = """
    ptrace process_vm_readv process_vm_writev process_madvise process_mrelease pidfd_getfd kcmp
    unshare setns mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr
    add_key request_key keyctl bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
    kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff acct quotactl quotactl_fd
    syslog settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname iopl ioperm personality
    open_by_handle_at name_to_handle_at lookup_dcookie vhangup mbind migrate_pages move_pages memfd_secret
    setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid
""".split()  # noqa: SIM905
# What one process of a sandbox could tell another one by, beside the answers that it is asked for: locks on files that
# all sandboxes see, watches on them, and what of them is in the kernel's memory.
_CHANNELS = """
    flock mincore cachestat fadvise64 readahead inotify_init inotify_init1 inotify_add_watch fanotify_init
""".split()  # noqa: SIM905
# Where there is no namespace of processes, of System V's objects, of the network, and no mount that is read only, and
# Landlock does not know them: other processes' limits and precedence, files' attributes, leaving the process group.
_DENIED_WITHOUT_NAMESPACE = """
    setsid setpgid setpriority ioprio_set sched_setscheduler sched_setparam sched_setattr
    chmod fchmod fchmodat fchmodat2 chown fchown lchown fchownat utime utimes futimesat utimensat
    setxattr lsetxattr fsetxattr removexattr lremovexattr fremovexattr
    shmget shmat shmctl msgget msgsnd msgrcv msgctl semget semop semtimedop semctl
    mq_open mq_unlink mq_timedsend mq_timedreceive mq_notify mq_getsetattr
    socket connect bind sendmsg sendmmsg memfd_create socketcall ipc
""".split()  # noqa: SIM905
# System calls that are newer than this list, by their numbers, which are the same on every machine.
_LATER = range(457, 512)
_AF_UNIX = 1
# fcntl: locks, owners and kinds of signals, leases, watches, hints. All others are about the process's own descriptors.
_FCNTL = (5, 6, 7, 8, 10, 15, 36, 37, 38, *range(1024, 1030), *range(1035, 1064))
# ioctl: terminals' and those of any descriptor have this in their second byte; file systems' change a file's flags.
_IOCTL = 0x5400
_PR_SET_DUMPABLE = 4
_INT = 0xFFFF_FFFF


@cache
def program(*, own_processes: bool) -> bytes:
    """The compiled filter: all system calls but the denied ones; no network; no new namespaces.

    Parameters
    ----------
    own_processes : whether the worker has namespaces of its own, of processes, files and the network; without them it
        must stay in its process group, and keep its hands off whatever else the account has

    Raises
    ------
    OSError, ImportError : libseccomp is not there
    """
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    refuse = seccomp.ERRNO(errno.EPERM)

    def deny(name: str, *conditions: Any, action: Any = refuse) -> None:
        # A call that this architecture or libseccomp does not know needs no rule.
        if seccomp.resolve_syscall(seccomp.system_arch(), name) >= 0:
            rules.add_rule(action, name, *conditions)

    def low(place: int, mask: int, value: int) -> Any:
        # The kernel reads an int: bits above it are not to hide the value from the filter.
        return seccomp.Arg(place, seccomp.MASKED_EQ, mask, value)

    for name in (*_DENIED, *_CHANNELS, *(() if own_processes else _DENIED_WITHOUT_NAMESPACE)):
        deny(name)
    for number in _LATER:
        rules.add_rule(seccomp.ERRNO(errno.ENOSYS), number)
    for command in _FCNTL:
        deny("fcntl", low(1, _INT, command))
    for bit in range(8, 32):
        # As where there is no such request: Python then does without.
        deny("ioctl", low(1, 1 << bit, ~_IOCTL & 1 << bit), action=seccomp.ERRNO(errno.ENOTTY))
    for name in ("preadv2", "pwritev2"):
        deny(name, seccomp.Arg(5, seccomp.NE, 0))
    if own_processes:
        deny("socket", seccomp.Arg(0, seccomp.NE, _AF_UNIX))
    else:
        for name in ("prlimit64", "sched_setaffinity"):
            deny(name, seccomp.Arg(0, seccomp.NE, 0))
        # A datagram socket, though made as one of a pair, can send to any other.
        for kind in (2, 3):
            deny("socketpair", low(1, 0xF, kind))
        # What hides its descriptors hides how much it keeps in deleted files.
        deny("prctl", low(0, _INT, _PR_SET_DUMPABLE))
    for bit in range(32):
        if _CLONE_NEW >> bit & 1:
            deny("clone", low(0, 1 << bit, 1 << bit))
    # clone3 hides its flags in memory; without it, C libraries fall back to clone.
    deny("clone3", action=seccomp.ERRNO(errno.ENOSYS))
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
