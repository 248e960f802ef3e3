"""Enters the cells of an assignment in the gradebook, as nbgrader does."""

import copy
from typing import Any

from nbgrader.api import Gradebook
from nbgrader.preprocessors import NbGraderPreprocessor, SaveCells

from autograder.grading.assignment import Assignment


class EnterCells(SaveCells):
    """nbgrader's own, on a gradebook that is open: its preprocess opens another and commits after each cell."""

    def __init__(self, gradebook: Gradebook):
        super().__init__()
        self.gradebook = gradebook

    def save(self, assignment: Assignment) -> None:
        """Enter the cells of an assignment."""
        self.notebook_id = self.assignment_id = assignment.name
        self.new_grade_cells: dict[str, Any] = {}
        self.new_solution_cells: dict[str, Any] = {}
        self.new_task_cells: dict[str, Any] = {}
        self.new_source_cells: dict[str, Any] = {}
        notebook, _ = NbGraderPreprocessor.preprocess(self, copy.deepcopy(assignment.notebook), {})
        self._create_notebook(notebook)
