"""The warm-up of the start notebook."""
