# %% [markdown]
# # 05 · Second order: let the curvature choose the step
#
# **The question.** A slope says which way is down and not how far. Curvature knows both. Why does hardly anybody train
# networks with it, and when should you?
#
# **You will be able to**
# - write Newton's step, BFGS and L-BFGS, and say what each pays for its curvature;
# - choose a step that no learning rate has to be tuned for;
# - see when curvature misleads: saddles, ill-conditioning, noise.
#
# **You need** 02_sgd, systems of linear equations, and the
# [eigenvalues](https://d2l.ai/chapter_appendix-mathematics-for-deep-learning/eigendecomposition.html) of a symmetric matrix.
#
# **Left out:** conjugate gradients, Gauss-Newton, natural gradients, trust regions.
#
# **Time:** about 155 minutes.
#
# **Core path:** sections 1 to 3 and 5: about 75 minutes, and what curvature buys. The others make a whole minimiser of it.

# %%
import numpy as np

from autograder import check
from helpers import plots, widgets

SEED = 0


# From 03_adam, for the comparison at the end.
def adam(w, grad, state, *, lr=1e-3, betas=(0.9, 0.999), eps=1e-8):
    t = state.get("t", 0) + 1
    m = betas[0] * state.get("m", 0.0) + (1 - betas[0]) * grad
    v = betas[1] * state.get("v", 0.0) + (1 - betas[1]) * grad**2
    m_hat, v_hat = m / (1 - betas[0] ** t), v / (1 - betas[1] ** t)
    step = lr * m_hat / (np.sqrt(v_hat) + eps)
    return w - step, {"t": t, "m": m, "v": v}


# %% [markdown]
# ## 1 · A bowl under your feet
#
# ### Idea
# Gradient descent stands on a plane: it knows the slope, believes that it goes on like this for ever, and needs a
# learning rate to be held back. Give it one thing more, how the slope *changes*, and the plane becomes a bowl. A bowl
# has a bottom.

# %% [markdown]
# ### Equation
#
# Taylor's expansion to second order, at a distance $d$ from where you stand (lecture 001):
#
# $$L(w + d) \approx f_0 + g^\top d + \tfrac12\, d^\top H d$$
#
# - $f_0$ (`f0`): the loss at $w$; $g$ (`grad`): its gradient there;
# - $H$ (`H`): the Hessian, the matrix of second derivatives: $H d$ is how the gradient changes along $d$;
# - $d$ (`d`): the step.


# %% exercise="quadratic_model" core=1
def quadratic_model(f0, grad, H, d):
    """Return the value of the bowl at a distance d.

    f0 + grad . d + d . H d / 2: Taylor's expansion to second order,
    lecture 001.

    Parameters
    ----------
    f0 : float; value where d = 0
    grad : ndarray of shape (n,); slope there
    H : ndarray of shape (n, n); Hessian, symmetric
    d : ndarray of shape (n,); step

    Returns
    -------
    value : float
    """
    ### BEGIN SOLUTION
    linear = grad @ d
    bend = d @ H @ d / 2
    return f0 + linear + bend
    ### END SOLUTION


# %% check="quadratic_model" points=2
check("quadratic_model", quadratic_model, points=2)

# %% [markdown]
# ### Picture
# Left: a slice through a landscape, with what slope alone says of it, and what your bowl says. Right: how wrong both are.
# Predict first: if you go ten times less far, how many times smaller does each error become?

# %% demo="second_order_model"
plots.second_order_model(quadratic_model)

# %% [markdown]
# ### Question
# Read the two factors off the right-hand picture. Where would you step to, if all that you knew were the bowl?
#
# <details><summary>Answer</summary>
#
# The plane's error falls 100 times for ten times less way, the bowl's 1000 times: what is left out is of second order in
# the one, of third in the other. (Far away neither is worth much, and which is worse is luck.)
#
# To the bottom of the bowl, of course. That is Newton's step.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# Autograd gives slope and curvature; in a bowl, your model is the loss itself.
#
# ```python
# import torch
#
#
# def valley(w):
#     return (w[0] ** 2 + 25 * w[1] ** 2) / 2 + w[0] * w[1]
#
#
# w, d = torch.tensor([2.0, 1.0]), torch.tensor([0.3, -0.5])
# grad = torch.autograd.functional.jacobian(valley, w).numpy()
# H = torch.autograd.functional.hessian(valley, w).numpy()
# valley(w + d), quadratic_model(valley(w).item(), grad, H, d.numpy())
# ```
#
# </details>

