"""The secret: made once, for its owner alone, and never too short."""

import stat
import subprocess
import sys

import pytest

from autograder.grading.secret import FILE, FORMER, VARIABLE, SecretError, former, renew, secret


@pytest.fixture(autouse=True)
def no_variable(monkeypatch):
    monkeypatch.delenv(VARIABLE, raising=False)


def test_it_is_made_once_for_its_owner_alone(tmp_path):
    made = secret(tmp_path)
    assert len(made) == 64 and secret(tmp_path) == made
    assert (tmp_path / FILE).read_text() == made + "\n"
    assert stat.S_IMODE((tmp_path / FILE).stat().st_mode) == 0o600
    assert stat.S_IMODE((tmp_path / FILE).parent.stat().st_mode) == 0o700


def test_two_courses_have_two_secrets(tmp_path):
    (tmp_path / "a").mkdir()
    (tmp_path / "b").mkdir()
    assert secret(tmp_path / "a") != secret(tmp_path / "b")


def test_the_environment_goes_before_the_file(tmp_path, monkeypatch):
    secret(tmp_path)
    monkeypatch.setenv(VARIABLE, "sixteen letters!")
    assert secret(tmp_path) == "sixteen letters!"


def test_the_environment_makes_no_file(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "sixteen letters!")
    secret(tmp_path)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("short", ["", "fifteen letters"])
def test_one_that_is_too_short_is_refused(tmp_path, monkeypatch, short):
    monkeypatch.setenv(VARIABLE, short)
    with pytest.raises(SecretError, match=f"{VARIABLE} holds {len(short)} characters; a secret needs at least 16"):
        secret(tmp_path)


def test_a_file_that_is_too_short_is_refused_and_kept(tmp_path):
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_text("short\n")
    (tmp_path / FILE).chmod(0o600)
    with pytest.raises(SecretError, match="holds 5 characters"):
        secret(tmp_path)
    assert (tmp_path / FILE).read_text() == "short\n"


@pytest.mark.parametrize(("held", "told"), [(b"\xff\xfe" * 20, "holds no text in UTF-8"), (b" \n", "is empty")])
def test_a_file_that_is_no_secret_is_told_in_one_line_and_kept(tmp_path, held, told):
    secret(tmp_path)
    (tmp_path / FILE).write_bytes(held)
    with pytest.raises(SecretError, match=f"{told}: put the one back .* or delete it: a new one is made") as error:
        secret(tmp_path)
    assert "\n" not in str(error.value)
    assert (tmp_path / FILE).read_bytes() == held


@pytest.mark.parametrize("mode", [0o644, 0o640, 0o602])
def test_a_file_that_others_may_use_is_refused(tmp_path, mode):
    made = secret(tmp_path)
    (tmp_path / FILE).chmod(mode)
    with pytest.raises(SecretError, match=rf"others may use it \(mode {mode:04o}\): chmod 600 it"):
        secret(tmp_path)
    (tmp_path / FILE).chmod(0o600)
    assert secret(tmp_path) == made


def test_a_file_that_windows_wrote_is_read(tmp_path):
    (tmp_path / FILE).parent.mkdir()
    (tmp_path / FILE).write_bytes(b"\xef\xbb\xbfsixteen letters!\r\n")
    (tmp_path / FILE).chmod(0o600)
    assert secret(tmp_path) == "sixteen letters!"


def test_a_place_that_cannot_be_written_says_what_to_do(tmp_path):
    (tmp_path / FILE.parent).write_text("a file in the way")
    with pytest.raises(SecretError, match=f"set {VARIABLE} instead"):
        secret(tmp_path)


def test_processes_that_start_at_once_agree(tmp_path):
    code = (
        "import sys; from pathlib import Path; from autograder.grading.secret import secret; "
        "sys.stdin.readline(); print(secret(Path(sys.argv[1])))"
    )
    command = [sys.executable, "-c", code, str(tmp_path)]
    pipes = {"stdin": subprocess.PIPE, "stdout": subprocess.PIPE, "text": True}
    processes = [subprocess.Popen(command, **pipes) for _ in range(4)]
    for process in processes:
        process.stdin.write("go\n")
        process.stdin.flush()
    made = {process.communicate(timeout=60)[0].strip() for process in processes}
    assert len(made) == 1 and len(made.pop()) == 64


def test_a_new_one_keeps_the_former_ones(tmp_path):
    first = secret(tmp_path)
    assert former(tmp_path) == []
    renew(tmp_path)
    second = secret(tmp_path)
    renew(tmp_path)
    assert former(tmp_path) == [first, second] and len({first, second, secret(tmp_path)}) == 3
    for file in (FILE, FORMER):
        assert stat.S_IMODE((tmp_path / file).stat().st_mode) == 0o600


def test_a_new_one_can_be_drawn_before_the_first_is_used(tmp_path):
    renew(tmp_path)
    assert len(secret(tmp_path)) == 64


def test_the_environments_is_not_ours_to_change(tmp_path, monkeypatch):
    monkeypatch.setenv(VARIABLE, "sixteen letters!")
    with pytest.raises(SecretError, match="give it another value"):
        renew(tmp_path)
