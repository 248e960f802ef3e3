"""nbgrader's settings for this course; stock nbgrader commands run from this directory."""

from autograder.course.stamp import release_preprocessors
from autograder.validating import in_words

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
    "autograder.grading.preprocessors.WritePage",
    "nbgrader.preprocessors.CheckCellMetadata",
]

# `nbgrader generate_feedback` and its button write the page that `autograder feedback` writes. It follows from the
# gradebook, so it is written anew each time. nbgrader's own page: --FeedbackExporter.whole_notebook=True
c.GenerateFeedback.force = True
c.GenerateFeedback.exporter_class = "autograder.grading.preprocessors.FeedbackExporter"
c.GenerateFeedback.preprocessors = [
    "nbgrader.preprocessors.GetGrades",
    "autograder.grading.preprocessors.HideTests",
    "autograder.grading.preprocessors.HideOutputs",
    "nbconvert.preprocessors.CSSHTMLHeaderPreprocessor",
]

# `nbgrader export` after what has changed since: penalties, exercises that were removed or voided.
c.ExportApp.plugin_class = "autograder.report.export.CsvExportPlugin"

# Formgrader shows the solution's answer above a student's. The students' own pages do not.
c.HTMLExporter.preprocessors = ["autograder.grading.preprocessors.ModelAnswers"]

# `nbgrader validate` and the Validate button say in words what is doubled or lost.
in_words()

# Wall-clock limits of a submission, in seconds.
c.GradingLimits.call_seconds = 10.0
c.GradingLimits.cell_seconds = 30.0
c.GradingLimits.submission_seconds = 300.0

# `nbgrader zip_collect`: how Canvas and Moodle name what they put in the zip file of all submissions, such as
# "doejane_LATE_501_90210_02_sgd-1.ipynb" (of student 501) and "Jane Doe_1234_assignsubmission_file/02_sgd.ipynb".
c.FileNameCollectorPlugin.named_regexp = (
    r".*/(?:[^/_]+_(?:LATE_)?)?(?P<student_id>[^/_]+)_\d+_(?:assignsubmission_file_?/?)?"
    r"(?P<file_id>\d\d_[a-z0-9_]+)(?:[ -][^/]*)?\.ipynb$"
)