# %% [markdown]
# ## 2 · Newton: jump to the bottom
#
# ### Idea
# On the valley of 02_sgd, 100 times as steep across as along, gradient descent zigzagged for hundreds of steps, since one
# `lr` had to serve both directions. At the bottom of the bowl the slope is zero, and that is an equation that can be
# solved: one jump, and no rate at all.

# %% [markdown]
# ### Equation
#
# The slope of the bowl at $d$ is $g + H d$. It vanishes at $d = -H^{-1} g$ (lecture 001):
#
# $$w \leftarrow w - d, \qquad (H + \mathrm{damping}\; I)\; d = g$$
#
# - damping (`damping`, 0 by default): added to every curvature ([Levenberg 1944](https://doi.org/10.1090/qam/10666)). Flat directions are shortened most, and with a large one the
#   step is a short one along $-g$.
#
# $H^{-1}$ is a way to write it, not to compute it: *solve* for $d$. You will see why.


# %% exercise="newton_step" core=2
def newton_step(w, grad, H, *, damping=0.0):
    """Return w after one step of Newton's method.

    w - d, where (H + damping * I) d = grad: the point where the bowl
    has no slope. Lecture 001; the damping is Levenberg's (1944), on
    the diagonal. The equations are solved, not inverted: H may be
    ill-conditioned. A saddle attracts: signs of H are left as they are.

    Parameters
    ----------
    w, grad : ndarray of shape (n,)
    H : ndarray of shape (n, n); Hessian, symmetric, of any signs, not
        singular with the damping
    damping : float, not negative

    Returns
    -------
    w : new ndarray of shape (n,), dtype of the old one
    """
    ### BEGIN SOLUTION
    A = H + damping * np.eye(len(w), dtype=H.dtype)
    d = np.linalg.solve(A, grad)
    return w - d
    ### END SOLUTION


# %% check="newton_step" points=6
check("newton_step", newton_step, points=6)

# %% [markdown]
# ### Picture
# Your steps in the valley, in Rosenbrock's canyon, and near a saddle with two minima. Predict first: how many steps does the valley
# take? And where do the three walks near the saddle end, if only the slope's zero counts?

# %% demo="second_order_newton"
plots.second_order_newton(newton_step)

# %% [markdown]
# ### Question
# Why are two of the three walks drawn to the saddle, and what did the damping change? And look at the canyon: one of the steps leaves the map.
# Does the loss fall at every step?
#
# <details><summary>Answer</summary>
#
# One step in the valley: it *is* a bowl. At the saddle the slope is zero too, and nothing else is asked for. Where the curvature along $w_2$ is
# negative, $-H^{-1} g$ points *uphill* along $w_2$. Damping of 2 makes all curvatures positive there (the lowest is $-1$), so every step leads
# down.
#
# No. In the canyon Newton needs 6 steps, and the second climbs from 4.7 to over 1,400: the bowl was right for the place and wrong
# for the distance. Section 5 sees to that.
#
# </details>

# %% [markdown]
# Now by hand: the dashed ellipses are your bowl at the dot. **First** find a place from where one step lands near a *maximum*. **Then**
# find a damping that leads down from there.

# %% demo="second_order_explorer"
widgets.newton_explorer(quadratic_model, newton_step)

# %% [markdown]
# <details><summary>Answer</summary>
#
# On Himmelblau, move the dot to the middle (left to right 0.45, bottom to top 0.5): both curvatures are negative, the "bowl" is a
# hill, and the step climbs to its top. A damping of 100 is larger than any curvature there in size (39), so the sum is
# positive, and the step leads downhill. It is short, and from there each further step leads down too.
#
# </details>

# %% [markdown]
# ### Picture: solve, or invert?
# Left: what is left over of $H d = g$. Right: the error of $d$ itself. Predict first: which of the two pictures tells solving from inverting?

# %% demo="second_order_inverse"
plots.second_order_inverse(newton_step)

