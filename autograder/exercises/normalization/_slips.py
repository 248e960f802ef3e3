"""Mistakes of the lines that right solutions of this topic share with one another."""

from autograder.judge import slips

# x_hat = centred / std; `mean` is the first thing that is computed
AFFINE_FIRST = slips("""
affine_first:
    -> x = gamma * x + beta
    gamma * x_hat + beta -> x_hat
    gamma and beta are used before x is normalized, which takes most of their work back. Normalize first:
    gamma * x_hat + beta.
""")

# The same for a channel of images
AFFINE_OF_CHANNELS = slips("""
affine_first:
    -> x = gamma[:, None, None] * x + beta[:, None, None]
    gamma[:, None, None] * x_hat + beta[:, None, None] -> x_hat
    gamma and beta are used before x is normalized, which takes most of their work back. Normalize first:
    gamma * x_hat + beta.

gamma_missing: gamma[:, None, None] * x_hat -> x_hat
    `gamma` is not used: it scales x_hat before beta is added.
beta_missing: gamma[:, None, None] * x_hat + beta[:, None, None] -> gamma[:, None, None] * x_hat
    `beta` is not used: it shifts the scaled x_hat.
affine_missing: gamma[:, None, None] * x_hat + beta[:, None, None] -> x_hat
    This is x_hat. gamma and beta, which were learned, give each channel a scale and a shift.
beta_scaled:
    gamma[:, None, None] * x_hat + beta[:, None, None] -> gamma[:, None, None] * (x_hat + beta[:, None, None])
    `beta` is scaled by gamma. First the scale, then the shift.
gamma_and_beta_swapped:
    gamma[:, None, None] * x_hat + beta[:, None, None] -> beta[:, None, None] * x_hat + gamma[:, None, None]
    gamma and beta have changed places: gamma scales x_hat, beta shifts it.

affine_along_columns (core):
    gamma[:, None, None] * x_hat + beta[:, None, None] -> gamma * x_hat + beta
    `gamma * x_hat` lines gamma up with the last axis, W: right shapes only where W = C. It belongs to the channels:
    `gamma[:, None, None]`.

affine_along_rows:
    gamma[:, None, None] * x_hat + beta[:, None, None] -> gamma[:, None] * x_hat + beta[:, None]
    gamma and beta are lined up with the rows, H: right shapes only where H = C. They belong to the channels:
    `gamma[:, None, None]`.
""")

# dgamma = (dout * x_hat).sum(axis=(0, 2, 3)); dbeta = dout.sum(axis=(0, 2, 3)); return dx, dgamma, dbeta
PARAMETERS = slips("""
gradients_of_each_image:
    (dout * x_hat).sum(axis=(0, 2, 3)) -> (dout * x_hat).sum(axis=(2, 3))
    dout.sum(axis=(0, 2, 3)) -> dout.sum(axis=(2, 3))
    or (dout * x_hat).sum(axis=(0, 2, 3)) -> (dout * x_hat).sum(axis=(2, 3))
    or dout.sum(axis=(0, 2, 3)) -> dout.sum(axis=(2, 3))
    A parameter's gradient has a row for each image, (N, C). All images use the same gamma and beta, whatever their own
    statistics: sum over N too.

keepdims (detail):
    (dout * x_hat).sum(axis=(0, 2, 3)) -> (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    dout.sum(axis=(0, 2, 3)) -> dout.sum(axis=(0, 2, 3), keepdims=True)
    or (dout * x_hat).sum(axis=(0, 2, 3)) -> (dout * x_hat).sum(axis=(0, 2, 3), keepdims=True)
    or dout.sum(axis=(0, 2, 3)) -> dout.sum(axis=(0, 2, 3), keepdims=True)
    A parameter's gradient has shape (1, C, 1, 1). It has the shape of its parameter: (C,).

averaged_gradients: return dx, dgamma, dbeta -> return dx, dgamma / len(dx), dbeta / len(dx)
    or return dx, dgamma, dbeta -> return dx, dgamma / (dx.size / dx.shape[1]), dbeta / (dx.size / dx.shape[1])
    dgamma and dbeta are averaged. Every pixel of every image uses the same gamma and beta: sum.

gamma_in_dgamma: return dx, dgamma, dbeta -> return dx, gamma * dgamma, dbeta
    or return dx, dgamma, dbeta -> return dx, gamma * dgamma, gamma * dbeta
    gamma is a factor of its own gradient. dgamma and dbeta are sums of dout, not of dx_hat = dout * gamma.

dgamma_with_dx_hat: (dout * x_hat).sum(axis=(0, 2, 3)) -> dout.sum(axis=(0, 2, 3))
    dgamma sums dout alone. gamma multiplies x_hat: sum dout * x_hat.

order_swapped: return dx, dgamma, dbeta -> return dx, dbeta, dgamma
    or return dx, dgamma, dbeta -> return dgamma, dbeta, dx
    or return dx, dgamma, dbeta -> return dbeta, dgamma, dx
    The gradients come back in another order than asked for: dx, dgamma, dbeta.
""")
