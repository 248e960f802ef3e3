# %% [markdown]
# # 11 · More data than you have: augmentation
#
# **The question.** A photograph moved by a pixel is still the same photograph. How does a network learn what does not
# matter, when there are only a hundred examples?
#
# **You will be able to**
# - write the usual transforms of images and of sound, with the traps of each: pixel centres, clipping, decibels,
#   phases;
# - draw anew for every image, and chain transforms;
# - say when a transform breaks the label;
# - measure what augmentation is worth, honestly.
#
# **You need** 01_backprop and 02_sgd; for section 10 you should have met the
# [Fourier transform of short frames](https://en.wikipedia.org/wiki/Short-time_Fourier_transform).
#
# **Left out:** searching for recipes automatically, test-time augmentation, text.
#
# **Time:** about 225 minutes.
#
# **Core path:** images, sections 1 to 7 and 11, without the exercises marked *optional*: about 140 minutes. Style
# (section 8) and sound (9 and 10) are for the curious, and nothing in section 11 needs them.

# %%
import numpy as np

from autograder import check
from helpers import plots, samples, widgets

SEED = 0

# %% [markdown]
# ## 1 · The same thing, elsewhere
#
# ### Idea
# A network reads 94 % of the handwritten digits that it is tested on. Move them by *one pixel*, and it fails on more
# than half, although you would not even notice. It was never told that place does not matter. The cheapest way to tell
# it: show it moved images, with the labels that they had.

# %% [markdown]
# ### Equation
#
# $$\mathrm{flip}(x)_{n,c,i,j} = x_{n,c,i,W-1-j} \qquad \mathrm{shift}(x)_{n,c,i,j} = x_{n,c,\,i-dy,\,j-dx}$$
#
# - $x$: images `(N, C, H, W)` with values in [0, 1]; $n$ counts images, $c$ channels;
# - $i$: the row, from 0 at the top; $j$: the column, from 0 at the left;
# - $dx$, $dy$ (`dx`, `dy`): whole pixels to the right, and down.
#
# Both equations ask, for each pixel of the *result*, where its value comes from. What comes from outside the image is
# 0. Here and below the result has the dtype of $x$: float32 in, float32 out.


# %% exercise="horizontal_flip" core=1
def horizontal_flip(x):
    """Return the images mirrored left to right.

    out[n, c, i, j] = x[n, c, i, W - 1 - j]: always, for every image
    (at random comes with random_apply). As torch.flip(x, [3]) and
    torchvision's hflip.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x
    """
    ### BEGIN SOLUTION
    return x[:, :, :, ::-1].copy()
    ### END SOLUTION


# %% check="horizontal_flip" points=1
check("horizontal_flip", horizontal_flip, points=1)


# %% exercise="shift" core=2
def shift(x, dx, dy):
    """Return the images moved by whole pixels; zeros enter.

    out[n, c, i, j] = x[n, c, i - dy, j - dx], and 0 where that lies
    outside the image. Nothing comes back in on the other side. Rows go
    down, so a positive dy moves the picture down.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]
    dx : int; columns to the right, negative: to the left
    dy : int; rows down, negative: up. Either may be larger than the
        image: nothing of it is left then

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x
    """
    ### BEGIN SOLUTION
    h, w = x.shape[2:]
    up, left = max(-dy, 0), max(-dx, 0)
    frame = ((max(dy, 0), up), (max(dx, 0), left))
    padded = np.pad(x, ((0, 0), (0, 0), *frame))
    return padded[:, :, up : up + h, left : left + w]
    ### END SOLUTION


# %% check="shift" points=3
check("shift", shift, points=3)

# %% [markdown]
# ### Picture
# Left, your functions. Right, a network that learnt from centred digits, tested on digits that your `shift` has moved.
# Predict first: how many pixels until it does no better than guessing?

# %% demo="shifts"
plots.augmentation_shifts(horizontal_flip, shift)

# %% [markdown]
# ### Question
# Why is this network so helpless? And which of your two functions loses something for good?
#
# <details><summary>Answer</summary>
#
# It has a weight for every pixel, and nothing tells it that neighbours are alike: one column to the right, a stroke
# meets other weights altogether. (A convolution has that knowledge built in; augmentation teaches it by example.)
# Images of 8 x 8 are merciless, too: one pixel is an eighth of the width.
#
# Flip twice, and the image is back. Shift and shift back, and what left the image is gone.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# `torch.roll` shifts too, but what leaves on one side comes back on the other.
#
# ```python
# import torch
#
# x = torch.rand(2, 3, 8, 8)
# moved = torch.roll(x, (2, 1), dims=(2, 3))
# moved[:, :, :2], moved[:, :, :, :1] = 0, 0
# yours = horizontal_flip(x.numpy()), shift(x.numpy(), 1, 2)
# (torch.flip(x, [3]), moved), yours
# ```
#
# </details>

# %% [markdown]
# ## 2 · Between the pixels
#
# ### Idea
# Turn an image by 30°, and hardly a pixel lands on a pixel. Push each one to its new place, and some places get two,
# others none: the result has holes. So go *backward*: for every pixel of the result compute where it comes from, and
# read there, between the pixels if need be. Then no place stays empty, and one function serves every warp that you can
# think of.

# %% [markdown]
# ### Equation
#
# $$\mathrm{out}_{i,j} = \sum_{r,\,s} \max(0,\, 1 - |p_y - r|)\; \max(0,\, 1 - |p_x - s|)\; x_{r,s}$$
#
# - $p_x = j + \mathrm{flow}_0$, $p_y = i + \mathrm{flow}_1$: the place to read at; the centre of a pixel lies at whole
#   numbers;
# - $r$, $s$: rows and columns of $x$. Only the four around the place have a weight (*bilinear*); those outside the
#   image count as 0.
#
# [Simard, Steinkraus and Platt (2003)](https://doi.org/10.1109/ICDAR.2003.1227801) bent digits with smooth random
# flows: *elastic* distortions, for years a part of the best results on handwriting.


# %% exercise="elastic_distort" core=3
def elastic_distort(x, flow):
    """Return the images, each pixel fetched from where the flow points.

    out[n, c, i, j] is the value of x[n, c] at column j + flow[n, 0, i, j]
    and row i + flow[n, 1, i, j]: backward sampling, so that no pixel of
    the result stays empty (Simard et al. 2003; as
    torch.nn.functional.grid_sample(padding_mode="zeros"), which wants
    its coordinates from -1 to 1).

    Between pixels the value is bilinear: the mean of the four pixels
    around (px, py), each weighted by (1 - |px - column|) times
    (1 - |py - row|). Pixels outside the image count as 0 in that mean,
    so half a pixel beyond the border there is half of the border.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]
    flow : ndarray of shape (N, 2, H, W); in pixels, flow[:, 0] to the
        right and flow[:, 1] down, of any size

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x
    """
    ### BEGIN SOLUTION
    n, _, h, w = x.shape
    px = np.arange(w) + flow[:, 0]
    py = np.arange(h)[:, None] + flow[:, 1]
    left, top = np.floor(px).astype(int), np.floor(py).astype(int)
    image = np.arange(n)[:, None, None]
    out = np.zeros_like(x)
    for i, j in [(0, 0), (0, 1), (1, 0), (1, 1)]:
        row, column = top + i, left + j
        weight = (1 - abs(py - row)) * (1 - abs(px - column))
        inside = (row >= 0) & (row < h) & (column >= 0) & (column < w)
        pixel = x[image, :, row.clip(0, h - 1), column.clip(0, w - 1)]
        out += (weight * inside)[:, None] * np.moveaxis(pixel, -1, 1)
    return out
    ### END SOLUTION


