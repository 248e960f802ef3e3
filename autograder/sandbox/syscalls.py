"""The filter of system calls, compiled once in the judge's process and loaded by each worker."""

import errno
import tempfile
from functools import cache

_CLONE_NEW = 0x7E020080  # every CLONE_NEW... flag: namespaces are made outside, or not at all

# System calls that no course work needs: other processes' memory, namespaces, mounts, keys, kernel interfaces.
_DENIED = """
    ptrace process_vm_readv process_vm_writev process_madvise pidfd_getfd kcmp
    unshare setns mount umount2 pivot_root chroot move_mount open_tree fsopen fsconfig fsmount fspick mount_setattr
    add_key request_key keyctl bpf perf_event_open userfaultfd io_uring_setup io_uring_enter io_uring_register
    kexec_load kexec_file_load init_module finit_module delete_module reboot swapon swapoff acct quotactl syslog
    settimeofday clock_settime clock_adjtime adjtimex sethostname setdomainname iopl ioperm personality
    open_by_handle_at name_to_handle_at lookup_dcookie fanotify_init vhangup mbind migrate_pages move_pages
    setuid setgid setreuid setregid setresuid setresgid setgroups setfsuid setfsgid
""".split()  # noqa: SIM905
# Leaving the worker's process group would let a process outlive it where there is no namespace of processes.
# System V's memory and queues stay behind for the next submission; sockets in files lead to other services.
_DENIED_WITHOUT_NAMESPACE = ("setsid", "setpgid", "shmget", "msgget", "semget", "mq_open", "socket")
_AF_UNIX = 1


@cache
def program(*, own_processes: bool) -> bytes:
    """The compiled filter: all system calls but the denied ones; no network; no new namespaces.

    Parameters
    ----------
    own_processes : whether the worker has a namespace of processes; without one it must stay in its process group

    Raises
    ------
    OSError, ImportError : libseccomp is not there
    """
    import pyseccomp as seccomp

    rules = seccomp.SyscallFilter(seccomp.ALLOW)
    refuse = seccomp.ERRNO(errno.EPERM)
    for name in (*_DENIED, *(() if own_processes else _DENIED_WITHOUT_NAMESPACE)):
        # A call that this architecture or libseccomp does not know needs no rule.
        if seccomp.resolve_syscall(seccomp.system_arch(), name) >= 0:
            rules.add_rule(refuse, name)
    if own_processes:
        rules.add_rule(refuse, "socket", seccomp.Arg(0, seccomp.NE, _AF_UNIX))
    for bit in range(32):
        if _CLONE_NEW >> bit & 1:
            rules.add_rule(refuse, "clone", seccomp.Arg(0, seccomp.MASKED_EQ, 1 << bit, 1 << bit))
    # clone3 hides its flags in memory; without it, C libraries fall back to clone.
    rules.add_rule(seccomp.ERRNO(errno.ENOSYS), "clone3")
    with tempfile.TemporaryFile() as file:
        rules.export_bpf(file)
        file.seek(0)
        return file.read()
