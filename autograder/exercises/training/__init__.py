"""Making it work: the exercises of 12_training."""
