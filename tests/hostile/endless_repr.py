# A result that never becomes text.
# base: solved
# ends: at a limit of time

# %% after check_sgd
class Endless:
    def __repr__(self):
        while True:
            pass


Endless()
