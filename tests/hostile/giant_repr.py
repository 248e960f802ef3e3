# A text of gigabytes for a result.
# base: solved

# %% after check_sgd
class Giant:
    def __repr__(self):
        return "x" * 2**30

    _repr_html_ = _repr_png_ = _repr_markdown_ = __repr__


Giant()