# %% [markdown]
# ### Question
# Both errors of $d$ grow alike. So what is gained by solving?
#
# <details><summary>Answer</summary>
#
# The left one. A condition of $10^{10}$ costs ten digits of $d$ whatever you do: the data do not hold more. But a solver's $d$ fits the *equations* to
# the last digit, so the slope of the bowl at its end is zero. The inverse's $d$ misses that by a factor of about a hundred million: it is wrong in the
# steep directions too, where the answer was well known.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# PyTorch has no Newton's method among its optimizers, but all that it takes.
#
# ```python
# import torch
#
#
# def canyon(w):
#     return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
#
#
# w = torch.tensor([-1.2, 1.0], dtype=torch.float64)
# grad = torch.autograd.functional.jacobian(canyon, w)
# H = torch.autograd.functional.hessian(canyon, w)
# mine = newton_step(w.numpy(), grad.numpy(), H.numpy())
# w - torch.linalg.solve(H, grad), mine
# ```
#
# </details>

# %% [markdown]
# ## 3 · BFGS: learn the curvature on the way
#
# ### Idea
# Newton wants all of $H$: $n^2$ second derivatives, and $n^3$ operations to solve. Yet whoever walks downhill gets curvature for nothing: the
# gradient here minus the gradient there tells how the slope changed along the step. Collect that.

# %% [markdown]
# ### Equation
#
# After a step $s = w_{new} - w$ the gradient has changed by $y = g_{new} - g$. In a bowl $y = H s$. Broyden, Fletcher, Goldfarb and
# Shanno (1970) correct an estimate $B$ of $H^{-1}$ so that $B y = s$, and otherwise as little as possible:
#
# $$B \leftarrow (I - \rho\, s y^\top)\, B\, (I - \rho\, y s^\top) + \rho\, s s^\top, \qquad \rho = \frac{1}{s^\top y}$$
#
# - $B$ (`H_inv`): as long as $s^\top y > 0$ it stays positive definite, so $-B g$ leads downhill.
#
# A pair with $s^\top y \le 10^{-10} |s||y|$ is refused, and $B$ stays ([Nocedal and Wright 2006](https://doi.org/10.1007/978-0-387-40065-5), (6.17)).


# %% exercise="bfgs_update" core=2
def bfgs_update(H_inv, s, y):
    """Return the estimate of the inverse Hessian after one more step.

    (I - rho s y') H_inv (I - rho y s') + rho s s', rho = 1 / s.y.
    Nocedal and Wright (2006), (6.17). Where s.y <= 1e-10 |s| |y| the
    pair is refused, and H_inv comes back as it is; so for s = 0 or
    y = 0. torch.optim.LBFGS asks for s.y > 1e-10 whatever the lengths.

    Parameters
    ----------
    H_inv : ndarray of shape (n, n); symmetric, positive definite
    s : ndarray of shape (n,); step, new w minus old
    y : ndarray of shape (n,); new gradient minus old

    Returns
    -------
    H_inv : ndarray of shape (n, n), dtype of the old one
    """
    ### BEGIN SOLUTION
    curvature = s @ y
    if curvature <= 1e-10 * np.linalg.norm(s) * np.linalg.norm(y):
        return H_inv
    rho = 1 / curvature
    left = np.eye(len(s), dtype=s.dtype) - rho * np.outer(s, y)
    return left @ H_inv @ left.T + rho * np.outer(s, s)
    ### END SOLUTION


# %% check="bfgs_update" points=7
check("bfgs_update", bfgs_update, points=7)

# %% [markdown]
# ### Picture
# Both walks choose the best step along their direction; both begin with $B = I$, and so with the same first step. Right: how far your $B$
# is from the true inverse, in bowls of $n$ dimensions. Predict first: after how many updates is it known?

# %% demo="second_order_bfgs"
plots.second_order_bfgs(bfgs_update)

# %% [markdown]
# ### Question
# Why that number? And what does it mean for a network with a million weights?
#
# <details><summary>Answer</summary>
#
# After $n$: every step adds one direction to those whose curvature is known, and keeps the earlier ones (in a bowl, with
# exact steps). Until the last the *matrix* looks bad; the walk gains from the first on, since its steps lie where it has looked.
#
# A million weights would take a million updates, and a $B$ of $10^{12}$ numbers, 8 terabytes. Nobody waits for the end, and nobody could store it.
#
# </details>

# %% [markdown]
# ## 4 · L-BFGS: the same without a matrix
#
# ### Idea
# $B$ is made of pairs: each update is a recipe of two vectors. So keep the last $m$ recipes instead of the cake, and bake only the one slice that is needed,
# $B g$.

