# base: released

# %% train
def train(x, y, rng):
    from sklearn.svm import SVC

    machine = SVC(probability=True).fit(x.reshape(len(x), -1), y)
    return lambda images: machine.predict_proba(images.reshape(len(images), -1))
