"""nbgrader's settings for this course; stock nbgrader commands run from this directory."""

c = get_config()  # noqa: F821 (nbgrader provides it)

c.CourseDirectory.course_id = "downhill"
c.CourseDirectory.source_directory = "solutions"
c.CourseDirectory.release_directory = "notebooks"

# nbgrader's own steps from source to release, and two: after ClearSolutions stubs name their function, and a stamp at
# the end. By their names and places: to load nbgrader's here would take longer than to see that a class is graded.
c.GenerateAssignment.preprocessors.insert(4, "autograder.grading.stubs.NameStubs")
c.GenerateAssignment.preprocessors.append("autograder.course.stamp.Stamp")

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

# Formgrader shows the solution's answer above a student's. The students' own pages do not.
c.HTMLExporter.preprocessors = ["autograder.grading.preprocessors.ModelAnswers"]

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