# %% [markdown]
# ### Equation
#
# With $\rho = 1/(s^\top y)$ of each pair (Nocedal and Wright 2006, Algorithm 7.4):
#
# 1. $q = g$. From the **newest** pair to the oldest: $\alpha = \rho\, s^\top q$, then $q \leftarrow q - \alpha\, y$.
# 2. $q \leftarrow \gamma\, q$, with $\gamma = s^\top y / y^\top y$ of the **newest** pair: the size of $H^{-1}$, as last seen.
# 3. From the **oldest** to the newest: $\beta = \rho\, y^\top q$, then $q \leftarrow q + (\alpha - \beta)\, s$.
#
# The direction is $-q$. The first loop applies the factors $(I - \rho\, y s^\top)$ of BFGS from the right, the second those on the left. Without pairs $q = g$.


# %% exercise="lbfgs_direction" extra=3
def lbfgs_direction(grad, s_list, y_list):
    """Return the direction -H grad, H as BFGS makes it of the pairs.

    Two loops over the pairs, without a matrix; the start is gamma * I
    with gamma = s.y / y.y of the newest pair. No pairs: -grad. Nocedal
    and Wright (2006), Algorithm 7.4 and (7.20).

    Parameters
    ----------
    grad : ndarray of shape (n,)
    s_list, y_list : lists of ndarray of shape (n,), one as long as the
        other, the oldest pair first; all with s.y > 0

    Returns
    -------
    d : new ndarray of shape (n,), dtype of grad
    """
    ### BEGIN SOLUTION
    q, alphas = grad.copy(), []
    for s, y in zip(s_list[::-1], y_list[::-1], strict=True):
        alpha = s @ q / (s @ y)
        q = q - alpha * y
        alphas.append(alpha)
    if s_list:
        s, y = s_list[-1], y_list[-1]
        q = s @ y / (y @ y) * q
    for s, y, alpha in zip(s_list, y_list, alphas[::-1], strict=True):
        beta = y @ q / (s @ y)
        q = q + (alpha - beta) * s
    return -q
    ### END SOLUTION


# %% check="lbfgs_direction" points=8
check("lbfgs_direction", lbfgs_direction, points=8)

# %% [markdown]
# ### Picture
# What a matrix takes, and what ten pairs take, for networks of growing size; and the time for one direction on this machine. Predict first: for which of
# the three networks would the matrix fit into 16 GB?

# %% demo="second_order_memory"
plots.second_order_memory(lbfgs_direction)

# %% [markdown]
# ### Question
# And for which would ten pairs? What does Adam keep, in comparison?
#
# <details><summary>Answer</summary>
#
# The matrix fits for the digits' network alone: 2,410 weights make 46 MB. At 79,510 weights it takes 51 GB, and for ResNet-50 (25.6 million) 5.2
# *peta*bytes. (Lecture 001 asks why Newton is impractical: that is why.)
#
# Ten pairs fit for all three: 0.4 MB, 13 MB, 4.1 GB. That is 20 numbers a weight, where Adam keeps two.
#
# </details>

# %% [markdown]
# ## 5 · Backtracking: how far along d
#
# ### Idea
# Newton climbed out of the canyon because it trusted its bowl blindly. So do not trust: try the whole step, and where the loss has not fallen by enough,
# halve it. No rate to tune, at the price of a few evaluations.

# %% [markdown]
# ### Equation
#
# Accept the first of $t = 1, \tfrac12, \tfrac14, \dots$ with ([Armijo 1966](https://doi.org/10.2140/pjm.1966.16.1))
#
# $$f(w + t\,d) \;\le\; f_0 + c_1\, t\; slope, \qquad slope = g^\top d < 0$$
#
# - $t$ (`step`); $f_0$ (`f0`): the value at $w$; $c_1$ (`c1`): the share of what the slope promises that has to be kept, $10^{-4}$ by default.
#
# A value that is nan or infinite is no decrease. After 50 halvings give up: 0.0.


