"""Collecting takes of each student the one notebook that belongs to the assignment, and tells of all others."""

import io
import json
import os
import shutil
import subprocess
import sys
import textwrap
import zipfile
from datetime import datetime
from pathlib import Path
from zoneinfo import ZoneInfo

import pytest

from autograder import cli
from autograder.course.build import build
from autograder.files import write_atomically
from autograder.grading import archive, places
from autograder.grading.assignment import AssignmentError
from autograder.grading.collect import collect
from autograder.grading.course import Course, CourseError
from autograder.grading.whose import Person, Roster, read_who
from autograder.report.collected import collected_text

from .conftest import NAME, TEXT, as_bytes, hints

FILE = f"{NAME}.ipynb"
OCTOBER = (2026, 10, 5, 12, 0, 0)
ONE_DAY_LATER = (2026, 10, 6, 12, 0, 0)


@pytest.fixture
def course(course_root, tmp_path, monkeypatch):
    """A course of its own, and the current directory."""
    root = tmp_path / "course"
    shutil.copytree(course_root, root)
    monkeypatch.chdir(root)
    return Course.at(root)


@pytest.fixture
def work(write):
    """work("a") -> somebody's notebook, as bytes; each letter another."""

    def work(mark="a", **answers):
        return as_bytes(write(why=f"Because of {mark}.", **answers))

    return work


def pack(path, files, moment=OCTOBER, change=lambda info: None):
    """A zip file of {name: bytes}, or of its own packing where `path` is None."""
    target = io.BytesIO() if path is None else path
    with zipfile.ZipFile(target, "w", zipfile.ZIP_DEFLATED) as zipped:
        for name, content in files.items():
            info = zipfile.ZipInfo(name, moment)
            info.compress_type = zipfile.ZIP_DEFLATED
            change(info)
            zipped.writestr(info, content)
    return path if path is not None else target.getvalue()


def lying(course):
    """What lies in the submitted folder, by student."""
    return {path.parts[-3]: path.read_bytes() for path in course.submitted.glob(f"*/{NAME}/{FILE}") if path.is_file()}


def told(lines):
    return {line.who.partition(" (")[0]: line.what for line in lines}


def roster(*people, **said):
    return Roster({person.id: person for person in people}, said)


# The name in the zip file, and the student whose it is: as Canvas, Moodle and Blackboard write them, with the names
# that browsers, Jupyter and people give a file.
NAMES = {
    # lib/content_zipper.rb of Canvas
    f"doejane_501_90210_{FILE}": "501",
    f"doejane_LATE_501_90210_{NAME}-1.ipynb": "501",
    f"o_neilljeanluc_503_90212_{NAME} (2).ipynb": "503",
    f"jane_12_504_90214_{FILE}": "504",
    f"müllerjürgen_505_90215_{NAME}-Copy1.ipynb": "505",
    "李小龙_506_90216_my homework.ipynb": "506",
    f"roe2_507_90217_{NAME}_final_1_2_.ipynb": "507",
    f"anon_k3x9Q_90213_{FILE}": "anon_k3x9Q",
    f"LATE_anon_k3x9Q_90213_{FILE}": "anon_k3x9Q",
    f"late_508_90218_{NAME}.ipynb.txt": "508",
    "doejane_509_90219_Untitled": "509",
    f"submissions/doejane_510_90220_{FILE}": "510",
    f"oneilljean-luc_511_90221_{NAME} (2).ipynb": "511",
    # mod/assign/classes/downloader.php of Moodle
    f"Jane Doe_1234_assignsubmission_file/{FILE}": "Jane Doe",
    f"Jane Doe_1234_assignsubmission_file_/{NAME}(1).ipynb": "Jane Doe",
    f"Jean-Luc ONeill_1236_assignsubmission_file_{FILE}": "Jean-Luc ONeill",
    f"Jürgen von Müller_1237_assignsubmission_file/steps/deep/{NAME}_final.ipynb": "Jürgen von Müller",
    f"Participant_12345_assignsubmission_file/{FILE}": "Participant_12345",
    f"Teilnehmerin_12345_assignsubmission_file_{FILE}": "Teilnehmerin_12345",
    f"course-Steps-77/Group 1_3_assignsubmission_file/{FILE}": "Group 1",
    # Blackboard's Assignment File Download
    f"Homework 1_jdoe_attempt_2026-10-05-17-30-00_{FILE}": "jdoe",
    f"{NAME}_jane_doe_attempt_2026-10-05-17-30-00_{NAME} copy.ipynb": "jane_doe",
    f"gradebook/Home_work_s1234567_attempt_2026-10-05-17-30-00_{FILE}": "s1234567",
    # folders
    f"ann/{FILE}": "ann",
    f"ann/{NAME}/{FILE}": "ann",
    f"submitted/ann/{NAME}/{FILE}": "ann",
    f"submissions/Ann Äpfel/{NAME}(1).ipynb": "Ann Äpfel",
    f"ann\\{FILE}": "ann",
}