# %% check="elastic_distort" points=6
check("elastic_distort", elastic_distort, points=6)

# %% [markdown]
# ### Equation
# Zoom and rotation are flows, too. With $u = j - c_x$, $v = i - c_y$, counted from the centre $c_x = \frac{W-1}{2}$,
# $c_y = \frac{H-1}{2}$:
#
# $$\text{zoom: } p = c + \frac1f \begin{pmatrix} u \\ v \end{pmatrix} \qquad
# \text{rotate: } p = c + \begin{pmatrix} \cos a & -\sin a \\ \sin a & \cos a \end{pmatrix} \begin{pmatrix} u \\ v \end{pmatrix}$$
#
# - $f$ (`factor`): 2 shows everything twice as large;
# - $a$: the angle, `degrees` in radians, counter-clockwise on the screen.
#
# Why $\frac{W-1}{2}$? The first pixel centre is 0, the last $W - 1$. With four columns the middle lies *between*
# columns 1 and 2.


# %% exercise="zoom" extra=2
def zoom(x, factor):
    """Return the images enlarged about their centre, size kept.

    The pixel at column j and row i shows what lies at

        cx + (j - cx) / factor,  cy + (i - cy) / factor

    with the centre cx = (W - 1) / 2, cy = (H - 1) / 2: pixel centres lie
    at whole numbers. Bilinear, pixels outside the image count as 0, as in
    elastic_distort. A factor below 1 shrinks the picture, and zeros
    surround it.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]
    factor : float, positive; 2 shows everything twice as large

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x
    """
    ### BEGIN SOLUTION
    n, _, h, w = x.shape
    u = np.arange(w) - (w - 1) / 2
    v = np.arange(h)[:, None] - (h - 1) / 2
    flow = np.zeros((n, 2, h, w))
    flow[:, 0] = u / factor - u
    flow[:, 1] = v / factor - v
    return elastic_distort(x, flow)
    ### END SOLUTION


# %% check="zoom" points=3
check("zoom", zoom, points=3)


# %% exercise="rotate" core=2
def rotate(x, degrees):
    """Return the images turned about their centre, size kept.

    Counter-clockwise as displayed, with row 0 at the top. With u = j - cx
    and v = i - cy counted from the centre cx = (W - 1) / 2,
    cy = (H - 1) / 2, the pixel at column j and row i shows what lies at

        cx + cos(a) u - sin(a) v,  cy + sin(a) u + cos(a) v

    for the angle a. These are pixels, so a square stays a square in an
    image that is not. Bilinear, pixels outside the image count as 0, as
    in elastic_distort. (np.rot90 for 90 degrees and a square image;
    torchvision and PIL turn this way too.)

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]
    degrees : float; the angle, of either sign

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x
    """
    ### BEGIN SOLUTION
    n, _, h, w = x.shape
    a = np.deg2rad(degrees)
    u = np.arange(w) - (w - 1) / 2
    v = np.arange(h)[:, None] - (h - 1) / 2
    flow = np.zeros((n, 2, h, w))
    flow[:, 0] = np.cos(a) * u - np.sin(a) * v - u
    flow[:, 1] = np.sin(a) * u + np.cos(a) * v - v
    return elastic_distort(x, flow)
    ### END SOLUTION


# %% check="rotate" points=3
check("rotate", rotate, points=3)

# %% [markdown]
# ### Picture
# From each pixel an arrow to the place where its value comes from, measured: your functions were given an image whose
# values are its coordinates. Below, a photograph. Predict first: which way do the arrows of a rotation by +30° run?

# %% demo="warps"
plots.augmentation_warps(elastic_distort, zoom, rotate)

# %% [markdown]
# ### Question
# The arrows run clockwise, and the picture turns counter-clockwise. The arrows of a zoom by 1.5 point inward, and the
# picture grows. Explain.
#
# <details><summary>Answer</summary>
#
# An arrow says where a pixel *fetches* its value. The pixel at the right fetches from further down, so what was down
# there goes up: a counter-clockwise turn. And whoever fetches from nearer the centre shows the centre larger. Backward
# sampling is always the inverse of the motion that you see. A wrong sign of the angle, or `factor` for `1 / factor`,
# is the commonest mistake.
#
# </details>

# %% [markdown]
# ### Picture
# A full turn, in one step or in many. Predict the curve: which numbers of steps give the flower back unharmed?

# %% demo="generations"
plots.augmentation_generations(rotate)

# %% [markdown]
# ### Question
# Why do 4 steps cost nothing, and 3 a lot? How should a pipeline zoom, turn and bend the same image?
#
# <details><summary>Answer</summary>
#
# By 90° and 180° every pixel centre lands on a pixel centre, if the centre of the turn is the right one. By 120° each
# pixel becomes a mean of four, and means of means blur: after 36 turns only the large shapes are left.
#
# So work out the place first, through all the maps, and read once. That is how libraries do it: they multiply the
# matrices, add the flow, and sample a single time.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# `affine_grid` makes the flow and `grid_sample` reads, both in coordinates from -1 to 1.
#
# ```python
# import torch
#
# x, a = torch.rand(1, 3, 8, 8), torch.deg2rad(torch.tensor(30.0))
# turn = torch.tensor([[[a.cos(), -a.sin(), 0], [a.sin(), a.cos(), 0]]])
# F = torch.nn.functional
# grid = F.affine_grid(turn, list(x.shape), align_corners=False)
# F.grid_sample(x, grid, align_corners=False), rotate(x.numpy(), 30)
# ```
#
# </details>

# %% [markdown]
# ## 3 · When the label breaks
#
# ### Idea
# Augmentation is a claim: *this change does not change the answer*. For cats a flip keeps it. For digits? A 6 that is
# turned by 180° is a 9, and a training set that calls it a 6 teaches a lie.
#
# ### Picture
# The network from section 1, shown digits flipped by your function, and turned by 180°. Predict first: which digits
# survive which of the two, and where do the 6 and the 9 go?

# %% demo="labels"
plots.augmentation_labels(horizontal_flip, rotate)

