"""PyTorch's optimizers and gradients as references: the same numbers as ever, without PyTorch's compiler."""

import subprocess
import sys

import numpy as np
import pytest
import torch

from autograder.judge import vjp, without_compiler


def test_no_check_loads_the_compiler():
    """It takes longer than PyTorch itself, in every notebook and every grading process.

    So does, for a quarter of that, the end of PyTorch's start: a command leaves it out until it is needed.
    """
    code = """
import sys
from autograder import exercises, lean
lean.enter()
from autograder.judge import judge
from autograder.judge.judging import draw
from autograder.judge.script import LocalCaller
trained = "average_checkpoints", "ema_update", "rectification"
layers = "batchnorm_backward", "dropconnect_backward", "naive_centering_step", "scale_invariance_gap", "relu"
for name in (*trained, *layers):
    draw(exercises.load(name), "secret")
for name in ("sgd", "adamw", "cosine_decay", "inverse_time_decay", "first_step_ratio"):
    exercise = exercises.load(name)
    assert judge(exercise, LocalCaller(exercise.right), points=1.0).passed
print([name for name in sys.modules if name.startswith("torch._decomp")])
for name in ("gd_shrinkage", "linear_probe", "lr_range_test", "lbfgs_minimize"):
    draw(exercises.load(name), "secret")
print([name for name in sys.modules if name.startswith(("torch._dynamo", "torch._inductor", "sympy"))])
import torch
print("_decomp" in vars(torch), torch.empty(2, 3, device="meta").std(dim=0).shape)
"""
    result = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert result.stdout.splitlines() == ["[]", "[]", "True torch.Size([3])"]


@pytest.mark.parametrize("kind", [torch.optim.SGD, torch.optim.AdamW, torch.optim.RAdam, torch.optim.NAdam])
def test_it_takes_the_same_steps(kind):
    rng = np.random.default_rng(0)
    theirs, ours = (torch.nn.Parameter(torch.ones(3, dtype=torch.float64)) for _ in range(2))
    one, other = kind([theirs], lr=0.1), without_compiler(kind, [ours], lr=0.1)
    for _ in range(9):
        grad = torch.tensor(rng.normal(size=3))
        for w, optimizer in ((theirs, one), (ours, other)):
            w.grad = grad.clone()
            optimizer.step()
    assert torch.equal(theirs, ours)
    assert ours.requires_grad


def test_a_products_gradients_are_autograds_to_the_last_bit():
    rng = np.random.default_rng(0)
    x, w, dout = (torch.tensor(rng.normal(size=shape), requires_grad=True) for shape in ((5, 4), (4, 3), (5, 3)))
    out = torch.tanh(x @ w)
    wanted = torch.autograd.grad(out, (x, w), dout.detach(), retain_graph=True)
    assert all(map(torch.equal, vjp(out, (x, w), dout.detach()), wanted))
    with pytest.raises(ValueError, match=r"dout has shape \(3,\), and the result it is for \(5, 3\)"):
        vjp(out, (x, w), torch.ones(3, dtype=torch.float64))