@pytest.mark.parametrize("name", NAMES)
def test_a_notebook_is_collected_whatever_its_name(course, work, tmp_path, name):
    found = collect(course, NAME, [pack(tmp_path / "all.zip", {name: work()})], Roster())
    assert lying(course) == {NAMES[name]: work()}, found.missed
    assert not found.missed and len(found.new) == 1
    assert os.listdir(course.submitted) == [NAMES[name]]
    assert ("marked late" in found.new[0].what) == ("LATE" in name)


def test_several_folders_lie_in_one_that_is_nobodys(course, work, tmp_path):
    files = {
        f"class/ann/{FILE}": work(),
        f"class/bob/hw/{FILE}": work("b"),
        "class/README.txt": b"",
        f"class/{FILE}": b"",
    }
    found = collect(course, NAME, [pack(tmp_path / "all.zip", files)], Roster())
    assert lying(course) == {"ann": work(), "bob": work("b")}
    assert all("does not say whose" in line.what for line in found.missed) and len(found.missed) == 2


def test_a_file_at_the_top_is_nobodys_though_its_name_begins_with_numbers(course, work, tmp_path):
    found = collect(course, NAME, [pack(tmp_path / "all.zip", {f"2026_10_05_{FILE}": work(), FILE: work()})], Roster())
    assert lying(course) == {} and all("does not say whose" in line.what for line in found.missed)


def test_an_archive_of_archives_is_looked_into(course, work, tmp_path):
    sections = {f"section {k}.zip": pack(None, {f"doe_50{k}_9_{FILE}": work(str(k))}) for k in (1, 2)}
    files = sections | {"ann.zip": pack(None, {FILE: work()}), "broken.zip": b"PK\3\4"}
    found = collect(course, NAME, [pack(tmp_path / "all.zip", files)], roster(Person("ann")))
    assert lying(course) == {"501": work("1"), "502": work("2"), "ann": work()}
    assert told(found.missed) == {"all.zip: broken.zip": "it is a broken archive"}


def test_a_notebook_of_another_assignment_is_none_though_they_have_an_exercise_in_common(course, work, tmp_path):
    text = TEXT.replace("momentum", "nesterov").replace("double", "triple").replace("why", "how").replace("Why", "How")
    (course.source / "02_other.py").write_text(text, encoding="utf-8")
    build(course.root, ["02_other"], hints=hints)
    notebook = course.source / "02_other" / "02_other.ipynb"
    files = {f"a_501_1_{FILE}": notebook.read_bytes(), f"b_502_2_{FILE}": work()}
    found = collect(course, NAME, [pack(tmp_path / "all.zip", files)], Roster())
    assert lying(course) == {"502": work()}
    assert "it is a notebook of 02_other" in told(found.missed)["501"]


def test_who_was_taken_for_another_before_is_told(course, work, tmp_path):
    zipped = pack(tmp_path / "all.zip", {f"Jane Doe_7_assignsubmission_file/{FILE}": work()})
    collect(course, NAME, [zipped], Roster())
    found = collect(course, NAME, [zipped], roster(JANE))
    assert lying(course).keys() == {"Jane Doe", "jdoe1"}
    assert "taken for Jane Doe before, whose folder lies there still" in told(found.new)["jdoe1"]


