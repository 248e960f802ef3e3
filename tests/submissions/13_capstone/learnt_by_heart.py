# base: released

# %% train
def train(x, y, rng):
    rows = x.reshape(len(x), -1)[:, ::11]

    def predict(images):
        flat = images.reshape(len(images), -1)[:, ::11]
        nearest = ((rows**2).sum(axis=1) - 2 * flat @ rows.T).argmin(axis=1)
        return np.eye(10)[y[nearest]]

    return predict
