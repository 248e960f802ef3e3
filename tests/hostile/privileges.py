# Becomes another user, mounts, traces, makes namespaces, sets the clock.
# base: solved

# %% after check_sgd
import ctypes
import os
import time

libc = ctypes.CDLL(None, use_errno=True)
acts = {
    "setuid": lambda: os.setuid(0),
    "setgid": lambda: os.setgid(0),
    "chroot": lambda: os.chroot("/tmp"),
    "clock": lambda: time.clock_settime(time.CLOCK_REALTIME, 0),
    "nice": lambda: os.nice(-5),
    "sethostname": lambda: __import__("socket").sethostname("evil"),
    "ptrace": lambda: 1 / (libc.ptrace(16, os.getppid(), 0, 0) == 0),
    "unshare": lambda: 1 / (libc.unshare(0x10000000) == 0),
    "mount": lambda: 1 / (libc.mount(b"none", b"/tmp", b"tmpfs", 0, None) == 0),
    "mknod": lambda: os.mknod("disk", 0o60600, os.makedev(8, 0)),
    "userns": lambda: 1 / (libc.syscall(435, None, 0) == 0),
}
for name, act in acts.items():
    try:
        act()
        print("REACHED", name)
    except (OSError, ZeroDivisionError, AttributeError):
        pass
