# base: released

# %% train
def train(x, y, rng):
    rows = x.reshape(len(x), -1)

    def predict(images):
        flat = images.reshape(len(images), -1)
        distances = (rows**2).sum(axis=1) - 2 * flat @ rows.T
        nearest = np.argsort(distances, axis=1)[:, :5]
        votes = np.eye(10)[y[nearest]].sum(axis=1) + 0.3
        return votes / votes.sum(axis=1, keepdims=True)

    # TODO: augmentation
    return predict