# %% [markdown]
# ### Question
# Is the network wrong when it calls a turned 6 a 9? And is a flipped 2 a lie in the same sense?
#
# <details><summary>Answer</summary>
#
# It is right, and the label is wrong: what it sees *is* a 9. Two classes change places here, and no network of any
# size could learn both.
#
# A flipped 2 is no other digit, it is none at all. Nobody writes it, so the network must spend capacity on shapes that
# no test will show. The first kind of mistake teaches falsehoods, the second wastes effort. You will measure both in
# section 11.
#
# </details>

# %% [markdown]
# ## 4 · Light and colour
#
# ### Idea
# The same temple at noon, at dusk, through a yellow window: all numbers differ, the answer does not. A network that
# has seen only noon may take the light for the thing. So change the light. One trap waits: a pixel cannot be brighter
# than white.

# %% [markdown]
# ### Equation
#
# $$\begin{aligned}
# \text{brightness:} &\quad \mathrm{clip}(x + \delta) &
# \text{contrast:} &\quad \mathrm{clip}(m + f\,(x - m)) \\
# \text{colour cast:} &\quad \mathrm{clip}(x_c + t_c) &
# \text{shade:} &\quad x_j \left(1 - s\,\tfrac{j}{W-1}\right)
# \end{aligned}$$
#
# - $\mathrm{clip}$: what is below 0 becomes 0, what is above 1 becomes 1;
# - $\delta$ (`delta`), $f$ (`factor`), $t_c$ (`cast`, one number for each channel), $s$ (`strength`);
# - $m$: the mean of the image, one number for each image of the batch.


# %% exercise="adjust_brightness" core=1
def adjust_brightness(x, delta):
    """Return the images made brighter, or darker, by delta.

    out = clip(x + delta, 0, 1): a pixel cannot be whiter than white or
    blacker than black. As kornia.enhance.adjust_brightness; torchvision's
    function of that name multiplies instead.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]
    delta : float in [-1, 1]; added to every pixel

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x; in [0, 1]
    """
    ### BEGIN SOLUTION
    return np.clip(x + delta, 0, 1)
    ### END SOLUTION


# %% check="adjust_brightness" points=1
check("adjust_brightness", adjust_brightness, points=1)


# %% exercise="adjust_contrast" core=2
def adjust_contrast(x, factor):
    """Return the images with another contrast.

    out = clip(m + factor * (x - m), 0, 1), where m is the mean of the
    image over its channels, rows and columns: one number for each image.
    (torchvision takes the mean of the image in shades of gray;
    kornia.enhance.adjust_contrast multiplies by factor, around black.)

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]
    factor : float, not negative; 0 leaves one even gray, 1 the image

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x; in [0, 1]
    """
    ### BEGIN SOLUTION
    m = x.mean(axis=(1, 2, 3), keepdims=True)
    return np.clip(m + factor * (x - m), 0, 1)
    ### END SOLUTION


# %% check="adjust_contrast" points=2
check("adjust_contrast", adjust_contrast, points=2)


# %% exercise="color_cast" extra=1
def color_cast(x, cast):
    """Return the images with a tint: each channel moved by its own amount.

    out[n, c, i, j] = clip(x[n, c, i, j] + cast[c], 0, 1).

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]
    cast : ndarray of shape (C,); added to the channels

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x; in [0, 1]
    """
    ### BEGIN SOLUTION
    return np.clip(x + cast[:, None, None], 0, 1)
    ### END SOLUTION


# %% check="color_cast" points=2
check("color_cast", color_cast, points=2)


# %% exercise="shade" extra=1
def shade(x, strength):
    """Return the images with a shadow that deepens from left to right.

    out[n, c, i, j] = x[n, c, i, j] * ramp[j]; the ramp falls evenly from
    1 in the first column to 1 - strength in the last. An image of a
    single column stays as it is.

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]
    strength : float in [0, 1]; how much light the last column loses

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x; in [0, 1]
    """
    ### BEGIN SOLUTION
    ramp = np.linspace(1, 1 - strength, x.shape[3], dtype=x.dtype)
    return x * ramp
    ### END SOLUTION


# %% check="shade" points=2
check("shade", shade, points=2)

# %% [markdown]
# ### Picture
# Your four functions, and below them how often each value occurs. Predict first: which of the four will clip most, and
# which cannot clip at all?

# %% demo="light"
plots.augmentation_light(adjust_brightness, adjust_contrast, color_cast, shade)

# %% [markdown]
# ### Question
# Which of the four could you undo, given only the result and its strength? In torchvision, `adjust_brightness`
# *multiplies*. Where does that differ most?
#
# <details><summary>Answer</summary>
#
# Only the shade: divide by the ramp (unless its strength is 1). The others lose what was clipped: two thirds of the
# values at this contrast. Strong light therefore takes information away, like a crop does.
#
# In the dark: a factor leaves black black, like a longer exposure, while `delta` lifts it to gray, like fog.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# x = torch.rand(2, 3, 8, 8)
# m = x.mean((1, 2, 3), keepdim=True)
# bright, hard = (x + 0.3).clamp(0, 1), torch.lerp(m, x, 1.5).clamp(0, 1)
# yours = adjust_brightness(x.numpy(), 0.3), adjust_contrast(x.numpy(), 1.5)
# (bright, hard), yours
# ```
#
# </details>

# %% [markdown]
# ## 5 · Crops and holes, at random
#
# ### Idea
# So far you decided on the strength. Training needs it *drawn*, anew for each image and each time: the network then
# never sees the same batch twice. Two random transforms ask for nothing but a place. A crop moves the image. A hole
# takes a part of it away, so that no single part becomes indispensable.

# %% [markdown]
# ### Equation
#
# Crop: put $p$ zeros around the image, cut out $H \times W$ from row $a$ and column $b$ on, with
#
# $$a,\, b \sim \{0, 1, \dots, 2p\}, \text{ all as likely.}$$
#
# Hole: a centre $(r, c)$, every pixel as likely; rows $r - \lfloor s/2 \rfloor$ to $r - \lfloor s/2 \rfloor + s - 1$
# become 0, columns likewise.
#
# - $p$ (`padding`), $s$ (`size`): in pixels;
# - all draws come from `rng`, one for each *image*, never one for the batch.
#
# Krizhevsky (2009) for crops; [DeVries and Taylor (2017)](https://arxiv.org/abs/1708.04552) for holes: *cutout*.


# %% exercise="random_crop" core=2
def random_crop(x, padding, rng):
    """Return a random crop of each image, as large as the image was.

    Put a frame of zeros, `padding` wide, around each image; then cut
    H rows and W columns out of it, beginning at a row and a column that
    are drawn uniformly from 0, 1, ..., 2 * padding (both ends included).
    Rows and columns are drawn independently, for each image anew; all
    channels of an image share the cut. (Krizhevsky 2009; as
    torchvision.transforms.RandomCrop(size, padding), which draws once
    for a whole batch.)

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]
    padding : int, not negative; width of the frame in pixels
    rng : numpy.random.Generator; the only source of randomness

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x
    """
    ### BEGIN SOLUTION
    n, _, h, w = x.shape
    frame = (padding, padding)
    padded = np.pad(x, ((0, 0), (0, 0), frame, frame))
    top, left = rng.integers(0, 2 * padding + 1, size=(2, n))
    out = np.empty_like(x)
    for k in range(n):
        i, j = top[k], left[k]
        out[k] = padded[k, :, i : i + h, j : j + w]
    return out
    ### END SOLUTION


