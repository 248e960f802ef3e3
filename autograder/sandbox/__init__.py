"""Where student code runs: a process of its own, started here and ended here."""