def test_a_folder_in_a_folder_is_somebodys_only_where_the_roster_knows(course, work, tmp_path):
    zipped = pack(tmp_path / "all.zip", {f"ann/homework/{FILE}": work()})
    assert not collect(course, NAME, [zipped], Roster()).new
    collect(course, NAME, [zipped], roster(Person("ann")))
    assert lying(course) == {"ann": work()}


@pytest.mark.parametrize(
    "inside",
    [
        {f"hw/{NAME}(1).ipynb": "a"},
        {FILE: "a", "__MACOSX/._x.ipynb": b"\0\5\x16\7", ".DS_Store": b"x", "data/notes.pdf": b"%PDF"},
        {f"hw/{FILE}": "a", f"hw/.ipynb_checkpoints/{NAME}-checkpoint.ipynb": "an earlier one"},
        {"more.zip": {f"deep/{FILE}": "a"}},
        {f"../../{FILE}": "a"},
    ],
)
def test_an_archive_that_a_student_handed_in_is_looked_into(course, work, tmp_path, inside):
    def content(value):
        if isinstance(value, dict):
            return pack(None, {name: content(inner) for name, inner in value.items()})
        return work(value) if isinstance(value, str) else value

    files = {"doejane_501_90210_homework.zip": content(inside), "roejim_502_90211_notes.docx": pack(None, {"x": b"{"})}
    found = collect(course, NAME, [pack(tmp_path / "all.zip", files)], Roster())
    assert lying(course) == {"501": work()}
    assert told(found.missed) == {"502": "roejim_502_90211_notes.docx is no notebook"}


def bad(work):
    """Files that are none to collect, and what is said of them."""
    inner = pack(None, {FILE: work()})
    return {
        "a_501_1_x.ipynb": (work()[:2000], "it is no whole notebook: the file is broken or cut off"),
        "b_502_2_notes.txt": (b"hello", "is no notebook"),
        "c_503_3_hw.zip": (inner[:500], "it is a broken archive"),
        "d_504_4_hw.zip": (pack(None, {}), "nothing was handed in"),
        "e_505_5_hw.7z": (b"7z\xbc\xaf\x27\x1c...", "only zip files are"),
        "f_506_6_hw.tar.gz": (b"\x1f\x8b...", "only zip files are"),
        "g_507_7_x.ipynb": (b"", "it is no whole notebook"),
        "h_508_8_x.ipynb": (b'{"cells": [], "nbformat": 4}', "none of its cells belong"),
        "i_509_9_x.ipynb": (b"{" * (20 * 2**20 + 1), "larger than 20 MB"),
        "j_510_text.html": (b"<p>", "is no notebook"),
        "k_511_10_x.ipynb": (b"\x89PNG", "it is no text in UTF-8"),
        "m_512_11_deep.zip": (
            pack(None, {"a.zip": pack(None, {"b.zip": pack(None, {"c.zip": inner})})}),
            "more than 3 deep",
        ),
        "n_513_12_many.zip": (pack(None, dict.fromkeys(map(str, range(5001)), b"")), "more than 5000 files"),
    }


def test_what_cannot_be_read_is_passed_over_and_told(course, work, tmp_path, monkeypatch):
    files = bad(work)
    good = {f"zoe_600_13_{FILE}": work()}
    zipped = pack(tmp_path / "all.zip", {name: content for name, (content, _) in files.items()} | good)
    broken = tmp_path / "broken.zip"
    broken.write_bytes(zipped.read_bytes()[:-200])
    found = collect(course, NAME, [broken, zipped], Roster())
    assert lying(course) == {"600": work()} and found.broken == 1
    assert "was the download cut off?" in told(found.missed)[str(broken)]
    for name, (_, why) in files.items():
        assert why in told(found.missed)[name.split("_")[1]], name
    assert len(found.missed) == len(files) + 1


def test_an_encrypted_file_a_damaged_one_and_one_that_is_packed_in_an_odd_way_cost_nobody_else(course, work, tmp_path):
    names = [f"{who}_{number}_{number}_{FILE}" for number, who in enumerate(("a", "b", "c", "d"), 501)]
    path = pack(tmp_path / "all.zip", {name: work(name) for name in names})
    data = bytearray(path.read_bytes())
    for number, (offset, value) in enumerate(((8, 1), (10, 9))):
        central = data.index(names[number].encode(), data.index(b"PK\1\2")) - 46
        data[central + offset] = value
    start = data.index(names[2].encode()) + 200
    data[start : start + 20] = bytes(20)
    path.write_bytes(data)
    found = collect(course, NAME, [path], Roster())
    assert lying(course) == {"504": work(names[3])}
    assert "encrypted with a password" in told(found.missed)["501"]
    assert "packed in a way" in told(found.missed)["502"]
    assert "it is broken" in told(found.missed)["503"]


