"""What runs inside the sandbox: the student's cells, the calls on their functions, the wire.

Nothing here imports torch, the exercises or the rest of the autograder: the folder is all that a sandbox is given.
"""