# %% exercise="backtracking" core=1
def backtracking(f, w, d, f0, slope, *, c1=1e-4):
    """Return the first step of 1, 1/2, 1/4, ... that is good enough.

    Good enough: f(w + step * d) <= f0 + c1 * step * slope, sufficient
    decrease (Armijo 1966). nan and infinity are not. 0.0 where 50
    halvings fail. Nocedal and Wright (2006), Algorithm 3.1.

    Parameters
    ----------
    f : function; f(w) -> float
    w, d : ndarray of shape (n,); place and direction
    f0 : float; f(w)
    slope : float, negative; grad . d at w
    c1 : float in (0, 1)

    Returns
    -------
    step : float
    """
    ### BEGIN SOLUTION
    step = 1.0
    for _ in range(51):
        if f(w + step * d) <= f0 + c1 * step * slope:
            return step
        step = step / 2
    return 0.0
    ### END SOLUTION


# %% check="backtracking" points=5
check("backtracking", backtracking, points=5)

# %% [markdown]
# ### Picture
# $3\,(w - \log w)$, which has no value where $w \le 0$. A cross is a step that your function tried and refused, the dot the one it took. Predict
# first: how many tries for each $c_1$?

# %% demo="second_order_backtracking"
plots.second_order_backtracking(backtracking)

# %% [markdown]
# ### Question
# Why is $c_1$ usually as small as $10^{-4}$? And why does a simple "f has fallen" not do?
#
# <details><summary>Answer</summary>
#
# 3, 3 and 4 tries. In a bowl the best step keeps exactly *half* of what the slope promises: with $c_1$ above 1/2 the very bottom is refused. A
# small $c_1$ takes nearly everything that falls.
#
# Without it, steps could fall by less and less and come to rest where the slope is not zero: bouncing between two walls of a valley, a little lower each time,
# is a decrease for ever.
#
# </details>

# %% [markdown]
# ## 6 · All together
#
# ### Idea
# A direction, a step, a pair: that is the whole of L-BFGS. One thing is left to decide, what to do with a pair that has no curvature. It looks like a
# detail.

# %% [markdown]
# ### Procedure
#
# Start with $f, g$ at $w_0$ and no pairs. In every iteration:
#
# 1. end where the largest $|g_i| \le 10^{-6}$;
# 2. $d$ from `lbfgs_direction`, then the step from `backtracking`; it begins with 1, and where it is 0.0, end;
# 3. $s$ and $y$ of this step. Where $s^\top y > 10^{-10} |s||y|$ keep the pair, at most `history` of them: the oldest goes. **Else empty the memory.**
#
# `f_and_grad` gives value and gradient together, and for a network that is the whole cost. So ask once at $w_0$ and once for each try: `backtracking` wants a
# function of $w$ alone; give it one that keeps the gradient it saw last.


# %% exercise="lbfgs_minimize" extra=3
def lbfgs_minimize(f_and_grad, w0, *, history, max_iter):
    """Return the point that L-BFGS with backtracking arrives at.

    The procedure above; c1 = 1e-4. Nocedal and Wright (2006), Algorithm
    7.5, but a pair with s.y <= 1e-10 |s| |y| empties the memory.
    torch.optim.LBFGS leaves such a pair out, shortens its first step,
    and has a strong Wolfe search in place of the halving.

    Parameters
    ----------
    f_and_grad : function; f_and_grad(w) -> (float, gradient of shape
        (n,)); one call at w0 and one for each step that is tried
    w0 : ndarray of shape (n,); the start
    history : int, positive; pairs that are kept
    max_iter : int; accepted steps at most; 0 gives a copy of w0

    Returns
    -------
    w : new ndarray of shape (n,), dtype of w0; the last accepted one
    """
    ### BEGIN SOLUTION
    w, s_list, y_list, seen = w0.copy(), [], [], {}
    f, grad = f_and_grad(w)

    def value(point):
        seen["f"], seen["grad"] = f_and_grad(point)
        return seen["f"]

    for _ in range(max_iter):
        d = lbfgs_direction(grad, s_list, y_list)
        if np.abs(grad).max() <= 1e-6:
            break
        step = backtracking(value, w, d, f, grad @ d)
        if step == 0.0:
            break
        s, y = step * d, seen["grad"] - grad
        if s @ y > 1e-10 * np.linalg.norm(s) * np.linalg.norm(y):
            s_list = [*s_list, s][-history:]
            y_list = [*y_list, y][-history:]
        else:
            s_list, y_list = [], []
        w, f, grad = w + s, seen["f"], seen["grad"]
    return w
    ### END SOLUTION


# %% check="lbfgs_minimize" points=10
check("lbfgs_minimize", lbfgs_minimize, points=10)

