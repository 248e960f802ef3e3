# %% [markdown]
# # 00 · Start here
#
# **The question.** How do you work in this course, and what does it tell you when you are wrong?
#
# **You will be able to** write a function, have it checked, read what the check says, and see how far you have come.
#
# **You need** a little Python and NumPy.
#
# **Left out:** everything else. This is a warm-up, and nobody grades it.
#
# **Time:** about 15 minutes.

# %% [markdown]
# ## What this is
#
# You will write the parts of neural network training yourself, in NumPy: optimizers, normalisation, regularisation. Each
# is three to twelve lines. A check compares every number with PyTorch's, and where something is wrong it tries to say
# *which* mistake it is. Then your own function draws the picture.
#
# A notebook is a row of cells. Click on the one below and press **Shift + Enter**: it runs, and the next one is
# selected. The number in brackets beside it says that it ran.

# %%
import numpy as np

from autograder import check, progress
from helpers import plots

# %% [markdown]
# Always run this first cell of a notebook: the others need what it imports. The first check takes some seconds, for it
# loads PyTorch; the next ones do not.
#
# ## 1 · Write, run, check
#
# ### Idea
# A network predicts 2.5 where 3 is right, and 4 where 3.5 is right. How wrong is it? Add the errors up and they cancel:
# -0.5 + 0.5 says that all is well. Squared, they cannot.

# %% [markdown]
# ### Equation
#
# $$\mathrm{error} = \frac{1}{n} \sum_{i=1}^{n} (p_i - t_i)^2$$
#
# - $p$ (`prediction`): what was predicted;
# - $t$ (`target`): what is right;
# - $n$: the number of elements.
#
# Below is an **exercise**: the name, the arguments and the docstring are given. You write what follows them.


# %% exercise="mean_squared_error"
def mean_squared_error(prediction, target):
    """Return the mean of the squared differences, over all elements.

    As torch.nn.functional.mse_loss.

    Parameters
    ----------
    prediction, target : ndarray of any shape, the same for both

    Returns
    -------
    error : float, not negative
    """
    ### BEGIN SOLUTION
    error = prediction - target
    return np.mean(error**2)
    ### END SOLUTION


# %% [markdown]
# **Try it wrong first.** Replace the two lines below the docstring by
#
# ```python
#     return np.mean(prediction - target)
# ```
#
# and run the cell. Nothing seems to happen: a function is only defined when its cell runs. Now run the check.

# %% check="mean_squared_error" points=1
check("mean_squared_error", mean_squared_error, points=1)

# %% [markdown]
# ### What the check says
#
# Each line is a **property** that a right function has, with a tick or a cross, and each is worth a share of the points.
# Under a cross stands what was *called*, *with* which numbers, and what came back. The box above them is there when your
# answers are exactly those of a known mistake.
#
# Now mend the function: run its cell **and** the check again, until there are only ticks. Stuck? Open the **hints**
# under the exercise, one at a time; the third is nearly the answer.
#
# An error in red is no accident either: its last line says what Python missed.

# %% [markdown]
# ### Picture
# Pictures use your functions. Where one is missing they say so, and wait. On the left are three lines through some
# points; on the right is the error of every slope, by your function.

# %% demo="start_error"
plots.start_error(mean_squared_error)

# %% [markdown]
# ### Question
# Where is the lowest point of the valley, and which of the three lines is nearest to it? Most sections end with such a
# question. Predict first, *then* run: a wrong prediction is the one you learn from. And with the wrong function from
# before there is no valley at all: why?
#
# <details><summary>Answer</summary>
#
# Near a slope of 1.5, where the error is 0.09: the rest is the scatter of the points. The middle line stands there; the flat
# one has an error of 1.59, the steep one of 0.90. The mean of the plain differences is a straight line in the slope, from -1.5
# up to 1.7, with no lowest point. It passes through 0 near 1.43, and that only means that the errors cancel there.
#
# </details>
#
# Finding the bottom of such a valley, with a million slopes at once, is what this course is about.

