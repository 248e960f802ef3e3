# Waits for an answer that nobody gives.
# base: solved

# %% after check_sgd
input('password? ')
