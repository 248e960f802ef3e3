"""Beyond Adam: the exercises of 04_beyond_adam."""
