"""`nbgrader zip_collect` reads the zip files of all submissions that Canvas and Moodle give."""

import re
import shutil
import zipfile
from pathlib import Path

import pytest
from nbgrader.apps.zipcollectapp import ZipCollectApp

from autograder.grading.course import Course

from .conftest import NAME, as_bytes

# What is in the zip, and whose it is. Names as the two systems give them: somebody's second upload, a browser's second
# download, a name with a hyphen, folders or none.
CANVAS = {
    f"doejane_501_90210_{NAME}.ipynb": "501",
    f"roejohn_LATE_502_90211_{NAME}-1.ipynb": "502",
    f"oneilljean-luc_503_90212_{NAME} (2).ipynb": "503",
    "poepat_504_90213_notes.txt": None,
}
MOODLE = {
    f"Jane Doe_1234_assignsubmission_file/{NAME}.ipynb": "Jane Doe",
    f"John Roe_1235_assignsubmission_file_/{NAME}-Copy1.ipynb": "John Roe",
    f"Jean-Luc O'Neill_1236_assignsubmission_file_{NAME}.ipynb": "Jean-Luc O'Neill",
    "Pat Poe_1237_assignsubmission_onlinetext/onlinetext.html": None,
}


@pytest.fixture(scope="module")
def collect(course_root, tmp_path_factory):
    """collect(files, content) -> the course with what nbgrader made of a zip of them."""

    def collect(names, content):
        root = tmp_path_factory.mktemp("zip") / "course"
        shutil.copytree(course_root, root)
        archive = root / "downloaded" / NAME / "archive"
        archive.mkdir(parents=True)
        with zipfile.ZipFile(archive / "submissions.zip", "w") as zipped:
            for name in names:
                zipped.writestr(name, content)
        with pytest.MonkeyPatch.context() as patch:
            patch.chdir(root)
            patch.setenv("HOME", str(root))
            app = ZipCollectApp()
            app.initialize([NAME])
            app.start()
        return Course.at(root)

    return collect


@pytest.mark.parametrize("names", [CANVAS, MOODLE], ids=["Canvas", "Moodle"])
def test_each_students_notebook_is_collected_under_the_name_it_was_released_with(collect, write, names):
    content = as_bytes(write())
    course = collect(names, content)
    found = {path.relative_to(course.submitted).as_posix() for path in course.submitted.rglob("*.ipynb")}
    assert found == {f"{student}/{NAME}/{NAME}.ipynb" for student in names.values() if student}
    assert all((course.submitted / path).read_bytes() == content for path in found)


def test_a_folder_that_looks_like_a_student_is_none():
    regexp = Course.at(Path(__file__).parents[2]).config.FileNameCollectorPlugin.named_regexp
    assert not re.match(regexp, "/home/x_12_34_/course/downloaded/02_sgd/extracted/02_sgd.ipynb")
