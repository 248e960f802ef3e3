# Environments, command lines and memory of all processes.
# base: solved

# %% after check_sgd
import glob

for path in glob.glob("/proc/[0-9]*/environ") + glob.glob("/proc/[0-9]*/cmdline") + glob.glob("/proc/[0-9]*/maps"):
    try:
        text = open(path, "rb").read()
    except OSError:
        continue
    if b"@MARKER@"[::-1] in text or b"pytest" in text or b"multiprocessing" in text:
        print("REACHED", path)