# %% check="random_crop" points=4
check("random_crop", random_crop, points=4)


# %% exercise="cutout" core=2
def cutout(x, size, rng):
    """Return the images with a square hole of zeros in each.

    For each image a centre (r, c) is drawn, every pixel as likely, those
    at the border too. Rows r - size // 2 to r - size // 2 + size - 1 and
    columns c - size // 2 to c - size // 2 + size - 1 become 0, in all
    channels; what of the hole lies outside the image is lost, so holes
    near the border are smaller (DeVries and Taylor 2017).

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W); images in [0, 1]
    size : int, positive; side of the hole in pixels, odd or even
    rng : numpy.random.Generator; the only source of randomness

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of x
    """
    ### BEGIN SOLUTION
    n, _, h, w = x.shape
    top = rng.integers(0, h, size=(n, 1, 1, 1)) - size // 2
    left = rng.integers(0, w, size=(n, 1, 1, 1)) - size // 2
    row, column = np.arange(h)[:, None], np.arange(w)
    in_rows = (row >= top) & (row < top + size)
    in_columns = (column >= left) & (column < left + size)
    return x * ~(in_rows & in_columns)
    ### END SOLUTION


# %% check="cutout" points=3
check("cutout", cutout, points=3)

# %% [markdown]
# ### Picture
# Three draws of each, and what thousands of draws add up to: crops with `padding=2`, holes of 6 x 6 in images of 12 x
# 12. Predict first: how often is a pixel in the middle hidden, how often one in a corner?

# %% demo="draws"
plots.augmentation_draws(random_crop, cutout, seed=SEED)

# %% [markdown]
# ### Question
# Work out the two numbers. Why are the four corners not alike? What would change if the whole hole had to lie inside
# the image?
#
# <details><summary>Answer</summary>
#
# Middle: 6 of 12 centres in each direction hide it, $\frac12 \cdot \frac12 = 25$ %. Row 0 is hidden by centres 0 to 3,
# row 11 by centres 9 to 11, since a hole of even size has no middle pixel. So the corners have $\frac1{9} = 11$ % down
# to $\frac1{16} = 6$ %.
#
# With holes inside, a corner would be hidden in one of 49, and no image would stay almost whole. DeVries and Taylor
# found it important that some do.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# `unfold` cuts out all 25 crops at once; yours is one of them.
#
# ```python
# import torch
#
# x, F = torch.rand(1, 1, 8, 8), torch.nn.functional
# crops = F.unfold(F.pad(x, (2, 2, 2, 2)), kernel_size=8)[0].T
# mine = random_crop(x.numpy(), 2, np.random.default_rng(SEED))
# True, (crops == torch.from_numpy(mine).flatten()).all(1).any()
# ```
#
# </details>

# %% [markdown]
# ## 6 · Blends
#
# ### Idea
# All transforms so far kept the label, and one had to *know* that they do.
# [Zhang et al. (2018)](https://arxiv.org/abs/1710.09412) change the label as well: blend two images, and ask for a
# blend of two answers. It needs no knowledge of the data at all, and forbids the network to leap from certain to
# certain between two examples.

# %% [markdown]
# ### Equation
#
# $$\tilde x_i = \lambda_i x_i + (1 - \lambda_i)\, x_{\pi(i)} \qquad \tilde y_i = \lambda_i y_i + (1 - \lambda_i)\, y_{\pi(i)} \qquad
# \lambda_i \sim \mathrm{Beta}(\alpha, \alpha)$$
#
# - $y$: labels, one-hot, so that they can be blended;
# - $\pi$: one random permutation of the batch; an image may meet itself;
# - $\lambda_i$: the image's own share, one for each image, in $x$ and in $y$ the same;
# - $\alpha$ (`alpha`): small, and one of the two nearly always wins.


# %% exercise="mixup" core=2
def mixup(x, y, alpha, rng):
    """Return a batch of blended images and their blended labels.

    x_i <- lam_i x_i + (1 - lam_i) x_j,  y_i <- the same with y: each
    image i has its own lam_i ~ Beta(alpha, alpha), and j = perm[i] with
    one random permutation of the batch (Zhang et al. 2018; their code
    draws one lam for the whole batch, which this is not).

    Parameters
    ----------
    x : ndarray of shape (N, C, H, W), values in [0, 1]
    y : ndarray of shape (N, classes), one-hot, of the dtype of x
    alpha : float, positive; small: hardly blended, large: half and half
    rng : numpy.random.Generator; the only source of randomness

    Returns
    -------
    x : ndarray of shape (N, C, H, W), dtype of x
    y : ndarray of shape (N, classes), dtype of y
    """
    ### BEGIN SOLUTION
    perm = rng.permutation(len(x))
    lam = rng.beta(alpha, alpha, len(x)).astype(x.dtype)
    lam_x, lam_y = lam[:, None, None, None], lam[:, None]
    x_mixed = lam_x * x + (1 - lam_x) * x[perm]
    y_mixed = lam_y * y + (1 - lam_y) * y[perm]
    return x_mixed, y_mixed
    ### END SOLUTION


# %% check="mixup" points=4
check("mixup", mixup, points=4)

# %% [markdown]
# ### Picture
# Blends for `alpha=1`, with what their labels say. Right, the shares that your function drew. Predict first: what does
# the curve for `alpha=0.2` look like?

# %% demo="mixup"
plots.augmentation_mixup(mixup, seed=SEED)

# %% [markdown]
# ### Question
# With `alpha=0.2`, roughly how many images are visibly blended, $0.1 < \lambda < 0.9$? Is the cross-entropy with a
# blended label anything new?
#
# <details><summary>Answer</summary>
#
# A third; with `alpha=1` it is 80 %. So small values mean "mostly the plain images".
#
# Cross-entropy is linear in the label: it is $\lambda_i$ times the loss for the one label plus $1 - \lambda_i$ times
# that for the other. Any code that takes class numbers can do it with two calls.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# `cross_entropy` takes blended labels as they are: the last answer above, in numbers.
#
# ```python
# import torch
#
# x, y = np.zeros((4, 1, 2, 2)), np.eye(4)
# _, blended = mixup(x, y, 0.2, np.random.default_rng(SEED))
# scores, F = torch.randn(4, 4, dtype=torch.float64), torch.nn.functional
# log_p = F.log_softmax(scores, dim=1).numpy()
# by_hand = -(log_p * blended).sum(axis=1).mean()
# F.cross_entropy(scores, torch.from_numpy(blended)), by_hand
# ```
#
# </details>

