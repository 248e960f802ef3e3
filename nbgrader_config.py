"""nbgrader's settings for this course; stock nbgrader commands run from this directory."""

from autograder.course.stubs import release_preprocessors

c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.course_id = "downhill"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"

c.GenerateAssignment.preprocessors = release_preprocessors()

# `nbgrader autograde` and formgrader's button grade as `autograder grade` does: no student code runs in nbgrader.
c.Autograde.pre_convert_hook = "autograder.grading.preprocessors.register_assignment"
c.Autograde.exporter_class = "autograder.grading.preprocessors.SubmissionExporter"
c.Autograde.sanitize_preprocessors = ["autograder.grading.preprocessors.Grade"]
c.Autograde.autograde_preprocessors = [
    "nbgrader.preprocessors.SaveAutoGrades",
    "nbgrader.preprocessors.AssignLatePenalties",
    "nbgrader.preprocessors.CheckCellMetadata",
]

c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "autograder.grading.preprocessors.HideTests",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# Wall-clock limits of a submission, in seconds.
c.GradingLimits.call_seconds = 10.0
c.GradingLimits.cell_seconds = 30.0
c.GradingLimits.submission_seconds = 300.0
