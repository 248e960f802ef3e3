"""The list that `autograder collect` ends with: who, which file, why not, and who of the roster has nothing."""

import zipfile

from autograder import cli

from ..grading.conftest import NAME, as_bytes


def test_the_command_prints_the_list_with_who_is_missing(course, fill, notebooks, tmp_path, capsys):
    fill({"ann": {"names": ("Ant", "Ann", None, "501")}, "jdoe": {"names": ("Doe", "Jane", None, None)}})
    work, path = as_bytes(notebooks[0]), tmp_path / "all.zip"
    with zipfile.ZipFile(path, "w") as zipped:
        zipped.writestr(f"antann_501_1_{NAME}.ipynb", work)
        zipped.writestr(f"x_LATE_502_2_{NAME}.ipynb", work)
        zipped.writestr("y_503_3_notes\x1b.txt", "")
    assert cli.main(["collect", NAME, str(path)]) == 0
    text = capsys.readouterr().out
    assert f"Collected: 2\n  502 (x)        all.zip: x_LATE_502_2_{NAME}.ipynb; not in the roster; marked late" in text
    assert f"\n  ann (Ann Ant)  all.zip: antann_501_1_{NAME}.ipynb\n" in text
    assert "Not collected: 1\n  503 (y)  y_503_3_notes\\x1b.txt is no notebook" in text
    assert "nothing handed in: 1\n  jdoe  Jane Doe" in text
    assert text.endswith(f"{NAME}: 2 collected, 0 lay there already, 1 not collected, 1 with nothing.\n")
    assert cli.main(["collect", NAME, str(path)]) == 0
    assert "There already, unchanged: 2" in capsys.readouterr().out