def test_a_bomb_is_not_unpacked(course, work, tmp_path, monkeypatch):
    size, budget = 10**5, 10**6
    monkeypatch.setattr(archive, "MAX_READ_BYTES", budget)
    monkeypatch.setattr(archive, "MAX_ARCHIVE_BYTES", size)
    read = []
    whole = archive.Entry._read
    monkeypatch.setattr(archive.Entry, "_read", lambda self, most: read.append(whole(self, most)) or read[-1])
    # Archives that are larger than is read, and many that are not.
    too_large = pack(None, {f"{k}.zip": b"PK\3\4" + bytes(size) for k in range(100)})
    many = pack(None, {f"{k}.ipynb": b"{" + bytes(size - 1) for k in range(100)})
    files = {"a_501_1_bomb.zip": too_large, f"b_502_2_{FILE}": work(), "c_503_3_bomb.zip": many}
    assert max(len(too_large), len(many)) < size
    found = collect(course, NAME, [pack(tmp_path / "all.zip", files)], Roster())
    assert sum(map(len, read)) < 2 * budget + 4 * size + len(too_large) + len(many) + 1000 * 512
    assert lying(course) == {"502": work()}
    assert set(told(found.missed)) == {"501", "503"}


def test_no_name_leads_out_of_the_submitted_folder(course, work, tmp_path):
    evil = [f"../../{FILE}", f"x/../../ann/{FILE}", f"/etc/../../{FILE}", f".._1_assignsubmission_file/{FILE}"]
    evil += [
        f".hidden/{FILE}",
        f"a*b/{FILE}",
        f"a[b]/{FILE}",
        f"a\x1b]0;x/{FILE}",
        f"{'x' * 200}/{FILE}",
        f"\\\\server\\share\\..\\{FILE}",
    ]
    before = set(course.root.rglob("*")) | set(tmp_path.iterdir())
    zipped = pack(tmp_path / "all.zip", {name: work() for name in evil} | {f"ann/{FILE}": work()})
    found = collect(course, NAME, [zipped], Roster())
    assert lying(course) == {"ann": work()} and len(found.missed) == len(evil)
    after = set(course.root.rglob("*")) | set(tmp_path.iterdir())
    assert {path.relative_to(course.root).parts[0] for path in after - before - {zipped}} == {
        "submitted",
        ".autograder",
    }
    assert "\x1b" not in collected_text(found)


def raw_names(path, names):
    """Put other bytes of the same length where names stand, without the mark of UTF-8."""
    data = path.read_bytes()
    for placeholder, name in names.items():
        assert data.count(placeholder.encode()) == 2
        data = data.replace(placeholder.encode(), name)
    path.write_bytes(data)
    return path


def test_names_of_macos_and_of_old_windows_are_read(course, work, tmp_path):
    decomposed = "Ju\u0308rgen".encode()
    files = {f"{'x' * len(decomposed)}/{FILE}": work(), f"{'y' * 5}/{FILE}": work("b")}
    path = raw_names(
        pack(tmp_path / "all.zip", files), {"x" * len(decomposed): decomposed, "y" * 5: "Märta".encode("cp437")}
    )
    collect(course, NAME, [path], Roster())
    assert lying(course) == {"Jürgen": work(), "Märta": work("b")}


def test_a_folder_that_a_browser_unpacked_is_read_and_links_in_it_are_not(course, work, tmp_path):
    folder = tmp_path / "submissions"
    (folder / "ann").mkdir(parents=True)
    (folder / "bob").mkdir()
    (folder / "ann" / FILE).write_bytes(work())
    (folder / "bob" / FILE).symlink_to(folder / "ann" / FILE)
    collect(course, NAME, [folder], Roster())
    assert lying(course) == {"ann": work()}


