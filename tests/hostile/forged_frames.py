# Writes well-formed frames to every inherited descriptor, before anything is asked.
# deserved: none

# %% after setup_1
import os
import struct
import sys

wire = sys.modules["worker.wire"]
frames = [
    wire.encode(("done", (), None, ())),
    wire.encode(("done", (100.0,) * 60, None, ())),
    wire.encode(([{"output_type": "execute_result", "data": {"text/plain": "100.0"}, "metadata": {}}], True)),
]
for descriptor in range(3, 64):
    for frame in frames:
        try:
            os.write(descriptor, struct.pack(">I", len(frame)) + frame)
        except OSError:
            break