# %% [markdown]
# ## 7 · Pipelines
#
# ### Idea
# A flip that *always* happens is no augmentation: it only exchanges one data set for another. It needs a coin for each
# image. And nobody uses one transform alone. Two functions that make functions turn your collection into a recipe.

# %% [markdown]
# ### Equation
#
# $$\mathrm{apply}(x)_n = \begin{cases} \mathrm{transform}(x)_n & \text{with probability } p \\ x_n & \text{otherwise} \end{cases}
# \qquad \mathrm{compose}([f, g])(x) = g(f(x))$$
#
# - $p$ (`p`): one coin for each image $n$, thrown again at each call.
#
# Both return a *function*. Nothing is drawn when it is made, everything when it is called.


# %% exercise="random_apply" core=2
def random_apply(transform, p, rng):
    """Return a function that applies a transform to each image or not.

    Every image is decided on by itself, with probability p, and anew at
    each call. (torchvision's RandomApply decides once for all that it is
    given.)

    Parameters
    ----------
    transform : function of images (k, C, H, W), each by itself, that
        returns as many of the same shape
    p : float in [0, 1]; probability that an image is transformed
    rng : numpy.random.Generator; the only source of randomness

    Returns
    -------
    apply : function of x, shape (N, C, H, W), that returns a new array of
        the same shape and dtype
    """
    ### BEGIN SOLUTION

    def apply(x):
        chosen = rng.random(len(x)) < p
        out = x.copy()
        if chosen.any():
            out[chosen] = transform(x[chosen])
        return out

    return apply
    ### END SOLUTION


# %% check="random_apply" points=3
check("random_apply", random_apply, points=3)


# %% exercise="compose" core=1
def compose(transforms):
    """Return a function that applies transforms one after the other.

    compose([f, g])(x) is g(f(x)): the first in the list comes first, as
    in torchvision.transforms.Compose. Of no transforms: x as it is.

    Parameters
    ----------
    transforms : list of functions, each of x alone

    Returns
    -------
    apply : function of x, shape (N, C, H, W), that can be called again
    """
    ### BEGIN SOLUTION

    def apply(x):
        for transform in transforms:
            x = transform(x)
        return x

    return apply
    ### END SOLUTION


# %% check="compose" points=1
check("compose", compose, points=1)

# %% [markdown]
# ### Picture
# A recipe for photographs. Four copies of one picture go through it, twice. Predict first: how many of the eight
# results will be alike? And how do three transforms with $p = 0.5$ share out over many images?


# %% demo="pipeline"
def pipeline(rng):
    """Return a function that augments a batch of photographs."""

    def crop(x):
        return random_crop(x, 12, rng)

    def light(x):
        return adjust_contrast(x, rng.uniform(0.5, 1.5))

    def hole(x):
        return cutout(x, 32, rng)

    flip = random_apply(horizontal_flip, 0.5, rng)
    return compose([flip, crop, random_apply(light, 0.5, rng), hole])


plots.augmentation_pipeline(pipeline, random_apply, compose, seed=SEED)

# %% [markdown]
# ### Question
# Does the order matter for a flip and a shade? For a hole and a contrast? And what is not quite drawn per image in
# this recipe?
#
# <details><summary>Answer</summary>
#
# It does: the shade is always dark at the right, unless a flip comes after it. And contrast is taken about the mean of
# the image, which a hole lowers; after the hole, black need not stay black either.
#
# `light` draws *one* factor a call. All images of the batch that the coin chose get the same contrast (unless your
# `random_apply` hands them over one by one). With many batches that evens out; it is worth knowing where "random" is
# hidden in a recipe.
#
# </details>

# %% [markdown]
# Now turn the dials. The list chooses a transform, the slider its strength (below zero: to the other side). **First**:
# at which angle does the network read only half of the digits, and at which can *you* no longer? **Then**: for which
# transform does the network give up long before you do?
#
# Under each photograph stand a digit at five strengths and the share of digits that the network reads, whose half is
# dotted: the answers can be read off there too.

# %% demo="gallery"
widgets.augmentation_gallery(
    {
        "horizontal_flip": horizontal_flip,
        "shift": shift,
        "elastic_distort": elastic_distort,
        "zoom": zoom,
        "rotate": rotate,
        "random_crop": random_crop,
        "adjust_brightness": adjust_brightness,
        "adjust_contrast": adjust_contrast,
        "color_cast": color_cast,
        "shade": shade,
        "cutout": cutout,
    }
)

# %% [markdown]
# <details><summary>Answer</summary>
#
# Near 30° half are left, while you read most digits up to 60° or so. The gap is widest where your eye corrects without
# being asked: a shift by one pixel, a zoom by 0.8. That gap is what augmentation can close. Where you can no longer
# read either, it has nothing to teach.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# `Sequential` is `compose`, for layers.
#
# ```python
# import torch
#
# x, pad = torch.rand(1, 8, 8), torch.nn.ZeroPad2d(1)
# pool = torch.nn.AvgPool2d(2)
# torch.nn.Sequential(pad, pool)(x), compose([pad, pool])(x)
# ```
#
# </details>

# %% [markdown]
# ## 8 · Another style
#
# ### Idea
# Can one change *how* an image is painted and keep *what* it shows? Then style would be one more augmentation.
# [Gatys et al. (2016)](https://arxiv.org/abs/1508.06576) proposed a measure of style that forgets where things are,
# [Huang and Belongie (2017)](https://arxiv.org/abs/1703.06868) an even simpler one: the mean and the spread of each
# channel. They apply them to the features of a deep network. The formulas are the same for colours.

# %% [markdown]
# ### Equation
#
# $$G_{ab} = \frac{1}{CHW} \sum_{i,j} f_{a,i,j}\, f_{b,i,j} \qquad
# \mathrm{out} = s(\mathrm{style})\,\frac{\mathrm{content} - m(\mathrm{content})}{s(\mathrm{content})} + m(\mathrm{style})$$
#
# - $f$: features `(N, C, H, W)`; $a$, $b$: two of the channels, so $G$ is 3 x 3 for colours;
# - $m$: mean over the pixels of a channel; $s = \sqrt{\mathrm{var} + \epsilon}$, with the biased variance of the same
#   pixels.
#
# All of it for each image and channel by itself.


# %% exercise="gram_matrix" extra=1
def gram_matrix(f):
    """Return which channels are active together: the style of features.

    G_ab = sum over pixels of f_a f_b / (C H W), for each sample (Gatys et
    al. 2016; the division is Johnson et al. 2016). Where in the picture
    the features stand does not matter.

    Parameters
    ----------
    f : ndarray of shape (N, C, H, W); features of images

    Returns
    -------
    gram : ndarray of shape (N, C, C), dtype of f
    """
    ### BEGIN SOLUTION
    n, c, h, w = f.shape
    flat = f.reshape(n, c, h * w)
    return flat @ flat.transpose(0, 2, 1) / (c * h * w)
    ### END SOLUTION


