# 20,000 displays.
# base: solved

# %% after check_sgd
for number in range(20_000):
    display(number)