ANN = Person("ann", "Ant", "Ann", "ann@example.org", "501")
JANE = Person("jdoe1", "Doe", "Jane", "jane1@example.org")
OTHER_JANE = Person("jdoe2", "Doe", "Jane", "jane2@example.org")


@pytest.mark.parametrize(
    ("name", "person"),
    [
        (f"antann_501_1_{FILE}", ANN),
        (f"doejane_777_1_{FILE}", JANE),
        (f"Ann Ant_3_assignsubmission_file/{FILE}", ANN),
        (f"Ant Ann_3_assignsubmission_file/{FILE}", ANN),
        (f"Jean-Luc ONeill_3_assignsubmission_file/{FILE}", Person("jl", "O'Neill", "Jean-Luc")),
        (f"Hw_ann_attempt_2026-10-05-17-30-00_{FILE}", ANN),
        (f"Hw_1_jane_doe_attempt_2026-10-05-17-30-00_{FILE}", Person("jane_doe")),
        (f"Doe, Jane/{FILE}", JANE),
        (f"{NAME}_ann.ipynb", ANN),
        (f"ann@example.org/{FILE}", ANN),
    ],
)
def test_the_roster_says_who_somebody_is(course, work, tmp_path, name, person):
    found = collect(
        course, NAME, [pack(tmp_path / "all.zip", {name: work()})], roster(person, Person("zoe", "Z", "Zoe"))
    )
    assert list(lying(course)) == [person.id], found.missed
    assert told(found.nothing) == {"zoe": "Zoe Z"}


def moodle(*numbers):
    return {f"Jane Doe_{number}_assignsubmission_file/{FILE}": number for number in numbers}


def test_two_of_the_same_name_are_kept_apart(course, work, tmp_path):
    collect(course, NAME, [pack(tmp_path / "one.zip", {f"Jane Doe_7_assignsubmission_file/{FILE}": work()})], Roster())
    assert list(lying(course)) == ["Jane Doe"]
    # The second comes later: the first stays who she is.
    files = {name: work(str(number)) for name, number in moodle(7, 8).items()}
    found = collect(course, NAME, [pack(tmp_path / "two.zip", files, ONE_DAY_LATER)], Roster())
    assert lying(course) == {"Jane Doe": work("7"), "Jane Doe_8": work("8")}
    assert "the number tells them apart" in told(found.new)["Jane Doe_8"]


@pytest.mark.parametrize(("people", "numbers"), [((JANE, OTHER_JANE), (7,)), ((JANE,), (7, 8))])
def test_two_of_the_same_name_are_not_mixed_up_where_the_roster_has_one(course, work, tmp_path, people, numbers):
    files = {name: work() for name in moodle(*numbers)}
    found = collect(course, NAME, [pack(tmp_path / "all.zip", files)], roster(*people))
    assert lying(course) == {} and len(found.missed) == len(numbers)
    assert all("several are called Jane Doe: --who" in line.what for line in found.missed)


@pytest.mark.parametrize("start", ["", "\ufeff"])
def test_moodles_grading_worksheet_says_who_is_who(course, work, tmp_path, start):
    table = f"{start}Identifier,Full name,Email address,Status\nParticipant 7,Jane Doe,jane1@example.org,x\n"
    table += "Participant 8,Jane Doe,jane2@example.org,x\nTeilnehmer/in 9,,ann@example.org,\n"
    files = {name: work(str(number)) for name, number in moodle(7, 8).items()}
    files[f"Participant_9_assignsubmission_file/{FILE}"] = work("9")
    zipped = pack(tmp_path / "all.zip", files)
    for people in ((JANE, OTHER_JANE, ANN), ()):
        shutil.rmtree(course.submitted, ignore_errors=True)
        found = collect(course, NAME, [zipped], Roster({p.id: p for p in people}, read_who(table)))
        assert not found.missed
        names = ("jdoe1", "jdoe2", "ann") if people else ("jane1@example.org", "jane2@example.org", "ann@example.org")
        assert lying(course) == dict(zip(names, (work("7"), work("8"), work("9")), strict=True))