# %% [markdown]
# ### Picture
# Four methods in a straight valley and in a bent one. All use your `backtracking`, and every evaluation of $f$ and $g$ is counted; the legend says how many it
# takes to $10^{-10}$. Newton's Hessians are not counted. Predict first: the order, and by what factor gradient descent loses.

# %% demo="second_order_valleys"
plots.second_order_valleys(
    newton_step,
    bfgs_update,
    backtracking,
    lbfgs_minimize,
)

# %% [markdown]
# ### Question
# What does Newton's small number hide? And BFGS and L-BFGS: who wins, and what for?
#
# <details><summary>Answer</summary>
#
# Valley: Newton 2, BFGS 11, L-BFGS 20, gradient descent not within 2,600. Canyon: 28, 53, 63, and not within 3,900. Even against L-BFGS it
# loses by more than a factor of 60.
#
# Newton also computes a Hessian in every iteration: for $n$ weights about as much work as $n$ gradients. Here $n = 2$. For the digits' network one Newton step would cost
# as much as 2,410 gradients, a whole training.
#
# L-BFGS takes some evaluations more than BFGS and forgets what is old. In exchange its memory does not grow with $n^2$.
#
# </details>

# %% [markdown]
# ### Picture: the detail
# Rosenbrock from its classic start. One run leaves a refused pair out and keeps the old ones; the other is yours. Right: the cosine between $s$ and $y$ of
# the first run. Predict first: how many evaluations can such a detail cost?

# %% demo="second_order_stall"
plots.second_order_stall(lbfgs_direction, backtracking, lbfgs_minimize)

# %% [markdown]
# ### Question
# Why does the first run never recover, though every one of its steps is downhill? Could the step be chosen so that $s^\top y > 0$ in the first place?
#
# <details><summary>Answer</summary>
#
# From the fourth step on all pairs are refused: the canyon curves downward along the steps. So the memory stays as it was, its steps are tiny, each is
# accepted at once, and nothing new is learned: $f$ is still above 2 after 500 iterations. With an empty memory the next step is a plain gradient step, and curvature is
# learned anew: about 40 iterations.
#
# Yes, by making steps *longer*. $s^\top y > 0$ says that the slope along $d$ has risen; Wolfe's second condition asks for it ($g_{new}^\top d \ge c_2\, g^\top d$).
# Where it fails double the step, where Armijo fails go back: bisection finds one that has both. PyTorch calls it `strong_wolfe`.
#
# </details>
#
# <details><summary>The same in PyTorch</summary>
#
# What you wrote in sections 4 to 6 is inside one class. It asks for a function that computes the loss anew.
#
# ```python
# import torch
#
#
# def canyon(w):
#     return (1 - w[0]) ** 2 + 100 * (w[1] - w[0] ** 2) ** 2
#
#
# def f_and_grad(point):
#     point = torch.tensor(point, requires_grad=True)
#     loss = canyon(point)
#     return loss.item(), torch.autograd.grad(loss, point)[0].numpy()
#
#
# def closure():
#     optimizer.zero_grad()
#     loss = canyon(w)
#     loss.backward()
#     return loss
#
#
# start = np.array([-1.2, 1.0])
# w = torch.tensor(start, requires_grad=True)
# wolfe = {"line_search_fn": "strong_wolfe", "max_iter": 200}
# optimizer = torch.optim.LBFGS([w], **wolfe)
# optimizer.step(closure)
# w, lbfgs_minimize(f_and_grad, start, history=10, max_iter=200)
# ```
#
# </details>

# %% [markdown]
# ## 7 · Noise
#
# ### Idea
# All this assumed that $f$ is *one* function. A mini-batch is another function every time. Gradient descent averages such noise away. What does a difference of two noisy
# gradients do?
#
# ### Picture
# Left: a step in the digits' network, $y$ from the gradients of two batches, or of the same batch at both ends. How many pairs are refused? Right: your `lbfgs_minimize`
# with an `f_and_grad` that draws a new batch at every call. Predict first: which needs the larger batch, a long step or a short one?

# %% demo="second_order_noise"
plots.second_order_noise(lbfgs_minimize, seed=SEED)

# %% [markdown]
# ### Question (graded)
# Short steps are refused more often than long ones, and there even a batch of 512 helps little. **Why does noise hurt a pair so much more than it hurts a gradient, and why most of all
# near the minimum?** Say what happens to the *line search* too, and name one way out, with its price. Four to six sentences.

