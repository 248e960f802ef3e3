# Permissions, owners, times, attributes and flags of the account's files: lasting, and open to others.
# base: solved

# %% after check_sgd
import ctypes
import fcntl
import os
import sys

libc = ctypes.CDLL(None, use_errno=True)
COURSE, PROJECT = "@COURSE@", "@PROJECT@"
PLACES = [f"{COURSE}/.autograder/secret", f"{COURSE}/gradebook.db", f"{COURSE}/submitted", COURSE, "@HOME@"]
PLACES += [f"{PROJECT}/helpers/data.py", os.__file__, os.path.__file__, sys.executable, "/downhill/worker/wire.py"]


def tell(name, act):
    try:
        if act() not in (None, 0):
            return
    except OSError:
        return
    print("REACHED", name)


for place in PLACES:
    try:
        now = os.stat(place)
    except OSError:
        continue
    tell(f"chmod {place}", lambda: os.chmod(place, now.st_mode & 0o7777))
    tell(f"chown {place}", lambda: os.chown(place, now.st_uid, now.st_gid))
    tell(f"utime {place}", lambda: os.utime(place, ns=(now.st_atime_ns, now.st_mtime_ns)))
    tell(f"setxattr {place}", lambda: os.setxattr(place, "user.evil", b"1"))
    value = ctypes.create_string_buffer(b"1")
    arguments = (ctypes.c_uint64 * 2)(ctypes.addressof(value), 1)
    tell(f"setxattrat {place}", lambda: libc.syscall(463, -100, place.encode(), 0, b"user.evil", arguments, 16))
    tell(f"truncate {place}", lambda: os.truncate(place, now.st_size))
    try:
        descriptor = os.open(place, os.O_RDONLY)
    except OSError:
        continue
    tell(f"fchmod {place}", lambda: os.fchmod(descriptor, now.st_mode & 0o7777))
    tell(f"futimens {place}", lambda: os.utime(descriptor, ns=(now.st_atime_ns, now.st_mtime_ns)))
    tell(f"fsetxattr {place}", lambda: os.setxattr(descriptor, "user.evil", b"1"))
    tell(
        f"flags {place}",
        lambda: fcntl.ioctl(descriptor, 0x40086602, fcntl.ioctl(descriptor, 0x80086601, bytes(8))) and None,
    )
