"""The rest of the family of normalizations: the exercises of 08_normalization."""