# %% check="gram_matrix" points=2
check("gram_matrix", gram_matrix, points=2)


# %% exercise="adain" extra=2
def adain(content, style, eps=1e-5):
    """Return content with the mean and spread of style, by channel.

    s(style) (content - m(content)) / s(content) + m(style), with mean m
    and s = sqrt(biased variance + eps) over the pixels of each channel of
    each sample (Huang and Belongie 2017, eq. 8).

    Parameters
    ----------
    content : ndarray of shape (N, C, H, W)
    style : ndarray of shape (N, C, H', W'), maybe of another size
    eps : float, positive; added to both variances, inside the root

    Returns
    -------
    out : ndarray of shape (N, C, H, W), dtype of content
    """
    ### BEGIN SOLUTION

    def moments(f):
        mean = f.mean(axis=(2, 3), keepdims=True)
        var = ((f - mean) ** 2).mean(axis=(2, 3), keepdims=True)
        return mean, np.sqrt(var + eps)

    mean_c, std_c = moments(content)
    mean_s, std_s = moments(style)
    return std_s * (content - mean_c) / std_c + mean_s
    ### END SOLUTION


# %% check="adain" points=3
check("adain", adain, points=3)

# %% [markdown]
# ### Picture
# Your Gram matrices stand below the images. Predict first: what does shuffling the pixels do to the matrix? After
# AdaIN, which of its entries are those of the style?

# %% demo="style"
plots.augmentation_style(gram_matrix, adain, seed=SEED)

# %% [markdown]
# ### Question
# Why are the diagonals of "style" and "adain" equal, and the rest not? And why can one go back?
#
# <details><summary>Answer</summary>
#
# $C\, G_{aa}$ is the mean of $f_a^2$, which is mean² + variance, and AdaIN hands over just those. Off the diagonal
# stands how channels go *together*, and that is still the content's: its red and blue rise together, the flower's do
# not.
#
# AdaIN is a line for each channel, so nothing is lost: six numbers are exchanged. In the features of a deep network
# there are hundreds of channels, for edges and strokes, and the same formula changes the brushwork.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# ```python
# import torch
#
# f, style = torch.rand(2, 3, 8, 8), torch.rand(2, 3, 8, 8)
# gram = torch.einsum("naij,nbij->nab", f, f) / f[0].numel()
# spread = (style.var((2, 3), correction=0, keepdim=True) + 1e-5).sqrt()
# restyled = torch.nn.functional.instance_norm(f) * spread
# restyled = restyled + style.mean((2, 3), keepdim=True)
# (gram, restyled), (gram_matrix(f.numpy()), adain(f.numpy(), style.numpy()))
# ```
#
# </details>

# %% [markdown]
# ## 9 · Sound: noise and loudness
#
# ### Idea
# A recogniser that learnt from studio recordings fails in a café. So put the café into the training set. Loudness is
# counted in decibels, a logarithm, and most mistakes with sound are made there: is it ten times the logarithm, or
# twenty?

# %% [markdown]
# ### Equation
#
# $$\frac{\text{power of the sound}}{\text{power of the noise}} = 10^{\,\mathrm{snr}/10} \qquad
# L = 20 \log_{10} |x|, \quad L \leftarrow T + \frac{L - T}{\mathrm{ratio}} \text{ where } L > T$$
#
# - $x$: a sound, `(samples,)` in [-1, 1]; its power is the mean of $x^2$;
# - $\mathrm{snr}$ (`snr_db`): signal-to-noise ratio in dB, a ratio of *powers*, hence 10;
# - $L$: level of a sample, from its *amplitude*, hence 20: power is amplitude squared;
# - $T$ (`threshold_db`), `ratio`: excess that is squeezed into 1 dB.


# %% exercise="add_noise" extra=1
def add_noise(x, snr_db, rng):
    """Return a sound with Gaussian noise at a signal-to-noise ratio.

    The noise has the power mean(x^2) / 10^(snr_db / 10): decibels are ten
    times the logarithm of a ratio of powers. Not clipped; silence stays
    silence.

    Parameters
    ----------
    x : ndarray of shape (samples,), values in [-1, 1]
    snr_db : float; 0: noise as strong as the sound, 20: a hundredth of it
    rng : numpy.random.Generator; the only source of randomness

    Returns
    -------
    out : ndarray of shape (samples,), dtype of x
    """
    ### BEGIN SOLUTION
    power = np.mean(x**2) / 10 ** (snr_db / 10)
    noise = np.sqrt(power) * rng.standard_normal(x.shape)
    return x + noise.astype(x.dtype)
    ### END SOLUTION


# %% check="add_noise" points=2
check("add_noise", add_noise, points=2)


# %% exercise="compress_dynamic_range" extra=2
def compress_dynamic_range(x, threshold_db, ratio):
    """Return a sound whose loud samples are brought closer to the rest.

    The level of a sample is L = 20 log10 |x| dB. Above the threshold T it
    becomes T + (L - T) / ratio, below it stays (a hard knee; no make-up
    gain). The sign stays, and so does 0.

    Parameters
    ----------
    x : ndarray of shape (samples,), values in [-1, 1]
    threshold_db : float; in dB of full scale: 0 is |x| = 1, -20 is 0.1
    ratio : float, at least 1; excess in dB that becomes 1 dB

    Returns
    -------
    out : ndarray of shape (samples,), dtype of x
    """
    ### BEGIN SOLUTION
    # Below it nothing happens: the threshold stands in for log of 0 too.
    threshold = 10 ** (threshold_db / 20)
    level = 20 * np.log10(np.maximum(np.abs(x), threshold))
    excess = level - threshold_db
    gain_db = excess / ratio - excess
    out = np.where(np.abs(x) > threshold, x * 10 ** (gain_db / 20), x)
    return out.astype(x.dtype)
    ### END SOLUTION


# %% check="compress_dynamic_range" points=3
check("compress_dynamic_range", compress_dynamic_range, points=3)

# %% [markdown]
# ### Picture
# A melody, plucked by formula, with noise from your function. The colour shows how strong each frequency is. Predict
# first: at 0 dB the noise is as strong as the melody. Will you still hear it? Then press play.

# %% demo="noise"
plots.augmentation_noise(add_noise, seed=SEED)

# %% [markdown]
# Now the compressor, with a loud-and-soft melody. Predict first: which notes get louder once the result is turned up
# to the old peak? And what becomes of a pure tone?

# %% demo="compression"
plots.augmentation_compression(compress_dynamic_range)

