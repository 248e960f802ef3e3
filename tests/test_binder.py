"""A learner on Binder: the image that is built, the links that lead there, the memory of a session."""

import json
import os
import re
import shutil
import subprocess
import sys
from pathlib import Path

import pytest
from nbformat.v4 import new_notebook

from autograder.course.binder import KERNEL_MB
from autograder.course.executed import shortcomings
from autograder.course.site import binder, repository

ROOT = Path(__file__).parents[1]
BIN = Path(sys.executable).parent
WITH_LINKS = [ROOT / "README.md", *sorted((ROOT / "docs").glob("*.md")), *sorted((ROOT / "solutions").glob("*.py"))]


def dockerfile(folder):
    """What `jupyter-repo2docker --no-build` says as Binder calls it, here without a container engine."""
    command = [
        sys.executable,
        "-m",
        "repo2docker",
        "--no-build",
        "--debug",
        "--user-id=1000",
        "--user-name=jovyan",
        ".",
    ]
    environment = {**os.environ, "DOCKER_HOST": f"unix://{folder}/no-engine"}
    return subprocess.run(command, cwd=folder, env=environment, capture_output=True, text=True, check=False)


@pytest.fixture
def copied(tmp_path):
    for name in ("environment.yml", "postBuild", "pyproject.toml"):
        shutil.copy(ROOT / name, tmp_path)
    return tmp_path


def test_binder_builds_the_conda_environment_and_runs_post_build():
    done = dockerfile(ROOT)
    assert done.returncode == 0, done.stderr
    said = done.stdout + done.stderr
    assert "Building conda environment for python=3.12" in said
    # The course first: the environment's last line installs it.
    steps = [
        "COPY --chown=1000:1000 src/ ${REPO_DIR}/",
        'env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"',
        "RUN chmod +x postBuild",
        "RUN ./postBuild",
    ]
    places = [said.find(step) for step in steps]
    assert -1 not in places, steps[places.index(-1)]
    assert places == sorted(places)


@pytest.mark.parametrize(
    ("old", "new"),
    [("dependencies:", "dependencies"), ("python=3.12", "python=3.99"), ("name: downhill", "- name: downhill")],
)
def test_a_broken_environment_is_refused(copied, old, new):
    text = (copied / "environment.yml").read_text()
    assert old in text
    (copied / "environment.yml").write_text(text.replace(old, new))
    assert dockerfile(copied).returncode != 0


def test_without_environment_yml_another_build_would_be_made(copied):
    (copied / "environment.yml").unlink()
    done = dockerfile(copied)
    assert 'env update -p ${NB_PYTHON_PREFIX} --file "environment.yml"' not in done.stdout + done.stderr


@pytest.mark.slow
def test_post_build_runs_and_switches_off_what_jupyterlab_really_has(tmp_path):
    places = {name: str(tmp_path / name) for name in ("HOME", "JUPYTER_CONFIG_DIR", "JUPYTER_DATA_DIR", "MPLCONFIGDIR")}
    environment = {**os.environ, **places, "PATH": os.pathsep.join([str(BIN), os.environ["PATH"]])}
    assert os.access(ROOT / "postBuild", os.X_OK)
    done = subprocess.run(
        [ROOT / "postBuild"], cwd=tmp_path, env=environment, capture_output=True, text=True, check=False
    )
    assert done.returncode == 0, done.stderr
    settings = json.loads((tmp_path / "JUPYTER_CONFIG_DIR" / "labconfig" / "page_config.json").read_text())
    assert settings == json.loads((ROOT / "helpers" / "lab" / "labconfig" / "page_config.json").read_text())
    off = [name for name, value in settings["disabledExtensions"].items() if value]
    assert {name.partition(":")[0] for name in off} == {"@jupyter/nbgrader", "@jupyterlab/apputils-extension"}
    shared = Path(sys.prefix, "share", "jupyter")
    scripts = [*shared.glob("lab/static/*.js"), *shared.glob("labextensions/@jupyter/nbgrader/static/*.js")]
    code = "".join(path.read_text() for path in scripts)
    assert [name for name in off if f'"{name}"' not in code] == []
    assert list((tmp_path / "MPLCONFIGDIR").glob("fontlist*.json"))


def test_the_badge_opens_the_start_notebook_and_every_link_names_this_repository():
    address = repository(ROOT)
    badge = f"[![Open in Binder](https://mybinder.org/badge_logo.svg)]({binder(address, 'notebooks/00_start.ipynb')})"
    assert badge in (ROOT / "README.md").read_text()
    assert (ROOT / "notebooks" / "00_start.ipynb").exists()
    for path in WITH_LINKS:
        text = path.read_text()
        for link, notebook in re.findall(r"(https://mybinder\.org/v2/[^?)\s]*(?:\?urlpath=lab/tree/([^)\s]*))?)", text):
            assert link == binder(address, notebook), f"{path.name}: not the address that pyproject.toml has: {link}"
            assert (ROOT / notebook).is_file(), f"{path.name}: {link}"
        for link in re.findall(r"https://github\.com/[\w.-]+/downhill\b", text):
            assert link == address, f"{path.name}: not the address that pyproject.toml has: {link}"


def test_a_solved_notebook_that_needs_more_than_a_session_has_falls_short():
    notebook = new_notebook(metadata={"peak_mb": KERNEL_MB})
    assert list(shortcomings(notebook)) == []
    notebook.metadata["peak_mb"] += 1
    assert re.search(rf"{KERNEL_MB + 1} MB.*Binder", next(shortcomings(notebook)))
