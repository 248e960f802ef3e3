# NaN instead of a function, and as the points.
# deserved: none

# %% after setup_1
sgd = momentum = minibatches = double = float("nan")
points = float("nan")
check = lambda *args, **kwargs: float("nan")
float("nan")

# %% sgd
sgd = float('nan')

# %% momentum
momentum = 'nan'

# %% minibatches
minibatches = float('inf')

# %% double
double = 100