def test_an_instructors_own_table_says_who_is_who(course, work, tmp_path):
    said = read_who("lms;student\n777;ann\nOdd Folder;bob\n")
    files = {f"x_777_1_{FILE}": work()}
    collect(course, NAME, [pack(tmp_path / "a.zip", files)], Roster({}, said))
    collect(course, NAME, [pack(tmp_path / "b.zip", {f"a/b/Odd Folder/{FILE}": work()})], Roster({}, said))
    assert set(lying(course)) == {"ann", "bob"}


def test_of_several_the_latest_counts(course, work, tmp_path):
    files = {
        f"Hw_ann_attempt_2026-10-06-10-00-00_{FILE}": work("later"),
        f"Hw_ann_attempt_2026-10-05-10-00-00_{FILE}": work("earlier"),
        "Hw_ann_attempt_2026-10-06-10-00-00_notes.txt": b"",
    }
    found = collect(course, NAME, [pack(tmp_path / "all.zip", files)], Roster(), ZoneInfo("America/New_York"))
    assert lying(course) == {"ann": work("later")} and "2026-10-05" in found.new[0].what
    assert (course.submitted / "ann" / NAME / "timestamp.txt").read_text() == "2026-10-06 14:00:00 UTC"
    canvas = {f"a_501_12_{FILE}": work("later"), f"a_501_9_{NAME}-1.ipynb": work("earlier")}
    collect(course, NAME, [pack(tmp_path / "canvas.zip", canvas)], Roster())
    assert lying(course)["501"] == work("later")


def test_of_several_at_once_the_one_that_holds_more_counts_and_a_doubt_is_told(course, work, write, released, tmp_path):
    half = as_bytes(write(solved=False, sgd="def sgd(w, grad, state, *, lr):\n    return w - lr * grad, state"))
    files = {
        f"ann/{NAME}(1).ipynb": work(),
        f"ann/{FILE}": as_bytes(released),
        f"ann/{NAME}_old.ipynb": half,
        f"bob/{FILE}": work("one"),
        f"bob/{NAME}_final.ipynb": work("other"),
        f"cyd/{FILE}": work("one"),
        f"cyd/{NAME}(2).ipynb": work("other"),
        f"dan/{FILE}": work(),
        f"dan/{NAME}_final.ipynb": work(),
        f"eve/{FILE}": as_bytes(released),
    }
    found = collect(course, NAME, [pack(tmp_path / "all.zip", files)], Roster())
    assert lying(course) == {"ann": work(), "cyd": work("other"), "dan": work(), "eve": as_bytes(released)}
    assert told(found.missed).keys() == {"bob"} and f"{NAME}_final.ipynb" in found.missed[0].what


def test_the_notebook_as_it_was_released_takes_the_place_of_no_work(course, work, released, tmp_path):
    worked, blank = f"a_501_9_{FILE}", f"a_501_12_{FILE}"
    both = pack(tmp_path / "both.zip", {worked: work(), blank: as_bytes(released)})
    collect(course, NAME, [both], Roster())
    assert lying(course) == {"501": work()}
    later = pack(tmp_path / "later.zip", {blank: as_bytes(released)}, ONE_DAY_LATER)
    assert "as it was released" in told(collect(course, NAME, [later], Roster()).kept)["501"]
    assert lying(course) == {"501": work()}
    collect(course, NAME, [later], Roster(), force=True)
    assert lying(course) == {"501": as_bytes(released)}


def test_only_a_newer_one_takes_the_place_of_what_lies_there(course, work, tmp_path):
    name = f"doejane_501_90210_{FILE}"
    first = pack(tmp_path / "first.zip", {name: work("first")})
    second = pack(tmp_path / "second.zip", {name.replace("90210", "90299"): work("second")}, ONE_DAY_LATER)
    collect(course, NAME, [first], Roster())
    assert told(collect(course, NAME, [first], Roster()).unchanged).keys() == {"501"}
    assert told(collect(course, NAME, [second], Roster()).replaced).keys() == {"501"}
    kept = collect(course, NAME, [first], Roster()).kept
    assert "what lies there is newer: --force" in told(kept)["501"] and lying(course) == {"501": work("second")}
    assert collect(course, NAME, [first, second], Roster()).unchanged
    collect(course, NAME, [first], Roster(), force=True)
    assert lying(course) == {"501": work("first")}