# %% [markdown]
# ## 2 · In words, and handing in
#
# Some notebooks ask a question that a person reads, and end it with a cell for your words. The cell below is one to
# practise on: **double-click** it, replace what stands there, and press **Shift + Enter**. It becomes text again; to
# change it, double-click once more. Formulas go between dollars: `$w - \eta g$` becomes $w - \eta g$.

# %% [markdown]
# *Your words: double-click here.*

# %% [markdown]
# **Before you hand in:** *Kernel → Restart Kernel and Run All Cells*. In a class there may also be a button *Validate*
# above the notebook (and, in any terminal, `nbgrader validate`, with the notebook's name). It runs the whole notebook from
# an empty memory, on the same inputs that you see, and shows every check that has not got full points; then which cells
# stand twice, which were turned into text, and which are lost. It changes nothing and hands nothing in. At grading your
# functions get other inputs, with the same properties.

# %% [markdown]
# ## 3 · When something is odd
#
# - **A name is not defined:** the cell that defines it has not run yet. *Run → Run All Above Selected Cell*.
# - **A cell hangs** (`[*]`): *Kernel → Interrupt*.
# - **Anything else odd:** *Kernel → Restart Kernel and Run All Cells*. What you wrote stays; only the memory is emptied.
#   Do so before you hand a notebook in.
# - **Cells of the course are read-only.** Add as many of your own as you like, with the **+** in the toolbar.
# - **Your work is the notebook's file.** It is saved as you go. On Binder nothing is kept: download it before you leave.

# %% [markdown]
# ## 4 · All assignments, and where you stand
#
# In JupyterLab, click on a name to open it. They build on each other, so go in order, or begin where you are curious: each
# says what it needs. The points are your best so far; they are kept on this machine for you alone. Run the cell again
# whenever you like.

# %% demo="start_progress"
progress()

# %% [markdown]
# ### Picture
# The map. An arrow leads from what is needed to what needs it. In two weeks, take the bold frames, and of each its *core
# path*; in a term, everything. Either way the last assignment puts what you wrote together: with nothing but your own
# functions, a network that reads more than 95 of 100 letters of a script that nobody has seen before.

# %% demo="start_map"
plots.course_map()

# %% [markdown]
# **How long it takes.** Each assignment begins with an honest number of minutes for everything, between two and
# five hours, and names its **core path**: the sections that are enough to go on. Under each exercise stands whether it is on
# that path or *optional*, and how difficult it is: 1 takes minutes, 2 some thought, 3 paper and pencil. In a class, all
# exercises have points, and your teacher says which of them count.
#
# Sections end with folds. *Answer* comes after your own guess. *The same in PyTorch* can be copied into a cell of your own
# once your function is right; its last line shows PyTorch's result and yours, side by side. *Read on*, at the very end,
# leads to papers and to other courses that explain the same in another way.
#
# <details><summary>What is "lecture 002"?</summary>
#
# The course grew out of the slides of five lectures, which you do not need. Formulas carry the paper that they are from,
# then the number of the lecture, and *Where the books disagree* says where they differ:
#
# - 000: Vladislav Goncharenko (MIPT), *Optimization and regularization of neural networks*, 2021;
# - 001: *Training neural networks, part 2*;
# - 002: *Optimization. Training neural networks* (in Russian, as 000 is);
# - 003: Shiv Ram Dubey (IIIT Allahabad), *Neural networks: optimization and regularization*;
# - 004: Evgeny Sokolov (HSE), *Regularizing neural networks*.
#
# </details>

# %% [markdown]
# **Worked solutions.** If you learn by yourself and have the whole course, they are in its folder `solutions/`,
# one notebook for each assignment: `solutions/02_sgd/02_sgd.ipynb`. Look afterwards: what you have found yourself stays.
# When you are stuck, read the hints first, then the check's message once more, then sleep on it.
