# Marks on the system's files, which every sandbox sees: locks, leases, watches, what the kernel keeps of them.
# base: solved

# %% after check_sgd
import ctypes
import fcntl
import mmap
import os
import struct

libc = ctypes.CDLL(None, use_errno=True)
file = os.open(os.__file__, os.O_RDONLY)
other = os.open(os.__file__, os.O_RDONLY)
lock = struct.pack("hhqqi", fcntl.F_RDLCK, 0, 0, 1, 0)


def raw(*arguments):
    if libc.syscall(*arguments) < 0:
        raise OSError(ctypes.get_errno(), "")


for name, act in {
    "flock": lambda: fcntl.flock(file, fcntl.LOCK_SH),
    "setlk": lambda: fcntl.fcntl(file, fcntl.F_SETLK, lock),
    "getlk": lambda: fcntl.fcntl(file, fcntl.F_GETLK, lock),
    "ofd": lambda: fcntl.fcntl(file, 37, lock),
    "lease": lambda: fcntl.fcntl(file, fcntl.F_SETLEASE, fcntl.F_RDLCK),
    "getlease": lambda: fcntl.fcntl(file, fcntl.F_GETLEASE),
    "notify": lambda: fcntl.fcntl(os.open("/usr", os.O_RDONLY), fcntl.F_NOTIFY, 1),
    "hint": lambda: fcntl.fcntl(file, 1036, struct.pack("Q", 2)),
    # The kernel reads the lower half of the command alone.
    "setlk by a long number": lambda: raw(72, file, ctypes.c_ulong(2**32 + fcntl.F_SETLK), lock),
    "flags by a long number": lambda: raw(16, file, ctypes.c_ulong(2**32 + 0x80086601), ctypes.create_string_buffer(8)),
    "nowait": lambda: os.preadv(file, [bytearray(1)], 0, os.RWF_NOWAIT),
    "mincore": lambda: raw(27, ctypes.c_ulong(libc.mmap(0, 4096, 1, 1, file, 0) and 4096), 4096, bytes(8)),
    "cachestat": lambda: raw(451, file, (ctypes.c_ulong * 2)(0, 4096), (ctypes.c_ulong * 8)(), 0),
    "fadvise": lambda: os.posix_fadvise(file, 0, 0, os.POSIX_FADV_DONTNEED),
    "readahead": lambda: raw(187, file, 0, 4096),
    "inotify": lambda: raw(254, libc.inotify_init(), b"/usr", 1),
}.items():
    try:
        act()
    except OSError as error:
        if name == "mincore" and error.errno != 1:
            print("REACHED", name, error)
        continue
    print("REACHED", name)

# What needs none of these goes on.
kept = mmap.mmap(-1, 4096)
fcntl.fcntl(other, fcntl.F_SETFD, fcntl.FD_CLOEXEC)
os.set_inheritable(other, True)
os.preadv(file, [bytearray(1)], 0)