# %% [markdown]
# ### Question
# Why does the melody stand out at 0 dB? Where do the new frequencies of the pure tone come from, and how do real
# compressors avoid them?
#
# <details><summary>Answer</summary>
#
# The noise is spread over all 4000 Hz, each note stands in a few narrow lines: there it is far stronger. Your ear
# sorts by frequency, too.
#
# The soft notes gain: after turning up they are nearly as loud as the others.
#
# Each wave's crest is pressed flat, and a flattened sine holds odd multiples of 300 Hz. Those beyond 4000 Hz come back
# folded, at 500 or 1100 Hz. Real compressors follow the *envelope* of the sound, slower than a wave, so the wave keeps
# its shape.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# Random numbers: the two agree to a few percent.
#
# ```python
# import torch
#
# x = torch.sin(torch.arange(80_000) / 10)
# noise = torch.randn(80_000) * x.square().mean().sqrt() * 10 ** (-6 / 20)
# mine = add_noise(x.numpy(), 6.0, np.random.default_rng(SEED)) - x.numpy()
# noise.std(), mine.std()
# ```
#
# </details>

# %% [markdown]
# ## 10 · Sound: time and pitch
#
# ### Idea
# Play a tape 1.5 times as fast, and everybody speaks with the voice of a mouse: time and pitch are one and the same
# reading speed. To change one alone, cut the sound into short frames, and lay them out closer together. But frames
# that are moved no longer fit: the wave of one meets the wave of the next out of step, and cancels it.

# %% [markdown]
# ### Equation
#
# $$\phi_k \leftarrow \phi_k + \angle X_k(t + \mathrm{hop}) - \angle X_k(t)$$
#
# - $X(t)$: the spectrum of a frame of `n_fft` samples that begins at $t$, under a Hann window; $k$: one of its
#   frequencies; $\angle$: the phase (`np.angle`);
# - output frames stand `hop` apart; the next one comes from $t + \mathrm{rate} \cdot \mathrm{hop}$ of the input, with
#   *its* magnitudes $|X_k|$;
# - $\phi_k$: the phase of the output. It advances as the input does in `hop` samples: waves stay in step.
#
# Add the frames up, each under the window again, and divide by the sum of the squared windows. This is the *phase
# vocoder* ([Flanagan and Golden 1966](https://doi.org/10.1002/j.1538-7305.1966.tb01706.x)).


