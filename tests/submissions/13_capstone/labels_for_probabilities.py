# base: released

# %% train
def train(x, y, rng):
    means = np.stack([x[y == k].mean(axis=0).ravel() for k in range(10)])

    def predict(images):
        rows = images.reshape(len(images), -1)
        nearness = rows @ means.T - (means**2).sum(axis=1) / 2
        p = np.exp(1.5 * (nearness - nearness.max(axis=1, keepdims=True)))
        return p.argmax(axis=1)

    return predict
