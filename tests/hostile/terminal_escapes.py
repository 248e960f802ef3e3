# Sequences that steer a terminal, in outputs and exceptions.
# base: solved

# %% after check_sgd
import sys

evil = "\x1b]0;EVIL\x07\x1b[2J\x1b[31m\x1b]8;;http://example.org\x07link\x1b]8;;\x07\x9b2J\u202e\r\x08\x00"
print(evil)
print(evil, file=sys.stderr)
raise type(evil.replace("\x00", ""), (Exception,), {})(evil)