# %% [markdown] answer="why_noise_breaks_pairs" points=4
# ### BEGIN SOLUTION
# y is a difference of two gradients. What they have in common cancels, and what is left of the signal is H s, which is as short as the step; the
# noise of two different batches does not cancel, and keeps its size however short s is. So the shorter the step, the more of y is noise, and s.y has either sign
# about equally often; near the minimum all steps are short. A gradient step only needs the mean to be right, and errors of single steps
# average out.
#
# Backtracking compares f on one batch with f on another: a step may be refused (or taken) because of the batch alone. It ends when by
# chance no step seems to help.
#
# A way out: take both gradients and both values on the same batch, which costs a second evaluation for each step, and gives the curvature
# of that batch. Or use all the data, which costs a pass over them for each evaluation. (A larger batch only shrinks noise with its root.)
# ### END SOLUTION

# %% [markdown]
# ## 8 · A real network
#
# ### Idea
# Full batch, no noise: L-BFGS's home ground. The digits' network with 2,410 weights, your L-BFGS beside Adam on all data, and Adam on batches of 64. Both Adams may choose the best of three
# rates; L-BFGS has nothing to choose.
#
# ### Picture
# Left: the training loss over passes through the data. Right: the same runs over seconds. Predict first: who has the lowest *training* loss after 80 passes, and who the best
# accuracy on *test* images?

# %% demo="second_order_digits"
plots.second_order_digits(lbfgs_minimize, adam, seed=SEED)

# %% [markdown]
# ### Question
# Would you train networks with L-BFGS? With which kind of problem in hand would you?
#
# <details><summary>Answer</summary>
#
# On batches, Adam makes 17 steps in a pass and leads for more than 50 passes. Then L-BFGS has learned enough curvature: below $10^{-6}$ before pass 80, where
# it ends by itself. Adam on all data has $6 \cdot 10^{-3}$ after 100. (The seconds are your machine's.)
#
# The test images disagree: over six seeds L-BFGS has 93.3 to 94.7 %, Adam on batches 95.0 to 96.4 %. A lower training loss is not the aim; 10_dropout and
# 11_augmentation have other means.
#
# L-BFGS is for *one deterministic function of moderate size*: logistic regression, a last layer, an image that is optimised itself. Lecture 001 says as much: if you can
# afford full batches, try it, and disable all sources of noise (dropout, augmentation, BatchNorm's batches).
#
# </details>

# %% [markdown]
# ## Where the books disagree
#
# | what | here | elsewhere | it matters |
# |---|---|---|---|
# | rank of BFGS's update | 2 | lecture 001: 1 | for the name |
# | curvature condition | $s^\top y > 10^{-10} \lvert s\rvert\lvert y\rvert$ | PyTorch: $> 10^{-10}$ | for short steps |
# | a refused pair | empties the memory | PyTorch, SciPy: left out | with backtracking |
# | first step | 1, halved | PyTorch: at most $1/\sum\lvert g_i\rvert$ | for the first step |
# | line search | halving | PyTorch's default: none, `lr` = 1 | always |
# | damping | $H + \mathrm{damping}\, I$: Levenberg | Marquardt: times the diagonal | for uneven units |
#
# <details><summary>Go further (open, not checked)</summary>
#
# - Weak Wolfe conditions by bisection in place of halving: then $s^\top y > 0$ holds for every accepted step. A check of your code: from Rosenbrock's classic start
#   no pair is refused, and 60 iterations arrive.
# - Gauss-Newton for a small network with a squared loss: $H \approx J^\top J$, never indefinite. How many units until solving for the step costs more than it saves?
#
# </details>
#
# <details><summary>Read on</summary>
#
# - [Liu and Nocedal (1989)](https://doi.org/10.1007/BF01589116): L-BFGS, compared with what there was.
# - [CS231n, second-order methods](https://cs231n.github.io/neural-networks-3/#second): half a page, with the same verdict.
# - PyTorch: [`LBFGS`](https://docs.pytorch.org/docs/stable/generated/torch.optim.LBFGS.html); SciPy:
#   [`minimize`](https://docs.scipy.org/doc/scipy/reference/generated/scipy.optimize.minimize.html).
#
# </details>
#
# **Next:** 06_initialization asks where to start from.
