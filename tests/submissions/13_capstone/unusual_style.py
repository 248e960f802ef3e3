# base: solved

# %% after train
class Trainer:
    """A callable object that returns a bound method, and predicts in several bites."""

    def __init__(self, function):
        self.function = function

    def __call__(self, x, y, rng):
        return Trainer(self.function(np.asfortranarray(x), list(y) and y, rng)).predict

    def predict(self, images):
        bites = np.array_split(images, -(-len(images) // 97))
        return np.concatenate([self.function(bite) for bite in bites]).astype(np.float16)


train = Trainer(train)