def test_what_came_by_another_way_is_replaced_only_by_what_is_newer(course, work, tmp_path):
    for student, moment in (("ann", "2026-10-01 12:00:00 UTC"), ("bob", "2026-10-20 12:00:00 UTC")):
        folder = course.submitted / student / NAME
        folder.mkdir(parents=True)
        (folder / FILE).write_bytes(work("exchange"))
        (folder / "timestamp.txt").write_text(moment)
        (folder / "submission_secret.txt").write_text("secret")
    # A file that somebody copied there by hand: its own time is all there is.
    by_hand = course.submitted / "cyd" / NAME
    by_hand.mkdir(parents=True)
    (by_hand / FILE).write_bytes(work("by hand"))
    later = datetime(2026, 10, 9).timestamp()
    os.utime(by_hand / FILE, (later, later))
    files = {f"{student}/{FILE}": work("zip") for student in ("ann", "bob", "cyd")}
    found = collect(course, NAME, [pack(tmp_path / "all.zip", files)], Roster())
    assert told(found.kept).keys() == {"bob", "cyd"}
    assert lying(course) == {"ann": work("zip"), "bob": work("exchange"), "cyd": work("by hand")}
    # Whose time is not known is not late by another file's time; the list says so.
    assert (
        "2026-10-01" in told(found.replaced)["ann"] and not (course.submitted / "ann" / NAME / "timestamp.txt").exists()
    )
    assert (course.submitted / "ann" / NAME / "submission_secret.txt").exists()


def test_where_nothing_tells_which_is_newer_the_one_that_lies_there_stays(course, work, tmp_path):
    folder = course.submitted / "ann" / NAME
    folder.mkdir(parents=True)
    (folder / FILE).write_bytes(work("by hand"))
    found = collect(
        course, NAME, [pack(tmp_path / "all.zip", {f"ann/{FILE}": work()}, (1980, 1, 1, 0, 0, 0))], Roster()
    )
    assert "nothing says which is newer" in told(found.kept)["ann"] and lying(course) == {"ann": work("by hand")}


def test_a_time_that_the_instructor_wrote_stays(course, work, tmp_path):
    zipped = pack(
        tmp_path / "all.zip",
        {f"Hw_ann_attempt_2026-10-06-10-00-00_{FILE}": work(), f"Hw_x_attempt_2026-10-06-10-00-00_{FILE}": work()},
    )
    collect(course, NAME, [zipped], Roster())
    path = course.submitted / "ann" / NAME / "timestamp.txt"
    path.write_text("2026-10-01 10:00 UTC")
    collect(course, NAME, [zipped], Roster())
    assert path.read_text() == "2026-10-01 10:00 UTC"


def test_a_folder_in_the_place_of_a_notebook_is_told(course, work, tmp_path):
    (course.submitted / "ann" / NAME / FILE).mkdir(parents=True)
    (course.submitted / "bob").mkdir()
    (course.submitted / "bob" / NAME).symlink_to(tmp_path)
    found = collect(
        course, NAME, [pack(tmp_path / "all.zip", {f"{s}/{FILE}": work() for s in ("ann", "bob", "cyd")})], Roster()
    )
    assert told(found.missed).keys() == {"ann", "bob"} and list(lying(course)) == ["cyd"]