# %% exercise="time_stretch" extra=3
def time_stretch(x, rate, n_fft=1024, hop=256):
    """Return a sound played rate times as fast, at the same pitch.

    A phase vocoder (Flanagan and Golden 1966). Every `hop` samples of the
    output stands a frame. Its magnitudes are those of the input `rate`
    times as far on, to the nearest sample; its phases go on from the
    frame before by what the input's phases advance in `hop` samples
    there. A Hann window before and after, the sum divided by the
    overlapping squared windows. How you pad the ends is up to you.

    Parameters
    ----------
    x : ndarray of shape (samples,), at least n_fft of them
    rate : float, positive; 2: twice as fast, half as long
    n_fft : int, even; samples in a frame
    hop : int, at most n_fft // 4; from one frame to the next

    Returns
    -------
    out : ndarray of shape (round(samples / rate),), dtype of x
    """
    ### BEGIN SOLUTION
    length = round(len(x) / rate)
    window = np.hanning(n_fft + 1)[:-1]
    starts = np.arange(0, length + n_fft, hop)
    there = np.rint(starts * rate).astype(int)
    # Frames reach over both ends, and one hop further back.
    ends = (n_fft // 2 + hop, there[-1] + n_fft)
    padded = np.pad(x, ends).astype(float)

    def spectra(at):
        return np.fft.rfft(padded[at[:, None] + np.arange(n_fft)] * window)

    before, now = spectra(there), spectra(there + hop)
    advance = np.angle(now) - np.angle(before)
    advance[0] = np.angle(now[0])
    phase = np.cumsum(advance, axis=0)
    frames = np.fft.irfft(np.abs(now) * np.exp(1j * phase)) * window
    out, weight = np.zeros((2, starts[-1] + n_fft))
    for start, frame in zip(starts, frames, strict=True):
        out[start : start + n_fft] += frame
        weight[start : start + n_fft] += window**2
    middle = slice(n_fft // 2, n_fft // 2 + length)
    return (out[middle] / weight[middle]).astype(x.dtype)
    ### END SOLUTION


# %% check="time_stretch" points=7
check("time_stretch", time_stretch, points=7)

# %% [markdown]
# ### Equation
# Higher by $s$ semitones means every frequency times $q = 2^{s/12}$: twelve semitones, an octave, double it. First
# make the sound $q$ times as long without changing its pitch, then read it $q$ times as fast, as a tape: the old
# length, the new pitch.


# %% exercise="pitch_shift" extra=2
def pitch_shift(x, semitones):
    """Return a sound of the same length, higher by so many semitones.

    Every frequency is multiplied by 2^(semitones / 12). First stretched in
    time, to that many times the length, then read that many times as fast:
    samples in between by linear interpolation.

    Parameters
    ----------
    x : ndarray of shape (samples,)
    semitones : float; 12: an octave up, negative: down

    Returns
    -------
    out : ndarray of shape (samples,), dtype of x
    """
    ### BEGIN SOLUTION
    factor = 2 ** (semitones / 12)
    longer = time_stretch(x, 1 / factor)
    places = np.arange(len(x)) * factor
    out = np.interp(places, np.arange(len(longer)), longer)
    return out.astype(x.dtype)
    ### END SOLUTION


# %% check="pitch_shift" points=3
check("pitch_shift", pitch_shift, points=3)

# %% [markdown]
# ### Picture
# A tape that runs 1.5 times as fast, and the two effects apart; 7.02 semitones are a factor of 1.5. Predict first:
# which of the pictures have their lines at the same heights, which end at the same time? Then listen.

# %% demo="stretch"
plots.augmentation_stretch(time_stretch, pitch_shift)

# %% [markdown]
# ### Question
# What did both effects spoil? And for which labels would they be a lie: the words, the speaker, the mood?
#
# <details><summary>Answer</summary>
#
# The attacks. A plucked note begins at once, in all frequencies in step; the vocoder keeps each frequency in step with
# *itself*, and the start is smeared over a frame.
#
# The words survive both. A speaker is known by the pitch, and a mood by pace and pitch: there the transforms change
# the answer. It is the 6 and the 9 again.
#
# </details>

# %% [markdown]
# ### Picture
# How long should a frame be? Two tones 60 Hz apart, then a click, at half speed with frames of three sizes. Predict
# which size spoils the tones, and which the click.

# %% demo="frames"
plots.augmentation_frames(time_stretch)

# %% [markdown]
# ### Question
# Explain both failures.
#
# <details><summary>Answer</summary>
#
# A frame of 16 ms tells frequencies apart that differ by 1/0.016 s = 62 Hz: the two tones share one $k$, whose phase
# belongs to neither, and new lines appear around them.
#
# A frame of 512 ms holds the click at many positions, one for each frame that covers it, and each puts it elsewhere:
# one click becomes several. No size is right for all sounds. 1024 samples, 128 ms here, are a compromise (librosa
# takes 2048 at 22,050 Hz: 93 ms).
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# `stft` cuts into frames and `istft` adds them up again. At a rate of 1 nothing should happen:
#
# ```python
# import torch
#
# x, window = torch.sin(torch.arange(8000) / 10), torch.hann_window(1024)
# frames = torch.stft(x, 1024, 256, window=window, return_complex=True)
# back = torch.istft(frames, 1024, 256, window=window, length=8000)
# back, time_stretch(x.numpy(), 1.0)
# ```
#
# </details>

# %% [markdown]
# ## 11 · Before and after
#
# ### Idea
# Does it help a real network? A recipe of three mild transforms, all yours: now and then a crop by a pixel, bends,
# small turns. A network with 9,610 weights learns 50 to 1000 digits, with the recipe and without, equally many steps.
#
# ### Picture
# Look at the gap between the two lines, and beside it at the spread over the seeds. Predict first: where is the gap
# widest?


# %% demo="parts"
def crop(rng):
    return lambda x: random_crop(x, 1, rng)


def bend(rng):
    def bent(x):
        return elastic_distort(x, samples.bends(x.shape, 0.6, rng))

    return random_apply(bent, 0.6, rng)


def turn(rng, largest=10):
    def turned(x):
        return rotate(x, rng.uniform(-largest, largest))

    return random_apply(turned, 0.5, rng)


# %% demo="few_images"
def all_three(rng):
    some = random_apply(crop(rng), 0.25, rng)
    return compose([some, bend(rng), turn(rng)])


plots.augmentation_few_images(all_three)

# %% [markdown]
# ### Question
# How many real images is the recipe worth at 150? What is left of the gain at 1000?
#
# <details><summary>Answer</summary>
#
# It covers most of the way to 400 plain images (two thirds of it, over 12 seeds): as if there were about twice as many.
# With 50 images it gains about 4 points, with 1000 next to nothing, less than the seeds differ: by then the real images
# show most of the variation themselves. (On large and varied data sets, with larger networks and longer training, it
# still pays; 400 steps of a small network cannot show that.)
#
# </details>

# %% [markdown]
# ### Picture
# Which part of a recipe does the work? Each row is another one, with 100 training images, tested on digits as they
# are, and on digits moved by one pixel. At the side the gain on the first row, seed by seed. Predict the best and the
# worst row of each.

# %% demo="recipes"
recipes = {
    "as they are": None,
    "crop": crop,
    "crop, 1 in 4": lambda rng: random_apply(crop(rng), 0.25, rng),
    "bend": bend,
    "turn": turn,
    "all three": all_three,
    "flip": lambda rng: random_apply(horizontal_flip, 0.5, rng),
    "turn by any angle": lambda rng: turn(rng, largest=180),
}
plots.augmentation_recipes(recipes, mixup)

# %% [markdown]
# ### Question (graded)
# In the right picture `crop` gains most by far, and in the left nothing beyond the spread; `bend` gains in the left;
# `flip` and `turn by any angle` lose in both.
# **Explain each of the three findings by what the transform claims about the data.** Then: you have 500 photographs of
# road signs. Name two transforms of this notebook that you would use, with a range, two that you would not, and say
# how you would measure that a range is too wide. Five to eight sentences.

# %% [markdown] answer="what_does_it_claim" points=4
# ### BEGIN SOLUTION
# `crop` claims that the place does not matter. For moved test images that is just what was missing; the plain ones are
# all centred, so there the network spends its capacity on images that never come (one time in four is enough to learn
# it, and costs nothing). `bend` claims that another hand would have written the same digit a little differently. That
# is the variation between training and test images, so it gains where nothing was moved.
# `flip` and `turn by any angle` claim what is false: mirrored digits do not occur, and a 6 turned by 180° is a 9 that
# is labelled 6.
#
# For road signs I would use brightness (delta between -0.3 and 0.3: day and dusk), and zoom by 0.8 to 1.2 or turns up
# to 10° (distance, tilted cameras). Not flips (left and right arrows change places), not turns by any angle or strong
# colour casts (red and blue signs differ in meaning). To find the range I would train with several, over several seeds
# with the same training images, and compare the accuracy on real validation images *without* augmentation: where it
# falls by more than the spread of the differences, the range is too wide.
# ### END SOLUTION

# %% [markdown]
# ### Question
# Mixup, too, was made for better generalisation. What do you report of it here?
#
# <details><summary>Answer</summary>
#
# That its gain on plain digits, $-0.5 \pm 1.8$ points, is smaller than the spread of the differences: no effect could
# be shown. On moved digits it loses, $-3.0 \pm 1.6$ (over 12 seeds $-1.6 \pm 1.4$): a blend of two centred digits says
# nothing about moved ones. One recipe, one network and one tuning prove little in general, and that belongs in the
# report as well.
#
# </details>

# %% [markdown]
# ## Where the books disagree
#
# | what | here | elsewhere |
# |---|---|---|
# | positive angle | counter-clockwise: torchvision, kornia, PIL | clockwise: CSS, canvas |
# | coordinates | pixels, centres at whole numbers | -1 to 1 along both sides: `grid_sample` |
# | brightness | adds: kornia | multiplies: torchvision |
# | contrast | about the mean of all channels | about the mean gray: torchvision; about black: kornia |
# | random crop, mixup | drawn for each image | once for the batch: torchvision, the mixup paper's code |
# | outside the image | zeros | reflection or repetition of the border: an option of most libraries |
# | Gram matrix | divided by $CHW$: Johnson et al. (2016) | as a sum: Gatys et al. (2016), who divide in the loss |
#
# The lectures list augmentations and give no formulas, so PyTorch, its libraries and the papers decide here.
#
# <details><summary>Go further (open, not checked)</summary>
#
# - Take a recipe to `data.cifar10()`: 1,000 photographs, flips, crops, colour. A check of your measurement: with the
#   recipe that leaves every image as it is, the gain is 0 to the last digit.
# - One transform that this notebook does not have, such as a blur (each pixel the mean of the nine around it), and its row
#   in section 11's second picture. When does it break the label?
#
# </details>
#
# <details><summary>Read on</summary>
#
# - [d2l, image augmentation](https://d2l.ai/chapter_computer-vision/image-augmentation.html): a residual network
#   trained with a recipe.
# - [Johnson, Alahi and Fei-Fei (2016)](https://arxiv.org/abs/1603.08155): what the Gram matrix of section 8 can do in a
#   network.
# - PyTorch: [`grid_sample`](https://docs.pytorch.org/docs/stable/generated/torch.nn.functional.grid_sample.html),
#   [`stft`](https://docs.pytorch.org/docs/stable/generated/torch.stft.html);
#   [torchvision's transforms](https://docs.pytorch.org/vision/stable/transforms.html).
#
# </details>
#
# **Next:** 12_training makes it all work.
