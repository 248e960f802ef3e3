# base: solved

# %% initial_loss
def initial_loss(classes):
    return float(np.log2(classes))

# %% diagnose
def diagnose(history):
    loss, val = history["train_loss"], history["val_accuracy"]
    acc = history["train_accuracy"]
    if not np.all(np.isfinite(loss)):
        return "not a number"
    if loss[-1] > loss[0]:
        return "rate too high"
    if acc[-1] - acc[0] < 0.05:
        return "rate too low"
    if np.diff(val[len(val) // 2 :]).std() > 0.05:
        return "validation set too small"
    if (acc - val)[-(len(val) // 4) :].mean() > 0.1:
        return "overfitting"
    return "underfitting"
