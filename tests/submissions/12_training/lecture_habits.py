# base: solved

# %% initial_loss
def initial_loss(classes):
    return 2.3026

# %% clip_grad_norm
def clip_grad_norm(grads, max_norm):
    total = float(np.sqrt(sum((g.astype(float) ** 2).sum() for g in grads.values())))
    scale = min(1.0, max_norm / (total + 1e-6))
    return {name: g * scale for name, g in grads.items()}, total * scale

# %% ema_update
def ema_update(avg, w, decay=0.999):
    return decay * avg + (1 - decay) * w

# %% transfer_plan
def transfer_plan(data, similarity):
    if similarity == "similar":
        return "linear classifier" if data == "little" else "finetune few"
    return "trouble" if data == "little" else "finetune many"