def test_a_run_that_is_killed_at_any_step_is_finished_by_the_next(course, work, tmp_path):
    """Really killed: what a `finally` would tidy up stays behind."""
    new = {f"Hw_{s}_attempt_2026-10-06-10-00-00_{FILE}": work("new") for s in ("ann", "bob")}
    zipped = pack(tmp_path / "new.zip", new, ONE_DAY_LATER)
    old = pack(
        tmp_path / "old.zip", {f"Hw_{s}_attempt_2026-10-05-10-00-00_{FILE}": work("old") for s in ("ann", "cyd")}
    )
    collect(course, NAME, [old], Roster(), ZoneInfo("UTC"))
    start = tmp_path / "start"
    shutil.copytree(course.root, start)
    script = textwrap.dedent("""
        import os, signal, sys
        from pathlib import Path
        from zoneinfo import ZoneInfo
        from autograder.grading.collect import collect
        from autograder.grading.course import Course
        from autograder.grading.whose import Roster
        import shutil

        start, zipped, name = Path(sys.argv[1]), Path(sys.argv[2]), sys.argv[3]
        steps = ("os.rename", "os.remove", "os.mkdir")
        kill_at, child = 0, 1
        while child:
            kill_at += 1
            root = start.with_name(f"killed{kill_at}")
            shutil.copytree(start, root)
            child = os.fork()
            if not child:
                count = 0

                def step(event, arguments):
                    global count
                    if event in steps:
                        count += 1
                        if count == kill_at:
                            os.kill(os.getpid(), signal.SIGKILL)

                course = Course.at(root)
                sys.addaudithook(step)
                collect(course, name, [zipped], Roster(), ZoneInfo("UTC"))
                os._exit(0)
            if os.waitpid(child, 0)[1] == 0:
                break
        print(kill_at)
    """)
    ran = subprocess.run(
        [sys.executable, "-c", script, start, zipped, NAME], capture_output=True, text=True, check=True, timeout=120
    )
    count = int(ran.stdout)
    assert count > 5
    wanted = tree(start.with_name(f"killed{count}"))
    assert wanted["submitted", "ann", NAME, FILE] == work("new") and wanted["submitted", "cyd", NAME, FILE] == work(
        "old"
    )
    for number in range(1, count):
        killed = Course.at(start.with_name(f"killed{number}"))
        assert set(lying(killed).values()) <= {work("old"), work("new")} and {"ann", "cyd"} <= set(lying(killed))
        collect(killed, NAME, [zipped], Roster(), ZoneInfo("UTC"))
        assert tree(killed.root) == wanted, number


def tree(root):
    """All files that matter, by their path."""
    return {
        path.relative_to(root).parts: path.read_bytes()
        for place in ("submitted", ".autograder")
        for path in (root / place).rglob("*")
        if path.is_file()
    }


def test_a_full_disk_stops_it_and_keeps_what_there_is(course, work, tmp_path, monkeypatch):
    collect(course, NAME, [pack(tmp_path / "old.zip", {f"{s}/{FILE}": work("old") for s in ("ann", "bob")})], Roster())
    before = tree(course.root)

    def full(path, content):
        if path.name == FILE:
            raise OSError(28, "No space left on device")
        write_atomically(path, content)

    monkeypatch.setattr(places, "write_atomically", full)
    newer = pack(tmp_path / "new.zip", {f"{s}/{FILE}": work("new") for s in ("ann", "bob")}, ONE_DAY_LATER)
    with pytest.raises(OSError, match="No space left"):
        collect(course, NAME, [newer], Roster())
    assert tree(course.root) == before


def test_a_record_that_is_no_record_is_made_anew(course, work, tmp_path):
    zipped = pack(tmp_path / "all.zip", {f"ann/{FILE}": work()})
    path = course.root / ".autograder" / "collected" / f"{NAME}.json"
    path.parent.mkdir(parents=True)
    for text in ("{", "[]", '{"ann": 3}', '{"ann": {"file": 1}}'):
        path.write_text(text)
        collect(course, NAME, [zipped], Roster())
        assert json.loads(path.read_text())["ann"]["from"] == "folder ann"


def test_what_cannot_be_collected_at_all_is_told(course, work, tmp_path, capsys):
    with pytest.raises(AssignmentError):
        collect(course, "09_none", [tmp_path], Roster())
    with pytest.raises(CourseError, match=r"there is no .*none\.zip"):
        collect(course, NAME, [tmp_path / "none.zip"], Roster())
    (tmp_path / "broken.zip").write_bytes(b"PK")
    assert cli.main(["collect", NAME, str(tmp_path / "broken.zip")]) == 1
    assert "Nobody is in the gradebook" in capsys.readouterr().out and not Path("gradebook.db").exists()
    assert cli.main(["collect", NAME, str(tmp_path / "broken.zip"), "--who", "none.csv"]) == 1
    assert "none.csv cannot be read" in capsys.readouterr().err
    with pytest.raises(SystemExit):
        cli.main(["collect", NAME, "x.zip", "--timezone", "Mars/Olympus"])
    assert "is no time zone" in capsys.readouterr().err
