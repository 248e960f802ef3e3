# base: solved

# %% ema_update
def ema_update(avg, w, decay=0.995):
    return (1 - decay) * avg + decay * w

# %% ema_debiased
def ema_debiased(avg, decay, t):
    return avg / (1 - decay ** (t - 1)) if t > 1 else avg / (1 - decay)

# %% average_checkpoints
def average_checkpoints(checkpoints):
    params = dict(checkpoints[0])
    for other in checkpoints[1:]:
        for name in params:
            params[name] = (params[name] + other[name]) / 2
    return params

# %% ensemble_predict
def ensemble_predict(probs):
    votes = probs.argmax(axis=2)
    return np.array([np.bincount(v).argmax() for v in votes.T])
