# base: solved

# %% early_stopping
def early_stopping(val_losses, *, patience, min_delta=0.0):
    best, best_epoch = np.inf, 0
    for epoch in range(len(val_losses)):
        if val_losses[epoch] < best - min_delta:
            best, best_epoch = val_losses[epoch], epoch
        elif epoch - best_epoch > patience:
            return epoch, best_epoch
    return len(val_losses) - 1, best_epoch

# %% gd_shrinkage
def gd_shrinkage(eigenvalues, lr, steps):
    return (1 - lr * eigenvalues) ** steps

# %% ridge_shrinkage
def ridge_shrinkage(eigenvalues, lam):
    return eigenvalues / (eigenvalues + 2 * lam)

# %% matching_lam
def matching_lam(eigenvalues, lr, steps):
    q = (1 - lr * eigenvalues) ** steps
    return eigenvalues * q / (1 - q)
