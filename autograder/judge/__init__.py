"""The judge: kinds of exercise, comparison with the reference, verdict. It never runs a student's code at grading."""

from autograder.judge.activation import Activation
from autograder.judge.contest import Contest, Ladder, Task
from autograder.judge.exercise import Case, Exercise, assembled
from autograder.judge.function import Function, Layer
from autograder.judge.judging import judge
from autograder.judge.mistakes import Mistake, Slip, alternative, mistake, remembering, slips
from autograder.judge.optimizer import Optimizer, Transform, torch_optimizer, torch_steps, without_compiler
from autograder.judge.procedure import Procedure
from autograder.judge.references import F, in_torch, torch
from autograder.judge.script import Finding, Probe, Script, Want
from autograder.judge.variants import vjp
from autograder.verdict import Verdict

__all__ = [
    "Activation",
    "Case",
    "Contest",
    "Exercise",
    "F",
    "Finding",
    "Function",
    "Ladder",
    "Layer",
    "Mistake",
    "Optimizer",
    "Probe",
    "Procedure",
    "Script",
    "Slip",
    "Task",
    "Transform",
    "Verdict",
    "Want",
    "alternative",
    "assembled",
    "in_torch",
    "judge",
    "mistake",
    "remembering",
    "slips",
    "torch",
    "torch_optimizer",
    "torch_steps",
    "vjp",
    "without_compiler",
]
